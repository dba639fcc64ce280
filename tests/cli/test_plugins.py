"""Parts of a user's own, from a file or from an installed package, in every command."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import wave

import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from forked_runs import Server
from own_plugins import CONFIG, KILLER, MINE, package, write
from run_folders import assert_same_run

import genn_delays as gd
from genn_delays.cli import cli
from genn_delays.experiment import checkpoint
from genn_delays.experiment import run as run_module
from genn_delays.plugins import entry_points, user_files
from genn_delays.support.errors import CheckpointError


@pytest.fixture
def server(folder):
    """Every command is a process of its own, which has not seen the user's file before."""
    with Server(folder, MPLCONFIGDIR=str(folder / "matplotlib")) as made:
        yield made


@pytest.fixture
def forget(monkeypatch):
    """What another process would not know of."""

    def forget() -> None:
        for name in [name for name in sys.modules if name.startswith(user_files.PREFIX)]:
            monkeypatch.delitem(sys.modules, name)
        for table in ("_registered", "_sources", "_names"):
            monkeypatch.setattr(user_files, table, {})
        monkeypatch.setattr(entry_points, "_trusted", False)

    forget()
    return forget


def done(answer) -> str:
    code, output, _ = answer
    assert code == 0, output
    return output


def test_a_part_of_each_kind_survives_kills_and_the_loss_of_its_file(folder, server):
    callbacks = [*CONFIG["callbacks"], {"file": "mine.py", "name": "Killer"}]
    config = write(folder, callbacks=callbacks)
    done(server.run("run", config, "--output", "whole"))
    for place in ("begin", "1.2"):
        words = ("run", config, "--output", "killed") if place == "begin" else ("resume", "killed")
        assert server.run(*words, DIE=place)[0] == -signal.SIGKILL
    (folder / "mine.py").unlink()
    done(server.run("resume", "killed"))
    assert_same_run(folder / "whole", folder / "killed")
    found = [json.loads(done(server.run("evaluate", run))) for run in ("whole", "killed")]
    assert [one.pop("seconds") for one in found]
    assert found[0] == found[1]
    assert found[0]["accuracy"] > 0.9
    done(server.run("plot", "killed"))
    assert len((folder / "diary.txt").read_text().splitlines()) == 2 * 3
    kept = [(folder / run / "plugin_mine.py").read_bytes() for run in ("whole", "killed")]
    assert kept == [(MINE + KILLER).encode()] * 2
    lines = (folder / "killed/model.sha256").read_text().splitlines()
    assert [line.partition("  ")[2] for line in lines] == ["model.py", "plugin_mine.py"]


def test_an_installed_part_survives_a_kill_and_is_written_by_its_full_name(folder):
    entries = {"Fade": "my_rules:Fade", "low": "my_rules:Lowered", "Killer": "my_rules:Killer"}
    place = package(folder, "my-rules", entries, MINE + KILLER)
    path = os.pathsep.join([str(place), os.environ.get("PYTHONPATH", "")])
    args = {**CONFIG["model"]["args"], "neuron": {"name": "low", "tau_mem": 15.0}}
    changes = {"model": {"file": "feedforward", "args": args}, "rewiring": ["Fade"]}
    config = write(folder, callbacks=["my-rules:Killer"], **changes)
    with Server(folder, PYTHONPATH=path, MPLCONFIGDIR=str(folder / "matplotlib")) as server:
        assert server.run("run", config, "--output", "run", DIE="1.1")[0] == -signal.SIGKILL
        done(server.run("resume", "run"))
        done(server.run("evaluate", "run"))
    written = yaml.safe_load((folder / "run/config.yaml").read_text())
    assert written["rewiring"][0]["name"] == "my-rules:Fade"


MODEL = """
import genn_delays as gd

def build(*, inputs: int, outputs: int, seed: int):
    net = gd.Network(seed)
    net.add_population("input", gd.Input(), inputs)
    net.add_population("hidden", gd.LIF(), 4)
    net.add_population("output", gd.LeakyReadout(), outputs)
    net.connect("input", "hidden", weight=gd.init.Normal(1, 1), delay=gd.init.Uniform(0, 5))
    net.connect("hidden", "output", weight=gd.init.Normal(0, 1))
    return net
"""


