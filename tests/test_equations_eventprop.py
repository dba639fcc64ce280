"""EventProp of neurons as equations against finite differences of an event-exact simulation."""

from __future__ import annotations

import numpy as np
import oracle
import pytest
from equations_oracle import differences
from equations_zoo import CASES, DURATION, Case, inputs, lif

import genn_delays as gd

DRIVE = np.array([1.0, -0.5, 0.7])
SEES_ARRIVALS = ("delta", "delta_and_current")
"""Their spikes have the times of arrivals, so that only their own voltage shows the rest."""


def value(loss: str):
    """From a trial of the event-exact simulation to the loss of each copy."""
    return {
        "output": lambda trial: trial.area["output"] @ DRIVE[:2] / DURATION,
        "hidden": lambda trial: trial.area["hidden"] @ DRIVE / DURATION,
        "end": lambda trial: trial.last["output"] @ DRIVE[:2],
        "first": lambda trial: sum(
            d * times[0] for d, times in zip(DRIVE, trial.spikes["hidden"], strict=True)
        ),
    }[loss]


def gradients(net: gd.Network, loss: str, dt: float):
    readout = {
        "output": gd.readouts.MeanVoltage(),
        "hidden": gd.readouts.MeanVoltage(population="hidden"),
        "end": gd.readouts.VoltageTrace(),
        "first": gd.readouts.FirstSpike(population="hidden"),
    }[loss]
    options = {"dt": dt, "steps": round(DURATION / dt), "backend": "reference"}
    time, unit = zip(*inputs(), strict=True)
    with gd.compile(net, readout=readout, precision="float64", **options) as simulation:
        outputs = simulation.forward(gd.Events(np.array(time), unit, np.zeros(len(time), int), 1))
        drive = np.zeros_like(outputs)
        if loss == "end":
            drive[0, -1] = DRIVE[: outputs.shape[-1]]
        else:
            drive[0] = DRIVE[: outputs.shape[-1]]
        return simulation.backward(drive)


def errors(net: gd.Network, loss: str, dt: float, exact) -> dict[tuple[str, str], float]:
    """Relative error of each weight, delay and parameter."""
    found, result = gradients(net, loss, dt), {}
    for (group, what), wanted in exact.items():
        units = group in net.populations
        ours = found.units[group][what] if units else getattr(found[group], what)
        size = max(np.linalg.norm(wanted), 1e-6)
        result[group, what] = np.linalg.norm(ours - wanted) / size
    return result


def mean_errors(case: Case, kinds: tuple[bool, ...], loss: str, steps: tuple[float, ...]):
    """Mean over quantities and over feedforward and recurrent, at each dt."""
    found: dict[float, list[float]] = {dt: [] for dt in steps}
    for recurrent in kinds:
        net = case.network(recurrent)
        trial, exact = differences(net, inputs(), DURATION, value(loss))
        assert sum(map(len, trial.spikes["hidden"])) >= 6
        for dt in steps:
            found[dt] += errors(net, loss, dt, exact).values()
    return [float(np.mean(found[dt])) for dt in steps]


def test_the_simulation_has_the_gradients_of_the_one_in_closed_form():
    net = gd.Network(seed=5)
    net.add_population("input", gd.Input(), 4)
    net.add_population("hidden", gd.LIF(tau_mem=15.0, tau_syn=4.0, refractory=2.0), 3)
    net.add_population("output", gd.LeakyReadout(), 2)
    drawn, spread = gd.init.Normal, {"delay": gd.init.Uniform(1, 7), "max_delay": 9.0}
    net.connect("input", "hidden", weight=drawn(1.3, 0.6), **spread)
    net.connect("hidden", "hidden", weight=drawn(0.2, 0.4), **spread)
    net.connect("hidden", "output", weight=drawn(0.2, 0.5), **spread)

    def closed():
        cells, _ = oracle.simulate(net, inputs(), DURATION)
        pairs = zip(DRIVE, cells["output"], strict=False)
        return sum(d * cell.area / DURATION for d, cell in pairs)

    wanted = oracle.finite_differences(net, closed)
    trial, found = differences(net, inputs(), DURATION, value("output"))
    assert sum(map(len, trial.spikes["hidden"])) >= 6
    for (group, what), slopes in found.items():
        np.testing.assert_allclose(slopes, wanted[group][what], rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("name", ["refractory_lif", "delta"])
def test_gradients_approach_finite_differences(name):
    loss = "hidden" if name in SEES_ARRIVALS else "output"
    coarse, fine = mean_errors(CASES[name], (False,), loss, (0.2, 0.05))
    assert fine < 0.06
    assert fine < coarse / 2  # a quarter of the step


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_gradients_approach_finite_differences_in_proportion_to_dt(name):
    loss = "hidden" if name in SEES_ARRIVALS else "output"
    coarse, fine = mean_errors(CASES[name], (False, True), loss, (0.1, 0.025))
    assert fine < 0.05
    assert fine < coarse / 2  # a quarter of the step


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["hidden", "end", "first"])
@pytest.mark.parametrize("name", ["refractory_lif", "izhikevich"])
def test_other_losses_approach_finite_differences_too(name, loss):
    coarse, fine = mean_errors(CASES[name], (False,), loss, (0.1, 0.025))
    assert fine < 0.06
    assert fine < coarse / 2


