"""``genn-delays report``: a run as one page."""

from __future__ import annotations

from pathlib import Path

import click

from genn_delays.experiment.run_folder import RunFolder
from genn_delays.support import recording
from genn_delays.support.errors import ConfigError


@click.command()
@click.argument("run_dirs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write; by default report.html in the run folder.",
)
def report(run_dirs: tuple[Path, ...], output: Path | None) -> None:
    """Write one HTML file about a run, or about several side by side; it needs no network.

    With figures, a raster and a map of delays to look closer, the configuration, metrics, versions
    and how to reproduce them. Needs the extra `report`.
    """
    if output is None and len(run_dirs) > 1:
        raise ConfigError("several runs have no one folder; say where to write: --output FILE")
    folders = [RunFolder.open(path) for path in run_dirs]
    # drawing takes seconds to import, and only these commands need it
    from genn_delays.report import page_of

    path = output or folders[0].path / "report.html"
    recording.replace(path, page_of(folders).encode())
    click.echo(path)
