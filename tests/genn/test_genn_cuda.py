"""What is generated compiles for an NVIDIA device, without a warning, where nvcc is."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from cuda_snippets import source
from folded_networks import lagless, normalised
from networks import KINDS
from refractory_networks import network as refractory
from shipped_neurons import DT, shipped

import genn_delays as gd
from genn_delays import datasets
from genn_delays.backends.genn import prepared
from genn_delays.backends.genn.availability import CUDA, require
from genn_delays.backends.genn.compiler import LOG, built
from genn_delays.backends.genn.declaration import declare
from genn_delays.backends.genn.model import BLOCK, NARROW, PRESYNAPTIC, block_sizes
from genn_delays.backends.genn.synapses import row_of
from genn_delays.datasets.base import Sizes
from genn_delays.declaration.network import LEARNABLE, Network
from genn_delays.experiment import experiment
from genn_delays.experiment.config import load_config
from genn_delays.planning.gradients.surrogate import FUNCTIONS
from genn_delays.planning.plan import Plan, make_plan
from genn_delays.support.errors import BackendError

ARCHITECTURE = "sm_90"
EXPERIMENTS = Path(__file__).parents[2] / "experiments"
MODELS = [
    str(file.relative_to(EXPERIMENTS))
    for file in sorted(EXPERIMENTS.rglob("*.yaml"))
    if not file.name.startswith("grid")
]
UNKNOWN = Sizes(units=140, classes=20, duration=1000.0)
"""Of data that are not here."""
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


def planned(network, gradient, readout=READOUTS["mean"], precision="float32", dt=1.0) -> Plan:
    options = {"readout": readout, "dt": dt, "steps": 80, "precision": precision}
    return make_plan(network, gradient=gradient, **options)


@cache
def plan_of_shipped(kind: type) -> Plan:
    """Every neuron that ships, once: planning them takes seconds."""
    readout = gd.readouts.MeanVoltage(population="leaky_readout")
    return planned(shipped(kind(), recurrent=True), kind(), readout, dt=DT)


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
    for rule in (exact, gd.Surrogate(), gd.Surrogate(detach_reset=False)):
        plan = replace(plan_of_shipped(type(rule)), gradient=rule, precision=precision)
        found[f"{rule.name}_shipped_{len(found)}"] = plan
    return [(name, prepared(plan)) for name, plan in found.items()]


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_every_snippet_compiles_in_both_precisions_without_a_warning(nvcc, tmp_path, precision):
    file = tmp_path / "snippets.cu"
    file.write_text(source(plans(precision), precision))
    options = ["-std=c++17", f"-arch={ARCHITECTURE}", "-ptx", "-Werror", "all-warnings"]
    command = [nvcc, *options, "-o", os.devnull, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:4000]
    assert not done.stderr


def declared(plan: Plan, network: Network):
    tables = [network.projections[q.name].synapses for q in plan.projections]
    room = [row_of(plan, k, table) for k, table in enumerate(tables)]
    chosen = LEARNABLE if plan.gradient.name == "eventprop" else ()
    learn = [
        tuple(what for what in chosen if what in network.projections[q.name].learn)
        for q in plan.projections
    ]
    return declare(prepared(plan), room, plan.batch_size, learn)


def of_experiment(name: str, folder: Path):
    """The model of a configuration, with sizes of its own where its data have to be read."""
    config = load_config(EXPERIMENTS / name, [f"data.path={folder}"])
    sizes = datasets.source(config.data.name, **config.data.args).sizes() or UNKNOWN
    network = experiment._network(config, sizes.units, sizes.classes)
    return declared(experiment.plan_of(config, sizes, network), network)


@pytest.mark.slow
@pytest.mark.genn
@pytest.mark.parametrize("name", MODELS)
def test_the_model_of_every_experiment_compiles_without_a_warning(
    nvcc, tmp_path, monkeypatch, name
):
    """The whole of GeNN's code, which its CUDA backend makes; that wants a device."""
    try:
        require(CUDA)
    except BackendError as error:
        pytest.skip(f"genn-cuda: {str(error).splitlines()[0]}")
    monkeypatch.setenv("GENN_DELAYS_CACHE", str(tmp_path))
    monkeypatch.setenv("NVCC_APPEND_FLAGS", "-Werror all-warnings -Xptxas -v,-warn-spills")
    log = (built(of_experiment(name, tmp_path), CUDA).parent / LOG).read_text()
    assert "registers" in log
    assert "warning" not in log


def test_short_rows_are_visited_by_blocks_of_one_warp():
    sizes = {}
    for density in (0.1, 1.0):
        network = gd.Network()
        network.add_population("input", gd.Input(), 20)
        network.add_population("output", gd.LeakyReadout(), 90)
        network.connect("input", "output", weight=1.0, density=density)
        sizes[density] = block_sizes(declared(planned(network, gd.EventProp()), network), 12)
    assert sizes[1.0] == [BLOCK] * 12
    assert sizes[0.1] == [NARROW if k == PRESYNAPTIC else BLOCK for k in range(12)]
