"""What went wrong and where: from an exception, or from what is left of a process."""

from __future__ import annotations

import re
import traceback

PACKAGE = "/genn_delays/"
_FRAME = re.compile(r'File "(.+)", line (\d+) in (.+)')

Fault = dict[str, str]
"""kind (crash, hang, traceback, warning, memory), what, where (last frame in the package), text."""


def fault_of(error: BaseException) -> Fault:
    """An exception that is none of the package's."""
    kind = "warning" if isinstance(error, Warning) else "traceback"
    kind = "memory" if isinstance(error, MemoryError) else kind
    try:
        text = "".join(traceback.format_exception(error))
    except BaseException as another:  # an error whose message cannot be made
        text = f"{type(error).__name__}; its message raises {another!r}"
    frames = [(f.filename, f.lineno, f.name) for f in traceback.extract_tb(error.__traceback__)]
    where = _where([(file, str(line), name) for file, line, name in reversed(frames)])
    return {"kind": kind, "what": type(error).__name__, "where": where, "text": text[-8000:]}


def fault_of_process(code: int, trace: str) -> Fault:
    """A process that has ended with this code and left this trace of faulthandler."""
    hang = trace.startswith("Timeout")
    _, _, main = trace.partition("(most recent call first):")
    what = "timeout" if hang else f"exit code {code}"
    return {
        "kind": "hang" if hang else "crash",
        "what": what,
        "where": _where(_FRAME.findall(main)),
        "text": trace[:8000],
    }


def _where(frames: list[tuple[str, str, str]]) -> str:
    """The innermost frame that lies in the package, or of all; frames begin with that one."""
    inside = [frame for frame in frames if PACKAGE in frame[0]] or frames
    if not inside:
        return "?"
    file, line, name = inside[0]
    return f"{file.rpartition(PACKAGE)[2]}:{line} {name}"
