"""Life of a GeNN model: nothing stale, nothing dropped, built once, rewired while loaded."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from pathlib import Path

import numpy as np
import pytest
from networks import KINDS, batch
from refractory_networks import network as refractory_network

import genn_delays as gd
from genn_delays.backends import get_backend
from genn_delays.backends.genn import compiler
from genn_delays.support.errors import BackendError

pytestmark = pytest.mark.genn


def small(**arguments) -> gd.Network:
    """One input, three hidden neurons that can spike in every step, one output."""
    net = gd.Network()
    net.add_population("input", gd.Input(), 1)
    net.add_population("hidden", gd.LIF(tau_mem=2.0, tau_syn=2.0), 3)
    net.add_population("output", gd.LeakyReadout(), 1)
    net.connect("input", "hidden", weight=5.0)
    net.connect("hidden", "output", **{"weight": 1.0, "delay": 2.0, "max_delay": 6.0} | arguments)
    return net


def steady(steps: int = 200) -> gd.Events:
    nothing = np.zeros(steps, int)
    return gd.Events(np.arange(float(steps)), nothing, nothing, 1)


def same(found, wanted, backend):
    """Equal to the last bit where sums have one order; CUDA adds in the order it happens to."""
    exact = backend == "genn-cpu"
    np.testing.assert_allclose(found, wanted, rtol=0 if exact else 1e-8, atol=0 if exact else 1e-12)


def compiled(network, backend, **arguments):
    return gd.compile(
        network, backend=backend, **{"steps": 200, "precision": "float64"} | arguments
    )


@pytest.mark.parametrize("kind", KINDS)
def test_batch_b_after_batch_a_equals_batch_b_alone(backend, kind):
    network, first, second = KINDS[kind](seed=3), batch(seed=7, events=500), batch(trials=3, seed=8)
    drive, results = np.ones((3, 5)), []
    for before in (None, first):
        with compiled(network, backend, steps=80, batch_size=5) as simulation:
            if before is not None:
                simulation.backward(simulation.forward(before))
            results.append((simulation.forward(second), simulation.backward(drive)))
    same(results[1][0], results[0][0], backend)
    for name, gradient in results[0][1].items():
        same(results[1][1][name].weight, gradient.weight, backend)
        same(results[1][1][name].delay, gradient.delay, backend)


@pytest.mark.parametrize("start", [0, 80], ids=["forward", "backward"])
def test_a_pass_broken_off_leaves_nothing_behind(backend, start):
    """As after Ctrl-C: events are under way and arrivals wait in the delay buffers."""
    network, events, drive = KINDS["looped"](seed=3), batch(), np.ones((5, 5))
    with compiled(network, backend, steps=80, batch_size=5) as simulation:
        outputs, gradients = simulation.forward(events), simulation.backward(drive)
        simulation.model.timestep = start
        for _ in range(31):
            simulation.model.step_time()
        if start == 0:
            same(simulation.forward(events), outputs, backend)
        again = simulation.backward(drive)
        for name, gradient in gradients.items():
            same(again[name].delay, gradient.delay, backend)


def test_spike_tape_grows_drops_nothing_and_says_so(backend, caplog):
    caplog.set_level("INFO")
    results = []
    for name in ("reference", backend):
        with compiled(small(), name) as simulation:
            outputs = simulation.forward(steady())
            results.append((outputs, simulation.backward(np.ones((1, 1))), simulation))
            counts = simulation.spike_counts("hidden")
            assert len(simulation.spikes("hidden")) == counts.sum()
    assert counts.min() > 64
    assert results[1][2].regrown == 1
    assert "too short" in caplog.text
    np.testing.assert_allclose(results[0][0], results[1][0], rtol=1e-12)
    for name, gradient in results[0][1].items():
        np.testing.assert_allclose(gradient.weight, results[1][1][name].weight, rtol=1e-9)


def test_every_delay_from_zero_to_the_largest_arrives_one_step_later_than_itself(backend):
    net = gd.Network()
    net.add_population("input", gd.Input(), 1)
    net.add_population("output", gd.LeakyReadout(), 301)
    delays = np.arange(301.0)[None, :]
    net.connect("input", "output", weight=1.0, delay=delays, max_delay=300.0)
    with compiled(net, backend, readout=gd.readouts.VoltageTrace(), steps=320) as simulation:
        trace = simulation.forward(gd.Events([5.0], [0], [0], 1))[0]
    np.testing.assert_array_equal((trace != 0).argmax(axis=0), 5 + 1 + np.arange(301) + 1)


def test_model_is_built_once_outside_the_working_folder(genn_cpu, tmp_path, monkeypatch):
    monkeypatch.setenv("GENN_DELAYS_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    with compiled(small(), genn_cpu) as simulation:
        outputs = simulation.forward(steady())
    monkeypatch.setattr(compiler, "_build", None)
    with compiled(small(weight=1.0, delay=3.0), genn_cpu) as simulation:
        assert simulation.forward(steady()) != outputs
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]
    assert len(list((tmp_path / "cache" / "genn").iterdir())) == 1


def test_a_damaged_library_is_never_loaded_and_made_again(genn_cpu, tmp_path, monkeypatch):
    monkeypatch.setenv("GENN_DELAYS_CACHE", str(tmp_path))
    with compiled(small(), genn_cpu) as simulation:
        outputs = simulation.forward(steady())
    (library,) = tmp_path.glob("genn/*/runner-*")
    library.write_bytes(b"half a file")
    copied, copy = [], compiler.shutil.copy
    monkeypatch.setattr(compiler.shutil, "copy", lambda *a: copied.append(a[0]) or copy(*a))
    with compiled(small(), genn_cpu) as simulation:
        assert b"half a file" not in [path.read_bytes() for path in copied]
        np.testing.assert_array_equal(simulation.forward(steady()), outputs)
    assert len(list(tmp_path.glob("genn/*"))) == 1


def test_two_processes_build_the_same_model_at_once(genn_cpu, tmp_path):
    script = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "from test_genn_model import small, steady, compiled\n"
        "print(compiled(small(), 'genn-cpu', steps=201).forward(steady()))\n"
    )
    tests = Path(__file__).parent
    command = [sys.executable, "-c", script, str(tests), str(tests.parent), str(tests.parents[1])]
    environment = {"GENN_DELAYS_CACHE": str(tmp_path), "PATH": __import__("os").environ["PATH"]}
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd="/")
        for _ in range(2)
    ]
    said = [process.communicate(timeout=300)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert said[0] == said[1] != ""
    assert len(list((tmp_path / "genn").iterdir())) == 1


def test_failed_build_names_the_compiler_error_and_leaves_nothing(genn_cpu, tmp_path, monkeypatch):
    monkeypatch.setenv("GENN_DELAYS_CACHE", str(tmp_path))
    monkeypatch.setenv("CXX", "false")
    with pytest.raises(BackendError, match="failed to build") as caught:
        compiled(small(), genn_cpu)
    assert len(str(caught.value).splitlines()) == 2
    assert list((tmp_path / "genn").iterdir()) == []


def test_two_simulations_of_one_model_do_not_share_anything(genn_cpu):
    """As when one trains and the other evaluates."""
    first, second = small(), small(weight=-0.5, delay=6.0)
    with compiled(first, genn_cpu) as one, compiled(second, genn_cpu) as other:
        for _ in range(2):
            outputs = one.forward(steady()), other.forward(steady(50))
            gradients = [s.backward(np.ones((1, 1))) for s in (one, other)]
    for network, events, found, gradient in zip(
        (first, second), (steady(), steady(50)), outputs, gradients, strict=True
    ):
        with compiled(network, "reference") as simulation:
            np.testing.assert_allclose(simulation.forward(events), found, atol=1e-12)
            for name, expected in simulation.backward(np.ones((1, 1))).items():
                np.testing.assert_allclose(gradient[name].weight, expected.weight, atol=1e-12)


def test_projections_without_synapses_and_silent_batches_run(backend):
    network = small()
    network.connect("input", "output", weight=1.0, density=0.0, delay=3.0)
    with compiled(network, backend) as simulation:
        silence = gd.Events(np.zeros(0), np.zeros(0, int), np.zeros(0, int), 1)
        assert np.all(simulation.forward(silence) == 0.0)
        gradients = simulation.backward(np.ones((1, 1)))
    assert gradients["input->output"].weight.shape == (0,)
    assert not gradients["hidden->output"].delay.any()


def test_close_frees_the_model(genn_cpu):
    simulation = compiled(small(), genn_cpu)
    simulation.forward(steady())
    model = weakref.ref(simulation.model)
    simulation.close()
    gc.collect()
    assert model() is None


def test_connectivity_of_a_loaded_model_is_replaced(backend):
    network, events = KINDS["looped"](seed=3), batch()
    table = network.projections["input->adaptive"].synapses
    with compiled(network, backend, steps=80, batch_size=5) as simulation:
        before = simulation.forward(events)
        rng = np.random.default_rng(0)
        table.keep(rng.random(len(table)) < 0.6)
        table.add(rng.integers(0, 13, 20), rng.integers(0, 18, 20), 0.5, rng.uniform(0, 7, 20))
        simulation.load(network)
        rewired = simulation.forward(events), simulation.backward(np.ones((5, 5)))
    assert np.abs(rewired[0] - before).max() > 1e-3
    with compiled(network, "reference", steps=80, batch_size=5) as simulation:
        np.testing.assert_allclose(simulation.forward(events), rewired[0], atol=1e-9)
        expected = simulation.backward(np.ones((5, 5)))["input->adaptive"]
    np.testing.assert_allclose(rewired[1]["input->adaptive"].delay, expected.delay, atol=1e-12)


def test_a_row_without_room_is_an_error_that_says_so(genn_cpu):
    network = KINDS["looped"](seed=3)
    table = network.projections["input->adaptive"].synapses
    with compiled(network, genn_cpu, steps=80, batch_size=5) as simulation:
        room = simulation.row_limit("input->adaptive")
        assert room == np.bincount(table.pre).max() * 3 // 2 + 1
        table.add(np.full(18, 2), np.arange(18), 0.1)
        with pytest.raises(BackendError, match=r"unit 2 now has .* room for .* of each unit"):
            simulation.load(network)


@pytest.mark.parametrize("rule", [gd.EventProp(), gd.Surrogate()], ids=["eventprop", "surrogate"])
@pytest.mark.parametrize("kind", ["free", "refractory"])
def test_memory_is_what_is_allocated(genn_cpu, kind, rule):
    """All but GeNN's own lists of spikes is counted."""
    network = KINDS["looped"](seed=3) if kind == "free" else refractory_network("looped")
    settings = {"gradient": rule, "steps": 80, "batch_size": 5}
    with compiled(network, genn_cpu, **settings) as simulation:
        asked = get_backend(genn_cpu).needed(simulation.plan, network, None)
        assert asked == simulation.memory()
        simulation.forward(batch())
        groups = simulation.model.neuron_populations.values()
        synapses = simulation.model.synapse_populations.values()
        held = sum(v._view.nbytes for g in groups for v in g.vars.values())
        held += sum(a.view.nbytes for g in groups for a in g.extra_global_params.values())
        held += sum(v._view.nbytes for s in synapses for v in s.vars.values())
        held += sum(s._ind.view.nbytes + s._row_lengths.view.nbytes for s in synapses)
        updates = simulation.model.custom_updates.values()
        held += sum(v._view.nbytes for u in updates for v in u.vars.values())
        arriving = [(s.max_dendritic_delay_timesteps + 1) * s.trg.num_neurons * 8 for s in synapses]
        assert simulation.memory() == held + sum(arriving)


def test_missing_pygenn_shows_the_real_reason_and_where_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pygenn", None)
    with pytest.raises(BackendError, match=r"genn-team\.github\.io") as caught:
        compiled(small(), "genn-cpu")
    assert len(str(caught.value).splitlines()) == 2
    assert "ModuleNotFoundError" in str(caught.value)
