"""The plug-ins and the configuration of docs/plugins.md, as files of a user."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

PAGE = (Path(__file__).parents[1] / "docs" / "plugins.md").read_text(encoding="utf-8")
MINE = "\n\n".join(
    re.findall(r"^```python\n(.*?)^```", PAGE.split("## In a configuration")[0], re.M | re.S)
)
"""A class of each kind."""
CONFIG = yaml.safe_load(re.search(r"^```yaml\n(.*?)^```", PAGE, re.M | re.S).group(1))
KILLER = '''

import os, signal

@dataclass(frozen=True)
class Killer(gd.training.Callback):
    """Ends the process at the place that the environment names: epochs and batches finished."""

    def on_fit_begin(self, trainer):
        self.die("begin")

    def on_batch_end(self, trainer):
        self.die(f"{trainer.state.epoch}.{trainer.state.batch}")

    def die(self, place):
        if os.environ.get("DIE") == place:
            os.kill(os.getpid(), signal.SIGKILL)
'''


def write(folder: Path, **changes: object) -> Path:
    """``mine.py`` and a configuration of it, with other sections; its path."""
    (folder / "mine.py").write_text(MINE + KILLER)
    values = CONFIG | {"backend": {"name": "reference"}} | changes
    path = folder / "own.yaml"
    path.write_text(yaml.safe_dump(values))
    return path


def package(folder: Path, name: str, entries: dict[str, str], source: str = MINE) -> Path:
    """An installed package with entry points: what there is to put in front of ``sys.path``."""
    module = name.replace("-", "_")
    place = folder / f"site-{name}"
    (place / f"{module}-1.0.dist-info").mkdir(parents=True)
    (place / f"{module}.py").write_text(source)
    info = place / f"{module}-1.0.dist-info"
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = "".join(f"{key} = {value}\n" for key, value in entries.items())
    (info / "entry_points.txt").write_text(f"[genn_delays.plugins]\n{lines}")
    return place
