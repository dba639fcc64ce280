"""``genn-delays analyse``: what runs learnt, against chance, and what their answers rest on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from genn_delays.datasets.base import SPLITS


@click.command()
@click.argument("run_dirs", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option(
    "--output", type=click.Path(path_type=Path), help="Folder; by default that of the only run."
)
@click.option("--replace", is_flag=True, help="Replace an earlier analysis there.")
@click.option("--permutations", default=1000, show_default=True, help="Orders of each unit.")
@click.option(
    "--similarities",
    default=100,
    show_default=True,
    help="Shuffled networks of each pair; 0: none.",
)
@click.option("--seed", default=1, show_default=True, help="Of all that is random.")
@click.option("--threads", type=int, help="By default one per core.")
@click.option("--channel-width", type=float, help="Of a neighbourhood, in channels.")
@click.option("--delay-width", type=float, help="Of a neighbourhood, in ms.")
@click.option(
    "--units-per-channel",
    type=int,
    help="Input units of one channel, in place of what the data set says.",
)
@click.option(
    "--split",
    type=click.Choice(SPLITS),
    default="validation",
    show_default=True,
    help="What the function is measured on.",
)
@click.option("--function/--no-function", default=True, help="Whether it is; needs the data.")
@click.option("--repeats", default=3, show_default=True, help="Of each random change.")
def analyse(
    run_dirs: tuple[Path, ...],
    output: Path | None,
    replace: bool,
    split: str,
    function: bool,
    **given: Any,
) -> None:
    """Write what the best networks of runs learnt to analysis.h5, analysis.csv and figures.

    Whether signs are grouped in channel and delay, what rewiring kept, how alike runs are, and the
    accuracy that is left without delays, with fewer synapses and with noise. Several runs of one
    shape, as of several seeds, are pooled.
    """
    from genn_delays.analysis import files
    from genn_delays.analysis.runs import analyse as analyse_runs
    from genn_delays.analysis.settings import AnalysisSettings
    from genn_delays.figures import draw_analysis

    settings = AnalysisSettings(split=split if function else None, **given)
    place = files.place_of(run_dirs, output, replace)
    analysis = analyse_runs(run_dirs, settings, lambda text: click.echo(text, err=True))
    for path in files.write(analysis, place):
        click.echo(path)
    for path in draw_analysis(analysis, place / "figures"):
        click.echo(path)
