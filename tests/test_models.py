"""The model files declare what they say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import setuptools

import genn_delays as gd
from genn_delays.experiment import model_file
from genn_delays.experiment.model_file import build_network
from genn_delays.support.errors import ConfigError

FEEDFORWARD = Path(__file__).parents[1] / "models" / "feedforward.py"


@pytest.mark.parametrize("density", [1.0, 0.1, 0.01])
def test_a_sparse_network_may_receive_what_the_dense_one_does(density):
    args = {"hidden": (400,), "density": density, "compensate": True, "weight_input": (0.02, 0.03)}
    net = build_network(FEEDFORWARD, args, inputs=300, outputs=4, seed=1)
    table = net.projections["input->hidden"].synapses
    received = np.bincount(table.post, table.weight, minlength=400)
    assert len(table) == round(300 * 400 * density)
    assert received.mean() == pytest.approx(300 * 0.02, rel=0.1)
    squares = np.bincount(table.post, (table.weight - 0.02 / density) ** 2, minlength=400)
    assert squares.mean() == pytest.approx(300 * 0.03**2, rel=0.1)


@pytest.mark.parametrize(
    ("of", "delays"), [("synapse", 40 * 8 + 8 * 8), ("axon", 40 + 8), ("dendrite", 2 * 8)]
)
def test_every_axon_or_dendrite_has_one_delay(of, delays):
    args = {"hidden": (8, 8), "delay_of": of}
    deep = build_network(FEEDFORWARD, args, inputs=40, outputs=2, seed=1)
    recurrent = gd.models.recurrent.build(inputs=40, outputs=2, seed=1, hidden=8, delay_of=of)
    for net in (deep, recurrent):
        weights = sum(len(p.synapses) for p in net.projections.values())
        assert net.parameters() == {"weights": weights, "delays": delays}
        for projection in net.projections.values():
            table = projection.synapses
            if "delay" in projection.learn and of != "synapse":
                unit = table.pre if of == "axon" else table.post
                assert len(set(zip(unit, table.delay, strict=True))) == len(set(unit))


def test_delays_of_the_feedforward_network_may_come_from_where_its_neurons_are():
    args = {"hidden": (8, 6), "delay_of": "distance", "dimensions": 3, "max_delay": 30.0}
    net = build_network(FEEDFORWARD, args, inputs=40, outputs=2, seed=1)
    assert net.parameters() == {"weights": 380, "delays": 0, "positions": 3 * (40 + 8 + 6)}
    assert 0.0 < net.projections["hidden1->hidden2"].synapses.delay.max() < 30.0
    still = {**args, "learn_delays": False, "output_delays": True}
    net = build_network(FEEDFORWARD, still, inputs=40, outputs=2, seed=1)
    assert net.parameters() == {"weights": 380, "delays": 0}
    assert net.projections["hidden2->output"].synapses.delay.min() > 0.0
    with pytest.raises(gd.GennDelaysError, match="has no delays or delay_range; leave them out"):
        build_network(FEEDFORWARD, {**args, "delays": "zero"}, inputs=4, outputs=2, seed=1)


HIERARCHY = FEEDFORWARD.with_name("temporal_hierarchy.py")


def hierarchy(**args) -> gd.Network:
    return build_network(HIERARCHY, {"hidden": 400, **args}, inputs=40, outputs=2, seed=1)


def constants(net: gd.Network) -> list[np.ndarray]:
    """Time constants of the hidden layers, in ms."""
    return [p.neuron.tau_mem for name, p in net.populations.items() if name.startswith("hidden")]


@pytest.mark.parametrize("grid", [False, True])
def test_layers_of_the_temporal_hierarchy_have_the_time_constants_that_are_asked_for(grid):
    equal = constants(hierarchy(grid=grid))
    assert [np.mean(tau) for tau in equal] == pytest.approx([300.0] * 3, rel=0.02)
    assert [np.std(tau) for tau in equal] == pytest.approx([30.0] * 3, rel=0.1)
    slower = constants(hierarchy(grid=grid, layers=3, delta=400.0))
    assert [np.mean(tau) for tau in slower] == pytest.approx([100.0, 500.0], rel=0.02)
    (wide,) = constants(hierarchy(grid=grid, layers=2, distribution="log_uniform", spread=10.0))
    assert 30.0 <= wide.min() < 40.0 < 2500.0 < wide.max() < 3000.0
    assert np.median(wide) == pytest.approx(300.0, rel=0.2)


def test_jumps_of_the_voltage_begin_equal_whatever_the_time_constant_of_a_layer():
    found = {}
    for grid in (True, False):
        net = hierarchy(grid=grid, delta=400.0, recurrent=True)
        for name, projection in net.projections.items():
            post = projection.post.neuron
            scale = 1.0 if grid else post.tau_syn / np.mean(post.tau_mem)
            jump = projection.synapses.weight.std() * scale * projection.pre.size**0.5
            found[grid, name] = jump
            assert projection.lag == (0 if grid and projection.pre != projection.post else 1)
    assert [*found.values()] == pytest.approx([0.58] * len(found), rel=0.1)


def test_recurrent_layers_of_the_temporal_hierarchy_have_no_synapse_from_a_neuron_to_itself():
    net = hierarchy(hidden=10, recurrent=True)
    for layer in (1, 2, 3):
        table = net.projections[f"hidden{layer}->hidden{layer}"].synapses
        assert len(table) == 90
        assert np.all(table.pre != table.post)


def test_a_temporal_hierarchy_without_hidden_layers_is_refused():
    with pytest.raises(gd.GennDelaysError, match="layers=1 given; must be >= 2"):
        hierarchy(layers=1)


@pytest.mark.parametrize("path", sorted(FEEDFORWARD.parent.glob("*.py")), ids=lambda p: p.stem)
def test_every_model_is_reached_by_its_name(path):
    assert path.stem in dir(gd.models)
    module = getattr(gd.models, path.stem)
    assert Path(module.__file__).read_bytes() == path.read_bytes()
    assert model_file.path_of(Path(path.stem), Path("/nowhere")).read_bytes() == path.read_bytes()


def test_a_model_is_built_by_its_name():
    net = gd.models.dcls.build(inputs=40, outputs=20, seed=1)
    assert net.populations["input"].size == 40
    with pytest.raises(AttributeError, match="no attribute 'dcsl'"):
        gd.models.dcsl  # noqa: B018


def test_a_file_beside_the_configuration_goes_before_an_installed_model(tmp_path):
    (tmp_path / "dcls").write_text("")
    assert model_file.path_of(Path("dcls"), tmp_path) == tmp_path / "dcls"
    with pytest.raises(ConfigError, match="no installed model of that name; did you mean 'dcls'"):
        model_file.load_build(model_file.path_of(Path("dclss"), tmp_path))


def test_what_is_installed_holds_the_models(tmp_path, monkeypatch):
    given = {}
    monkeypatch.setattr(setuptools, "setup", lambda **options: given.update(options))
    monkeypatch.chdir(FEEDFORWARD.parents[1])
    exec(compile(Path("setup.py").read_text(), "setup.py", "exec"), {})
    command = setuptools.Distribution({**given, "script_name": "setup.py"}).get_command_obj(
        "build_py"
    )
    command.ensure_finalized()
    command.build_lib = str(tmp_path)
    command.run()
    built = {path.name for path in (tmp_path / "genn_delays" / "models").glob("*.py")}
    assert built == {"__init__.py"} | {path.name for path in FEEDFORWARD.parent.glob("*.py")}
    code = (
        "import genn_delays as gd\n"
        "print(gd.models.dcls.build(inputs=2, outputs=2, seed=1) and gd.models.dcls.__file__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(tmp_path / "genn_delays" / "models" / "dcls.py")
