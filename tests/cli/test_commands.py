"""The smaller commands."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import click
import pytest

import genn_delays
from genn_delays import datasets
from genn_delays.cli import cli
from genn_delays.cli.doctor import OPTIONAL
from genn_delays.experiment.config import load_config


def test_check_prints_a_configuration_that_reads_as_the_same(folder, config, call):
    result = call("check", config, "--print", "--set", "optimiser.weight.lr=2e-3")
    (folder / "printed.yaml").write_text(result.stdout)
    printed = load_config("printed.yaml")
    assert printed.optimiser.weight.rule.lr == 0.002
    assert printed == load_config(config, ["optimiser.weight.lr=2e-3"])


@pytest.mark.parametrize("how", [[], ["--data"]])
@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "optimiser.groups={'input->hidden': {weight: {name: sgd, lr: 1}}}",
            "no such projection, and no population that learns; allowed: 'input->output'",
        ),
        ("training.silent_rescue={amount: 1, projections: [x]}", "no projection 'x'"),
        ("rewiring=[{name: set, projections: [x]}]", "no projection 'x'"),
        ("readout.population=hidden", "hidden"),
        ("training.dt=1e-300", "more than 2147483647 steps"),
        ("training.batch_size=1000000000", "GENN_DELAYS_MEMORY_LIMIT="),
    ],
)
def test_check_declares_the_network_with_the_data_and_without(
    config, call, monkeypatch, how, override, message
):
    assert call("check", config, *how).exit_code == 0
    if not how:
        monkeypatch.setattr(datasets, "load", lambda *_, **__: pytest.fail("data were read"))
    result = call("check", config, *how, "--set", override)
    assert result.exit_code == 2
    assert message in result.stderr


def test_check_says_where_only_the_data_tell_how_large_the_network_is(config, call):
    result = call("check", config, "--set", "data={name: audio_folder, path: .}")
    assert result.exit_code == 0
    assert "is valid" in result.stdout
    assert "the network was not looked at" in result.stderr
    assert "add --data" in result.stderr


def test_data_describes_a_data_set_by_name_and_by_configuration(config, call):
    assert "sequence: 2 units, 2 classes, 50 ms" in call("data", "sequence").stdout
    described = call("data", config).stdout
    assert "sequence: 2 units, 2 classes, 40 ms" in described
    assert "12 trials, events per trial: mean 2.0, 2 to 2" in described
    assert call("data", "sequense").exit_code == 2


def test_estimate_counts_synapses_parameters_events_and_memory(config, call):
    lines = call("estimate", config, "--set", "backend.name=native").stdout.splitlines()
    assert "trial: 40 steps of 1 ms, 4 in a batch" in lines
    assert "synapses: 4" in lines
    assert "parameters: 4 weights, 4 delays" in lines
    assert "input events per trial: 2.0" in lines
    assert "  input->output: 4" in lines  # 2 events reach 2 outputs each
    assert any(line.startswith("memory: 0.") for line in lines)
    assert "data: 0.0 MiB in memory, 0.0 MiB on the disk" in lines
    assert "  events of a file stay in memory up to 512.0 MiB, an eighth of" in "\n".join(lines)
    assert "loader: at most 0.0 MiB" in lines
    other = call("estimate", config)
    assert "memory: not known beforehand for the backend 'reference'" in other.stdout


@pytest.mark.parametrize(
    ("of", "told"), [("axon", "2 delays"), ("distance", "0 delays, 8 positions")]
)
def test_numbers_that_synapses_share_count_once_and_positions_are_told(config, call, of, told):
    lines = call("estimate", config, "--set", f"model.args.delay_of={of}").stdout.splitlines()
    assert f"parameters: 4 weights, {told}" in lines


def test_show_code_prints_the_generated_c(config, call):
    result = call("show-code", config, "--set", "backend.name=native")
    assert result.exit_code == 0
    assert "#include" in result.stdout
    assert call("show-code", config, "--backend", "native").stdout == result.stdout
    snippets = call("show-code", config, "--backend", "genn-cpu").stdout
    assert "// population 'input', 2 neurons" in snippets
    refused = call("show-code", config)
    assert refused.exit_code == 2
    assert "generates no code" in refused.stderr


def test_cite_lists_each_method_once(config, call):
    entries = call("cite", config).stdout
    for key in ("wunderlich2021", "meszaros2025", "kingma2015"):
        assert entries.count(f"{{{key},") == 1
    assert "nowotny2025" not in entries


def test_plot_needs_a_finished_epoch(folder, config, call):
    assert call("run", config, "--output", "run").exit_code == 0
    (folder / "run" / "training.png").unlink()
    assert call("plot", "run").exit_code == 0
    assert (folder / "run" / "training.png").read_bytes().startswith(b"\x89PNG")
    (folder / "run" / "metrics.jsonl").unlink()
    assert "no epoch is finished" in call("plot", "run").stderr


def test_doctor_reports_every_part(call):
    report = call("doctor").stdout
    for part in (
        "C compiler:",
        "cores:",
        "PyGeNN:",
        "GPU:",
        "cache:",
        "numpy:",
        "espeakng_loader:",
    ):
        assert part in report


def test_every_extra_that_is_offered_has_code_and_a_test_that_import_its_package():
    package = Path(genn_delays.__file__).parent
    project = tomllib.loads((package.parent / "pyproject.toml").read_text())
    extras = set(project["project"]["optional-dependencies"]) - {"dev", "docs"}
    assert set(OPTIONAL.values()) == extras - {"genn"}
    source = "".join(p.read_text() for p in package.rglob("*.py") if p.name != "doctor.py")
    tests = "".join(p.read_text() for p in Path(__file__).parents[1].rglob("*.py"))
    for name, extra in OPTIONAL.items():
        needs = [
            re.split("[><=~]", each)[0]
            for each in project["project"]["optional-dependencies"][extra]
        ]
        packages = {"nest": "nest_simulator", "vl_convert": "vl_convert_python"}
        assert packages.get(name, name) in [each.replace("-", "_") for each in needs]
        used = re.compile(rf'(import|from) {name}\b|"{name}"')
        assert used.search(source), f"no code imports {name}"
        assert used.search(tests), f"no test imports {name}"


def test_doctor_shows_why_pygenn_cannot_be_imported(folder, call, monkeypatch):
    (folder / "pygenn.py").write_text("raise ImportError('libgenn.so: cannot open shared object')")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "pygenn", raising=False)
    assert "ImportError: libgenn.so: cannot open shared object" in call("doctor").stdout


@pytest.mark.parametrize("broken", ["CC=absent-compiler", "GENN_DELAYS_CACHE=/dev/null/x"])
def test_doctor_goes_on_past_a_problem(call, monkeypatch, broken):
    name, _, value = broken.partition("=")
    monkeypatch.setenv(name, value)
    result = call("doctor")
    assert result.exit_code == 0
    assert "PROBLEM" in result.stdout
    assert "numpy:" in result.stdout


@pytest.mark.parametrize(("group", "default"), [("sweep", "start"), ("data", "info")])
def test_the_help_of_a_group_shows_the_options_of_the_command_that_needs_no_name(
    call, group, default
):
    shown, alone = (
        call(*words).stdout for words in ([group, "--help"], [group, default, "--help"])
    )
    options = re.findall(r"^  (--[a-z-]+)", alone, re.M)
    assert "--set" in options
    assert [option for option in options if f"  {option}" not in shown] == []


def test_every_option_of_every_command_says_what_it_is_for():
    def silent(command, path):
        for param in command.params:
            if isinstance(param, click.Option) and not param.help:
                yield f"{path} {param.name}"
        for name, inner in getattr(command, "commands", {}).items():
            yield from silent(inner, f"{path} {name}")

    assert list(silent(cli, "genn-delays")) == []
