"""What is generated compiles for an NVIDIA device, without a warning, where nvcc is."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cuda_snippets import source
from folded_networks import lagless, normalised
from networks import KINDS
from refractory_networks import network as refractory

import genn_delays as gd
from genn_delays.planning.gradients.surrogate import FUNCTIONS
from genn_delays.planning.plan import Plan, make_plan

ARCHITECTURE = "sm_90"
READOUTS = {
    "mean": gd.readouts.MeanVoltage(population="output"),
    "trace": gd.readouts.VoltageTrace(population="output"),
    "first": gd.readouts.FirstSpike(population="adaptive"),
    "spiking": gd.readouts.MeanVoltage(population="lif"),
    "count": gd.readouts.SpikeCount(population="adaptive"),
}


@pytest.fixture(scope="session")
def nvcc() -> str:
    """The compiler of CUDA: of CUDA_PATH, of PATH, or where it is usually put."""
    beside = [os.environ.get("CUDA_PATH", ""), *map(str, Path("/usr/local").glob("cuda*"))]
    found = [shutil.which("nvcc"), *(shutil.which(f"{folder}/bin/nvcc") for folder in beside)]
    if not any(found):
        pytest.skip("there is no nvcc, neither in CUDA_PATH nor in PATH nor in /usr/local/cuda*")
    return next(filter(None, found))


def planned(network, gradient, readout=READOUTS["mean"], precision="float32") -> Plan:
    options = {"readout": readout, "dt": 1.0, "steps": 80, "precision": precision}
    return make_plan(network, gradient=gradient, **options)


def plans(precision: str) -> list[tuple[str, Plan]]:
    """Every gradient rule, readout, reset and kernel, with refractory neurons and without."""
    exact, found = gd.EventProp(), {}
    for name, readout in READOUTS.items():
        if name != "count":
            found[f"eventprop_{name}"] = planned(KINDS["looped"](), exact, readout, precision)
    held = refractory("looped")
    found["refractory"] = planned(held, exact, precision=precision)
    found["refractory_surrogate"] = planned(held, gd.Surrogate(), precision=precision)
    for name, readout in READOUTS.items():
        if name != "first":
            rule = gd.Surrogate(detach_reset=False)
            found[f"surrogate_{name}"] = planned(KINDS["looped"](), rule, readout, precision)
    for function in FUNCTIONS:
        rule = gd.Surrogate(function)
        found[function] = planned(lagless(), rule, precision=precision)
    for name in ("gaussian", "triangle"):
        network = lagless(gd.kernels.KERNELS[name](1.0))
        found[name] = planned(network, gd.Surrogate(detach_reset=False), precision=precision)
    found["normalised"] = planned(normalised(), gd.Surrogate(), precision=precision)
    return list(found.items())


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_every_snippet_compiles_in_both_precisions_without_a_warning(nvcc, tmp_path, precision):
    file = tmp_path / "snippets.cu"
    file.write_text(source(plans(precision), precision))
    options = ["-std=c++17", f"-arch={ARCHITECTURE}", "-ptx", "-Werror", "all-warnings"]
    command = [nvcc, *options, "-o", os.devnull, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:4000]
    assert not done.stderr
