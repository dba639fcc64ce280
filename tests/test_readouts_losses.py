"""Every readout and loss: its backward pass is the derivative of its forward pass."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special

import genn_delays as gd
from genn_delays.experiment.options import LOSSES, READOUTS
from genn_delays.planning.softmax import log_softmax, softmax
from genn_delays.support.errors import DataError, PlanError
from genn_delays.training.losses import CrossEntropy, MeanSquaredError, StepCrossEntropy

VOLTAGES = np.random.default_rng(0).normal(size=(3, 7, 4))
OBSERVED = {
    "voltage": VOLTAGES,
    "first_spike": np.abs(VOLTAGES[:, 0]) * 10,
    "spike_count": np.round(np.abs(VOLTAGES[:, 0]) * 10),
}


def test_a_mean_squared_error_of_no_trials_is_refused():
    with pytest.raises(DataError, match="at least one trial"):
        gd.losses.MeanSquaredError()(np.zeros((0, 2)), np.zeros((0, 2)))


def slopes(function, at, eps=1e-6):
    """Central differences of a scalar function at every entry of an array."""
    result = np.zeros_like(at)
    for index in np.ndindex(at.shape):
        moved = at.copy()
        moved[index] += eps
        above = function(moved)
        moved[index] -= 2 * eps
        result[index] = (above - function(moved)) / (2 * eps)
    return result


@pytest.mark.parametrize("name", READOUTS)
def test_readouts_have_the_gradient_of_finite_differences(name):
    readout = READOUTS[name]()
    observed = OBSERVED[readout.reads]
    outputs = readout.forward(observed, 0.5)
    drive = np.random.default_rng(1).normal(size=outputs.shape)
    found = readout.backward(drive, observed, 0.5)
    expected = slopes(lambda moved: np.sum(drive * readout.forward(moved, 0.5)), observed)
    assert found.shape == observed.shape
    np.testing.assert_allclose(found, expected, atol=1e-8)


def test_readouts_are_what_they_are_called():
    mean = gd.readouts.MeanVoltage().forward(VOLTAGES, 1.0)
    np.testing.assert_allclose(mean, VOLTAGES.mean(axis=1))
    weights = np.exp(-np.arange(7) * 0.5 / 3.0)
    early = gd.readouts.ExponentialMeanVoltage(tau=3.0).forward(VOLTAGES, 0.5)
    np.testing.assert_allclose(early, (VOLTAGES * weights[:, None]).mean(axis=1))
    largest = gd.readouts.MaxVoltage().forward(VOLTAGES, 1.0)
    np.testing.assert_array_equal(largest, VOLTAGES.max(axis=1))
    counts = gd.readouts.SpikeCount().forward(OBSERVED["spike_count"], 1.0)
    np.testing.assert_array_equal(counts, OBSERVED["spike_count"])


def test_outputs_are_double_precision_and_single_trials_stay_batches():
    for kind in READOUTS.values():
        readout = kind()
        assert readout.forward(OBSERVED[readout.reads][:1].astype(np.float32), 1.0).dtype == float


def test_a_bad_time_constant_is_refused():
    with pytest.raises(PlanError, match=r"tau=0\): must be > 0 ms"):
        gd.readouts.ExponentialMeanVoltage(tau=0)


LABELS = np.array([3, 0, 1])
STEP_LABELS = np.random.default_rng(3).integers(0, 4, (3, 7))
CASES = [
    (CrossEntropy(), LABELS),
    (CrossEntropy(scale=20.0), LABELS),
    (CrossEntropy(scale=-0.3, label_smoothing=0.2), LABELS),
    (MeanSquaredError(), np.random.default_rng(2).normal(size=(3, 4))),
    (StepCrossEntropy(scale=2.0), STEP_LABELS),
    (StepCrossEntropy(label_smoothing=0.2, steps=((1, 3), (5, 7)), counted=((6, 7),)), STEP_LABELS),
]


@pytest.mark.parametrize(("loss", "targets"), CASES, ids=lambda case: str(case)[:60])
def test_losses_have_the_gradient_of_finite_differences(loss, targets):
    outputs = 0.3 * (VOLTAGES if isinstance(loss, StepCrossEntropy) else VOLTAGES[:, 0])
    value, drive = loss(outputs, targets)
    expected = slopes(lambda moved: loss(moved, targets)[0], outputs)
    assert isinstance(value, float)
    np.testing.assert_allclose(drive, expected, atol=1e-7)


def test_every_loss_has_a_case():
    assert {type(loss) for loss, _ in CASES} == set(LOSSES.values())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_softmax_is_that_of_scipy(dtype):
    x = np.random.default_rng(0).normal(0.0, 30.0, (4, 7, 5)).astype(dtype)
    x[0, 0, 0] = -np.inf
    for ours in (softmax, log_softmax):
        wanted = getattr(scipy.special, ours.__name__)(x, axis=-1)
        assert ours(x).dtype == dtype
        np.testing.assert_allclose(ours(x), wanted, rtol=2 * np.finfo(dtype).eps)


def test_cross_entropy_of_large_outputs_is_finite():
    value, drive = CrossEntropy(scale=1e6)(np.array([[1e3, -1e3]]), np.array([1]))
    assert np.isfinite(value)
    assert np.all(np.isfinite(drive))


def test_predictions_are_the_largest_or_where_the_scale_is_negative_the_smallest():
    outputs = np.array([[1.0, 3.0, 2.0]])
    assert CrossEntropy().predict(outputs).tolist() == [1]
    assert CrossEntropy(scale=-0.1).predict(outputs).tolist() == [0]
    assert MeanSquaredError().predict(outputs) is None


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 4, 1], "label 4 is out of range for 4 output units; labels are 0 to 3"),
        ([0, -1, 1], "label -1 is out of range"),
        ([0, 1], r"labels of shape \(2,\) .* for 3 trials"),
        ([[0, 1], [1, 0], [1, 1]], r"labels of shape \(3, 2\) .* for 3 trials"),
        ([0.0, 1.0, 2.0], "float64"),
    ],
)
def test_labels_out_of_range_are_refused(labels, message):
    with pytest.raises(DataError, match=message):
        CrossEntropy()(VOLTAGES[:, 0], np.array(labels))


@pytest.mark.parametrize("shape", [(3, 7, 4), (3,), (0, 4)])
def test_a_cross_entropy_is_that_of_one_output_per_class_and_of_a_trial_at_least(shape):
    with pytest.raises(DataError, match="of at least one trial, got"):
        CrossEntropy()(np.zeros(shape), np.zeros(shape[0], int))


def test_a_cross_entropy_is_the_mean_over_the_trials_of_what_the_labels_expect():
    outputs = np.array([[1.0, 2.0, 0.5], [0.0, -1.0, 3.0]])
    log_p = np.log(scipy.special.softmax(2.0 * outputs, axis=1))
    plain, _ = CrossEntropy(scale=2.0)(outputs, np.array([1, 0]))
    assert plain == pytest.approx(-(log_p[0, 1] + log_p[1, 0]) / 2)
    smooth, _ = CrossEntropy(scale=2.0, label_smoothing=0.3)(outputs, np.array([1, 0], np.uint8))
    assert smooth == pytest.approx(0.7 * plain - 0.1 * log_p.sum() / 2)
    value, drive = MeanSquaredError()(outputs, np.zeros((2, 3), int))
    assert value == pytest.approx(np.mean(outputs**2))
    np.testing.assert_allclose(drive, outputs / 3)


def test_a_step_cross_entropy_is_the_mean_of_those_of_its_steps():
    each = [CrossEntropy(2.0, 0.1)(VOLTAGES[:, t], STEP_LABELS[:, t]) for t in range(7)]
    value, drive = StepCrossEntropy(2.0, 0.1)(VOLTAGES, STEP_LABELS)
    assert value == pytest.approx(np.mean([value for value, _ in each]))
    np.testing.assert_allclose(drive, np.stack([drive for _, drive in each], axis=1) / 7)
    some, drive = StepCrossEntropy(2.0, 0.1, steps=((1, 3), (2, 4)))(VOLTAGES, STEP_LABELS)
    assert some == pytest.approx(np.mean([value for value, _ in each[1:4]]))
    assert np.all(drive[:, [0, 4, 5, 6]] == 0.0)


def test_classes_of_steps_are_the_largest_outputs_and_none_where_accuracy_does_not_count():
    largest = VOLTAGES.argmax(axis=-1)
    np.testing.assert_array_equal(StepCrossEntropy().predict(VOLTAGES), largest)
    of_loss = StepCrossEntropy(steps=((2, 4),)).predict(VOLTAGES)
    np.testing.assert_array_equal(of_loss[:, 2:4], largest[:, 2:4])
    assert np.all(of_loss[:, [0, 1, 4, 5, 6]] == -1)
    apart = StepCrossEntropy(steps=((2, 4),), counted=((5, 7),)).predict(VOLTAGES)
    np.testing.assert_array_equal(apart[:, 5:], largest[:, 5:])
    assert np.all(apart[:, :5] == -1)


@pytest.mark.parametrize(
    ("loss", "outputs", "labels", "message"),
    [
        ({}, VOLTAGES[:, 0], LABELS, "outputs .trials, steps, classes.* read a voltage_trace"),
        ({}, VOLTAGES[:0], STEP_LABELS[:0], "of at least one trial"),
        ({}, VOLTAGES, LABELS, r"labels of shape \(3,\) for 3 trials of 7 steps"),
        ({}, VOLTAGES, STEP_LABELS[:, 1:], r"of 7 steps; .* is training.duration that of the data"),
        ({}, VOLTAGES[..., :2], STEP_LABELS, "label 3 is out of range for 2 output units"),
        ({}, VOLTAGES, STEP_LABELS * 1.0, "classes are whole numbers"),
        ({"steps": ((2, 8),)}, VOLTAGES, STEP_LABELS, r"steps=...\): \(2, 8\) ends beyond the 7"),
    ],
)
def test_outputs_and_labels_that_are_none_of_steps_are_refused(loss, outputs, labels, message):
    with pytest.raises(DataError, match=message):
        StepCrossEntropy(**loss)(outputs, labels)
    if loss:
        with pytest.raises(DataError, match=r"counted=...\): \(2, 8\)"):
            StepCrossEntropy(counted=((2, 8),)).predict(outputs)


def test_targets_of_another_shape_are_refused():
    with pytest.raises(DataError, match=r"targets of shape \(4,\) for outputs of shape \(3, 4\)"):
        MeanSquaredError()(VOLTAGES[:, 0], np.zeros(4))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"label_smoothing": 1.0}, r"must be in \[0, 1\)"),
        ({"scale": 0.0}, "must be finite and not 0"),
        ({"scale": np.nan}, "must be finite and not 0"),
    ],
)
def test_impossible_losses_are_refused(arguments, message):
    with pytest.raises(PlanError, match=message):
        CrossEntropy(**arguments)


@pytest.mark.parametrize("name", ["steps", "counted"])
@pytest.mark.parametrize("bad", [(3, 3), (-1, 2), (4, 1)])
def test_ranges_without_steps_are_refused(name, bad):
    with pytest.raises(PlanError, match=rf"StepCrossEntropy\({name}=...\): .* holds no steps"):
        StepCrossEntropy(**{name: ((0, 2), bad)})
