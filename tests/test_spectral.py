"""Wide delay kernels of the surrogate rule, which the embedded engine takes through spectra."""

from __future__ import annotations

import numpy as np
import pytest
from surrogate_cases import batch, dcls, fcn24
from test_surrogate_parity import assert_same, train
from test_vectors import EVERY, SLOW

import genn_delays as gd
from genn_delays.backends.native import vectors
from genn_delays.backends.native.memory import estimate
from genn_delays.backends.native.surrogate import spectral
from genn_delays.planning.plan import make_plan

Normal, Uniform, Gaussian = gd.init.Normal, gd.init.Uniform, gd.kernels.Gaussian
EPS = float(np.finfo(np.float32).eps)


def compiled(network, backend="native", trials=11, steps=30, **settings):
    readout = settings.pop("readout", gd.readouts.SoftmaxSum())
    rule, settings = gd.Surrogate(), settings | {"steps": steps, "batch_size": trials}
    return gd.compile(network, gradient=rule, readout=readout, backend=backend, **settings)


def results(network, *backends, trials=11, steps=30, **settings):
    found, events = [], batch(trials, 60 * trials, graded=True)
    for backend in backends:
        with compiled(network, backend, trials, steps, **settings) as simulation:
            found.append(train(simulation, events))
            if backend == "native":
                assert simulation.spectrals
    return found


def linear(sigma: float = 12.0) -> gd.Network:
    """A readout whose voltage is linear in the taps of the synapses."""
    net = gd.Network(3)
    net.add_population("input", gd.Input(), 6)
    net.add_population("output", gd.LeakyReadout(tau_mem=9.0), 40)
    wide = {"delay": Uniform(2, 22), "max_delay": 24.0, "kernel": Gaussian(sigma)}
    net.connect("input", "output", weight=Normal(0, 1), **wide)
    return net


def plan_of(network, precision="float32", trials=11):
    settings = {"dt": 1.0, "steps": 30, "batch_size": trials, "precision": precision}
    return make_plan(network, gradient=gd.Surrogate(), readout=gd.readouts.SoftmaxSum(), **settings)


def test_training_with_wide_kernels_goes_through_spectra_and_nothing_else_does():
    network = fcn24(12.0)
    with compiled(network) as simulation:
        simulation.forward(batch())
        assert set(simulation.spectrals) == {0, 1}
        held = simulation.memory()
        simulation.forward(batch(), training=False)
        assert not simulation.spectrals
        for projection in network.projections.values():
            projection.kernel.current = 0.23
        simulation.load(network)
        simulation.forward(batch())
        assert not simulation.spectrals
        assert simulation.memory() < held


@pytest.mark.parametrize("width", EVERY)
@pytest.mark.parametrize("make", [dcls, lambda: fcn24(12.0)], ids=["dcls", "fcn24"])
def test_spectra_equal_the_reference_at_every_width(make, width, monkeypatch):
    monkeypatch.setenv(vectors.VARIABLE, str(width))
    assert_same(*results(make(), "reference", "native", precision="float64"))


@pytest.mark.parametrize("length", [32, 48, 64, 80, 96])
def test_transforms_of_every_length_and_trials_of_several_segments(length, monkeypatch):
    """And parts of the batch: with room for the spectra of two groups only."""
    monkeypatch.setattr(spectral, "_lengths", lambda: [length])
    monkeypatch.setattr(spectral, "PART", 1)
    monkeypatch.setenv(vectors.VARIABLE, "16")
    assert_same(*results(fcn24(12.0), "reference", "native", precision="float64", trials=35))


@pytest.mark.parametrize("sigma", [1.5, 3.0, 12.0])
def test_float32_is_as_near_to_the_reference_as_sums_of_taps(sigma):
    both = results(fcn24(sigma), "reference", "native", precision="float32")
    assert_same(*both, outputs=3e-6, gradients=2e-5)


