"""A stream gives what a whole trial gives, however its input is cut into chunks."""

from __future__ import annotations

from functools import partial

import equation_networks
import folded_networks
import networks
import numpy as np
import pytest
import refractory_networks
import surrogate_cases

import genn_delays as gd
from genn_delays.experiment.recipe import Recipe
from genn_delays.support.errors import DataError, PlanError

EVENTPROP = {
    "feedforward": networks.feedforward,
    "recurrent": networks.recurrent,
    "looped": networks.looped,
    "refractory": partial(refractory_networks.network, "looped"),
    "soft reset": partial(refractory_networks.network, "looped", soft=True),
    "adex": partial(equation_networks.network, "adex", "looped", learn=False),
    "delta": partial(equation_networks.network, "delta", "recurrent", learn=False),
    "conductance": partial(equation_networks.network, "conductance", learn=False),
}
SURROGATE = {
    "dcls": surrogate_cases.dcls,
    "fcn24": surrogate_cases.fcn24,
    "surrogate loop": surrogate_cases.looped,
    "tails": folded_networks.normalised,
    "lags": folded_networks.lagless,
}
READOUTS = {
    "mean": gd.readouts.MeanVoltage(),
    "exponential": gd.readouts.ExponentialMeanVoltage(),
    "maximum": gd.readouts.MaxVoltage(),
    "softmax": gd.readouts.SoftmaxSum(),
    "trace": gd.readouts.VoltageTrace(),
}


def model_of(network, readout=None, gradient=None, steps=1000, backend="auto", precision="float64"):
    recipe = Recipe(
        dt=1.0,
        steps=steps,
        precision=precision,
        discretisation="exact",
        gradient=gradient or gd.EventProp(),
        readout=readout or gd.readouts.MeanVoltage(),
        loss=gd.losses.CrossEntropy(),
    )
    return gd.Model(network, recipe, backend=backend)


def one_trial(network, events=2500, duration=1000.0, graded=False):
    rng = np.random.default_rng(4)
    size = network.populations["input"].size
    values = rng.uniform(0.2, 1.5, events) if graded else None
    return rng.uniform(0, duration, events), rng.integers(0, size, events), values


def streamed(model, trial, chunk, duration=1000.0):
    """Outputs after a trial in chunks of so many ms."""
    time, unit, value = trial
    stream = gd.stream(model)
    for k in range(int(np.ceil(duration / chunk))):
        end = min((k + 1) * chunk, duration)
        now = (time >= k * chunk) & (time < end)
        stream.feed(time[now], unit[now], until=end, values=None if value is None else value[now])
    assert stream.time == duration
    return stream.outputs


def events_of(trial):
    time, unit, value = trial
    return gd.Events(time, unit, np.zeros(len(time), int), 1, value)


@pytest.mark.parametrize("kind", [*EVENTPROP, *SURROGATE])
def test_chunks_of_any_size_give_what_the_whole_trial_gives(kind):
    network = {**EVENTPROP, **SURROGATE}[kind]()
    gradient = gd.Surrogate() if kind in SURROGATE or kind == "soft reset" else gd.EventProp()
    backend = "reference" if kind in ("adex", "conductance") else "native"
    model = model_of(network, gradient=gradient, backend=backend, steps=200)
    trial = one_trial(network, events=600, duration=200.0)
    whole = model.outputs(events_of(trial))[0]
    assert np.abs(whole).max() > 1e-3
    for chunk in (1.0, 7.0, 33.3, 200.0):
        np.testing.assert_allclose(streamed(model, trial, chunk, 200.0), whole, atol=1e-9)


@pytest.mark.parametrize("chunk", [1.0, 7.0, 1000.0])
def test_in_single_precision_a_second_is_the_same_to_a_millionth(chunk):
    network = networks.looped()
    model, trial = model_of(network, precision="float32"), one_trial(network)
    whole = model.outputs(events_of(trial))[0]
    np.testing.assert_allclose(streamed(model, trial, chunk), whole, atol=1e-6)


@pytest.mark.parametrize("readout", READOUTS)
def test_every_readout_of_voltages_is_streamed(readout):
    network = networks.feedforward()
    model = model_of(network, READOUTS[readout], steps=100)
    trial = one_trial(network, 300, 100.0, graded=True)
    whole = model.outputs(events_of(trial))[0]
    np.testing.assert_allclose(streamed(model, trial, 7.0, 100.0), whole, atol=1e-9)


@pytest.mark.parametrize("readout", ["FirstSpike", "SpikeCount"])
def test_readouts_of_spikes_are_streamed(readout):
    gradient = gd.Surrogate() if readout == "SpikeCount" else gd.EventProp()
    network = networks.feedforward()
    made = getattr(gd.readouts, readout)(population="adaptive")
    if readout == "FirstSpike":
        network.projections.pop("adaptive->output")
    model = model_of(network, made, gradient, steps=100)
    trial = one_trial(network, 300, 100.0)
    whole = model.outputs(events_of(trial))[0]
    assert len(set(whole)) > 2
    np.testing.assert_array_equal(streamed(model, trial, 7.0, 100.0), whole)


def test_a_stream_goes_on_beyond_a_trial_with_the_outputs_of_its_last_steps():
    network, trace = networks.feedforward(), gd.readouts.VoltageTrace()
    short, long = model_of(network, steps=50), model_of(network, trace, steps=90)
    trial = one_trial(network, 300, 90.0)
    trace = long.outputs(events_of(trial))[0]
    np.testing.assert_allclose(streamed(short, trial, 7.0, 90.0), trace[40:].mean(0), atol=1e-9)


def test_a_stream_begins_again():
    network = networks.feedforward()
    model, trial = model_of(network, steps=50), one_trial(network, 300, 50.0)
    stream = gd.stream(model)
    first = stream.feed(*trial[:2], until=50.0).copy()
    stream.reset()
    assert np.isnan(stream.outputs).all()
    np.testing.assert_array_equal(stream.feed(*trial[:2], until=50.0), first)
    assert stream.predict() == model.predict(events_of(trial))[0]


def test_late_early_and_foreign_events_are_refused_and_nothing_of_them_is_taken():
    network = networks.feedforward()
    stream = gd.stream(model_of(network, steps=50))
    stream.feed([1.0], [0], until=10.0)
    for times, units, until, message in (
        ([9.0], [0], 20.0, "this call takes those from 10 to 20 ms"),
        ([20.0], [0], 20.0, "events at 20 to 20 ms"),
        ([12.0], [13], 20.0, "names unit 13; 'input' has 13"),
        ([], [], 5.0, "the stream is at 10 ms already"),
        ([np.nan], [0], 20.0, "NaN"),
    ):
        with pytest.raises(DataError, match=message):
            stream.feed(times, units, until=until)
    assert stream.time == 10.0
    stream.feed([12.0], [0], until=20.0)


def test_a_stream_has_one_input():
    network = networks.feedforward()
    network.add_population("other", gd.Input(), 2)
    with pytest.raises(PlanError, match="has one input"):
        gd.stream(model_of(network))
