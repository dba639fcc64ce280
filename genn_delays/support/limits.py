"""How much memory a file or a configuration may ask for, checked before any is allocated.

A header of a few bytes can name an array of any size. What it asks for is compared with a bound
first; the user raises the bound where the data really are that large.
"""

from __future__ import annotations

import os

from genn_delays.support.checks import is_count
from genn_delays.support.errors import ConfigError, DataError, GennDelaysError

VARIABLE = "GENN_DELAYS_MEMORY_LIMIT"

ARRAY = 4096
"""MiB that one array, or the columns of one network, may take."""

SIMULATION = 16384
"""MiB that the buffers of one simulation may take."""

RECORDING = 256
"""MiB that one sound or one member of an archive may take: two hours of mono at 16 kHz."""


def memory_limit(default: int = ARRAY) -> int:
    """Bytes that one object may take: ``$GENN_DELAYS_MEMORY_LIMIT`` MiB, or else ``default`` MiB.

    Raises:
        ConfigError: the variable is not a whole number of MiB >= 1.
    """
    given = os.environ.get(VARIABLE)
    if not given:
        return default << 20
    mebibytes = int(given) if given.isascii() and given.isdecimal() and len(given) < 16 else 0
    if not is_count(mebibytes):
        raise ConfigError(f"{VARIABLE}={given!r}: write a whole number of MiB, 1 or more")
    return mebibytes << 20


def held_limit() -> int:
    """Bytes of the events of one file that stay in memory: an eighth of :func:`memory_limit`.

    So there is room for the three splits and for what they are made of.
    """
    return memory_limit() // 8


def check_size(
    nbytes: float,
    what: str,
    *,
    default: int = ARRAY,
    error: type[GennDelaysError] = DataError,
) -> None:
    """Raise ``error`` where ``what`` would take more memory than the limit.

    Args:
        nbytes: bytes that are asked for, from a header or a declaration.
        what: begins the message: a file and the place in it.
        default: MiB that are allowed where the user has not said otherwise.

    >>> check_size(10**6, "data.h5: spikes/times")
    """
    limit = memory_limit(default)
    if nbytes > 2.0**60:
        raise error(f"{what} would take more memory than any machine has; give smaller numbers")
    if nbytes > limit:
        needed = -(-int(nbytes) >> 20)
        raise error(
            f"{what} would take {needed} MiB, the limit is {limit >> 20}; if that is right, "
            f"set the environment variable {VARIABLE}={needed}"
        )