@pytest.mark.parametrize("command", ["resume", "run"])
def test_a_run_goes_on_with_its_copy_when_its_file_gained_a_setting(folder, call, forget, command):
    """And so does the model file, which the run kept too."""
    (folder / "model.py").write_text(MODEL)
    config = write(folder, model={"file": "model.py"}, callbacks=[], training={"epochs": 1})
    assert call("run", config, "--output", "run").exit_code == 0
    forget()
    mine, model = (folder / name for name in ("mine.py", "model.py"))
    mine.write_text(
        mine.read_text().replace("count: int = 2", "count: int = 2\n    every: int = 1")
    )
    model.write_text(MODEL.replace("seed: int", "seed: int, more: float = 1.0"))
    if command == "resume":
        kept = folder / "run" / "config.yaml"
        kept.write_text(kept.read_text().replace("epochs: 1", "epochs: 2"))
        said = call("resume", "run")
    else:
        words = ("--set", "training.epochs=2", "--output", "run", "--resume")
        said = call("run", config, *words)
    assert said.exit_code == 0, said.output
    assert len((folder / "run" / "metrics.jsonl").read_text().splitlines()) == 2 * 2
    assert "every" not in (folder / "run" / "config.yaml").read_text()


def test_reading_a_checkpoint_imports_no_installed_part(folder, forget, monkeypatch):
    monkeypatch.syspath_prepend(package(folder, "my-own", {"low": "my_own:Lowered"}))
    net = gd.Network(seed=1)
    net.add_population("hidden", gd.neurons.make({"name": "my-own:low", "share": 0.5}), 2)
    checkpoint.save("one.h5", net)
    forget()
    monkeypatch.delitem(sys.modules, "my_own")
    with pytest.raises(CheckpointError, match="class 'Lowered' of my_own; import my_own"):
        checkpoint.load("one.h5")
    assert "my_own" not in sys.modules
    entry_points.trust()  # as opening a run folder does
    assert checkpoint.load("one.h5").network.populations["hidden"].neuron.share == 0.5


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a user, with a run in it."""
    place = tmp_path_factory.mktemp("user")
    words = ["run", str(write(place)), "--output", str(place / "run")]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        assert CliRunner().invoke(cli, words, catch_exceptions=False).exit_code == 0
    return place


@pytest.fixture
def run(trained, folder, forget):
    """A copy of that run."""
    forget()
    return shutil.copytree(trained / "run", folder / "run")


def test_a_saved_model_names_the_file_it_needs_and_runs_nothing_before_it_is_given(
    folder, run, forget
):
    model = gd.load(run, backend="reference")
    model.save("alone.h5")
    events = gd.Events([1.0, 5.0], [0, 3], [0, 0], 1)
    expected = model.outputs(events)
    forget()
    (folder / "mine.py").write_text(MINE + KILLER + "\nopen('ran', 'a').write('.')\n")
    with pytest.raises(CheckpointError, match=r"needs the class 'Lowered' of file mine.py with"):
        gd.load("alone.h5")
    with pytest.raises(CheckpointError, match=r"and /.*/mine.py is another: it has [0-9a-f]{16}"):
        gd.load("alone.h5", plugins=["mine.py"], backend="reference")
    assert not (folder / "ran").exists()
    (folder / "mine.py").write_text(MINE + KILLER)
    found = gd.load("alone.h5", plugins=["mine.py"], backend="reference")
    np.testing.assert_array_equal(found.outputs(events), expected)
    with pytest.raises(CheckpointError, match=r"'mine' is neither a file \.py nor a plug-in"):
        gd.load("alone.h5", plugins=["mine"])


def test_the_encoder_of_a_file_hears_sound_for_the_model_of_a_run(folder, run):
    with wave.open("a.wav", "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        noise = np.random.default_rng(1).integers(-3000, 3000, 1600, dtype=np.int16)
        file.writeframes(noise.tobytes())
    model = gd.load(run, backend="reference")
    assert model.recipe.source().code.threshold == 0.3
    assert model.predict("a.wav").shape == (1,)


def test_an_edited_copy_is_refused_with_both_checksums(run, call):
    then = user_files.checksum((run / "plugin_mine.py").read_bytes())
    with (run / "plugin_mine.py").open("a") as file:
        file.write("# edited")
    now = user_files.checksum((run / "plugin_mine.py").read_bytes())
    for command in ("evaluate", "resume", "plot"):
        result = call(command, run)
        assert result.exit_code == 2
        for part in ("plugin_mine.py has changed", now[:16], then[:16], "train anew"):
            assert part in result.stderr
        assert len(result.stderr.splitlines()) == 2


def test_an_edited_original_is_said_and_the_run_goes_on_with_its_copy(trained, run, call, caplog):
    (trained / "mine.py").write_text("raise SystemExit('was run')")
    try:
        assert call("resume", run).exit_code == 0
    finally:
        write(trained)
    assert "mine.py has been edited since the run began" in caplog.text
    assert "goes on with its copy plugin_mine.py" in caplog.text


def test_a_file_that_the_run_did_not_keep_is_named(run, call):
    config = run / "config.yaml"
    config.write_text(config.read_text().replace("mine.py", "other.py"))
    result = call("resume", run)
    assert result.exit_code == 2
    assert "this run did not keep" in result.stderr
    assert "no line plugin_other.py" in result.stderr


FAULTS = {
    "readout={file: gone.py, name: X}": ("readout.file: there is no file", "gone.py"),
    "readout={file: 3, name: X}": ("readout.file: 3 given",),
    "readout={file: mine.py, name: SoftMx}": ("there is no 'SoftMx'", "did you mean 'SoftMax'?"),
    "readout={file: mine.py, name: Hinge}": ("'Hinge' of", "is no Readout; derive it from"),
    "readout={file: mine.py, name: SoftMax, sharp: 1}": ("did you mean 'sharpness'",),
    "loss={file: mine.py, name: np}": ("'np' is not defined in", "only imported"),
    "rewiring=[{file: bare.py, name: Bare}]": ("'Bare' of", "lacks step; define it"),
    "callbacks=[{file: bare.py, name: Tell, loud: 1}]": ("it is no dataclass",),
    "callbacks=[{file: bare.py, name: Short}]": ("called with (self, trainer, metrics, is_best)",),
    "callbacks=[{file: bare.py, name: Misnamed}]": ("never called", "did you mean 'on_epoch_end'"),
    "loss={file: bare.py, name: Halved}": ("called with (self, outputs, targets)",),
    "callbacks=[Tell]": ("callbacks[0]: there is no 'Tell'", "{file: mine.py, name: ...}"),
    "callbacks=[{file: bare.py, name: Taken, a: 1}]": ("has a setting 'file'", "rename it"),
    "data.augment=[{file: bad.py, name: X}]": ("bad.py, line 2: ZeroDivisionError",),
    "gradient={file: mine.py, name: X}": ("is code in every engine",),
    "data={file: mine.py, name: Chirp}": ("there is no 'Chirp'", "did you mean 'Chirps'"),
    "data.args.code={file: mine.py, name: Onset}": ("did you mean 'Onsets'",),
    "data.args.gain=2": ("data.args.gain: an encoder of your own has settings of its own",),
    "model.args.neuron={file: mine.py, name: Lowred}": ("neuron:", "did you mean 'Lowered'"),
    "loss={file: more/mine.py, name: Hinge}": ("have the same name", "rename one"),
}
BARE = """
from dataclasses import dataclass
import genn_delays as gd

