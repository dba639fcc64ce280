"""The command line: the commands of :mod:`genn_delays.cli.commands` and how their errors show."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any, NoReturn, TextIO

import click

import genn_delays
from genn_delays.cli.commands import COMMANDS, resume, run
from genn_delays.cli.messages import environment, told
from genn_delays.cli.processes import leave_to_the_first, refuse_many, silence
from genn_delays.parallel.launch import launch

EPILOG = (
    "Exit codes: 0 done; 2 a mistake in the input, with a message of one or two lines; "
    "130 and 143 stopped by SIGINT and SIGTERM with a checkpoint written (128 + the signal for "
    "SIGUSR1 and SIGUSR2), which `genn-delays resume` goes on from; 141 nobody reads the output "
    "any more; 1 a fault of this program."
)
CLOSED = 141
"""As shells report a program that SIGPIPE ended."""


class _Cli(click.Group):
    """Shows what users can mend as a message, anything else as a traceback."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        if sys.stderr is None:  # closed: there is nobody to tell
            sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - until the end
        if sys.stdout is None:
            _fail("standard output is closed; send it to a file, or to /dev/null")
        if launch().number > 0:
            silence()
        try:
            return super().main(*args, **kwargs)
        except OSError as error:  # of the output of --help, and of what is flushed at the end
            _fail(environment(error))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            _discard(sys.stdout)
            ctx.exit(CLOSED)
        except click.UsageError:  # of the words of the command, which all processes were given
            leave_to_the_first()
            raise
        except Exception as error:
            if (text := told(error)) is None:
                raise
            _fail(text)


def _fail(message: str) -> NoReturn:
    with suppress(OSError):  # where messages cannot be written, the exit code still tells
        click.echo(f"Error: {message}", err=True)
    _discard(sys.stdout)
    _discard(sys.stderr)
    sys.exit(2)


def _discard(stream: TextIO | None) -> None:
    """Whatever waits to be written cannot be, and must not fail once more at exit."""
    for number, standard in ((1, sys.__stdout__), (2, sys.__stderr__)):
        if stream is not None and stream is standard:
            os.dup2(os.open(os.devnull, os.O_WRONLY), number)


@click.group(cls=_Cli, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(genn_delays.__version__, prog_name="genn-delays")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Spiking networks with a learnable delay on every synapse."""
    if ctx.invoked_subcommand not in (run.name, resume.name):
        refuse_many(str(ctx.invoked_subcommand))


for command in COMMANDS:
    cli.add_command(command)


def main() -> None:
    """Entry point of the console script."""
    cli(prog_name="genn-delays")