@pytest.mark.parametrize("sigma", [1.0, 3.0, 5.0, 12.0, 100.0])
def test_taps_have_the_precision_of_float32_at_every_delay(sigma):
    kernel, plan = Gaussian(sigma), plan_of(fcn24(sigma))
    one = spectral.spectral_of(plan, 0, 210, kernel)
    delay = np.random.default_rng(1).uniform(0, 24, 2000)
    exact = kernel.taps(delay, 24, 1e-16)
    if one is None or one.series is None:
        assert sigma < 3.0
        return
    powers = np.polynomial.chebyshev.chebvander(delay / 12.0 - 1.0, len(one.series) - 1)
    share, slope = (powers @ column @ one.basis for column in one.both_series.transpose(1, 0, 2))
    taps = spectral.whole(exact.first, exact.weight, 24)
    slopes = spectral.whole(exact.first, exact.slope, 24)
    assert np.abs(share - taps).max() <= EPS * taps.max()
    assert np.abs(slope - slopes).max() <= 1e-4 * np.abs(slopes).max()


def test_delay_gradients_are_derivatives_of_what_the_forward_pass_computes():
    network, events = linear(), batch(graded=True)
    table, step = network.projections["input->output"].synapses, 0.25
    with compiled(network, readout=gd.readouts.MeanVoltage()) as simulation:
        drive = np.cos(np.arange(simulation.forward(events).size)).reshape(11, 40)
        gradient = simulation.backward(drive)["input->output"].delay
        assert simulation.spectrals[0].series is not None
        for k in (0, 7, 239):
            found, delay = [], table.delay[k]
            for table.delay[k] in (delay - step, delay + step):
                simulation.load(network)
                found.append(float(np.sum(simulation.forward(events) * drive)))
            table.delay[k] = delay
            slope = (found[1] - found[0]) / (2 * step)
            assert slope == pytest.approx(gradient[k], abs=3e-3 * np.abs(gradient).max())


def test_results_are_bit_identical_for_any_number_of_threads_and_any_neighbours():
    network = fcn24(12.0)
    found = [results(network, "native", trials=40, threads=threads)[0] for threads in (1, 2, 5)]
    for other in found[1:]:
        assert_same(found[0], other, outputs=0.0, gradients=0.0)
    events, busy = batch(2, 60), batch(18, 9000, seed=6)
    joined = gd.Events(
        *(np.concatenate([getattr(e, c) for e in (events, busy)]) for c in ("time", "unit")),
        np.concatenate([events.trial, busy.trial + 2]),
        20,
    )
    network = linear()
    with compiled(network, trials=20, readout=gd.readouts.VoltageTrace()) as simulation:
        alone = simulation.forward(events).copy()
        assert simulation.spectrals
        np.testing.assert_array_equal(simulation.forward(joined)[:2], alone)


def test_synapses_of_a_silent_unit_have_no_gradient_at_all():
    network, events = fcn24(12.0), batch(graded=True)
    heard = events.unit != 2
    columns = (getattr(events, name)[heard] for name in ("time", "unit", "trial"))
    time, unit, trial = columns
    with compiled(network) as simulation:
        outputs = simulation.forward(gd.Events(time, unit, trial, 11, events.value[heard]))
        gradient = simulation.backward(np.ones_like(outputs))["input->hidden"]
    silent = network.projections["input->hidden"].synapses.pre == 2
    assert not gradient.weight[silent].any()
    assert not gradient.delay[silent].any()
    assert gradient.delay[~silent].all()


@pytest.mark.parametrize("precision", ["float32", pytest.param("float64", marks=SLOW)])
def test_estimate_is_exact_with_spectra(precision):
    network = fcn24(12.0)
    with compiled(network, threads=3, precision=precision) as simulation:
        masks = {p.name: np.ones((11, p.size)) for p in simulation.plan.populations if p.dropout}
        outputs = simulation.forward(batch(), masks=masks)
        simulation.backward(np.ones_like(outputs))
        expected = estimate(simulation.plan, network, threads=3)
        assert simulation.spectrals
        assert sum(expected.values()) == simulation.memory()


def test_a_batch_without_trials_leaves_the_weights_of_the_next_one_as_they_are():
    network, none, some = fcn24(12.0), batch(0, 0), batch(graded=True)
    with compiled(network) as simulation:
        expected = simulation.forward(some)
    with compiled(network) as simulation:
        assert len(simulation.forward(none)) == 0
        np.testing.assert_array_equal(simulation.forward(some), expected)
