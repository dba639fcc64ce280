"""Exports without a simulator: what is written, what is refused, and what is left behind."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tempfile
import tracemalloc
from pathlib import Path
from unittest.mock import MagicMock

import networks
import networks_to_export as made
import numpy as np
import pytest

import genn_delays as gd
from genn_delays.export.description import describe
from genn_delays.planning.timing import delay_to_steps
from genn_delays.support.errors import ExportError, GennDelaysError, NetworkError

SCRIPTS = ["arbor", "brian2", "nest", "pynn"]


def small(neuron: gd.Neuron | None = None) -> gd.Network:
    net = gd.Network()
    net.add_population("input", gd.Input(), 3)
    net.add_population("hidden", neuron or gd.LIF(), 4)
    net.connect("input", "hidden", weight=0.5, delay=gd.init.Uniform(0, 5), max_delay=5.0)
    return net


@pytest.mark.parametrize("name", SCRIPTS)
def test_an_export_is_a_script_its_arrays_and_what_it_loses(name, tmp_path):
    path = gd.export.FORMATS[name](small(), tmp_path / "net.py", dt=1.0)
    assert path == tmp_path / "net.py"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["net.json", "net.npz", "net.py"]
    text = path.read_text()
    assert "genn_delays" not in text, "a script needs this package"
    ast.parse(text)
    about = json.loads((tmp_path / "net.json").read_text())
    assert (about["target"], about["dt"], about["version"]) == (name, 1.0, 1)
    assert about["loses"]
    assert about["populations"]["hidden"]["reset"] == "to a value"
    assert about["projections"]["input->hidden"]["dense"] is True


def test_a_script_without_its_two_files_says_what_it_wants(tmp_path):
    (tmp_path / "nest.py").write_text("")  # the simulator is not asked
    script = gd.export.nest(small(), tmp_path / "net.py", dt=1.0)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == f"usage: python {script} TRIALS.npz RESULTS.npz, see main()\n"


def test_a_delay_is_rounded_here_once_and_one_step_is_added(tmp_path):
    net = small()
    ties = [0.0, 0.05, 0.15, 0.25, 0.35, 0.449, 0.45, 0.5, 1.0, 2.05, 4.95, 5.0]
    net.projections["input->hidden"].synapses.delay[:] = ties
    gd.export.brian2(net, tmp_path / "net.py", dt=0.1)
    arrays = np.load(tmp_path / "net.npz")
    assert arrays["input_to_hidden.steps"].tolist() == [1, 1, 3, 3, 5, 5, 5, 6, 11, 21, 51, 51]
    np.testing.assert_array_equal(
        arrays["input_to_hidden.steps"], delay_to_steps(np.array(ties), 0.1) + 1
    )
    assert arrays["input_to_hidden.delay"].tolist() == ties


def test_several_synapses_of_a_pair_stay_several(tmp_path):
    net = networks.feedforward()
    gd.export.nest(_without_coupling(net), tmp_path / "net.py", dt=1.0)
    arrays = np.load(tmp_path / "net.npz")
    for name in ("lif_to_adaptive", "lif_to_adaptive_2"):
        table = net.projections["lif->adaptive"].synapses
        assert len(arrays[f"{name}.weight"]) == len(table)


def _without_coupling(net: gd.Network) -> gd.Network:
    """The adaptation does not follow the voltage, which NEST has no model of."""
    adaptive = net.populations["adaptive"].neuron
    object.__setattr__(adaptive, "a", 0.0)
    return net


def test_names_of_a_user_stay_names(tmp_path):
    net = gd.Network()
    evil = ['in"\n"""; import os #', "class", "np", "naïve ü", "in->put", "in-put", "I" * 300]
    for name in evil:
        net.add_population(name, gd.Input(), 2)
    net.add_population("V", gd.LIF(), 3)
    for name in evil:
        net.connect(name, "V", weight=1.0)
    for target in SCRIPTS:
        path = gd.export.FORMATS[target](net, tmp_path / f"of_{target}.py", dt=1.0)
        tree = ast.parse(path.read_text())
        assert not any("os" in {a.name for a in n.names} for n in _imports(tree))
        about = json.loads(path.with_suffix(".json").read_text())
        names = [p["identifier"] for p in about["populations"].values()]
        assert len(set(names)) == len(evil) + 1
        assert all(name.isascii() and name.isidentifier() for name in names)


def _imports(tree: ast.AST) -> list[ast.Import]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Import)]


TAILED = ("arbor", "pynn")
REFUSED = [
    ("nest", made.soft, "a reset by an amount"),
    ("nest", made.coupled, "no model of AdaptiveLIF"),
    ("nest", made.wiped, "wipe input"),
    ("pynn", made.adaptive, "no IF_curr_exp"),
    ("pynn", made.two_inputs, "rest"),
    ("arbor", made.soft, "reset to 0"),
    ("arbor", made.two_inputs, "constant drive"),
    ("arbor", made.coupled, "no lif_cell is a AdaptiveLIF"),
]


@pytest.mark.parametrize(("target", "kind", "why"), REFUSED)
def test_what_a_target_cannot_hold_is_refused_by_name_and_nothing_is_written(
    target, kind, why, tmp_path
):
    net = gd.Network()
    net.add_population("input", gd.Input(), 3)
    net.add_population("odd", kind(np.random.default_rng(1), 4), 4)
    first = net.populations["odd"].neuron.input_state
    net.connect("input", "odd", weight=0.1, target=first)
    with pytest.raises(
        ExportError, match=f"{target} cannot hold population 'odd'.*{why}"
    ) as caught:
        gd.export.FORMATS[target](net, tmp_path / "net.py", dt=1.0)
    assert str(caught.value).count("\n") < 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("target", TAILED)
