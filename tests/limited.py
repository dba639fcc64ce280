"""No room for files, without filling a disk."""

from __future__ import annotations

import resource
from contextlib import contextmanager


@contextmanager
def file_limit(nbytes):
    """Within it this process cannot make a file longer than so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (nbytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
