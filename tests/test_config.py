"""The configuration file: what it means, what it fills in, what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from own_parts import OWN_PARTS

from genn_delays.experiment.config import load_config, load_resolved
from genn_delays.experiment.model_file import build_network, load_build, resolve_args
from genn_delays.experiment.options import describe
from genn_delays.planning.readouts import ExponentialMeanVoltage
from genn_delays.support import strict_yaml
from genn_delays.support.errors import ConfigError
from genn_delays.training import Adam, Cosine, Group

ROOT = Path(__file__).parents[1]
SMALLEST = """
model: {file: model.py}
data: {name: sequence}
"""
MODEL = """
from __future__ import annotations
import genn_delays as gd

Rates = tuple[float, ...]

def build(*, inputs: int, outputs: int, seed: int, size: int = 3, rates: Rates = (1.0,)):
    net = gd.Network(seed)
    net.add_population("input", gd.Input(), inputs)
    return net
"""


@pytest.fixture
def write(tmp_path):
    (tmp_path / "model.py").write_text(MODEL)

    def write(text: str) -> Path:
        path = tmp_path / "config.yaml"
        path.write_text(text)
        return path

    return write


def test_every_default_is_written_out(write):
    config = load_config(write(SMALLEST))
    assert config.training.epochs == 30
    assert config.model.args == {"size": 3, "rates": [1.0]}
    assert config.data.args["interval"] == 10.0
    written = config.model_dump()
    assert written["readout"] == {
        "name": "exponential_mean_voltage",
        "population": None,
        "tau": None,
    }
    assert written["loss"]["scale"] == 20.0
    assert written["optimiser"]["weight"]["beta1"] == 0.9
    assert written["optimiser"]["delay"]["lr"] == 0.1
    assert config.backend.name == "auto"


def test_defaults_of_the_surrogate_rule_are_written_out(write):
    overrides = [
        "gradient.name=surrogate",
        "readout.name=softmax_sum",
        "training.sigma={}",
        "optimiser.weight={lr: 1e-3, l1: 1e-2, weight_decay: 1e-5, schedule: [{name: one_cycle}]}",
    ]
    config = load_config(write(SMALLEST), overrides)
    written = config.model_dump()
    assert written["gradient"] == {
        "name": "surrogate",
        "function": "arctan",
        "slope": 5.0,
        "detach_reset": True,
        "smooth": False,
    }
    assert written["readout"] == {"name": "softmax_sum", "population": None}
    assert written["training"]["sigma"] == {"final": 0.23, "share": 0.25, "start": None}
    weight, unit = written["optimiser"]["weight"], written["optimiser"]["unit"]
    assert weight["l1"] == 0.01
    (cycle,) = weight["schedule"]
    assert (cycle["per"], cycle["momentum"]) == ("batch", None)
    assert (unit["lr"], unit["weight_decay"], unit["schedule"]) == (1e-3, 0.0, [cycle])
    assert "l1" not in unit
    assert load_config(write(config.to_yaml())) == config


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("gradient={name: surrogate, functon: arctan}", "did you mean 'function'"),
        ("gradient={name: surrogate, function: arctn}", "did you mean 'arctan'"),
        ("training.sigma={fnal: 1}", r"config.yaml: training\.sigma: unknown setting 'fnal'"),
        ("training.sigma=0.2", "write a mapping of final, share, start"),
        ("training.sigma.share=2", r"Narrowing\(share=2.0\): must be in"),
        ("optimiser.delay={lr: 1, l1: 1}", "l1 is for weights; remove it from the delay"),
        ("optimiser.device=maybe", "device is 'maybe'; give true or false"),
        ("optimiser.units.lr=1", "did you mean 'unit'"),
    ],
)
def test_wrong_settings_of_the_surrogate_rule_are_named(write, override, message):
    with pytest.raises(ConfigError, match=message):
        load_config(write(SMALLEST), [override])


def test_what_is_written_reads_as_the_same_configuration(write, tmp_path):
    config = load_config(
        write(SMALLEST),
        [
            "training.spike_count={target: 14, strength: 1e-6, populations: [hidden]}",
            "training.early_stopping.patience=3",
            "data.augment=[{name: time_shift, max: 100}, {name: drop, probability: 0.1}]",
            "optimiser.weight={name: sgd, lr: 1, schedule: [{name: ease_in, batches: 9}, cosine]}",
            "optimiser.groups={'input->output': {delay: {name: adam, lr: 2}, weight: {name: sgd, "
            "lr: 1, l1: 0.5}}, hidden: {tau_mem: {name: sgd, lr: 3}}}",
            "optimiser.delay={lr: 1, schedule: [{name: one_cycle, momentum: [0.85, 0.95]}]}",
            "training.sigma={final: 0.5, start: 3}",
            "optimiser.clip={weight: 1}",
        ],
    )
    other = tmp_path / "elsewhere"
    other.mkdir()
    (other / "config.yaml").write_text(config.to_yaml())
    assert load_config(other / "config.yaml") == config
    assert load_resolved(other / "config.yaml") == config


def test_a_resolved_configuration_outlives_its_model_file(write, tmp_path):
    config = load_config(write(SMALLEST))
    path = write(config.to_yaml())
    (tmp_path / "model.py").unlink()
    assert load_resolved(path) == config
    with pytest.raises(ConfigError, match=r"model\.file: there is no file"):
        load_config(path)


def test_paths_start_from_the_folder_of_the_file(write, tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    (tmp_path / "data").mkdir()
    config = load_config(write(SMALLEST), ["data.path=data"])
    assert config.model.file == tmp_path / "model.py"
    assert config.data.path == tmp_path / "data"


@pytest.mark.parametrize("text", ["1e-3", "1E-3", "'1e-3'", ".1e-2", "0.001", "1.0e-3"])
def test_numbers_are_numbers_however_they_are_written(write, text):
    config = load_config(write(SMALLEST), [f"training.dt={text}", f"optimiser.weight.lr={text}"])
    assert config.training.dt == 1e-3
    assert config.optimiser.weight.rule.lr == 1e-3


def test_text_that_only_looks_like_a_number_stays_text():
    assert strict_yaml.parse("[1e3x, e3, 1e, -1e2, +1.5E+2]") == ["1e3x", "e3", "1e", -100.0, 150.0]


def test_keys_given_twice_are_refused_at_any_depth():
    with pytest.raises(ConfigError, match="line 3: key 'lr' is given twice, first in line 2"):
        strict_yaml.parse("a:\n  lr: 1\n  lr: 2\n")
    with pytest.raises(ConfigError, match="given twice"):
        strict_yaml.parse("[{x: 1, x: 2}]")


def test_yaml_anchors_and_merges_work():
    text = "base: &base {a: 1, b: 2}\nother: {<<: *base, b: 3}\n"
    assert strict_yaml.parse(text)["other"] == {"a": 1, "b": 3}


def test_later_overrides_win_and_reach_into_sections_the_file_leaves_out(write):
    config = load_config(write(SMALLEST), ["training.seed=2", "training.seed=3", "loss.scale=5"])
    assert config.training.seed == 3
    assert config.loss.scale == 5.0


def test_errors_name_the_file_first(write):
    path = write(SMALLEST + "trainig: {}\n")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(caught.value) == f"{path}: trainig: unknown key; did you mean 'training'?"


def test_a_section_that_is_missing_is_named(write):
    with pytest.raises(ConfigError, match="data: is missing"):
        load_config(write("model: {file: model.py}\n"))


def test_options_are_described_by_what_makes_them_again():
    group = Group(Adam(1e-3), (Cosine(),))
    assert describe(group.schedules) == [{"name": "cosine", "final": 0.0, "per": "batch"}]
    described = describe(ExponentialMeanVoltage(tau=3.0))
    assert described == {"name": "exponential_mean_voltage", "population": None, "tau": 3.0}


def test_model_arguments_are_converted_to_the_types_of_build(write, tmp_path):
    write(SMALLEST)
    build = load_build(tmp_path / "model.py")
    assert resolve_args(build, {"size": "4", "rates": [1, "2e-1"]}) == {
        "size": 4,
        "rates": (1.0, 0.2),
    }
    with pytest.raises(ConfigError, match=r"model\.args\.rates\.1.*'x' given"):
        resolve_args(build, {"rates": [1, "x"]})


def test_a_missing_model_argument_is_named(tmp_path):
    path = tmp_path / "model.py"
    path.write_text("def build(*, inputs, outputs, seed, size: int): ...")
    with pytest.raises(ConfigError, match=r"model\.args\.size.*required"):
        resolve_args(load_build(path), {})


@pytest.mark.parametrize("name", ["feedforward", "recurrent"])
def test_published_models_build_from_their_defaults(name):
    network = build_network(
        ROOT / "models" / f"{name}.py",
        {"hidden": 6 if name == "recurrent" else [6, 5]},
        inputs=4,
        outputs=3,
        seed=1,
    )
    assert network.populations["input"].size == 4
    assert network.populations["output"].size == 3
    assert network.projections["input->hidden" if name == "recurrent" else "input->hidden1"].learn


def test_feedforward_without_delays_has_none():
    args = {"hidden": [6], "delays": "zero", "learn_delays": False}
    network = build_network(ROOT / "models/feedforward.py", args, inputs=4, outputs=3, seed=1)
    for projection in network.projections.values():
        assert projection.learn == ("weight",)
        assert not projection.synapses.delay.any()


def test_experiments_are_valid():
    found = sorted((ROOT / "experiments").rglob("*.yaml"))
    configs = [path for path in found if not path.name.startswith("grid")]
    assert configs
    for path in configs:
        # data that has to be fetched first may be absent
        load_config(path, ["data.path=null"])


def test_a_readout_and_a_loss_of_the_model_file_are_named_as_any_other(write, tmp_path):
    path = write(SMALLEST)
    (tmp_path / "model.py").write_text((tmp_path / "model.py").read_text() + OWN_PARTS)
    own = ["readout={name: LastVoltage, share: 0.25}", "loss={name: Halved, scale: 20}"]
    config = load_config(path, own)
    assert type(config.readout).__name__ == "LastVoltage"
    assert config.readout.share == 0.25
    assert config.model_dump()["loss"] == {"name": "Halved", "scale": 20.0, "label_smoothing": 0.0}
    (tmp_path / "written.yaml").write_text(config.to_yaml())
    assert load_config(tmp_path / "written.yaml") == config


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("readout.name=LastVoltag", "readout: there is no 'LastVoltag'; did you mean 'LastVol"),
        ("readout={name: LastVoltage, shar: 1}", r"readout\.LastVoltage: .* did you mean 'share'"),
        ("readout.name=Halved", "readout: there is no 'Halved'"),
        ("loss={name: Halved, scale: x}", r"loss\.Halved\.scale: 'x' given"),
    ],
)
def test_mistakes_about_a_part_of_the_model_file_are_named(write, tmp_path, override, message):
    path = write(SMALLEST)
    (tmp_path / "model.py").write_text((tmp_path / "model.py").read_text() + OWN_PARTS)
    with pytest.raises(ConfigError, match=message):
        load_config(path, [override])
