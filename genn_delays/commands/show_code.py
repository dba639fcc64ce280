"""``genn-delays show-code``: the code that a backend generates."""

from __future__ import annotations

from pathlib import Path

import click

from genn_delays.backends import get_backend
from genn_delays.backends.native import Native
from genn_delays.commands.arguments import config_argument, set_option
from genn_delays.config import load_config
from genn_delays.errors import BackendError
from genn_delays.experiment import load_dataset, make_network, plan_of


@click.command("show-code")
@config_argument
@set_option
def show_code(config: Path, overrides: tuple[str, ...]) -> None:
    """Print the code that a configuration's backend generates for its network."""
    loaded = load_config(config, overrides)
    dataset = load_dataset(loaded)
    plan = plan_of(loaded, dataset, make_network(loaded, dataset))
    backend = get_backend(loaded.backend.name)
    if not isinstance(backend, Native):
        raise BackendError(f"the backend {backend.name!r} generates no code; try native")
    click.echo(backend.code(plan))
