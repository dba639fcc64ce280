"""``genn-delays check``: is a configuration right?"""

from __future__ import annotations

from pathlib import Path

import click

from genn_delays.cli.arguments import config_argument, set_option
from genn_delays.experiment.config import load_config
from genn_delays.experiment.experiment import (
    check_callbacks,
    check_declared,
    load_dataset,
    make_network,
    prepare,
)


@click.command()
@config_argument
@set_option
@click.option("--data", is_flag=True, help="Also load the data and compile the network.")
@click.option("--print", "show", is_flag=True, help="Print it with every default written out.")
def check(config: Path, overrides: tuple[str, ...], data: bool, show: bool) -> None:
    """Validate a configuration without running it.

    Looks at keys, types, the model file, and at the network where the data set says its sizes
    beforehand: names of populations and projections, what does not go together, memory. With
    --data at the data too, and at whether the backend runs.
    """
    loaded = load_config(config, overrides)
    check_callbacks(loaded)
    if data:
        dataset = load_dataset(loaded)
        prepare(loaded, dataset, make_network(loaded, dataset)).simulation.close()
    elif not check_declared(loaded):
        click.echo(
            f"the network was not looked at: how many units and classes {loaded.data.name!r} has "
            "is known once it is read; add --data",
            err=True,
        )
    click.echo(loaded.to_yaml() if show else f"{config} is valid", nl=not show)
