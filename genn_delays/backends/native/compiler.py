"""Finds a C compiler, builds a shared library once per content and loads it.

The library's name is a hash of everything that determines it: source, compiler, flags and the
processor. It is compiled to a temporary name and renamed, so that processes which build the same
library at once need no lock and none ever loads half a file.
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
from functools import cache
from pathlib import Path

from genn_delays.cache import atomic_path, cache_folder
from genn_delays.errors import BackendError

FLAGS = (
    *("-O3", "-march=native", "-std=gnu11", "-fPIC", "-shared"),
    *("-fno-math-errno", "-fno-trapping-math"),
)


def find_compiler() -> list[str]:
    """Command of the first C compiler found of $CC, cc, gcc, clang and zig.

    Raises:
        BackendError: there is none.
    """
    chosen = os.environ.get("CC")
    if chosen:
        command = shlex.split(chosen)
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
        "the native backend needs a C compiler and found none ($CC, cc, gcc, clang, zig);\n"
        "install gcc or clang, or: pip install 'genn-delays[zig]'"
    )


@cache
def _processor() -> str:
    """What -march=native depends on; a cache folder may be shared by unlike machines."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() + platform.machine()
    kept = ("model name", "flags", "Features", "CPU part")
    return "\n".join(dict.fromkeys(line for line in lines if line.startswith(kept)))


@cache
def _version(command: tuple[str, ...]) -> str:
    try:
        done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False)
    except OSError as error:
        raise BackendError(f"the C compiler {' '.join(command)!r} cannot be run: {error}") from None
    return done.stdout


def build(source: str) -> Path:
    """Path of the compiled library of a C source, from the cache where it is there.

    Raises:
        BackendError: no compiler, or it reports an error.
    """
    command = find_compiler()
    content = "\0".join([source, *command, *FLAGS, _version(tuple(command)), _processor()])
    name = hashlib.sha256(content.encode()).hexdigest()[:32]
    library = cache_folder("native") / f"{name}.so"
    if not library.exists():
        try:
            _compile(command, source, library)
        except OSError as error:
            raise BackendError(
                f"{library} cannot be written: {error.strerror}; make room on the disk, or set "
                "GENN_DELAYS_CACHE to another folder"
            ) from None
    return library


def _compile(command: list[str], source: str, library: Path) -> None:
    with atomic_path(library) as target:
        text = target.with_suffix(".c")
        try:
            text.write_text(source)
            done = subprocess.run(
                [*command, *FLAGS, "-o", str(target), str(text), "-lm"],
                capture_output=True,
                text=True,
                check=False,
            )
        finally:
            text.unlink(missing_ok=True)
        if done.returncode != 0:
            errors = (line for line in done.stderr.splitlines() if "error" in line)
            first = next(errors, done.stderr[:200]).strip() or f"exit status {done.returncode}"
            raise BackendError(
                f"{' '.join(command)!r} failed to compile the engine: {first}\n"
                "choose another compiler with the environment variable CC"
            )


def load(source: str) -> ctypes.CDLL:
    """Compile (or find) and load the library of a C source."""
    library = build(source)
    try:
        return ctypes.CDLL(str(library))
    except OSError as error:
        message = f"cannot load {library}: {error}; delete this file and try again"
        raise BackendError(message) from None
