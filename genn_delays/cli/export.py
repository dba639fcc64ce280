"""``genn-delays export``: write the best network of a run for other software."""

from __future__ import annotations

from pathlib import Path

import click

from genn_delays.cli.arguments import run_argument
from genn_delays.experiment import checkpoint
from genn_delays.experiment.recipe import ATTRIBUTE, Recipe
from genn_delays.experiment.run_folder import RunFolder
from genn_delays.export import FORMATS
from genn_delays.planning.gradients import Surrogate
from genn_delays.support.errors import ExportError


@click.command()
@run_argument
@click.option(
    "--format",
    "name",
    type=click.Choice(sorted(FORMATS)),
    required=True,
    help="What to write.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="Main file, which does not exist yet; by default network_NAME in the run folder.",
)
@click.option("--dt", type=float, help="Time step in ms; by default that of the run.")
def export(run_dir: Path, name: str, output: Path | None, dt: float | None) -> None:
    """Write best.h5 of a run for a simulator, or as plain files.

    Batch normalisation is folded and delays are rounded. Beside the main file goes one with the
    suffix .json, which says what the format does not hold.
    """
    folder, target = RunFolder.open(run_dir), FORMATS[name]
    best = checkpoint.load(folder.best)
    recipe = Recipe.from_attribute(best.attributes.get(ATTRIBUTE), str(folder.best))
    if isinstance(recipe.gradient, Surrogate) and recipe.gradient.smooth:
        raise ExportError(f"{run_dir} was trained with smooth spikes, which no format can hold")
    step = recipe.dt if dt is None else dt
    same = step == recipe.dt
    main = target(
        best.network,
        output or folder.path / f"network_{name}{target.suffix}",
        dt=step,
        discretisation=recipe.discretisation,
        readout=recipe.readout,
        trial=recipe.steps if same else None,
    )
    click.echo(f"written: {main}")
