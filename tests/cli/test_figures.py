"""What `plot` and `report` write for a run, whatever of it is there."""

from __future__ import annotations

import shutil
import sys

import pytest
import yaml

from genn_delays.report import page


@pytest.fixture
def run(folder, config, call):
    assert call("run", config, "--output", "run").exit_code == 0
    return folder / "run"


def names(path):
    return sorted(each.name for each in path.iterdir())


def test_plot_writes_each_figure_in_both_formats_and_the_overview(run, call):
    (run / "training.png").unlink()
    result = call("plot", "run")
    assert result.exit_code == 0
    drawn = ("confusion", "curves", "delays", "raster", "receptive_fields", "weights")
    assert names(run / "figures") == [f"{n}.{kind}" for n in drawn for kind in ("png", "svg")]
    assert (run / "training.png").read_bytes().startswith(b"\x89PNG")
    assert "rewiring is not drawn: nothing rewires" in result.stderr


def test_plot_draws_what_is_named_at_the_width_that_is_asked_for(run, folder, call):
    result = call("plot", "run", "--figure", "curves", "--width", 90, "--format", "png",
                  "--output", "paper")  # fmt: skip
    assert result.stdout.split() == ["paper/curves-90mm.png"]
    assert names(folder / "paper") == ["curves-90mm.png"]
    assert not (run / "figures").exists()
    assert call("plot", "run", "--figure", "rewiring").exit_code == 2


def test_figures_without_their_data_are_named_and_the_others_are_drawn(run, call):
    config = yaml.safe_load((run / "config.yaml").read_text())
    config["data"] = {"name": "shd", "path": "nowhere"}
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    result = call("plot", "run", "--format", "png")
    assert result.exit_code == 0
    for name in ("raster", "confusion"):
        assert f"{name} is not drawn: " in result.stderr
    assert "nowhere" in result.stderr
    assert names(run / "figures") == ["curves.png", "delays.png", "receptive_fields.png",
                                      "weights.png"]  # fmt: skip
    assert call("plot", "run", "--figure", "raster").exit_code == 2


def test_plot_draws_a_run_that_is_going_on(run, call):
    (run / "summary.json").unlink()
    lines = (run / "metrics.jsonl").read_text().splitlines(keepends=True)
    (run / "metrics.jsonl").write_text("".join(lines[:2]) + lines[2][:20])
    assert call("plot", "run", "--figure", "curves", "--figure", "confusion").exit_code == 0


def test_a_report_holds_figures_configuration_and_how_to_reproduce(run, call, monkeypatch):
    monkeypatch.setattr(page, "_bundle", lambda: "")
    assert call("report", "run").stdout.split() == ["run/report.html"]
    text = (run / "report.html").read_text()
    assert text.count("data:image/svg+xml;base64,") == 6
    for part in ("Test accuracy", "genn-delays run config.yaml", "max_voltage", "@article{"):
        assert part in text
    refused = call("report", "run", "run")
    assert refused.exit_code == 2
    assert "--output FILE" in refused.stderr


def test_a_report_of_a_run_that_goes_on_without_its_data_says_so(run, call, monkeypatch):
    monkeypatch.setattr(page, "_bundle", lambda: "")
    (run / "summary.json").unlink()
    config = yaml.safe_load((run / "config.yaml").read_text())
    config["data"] = {"name": "shd", "path": "nowhere"}
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    assert call("report", "run").exit_code == 0
    text = (run / "report.html").read_text()
    assert "Training goes on: 3 epochs are finished." in text
    assert text.count("Not drawn: ") == 2
    assert "Trials, to look closer" not in text


@pytest.mark.parametrize("content", ["[1]", "null", '{"a": 1}', '{"test_accuracy": "high"}'])
def test_a_summary_that_no_run_writes_is_told(content, run, call, monkeypatch):
    monkeypatch.setattr(page, "_bundle", lambda: "")
    (run / "summary.json").write_text(content)
    for command in ("report", "cite"):
        refused = call(command, "run")
        assert refused.exit_code == 2
        assert "run/summary.json is not what a run writes" in refused.stderr
    assert call("plot", "run", "--figure", "curves").exit_code == 0


def test_a_report_needs_its_extra(run, call, monkeypatch):
    page._bundle.cache_clear()
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    refused = call("report", "run")
    assert refused.exit_code == 2
    assert "pip install 'genn-delays[report]'" in refused.stderr
    assert not (run / "report.html").exists()


def test_what_does_not_fit_a_page_is_left_out(run, call, monkeypatch):
    from genn_delays.experiment.run_folder import RunFolder
    from genn_delays.figures.material import Material
    from genn_delays.report import interactive

    material = Material.of(RunFolder.open(run))
    spikes = len(interactive.raster(material)["trials"][0]["spikes"][0][0])
    monkeypatch.setattr(interactive, "SPIKES", spikes)
    assert len(interactive.raster(material)["trials"]) == 1
    monkeypatch.setattr(interactive, "SYNAPSES", 2)
    (shown,) = interactive.delay_map(material)
    assert [len(unit["pre"]) for unit in shown["units"]] == [2]


def test_a_run_folder_that_was_moved_reports_its_own_name(run, folder, call, monkeypatch):
    monkeypatch.setattr(page, "_bundle", lambda: "")
    shutil.move(run, folder / "other name")
    assert call("report", "other name").exit_code == 0
    assert "<h1>other name</h1>" in (folder / "other name" / "report.html").read_text()
