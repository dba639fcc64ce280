"""The command line of the fuzz suite: ``PYTHONPATH=tests python -m fuzz``."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import click

from fuzz.formats import FORMATS
from fuzz.supervisor import run


@click.command()
@click.option("--inputs", default=100_000, show_default=True, help="Of all formats together.")
@click.option("--seed", default=1, show_default=True, help="Everything drawn follows from it.")
@click.option("--workers", default=2, show_default=True, help="Processes side by side.")
@click.option(
    "--format", "names", multiple=True, type=click.Choice(list(FORMATS)), help="Only this."
)
@click.option(
    "--keep",
    type=click.Path(path_type=Path),
    help="Folder for an input of each distinct fault; by default a temporary one.",
)
@click.option(
    "--replay",
    type=click.Path(exists=True, path_type=Path),
    help="Read one input that was kept, in this process; it shows the traceback.",
)
def main(
    inputs: int,
    seed: int,
    workers: int,
    names: tuple[str, ...],
    keep: Path | None,
    replay: Path | None,
) -> None:
    """Damaged and odd files at every entrance: a table, and exit code 1 where one is a fault."""
    if replay is not None:
        _replay(replay)
        return
    folder = keep or Path(tempfile.mkdtemp(prefix="fuzz-found-"))
    folder.mkdir(parents=True, exist_ok=True)
    shares = {name: form.share for name, form in FORMATS.items() if not names or name in names}
    began = time.perf_counter()
    report = run(shares, inputs, seed, workers=workers, keep=folder)
    click.echo(report.table())
    click.echo(f"{time.perf_counter() - began:.0f} s")
    if report.faults:
        click.echo(f"inputs: {folder}; one again with --replay FILE")
        sys.exit(1)


def _replay(path: Path) -> None:
    name, *_, target = path.name.split("--")
    with tempfile.TemporaryDirectory() as made:
        reader = FORMATS[name]
        for file, content in (reader.files() | {target: path.read_bytes()}).items():
            (Path(made) / file).parent.mkdir(parents=True, exist_ok=True)
            (Path(made) / file).write_bytes(content)
        reader.read(Path(made))
    click.echo("accepted")


if __name__ == "__main__":
    main()
