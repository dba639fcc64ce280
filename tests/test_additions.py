"""Each row of "To add something" in docs/architecture.md, done: one is added and then used."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import click
import numpy as np
import pytest
from click.testing import CliRunner

import genn_delays as gd
from genn_delays import backends, datasets, rewiring
from genn_delays.backends import reference
from genn_delays.backends.native.rules import RULES
from genn_delays.cli import cli
from genn_delays.datasets import augment
from genn_delays.datasets.sequence import Sequence
from genn_delays.declaration import kernels
from genn_delays.experiment import checkpoint, options
from genn_delays.experiment.config import load_config
from genn_delays.experiment.experiment import (
    check_declared,
    load_dataset,
    make_network,
    prepare,
)
from genn_delays.export.base import Format, Writer
from genn_delays.export.description import Description
from genn_delays.export.formats import FORMATS
from genn_delays.planning.gradients.surrogate import FUNCTIONS
from genn_delays.training import schedules, update_rules

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (?:a|an) ([a-z ]+) \|(.*)\|(.*)\|$", PAGE, re.MULTILINE)
MODEL = """
import genn_delays as gd

def build(*, inputs: int, outputs: int, seed: int):
    net = gd.Network(seed)
    net.add_population("input", gd.Input(), inputs)
    net.add_population("hidden", gd.LIF(), 4)
    net.add_population("output", gd.LeakyReadout(), outputs)
    net.connect("input", "hidden", weight=2.0, delay=gd.init.Uniform(0, 5))
    net.connect("hidden", "output", weight=gd.init.Normal(0, 1))
    return net
