"""The snippets of the surrogate rule as text, and what is refused; none of it needs PyGeNN."""

from __future__ import annotations

import re

import pytest
from equation_networks import network as equation_network
from folded_networks import lagless, normalised
from networks import KINDS

import genn_delays as gd
from genn_delays.backends import get_backend
from genn_delays.backends.genn import codegen, prepared
from genn_delays.backends.genn.declaration import declare
from genn_delays.backends.genn.schedule import schedule_of
from genn_delays.backends.genn.show import text_of
from genn_delays.backends.genn.surrogate.simulation import check_training
from genn_delays.planning.gradients.surrogate import FUNCTIONS
from genn_delays.planning.plan import make_plan
from genn_delays.support.errors import PlanError

PROVIDED = """Isyn id t dt batch num_neurons scalar const unsigned int bool if else rint exp fabs
    expm1 fmax for uint64_t false true addToPost addToPostDelay addToPre"""


def planned(network, rule=None):
    return make_plan(
        network,
        gradient=rule or gd.Surrogate(),
        readout=gd.readouts.MeanVoltage(population="output"),
        dt=1.0,
        steps=80,
    )


def undeclared(code: str, names: list[str]) -> set[str]:
    code = re.sub(r"//.*", "", code)
    declared = set(re.findall(r"(?:scalar|int|bool|uint64_t) (\w+)", code))
    return set(re.findall(r"\b[A-Za-z_]\w*", code)) - {*declared, *names, *PROVIDED.split()}


@pytest.mark.parametrize("attached", [False, True])
@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("kernel", [None, "gaussian", "triangle"])
def test_every_name_in_the_code_is_declared(kernel, function, attached):
    network = lagless(gd.kernels.KERNELS[kernel](1.0)) if kernel else lagless()
    plan = planned(network, gd.Surrogate(function, detach_reset=not attached))
    for k in range(len(plan.populations)):
        n = codegen.neuron(plan, k)
        names = [name for name, *_ in (*n.params, *n.arrays)] + [v.name for v in n.variables]
        assert not undeclared(n.sim_code, [*names, *n.constants, *n.inputs])
    for k in range(len(plan.projections)):
        s = codegen.synapse(plan, k)
        names = [v.name for v in s.variables]
        names += [name for name, *_ in (*s.params, *s.pre, *s.post)]
        assert not undeclared(s.spike_code + s.event_code, names)


@pytest.mark.parametrize("attached", [False, True])
@pytest.mark.parametrize("kind", ["driven", "conductance", "delta", "lif"])
def test_every_name_in_the_code_of_a_step_map_is_declared(kind, attached):
    plan = planned(equation_network(kind, "looped"), gd.Surrogate(detach_reset=not attached))
    n = codegen.neuron(plan, 1, keeps=True)
    names = [name for name, *_ in (*n.params, *n.arrays)] + [v.name for v in n.variables]
    assert not undeclared(n.sim_code, [*names, *n.constants, *n.inputs])
    assert "Collected0[unit] +=" in n.sim_code


def test_what_only_learns_weights_delays_and_biases_has_the_code_of_a_matrix():
    """Networks that need no step map keep the models that they have."""
    code = text_of(prepared(planned(lagless())))
    assert not any(word in code for word in ("Blown", "Collected", "earlier", "kick"))


def test_populations_behind_a_lag_of_0_run_later():
    """Arrivals in the model are those of the plan, and none in the step of the spike."""
    plan = planned(lagless())
    schedule = schedule_of(plan)
    assert schedule.offsets == (0, 1, 2, 3)
    assert (schedule.forward, schedule.backward) == (83, 84)
    for q, extra in zip(plan.projections, schedule.extras, strict=True):
        assert extra >= 0
        later = schedule.offsets[q.post] - schedule.offsets[q.pre]
        assert 1 + extra == q.lag + later
    assert set(schedule_of(planned(KINDS["looped"]())).offsets) == {0}
    synapses = declare(plan, [9] * 6, 1, [()] * 6).synapses
    slots = [q.max_delay_steps + e for q, e in zip(plan.projections, schedule.extras, strict=True)]
    assert [s.max_delay_steps for s in synapses] == slots


def test_an_attached_reset_keeps_the_states_it_reads():
    attached = planned(lagless(), gd.Surrogate(detach_reset=False))
    late = dict(codegen.neuron(attached, 2).arrays)
    assert {"Voltage", "History_latch1"} <= late.keys()
    assert "History_latch2" not in late
    assert "History_latch1" not in dict(codegen.neuron(planned(lagless()), 2).arrays)


def test_what_training_changes_is_not_compiled_in():
    hidden = codegen.neuron(prepared(planned(normalised())), 1)
    assert {"c0", "threshold", "Bias"} <= set(hidden.constants)
    second = codegen.neuron(prepared(planned(normalised())), 2)
    assert "threshold" in {name for name, *_ in second.params}


def test_code_is_shown_for_every_part():
    text = text_of(planned(lagless(gd.kernels.Gaussian(1.0))))
    for part in ("'late'", "'late->late'", "Dropout[unit]", "Into[slot]", "Taps", "// Adam"):
        assert part in text


@pytest.mark.parametrize("backend", ["genn-cpu", "genn-cuda"])
def test_what_has_no_code_is_refused_before_anything_is_built(backend):
    class Box(gd.kernels.Triangle):
        pass

    engine = get_backend(backend)
    with pytest.raises(PlanError, match='backend="reference"'):
        engine.check(planned(lagless(), gd.Surrogate(smooth=True)))
    with pytest.raises(PlanError, match=r"'input->hidden'.* kernel Box; use one of"):
        engine.check(planned(lagless(Box(1.0))))


class Gaussian(gd.kernels.Gaussian):
    """One of a user's own, of the name of another."""


def test_a_kernel_of_ones_own_is_not_taken_for_that_of_its_name():
    with pytest.raises(PlanError, match="no code for the kernel Gaussian"):
        get_backend("genn-cpu").check(planned(lagless(Gaussian(1.0))))


def test_what_is_evaluated_only_says_who_trains_it():
    with pytest.raises(PlanError, match=r"evaluate batch normalisation but.*native"):
        check_training(planned(normalised()))
    check_training(planned(lagless()))


def test_an_embedded_bias_waits_for_the_clock_of_its_population():
    plan = planned(lagless())
    assert "(Isyn + Bias)" in codegen.embedded_neuron(plan.populations[1]).sim_code
    later = codegen.embedded_neuron(plan.populations[1], offset=2)
    assert "(rint(t / dt) < Offset) ? 0.0 : Bias" in later.sim_code
    assert ("Offset", "scalar", 2) in later.params
