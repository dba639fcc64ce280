"""The configuration as a page: its sections, and all that they can name."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from docstrings import summary
from schema import Entry, Key, keys_of
from types_in_words import written

import genn_delays as gd
from genn_delays import datasets
from genn_delays.datasets.audio import LogMel
from genn_delays.datasets.augment import AUGMENTATIONS
from genn_delays.datasets.encoder import SpikeEncoder
from genn_delays.datasets.frames import FrameEncoder
from genn_delays.declaration.kernels import KERNELS
from genn_delays.experiment import config, options
from genn_delays.models import names as models
from genn_delays.rewiring import Growth
from genn_delays.training import (
    EarlyStopping,
    Group,
    Narrowing,
    Optimiser,
    SilentRescue,
    SpikeCount,
)
from genn_delays.training.schedules import SCHEDULES
from genn_delays.training.update_rules import OPTIMISERS

GIVEN = ("inputs", "outputs", "seed")
"""Arguments of a model's ``build`` that no configuration gives."""
HELPS = {
    "sigma": Narrowing,
    "early_stopping": EarlyStopping,
    "spike_count": SpikeCount,
    "silent_rescue": SilentRescue,
}
"""Settings of the section ``training`` that are mappings."""
SMALLEST = {"model": {"file": "feedforward"}, "data": {"name": "sequence"}}


def defaults() -> dict[str, Any]:
    """What a configuration without these sections has, written out."""
    return config.validated(SMALLEST).model_dump(mode="json")


def entry(title: str, kind: Any, prefix: str, parts: Iterable[Entry] = (), **more: Any) -> Entry:
    """A heading with the docstring and the settings of a class or function."""
    keys = keys_of(kind, prefix, **more)
    return Entry(title, summary(kind), keys, list(parts), kind)


def named(
    title: str, about: str, registry: Mapping[str, Any], place: str = "", **more: Any
) -> Entry:
    """A heading with an entry for each name of a registry."""
    made = [entry(name, kind, f"{place}{name}.", **more) for name, kind in registry.items()]
    return Entry(title, [about], parts=made)


def of_module(title: str, about: str, module: Any, base: type, place: str) -> Entry:
    """A heading with an entry for each class of a module that can be made, as Python names it."""
    kinds = {
        name: kind
        for name, kind in vars(module).items()
        if inspect.isclass(kind) and issubclass(kind, base) and not inspect.isabstract(kind)
    }
    public = {name: kind for name, kind in kinds.items() if not name.startswith("_")}
    made = [entry(f"{place}.{n}", k, f"{place}.{n}.") for n, k in public.items()]
    return Entry(title, [about], parts=made)


def page() -> list[Entry]:
    """All parts of the page, in the order of a configuration."""
    return [_whole(), _model(), _data(), *_rules(), _training(), _optimiser(), _rewiring(),
            _callbacks(), entry("backend", config.BackendSection, "backend.")]  # fmt: skip


def _whole() -> Entry:
    whole = entry("Sections", config.Config, "")
    written_out = defaults()
    shown = {name: written(written_out[name]) for name in ("gradient", "readout", "loss")}
    sections = ("training", "optimiser", "backend")
    keys = [
        replace(key, default=shown.get(key.name, "" if key.name in sections else key.default))
        for key in whole.keys
    ]
    return replace(whole, keys=keys)


def _model() -> Entry:
    builds = {name: getattr(gd.models, name).build for name in models()}
    kernels = ", ".join(f"``{name}``" for name in (*KERNELS, "none"))
    parts = [
        named("Models", "What ``model.file`` names without a file.", builds,
              "gd.models.", leave_out=GIVEN),
        named(
            "Neurons",
            "For the argument ``neuron`` of a model, as in ``{name: adex, tau_w: 100.0}``, and "
            "for ``gd.neurons.make``.",
            gd.neurons.NAMED,
        ),
        of_module("Initialisers", "Of weights, delays and parameters, in a model file.",
                  gd.init, gd.init.Initialiser, "gd.init"),
        of_module("Wirings", "Which pairs are joined, ``connect(wiring=...)`` in a model file.",
                  gd.wiring, gd.wiring.Wiring, "gd.wiring"),
        Entry("Delay kernels", [f"By name in the arguments of models: {kernels}."], parts=[
            entry(name, kind, f"{name}.") for name, kind in KERNELS.items()]),
    ]  # fmt: skip
    return entry("model", config.ModelSection, "model.", parts)


def _data() -> Entry:
    encoders = {kind.__name__: kind for kind in (LogMel, SpikeEncoder, FrameEncoder)}
    parts = [
        named("Data sets", "Settings of ``data.args``, by ``data.name``.", datasets.SOURCES),
        named(
            "Encoders",
            "From sound to spikes or frames; the data sets of sound take these settings.",
            encoders,
        ),
        named("Augmentations", "Entries of ``data.augment``.", AUGMENTATIONS),
    ]
    return entry("data", config.DataSection, "data.", parts)


def _rules() -> list[Entry]:
    return [
        named("gradient", "``gradient: {name: eventprop}``.", options.GRADIENTS),
        named("readout", "``readout: {name: max_voltage}``.", options.READOUTS),
        named("loss", "``loss: {name: cross_entropy, scale: 20.0}``.", options.LOSSES),
    ]


def _training() -> Entry:
    helps = [entry(f"training.{n}", kind, f"training.{n}.") for n, kind in HELPS.items()]
    return entry("training", config.TrainingSection, "training.", helps)


def _optimiser() -> Entry:
    made = {key: written(value) for key, value in defaults()["optimiser"].items()}
    whole = entry("optimiser", Optimiser, "optimiser.")
    keys = [replace(key, default=made[key.name.partition(".")[2]]) for key in whole.keys]
    group = [
        Key("schedule", "list: name or mapping", "[]", _text(Group, "schedules")),
        *(key for key in keys_of(Group, "") if key.name == "l1"),
    ]
    parts = [
        Entry("Beside the settings of a rule", summary(Group), group),
        named("Update rules", "``{name: adam, lr: 1e-3}``.", OPTIMISERS),
        named("Schedules", "``schedule: [{name: ease_in, batches: 100}, cosine]``.", SCHEDULES),
    ]
    return replace(whole, keys=keys, parts=parts)


def _text(kind: type, name: str) -> str:
    return next(key.text for key in keys_of(kind, "") if key.name == name)


def _callbacks() -> Entry:
    return named("callbacks", "``callbacks: [tensorboard]``.", options.CALLBACKS)


def _rewiring() -> Entry:
    rules = named("rewiring", "``rewiring: [{name: deep_r, l1: 1e-4}]``.", options.REWIRING)
    growth = entry("growth", Growth, "growth.")
    return replace(rules, parts=[*rules.parts, growth])
