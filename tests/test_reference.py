"""The reference that is made from the code has everything, and says something of everything."""

from __future__ import annotations

import doctest
import inspect
import re

import click
import commands
import configuration
import docstrings
import public_names
import pytest
import schema
import types_in_words
from written_blocks import ROOT

import genn_delays as gd
from genn_delays import datasets
from genn_delays.experiment import config, options
from genn_delays.support import strict_yaml

ENTRIES = [entry for part in configuration.page() for entry in part.walk()]
KEYS = {key.name: key for entry in ENTRIES for key in entry.keys}
CONFIGURATIONS = sorted(
    path for path in (ROOT / "experiments").rglob("*.yaml") if not path.name.startswith("grid")
)


@pytest.mark.parametrize("module", [docstrings, types_in_words, schema], ids=lambda m: m.__name__)
def test_examples_of_the_extension_are_right(module):
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.title)
def test_every_setting_is_described_where_it_is_declared(entry):
    assert "".join(entry.about).strip()
    for key in entry.keys:
        assert re.search(r"\w", key.text), key.name
        assert key.kind, key.name


def test_no_setting_has_two_places():
    assert len(KEYS) == sum(len(entry.keys) for entry in ENTRIES)


def test_all_that_a_configuration_can_name_has_its_heading():
    titles = {entry.title for entry in ENTRIES}
    registries = (*options.REGISTRIES, datasets.SOURCES, gd.neurons.NAMED, gd.kernels.KERNELS)
    named = {name for registry in registries for name in registry if name != "spike_count"}
    assert named | {"spike_count", "training.spike_count", *gd.models.names()} <= titles
    for module, base in ((gd.init, gd.init.Initialiser), (gd.wiring, gd.wiring.Wiring)):
        place = module.__name__.rpartition(".")[2]
        kinds = {k for k in base.__subclasses__() if not k.__name__.startswith("_")}
        assert {f"gd.{place}.{kind.__name__}" for kind in kinds} <= titles
    assert {"LogMel", "SpikeEncoder", "FrameEncoder"} <= titles


def places(value: object, place: str = "") -> set[str]:
    """The place of every value of a written-out configuration."""
    if not isinstance(value, dict):
        return {place}
    inner = [places(v, f"{place}.{k}" if place else k) for k, v in value.items()]
    return set().union(*inner, {place} if place else set())


def key_of(place: str, written: dict) -> str:
    """The key of the reference that describes a value at this place."""
    section, _, rest = place.partition(".")
    within = rest.removeprefix("args.")
    if place.startswith("model.args."):
        return f"gd.models.{inspect.getmodulename(written['model']['file'])}.{within}"
    if place.startswith("data.args."):
        return f"{written['data']['name']}.{within}"
    if section in ("gradient", "readout", "loss") and rest:
        return f"{written[section]['name']}.{rest}"
    kind, _, setting = rest.partition(".")
    if section == "optimiser" and setting and kind in ("weight", "delay", "unit"):
        rule = written[section][kind]["name"]
        return setting if setting in ("l1", "schedule") else f"{rule}.{setting}"
    return place


@pytest.mark.parametrize(
    "path", CONFIGURATIONS, ids=lambda path: str(path.relative_to(ROOT / "experiments"))
)
def test_every_key_of_a_written_out_configuration_is_in_the_reference(path):
    """All experiments, with all that training can have."""
    base = strict_yaml.parse(path.read_text(encoding="utf-8"))
    training = {
        "sigma": {}, "early_stopping": {"patience": 3},
        "spike_count": {"target": 10, "strength": 1e-9}, "silent_rescue": {"amount": 0.002},
    }  # fmt: skip
    base["training"] = {**base.get("training", {}), **training}
    written = config.validated(base, path.parent).model_dump(mode="json")
    named = {key_of(place, written) for place in places(written)}
    assert {key for key in named if key not in KEYS and not key.endswith(".name")} == set()


@pytest.mark.parametrize(("name", "command"), list(commands.every()), ids=str)
def test_every_command_and_every_option_says_what_it_does(name, command):
    assert command.help
    assert all(option.help for option in command.params if isinstance(option, click.Option))


PAGES = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "docs/api").glob("*.rst")}
SHOWN = {path for text in PAGES.values() for path in re.findall(r"public-names:: (\S+)", text)}
DOCUMENTED = [each for path in public_names.PATHS for each in public_names.public(path)]


def test_every_public_name_has_a_page():
    assert set(public_names.PATHS) == SHOWN
    listed = {id(each.found) for each in DOCUMENTED}
    for name in gd.__all__:
        found = getattr(gd, name)
        assert inspect.ismodule(found) or id(found) in listed, name


def test_every_page_is_in_the_list_of_pages():
    listed = re.findall(r"^   (\w+)$", PAGES["index"], re.MULTILINE)
    assert sorted([*listed, "index"]) == sorted(PAGES)


@pytest.mark.parametrize("each", DOCUMENTED, ids=lambda each: each.path)
def test_every_public_name_is_documented(each):
    if each.directive == "py:data":
        return
    assert inspect.getdoc(each.found)
    if inspect.isclass(each.found):
        for name, member in inspect.getmembers(each.found):
            if not name.startswith("_") and inspect.isroutine(member):
                assert inspect.getdoc(member) or _is_outside(member), f"{each.path}.{name}"


def _is_outside(member: object) -> bool:
    return not getattr(member, "__module__", "").startswith("genn_delays")
