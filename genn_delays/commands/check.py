"""``genn-delays check``: is a configuration right?"""

from __future__ import annotations

from pathlib import Path

import click

from genn_delays.commands.arguments import config_argument, set_option
from genn_delays.config import load_config
from genn_delays.experiment import load_dataset, make_network, prepare


@click.command()
@config_argument
@set_option
@click.option("--data", is_flag=True, help="Also load the data and build the network.")
@click.option("--print", "show", is_flag=True, help="Print it with every default written out.")
def check(config: Path, overrides: tuple[str, ...], data: bool, show: bool) -> None:
    """Validate a configuration without running it.

    Looks at keys, types, the model file and the names of everything. With --data also at what
    depends on the data: sizes, names of populations and projections, whether the backend runs.
    """
    loaded = load_config(config, overrides)
    if data:
        dataset = load_dataset(loaded)
        prepare(loaded, dataset, make_network(loaded, dataset)).simulation.close()
    click.echo(loaded.to_yaml() if show else f"{config} is valid", nl=not show)
