"""The benchmarks measure the networks they name, and their report shows what was measured."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
ROWS = ("A", "B64", "B128", "B256", "B512", "C", "D", "D90", "D99", "D998", "E")
ABOUT = {
    "date": "2026-01-02",
    "machine": {"system": "Linux", "processor": "a processor", "cores": 2},
    "versions": {"genn-delays": "0", "python": "3", "numpy": "2", "torch": "2"},
    "repeats": 3,
    "command": "python benchmarks/compare.py",
}


@pytest.fixture
def load(monkeypatch):
    """Modules of benchmarks/ import each other as scripts do."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return import_module


def side(against, step, memory):
    times = {"forward_s": [step / 2] * 3, "step_s": [step, 2 * step, 0.5 * step]}
    return times | {"against": against, "added_bytes": memory, "spikes": {"hidden": 20.0}}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_has_the_sizes_delays_and_input_it_declares(load, name):
    rows = load("rows")
    assert tuple(rows.ROWS) == ROWS
    row = rows.ROWS[name]
    nets = [rows.network(row)]
    if row.published:
        nets += [rows.published_network(row, sigma) for sigma in (None, rows.NARROW)]
    for net in nets:
        assert tuple(p.size for p in net.populations.values()) == row.sizes
        for projection in net.projections.values():
            table = projection.synapses
            pairs = table.pre_size * table.post_size
            if "delay" in projection.learn:
                assert table.max_delay == row.max_delay * row.dt
                assert len(table) == pytest.approx(row.density * pairs, abs=1)
                assert table.delay.max() > 0.5 * table.max_delay
    events = rows.events(row, 3)
    frames = rows.frames(row, events)
    assert frames.shape == (3, row.sizes[0], row.steps)
    if row.spikes:
        np.testing.assert_array_equal(frames.sum((1, 2)), row.spikes)
    else:
        assert np.all(frames)


@pytest.mark.parametrize("name", ["A", "B512", "C", "D", "E"])
def test_hidden_neurons_of_a_row_are_active(load, name):
    rows, ours = load("rows"), load("ours")
    low, high = (15, 25) if rows.ROWS[name].steps > 100 else (2, 10)
    measured = ours.Ours(rows.ROWS[name], trials=2)
    assert np.isfinite(measured.step())
    assert all(low <= spikes <= high for spikes in measured.spikes().values())


def test_a_step_changes_all_that_learns_and_loads_it(load, monkeypatch):
    rows, ours = load("rows"), load("ours")
    monkeypatch.setattr(rows, "RATE", 0.1)
    row = replace(rows.ROWS["D90"], steps=40)
    measured = ours.Ours(row, "surrogate_narrow", trials=8)
    tables = [p.synapses for p in measured.network.projections.values()]
    before = [(t.weight.copy(), t.delay.copy()) for t in tables]
    average = measured.network.populations["hidden"].units.running_mean.copy()
    outputs = measured.simulation.forward(measured.batch, training=False)
    measured.step()
    for table, (weight, delay) in zip(tables, before, strict=True):
        assert np.any(table.weight != weight)
        assert np.any(table.delay != delay)
    assert np.any(measured.network.populations["hidden"].units.running_mean != average)
    assert np.any(measured.simulation.forward(measured.batch, training=False) != outputs)


def test_the_report_shows_medians_ratios_and_targets(load, tmp_path):
    sides = {"plain": side(None, 3.0, 1000), "eventprop": side("plain", 0.01, 50)}
    row = {"title": "700-512-20", "batch": 32, "steps": 1000, "sides": sides}
    point = {"pass_s": [1.0], "step_s": [1.0], "spikes": {"hidden": 20.0}}
    threads = {"1": point, "2": point | {"pass_s": [0.5], "step_s": [0.6]}}
    for name, content in {
        "compare": {"rows": {"A": row}},
        "scaling": {"parts": {"threads": threads}},
    }.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(ABOUT | content))
    page = tmp_path / "page.md"
    report = load("report")
    given = ["--results", str(tmp_path), "--output", str(page)]
    done = CliRunner().invoke(report.main, given, catch_exceptions=False)
    assert done.exit_code == 0
    lines = page.read_text().splitlines()
    assert "| A: step, eventprop | at least 150 times | 300 times | yes |" in lines
    assert "| A: memory against the baseline | at most 0.1 | 0.05 | yes |" in lines
    assert "| two threads against one, pass | at least 1.85 times | 2 times | yes |" in lines
    assert "| two threads against one, step | at least 1.85 times | 1.67 times | no |" in lines
    ours = next(line for line in lines if "| eventprop |" in line)
    assert "| 10 (5 to 20) | 300 |" in ours
    assert not any("D99" in line for line in lines)


def test_a_report_without_results_says_how_to_make_them(load, tmp_path):
    done = CliRunner().invoke(load("report").main, ["--results", str(tmp_path)])
    assert done.exit_code == 1
    assert "make bench" in done.output


def test_every_form_of_the_delay_gradient_is_scored_and_right_is_that_of_the_engine(load):
    forms = load("delay_gradient")
    neuron, dt = forms.NEURONS[0], 1.0
    rows = list(forms.compare(neuron, recurrent=True, count=2, dt=dt, aligned=True))
    assert [(form, target) for form, target, _ in rows] == [
        (form, target) for form in forms.FORMS for target in ("neurons", "readout")
    ]
    assert len({tuple(np.ravel(found)) for _, _, found in rows}) == 2 + 2 + 1 + 1 + 2
    assert all(np.isfinite(found).all() for _, _, found in rows)