"""


@pytest.fixture
def train(tmp_path):
    """One epoch of a small run with these overrides; the trainer."""

    def train(*overrides: str):
        (tmp_path / "model.py").write_text(MODEL)
        path = tmp_path / "config.yaml"
        path.write_text("model: {file: model.py}\ndata: {name: sequence}\ntraining: {epochs: 1}\n")
        config = load_config(path, ["backend.name=reference", *overrides])
        assert load_config(_written(tmp_path, config)) == config
        assert check_declared(config)
        dataset = load_dataset(config)
        experiment = prepare(config, dataset, make_network(config, dataset))
        experiment.trainer.fit()
        return experiment.trainer

    return train


def small(neuron: gd.Neuron, **options) -> gd.Network:
    net = gd.Network(seed=1)
    net.add_population("input", gd.Input(), 2)
    net.add_population("hidden", neuron, 4)
    net.add_population("output", gd.LeakyReadout(), 3)
    net.connect("input", "hidden", weight=gd.init.Normal(3, 1), delay=4.0, max_delay=9.0, **options)
    net.connect("hidden", "output", weight=gd.init.Normal(0, 1))
    return net


def _written(folder: Path, config) -> Path:
    path = folder / "written.yaml"
    path.write_text(config.to_yaml())
    return path


def gradients(network: gd.Network, backend: str, rule: gd.GradientRule):
    """dL/dw and dL/dd of one batch."""
    readout, settings = gd.readouts.MeanVoltage(), {"steps": 30, "precision": "float64"}
    events = gd.Events([1.0, 3.0, 4.0, 9.0], [0, 1, 0, 1], [0, 0, 0, 0], 1)
    with gd.compile(
        network, gradient=rule, readout=readout, backend=backend, **settings
    ) as simulation:
        found = simulation.backward(np.ones_like(simulation.forward(events)))
    return np.concatenate([np.concatenate([g.weight, g.delay]) for g in found.values()])


def same_on_all_engines(network: gd.Network, rule: gd.GradientRule) -> None:
    expected = gradients(network, "reference", rule)
    assert np.any(expected != 0)
    np.testing.assert_allclose(gradients(network, "native", rule), expected, rtol=1e-9, atol=1e-12)


def test_every_row_of_the_page_is_done_here_and_names_files_that_are_there():
    done = {name.removeprefix("test_a_").removeprefix("test_an_") for name in globals()}
    assert len(ROWS) > 10
    for what, *cells in ROWS:
        assert what.replace(" ", "_") in done, f"add one here: {what}"
        for file in re.findall(r"`([\w/]+/(?:[\w.]+)?)`", "".join(cells)):
            assert (ROOT / "genn_delays" / file).exists(), file


@dataclass(frozen=True, eq=False)
class TwoStage(gd.Neuron):
    """A LIF whose synapse is a cascade of two exponentials."""

    tau: float = 5.0
    threshold: float = 0.2
    states: ClassVar[tuple[str, ...]] = ("V", "J", "I")
    positive: ClassVar[tuple[str, ...]] = ("tau", "threshold")

    def flow(self, size: int) -> np.ndarray:
        return np.tile(np.array([[-1, 1, 0], [0, -1, 1], [0, 0, -1]]) / self.tau, (size, 1, 1))

    def reset(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        matrix, offset = super().reset(size)
        matrix[:, 0, 0] = 0.0
        return matrix, offset


@pytest.mark.parametrize("rule", [gd.EventProp(), gd.Surrogate()], ids=lambda rule: rule.name)
def test_a_neuron(tmp_path, rule):
    network = small(TwoStage())
    same_on_all_engines(network, rule)
    checkpoint.save(tmp_path / "saved.h5", network)
    assert (
        type(checkpoint.load(tmp_path / "saved.h5").network.populations["hidden"].neuron)
        is TwoStage
    )


class Flat(kernels.Triangle):
    """Another name is enough to be another kernel."""


def test_a_delay_kernel(monkeypatch):
    monkeypatch.setitem(kernels.KERNELS, "flat", Flat)
    same_on_all_engines(small(gd.LIF(), kernel=kernels.make("flat", 1.5)), gd.Surrogate())


@dataclass(frozen=True)
class Mine(gd.readouts.MaxVoltage):
    """A readout."""


def test_a_readout(train, monkeypatch):
    monkeypatch.setitem(options.READOUTS, "mine", Mine)
    assert type(train("readout=mine").simulation.plan.readout) is Mine


class Halved(gd.losses.CrossEntropy):
    """A loss."""


def test_a_loss(train, monkeypatch):
    monkeypatch.setitem(options.LOSSES, "halved", Halved)
    assert type(train("loss=halved").loss) is Halved


class Plain(update_rules.SGD):
    """An update rule."""


def test_an_update_rule(train, monkeypatch):
    monkeypatch.setitem(update_rules.OPTIMISERS, "plain", Plain)
    assert type(train("optimiser.delay={name: plain, lr: 1}").optimiser.delay.rule) is Plain


class Steady(schedules.Constant):
    """A schedule."""


def test_a_schedule(train, monkeypatch):
    monkeypatch.setitem(schedules.SCHEDULES, "steady", Steady)
    (schedule,) = train(
        "optimiser.weight={lr: 1e-3, schedule: [steady]}"
    ).optimiser.weight.schedules
    assert type(schedule) is Steady


class Shift(augment.TimeShift):
    """An augmentation."""


def test_an_augmentation(train, monkeypatch):
    monkeypatch.setitem(augment.AUGMENTATIONS, "shift", Shift)
    (augmentation,) = train("data.augment=[{name: shift, max: 3}]").augmentations
    assert type(augmentation) is Shift


class Still(rewiring.Static):
    """A rewiring rule."""


def test_a_rewiring_rule(train, monkeypatch):
    monkeypatch.setitem(rewiring.RULES, "still", Still)
    (rule,) = train("rewiring=[still]").rewiring.rules
    assert type(rule) is Still


class Twice(Sequence):
    """A data set."""


def test_a_data_set(train, monkeypatch):
    monkeypatch.setitem(datasets.SOURCES, "twice", Twice)
    assert len(train("data={name: twice, args: {train: 2}}").dataset.train) == 4


@pytest.mark.parametrize(
    "file",
    [
        "planning/gradients/surrogate.py",
        "backends/native/templates/surrogate/derivative.c.j2",
        "backends/genn/templates/surrogate/derivative.j2",
    ],
)
def test_a_surrogate_function(file):
    """A template has no registry: every function that there is stands in each of the files."""
    text = (ROOT / "genn_delays" / file).read_text(encoding="utf-8")
    assert all(f'"{name}"' in text for name in FUNCTIONS)


@dataclass(frozen=True)
class Second(gd.Surrogate):
    """A gradient rule."""

    name: ClassVar[str] = "second"


def test_a_gradient_rule(train, monkeypatch):
    monkeypatch.setitem(options.GRADIENTS, "second", Second)
    monkeypatch.setitem(reference.SIMULATIONS, "second", reference.SIMULATIONS["surrogate"])
    monkeypatch.setitem(RULES, "second", RULES["surrogate"])
    assert type(train("gradient=second").simulation.plan.gradient) is Second
    same_on_all_engines(small(gd.LIF()), Second())


class Slow(reference.Reference):
    """A backend."""

    name = "slow"


def test_a_backend(train, monkeypatch):
    monkeypatch.setitem(backends.BACKENDS, "slow", Slow)
    assert train("backend.name=slow").simulation.trials > 0


class Sizes(Format):
    """The sizes of populations, as text."""

    name = "sizes"
    suffix = ".txt"

    def check(self, description: Description) -> None:
        """Nothing is too odd for it."""

    def writers(self, description: Description, main: Path) -> Mapping[Path, Writer]:
        text = " ".join(f"{p.name} {p.size}" for p in description.populations.values())
        return {main: lambda path: path.write_text(text)}


def test_an_export_format(train, monkeypatch, tmp_path):
    monkeypatch.setitem(FORMATS, "sizes", Sizes())
    FORMATS["sizes"](train().network, tmp_path / "net.txt", dt=1.0)
    assert (tmp_path / "net.txt").read_text() == "input 2 hidden 4 output 2"
    assert json.loads((tmp_path / "net.json").read_text())["target"] == "sizes"


def test_a_command():
    @click.command()
    def hello() -> None:
        click.echo("hello")

    cli.add_command(hello)
    try:
        assert CliRunner().invoke(cli, ["hello"]).output == "hello\n"
    finally:
        del cli.commands["hello"]
