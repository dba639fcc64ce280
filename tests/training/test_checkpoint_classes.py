"""Classes of the user's own in a checkpoint: found again, or refused before they are lost."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import genn_delays as gd
from genn_delays.experiment import checkpoint
from genn_delays.experiment.network_file import check_names
from genn_delays.support.errors import CheckpointError

SCRIPT = """
import sys
from dataclasses import dataclass
import genn_delays as gd
from genn_delays.experiment import checkpoint

@dataclass(frozen=True, eq=False)
class Slow(gd.LIF):
    tau_mem: float = 50.0

def save():
    net = gd.Network()
    net.add_population("slow", Slow(), 2)
    checkpoint.save("net.h5", net)

def load():
    return type(checkpoint.load("net.h5").network.populations["slow"].neuron) is Slow
"""


@dataclass
class Wide(gd.kernels.Gaussian):
    """A kernel of one's own with one more number."""

    wider: float = 2.0

    @property
    def width(self) -> float:
        return super().width * self.wider


@dataclass
class Named(gd.kernels.Gaussian):
    """What is no number cannot be kept."""

    label: str = "a"


def spread(kernel: gd.kernels.DelayKernel) -> gd.Network:
    net = gd.Network()
    net.add_population("input", gd.Input(), 2)
    net.add_population("output", gd.LeakyReadout(), 2)
    net.connect("input", "output", weight=1.0, delay=3.0, max_delay=9.0, kernel=kernel)
    return net


def python(folder: Path, *arguments: str, text: str | None = None) -> subprocess.CompletedProcess:
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=folder, input=text, capture_output=True, text=True, check=False
    )


def test_a_kernel_of_the_users_own_comes_back_with_its_numbers(tmp_path):
    checkpoint.save(tmp_path / "net.h5", spread(Wide(1.5, wider=3.0)))
    kernel = checkpoint.load(tmp_path / "net.h5").network.projections["input->output"].kernel
    assert type(kernel) is Wide
    assert (kernel.sigma, kernel.current, kernel.wider) == (1.5, 1.5, 3.0)


def test_a_kernel_that_is_not_made_of_numbers_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"'input->output': Named\(label='a'\)"):
        check_names(spread(Named(1.0)))


def test_a_class_of_a_script_is_found_by_the_script_and_by_who_imports_it(tmp_path):
    (tmp_path / "train.py").write_text(SCRIPT + "\nif __name__ == '__main__':\n    save()\n")
    assert python(tmp_path, "train.py").returncode == 0
    (tmp_path / "other.py").write_text("import train\nassert train.load()\n")
    done = python(tmp_path, "other.py")
    assert done.returncode == 0, done.stderr
    (tmp_path / "train.py").write_text(SCRIPT + "\nassert load()\n")
    assert python(tmp_path, "train.py").returncode == 0
    assert python(tmp_path, "-m", "train").returncode == 0


def test_another_script_is_told_what_to_import_and_nothing_is_imported_for_it(tmp_path):
    (tmp_path / "train.py").write_text(SCRIPT + "\nif __name__ == '__main__':\n    save()\n")
    assert python(tmp_path, "train.py").returncode == 0
    (tmp_path / "train.py").write_text("raise SystemExit('was run')")
    load = "from genn_delays.experiment import checkpoint; checkpoint.load('net.h5')"
    done = python(tmp_path, "-c", load)
    assert "population 'slow': needs the class 'Slow' of train; import train before" in done.stderr


def test_a_class_of_an_interactive_session_is_refused_when_saving(tmp_path):
    for arguments, text in ((["-"], SCRIPT + "\nsave()\n"), (["-c", SCRIPT + "\nsave()"], None)):
        done = python(tmp_path, *arguments, text=text)
        assert "class 'Slow' again: it is defined in an interactive session; define" in done.stderr
    assert list(tmp_path.iterdir()) == []
