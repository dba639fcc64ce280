"""Checkpoints: bit for bit, whole or not at all, and clear about what is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass

import h5py
import numpy as np
import pytest

import genn_delays as gd
from genn_delays.experiment import checkpoint
from genn_delays.support.errors import CheckpointError, NetworkError
from genn_delays.training import TrainerState
from genn_delays.training.state import Tally


@pytest.fixture
def path(tmp_path):
    return tmp_path / "checkpoint.h5"


@pytest.fixture
def network():
    """Awkward on purpose: names with slashes, per-neuron parameters, two tables for one pair."""
    network = gd.Network(seed=11)
    network.add_population("input/left", gd.Input(), 3)
    network.add_population("b", gd.AdaptiveLIF(tau_mem=np.array([5.0, 7.1]), b=0.1), 2)
    network.add_population("a", gd.LeakyReadout(tau_mem=1 / 3), 2)
    weight = gd.init.Normal(0, 1)
    network.connect(
        "input/left",
        "b",
        weight=weight,
        delay=gd.init.Uniform(0, 3),
        max_delay=4.0,
        density=0.5,
        learn=("weight", "delay"),
    )
    network.connect("b", "b", weight=weight, delay=1.0, learn=())
    network.connect("b", "a", weight=weight)
    network.connect("b", "a", weight=weight, pairs=(np.zeros(0, int), np.zeros(0, int)))
    for number, projection in enumerate(network.projections.values()):
        projection.synapses.attach("weight_adam_m")[:] = 1e-17 * (number + 1) / 3.0
    return network


def test_a_network_comes_back_bit_for_bit(path, network, columns):
    checkpoint.save(path, network)
    loaded = checkpoint.load(path).network
    assert loaded.seed == 11
    assert list(loaded.populations) == list(network.populations)
    assert list(loaded.projections) == list(network.projections)
    for name, population in network.populations.items():
        other = loaded.populations[name]
        assert type(other.neuron) is type(population.neuron)
        assert other.neuron.describe() == population.neuron.describe()
        assert other.size == population.size
    for name, projection in network.projections.items():
        other = loaded.projections[name]
        assert other.learn == projection.learn
        assert other.pre is loaded.populations[projection.pre.name]
        assert other.synapses.max_delay == projection.synapses.max_delay
    before, after = columns(network), columns(loaded)
    assert before.keys() == after.keys()
    for key in before:
        assert before[key].dtype == after[key].dtype
        assert np.array_equal(before[key], after[key])


def as_version_1(path):
    """The layout before the surrogate rule: parameters beside the name, nothing of units."""
    with h5py.File(path, "a") as file:
        file.attrs["version"] = 1
        for member in file["network/populations"].values():
            for name in list(member["parameters"]):
                member.move(f"parameters/{name}", name)
            del member["parameters"], member["units"]
            for name in ("dropout", "tail", "learn", "normalise"):
                del member.attrs[name]
        for member in file["network/projections"].values():
            del member.attrs["lag"]


def test_a_file_of_version_1_is_read(path, network, columns):
    checkpoint.save(path, network, TrainerState(epoch=3))
    as_version_1(path)
    loaded = checkpoint.load(path)
    assert loaded.trainer_state.epoch == 3
    before, after = columns(network), columns(loaded.network)
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[key], after[key]) for key in before)
    for name, population in loaded.network.populations.items():
        assert population.neuron.describe() == network.populations[name].neuron.describe()
        assert (population.normalise, population.dropout, population.learn) == (None, 0.0, ())
    assert {(p.lag, p.kernel) for p in loaded.network.projections.values()} == {(1, None)}


def test_a_loaded_network_can_be_changed_and_trained_further(path, network):
    checkpoint.save(path, network)
    loaded = checkpoint.load(path).network
    table = loaded.projections["input/left->b"].synapses
    table.weight += 1.0
    table.keep(np.arange(len(table)) > 0)
    loaded.connect("input/left", "a", weight=0.5)
    loaded.check()


def test_state_and_attributes_come_back_as_they_were(path, network):
    tally = Tally(
        3, 0.1 + 0.2, 3, 1, 1e-300, 2, {"input/left": np.array([1, 2, 3]), "a": np.zeros(2, int)}
    )
    state = TrainerState(2, 5, 0.1 * 3, 1 / 3, 1, tally)
    attributes = {"config": {"lr": 0.1, "names": ["ä", None]}, "text": "x" * 100_000}
    checkpoint.save(path, network, state, attributes)
    loaded = checkpoint.load(path)
    assert loaded.attributes == attributes
    given, wanted = loaded.trainer_state.to_mapping(), state.to_mapping()
    spikes, wanted_spikes = given["tally"].pop("spikes"), wanted["tally"].pop("spikes")
    assert given == wanted
    assert spikes.keys() == wanted_spikes.keys()
    assert all(np.array_equal(spikes[name], wanted_spikes[name]) for name in spikes)


def test_a_new_state_has_infinite_scores_that_survive(path, network):
    checkpoint.save(path, network, TrainerState())
    assert checkpoint.load(path).trainer_state == TrainerState()


def test_a_checkpoint_without_state_has_none(path, network):
    checkpoint.save(path, network)
    assert checkpoint.load(path).trainer_state is None
    assert checkpoint.load(path).attributes == {}


def test_a_neuron_of_the_users_own_is_found_by_its_module(path, tmp_path, monkeypatch):
    (tmp_path / "my_neurons.py").write_text(
        "from dataclasses import dataclass\nimport genn_delays as gd\n\n"
        "class Outer:\n"
        "    @dataclass(frozen=True, eq=False)\n    class SlowLIF(gd.LIF):\n"
        "        tau_mem: float = 50.0\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import my_neurons

    network = gd.Network()
    network.add_population("slow", my_neurons.Outer.SlowLIF(tau_syn=3.0), 2)
    checkpoint.save(path, network)
    neuron = checkpoint.load(path).network.populations["slow"].neuron
    assert type(neuron) is my_neurons.Outer.SlowLIF
    assert (neuron.tau_mem, neuron.tau_syn) == (50.0, 3.0)


def test_a_neuron_that_could_not_be_found_again_is_refused_when_saving(path):
    @dataclass(frozen=True, eq=False)
    class Hidden(gd.LIF):
        pass

    network = gd.Network()
    network.add_population("slow", Hidden(), 2)
    with pytest.raises(CheckpointError, match="top of a module"):
        checkpoint.save(path, network)
    assert list(path.parent.iterdir()) == []


def edit(path, place, key, value):
    with h5py.File(path, "a") as file:
        file[place].attrs[key] = value


@pytest.mark.parametrize(
    ("neuron", "message"),
    [
        ("LIFF", "did you mean 'LIF'"),
        ("no_such_module:LIF", "needs the class 'LIF' of no_such_module; import no_such_module"),
        (
            "no.py@12ab:LIF",
            r"class 'LIF' of model file no.py .* 12ab.*; call .*register\('no.py'\)",
        ),
        (f"{gd.Network.__module__}:Netwrk", "no class 'Netwrk' in .*network"),
        (f"{gd.Network.__module__}:Network", "is not a neuron"),
    ],
)
def test_an_unknown_neuron_is_named(path, network, neuron, message):
    checkpoint.save(path, network)
    edit(path, "network/populations/1", "neuron", neuron)
    with pytest.raises(CheckpointError, match=message):
        checkpoint.load(path)


def test_another_version_is_refused(path, network):
    checkpoint.save(path, network)
    edit(path, "/", "version", 3)
    with pytest.raises(CheckpointError, match="format version 3"):
        checkpoint.load(path)


def test_other_hdf5_files_are_refused(path):
    with h5py.File(path, "w") as file:
        file["spikes"] = np.zeros(3)
    with pytest.raises(CheckpointError, match="not a checkpoint of genn-delays"):
        checkpoint.load(path)


@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_named_with_a_remedy(path, network, kept):
    checkpoint.save(path, network, TrainerState())
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(CheckpointError, match=r"checkpoint.h5 is truncated.*best.h5") as caught:
        checkpoint.load(path)
    assert len(str(caught.value).splitlines()) <= 2


def test_text_is_not_a_checkpoint(path):
    path.write_text("epoch: 3\n")
    with pytest.raises(CheckpointError, match="not HDF5"):
        checkpoint.load(path)


def test_a_missing_file_and_a_folder_are_named(path, tmp_path):
    for missing in (path, tmp_path):
        with pytest.raises(CheckpointError, match=f"no checkpoint {missing}"):
            checkpoint.load(missing)


@pytest.mark.parametrize("column", ["weight", "delay"])
def test_nan_in_a_table_is_refused(path, network, column):
    checkpoint.save(path, network)
    with h5py.File(path, "a") as file:
        file[f"network/projections/0/{column}"][1] = np.nan
    with pytest.raises(CheckpointError, match=rf"(?s)projection 'input/left->b'.*{column}.*nan"):
        checkpoint.load(path)


def test_a_damaged_layout_is_refused(path, network):
    checkpoint.save(path, network, TrainerState())
    with h5py.File(path, "a") as file:
        del file["network/projections/1/weight"]
    with pytest.raises(CheckpointError, match="damaged"):
        checkpoint.load(path)


def test_a_failure_while_writing_leaves_the_old_checkpoint(path, network, monkeypatch):
    checkpoint.save(path, network, attributes={"epoch": 1})
    before = path.read_bytes()

    def fail(group, state):
        group["half"] = 1
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "_write_state", fail)
    with pytest.raises(CheckpointError, match=r"cannot be written.*No space left"):
        checkpoint.save(path, network, TrainerState(), attributes={"epoch": 2})
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


KILLED = """
import os, sys
import genn_delays as gd
from genn_delays.experiment import checkpoint, network_file
network = checkpoint.load(sys.argv[1]).network
network_file._write_projection = lambda group, projection: os.kill(os.getpid(), 9)
checkpoint.save(sys.argv[1], network, attributes={"epoch": 2})
"""


def test_a_process_killed_while_writing_leaves_the_old_checkpoint(path, network):
    checkpoint.save(path, network, attributes={"epoch": 1})
    done = subprocess.run([sys.executable, "-c", KILLED, path], check=False, timeout=60)
    assert done.returncode == -9
    assert checkpoint.load(path).attributes == {"epoch": 1}


LIMITED = """
import resource, sys
from genn_delays.experiment import checkpoint
from genn_delays.support import errors
network = checkpoint.load(sys.argv[1]).network
resource.setrlimit(resource.RLIMIT_FSIZE, 2 * (int(sys.argv[2]),))
try:
    checkpoint.save(sys.argv[1], network, attributes={"epoch": 2})
