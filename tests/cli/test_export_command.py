"""genn-delays export: the best network of a run for other software."""

from __future__ import annotations

import json


def test_a_run_is_exported_at_its_own_time_step_with_its_readout(config, folder, call):
    call("run", config, "--output", "run")
    assert call("export", "run", "--format", "brian2").exit_code == 0
    about = json.loads((folder / "run/network_brian2.json").read_text())
    assert (about["dt"], about["trial"], about["readout"]) == (1.0, 40, "MaxVoltage")
    assert "def outputs(result, duration):" in (folder / "run/network_brian2.py").read_text()
    again = call("export", "run", "--format", "brian2")
    assert (again.exit_code, "exists already" in again.output) == (2, True)


def test_another_place_and_time_step(config, folder, call):
    call("run", config, "--output", "run")
    assert (
        call("export", "run", "--format", "nest", "--output", "a.py", "--dt", "0.5").exit_code == 0
    )
    about = json.loads((folder / "a.json").read_text())
    assert (about["dt"], about["trial"]) == (0.5, None)


def test_normalised_networks_are_folded(surrogate, folder, call):
    call("run", surrogate, "--output", "run")
    assert call("export", "run", "--format", "nest", "--output", "a.py").exit_code == 0
    assert "bias" in (folder / "a.py").read_text()


def test_a_folder_that_is_no_run_and_a_format_that_is_none(config, call):
    assert call("export", ".", "--format", "nest").exit_code == 2
    wrong = call("export", ".", "--format", "nset")
    assert (wrong.exit_code, "nset" in wrong.output) == (2, True)
