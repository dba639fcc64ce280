"""The page: figures, interactive raster and delay map, configuration, metrics, versions.

The interactive parts are drawn by Vega-Lite: a specification is plain data, so that no name of the
user's becomes code; vl-convert carries the library as one bundle of 0.9 MB, and its expressions are
interpreted, so that the page can forbid itself everything but what it holds.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import import_module
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from genn_delays.experiment.run_folder import RunFolder
from genn_delays.figures import FIGURES, style
from genn_delays.figures.material import Material, NothingToDrawError
from genn_delays.report.facts import Facts, facts_of
from genn_delays.report.interactive import delay_map, raster
from genn_delays.support.errors import BackendError, GennDelaysError
from genn_delays.support.paths import told_apart

TITLES = {
    "curves": "Training",
    "confusion": "Which class is taken for which",
    "raster": "What the network does in a trial",
    "receptive_fields": "What neurons listen to",
    "delays": "Delays",
    "weights": "Weights",
    "rewiring": "Rewiring",
}


def page_of(folders: Sequence[RunFolder]) -> str:
    """HTML of these runs.

    Raises:
        CheckpointError: a run has not finished an epoch yet, or a file of it is damaged.
        BackendError: vl-convert is not installed.
    """
    bundle = _bundle()
    names = told_apart([folder.path for folder in folders])
    named = zip(names, folders, strict=True)
    runs = [_run(number, name, folder) for number, (name, folder) in enumerate(named, 1)]
    environment = Environment(
        loader=PackageLoader("genn_delays.report"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    data = {run["key"]: run["interactive"] for run in runs}
    return environment.get_template("report.html.j2").render(runs=runs, bundle=bundle, data=data)


@cache
def _bundle() -> str:
    """Vega, Vega-Lite and Vega-Embed, as one script."""
    try:
        import vl_convert
    except ImportError:
        raise BackendError(
            "the report needs vl-convert-python, which is not installed; "
            "pip install 'genn-delays[report]'"
        ) from None
    return vl_convert.javascript_bundle()


def _run(number: int, name: str, folder: RunFolder) -> dict[str, Any]:
    """What the template needs of one run."""
    material = Material.of(folder)
    facts: Facts = facts_of(folder, name, material)
    missing: list[str] = []
    figures = list(_figures(material, missing))
    interactive: dict[str, Any] = {"delays": delay_map(material)}
    try:
        interactive["raster"] = raster(material)
    except GennDelaysError:
        interactive["raster"] = None  # the figure of the same trials has said why
    key = f"run{number}"
    return {
        "key": key,
        "facts": facts,
        "figures": figures,
        "missing": missing,
        "interactive": interactive,
    }


def _figures(material: Material, missing: list[str]) -> Iterator[dict[str, str]]:
    """Each figure that can be drawn; ``missing`` gets why others cannot."""
    for name, about in FIGURES.items():
        with style.styled():
            try:
                figure = import_module(f"genn_delays.figures.{name}").draw(material, 180)
            except NothingToDrawError:
                continue
            except GennDelaysError as error:
                missing.append(f"{TITLES[name]}: {error}")
                continue
            image = io.BytesIO()
            figure.savefig(image, format="svg", dpi=200, metadata={"Date": None})
        source = base64.b64encode(image.getvalue()).decode()
        words = [text.get_text() for text in figure.texts]
        alt = " ".join([about, *words]).replace("\n", " ")
        yield {
            "name": name,
            "title": TITLES[name],
            "about": about,
            "alt": alt,
            "source": f"data:image/svg+xml;base64,{source}",
        }
