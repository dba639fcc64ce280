"""Whatever a configuration can name says what to cite for it, or that there is nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from genn_delays import datasets
from genn_delays.backends import BACKENDS
from genn_delays.declaration import kernels, neurons
from genn_delays.declaration.distance import Distance
from genn_delays.declaration.neurons import Neuron
from genn_delays.declaration.units import BatchNorm
from genn_delays.experiment.model_file import cited_in
from genn_delays.experiment.options import REGISTRIES
from genn_delays.planning.gradients.surrogate import FUNCTIONS, Surrogate
from genn_delays.support.references import ENTRIES
from genn_delays.training import Narrowing, SilentRescue

MODELS = sorted((Path(__file__).parents[1] / "models").glob("*.py"))
NEURONS = [kind for kind in vars(neurons).values() if isinstance(kind, type) and kind != Neuron]
NAMED = (*REGISTRIES, datasets.SOURCES, kernels.KERNELS, BACKENDS)
KINDS = [kind for registry in NAMED for kind in registry.values()]
KINDS += [*NEURONS, BatchNorm, Distance, Narrowing, SilentRescue]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_whatever_has_a_name_says_itself_what_to_cite_for_it(kind):
    assert "cites" in vars(kind), "write cites = () where there is nothing"
    assert set(kind.cites) <= set(ENTRIES)


@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.name)
def test_every_model_says_which_paper_it_is_from_or_that_there_is_none(model):
    assert "\nCITES = (" in model.read_text(encoding="utf-8")
    cited_in(model)


def test_every_reference_is_cited_by_something():
    used = {key for kind in KINDS for key in kind.cites}
    used |= {key for name in FUNCTIONS for key in Surrogate(name).publications()}
    written = [make for make in neurons.NAMED.values() if not isinstance(make, type)]
    used |= {key for make in written for key in make().publications()}
    assert used | {key for model in MODELS for key in cited_in(model)} == set(ENTRIES)


@pytest.mark.parametrize("key", ENTRIES)
def test_a_reference_is_whole(key):
    entry = ENTRIES[key]
    assert re.match(rf"@(article|inproceedings|misc)\{{{key},\n", entry)
    for field in ("title", "author", "year"):
        assert f"{field} = {{" in entry
    assert "doi = {" in entry or "eprint = {" in entry
    assert entry.count("{") == entry.count("}")
    assert entry.endswith("\n}")
