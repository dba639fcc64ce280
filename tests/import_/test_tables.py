"""SONATA, npz and csv: what other software reads, and files that are damaged."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

import genn_delays as gd


def small() -> gd.Network:
    net = gd.Network(seed=1)
    net.add_population("input", gd.Input(), 3)
    net.add_population("hidden", gd.LIF(20.0, 5.0), 4)
    net.connect("input", "hidden", weight=gd.init.Normal(0, 1), delay=gd.init.Uniform(0, 9))
    return net


def test_libsonata_reads_every_edge_of_a_circuit_by_source_and_by_target(tmp_path):
    libsonata = pytest.importorskip("libsonata", reason="libsonata is not installed")
    net = small()
    folder = gd.export.sonata(net, tmp_path / "net", dt=0.1)
    circuit = libsonata.CircuitConfig.from_file(str(folder / "circuit_config.json"))
    edges = circuit.edge_population("input_to_hidden")
    table = net.projections["input->hidden"].synapses
    assert (edges.source, edges.target, edges.size) == ("input", "hidden", len(table))
    whole = edges.select_all()
    assert edges.source_nodes(whole).tolist() == table.pre.tolist()
    assert edges.target_nodes(whole).tolist() == table.post.tolist()
    assert edges.get_attribute("syn_weight", whole).tobytes() == table.weight.tobytes()
    assert edges.get_attribute("learnt_delay", whole).tobytes() == table.delay.tobytes()
    steps = edges.get_attribute("delay", whole) / 0.1
    np.testing.assert_allclose(steps, np.rint(table.delay / 0.1) + 1)
    for unit in range(4):
        assert (
            edges.afferent_edges([unit]).flatten().tolist()
            == np.flatnonzero(table.post == unit).tolist()
        )
    for unit in range(3):
        assert (
            edges.efferent_edges([unit]).flatten().tolist()
            == np.flatnonzero(table.pre == unit).tolist()
        )
    nodes = circuit.node_population("hidden")
    assert nodes.get_dynamics_attribute("tau_mem", nodes.select_all()).tolist() == [20.0] * 4


def circuit(folder: Path, types: str, **attributes: np.ndarray) -> Path:
    """As bmtk writes one: a file per population, attributes of all edges in their type."""
    folder.mkdir()
    with h5py.File(folder / "a_nodes.h5", "w") as file:
        file["nodes/a/node_type_id"] = np.full(3, 100)
    with h5py.File(folder / "a_a_edges.h5", "w") as file:
        group = file.create_group("edges/a_to_a")
        for end, units in (("source", [2, 0]), ("target", [1, 0])):
            group[f"{end}_node_id"] = np.array(units, np.uint64)
            group[f"{end}_node_id"].attrs["node_population"] = "a"
        group["edge_type_id"] = np.full(2, 100)
        group["edge_group_id"] = np.zeros(2, np.uint32)
        group["edge_group_index"] = np.arange(2)
        for name, values in ({"nsyns": np.ones(2)} | attributes).items():
            group[f"0/{name}"] = values
    (folder / "a_a_edge_types.csv").write_text(types)
    return folder


TYPES = 'edge_type_id target_query delay syn_weight\n100 "*" 2.0 0.5\n'
GIVEN = {"neurons": {"a": gd.LIF()}, "dt": 0.5, "lag": 1}


def test_edges_have_the_weight_and_delay_of_their_type_or_their_own(tmp_path):
    net = gd.import_.sonata(circuit(tmp_path / "net", TYPES), **GIVEN)
    table = net.projections["a_to_a"].synapses
    assert (table.pre.tolist(), table.post.tolist()) == ([0, 2], [0, 1])
    assert (table.weight.tolist(), table.delay.tolist()) == ([0.5, 0.5], [1.5, 1.5])
    own = circuit(tmp_path / "own", TYPES, syn_weight=np.array([1.0, 2.0]))
    assert gd.import_.sonata(own, **GIVEN).projections["a_to_a"].synapses.weight.tolist() == [2, 1]


@pytest.mark.parametrize(
    ("types", "attributes", "said"),
    [
        ("edge_type_id\n100\n", {}, "has edges without 'syn_weight', and so have their types"),
        (TYPES, {"nsyns": np.array([1, 2])}, "several synapses"),
        (TYPES, {"delay": np.array([0.1, 1.0])}, "less than a step of 0.5 ms"),
    ],
)
def test_edges_that_say_too_little_or_too_much_are_refused(types, attributes, said, tmp_path):
    with pytest.raises(gd.GennDelaysError, match=said) as raised:
        gd.import_.sonata(circuit(tmp_path / "net", types, **attributes), **GIVEN)
    assert len(str(raised.value).splitlines()) <= 2


class TestNpz:
    """Archives that are not as they were written."""

    @pytest.fixture
    def path(self, tmp_path) -> Path:
        return gd.export.npz(small(), tmp_path / "net.npz", dt=1.0)

    def changed(self, path: Path, **arrays: np.ndarray | None) -> Path:
        held = dict(np.load(path)) | arrays
        np.savez(path, **{name: array for name, array in held.items() if array is not None})
        return path

    @pytest.mark.parametrize(
        ("name", "array", "said"),
        [
            ("input_to_hidden.weight", np.full(12, np.nan), "weight .* has NaN or infinity"),
            ("input_to_hidden.delay", np.full(12, -1.0), "is outside"),
            ("input_to_hidden.pre", np.full(12, 3), "pre index 3 is outside"),
            ("input_to_hidden.pre", np.zeros(12), "an array of type float64"),
            ("input_to_hidden.weight", np.zeros(11), r"has shape \(11,\), not \(12,\)"),
            ("input_to_hidden.weight", None, "is missing"),
            ("sizes", np.array([3, 5]), "it belongs to another export"),
        ],
    )
    def test_what_is_wrong_is_named(self, name, array, said, path):
        with pytest.raises(gd.GennDelaysError, match=said) as raised:
            gd.import_.npz(self.changed(path, **{name: array}))
        assert len(str(raised.value).splitlines()) <= 2

    def test_objects_are_not_read(self, path):
        held = {name: np.load(path)[name] for name in np.load(path).files}
        held["populations"] = np.array(["input", "hidden"], object)
        np.savez(path, **held)
        with pytest.raises(gd.GennDelaysError, match="an array of type object"):
            gd.import_.npz(path)

    def test_a_member_shorter_than_its_header_tells_is_refused(self, path):
        image = io.BytesIO()
        np.save(image, np.zeros(12))
        content = image.getvalue()
        with zipfile.ZipFile(path) as old:
            members = {name: old.read(name) for name in old.namelist()}
        members["input_to_hidden.weight.npy"] = content[:-8]
        with zipfile.ZipFile(path, "w") as new:
            for name, data in members.items():
                new.writestr(name, data)
        with pytest.raises(gd.GennDelaysError, match="not as long as its header tells"):
            gd.import_.npz(path)

    @pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"text"])
    def test_what_is_no_archive_is_told(self, content, path):
        path.write_bytes(content)
        with pytest.raises(gd.GennDelaysError, match="nor a readable zip archive"):
            gd.import_.npz(path)


class TestCsv:
    """Tables that somebody has edited."""

    @pytest.fixture
    def folder(self, tmp_path) -> Path:
        return gd.export.csv(small(), tmp_path / "net", dt=1.0)

    def test_an_edited_weight_is_taken(self, folder):
        table = folder / "synapses_input_to_hidden.csv"
        lines = table.read_text().splitlines()
        first = lines[1].split(",")
        lines[1] = ",".join([*first[:2], "0.1", *first[3:]])
        table.write_text("\r\n".join(lines))
        net = gd.import_.csv(folder)
        assert net.projections["input->hidden"].synapses.weight[0] == 0.1

    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            ("pre,post,weight", "pre,weight,post", "begins with other columns"),
            ("0,0,", "0,x,", "x"),
            ("0,0,", "0,0,nan,1,2\n0,0,", "columns|NaN|tells of 12 synapses"),
            ("0,0,", "0,99999999999999999999,", "synapses_input_to_hidden.csv"),
        ],
    )
    def test_what_is_wrong_is_named(self, old, new, said, folder):
        table = folder / "synapses_input_to_hidden.csv"
        table.write_text(table.read_text().replace(old, new, 1))
        with pytest.raises(gd.GennDelaysError, match=said) as raised:
            gd.import_.csv(folder)
        assert len(str(raised.value).splitlines()) <= 2

    def test_a_path_out_of_the_folder_is_no_identifier(self, folder):
        table = folder / "projections.csv"
        table.write_text(table.read_text().replace("input_to_hidden", "../net"))
        with pytest.raises(gd.GennDelaysError, match=r"has the identifier '\.\./net'"):
            gd.import_.csv(folder)


@pytest.mark.parametrize("name", ["sonata", "nir"])
def test_what_is_no_hdf5_is_told(name, tmp_path):
    path = tmp_path / "net"
    if name == "sonata":
        gd.export.sonata(small(), path, dt=1.0)
        (path / "edges.h5").write_bytes(b"text")
    else:
        path = tmp_path / "net.nir"
        path.write_bytes(b"text")
    with pytest.raises(gd.GennDelaysError, match=r"edges\.h5|net\.nir") as raised:
        getattr(gd.import_, name)(path)
    assert len(str(raised.value).splitlines()) <= 2


def test_an_export_that_fails_half_way_leaves_nothing(tmp_path, monkeypatch):
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("genn_delays.export.formats.sonata._edges", fail)
    with pytest.raises(gd.GennDelaysError, match="No space left on device"):
        gd.export.sonata(small(), tmp_path / "net", dt=1.0)
    assert list(tmp_path.iterdir()) == []
