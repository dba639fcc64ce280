"""Build the models of some networks, or of all that are timed, so that they are in the cache."""

from __future__ import annotations

import sys

from genn_delays.backends.genn.availability import CUDA
from genn_delays.backends.genn.compiler import built
from gpu.networks import BATCH, CASES, declaration


def main() -> None:
    """Build the networks that are named."""
    for name in sys.argv[1:]:
        network = CASES[name].network()
        print(built(declaration(CASES[name].plan(network, BATCH), network), CUDA), flush=True)


if __name__ == "__main__":
    main()
