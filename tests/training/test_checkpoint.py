"""Checkpoints: bit for bit, whole or not at all, and clear about what is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass

import h5py
import numpy as np
import pytest
from awkward_networks import awkward_network
from flushed import Disk

import genn_delays as gd
from genn_delays.experiment import checkpoint
from genn_delays.support.errors import CheckpointError, NetworkError
from genn_delays.training import TrainerState
from genn_delays.training.state import Tally


@pytest.fixture
def network():
    return awkward_network()


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


def test_a_checkpoint_is_on_the_disk_before_it_takes_the_place_of_the_older_one(
    path, network, monkeypatch
):
    checkpoint.save(path, network, attributes={"epoch": 1})
    disk = Disk(monkeypatch)
    checkpoint.save(path, network, attributes={"epoch": 2})
    assert disk.named == [path]
    assert disk.holds(path)
    assert disk.holds(path.parent)


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


def test_the_order_in_which_state_was_made_leaves_no_trace_in_the_file(tmp_path):
    for name, state in (("one", ("m", "v")), ("other", ("v", "m"))):
        network = gd.Network()
        network.add_population("input", gd.Input(), 2)
        network.add_population("output", gd.LeakyReadout(), 1)
        table = network.connect("input", "output", weight=1.0).synapses
        table.state = {column: np.full(2, float(ord(column))) for column in state}
        checkpoint.save(tmp_path / name, network)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()
