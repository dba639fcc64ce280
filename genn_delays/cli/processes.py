"""A command in many processes: one prints, and an error of one ends them all."""

from __future__ import annotations

import os
import sys
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import click

from genn_delays.cli.messages import told
from genn_delays.parallel import Ranks
from genn_delays.parallel.launch import connect, launch
from genn_delays.parallel.ranks import RankFaultError
from genn_delays.parallel.rounds import FAILED, FAULT, MPIRanks
from genn_delays.support.errors import ConfigError, RankError


def silence() -> None:
    """Let this process print nothing: it is not the first of many."""
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - until the end


def leave_to_the_first() -> None:
    """End this process, where it is not the first, without an error.

    The first meets the same mistake and says so; mpirun would kill it before it has, were another
    process to end with an error sooner.
    """
    if launch().number > 0:
        sys.exit(0)


def refuse_many(command: str) -> None:
    """Raise ConfigError where several processes were started for a command that is for one."""
    count = launch().count
    if count > 1:
        leave_to_the_first()
        raise ConfigError(
            f"{command} is for one process, but {count} were started together; call it without "
            "mpirun or srun (those are for run and resume)"
        )


@contextmanager
def together() -> Iterator[Ranks]:
    """The processes that were started for this command; they end together.

    Raises:
        RankError, RankFaultError: another process has failed.
    """
    ranks = connect()
    if not isinstance(ranks, MPIRanks):
        yield ranks
        return
    _introduce(ranks)
    try:
        yield ranks
        ranks.end()
    except (RankError, RankFaultError):
        raise  # all know
    except SystemExit:
        ranks.end()  # those that end first would have mpirun kill the others
        raise
    except BaseException as error:
        text = told(error) if isinstance(error, Exception) else None
        ranks.fail(FAULT if text is None else FAILED, text or traceback.format_exc())
        raise


def _introduce(ranks: MPIRanks) -> None:
    """Say who is there."""
    machines = Counter(ranks.hosts)
    where = ", ".join(f"{count} on {host}" for host, count in machines.items())
    cores = ranks.gather("the cores", ranks.cores)
    each = f"{min(cores)}" if min(cores) == max(cores) else f"{min(cores)} to {max(cores)}"
    click.echo(f"{ranks.count} processes ({where}); cores of each: {each}")
