"""Which GPU a rank takes, where several ranks are on one machine."""

from __future__ import annotations

import os

from genn_delays.backends import get_backend
from genn_delays.backends.genn import GennCUDA
from genn_delays.parallel.ranks import Ranks
from genn_delays.support.errors import ConfigError
from genn_delays.sweep.devices import VARIABLE, visible_devices

OWN = "SLURM_GPUS_PER_TASK"
"""Set by Slurm where it has given each process devices of its own."""


def take_device(ranks: Ranks, backend: str) -> None:
    """Leave this rank one device of its machine, before CUDA is begun: each gets another.

    Args:
        backend: name of it; of those without a GPU nothing is asked.

    Raises:
        ConfigError: it runs on GPUs, and this machine has fewer of them than ranks.
    """
    if ranks.count == 1 or backend not in (GennCUDA.name, "auto") or OWN in os.environ:
        return
    number, count = ranks.beside
    devices = visible_devices()
    if number < len(devices):
        os.environ[VARIABLE] = devices[number]
    if len(devices) < count and get_backend(backend).name == GennCUDA.name:
        raise ConfigError(
            f"{count} processes on one machine, with {len(devices)} GPUs that they may use; start "
            "one for each GPU, or set backend.name: native"
        )
