"""What `import genn_delays as gd` gives, and how its objects show themselves."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import networks
import numpy as np
import pytest

import genn_delays as gd

ROOT = Path(__file__).parents[1]
NEEDS_PYGENN = {"genn"}


@pytest.mark.parametrize("name", sorted(set(gd.__all__) - NEEDS_PYGENN))
def test_every_public_name_is_there(name):
    assert getattr(gd, name) is not None
    assert name in dir(gd)


def test_every_name_that_the_documentation_uses_is_public():
    used = set()
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        used |= set(re.findall(r"\bgd\.(\w+)", page.read_text(encoding="utf-8")))
    assert len(used) > 15
    assert used - set(gd.__all__) == set()


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'fits'"):
        gd.fits  # noqa: B018


def test_what_takes_long_is_imported_when_it_is_asked_for():
    later = ("training", "datasets", "experiment", "fitting", "models", "genn", "rewiring")
    code = (
        "import sys, genn_delays as gd\n"
        f"print([n for n in {later} if f'genn_delays.{{n}}' in sys.modules])\n"
        "print(gd.datasets.Dataset is gd.Dataset, callable(gd.fit), 'asyncio' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "True True False"]


def data():
    trials = np.ones((2, 3, 13), bool)
    return gd.Dataset.from_arrays({"train": (trials, [0, 1])}, units=13)


def shown():
    net = networks.feedforward()
    projection = net.projections["input->lif"]
    net.populations["<b>"] = gd.Population("<b>", gd.LIF(), 1)
    return {
        "Network": (net, "input 13"),
        "Population": (net.populations["lif"], "size=21"),
        "Projection": (projection, "delay=0 to 20 of 20 ms"),
        "SynapseTable": (projection.synapses, "synapses=273"),
        "Dataset": (data(), "train=2"),
    }


@pytest.mark.parametrize("kind", shown())
def test_an_object_shows_itself_in_a_line_and_in_a_table(kind):
    instance, part = shown()[kind]
    assert repr(instance).startswith(f"{kind}(")
    assert part in repr(instance)
    assert "\n" not in repr(instance)
    html = instance._repr_html_()
    assert html.startswith("<table><tr><th>")
    assert html.count("<table>") == html.count("</table>") >= 1
    assert "<b>" not in html  # what users name is escaped


def test_a_simulation_shows_its_plan():
    with gd.compile(networks.feedforward(), steps=10, backend="reference") as sim:
        assert "dt=1 ms, steps=10, batch_size=1, precision=float32" in repr(sim)
        assert "<td>readout</td><td>MeanVoltage(population=None)</td>" in sim._repr_html_()


def test_a_summary_names_sizes_delays_and_what_is_learnt():
    lines = networks.feedforward().summary().splitlines()
    assert lines[0].split() == ["population", "neuron", "units", "learns"]
    assert "adaptive    AdaptiveLIF   18" in lines
    synapses = next(line for line in lines if line.startswith("input->adaptive"))
    assert synapses.split()[1:3] == ["117", "0.5"]
    assert lines[-1] == "learns 1310 weights"


def test_an_empty_network_shows_itself_too():
    assert repr(gd.Network()) == "Network()"
    assert gd.Network().summary().endswith("learns nothing")
