"""Checkpoints that are damaged, or are none: each is named, with what is wrong in it."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest
from awkward_networks import awkward_network

import genn_delays as gd
from genn_delays.experiment import checkpoint
from genn_delays.support.errors import CheckpointError
from genn_delays.training import TrainerState
from genn_delays.training.state import Tally


@pytest.fixture
def network():
    return awkward_network()


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
            r"class 'LIF' of file no.py .* 12ab.*; give it.*register\('no.py'\)",
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
