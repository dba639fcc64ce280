"""Checkpoints of what the surrogate rule needs: options of populations, units, kernels."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

import genn_delays as gd
from genn_delays.experiment import checkpoint
from genn_delays.support.errors import CheckpointError


@pytest.fixture
def surrogate(new_surrogate_network):
    """A network with every option, changed since it was declared."""
    network = new_surrogate_network()
    units = network.populations["hidden"].units
    units.running_mean[:] = np.linspace(-1 / 3, 1 / 7, 5)
    units.tau_mem[:] = 12.3
    units.attach("gain_adam_m")[:] = 1e-17
    network.projections["input->hidden"].kernel.current = 0.1 + 0.2
    return network


def test_every_option_of_populations_and_projections_comes_back(path, surrogate, columns):
    checkpoint.save(path, surrogate)
    loaded = checkpoint.load(path).network
    for name, population in surrogate.populations.items():
        other = loaded.populations[name]
        for option in ("normalise", "dropout", "tail", "learn"):
            assert getattr(other, option) == getattr(population, option)
        assert other.units.bounds == population.units.bounds
        assert other.units.tied == population.units.tied
        assert other.current_neuron.describe() == population.current_neuron.describe()
    for name, projection in surrogate.projections.items():
        other = loaded.projections[name]
        assert (other.lag, type(other.kernel)) == (projection.lag, type(projection.kernel))
        assert vars(other.kernel) == vars(projection.kernel)
    before, after = columns(surrogate), columns(loaded)
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[key], after[key]) for key in before)
    assert loaded.parameters() == surrogate.parameters()


def test_flags_and_counts_of_neurons_come_back_as_such(path):
    network, flags = gd.Network(), np.array([True, False])
    network.add_population("one", gd.DiscreteLIF(input_steps=2, soft_reset=True), 2)
    network.add_population("each", gd.DiscreteLIF(soft_reset=flags), 2)
    checkpoint.save(path, network)
    one, each = (p.neuron for p in checkpoint.load(path).network.populations.values())
    assert one.soft_reset is True
    assert one.wipe_input is False
    assert type(one.input_steps) is int
    assert each.soft_reset.dtype == bool
    assert each.soft_reset.tolist() == flags.tolist()


@pytest.mark.parametrize(
    ("place", "message"),
    [("columns/gain", "(?s)population 'hidden'.*gain is not finite"), ("tied", "damaged")],
)
def test_damage_to_units_is_refused(path, surrogate, place, message):
    checkpoint.save(path, surrogate)
    with h5py.File(path, "a") as file:
        units = file["network/populations/1/units"]
        if place in units:
            units[place][1] = np.nan
        else:
            del units.attrs[place]
    with pytest.raises(CheckpointError, match=message):
        checkpoint.load(path)


def test_an_unknown_kernel_is_refused_when_saving_and_loading(path, surrogate):
    checkpoint.save(path, surrogate)
    with h5py.File(path, "a") as file:
        file["network/projections/0/kernel"].attrs["kind"] = "gausian"
    with pytest.raises(CheckpointError, match="did you mean 'gaussian'"):
        checkpoint.load(path)

    class Own(gd.kernels.Gaussian):
        pass

    surrogate.connect("input", "output", weight=0.1, kernel=Own(1.0))
    with pytest.raises(CheckpointError, match="class 'Own' again: it is defined inside a function"):
        checkpoint.save(path, surrogate)
