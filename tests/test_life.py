"""The life of a simulation, one suite for every engine: what may follow what, and what is lost."""

from __future__ import annotations

import copy
import ctypes
import os
import pickle
import sys
import threading

import numpy as np
import pytest

import genn_delays as gd
from genn_delays.backends.genn.availability import CPU, require
from genn_delays.backends.native import structures
from genn_delays.support.errors import BackendError, NetworkError, PlanError

RULES = {"eventprop": gd.EventProp(), "surrogate": gd.Surrogate()}
EVENTS = gd.Events([1.0, 2.0, 3.0], [0, 1, 2], [0, 1, 0], 2)


def declare(weight: float = 20.0) -> gd.Network:
    net = gd.Network(seed=1)
    net.add_population("input", gd.Input(), 3)
    net.add_population("hidden", gd.LIF(), 4)
    net.add_population("output", gd.LeakyReadout(), 2)
    net.connect("input", "hidden", weight=weight, delay=gd.init.Uniform(0, 5), max_delay=5.0)
    net.connect("hidden", "output", weight=1.0)
    return net


@pytest.fixture(params=["reference", "native", pytest.param("genn-cpu", marks=pytest.mark.genn)])
def backend(request) -> str:
    if request.param == "genn-cpu":
        try:
            require(CPU)
        except BackendError as error:
            pytest.skip(str(error).splitlines()[0])
    return request.param


@pytest.fixture(params=RULES)
def simulation(request, backend):
    with compiled(declare(), backend, request.param) as made:
        yield made


def compiled(network: gd.Network, backend: str, rule: str) -> gd.backends.Simulation:
    options = {"gradient": RULES[rule], "steps": 20, "batch_size": 2}
    return gd.compile(network, backend=backend, precision="float64", threads=2, **options)


def both_ways(simulation) -> tuple[np.ndarray, ...]:
    outputs = simulation.forward(EVENTS)
    found = simulation.backward(np.ones_like(outputs))["input->hidden"]
    return outputs, found.weight, found.delay


def assert_equal(one, other) -> None:
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