def test_a_tail_is_refused_where_it_cannot_be_held(target, tmp_path):
    net = gd.Network()
    net.add_population("input", gd.Input(), 3)
    net.add_population("hidden", gd.LIF(), 4, tail=3.0)
    net.connect("input", "hidden", weight=0.5)
    with pytest.raises(ExportError, match="tail"):
        gd.export.FORMATS[target](net, tmp_path / "net.py", dt=1.0)


def test_arbor_refuses_more_connections_than_memory_may_hold(tmp_path):
    net = gd.Network()
    net.add_population("input", gd.Input(), 700)
    net.add_population("hidden", gd.LIF(), 512)
    net.connect("input", "hidden", weight=0.1)
    with pytest.raises(ExportError, match=r"arbor: 497.* connections"):
        gd.export.arbor(net, tmp_path / "net.py", dt=0.1)


@pytest.mark.parametrize("taken", ["net.py", "net.npz", "net.json"])
def test_what_exists_is_not_written_over(taken, tmp_path):
    (tmp_path / taken).mkdir()
    with pytest.raises(ExportError, match=f"{taken} exists already"):
        gd.export.brian2(small(), tmp_path / "net.py", dt=1.0)
    assert [p.name for p in tmp_path.iterdir()] == [taken]


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("net", "ends in .py"),
        ("net.txt", "ends in .py"),
        ("nowhere/net.py", "no folder"),
        ("brian2.py", "hide the module 'brian2'"),
        ("random.py", "hide the module 'random'"),
    ],
)
def test_a_path_that_cannot_be_is_refused(path, why, tmp_path):
    with pytest.raises(ExportError, match=why):
        gd.export.brian2(small(), tmp_path / path, dt=1.0)
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_finite_is_refused(tmp_path):
    net = small()
    net.projections["input->hidden"].synapses.weight[5] = np.nan
    with pytest.raises(NetworkError, match="nan"):
        gd.export.nest(net, tmp_path / "net.py", dt=1.0)
    with pytest.raises(GennDelaysError, match="dt=nan"):
        gd.export.nest(small(), tmp_path / "net.py", dt=float("nan"))
    assert list(tmp_path.iterdir()) == []


def test_something_else_than_a_network_is_refused(tmp_path):
    with pytest.raises(ExportError, match="takes a Network, got str"):
        gd.export.nest("net.h5", tmp_path / "net.py", dt=1.0)
    net = gd.Network()
    net.add_population("input", gd.Input(), 3)
    with pytest.raises(ExportError, match="no neurons"):
        gd.export.nest(net, tmp_path / "net.py", dt=1.0)


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    def full(path: Path, **arrays: object) -> None:
        Path(path).write_bytes(b"some")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(ExportError, match="No space left on device"):
        gd.export.brian2(small(), tmp_path / "net.py", dt=1.0)
    assert list(tmp_path.iterdir()) == []


def test_358000_synapses_take_less_than_500_mb(tmp_path):
    net = gd.Network()
    net.add_population("input", gd.Input(), 700)
    net.add_population("hidden", gd.LIF(), 512)
    net.add_population("output", gd.LeakyReadout(), 20)
    net.connect("input", "hidden", weight=gd.init.Normal(0.03, 0.03), delay=gd.init.Uniform(0, 60))
    net.connect("hidden", "output", weight=gd.init.Normal(0.03, 0.03))
    tracemalloc.start()
    gd.export.nest(net, tmp_path / "net.py", dt=1.0)
    gd.export.brian2(net, tmp_path / "other.py", dt=1.0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 500e6
    assert (tmp_path / "net.py").stat().st_size < 20_000, "synapses are not in the script"


def test_a_readout_of_the_users_own_is_left_out_and_the_script_says_so(tmp_path):
    class Last(gd.readouts.VoltageTrace):
        """Anything else than what ships."""

    net = small(gd.LeakyReadout())
    text = gd.export.brian2(net, tmp_path / "net.py", dt=1.0, readout=Last()).read_text()
    assert "The readout, Last, is a class of the user's own" in text
    assert "def outputs(" not in text


def test_a_session_is_the_script_as_a_module_and_leaves_no_files(tmp_path, monkeypatch):
    nest = MagicMock(resolution=1.0)
    nest.Create.return_value.tolist.return_value = list(range(1, 5))
    monkeypatch.setitem(sys.modules, "nest", nest)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    made = gd.export.nest.session(small(), dt=1.0)
    assert list(tmp_path.iterdir()) == []
    assert set(made.build()) == {"input", "hidden"}
    assert nest.Create.call_args.args == ("iaf_psc_exp", 4)
    pre, post, rule, synapse = nest.Connect.call_args.args
    assert (len(pre), len(post), rule, len(synapse["delay"])) == (12, 12, "one_to_one", 12)
    nest.resolution = 0.1
    with pytest.raises(ValueError, match=r"set nest.resolution to 1.0 ms"):
        made.build()


def test_a_description_shares_no_weights_with_the_network():
    net = small()
    described = describe(net, 1.0)
    net.projections["input->hidden"].synapses.weight[:] = 7.0
    assert described.projections["input->hidden"].weight.max() == 0.5


@pytest.mark.parametrize("target", gd.export.FORMATS.values(), ids=lambda target: target.name)
def test_every_format_says_that_what_synapses_share_is_lost(target):
    assert any("what synapses share" in sentence for sentence in target.loses)
