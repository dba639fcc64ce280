"""Runs under the surrogate rule, from the configuration to the picture."""

from __future__ import annotations

import json

from genn_delays.experiment import checkpoint


def test_a_run_trains_narrows_evaluates_and_draws(folder, surrogate, call):
    result = call("run", surrogate, "--output", "run")
    assert result.exit_code == 0, result.output
    assert "sigma 2 steps" in result.output
    lines = [json.loads(line) for line in (folder / "run/metrics.jsonl").read_text().splitlines()]
    assert [(line["epoch"], line.get("sigma")) for line in lines if line["split"] == "train"] == [
        (1, 2.0),
        (2, 0.5),
    ]
    assert not any("sigma" in line for line in lines if line["split"] == "validation")
    summary = json.loads((folder / "run/summary.json").read_text())
    assert summary["parameters"] == {"weights": 16, "delays": 16, "units": 9}
    assert (folder / "run/training.png").read_bytes().startswith(b"\x89PNG")
    trained = checkpoint.load(folder / "run/checkpoint.h5").network
    assert [p.kernel.current for p in trained.projections.values()] == [0.5, 0.5]
    assert "gain_adam_m" in trained.populations["hidden"].units.state
    measured = json.loads(call("evaluate", "run").stdout)
    assert measured["loss"] == summary["test_loss"]


def test_a_misspelt_population_or_a_network_without_kernels_is_refused(surrogate, call):
    wrong = call("check", surrogate, "--data", "--set", "optimiser.groups={hiden: {gain: adam}}")
    assert wrong.exit_code == 2
    model = surrogate.parent / "model.py"
    model.write_text(model.read_text().replace(", kernel=gd.kernels.Gaussian(sigma)", ""))
    refused = call("check", surrogate, "--data")
    assert refused.exit_code == 2
    assert "no projection has one" in refused.stderr


def test_estimate_counts_what_units_learn(surrogate, call):
    lines = call("estimate", surrogate).stdout.splitlines()
    assert "parameters: 16 weights, 16 delays, 9 of units" in lines


def test_cite_names_the_papers_of_what_is_used(folder, surrogate, call):
    entries = call("cite", surrogate).stdout
    for key in ("neftci2019", "hammouamri2024", "ioffe2015", "kingma2015"):
        assert entries.count(f"{{{key},") == 1
    assert not any(key in entries for key in ("wunderlich2021", "meszaros2024"))
    # a model that needs the sizes of its data
    model = (folder / "model.py").read_text().replace("inputs)", "{2: inputs}[inputs])")
    (folder / "spatiotemporal.py").write_text('CITES = ("meszaros2024",)\n' + model)
    published = call("cite", surrogate, "--set", "model.file=spatiotemporal.py").stdout
    assert "10.3389/fncom.2024.1460309" in published
    assert "{hammouamri2024," in published