CALLS = {
    "load": lambda s: s.load(declare()),
    "forward": lambda s: s.forward(EVENTS),
    "backward": lambda s: s.backward(np.ones((2, 2))),
    "correlation": lambda s: s.correlation("input->hidden", [0], [0], np.array([0]), 2),
    "spikes": lambda s: s.spikes("hidden"),
    "spike_counts": lambda s: s.spike_counts("hidden"),
    "memory": lambda s: s.memory(),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_closed_simulation_says_so(simulation, call):
    both_ways(simulation)
    simulation.close()
    simulation.close()
    with pytest.raises(BackendError, match="closed; compile the network again"):
        call(simulation)


def test_what_has_not_been_run_cannot_be_gone_back_over(simulation):
    assert len(simulation.spikes("hidden")) == 0
    with pytest.raises(PlanError, match="run a batch first"):
        CALLS["backward"](simulation)
    simulation.forward(EVENTS)
    with pytest.raises(PlanError, match="go back over a batch first"):
        CALLS["correlation"](simulation)
    simulation.forward(EVENTS, training=False)
    with pytest.raises(PlanError, match="run a batch first"):
        CALLS["backward"](simulation)


def test_a_refused_batch_leaves_nothing_of_the_batch_before(simulation):
    both_ways(simulation)
    with pytest.raises(gd.GennDelaysError, match="names unit 7"):
        simulation.forward(gd.Events([1.0], [7], [0], 1))
    assert len(simulation.spikes("hidden")) == 0
    for call in ("backward", "correlation"):
        with pytest.raises(PlanError, match="first"):
            CALLS[call](simulation)


def test_a_refused_network_changes_nothing(simulation):
    before = both_ways(simulation)
    other = declare()
    other.projections["input->hidden"].synapses.weight[0] = np.nan
    with pytest.raises(NetworkError, match="weight of synapse"):
        simulation.load(other)
    assert_equal(both_ways(simulation), before)


def interrupt(work, at: int = 0) -> int:
    """Run it, with a Ctrl-C at its ``at``-th call of a function of the package; calls it made."""
    calls = 0

    def count(frame, event, _):
        nonlocal calls
        if event == "call" and frame.f_globals.get("__name__", "").startswith("genn_delays."):
            calls += 1
            if calls == at:
                raise KeyboardInterrupt

    sys.setprofile(count)
    try:
        work()
    except KeyboardInterrupt:
        pass
    finally:
        sys.setprofile(None)
    return calls


def instants(work) -> list[int]:
    """From its first to its last call, a dozen between them."""
    return sorted({*np.linspace(1, interrupt(work), 14).astype(int).tolist()})


def test_half_a_network_is_never_run(simulation):
    """Wherever load() is interrupted, what runs is the old network, the new one, or nothing."""
    old, new = declare(), declare(weight=5.0)
    known = []
    for network in (new, old):
        simulation.load(network)
        known.append(both_ways(simulation))
    broken = 0
    for at in instants(lambda: simulation.load(old)):
        interrupt(lambda: simulation.load(new), at)
        try:
            found = both_ways(simulation)
        except BackendError:
            broken += 1
            with pytest.raises(BackendError, match="come to its end; load the network again"):
                simulation.forward(EVENTS)
        else:
            assert any(all(map(np.array_equal, found, one)) for one in known)
        simulation.load(old)
        assert_equal(both_ways(simulation), known[1])
    assert broken


def test_an_interrupted_forward_pass_leaves_no_spikes_of_two_batches(simulation):
    other = gd.Events([4.0, 5.0, 6.0, 6.0], [0, 1, 2, 2], [0, 1, 0, 1], 2)
    simulation.forward(other)
    whole = [simulation.spike_counts("hidden")]
    before = both_ways(simulation)
    whole.append(simulation.spike_counts("hidden"))
    nothing = 0
    for at in instants(lambda: simulation.forward(other)):
        assert_equal(both_ways(simulation), before)
        interrupt(lambda: simulation.forward(other), at)
        if len(simulation.spikes("hidden")) == 0:
            nothing += 1
            with pytest.raises(PlanError, match="run a batch first"):
                CALLS["backward"](simulation)
        else:  # before it began, or when it was done
            assert any(np.array_equal(simulation.spike_counts("hidden"), one) for one in whole)
    assert nothing
    assert_equal(both_ways(simulation), before)


def test_an_interrupted_backward_pass_leaves_no_sums(simulation):
    before = both_ways(simulation)
    drive = np.ones((2, 2))
    for at in instants(lambda: simulation.backward(drive)):
        simulation.forward(EVENTS)
        interrupt(lambda: simulation.backward(3.0 * drive), at)
        again = simulation.backward(drive)["input->hidden"]
        assert_equal((again.weight, again.delay), before[1:])


@pytest.mark.parametrize("call", [*CALLS.values(), lambda s: s.close()], ids=[*CALLS, "close"])
def test_a_second_thread_is_refused_while_the_first_is_at_work(simulation, monkeypatch, call):
    before = both_ways(simulation)
    inside, outside, refused = threading.Event(), threading.Event(), []
    run = simulation._forward

    def waiting(*args):
        inside.set()
        assert outside.wait(60)
        return run(*args)

    def second():
        inside.wait(60)
        try:
            call(simulation)
        except BackendError as error:
            refused.append(str(error))
        outside.set()

    other = threading.Thread(target=second)
    other.start()
    with monkeypatch.context() as patch:
        patch.setattr(simulation, "_forward", waiting)
        outputs = simulation.forward(EVENTS)
    other.join()
    assert refused
    assert "at work in another thread" in refused[0]
    np.testing.assert_array_equal(outputs, before[0])


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_simulation_is_not_copied_or_pickled(simulation, copied):
    with pytest.raises(BackendError, match="hand over the network, and compile it there"):
        copied(simulation)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("engine", ["reference", "native"])
def test_a_forked_process_gets_the_same_numbers(engine, rule):
    with compiled(declare(), engine, rule) as simulation:
        before = both_ways(simulation)
        child = os.fork()
        if child == 0:
            same = all(map(np.array_equal, both_ways(simulation), before))
            simulation.close()
            os._exit(0 if same else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert_equal(both_ways(simulation), before)


def test_threads_that_ask_at_once_get_one_structure():
    begin, found = threading.Barrier(8), []

    def ask():
        begin.wait()
        found.append(structures._ctypes("asked_at_once", (("count", ctypes.c_int),)))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(found) == 8
    assert len(set(found)) == 1
