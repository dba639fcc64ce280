"""The GeNN snippets as text: they follow from the neuron's matrices, and need no PyGeNN."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from types import ModuleType
from typing import ClassVar

import numpy as np
import pytest
from equation_networks import WEIGHTS
from equation_networks import network as of_equations
from networks import KINDS

import genn_delays as gd
from genn_delays.backends import get_backend
from genn_delays.backends.genn import codegen
from genn_delays.backends.genn.availability import CUDA, facts, require
from genn_delays.backends.genn.declaration import declare, row_room
from genn_delays.backends.genn.show import text_of
from genn_delays.planning.plan import make_plan
from genn_delays.support.errors import BackendError, PlanError

LOOPED = KINDS["looped"]
GENN = ("genn-cpu", "genn-cuda")


def planned(network, readout=None, **arguments):
    return make_plan(
        network,
        gradient=gd.EventProp(),
        readout=readout or gd.readouts.MeanVoltage(),
        **{"dt": 1.0, "steps": 80} | arguments,
    )


def test_constants_are_the_nonzero_entries_of_the_propagator():
    plan = planned(LOOPED())
    lif = codegen.neuron(plan, 1)
    assert "const scalar flowed_V = (P_V_V * V) + (P_V_I * I);" in lif.sim_code
    assert "P_I_V" not in lif.sim_code
    values = {name: value for name, _, value in lif.params}
    assert values["P_I_I"] == np.exp(-1 / 4.0)
    assert "P_V_V" in lif.constants  # tau_mem differs between the neurons of this population


def test_every_name_in_the_code_is_declared():
    """Only what GeNN itself provides may be left over."""
    known = "Isyn id t dt batch num_neurons scalar const unsigned int bool if else rint sqrt fmax"
    plan = planned(LOOPED())
    for k in range(len(plan.populations)):
        n = codegen.neuron(plan, k)
        code = re.sub(r"//.*", "", n.sim_code)
        declared = {name for name, *_ in (*n.params, *n.arrays)} | {*n.constants, *n.inputs}
        declared |= {v.name for v in n.variables} | set(known.split())
        declared |= set(re.findall(r"(?:scalar|int|bool|uint64_t) (\w+)", code))
        words = set(re.findall(r"\b[A-Za-z_]\w*", code))
        assert words <= declared | {"uint64_t", "false", "true"}


def test_readout_decides_what_is_recorded():
    """Sums over the steps are taken on the device: no voltage goes to the host, or comes back."""
    network = LOOPED()
    names = {name for name, _ in codegen.neuron(planned(network), 3).arrays}
    assert names == {"Output", "OutputGradient", "StepWeight"}
    trace = planned(network, gd.readouts.VoltageTrace())
    names = {name for name, _ in codegen.neuron(trace, 3).arrays}
    assert names == {"Voltage", "VoltageGradient"}
    first = planned(network, gd.readouts.FirstSpike(population="adaptive"))
    assert "FirstSpikeGradient" in codegen.neuron(first, 2).sim_code
    assert "Voltage" not in codegen.neuron(first, 3).sim_code


def test_the_slope_at_a_spike_is_never_below_its_floor():
    lif = codegen.neuron(planned(LOOPED()), 1)
    assert "const scalar floor_slope = MinSlope * threshold;" in lif.sim_code
    assert "const scalar slope = sqrt(fmax(squared, floor_slope * floor_slope));" in lif.sim_code
    assert ("MinSlope", "scalar", gd.EventProp().min_slope) in lif.params


def test_delays_are_stored_in_the_smallest_type_that_holds_the_largest():
    for largest, kind in ((255, "uint8_t"), (256, "uint16_t"), (70000, "uint32_t")):
        assert codegen.embedded_synapse(largest).variables[1].type == kind


def test_hash_follows_what_is_compiled_and_nothing_else():
    def digest(network, rows=(8,) * 8, batch_size=1, **arguments):
        return declare(planned(network, **arguments), list(rows), batch_size, [()] * 8).digest(
            "backend"
        )

    network, other = LOOPED(seed=0), LOOPED(seed=0)
    for projection in other.projections.values():
        projection.synapses.weight[:] = 0.0
    assert digest(network) == digest(other)
    changed = (
        digest(network, dt=0.5),
        digest(network, steps=81),
        digest(network, rows=(9,) * 8),
        digest(network, batch_size=4),
        digest(network, precision="float64"),
        digest(network, discretisation="euler"),
    )
    assert len({digest(network), *changed}) == 1 + len(changed)


def test_rows_have_room_for_half_as_much_again_and_full_ones_for_all():
    assert row_room(10, 1000) == 16
    assert row_room(10, 12) == 12
    assert row_room(12, 12) == 12
    assert row_room(20, 12) == 20  # several synapses join one pair
    assert row_room(0, 12) == 1


def test_shown_code_has_every_population_and_projection():
    text = text_of(planned(LOOPED()))
    for name in ("'adaptive'", "'output'", "'lif->adaptive#2'", "addToPostDelay", "bracket"):
        assert name in text


def test_state_that_the_code_needs_itself_is_refused():
    @dataclass(frozen=True, eq=False)
    class Odd(gd.LIF):
        states: ClassVar[tuple[str, ...]] = ("V", "step")
        input_state: ClassVar[str] = "step"

    network = gd.Network()
    network.add_population("input", gd.Input(), 1)
    network.add_population("odd", Odd(), 1)
    network.connect("input", "odd", weight=1.0)
    with pytest.raises(PlanError, match="cannot have a state named 'step'"):
        codegen.neuron(planned(network), 1)


def test_facts_tell_of_pygenn_and_cuda(monkeypatch):
    monkeypatch.delenv("CUDA_PATH", raising=False)
    found = facts()
    assert found["CUDA_PATH"] == "not set"
    assert found["PyGeNN"]


def take_pygenn() -> dict[str, ModuleType]:
    """Forget what was imported of pygenn; what that was."""
    names = [name for name in sys.modules if name.partition(".")[0] == "pygenn"]
    return {name: sys.modules.pop(name) for name in names}


@pytest.fixture
def no_pygenn():
    """What a test imports as pygenn is not what others find."""
    before = take_pygenn()
    yield
    take_pygenn()
    sys.modules.update(before)


@pytest.mark.parametrize(
    ("built", "said"),
    [
        (True, r"built with the backend 'cuda'.*libcuda.so.1: cannot open.*\n.*NVIDIA driver"),
        (False, r"built without the backend 'cuda'.*\nset CUDA_PATH"),
    ],
)
def test_a_backend_that_cannot_be_loaded_is_told_from_one_that_was_not_built(
    tmp_path, monkeypatch, no_pygenn, built, said
):
    """As on a login node: PyGeNN itself leaves out silently what it cannot load."""
    package = tmp_path / "pygenn"
    package.mkdir()
    (package / "__init__.py").write_text("__version__ = '5.4.0'\n")
    (package / "genn_model.py").write_text("backend_modules = {'single_threaded_cpu': None}\n")
    if built:
        missing = "libcuda.so.1: cannot open shared object file"
        (package / "cuda_backend.py").write_text(f"raise ImportError({missing!r})\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(BackendError, match=said) as caught:
        require(CUDA)
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize("rule", [gd.EventProp(), gd.Surrogate()], ids=["eventprop", "surrogate"])
def test_memory_is_asked_for_before_anything_is_built(rule):
    """On CUDA every trial of a batch has two gradients of every synapse."""
    network = LOOPED()
    options = {"readout": gd.readouts.MeanVoltage(), "dt": 1.0, "steps": 80, "batch_size": 1000}
    plan = make_plan(network, gradient=rule, **options)
    needed = {name: get_backend(name).needed(plan, network, None) for name in GENN}
    synapses = sum(len(projection.synapses) for projection in network.projections.values())
    assert needed["genn-cuda"] - needed["genn-cpu"] > 999 * 2 * 4 * synapses


@pytest.mark.parametrize("kind", WEIGHTS)
def test_a_step_map_is_written_into_the_neuron_and_nowhere_else(kind):
    plan = planned(of_equations(kind))
    hidden, lif = codegen.neuron(plan, 1), codegen.neuron(plan, 2)
    p = plan.populations[1]
    assert all(f"flowed_{s} = " in hidden.sim_code for s in p.states)
    assert set(hidden.constants) >= {f"c{k}" for k in p.step_map.collected.constants}
    assert hidden.inputs[1:] == tuple(f"Isyn_{k}" for k in range(1, len(p.input_states)))
    assert not any(name in lif.sim_code for name in ("Start_", "Blown", "Collected", "Arrived"))


@pytest.mark.parametrize("state", ["x0", "c12", "free", "Collected3", "Isyn_1"])
def test_names_of_programs_are_refused_for_states_with_a_step_map(state):
    neuron = gd.Equations(
        f"dV/dt = V**2 - V + {state}\nd{state}/dt = -{state}/5",
        threshold="V >= 1",
        reset="V = 0",
        input=state,
    )
    with pytest.raises(PlanError, match=f"'hidden': .* a state named '{state}'; rename it"):
        codegen.neuron(planned(of_equations("", neuron=neuron)), 1)


@pytest.mark.parametrize("state", ["full_V", "r_V", "R_V_V", "Start_V"])
def test_names_that_the_code_makes_of_another_state_are_refused(state):
    text = f"dV/dt = {state} - V\nd{state}/dt = -{state}/5"
    neuron = gd.Equations(text, threshold="V >= 1", input=state)
    network = of_equations("", neuron=neuron, learn=False)
    with pytest.raises(PlanError, match=f"'hidden': .* a state named '{state}'; rename it"):
        codegen.neuron(planned(network), 1)


def test_models_of_the_users_own_hold_the_flow_of_a_step_map():
    driven = planned(of_equations("driven")).populations[1]
    held = codegen.embedded_neuron(driven)
    assert "held ? 0.0 : 1.0" in held.sim_code
    assert "Offset" not in held.sim_code
    later = codegen.embedded_neuron(driven, offset=2)
    assert "V = start_V;" in later.sim_code
    assert ("Offset", "scalar", 2) in later.params
    conductance = codegen.embedded_neuron(planned(of_equations("conductance")).populations[1])
    assert conductance.inputs == ("Isyn_1",)
    assert "h = flowed_h + Isyn_1;" in conductance.sim_code
