"""What users are told of an error that they can mend."""

from __future__ import annotations

from genn_delays.plugins.user_files import blamed
from genn_delays.support.errors import GennDelaysError, reason


def told(error: Exception) -> str | None:
    """The message of an error, or None where it is a fault of this program."""
    if isinstance(error, GennDelaysError):
        return str(error)
    if isinstance(error, OSError):
        return environment(error)
    if isinstance(error, MemoryError):
        return f"not enough memory: {reason(error)}; lower training.batch_size"
    return blamed(error)  # in a file of the user's


def environment(error: OSError) -> str:
    """Where the system refused something, and why; without a name it was the output."""
    where = error.filename2 or error.filename or "standard output"
    return f"{where}: {reason(error)}; free some space, or check who may write there"
