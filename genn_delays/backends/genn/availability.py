"""PyGeNN, imported only when it is asked for, and what this machine offers it."""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import os
from functools import cache
from types import ModuleType
from typing import Any

from genn_delays.support.errors import BackendError, reason

PAGE = "https://genn-team.github.io/installation.html"
CPU, CUDA = "single_threaded_cpu", "cuda"
"""Names of GeNN's backends."""
COMPUTE_MAJOR, COMPUTE_MINOR = 75, 76
"""Attributes of the CUDA driver: compute capability of a device."""


def import_pygenn() -> ModuleType:
    """The package pygenn.

    Raises:
        BackendError: it cannot be imported, with the real reason.
    """
    try:
        import pygenn
        import pygenn.genn_model
    except Exception as error:  # a broken installation can raise anything
        raise BackendError(
            f"PyGeNN cannot be imported: {type(error).__name__}: {reason(error, 300)}\n"
            f"it is not in the package index; {PAGE} tells how to install it"
        ) from None
    return pygenn


def require(backend: str) -> ModuleType:
    """pygenn, with one of GeNN's backends that can run here.

    Raises:
        BackendError: no PyGeNN, PyGeNN without this backend or what it links to, or no device.
    """
    pygenn = import_pygenn()
    if backend not in pygenn.genn_model.backend_modules:
        raise _left_out(backend, list(pygenn.genn_model.backend_modules))
    if backend == CUDA:
        devices()
    return pygenn


def _left_out(backend: str, found: list[str]) -> BackendError:
    """Why PyGeNN, which says nothing of backends that it cannot load, has left one out."""
    module = f"pygenn.{backend}_backend"
    if importlib.util.find_spec(module) is not None:
        try:
            importlib.import_module(module)
        except ImportError as error:
            return BackendError(
                f"PyGeNN was built with the backend {backend!r}, which cannot be loaded here: "
                f"{reason(error, 200)}\nlibcuda comes with the NVIDIA driver, where a GPU is; "
                "libcudart with CUDA: put its folder into LD_LIBRARY_PATH"
            )
    return BackendError(
        f"this PyGeNN was built without the backend {backend!r}; it has {found}\n"
        f"set CUDA_PATH and install it again: {PAGE}"
    )


def cuda_usable() -> bool:
    """True where ``genn-cuda`` can run."""
    try:
        devices()  # first, because it needs no import
        require(CUDA)
    except BackendError:
        return False
    return True


@cache
def _driver() -> Any:
    for name in ("libcuda.so.1", "libcuda.dylib", "nvcuda.dll"):
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return None


def devices() -> list[str]:
    """Name and compute capability of each NVIDIA device, as the driver tells.

    Raises:
        BackendError: no driver, no device, or no CUDA_PATH for the compiler.
    """
    driver = _driver()
    count = ctypes.c_int(0)
    if driver is None or driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        count.value = 0
    if not count.value:
        raise BackendError(
            "genn-cuda needs an NVIDIA device and its driver; this machine has none that works\n"
            f"run genn-cpu or native instead, or see {PAGE}"
        )
    if not os.environ.get("CUDA_PATH"):
        raise BackendError(
            "genn-cuda needs the CUDA compiler, and CUDA_PATH is not set\n"
            f"set it to the folder that holds bin/nvcc, such as /usr/local/cuda; see {PAGE}"
        )
    return [_device(driver, index) for index in range(count.value)]


def _device(driver: Any, index: int) -> str:
    handle, name = ctypes.c_int(0), ctypes.create_string_buffer(128)
    version = [ctypes.c_int(0), ctypes.c_int(0)]
    driver.cuDeviceGet(ctypes.byref(handle), index)
    driver.cuDeviceGetName(name, len(name), handle)
    for number, attribute in zip(version, (COMPUTE_MAJOR, COMPUTE_MINOR), strict=True):
        driver.cuDeviceGetAttribute(ctypes.byref(number), attribute, handle)
    return f"{name.value.decode()} (compute {version[0].value}.{version[1].value})"


def facts() -> dict[str, str]:
    """What ``doctor`` reports: PyGeNN, its backends, the devices and CUDA_PATH."""
    found = {"CUDA_PATH": os.environ.get("CUDA_PATH") or "not set"}
    try:
        pygenn = import_pygenn()
        found["PyGeNN"] = str(getattr(pygenn, "__version__", "version unknown"))
    except BackendError as error:
        return {"PyGeNN": str(error), **found}
    for name, backend in (("genn-cpu", CPU), ("genn-cuda", CUDA)):
        try:
            require(backend)
            found[name] = "works" if backend == CPU else "works on " + ", ".join(devices())
        except BackendError as error:
            found[name] = str(error)
    return found
