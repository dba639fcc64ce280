"""Fixtures of the whole suite."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from genn_delays.plugins import user_files

sys.path.insert(0, str(Path(__file__).parent))

settings.register_profile("suite", derandomize=True, deadline=None, max_examples=50)
settings.load_profile("suite")


def pytest_configure(config):
    """Compiled engines and data of tests stay out of the user's cache folder."""
    os.environ["GENN_DELAYS_CACHE"] = str(config.cache.mkdir("genn-delays"))


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    """A model file that a test registers is not there for the next one."""
    monkeypatch.setattr(user_files, "_registered", dict(user_files._registered))
