"""Mistakes in the input: one or two lines that name place and remedy, exit code 2."""

from __future__ import annotations

import shutil

import h5py
import pytest


def expect_error(result, *parts):
    assert result.exit_code == 2, result.output
    message = result.stderr.rstrip("\n")
    assert message.startswith("Error: ")
    assert message.count("\n") <= 1
    assert len(message) < 1000
    for part in parts:
        assert part in message, message


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        ("training.epochz=3", ["sequence.yaml: training.epochz", "did you mean 'epochs'?"]),
        ("trainig.epochs=3", ["trainig", "did you mean 'training'?"]),
        ("training.epochs=many", ["training.epochs", "'many'", "integer"]),
        ("training.epochs=0", ["training.epochs", "greater than 0"]),
        ("training.dt=.nan", ["training.dt", "finite"]),
        ("training=3", ["training: 3 given", "'epochs'"]),
        ("model.args.hiden=[3]", ["model.args.hiden", "did you mean 'hidden'?"]),
        ("model.args.max_delay=far", ["model.args.max_delay", "'far'"]),
        ("model.args.seed=3", ["model.args.seed", "supplies"]),
        ("model.file=absent.py", ["model.file", "absent.py"]),
        ("data.name=seqence", ["data.name", "did you mean 'sequence'?"]),
        ("data.args.trian=3", ["data.args", "did you mean 'train'?"]),
        ("data.path=absent", ["data.path", "absent"]),
        ("data.augment=[{name: time_shif}]", ["data.augment", "did you mean 'time_shift'?"]),
        ("data.augment=3", ["data.augment", "list"]),
        ("gradient.name=eventprob", ["gradient", "did you mean 'eventprop'?"]),
        ("readout.name=max_voltag", ["readout", "did you mean 'max_voltage'?"]),
        ("loss.scales=2", ["loss", "did you mean 'scale'?"]),
        ("optimiser.delay.name=adm", ["optimiser", "did you mean 'adam'?"]),
        ("optimiser.weigth={name: adam}", ["optimiser", "did you mean 'weight'?"]),
        ("optimiser=adam", ["optimiser", "mapping"]),
        ("rewiring=[{name: depe_r}]", ["rewiring", "'depe_r'", "did you mean 'deep_r'"]),
        ("backend.name=nativ", ["backend.name", "did you mean 'native'?"]),
        ("training.spike_count={target: 3}", ["training.spike_count", "strength"]),
        ("training.early_stopping=3", ["training.early_stopping", "patience"]),
        ("loss.scales=2", ["sequence.yaml: loss.cross_entropy: unknown setting"]),
        ("rewiring=[x]", ["sequence.yaml: rewiring[0]: there is no"]),
        ("data.args.name=[]", ["data.args: unknown setting 'name'"]),
        ("data.args.dt=1", ["data.args: unknown setting 'dt'"]),
        ("data.path=~nouser/x", ["data.path", "'~nouser/x' is no path here"]),
        ("model.file=~nouser/x", ["model.file", "'~nouser/x' is no path here"]),
        ('model.file="a\\0b.py"', ["model.file", "is no path here"]),
        ("data.path=" + "x" * 5000, ["data.path", "is no path here"]),
        ("optimiser.clip=.nan", ["sequence.yaml: optimiser clip nan: give a number"]),
        ("optimiser.clip='" + "9" * 400 + "'", ["clip", "give a number"]),
        ("training.epochs='" + "9" * 400 + "'", ["training.epochs", "less than"]),
        ("training.seed='" + "9" * 400 + "'", ["training.seed", "less than or equal"]),
        ("loss.scale=" + "x" * 9999, ["loss.cross_entropy.scale"]),
        ("training.epochs", ["--set", "key.sub=value"]),
        ("training.epochs.more=3", ["training.epochs has no keys inside"]),
        ("loss={name: [}", ["--set", "not valid YAML"]),
    ],
)
def test_configuration_mistakes_name_the_place_and_the_nearest_name(config, call, override, parts):
    expect_error(call("check", config, "--set", override), *parts)


def test_a_key_given_twice_is_refused_with_both_lines(config, call):
    config.write_text(config.read_text() + "backend:\n  name: native\n")
    lines = config.read_text().splitlines()
    first, second = [k + 1 for k, line in enumerate(lines) if line == "backend:"]
    expect_error(call("check", config), f"line {second}", "'backend'", f"line {first}")


