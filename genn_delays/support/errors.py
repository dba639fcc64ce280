"""Errors that a user can cause, each with a message of one or two lines: what, where, remedy.

Everything here derives from :class:`GennDelaysError`; the command line prints the message
without a traceback and exits with code 2.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class GennDelaysError(Exception):
    """Base of every error that names a mistake in the input rather than in this package."""


class NetworkError(GennDelaysError):
    """A network was declared with impossible values: a negative delay, an unknown population."""


class PlanError(GennDelaysError):
    """A combination of neuron, gradient, readout and backend that is not supported."""


class ConfigError(GennDelaysError):
    """A configuration file has an unknown key, a wrong type or a missing file."""


class DataError(GennDelaysError):
    """Events, labels or a data file are malformed: outside the trial, truncated, empty."""


class BackendError(GennDelaysError):
    """A backend cannot run here: no compiler, no PyGeNN, no device."""


class CheckpointError(GennDelaysError):
    """A checkpoint or run folder cannot be read or must not be overwritten."""


class ExportError(GennDelaysError):
    """A network that a format of other software cannot hold, or a file that cannot be written."""


class TrainingError(GennDelaysError):
    """Training cannot go on: NaN in the loss, the weights or the gradients."""


class RankError(GennDelaysError):
    """Processes of one training cannot begin, disagree, or one of them has failed."""


def suggest(name: str, allowed: Iterable[str]) -> str:
    """The end of an error message about an unknown name: the nearest allowed one, or all.

    >>> suggest("delya", ["weight", "delay"])
    "did you mean 'delay'?"
    >>> suggest("foo", ["weight", "delay"])
    "allowed: 'delay', 'weight'"
    """
    choices = sorted(map(str, allowed))
    close = difflib.get_close_matches(str(name), choices, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return "allowed: " + ", ".join(map(repr, choices))


def reason(failure: BaseException, longest: int = 100) -> str:
    """What an exception of other software says, on one short line.

    >>> reason(KeyError()), reason(ValueError("no header" + "." * 1000), 12)
    ('KeyError', 'no header...')
    >>> reason(FileNotFoundError(2, "No such file or directory", "x.h5"))
    'No such file or directory'
    """
    text = getattr(failure, "strerror", None) or str(failure)
    return short(text, longest) or type(failure).__name__


def first_error(output: str, otherwise: str) -> str:
    """The first line of what a compiler printed that speaks of an error, or else another text.

    >>> first_error("x.c: In function 'f': x.c:1: error: no such type", "exit status 1")
    "x.c: In function 'f': x.c:1: error: no such type"
    >>> first_error("", "exit status 1")
    'exit status 1'
    """
    return short(next((line for line in output.splitlines() if "rror" in line), otherwise), 200)


def short(text: str, longest: int) -> str:
    """A text on one line, cut where it has more than ``longest`` characters."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 3] + "..."