def kicked(neuron: gd.Neuron, weights: list[float]) -> gd.Network:
    """Inputs of these weights to one neuron, each with a delay of 3 ms."""
    net = gd.Network()
    net.add_population("input", gd.Input(), len(weights))
    net.add_population("hidden", neuron, 1)
    net.connect("input", "hidden", weight=np.array(weights)[:, None], delay=3.0)
    return net


def delta_neuron() -> gd.Equations:
    return gd.Equations(
        "dV/dt = -V / tau_mem",
        threshold="V >= 1",
        reset="V = 0",
        input="V",
        parameters={"tau_mem": 20.0},
    )


def run(net: gd.Network, times: list[float], readout, steps: int = 400):
    options = {"dt": 0.1, "steps": steps, "backend": "reference", "precision": "float64"}
    with gd.compile(net, readout=readout, **options) as simulation:
        units = np.arange(len(times))
        outputs = simulation.forward(gd.Events(times, units, np.zeros(len(times), int), 1))
        return outputs, simulation.backward(np.ones_like(outputs))["input->hidden"]


def test_a_spike_that_an_arrival_causes_has_the_time_of_that_arrival():
    """Its time moves with the delay of the last one only, and with no weight."""
    readout = gd.readouts.FirstSpike(population="hidden")
    outputs, gradient = run(kicked(delta_neuron(), [0.8, 0.5]), [2.0, 4.0], readout)
    assert outputs[0, 0] == pytest.approx(7.0, abs=0.15)
    np.testing.assert_allclose(gradient.delay, [0.0, 1.0], atol=1e-12)
    np.testing.assert_array_equal(gradient.weight, [0.0, 0.0])


def test_arrivals_of_one_step_share_the_spike_they_cause_by_their_weights():
    readout = gd.readouts.FirstSpike(population="hidden")
    _, gradient = run(kicked(delta_neuron(), [0.9, 0.3]), [2.0, 2.0], readout)
    np.testing.assert_allclose(gradient.delay, [0.75, 0.25], rtol=1e-12)


def test_the_mean_voltage_does_not_see_when_an_arrival_raises_it():
    """Long before the end: the area under a decay is the same, wherever it begins."""
    readout = gd.readouts.MeanVoltage(population="hidden")
    for threshold in ("V >= 1", None):
        neuron = gd.Equations("dV/dt = -V / 2", threshold=threshold, input="V")
        _, gradient = run(kicked(neuron, [0.5]), [2.0], readout, steps=600)
        assert abs(gradient.delay[0]) < 1e-9 * gradient.weight[0]


def test_a_voltage_that_input_jumps_cannot_be_held_whichever_port_it_is():
    neuron = gd.Equations(
        "dV/dt = (I - V) / 20 (unless refractory)\ndI/dt = -I / 5",
        threshold="V >= 1",
        reset="V = 0",
        refractory=2.0,
        input=("I", "V"),
    )
    net = gd.Network()
    net.add_population("input", gd.Input(), 1)
    net.add_population("hidden", neuron, 1)
    net.connect("input", "hidden", weight=1.0, target="V")
    with pytest.raises(gd.GennDelaysError, match="input jumps the voltage 'V'"):
        gd.compile(net, readout=gd.readouts.MeanVoltage(population="hidden"), steps=10)


def test_one_value_for_all_neurons_gains_what_each_of_them_does():
    found = {}
    for tied in (True, False):
        made = lif()
        value_of = float if tied else (lambda x: np.full(3, x))
        neuron = made.with_values({"theta": value_of(1.0), "tau_mem": value_of(15.0)})
        net = Case(lambda neuron=neuron: neuron, CASES["lif"].inputs, (), 5).network(False)
        found[tied] = gradients(net, "output", 0.5).units["hidden"]
    for name in ("theta", "tau_mem"):
        np.testing.assert_allclose(found[True][name], found[False][name].sum(), rtol=1e-12)
