"""How this process was started: alone, or as one of many by mpirun or srun."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass

from genn_delays.parallel.ranks import ALONE, Ranks
from genn_delays.parallel.rounds import MPIRanks
from genn_delays.support.cores import bound_to, take_share
from genn_delays.support.errors import RankError, reason

VARIABLES = (
    ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_LOCAL_RANK"),
    ("MV2_COMM_WORLD_SIZE", "MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_LOCAL_RANK"),
    ("PMI_SIZE", "PMI_RANK", "MPI_LOCALRANKID"),
    ("SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "SLURM_LOCALID"),
)
"""What Open MPI, MVAPICH, those with Hydra (MPICH, Intel MPI) and srun set: how many processes
there are, the number of this one, and its number on its machine. mpirun starts its helpers by srun,
so srun comes last."""


@dataclass(frozen=True)
class Launch:
    """What the environment says, before MPI is asked.

    Attributes:
        count: processes that were started together.
        number: of this one.
        local: of this one on its machine.
    """

    count: int = 1
    number: int = 0
    local: int = 0


def launch() -> Launch:
    """How this process was started."""
    for variables in VARIABLES:
        count, number, local = (os.environ.get(name, "") for name in variables)
        if count.isdecimal():
            return Launch(int(count), _whole(number), _whole(local))
    return Launch()


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def connect() -> Ranks:
    """The ranks of the processes that were started together; MPI is loaded where there are many.

    Raises:
        RankError: there are many, but MPI does not connect them.
    """
    started = launch()
    if started.count <= 1:
        return ALONE
    try:
        return _connected(started.count)
    except RankError as error:
        if started.local == 0 and started.number > 0:  # no other rank of its machine will say so
            print(f"Error: {platform.node()}: {error}", file=sys.__stderr__, flush=True)
        raise


def _connected(count: int) -> Ranks:
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        raise RankError(
            f"{count} processes were started together, but mpi4py cannot be loaded "
            f"({reason(error)})\npip install 'genn-delays[mpi]', or start one process, without "
            "mpirun or srun"
        ) from None
    world = MPI.COMM_WORLD
    if world.Get_size() != count:
        library = MPI.Get_library_version().partition(",")[0].splitlines()[0]
        raise RankError(
            f"{count} processes were started together, but MPI ({library}) finds "
            f"{world.Get_size()}\ntake the mpirun of that library; with srun, --mpi=pmix or "
            "another of `srun --mpi=list`"
        )
    ranks = MPIRanks(world.Dup(), bound_to())
    take_share(ranks.cores)
    return ranks
