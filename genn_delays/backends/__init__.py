"""Backends by name: the same plan on different engines."""

from __future__ import annotations

from genn_delays.backends.base import Backend, Simulation
from genn_delays.backends.genn import GennCPU, GennCUDA
from genn_delays.backends.genn.availability import cuda_usable
from genn_delays.backends.gradient import Gradient
from genn_delays.backends.native import Native
from genn_delays.backends.reference import Reference
from genn_delays.support.errors import BackendError, PlanError, suggest

BACKENDS: dict[str, type[Backend]] = {
    backend.name: backend for backend in (GennCPU, GennCUDA, Native, Reference)
}

__all__ = ["BACKENDS", "Backend", "Gradient", "Simulation", "get_backend", "learning_backend"]


def get_backend(name: str) -> Backend:
    """The backend of a name; ``"auto"`` is the fastest that works here."""
    if name == "auto":
        return GennCUDA() if cuda_usable() else Native()
    if name not in BACKENDS:
        raise BackendError(f"there is no backend {name!r}; {suggest(name, [*BACKENDS, 'auto'])}")
    return BACKENDS[name]()


def learning_backend(backend: Backend) -> GennCPU:
    """The same backend, as one whose simulations may learn on the device.

    Raises:
        PlanError: it has none that do.
    """
    if not isinstance(backend, GennCPU):
        raise PlanError(
            f"the backend {backend.name!r} learns on the host; take genn-cuda or genn-cpu, or "
            "leave adam= and the optimiser's device: true out"
        )
    return backend
