"""Under mpirun: trainings in one process, in some of the ranks and in all, as JSON."""

from __future__ import annotations

import json
import sys

from mpi4py import MPI
from shared_training import RULES, trained

from genn_delays.parallel import ALONE
from genn_delays.parallel.rounds import MPIRanks


def main() -> None:
    """Write a curve, and the hashes of the ranks, for each rule, precision and number of ranks."""
    world, found = MPI.COMM_WORLD, {}
    for rule in RULES:
        for precision in ("float32", "float64"):
            alone = trained(ALONE, rule, precision) if world.rank == 0 else None
            key = f"{rule} {precision}"
            found[f"{key} 1"] = [alone]
            for count in sorted({2, world.size}):
                comm = world.Split(int(world.rank < count), world.rank)
                if world.rank < count:
                    ranks = MPIRanks(comm, frozenset({0}))
                    result = trained(ranks, rule, precision)
                    found[f"{key} {count}"] = ranks.gather("the end", result)
                world.Barrier()
    if world.rank == 0:
        with open(sys.argv[1], "w") as file:
            json.dump(found, file)


if __name__ == "__main__":
    main()
