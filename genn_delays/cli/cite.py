"""``genn-delays cite``: what to cite for a configuration."""

from __future__ import annotations

from pathlib import Path

import click

from genn_delays.cli.arguments import config_argument, set_option
from genn_delays.experiment.citations import citations
from genn_delays.experiment.config import load_config


@click.command()
@config_argument
@set_option
def cite(config: Path, overrides: tuple[str, ...]) -> None:
    """Print BibTeX entries of the methods and data that a configuration uses."""
    click.echo("\n\n".join(citations(load_config(config, overrides))))
