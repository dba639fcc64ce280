"""Finds a C compiler, builds a shared library once per content and loads it.

The library's name is a hash of everything that determines it: source, compiler, flags and the
processor, and of its own content. It is compiled in a temporary folder and renamed, so that
processes which build the same library at once need no lock and none ever loads half a file.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import os
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from genn_delays.support.cache import VARIABLE, cache_folder, kept, seal
from genn_delays.support.errors import BackendError, first_error, reason
from genn_delays.support.leftovers import temporary_prefix

FLAGS = (
    *("-O3", "-std=gnu11", "-fPIC", "-shared"),
    *("-fno-math-errno", "-fno-trapping-math"),
)
THIS_PROCESSOR = ("-march=native", "-mcpu=native")
"""How compilers are told to use all this processor has; clang up to 14 on ARM refuses the first."""
PROCESSOR = ("-march=", "-mcpu=")
"""Beginnings of what names a processor: $CC may name one itself."""

ANOTHER = "choose another compiler with the environment variable CC"


def find_compiler() -> list[str]:
    """Command of the first C compiler found of $CC, cc, gcc, clang and zig.

    Raises:
        BackendError: there is none.
    """
    chosen = os.environ.get("CC")
    if chosen:
        try:
            command = shlex.split(chosen)
        except ValueError as error:  # a quotation without its end
            raise BackendError(
                f"the environment sets CC={chosen!r}, which is no command: {reason(error)}"
            ) from None
        if not command or shutil.which(command[0]) is None:
            raise BackendError(
                f"the environment sets CC={chosen!r}, which is not a command here; unset it"
            )
        return command
    for name in ("cc", "gcc", "clang"):
        if shutil.which(name):
            return [name]
    if importlib.util.find_spec("ziglang"):
        return [sys.executable, "-m", "ziglang", "cc"]
    raise BackendError(
        "this needs a C compiler and found none ($CC, cc, gcc, clang, zig);\n"
        "install gcc or clang, or: pip install 'genn-delays[zig]'"
    )


@cache
def _processor() -> str:
    """What code for this processor depends on; a cache folder may be shared by unlike machines."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() + platform.machine()
    kept = ("model name", "flags", "Features", "CPU part")
    return "\n".join(dict.fromkeys(line for line in lines if line.startswith(kept)))


@cache
def _version(command: tuple[str, ...]) -> str:
    return _run([*command, "--version"]).stdout


@dataclass(frozen=True)
class Target:
    """The processor that a compiler compiles for.

    Attributes:
        options: that choose it; none where $CC names it, or where the compiler knows no native one.
        macros: what the compiler defines for it; none where it cannot say.
    """

    options: tuple[str, ...]
    macros: frozenset[str]


@cache
def target(command: tuple[str, ...]) -> Target:
    """What a compiler is to compile for: this processor, if nothing else is said."""
    named = any(word.startswith(PROCESSOR) for word in command)
    for options in () if named else ((option,) for option in THIS_PROCESSOR):
        done = _macros([*command, *options])
        if done.returncode == 0:
            return Target(options, _defined(done.stdout))
    return Target((), _defined(_macros([*command]).stdout))


def _macros(command: list[str]) -> subprocess.CompletedProcess[str]:
    return _run([*command, "-dM", "-E", "-x", "c", os.devnull])


def _defined(said: str) -> frozenset[str]:
    lines = (line.split() for line in said.splitlines())
    return frozenset(words[1] for words in lines if words[:1] == ["#define"])


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a compiler, whatever the encoding of what it says."""
    try:
        return subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", check=False
        )
    except (OSError, ValueError) as error:
        raise BackendError(
            f"the C compiler {command[0]!r} cannot be run: {reason(error)}\n{ANOTHER}"
        ) from None


def build(source: str) -> Path:
    """Path of the compiled library of a C source, from the cache where it is there.

    Raises:
        BackendError: no compiler, it reports an error, or the disk does not keep what it is given.
    """
    command = find_compiler()
    flags = (*FLAGS, *target(tuple(command)).options)
    content = "\0".join([source, *command, *flags, _version(tuple(command)), _processor()])
    name = hashlib.sha256(content.encode()).hexdigest()[:32]
    folder = cache_folder("native")
    if (library := kept(folder, name)) is not None:
        return library
    try:
        # fixed names inside it: some compilers write them into the library
        with TemporaryDirectory(prefix=temporary_prefix("build"), dir=folder) as place:
            seal(_compile(command, flags, source, Path(place)), folder, name, "so")
    except OSError as error:
        raise BackendError(
            f"the engine cannot be built in {folder}: {reason(error)}; free some space, or set "
            f"{VARIABLE} to another folder"
        ) from None
    if (library := kept(folder, name)) is None:
        raise BackendError(f"{folder} does not keep what is written to it; check the disk")
    return library


def _compile(command: list[str], flags: Sequence[str], source: str, place: Path) -> Path:
    """The library, in a folder of its own."""
    text, library = place / "engine.c", place / "engine.so"
    text.write_text(source)
    done = _run([*command, *flags, "-o", str(library), str(text), "-lm"])
    if done.returncode != 0:
        said = done.stderr.replace(f"{place}{os.sep}", "")  # which is gone when this is read
        first = first_error(said, said.strip() or f"exit status {done.returncode}")
        raise BackendError(
            f"{' '.join(command)!r} failed to compile the engine: {first}\n{ANOTHER}"
        )
    if not library.is_file():
        raise BackendError(
            f"{' '.join(command)!r} reports no error, but made no library\n{ANOTHER}"
        )
    return library


class Library(ctypes.CDLL):
    """A library whose missing functions are an error of what compiled it."""

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name.startswith("__"):
                raise
            raise BackendError(
                f"{self._name} has no function {name!r}: its compiler made something else\n"
                f"delete this file. {ANOTHER}"
            ) from None


def load(source: str) -> ctypes.CDLL:
    """Compile (or find) and load the library of a C source."""
    library = build(source)
    try:
        return Library(str(library))
    except OSError as error:
        raise BackendError(
            f"cannot load {library}: {error}; if programs may not be run from there, set "
            f"{VARIABLE} to another folder"
        ) from None
