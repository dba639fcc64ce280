from __future__ import annotations

import pytest

from genn_delays.parallel.launch import VARIABLES


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """These tests are no ranks themselves, however they were started."""
    for name in (name for names in VARIABLES for name in names):
        monkeypatch.delenv(name, raising=False)
