"""The command line: the commands of :mod:`genn_delays.commands` and how their errors show."""

from __future__ import annotations

from typing import Any

import click

import genn_delays
from genn_delays.commands import COMMANDS
from genn_delays.errors import GennDelaysError

EPILOG = (
    "Exit codes: 0 done; 2 a mistake in the input, with a message of one or two lines; "
    "130 and 143 stopped by SIGINT and SIGTERM with a checkpoint written, "
    "which `genn-delays resume` goes on from; 1 a fault of this program."
)


class _Cli(click.Group):
    """Shows what users can mend as a message, anything else as a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except GennDelaysError as error:
            click.echo(f"Error: {error}", err=True)
            ctx.exit(2)


@click.group(cls=_Cli, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(genn_delays.__version__, prog_name="genn-delays")
def cli() -> None:
    """Spiking networks with a learnable delay on every synapse."""


for command in COMMANDS:
    cli.add_command(command)


def main() -> None:
    """Entry point of the console script."""
    cli(prog_name="genn-delays")