class Bare(gd.rewiring.RewiringRule):
    pass

class Tell(gd.training.Callback):
    pass

class Short(gd.training.Callback):
    def on_epoch_end(self, trainer, metrics):
        pass

class Misnamed(gd.training.Callback):
    def on_epoch_ended(self, trainer, metrics, is_best):
        pass

class Halved(gd.losses.Loss):
    def __call__(self, outputs):
        return 0.0

@dataclass(frozen=True)
class Taken(gd.training.Callback):
    file: str = ""
    a: int = 0
"""


@pytest.mark.parametrize("override", FAULTS)
def test_what_is_wrong_with_a_part_is_told_in_two_lines(folder, call, override):
    config = write(folder)
    (folder / "bare.py").write_text(BARE)
    (folder / "bad.py").write_text("\n1 / 0\n")
    (folder / "more").mkdir()
    (folder / "more/mine.py").write_text(MINE)
    result = call("check", config, "--set", override)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) <= 2
    for part in FAULTS[override]:
        assert part in result.stderr


def test_what_a_part_raises_in_a_run_is_told_with_its_line(folder, call):
    config = write(folder, callbacks=[{"file": "loud.py", "name": "Loud"}])
    (folder / "loud.py").write_text(
        "import genn_delays as gd\n\nclass Loud(gd.training.Callback):\n"
        "    def on_epoch_begin(self, trainer):\n        [][1]\n"
    )
    result = call("run", config, "--output", "run")
    assert result.exit_code == 2
    assert "loud.py, line 5: IndexError: list index out of range" in result.stderr


def test_a_file_that_is_edited_while_the_data_are_made_is_said_before_training(
    folder, call, monkeypatch
):
    config = write(folder)
    make_network = run_module.make_network

    def edit_meanwhile(*given):
        write(folder)
        with (folder / "mine.py").open("a") as file:
            file.write("# edited")
        return make_network(*given)

    monkeypatch.setattr(run_module, "make_network", edit_meanwhile)
    result = call("run", config, "--output", "run")
    assert result.exit_code == 2
    assert "mine.py was edited while the run began; start it again" in result.stderr
    assert list((folder / "run").iterdir()) == []


def test_a_part_may_keep_what_it_likes_and_needs_no_settings(folder, call):
    (folder / "bare.py").write_text(
        "from dataclasses import dataclass, field\nimport genn_delays as gd\n\n"
        "class Plain(gd.training.Callback):\n    def __init__(self):\n        self.seen = []\n\n"
        "@dataclass\nclass Counts(gd.training.Callback):\n    every: int = 2\n"
        "    seen: list = field(default_factory=list, init=False)\n"
    )
    callbacks = [{"file": "bare.py", "name": name} for name in ("Plain", "Counts")]
    printed = call("check", write(folder, callbacks=callbacks), "--print").stdout
    bare = str(folder / "bare.py")
    assert yaml.safe_load(printed)["callbacks"] == [
        {"file": bare, "name": "Plain"},
        {"file": bare, "name": "Counts", "every": 2},
    ]


def test_an_unknown_key_that_a_part_cites_is_named(folder, call):
    config = write(folder)
    text = MINE.replace("    margin: float", "    cites = ('nowotny2024',)\n    margin: float")
    (folder / "mine.py").write_text(text)
    result = call("cite", config)
    assert result.exit_code == 2
    assert "Hinge cites 'nowotny2024', which is no known key; did you mean 'nowotny2025'?" in (
        result.stderr
    )


def test_two_packages_of_one_name_are_both_named(folder, call, monkeypatch):
    for name in ("first-pack", "second-pack"):
        monkeypatch.syspath_prepend(package(folder, name, {"F": f"{name.replace('-', '_')}:Fade"}))
    config = write(folder)
    result = call("check", config, "--set", "rewiring=[F]")
    assert result.exit_code == 2
    assert "'first-pack:F' (first_pack:Fade) and 'second-pack:F' (second_pack:Fade)" in (
        result.stderr
    )
    assert call("check", config, "--set", "rewiring=['second-pack:F']").exit_code == 0
    result = call("check", config, "--set", "rewiring=['second-pack:G']")
    assert "did you mean 'second-pack:F'?" in result.stderr


def test_a_name_of_the_package_is_no_other_packages(folder, call, monkeypatch):
    monkeypatch.syspath_prepend(package(folder, "over-taker", {"static": "over_taker:Fade"}))
    result = call("check", write(folder), "--set", "rewiring=[static]", "--print")
    assert "name: static" in result.stdout
    assert "over_taker" not in sys.modules


def test_a_package_that_fails_to_load_is_named_with_its_line(folder, call, monkeypatch):
    place = package(folder, "bad-pack", {"Bad": "bad_pack:Bad"}, "\nraise KeyError('oh')\n")
    monkeypatch.syspath_prepend(place)
    result = call("check", write(folder), "--set", "rewiring=[Bad]")
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) <= 2
    for part in ("'bad-pack:Bad' (bad_pack:Bad) fails to load", "KeyError: 'oh'", "line 2"):
        assert part in result.stderr
    monkeypatch.syspath_prepend(package(folder, "good-pack", {"Good": "good_pack:Fade"}))
    told = call("doctor").stdout
    assert "PROBLEM: genn_delays.plugins: the plug-in 'bad-pack:Bad'" in told
    assert "good-pack:Good (good_pack:Fade, RewiringRule)" in told
