"""What every command waits for before it does anything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]
HEAVY = (
    *("scipy.signal", "scipy.stats", "scipy.special", "scipy.linalg"),
    *("matplotlib", "pygenn", "soundfile"),
)


def test_the_command_line_is_there_without_the_heavy_packages():
    code = f"import sys, genn_delays.cli; print([m for m in {HEAVY} if m in sys.modules])"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_package_is_there_without_its_trainer():
    code = "import sys, genn_delays as gd; print('pydantic' in sys.modules, end=' ');"
    code += "print('genn_delays.training' in sys.modules, gd.losses)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("False False <module 'genn_delays.training.losses'")
