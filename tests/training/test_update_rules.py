"""The rules against literal transcriptions of the textbook, synapse by synapse."""

from __future__ import annotations

from concurrent.futures import Future
from math import sqrt

import numpy as np
import pytest

from genn_delays.declaration.synapses import SynapseTable
from genn_delays.support.errors import ConfigError
from genn_delays.training import SGD, Adam, blocks, update_rules


@pytest.fixture
def table() -> SynapseTable:
    rng = np.random.default_rng(0)
    pre, post = np.divmod(np.arange(6), 3)
    weight, delay = rng.normal(size=6), rng.uniform(1.0, 4.0, 6)
    return SynapseTable(pre, post, weight, delay, max_delay=5.0, pre_size=2, post_size=3)


def textbook_adam(value, gradients, factors, lr, beta1, beta2, eps, weight_decay):
    """Kingma and Ba (2015), algorithm 1, for one synapse."""
    m = v = 0.0
    for t, (gradient, factor) in enumerate(zip(gradients, factors, strict=True), start=1):
        g = gradient + weight_decay * value
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat = m / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
        value = value - factor * lr * m_hat / (sqrt(v_hat) + eps)
    return value


@pytest.mark.parametrize("parameter", ["weight", "delay"])
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
@pytest.mark.parametrize("beta1", [0.0, 0.9])
def test_adam_equals_the_textbook(table, parameter, weight_decay, beta1):
    rule = Adam(0.05, beta1=beta1, beta2=0.99, eps=1e-6, weight_decay=weight_decay)
    before = getattr(table, parameter).copy()
    gradients = np.random.default_rng(1).normal(size=(7, 6))
    factors = np.linspace(0.1, 1.0, 7)
    for gradient, factor in zip(gradients, factors, strict=True):
        rule.update(table, parameter, gradient, factor)
    expected = [
        textbook_adam(start, gradients[:, k], factors, 0.05, beta1, 0.99, 1e-6, weight_decay)
        for k, start in enumerate(before)
    ]
    np.testing.assert_allclose(getattr(table, parameter), expected, rtol=1e-13)


def test_adam_starts_afresh_for_a_regrown_synapse(table):
    rule = Adam(0.05)
    gradients = np.random.default_rng(2).normal(size=(6, 6))
    for gradient in gradients[:3]:
        rule.update(table, "weight", gradient)
    table.keep(np.arange(6) != 2)
    table.add(pre=[0], post=[2], weight=0.5)
    old = table.weight.copy()
    for gradient in gradients[3:]:
        rule.update(table, "weight", gradient)
    fresh = textbook_adam(0.5, gradients[3:, 2], np.ones(3), 0.05, 0.9, 0.999, 1e-8, 0.0)
    assert table.weight[2] == pytest.approx(fresh, rel=1e-13)
    assert table.state["weight_adam_steps"].tolist() == [6, 6, 3, 6, 6, 6]
    assert np.all(table.weight != old)


@pytest.mark.parametrize("regrown", [False, True])
@pytest.mark.parametrize("cores", [1, 2, 3])
def test_blocks_and_threads_leave_no_trace_in_adam(monkeypatch, cores, regrown):
    rng, rows = np.random.default_rng(5), 1001
    pre, post = np.divmod(np.arange(rows), 77)
    start = rng.normal(size=rows), np.zeros(rows)
    columns, sizes = (pre, post, *start), {"max_delay": 1.0, "pre_size": 14, "post_size": 77}
    whole, parts = SynapseTable(*columns, **sizes), SynapseTable(*columns, **sizes)
    gradients = rng.normal(size=(3, rows))
    for table, block in ((whole, rows), (parts, 90)):
        monkeypatch.setattr(blocks, "BLOCK", block)
        monkeypatch.setattr(blocks, "available_cores", lambda: cores)
        table.attach("weight_adam_steps")[:] = 4.0
        table.state["weight_adam_steps"][-1] -= regrown
        for gradient in gradients:
            Adam(0.05, weight_decay=0.1).update(table, "weight", gradient)
    np.testing.assert_array_equal(whole.weight, parts.weight)
    for name, column in whole.state.items():
        np.testing.assert_array_equal(column, parts.state[name])