def test_a_file_that_is_missing_or_no_yaml_is_named(folder, call):
    expect_error(call("run", "absent.yaml"), "absent.yaml", "No such file")
    (folder / "list.yaml").write_text("- 1\n")
    expect_error(call("run", "list.yaml"), "list.yaml", "mapping")
    (folder / "broken.yaml").write_text("model: {file: x\n")
    expect_error(call("run", "broken.yaml"), "broken.yaml", "line 2", "not valid YAML")
    (folder / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    expect_error(call("run", "binary.yaml"), "binary.yaml", "UTF-8")


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ("x = 1\n", ["no function build"]),
        ("def build(*, inputs, outputs): pass\n", ["'seed'"]),
        ("def build(*, inputs, outputs, seed): return 3\n", ["returned 3"]),
        ("def build(*, inputs, outputs, seed):\n    return 1 / 0\n", ["line 2", "ZeroDivision"]),
        ("import absent_package\n", ["line 1", "absent_package"]),
        ("raise SystemExit(0)\n", ["line 1", "SystemExit"]),
        ("def build(*, inputs, outputs, seed, a: 'absent' = 1): pass\n", ["annotations", "absent"]),
        ("def build(:\n", ["line 1", "invalid syntax"]),
    ],
)
def test_a_faulty_model_file_is_named_with_its_line(folder, config, call, source, parts):
    (folder / "model.py").write_text(source)
    override = "model={file: model.py}"
    expect_error(call("run", config, "--set", override), "model.py", *parts)


def test_impossible_delays_are_refused(config, call):
    expect_error(
        call("run", config, "--set", "model.args.max_delay=-1"), "low must not exceed high"
    )
    beyond = "model.args.delay_range=[0, 30]"
    expect_error(call("run", config, "--set", beyond), "input->output", "max_delay = 20 ms")
    negative = "model.args.delay_range=[-3, -2]"
    expect_error(call("run", config, "--set", negative), "input->output", "outside [0, max_delay")


def test_a_trial_shorter_than_its_events_is_refused(config, call):
    expect_error(
        call("run", config, "--set", "training.duration=5"), "outside", "lengthen the trial"
    )


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_nan_while_training_is_an_error_and_leaves_the_last_checkpoint(config, call):
    huge = call(
        "run", config, "--output", "run", "--set", "optimiser.weight={name: sgd, lr: 1e308}"
    )
    expect_error(huge, "lower the learning rate")
    with h5py.File("run/checkpoint.h5") as file:
        assert file.attrs["format"] == "genn-delays checkpoint"


def test_a_run_folder_that_holds_something_is_left_alone(folder, config, call):
    (folder / "run").mkdir()
    (folder / "run" / "notes.txt").write_text("mine")
    expect_error(call("run", config, "--output", "run"), "run folder run exists", "resume")
    assert [path.name for path in (folder / "run").iterdir()] == ["notes.txt"]


def test_mistakes_leave_no_run_folder_behind(folder, config, call):
    call(
        "run", config, "--output", "run", "--set", "training.duration=5", "--set", "backend.name=x"
    )
    call("run", config, "--output", "run", "--set", "model.args.max_delay=-1")
    assert not (folder / "run").exists()


def test_no_compiler_is_an_error_with_the_remedy(config, call, monkeypatch):
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda *_: None)
    expect_error(call("run", config, "--set", "backend.name=native"), "C compiler", "install")


@pytest.mark.parametrize("variable", ["GENN_DELAYS_CACHE", "XDG_CACHE_HOME"])
def test_a_cache_in_the_home_of_nobody_is_an_error_with_its_variable(
    config, call, monkeypatch, variable
):
    monkeypatch.delenv("GENN_DELAYS_CACHE")
    monkeypatch.setenv(variable, "~nouser/cache")
    result = call("run", config, "--set", "backend.name=native")
    expect_error(result, variable, "'~nouser/cache' is no path here")


def test_a_folder_that_is_no_run_is_refused(folder, call):
    for command in ("resume", "evaluate", "plot"):
        expect_error(call(command, folder), "is not a run folder")


def test_a_truncated_checkpoint_is_refused(folder, config, call):
    assert call("run", config, "--output", "run").exit_code == 0
    for name in ("checkpoint.h5", "best.h5"):
        content = (folder / "run" / name).read_bytes()
        (folder / "run" / name).write_bytes(content[: len(content) // 2])
    expect_error(call("resume", "run"), "checkpoint.h5")
    expect_error(call("evaluate", "run"), "best.h5")
    shutil.rmtree(folder / "run")


@pytest.mark.parametrize(
    ("overrides", "parts"),
    [
        (["optimiser.device=true"], ["'native' learns on the host", "genn-cuda"]),
        (["optimiser.device=true", "optimiser.clip=1"], ["device: true has no clip"]),
        (["optimiser.device=true", "rewiring=[{name: deep_r}]"], ["has no rewiring"]),
    ],
)
def test_what_the_device_cannot_do_is_refused_before_any_data_are_read(
    config, call, overrides, parts
):
    chosen = ["backend.name=native", *overrides]
    given = [part for override in chosen for part in ("--set", override)]
    expect_error(call("check", config, *given), *parts)
