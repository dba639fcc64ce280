"""The GPUs of this machine, and which of them each worker is given."""

from __future__ import annotations

import os
import subprocess

from genn_delays.support.errors import ConfigError, reason

VARIABLE = "CUDA_VISIBLE_DEVICES"


def visible_devices() -> list[str]:
    """Names of the GPUs that this process may use, as ``CUDA_VISIBLE_DEVICES`` has them.

    Raises:
        ConfigError: they cannot be found out.
    """
    given = os.environ.get(VARIABLE)
    if given is not None:
        return [name.strip() for name in given.split(",") if name.strip() not in ("", "-1")]
    command = ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except FileNotFoundError:
        return []
    except (OSError, subprocess.SubprocessError) as error:
        raise ConfigError(
            f"gpus: nvidia-smi cannot say which there are ({reason(error)}); set {VARIABLE}"
        ) from None
    return done.stdout.split()


def device_groups(devices: list[str], each: int, jobs: int | None) -> list[str | None]:
    """``CUDA_VISIBLE_DEVICES`` of each worker that this machine has room for, in turn.

    Args:
        devices: of this machine.
        each: GPUs that a run needs; 0 leaves the variable as it is.
        jobs: workers; None stands for as many as there are devices for.

    Raises:
        ConfigError: there are too few devices.

    >>> device_groups(["0", "1", "2", "3", "4"], 2, None)
    ['0,1', '2,3']
    """
    if each == 0:
        return [None] * (jobs or 1)
    if each > len(devices):
        raise ConfigError(f"gpus: each run needs {each}, this machine has {len(devices)}")
    room = len(devices) // each
    if jobs is not None and jobs > room:
        raise ConfigError(
            f"--jobs {jobs} with gpus: {each} needs {jobs * each} GPUs, this machine has "
            f"{len(devices)}; give --jobs {room} at most"
        )
    return [",".join(devices[n * each : (n + 1) * each]) for n in range(jobs or room)]
