"""A run keeps the classes of its model file, or is refused before it trains."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from own_parts import OWN_PARTS

from genn_delays.experiment import checkpoint
from genn_delays.plugins import user_files
from genn_delays.support.errors import CheckpointError

NEURON = """
from dataclasses import dataclass
import genn_delays as gd

@dataclass(frozen=True, eq=False)
class Slow(gd.LIF):
    tau_mem: float = 15.0
"""
BUILD = """
def build(*, inputs: int, outputs: int, seed: int):
    net = gd.Network(seed)
    net.add_population("input", gd.Input(), inputs)
    net.add_population("hidden", Slow(), 3)
    net.add_population("output", gd.LeakyReadout(), outputs)
    net.connect("input", "hidden", weight=1.0, delay=gd.init.Uniform(0, 5), learn=("delay",))
    net.connect("hidden", "output", weight=gd.init.Normal(0.0, 1.0))
    return net
"""


@pytest.fixture
def own(folder: Path, config: Path) -> Path:
    """A configuration whose model file defines a neuron, by a name that others have too."""
    (folder / "mine.py").write_text(NEURON + BUILD)
    values = yaml.safe_load(config.read_text())
    values["model"] = {"file": "mine.py"}
    values["training"]["epochs"] = 1
    config.write_text(yaml.safe_dump(values))
    return config


@pytest.fixture
def forget(monkeypatch):
    """What another process would not know of."""

    def forget() -> None:
        for name in [name for name in sys.modules if name.startswith(user_files.PREFIX)]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setattr(user_files, "_registered", {})
        monkeypatch.setattr(user_files, "_sources", {})

    forget()
    return forget


def test_a_run_with_a_neuron_of_its_own_can_be_used_in_another_process(folder, own, call):
    assert call("run", own, "--output", "run").exit_code == 0
    (folder / "mine.py").unlink()
    commands = ["evaluate", "plot", "resume"]
    code = "import sys; from genn_delays.cli import cli\nfor name in sys.argv[1:]:\n"
    code += "    cli([name, 'run'], standalone_mode=False)"
    done = subprocess.run(
        [sys.executable, "-c", code, *commands], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_run_folder_keeps_the_model_file_that_was_run(folder, own, call, monkeypatch):
    text = (folder / "mine.py").read_bytes()
    command = sys.modules["genn_delays.experiment.run"]
    prepare = command.prepare

    def edit_meanwhile(*args, **options):
        (folder / "mine.py").write_text("# edited while the data set was made")
        return prepare(*args, **options)

    monkeypatch.setattr(command, "prepare", edit_meanwhile)
    assert call("run", own, "--output", "run").exit_code == 0
    assert (folder / "run/model.py").read_bytes() == text
    sha256 = (folder / "run/model.sha256").read_text()
    assert sha256 == f"{user_files.checksum(text)}  model.py\n"


@pytest.mark.parametrize("command", ["evaluate", "plot", "resume"])
def test_a_kept_model_file_that_was_edited_is_named(folder, own, call, forget, command):
    assert call("run", own, "--output", "run").exit_code == 0
    forget()
    with (folder / "run/model.py").open("a") as file:
        file.write("\n# edited")
    result = call(command, "run")
    assert result.exit_code == 2
    assert "run/model.py has changed since the run began" in result.stderr
    assert len(result.stderr.splitlines()) <= 2


@pytest.mark.parametrize("command", ["evaluate", "plot", "resume"])
def test_a_kept_model_file_that_is_gone_is_named(folder, own, call, forget, command):
    assert call("run", own, "--output", "run").exit_code == 0
    forget()
    (folder / "run/model.py").unlink()
    result = call(command, "run")
    assert result.exit_code == 2
    assert "run/model.py cannot be read: No such file" in result.stderr


def test_a_checkpoint_alone_names_class_and_file_and_runs_nothing(folder, own, call, forget):
    with (folder / "mine.py").open("a") as file:
        file.write(f"\nopen({str(folder / 'ran')!r}, 'a').write('.')\n")
    assert call("run", own, "--output", "run").exit_code == 0
    forget()
    (folder / "ran").unlink()
    message = r"run/best.h5: population 'hidden': needs the class 'Slow' of file mine.py .*"
    with pytest.raises(CheckpointError, match=message + r"register\('mine.py'\)"):
        checkpoint.load("run/best.h5")
    user_files.register("mine.py")
    assert not (folder / "ran").exists()
    neuron = checkpoint.load("run/best.h5").network.populations["hidden"].neuron
    assert type(neuron).__name__ == "Slow"
    assert (folder / "ran").read_text() == "."


def test_a_builtin_network_runs_no_kept_file(folder, config, call, forget):
    assert call("run", config, "--output", "run").exit_code == 0
    forget()
    (folder / "run/model.py").write_text("raise SystemExit('was run')")
    assert call("evaluate", "run").exit_code == 0


def test_model_files_of_one_name_are_not_mistaken_for_each_other(folder, own, call):
    assert call("run", own, "--output", "one").exit_code == 0
    (folder / "mine.py").write_text(NEURON.replace("15.0", "16.0") + BUILD)
    assert call("run", own, "--output", "two").exit_code == 0
    for run in ("one", "two"):
        assert call("evaluate", run).exit_code == 0
    first, second = (
        type(checkpoint.load(f"{run}/best.h5").network.populations["hidden"].neuron)
        for run in ("one", "two")
    )
    assert (first.tau_mem, second.tau_mem) == (15.0, 16.0)


HIDDEN = {
    "inside a function": NEURON.replace("class Slow", "class Other")
    + "\ndef make():\n    class Slow(Other):\n        pass\n    return Slow\nSlow = make()\n",
    "no such class": NEURON + "\nSlow = type('Made', (Slow,), {})\n",
    "another class of that name": NEURON + "\nFirst = Slow\n\nclass Slow(First):\n    pass\n",
}


@pytest.mark.parametrize("reason", HIDDEN)
def test_a_class_that_could_not_be_found_again_is_refused_before_training(
    folder, own, call, reason
):
    build = BUILD.replace("Slow()", "First()") if "First" in HIDDEN[reason] else BUILD
    (folder / "mine.py").write_text(HIDDEN[reason] + build)
    for command in (("run", own, "--output", "run"), ("check", own, "--data")):
        result = call(*command)
        assert result.exit_code == 2
        assert "population 'hidden': a checkpoint could not find the class" in result.stderr
        assert reason in result.stderr
    assert not (folder / "run").exists()


@pytest.mark.parametrize(
    ("statement", "neighbour"),
    [
        ("import helpers", "helpers.py"),
        ("from helpers import Slow", "helpers.py"),
        ("import os, helpers.neurons as n", "helpers/__init__.py"),
        ("from . import helpers", "helpers.py"),
        ("def late():\n    import helpers", "helpers.py"),
    ],
)
def test_an_import_from_beside_the_model_file_is_refused(folder, own, call, statement, neighbour):
    (folder / neighbour).parent.mkdir(exist_ok=True)
    (folder / neighbour).write_text(NEURON)
    (folder / "mine.py").write_text(f"{statement}\n{NEURON}{BUILD}")
    result = call("check", own)
    assert result.exit_code == 2
    line = 2 if statement.startswith("def") else 1
    assert f"mine.py, line {line}: imports" in result.stderr
    assert "put it all in one file, or install a package" in result.stderr


def test_a_neighbour_of_the_name_of_an_installed_package_is_none(folder, own, call):
    for name in ("json.py", "numpy.py"):
        (folder / name).write_text("")
    (folder / "mine.py").write_text(f"import json, numpy\n{NEURON}{BUILD}")
    assert call("check", own).exit_code == 0


def test_a_class_of_a_module_that_the_model_file_imports_is_found_through_it(
    folder, own, call, forget, monkeypatch
):
    package = folder / "elsewhere"
    package.mkdir()
    (package / "own_neurons.py").write_text(NEURON)
    monkeypatch.syspath_prepend(package)
    (folder / "mine.py").write_text(f"import genn_delays as gd\nfrom own_neurons import *\n{BUILD}")
    assert call("run", own, "--output", "run").exit_code == 0
    forget()
    monkeypatch.delitem(sys.modules, "own_neurons")
    with pytest.raises(CheckpointError, match="class 'Slow' of own_neurons; import own_neurons"):
        checkpoint.load("run/best.h5")
    assert call("evaluate", "run").exit_code == 0
    forget()
    monkeypatch.delitem(sys.modules, "own_neurons")
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path != str(package)])
    result = call("evaluate", "run")
    assert result.exit_code == 2
    assert "run/model.py, line 2: ModuleNotFoundError: No module named 'own_neurons'" in (
        result.stderr
    )


def test_a_run_with_a_readout_and_a_loss_of_its_own_goes_on_without_its_model_file(
    folder, own, call, forget
):
    with (folder / "mine.py").open("a") as file:
        file.write(OWN_PARTS)
    values = yaml.safe_load(own.read_text())
    loss = {"file": "mine.py", "name": "Halved"}  # the model file by its path: kept once
    values |= {"readout": {"name": "LastVoltage", "share": 0.25}, "loss": loss}
    own.write_text(yaml.safe_dump(values))
    assert call("run", own, "--output", "run").exit_code == 0
    assert not (folder / "run/plugin_mine.py").exists()
    (folder / "mine.py").unlink()
    for command in ("evaluate", "plot", "resume"):
        forget()
        result = call(command, "run")
        assert result.exit_code == 0, result.stderr
    written = yaml.safe_load((folder / "run/config.yaml").read_text())
    written["training"]["epochs"] = 2
    (folder / "run/config.yaml").write_text(yaml.safe_dump(written))
    forget()
    assert call("resume", "run").exit_code == 0
    (folder / "run/model.py").write_text("# edited")
    forget()
    result = call("evaluate", "run")
    assert result.exit_code == 2
    assert "run/model.py has changed since the run began" in result.stderr