except errors.CheckpointError as error:
    print(error)
"""


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_full_disk_is_an_error_and_leaves_the_old_checkpoint(path, network, share):
    """In a process of its own: a library that writes by itself may take the process with it."""
    checkpoint.save(path, network, attributes={"epoch": 1})
    before = path.read_bytes()
    command = [sys.executable, "-c", LIMITED, path, str(int(share * len(before)))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "checkpoint.h5 cannot be written: " in done.stdout
    assert "make room" in done.stdout
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_saving_replaces_the_older_checkpoint(path, network):
    for epoch in (1, 2):
        checkpoint.save(path, network, attributes={"epoch": epoch})
    assert checkpoint.load(path).attributes == {"epoch": 2}
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_a_checkpoint_has_ordinary_permissions(path, network):
    mask = os.umask(0o022)
    try:
        checkpoint.save(path, network)
    finally:
        os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_missing_folder_is_named(tmp_path, network):
    with pytest.raises(CheckpointError, match="cannot be written"):
        checkpoint.save(tmp_path / "none" / "checkpoint.h5", network)


def test_attributes_must_be_json(path, network):
    with pytest.raises(CheckpointError, match="not JSON"):
        checkpoint.save(path, network, attributes={"array": np.zeros(2)})


def test_synapses_out_of_order_are_neither_saved_nor_read(path, network):
    checkpoint.save(path, network)
    before = path.read_bytes()
    table = network.projections["b->a"].synapses
    table.pre = table.pre[::-1]
    with pytest.raises(NetworkError, match=r"'b->a': .* call sort\(\)"):
        checkpoint.save(path, network)
    assert path.read_bytes() == before
    with h5py.File(path, "a") as file:
        pre = file["network/projections/2/pre"]
        pre[...] = pre[()][::-1]
    with pytest.raises(CheckpointError, match="projections/2 has synapses out of order"):
        checkpoint.load(path)


@pytest.fixture
def damage(path, network):
    """Writes a checkpoint in which one thing is another; its error."""
    table = network.projections["b->b"].synapses
    for name in ("weight_adam_v", "sign"):
        table.attach(name)[:] = 1.0
    spikes = {"b": np.array([1, 2])}
    tally = Tally(3, 0.3, 3, 1, 0.1, 2, spikes, {"b->b": [1, 2, 3]})
    checkpoint.save(path, network, TrainerState(2, 1, 0.5, 0.4, 1, tally), {"epoch": 2})

    def write(place, value):
        with h5py.File(path, "a") as file:
            above, name = place.rsplit("/", 1)
            group = file[above or "/"]
            if name in group.attrs and name not in group:
                group.attrs[name] = value
            else:
                kept = dict(group[name].attrs)
                del group[name]
                group[name] = value
                group[name].attrs.update(kept)
        with pytest.raises(CheckpointError, match=str(path)) as caught:
            checkpoint.load(path)
        assert len(str(caught.value).splitlines()) <= 2
        return str(caught.value)

    return write


P, J = "/network/populations/1", "/network/projections/1"


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("/version", "two", "'version' that is no number"),
        ("/version", 2.5, "not a whole number"),
        ("/attributes", b"\xff", "'attributes' that is no text"),
        ("/attributes", "[1]", "'attributes' that are no mapping"),
        ("/attributes", "[" * 10**5, "'attributes' that is not JSON"),
        ("/network/seed", -1, "'seed' = -1"),
        (f"{P}/size", 10**12, "of shape (2,) for 1000000000000 units"),
        ("/network/populations/0/size", 10**9, "would take"),
        (f"{P}/size", 2.5, "not a whole number"),
        (f"{P}/size", np.array([2, 2]), "'size' that is no number"),
        (f"{P}/name", 3, "'name' that is no text"),
        (f"{P}/name", "input/left", "exists already"),
        (f"{P}/neuron", "..:LIF", "needs the class 'LIF' of .."),
        (f"{P}/dropout", np.nan, "'dropout' = nan"),
        (f"{P}/tail", np.inf, "tail inf given"),
        (f"{P}/learn", '"weight"', "'learn' that is no list of names"),
        (f"{P}/learn", '["tau_mem"]', "no column 'tau_mem'"),
        (f"{P}/normalise", '{"momentum": 0.1}', "'normalise' that is not momentum and eps"),
        (f"{P}/normalise", '{"momentum": 1, "eps": ' + "9" * 400 + "}", "'normalise' that is not"),
        (f"{P}/parameters/tau_mem", np.ones(3), r"of shape (3,) for 2 units"),
        (f"{P}/parameters/tau_mem", "text", "'tau_mem' that is not numbers"),
        (f"{P}/parameters/tau_mem", 1j, "'tau_mem' of type complex128"),
        (f"{P}/parameters/tau_mem", -1.0, "must be > 0"),
        (f"{P}/units/bounds", '{"gain": [1]}', "'bounds' that are no ranges"),
        (f"{P}/units/bounds", '{"gain": [0, 1]}', "columns that are not there"),
        (f"{P}/units/columns", 3, "'columns' that is not a group"),
        (f"{J}/pre", np.array([0, 0, 1, 2]), "index 2 is outside"),
        (f"{J}/pre", np.array([1, 0, 1, 0]), "synapses out of order"),
        (f"{J}/pre", np.array([0, 0, 1]), "columns differ in length"),
        (f"{J}/weight", np.ones((4, 1)), "of shape (4, 1), not one dimension"),
        (f"{J}/weight", np.ones(4) * 1j, "'weight' of type complex128"),
        (f"{J}/state/weight_adam_m", np.full(4, np.nan), "NaN or infinity in 'weight_adam_m'"),
        (f"{J}/state/weight_adam_m", np.ones(3), "of shape (3,), not (4,)"),
        (f"{J}/state/weight_adam_v", -np.ones(4), "'weight_adam_v' below 0"),
        (f"{J}/state/sign", np.zeros(4), "'sign' that is neither 1 nor -1"),
        (f"{J}/max_delay", np.nan, "'max_delay' = nan"),
        (f"{J}/lag", 2, "'lag' = 2"),
        (f"{J}/learn", '["weights"]', "learns ('weights',)"),
        ("/trainer/counters", "null", "no 'tally'"),
        ("/trainer/spikes/0", np.ones(3, int), "of shape (3,), not (2,)"),
        ("/trainer/spikes/0", np.array([1, -2]), "spikes of 'b'"),
    ],
)
def test_whatever_no_run_leaves_behind_is_named(damage, place, value, said):
    assert said in damage(place, value)


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("state", "epoch", -1),
        ("state", "epoch", 1.5),
        ("state", "batch", None),
        ("state", "batch", True),
        ("state", "best_epoch", 3),
        ("state", "best_loss", "low"),
        ("state", "best_score", float("nan")),
        pytest.param("state", "best_loss", 10**400, id="an endless number"),
        ("state", "new", 1),
        ("tally", "trials", 2**63),
        ("tally", "correct", 4),
        ("tally", "rescued", -2),
        ("tally", "loss", float("inf")),
        ("tally", "seconds", "1"),
        ("tally", "rewired", [1]),
        ("tally", "rewired", {"b->b": [1, 2]}),
        ("tally", "new", 1),
    ],
)
def test_counters_that_no_training_reaches_are_named(damage, part, name, value):
    mapping = TrainerState(2, 1, 0.5, 0.4, 1, Tally(3, 0.3, 3, 1, 0.1, 2)).to_mapping()
    del mapping["tally"]["spikes"]
    (mapping if part == "state" else mapping["tally"])[name] = value
    assert f"/checkpoint.h5: damaged, trainer has {name}" in damage(
        "/trainer/counters", json.dumps(mapping)
    ).replace("rewired 'b->b'", "rewired")


def test_state_of_any_size_is_checked_before_it_is_read(path, network):
    checkpoint.save(path, network)
    with h5py.File(path, "a") as file:
        file.create_dataset(f"{J}/state/large", (10**11,), "f8", chunks=True)
    with pytest.raises(CheckpointError, match=r"projections/1/state/large would take"):
        checkpoint.load(path)


def test_what_a_checkpoint_does_not_need_is_not_looked_at(path, network):
    checkpoint.save(path, network)
    with h5py.File(path, "a") as file:
        file.create_dataset("notes", (10**11,), "f8", chunks=True)
    checkpoint.load(path)


def test_the_order_in_which_state_was_made_leaves_no_trace_in_the_file(tmp_path):
    for name, state in (("one", ("m", "v")), ("other", ("v", "m"))):
        network = gd.Network()
        network.add_population("input", gd.Input(), 2)
        network.add_population("output", gd.LeakyReadout(), 1)
        table = network.connect("input", "output", weight=1.0).synapses
        table.state = {column: np.full(2, float(ord(column))) for column in state}
        checkpoint.save(tmp_path / name, network)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()