def test_rows_are_visited_once_and_a_failure_in_any_thread_is_raised(monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 10)
    monkeypatch.setattr(blocks, "available_cores", lambda: 3)
    visits = np.zeros(95, int)

    def visit(rows, scratch):
        assert scratch.shape == (blocks.SCRATCH, len(visits[rows]))
        visits[rows] += 1
        if rows.start == failing:
            raise ValueError(rows.start)

    failing = None
    blocks.in_blocks(visit, 95)
    assert visits.tolist() == [1] * 95
    for failing in (0, 10, 20, 90):
        with pytest.raises(ValueError, match=str(failing)):
            blocks.in_blocks(visit, 95)


@pytest.mark.parametrize(
    ("cores", "rows", "threads"), [(1, 95, 0), (4, 39, 1), (4, 30, 0), (2, 95, 1)]
)
def test_a_thread_has_two_blocks_at_least_and_none_has_more_threads_than_cores(
    monkeypatch, cores, rows, threads
):
    started = []

    class Pool:
        def submit(self, work, thread):
            started.append(thread)
            (future := Future()).set_result(work(thread))
            return future

    monkeypatch.setattr(blocks, "BLOCK", 10)
    monkeypatch.setattr(blocks, "available_cores", lambda: cores)
    monkeypatch.setattr(blocks, "_pool", Pool)
    visits = np.zeros(rows, int)

    def visit(block, scratch):
        assert scratch.base.shape == (3, 10)  # no more than a block, however many rows there are
        visits[block] += 1

    blocks.in_blocks(visit, rows)
    assert visits.tolist() == [1] * rows
    assert started == list(range(1, threads + 1))


def test_adam_treats_old_synapses_alike_whether_or_not_others_are_younger(table):
    gradient = np.random.default_rng(3).normal(size=6)
    other = SynapseTable(
        table.pre, table.post, table.weight, table.delay, max_delay=5.0, pre_size=2, post_size=3
    )
    for one in (table, other):
        one.attach("weight_adam_steps")[:] = 10.0
    other.state["weight_adam_steps"][0] = 0.0
    for one in (table, other):
        Adam(0.1).update(one, "weight", gradient)
    np.testing.assert_allclose(table.weight[1:], other.weight[1:], rtol=1e-14)


@pytest.mark.parametrize("momentum", [0.0, 0.8])
def test_sgd_equals_the_textbook(table, momentum):
    expected, velocity = table.weight.copy(), np.zeros(6)
    rule = SGD(0.1, momentum=momentum)
    for gradient in np.random.default_rng(4).normal(size=(5, 6)):
        velocity = momentum * velocity + gradient
        expected = expected - 0.5 * 0.1 * velocity
        rule.update(table, "weight", gradient, 0.5)
    np.testing.assert_allclose(table.weight, expected, rtol=1e-13)


@pytest.mark.parametrize("rule", [Adam(0.1), SGD(0.1, momentum=0.5)])
def test_an_update_leaves_the_gradient_and_the_other_parameter_alone(table, rule):
    gradient = np.ones(6)
    delay = table.delay.copy()
    rule.update(table, "weight", gradient)
    assert np.array_equal(gradient, np.ones(6))
    assert np.array_equal(table.delay, delay)


def test_a_table_without_synapses_can_be_updated():
    empty = np.zeros(0)
    table = SynapseTable(empty, empty, empty, empty, max_delay=0.0, pre_size=2, post_size=2)
    Adam(0.1).update(table, "weight", empty)
    assert len(table) == 0


def test_rules_are_made_from_a_configuration_whose_numbers_may_be_text():
    assert update_rules.make({"name": "adam", "lr": "1e-3", "beta2": 0.99}) == Adam(
        1e-3, beta2=0.99
    )
    assert update_rules.make({"name": "sgd", "lr": 1}) == SGD(1.0)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": "adma", "lr": 1}, "did you mean 'adam'"),
        ({"name": "adam", "lr": 1, "betta1": 0.5}, "did you mean 'beta1'"),
        ({"name": "adam", "lr": "fast"}, "lr"),
        ({"name": "adam"}, "lr"),
        ({"lr": 1}, "give a mapping with a name"),
        ({"name": "adam", "lr": -1}, "must be finite and >= 0"),
        ({"name": "adam", "lr": 1, "beta1": 1.0}, "in \\[0, 1\\)"),
        ({"name": "sgd", "lr": float("nan")}, "must be finite"),
        (3, "give a mapping with a name"),
    ],
)
def test_a_bad_configuration_of_a_rule_is_named(given, message):
    with pytest.raises(ConfigError, match=message):
        update_rules.make(given)
