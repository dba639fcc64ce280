"""Builds a GeNN model once per content, in the user's cache, and opens it from there.

The folder's name is a hash of the declaration, the backend, the version of PyGeNN and, on CUDA,
the devices. A model is built in a folder of another name and renamed when it is complete, so
that processes which build the same model at once need no lock. GeNN's source stays in the folder
to be read; its library lies beside it, by its checksum, as everything in the cache that is loaded.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from genn_delays.backends.genn.availability import CUDA, devices, require
from genn_delays.backends.genn.declaration import Declaration
from genn_delays.backends.genn.model import make_model
from genn_delays.support.cache import cache_folder, kept, seal
from genn_delays.support.errors import BackendError, first_error
from genn_delays.support.leftovers import temporary_beside, temporary_prefix

NAME = "network"
"""Name of every model; GeNN writes its code to ``NAME_CODE``."""
LOG = "build.log"
RUNNER = "runner"
"""Key of the library in a model's folder."""
LIBRARIES = (".so", ".dylib", ".dll")


def folder_of(declaration: Declaration, backend: str) -> Path:
    """Where the cache keeps a compiled model, whether it is there or not."""
    pygenn = require(backend)
    parts = [backend, str(pygenn.__version__), *(devices() if backend == CUDA else [])]
    return cache_folder("genn") / declaration.digest(*parts)


def open_model(declaration: Declaration, backend: str) -> tuple[Any, TemporaryDirectory]:
    """A GeNNModel that is built and can be loaded as long as the folder beside it is there.

    The folder holds a copy of the library: one that is loaded twice into a process is one
    library to the system, and two simulations would share the arrays of the second.

    Raises:
        BackendError: PyGeNN or the device is missing, or its compiler reports an error.
    """
    library = built(declaration, backend)
    # in the cache, because programs may not be run from the temporary folder of some clusters
    own = TemporaryDirectory(prefix=temporary_prefix("loaded"), dir=cache_folder("genn-loaded"))
    code = Path(own.name) / f"{NAME}_CODE"
    code.mkdir()
    _, _, name = library.name.partition(".")
    shutil.copy(library, code / name)
    model = make_model(declaration, backend, NAME)
    # nothing is compiled here: GeNN only works out which array belongs to which group
    model.build(own.name, never_rebuild=True)
    return model, own


def built(declaration: Declaration, backend: str) -> Path:
    """The library of a model in the cache; GeNN's source and the compiler's output lie beside it.

    Raises:
        BackendError: as :func:`open_model`.
    """
    folder = folder_of(declaration, backend)
    if (library := kept(folder, RUNNER)) is None:
        _build(declaration, backend, folder)
        library = kept(folder, RUNNER)
    if library is None:
        raise BackendError(f"{folder} does not keep what is written to it; check the disk")
    return library


def _build(declaration: Declaration, backend: str, folder: Path) -> None:
    temporary = temporary_beside(folder)
    temporary.mkdir()
    try:
        with _output_to(temporary / LOG):
            make_model(declaration, backend, NAME).build(str(temporary))
        libraries = (temporary / f"{NAME}_CODE").glob("*runner*")
        library = next(file for file in libraries if file.suffix in LIBRARIES)
        sealed = seal(library, temporary, RUNNER, library.name)
        try:
            os.rename(temporary, folder)
        except OSError:
            if not folder.is_dir():
                raise
            # another process has made the same model, or its library was damaged
            os.replace(sealed, folder / sealed.name)
    except (subprocess.CalledProcessError, OSError) as error:
        printed = temporary / LOG
        log = printed.read_text(errors="replace") if printed.is_file() else ""
        raise BackendError(
            f"GeNN's {backend} backend failed to build the model: {first_error(log, str(error))}\n"
            "check that a C++ compiler and make work here"
        ) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def _output_to(path: Path) -> Iterator[None]:
    """Send what child processes print to a file: make and the compiler are not the user's."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(1), os.dup(2)]
    with path.open("wb") as log:
        try:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
            yield
        finally:
            for target, saved in zip((1, 2), kept, strict=True):
                os.dup2(saved, target)
                os.close(saved)
