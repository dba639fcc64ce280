"""PyGeNN tests run on each backend of GeNN that works here, and say why not elsewhere."""

from __future__ import annotations

import pytest

from genn_delays.backends.genn.availability import CPU, CUDA, require
from genn_delays.support.errors import BackendError

ENGINES = {"genn-cpu": CPU, "genn-cuda": CUDA}


def _why_not(name: str) -> str | None:
    try:
        require(ENGINES[name])
    except BackendError as error:
        return str(error).splitlines()[0]
    return None


@pytest.fixture(scope="session")
def reasons() -> dict[str, str | None]:
    """By backend, why it cannot run here, or None."""
    return {name: _why_not(name) for name in ENGINES}


@pytest.fixture(params=list(ENGINES))
def backend(request, reasons) -> str:
    """Each of GeNN's backends."""
    if reasons[request.param]:
        pytest.skip(f"{request.param}: {reasons[request.param]}")
    return request.param


@pytest.fixture
def genn_cpu(reasons) -> str:
    """The CPU backend, for what is the same on all."""
    if reasons["genn-cpu"]:
        pytest.skip(f"genn-cpu: {reasons['genn-cpu']}")
    return "genn-cpu"
