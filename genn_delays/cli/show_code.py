"""``genn-delays show-code``: the code that a backend generates."""

from __future__ import annotations

from pathlib import Path

import click

from genn_delays.backends import get_backend
from genn_delays.cli.arguments import config_argument, set_option
from genn_delays.experiment.config import load_config
from genn_delays.experiment.experiment import load_dataset, make_network, plan_of


@click.command("show-code")
@config_argument
@set_option
@click.option("--backend", help="instead of the one that the configuration names")
def show_code(config: Path, overrides: tuple[str, ...], backend: str | None) -> None:
    """Print the code that a backend generates for the network of a configuration."""
    loaded = load_config(config, overrides)
    dataset = load_dataset(loaded)
    network = make_network(loaded, dataset)
    plan = plan_of(loaded, dataset, network)
    click.echo(get_backend(backend or loaded.backend.name).code(plan, network))
