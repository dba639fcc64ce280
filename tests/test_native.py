"""The native engine around its numbers: compiling, caching, memory, and what it refuses."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from limited import file_limit
from networks import KINDS, batch, chain

import genn_delays as gd
from genn_delays.backends import get_backend
from genn_delays.backends.native.eventprop.codegen import render
from genn_delays.backends.native.memory import estimate
from genn_delays.backends.native.threads import Team
from genn_delays.planning.plan import make_plan
from genn_delays.support import compiler
from genn_delays.support.errors import BackendError, DataError, NetworkError, PlanError

SOURCE = "int answer(void) { return 42; }\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A cache of its own, and no compiler chosen by the environment."""
    monkeypatch.setenv("GENN_DELAYS_CACHE", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    return tmp_path


def script(path: Path, body: str) -> Path:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_no_compiler_is_an_error_with_the_remedies(folder, monkeypatch):
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(compiler.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(BackendError, match=r"(?s)found none.*install gcc or clang.*\[zig\]"):
        gd.compile(KINDS["feedforward"](), steps=80, backend="native")


def test_zig_compiles_where_nothing_else_does(folder, monkeypatch):
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(compiler.importlib.util, "find_spec", lambda name: name == "ziglang")
    assert compiler.find_compiler() == [sys.executable, "-m", "ziglang", "cc"]


@pytest.mark.parametrize("chosen", ["absent-compiler -O2", " "])
def test_a_wrong_cc_is_named(folder, monkeypatch, chosen):
    monkeypatch.setenv("CC", chosen)
    with pytest.raises(BackendError, match=f"sets CC='{chosen}', .* unset it"):
        compiler.build(SOURCE)


def test_cc_may_carry_arguments(folder, monkeypatch):
    monkeypatch.setenv("CC", "cc -DEXTRA=1")
    assert compiler.find_compiler() == ["cc", "-DEXTRA=1"]
    assert compiler.load(SOURCE).answer() == 42


def refuses(path: Path, *options: str) -> Path:
    """A compiler that knows less than the one it calls."""
    cases = "".join(f'case "$a" in {option}) exit 1;; esac\n' for option in options)
    return script(path, f'for a; do :\n{cases}done\nexec cc -DLITTLE "$@"')


def test_a_compiler_that_knows_no_march_native_is_asked_otherwise_or_not_at_all(
    folder, monkeypatch
):
    """As clang up to 14 on ARM, and cross compilers."""
    native, mcpu = compiler.THIS_PROCESSOR
    for refused, options in {(): (native,), (native,): (mcpu,), (native, mcpu): ()}.items():
        command = refuses(folder / f"cc{len(refused)}", *refused)
        found = compiler.target((str(command),))
        assert found.options == options
        assert "LITTLE" in found.macros
        monkeypatch.setenv("CC", str(command))
        assert compiler.load(SOURCE).answer() == 42


def test_a_processor_that_cc_names_is_kept(folder):
    echo = script(folder / "echocc", 'echo "#define $1"; echo "#define $2"')
    found = compiler.target((str(echo), "-march=another"))
    assert found == compiler.Target((), frozenset({"-march=another", "-dM"}))


def test_a_compiler_that_fails_shows_its_first_error_and_leaves_nothing(folder, monkeypatch):
    with pytest.raises(BackendError, match=r"(?s)failed to compile the engine: .*error: .*CC"):
        compiler.build("int main(void) { return absent; }\n")
    fails = script(folder / "mycc", "echo no licence left >&2; exit 3")
    monkeypatch.setenv("CC", str(fails))
    with pytest.raises(BackendError, match="failed to compile the engine: no licence left"):
        compiler.build(SOURCE)
    assert list((folder / "native").iterdir()) == []


def test_a_full_disk_is_an_error_and_leaves_nothing_in_the_cache(folder):
    with file_limit(10), pytest.raises(BackendError, match=r"cannot be built.*free some space"):
        compiler.build(SOURCE)
    assert list((folder / "native").iterdir()) == []
    # the linker has no room: a signal ends it, as a full disk ends it with an error of its own
    with file_limit(2000), pytest.raises(BackendError, match="failed to compile the engine"):
        compiler.build(SOURCE)
    assert list((folder / "native").iterdir()) == []


def test_a_compiler_that_cannot_be_run_is_named(folder, monkeypatch):
    broken = folder / "brokencc"
    broken.write_bytes(b"\x7fELF nothing")
    broken.chmod(0o755)
    monkeypatch.setenv("CC", str(broken))
    with pytest.raises(BackendError, match="brokencc' cannot be run"):
        compiler.build(SOURCE)


def test_an_engine_is_compiled_once_and_again_for_another_compiler(folder, monkeypatch):
    count = folder / "count"
    counting = script(folder / "countingcc", f'echo >> "{count}"; exec cc "$@"')
    monkeypatch.setenv("CC", str(counting))
    first = compiler.build(SOURCE)
    runs = count.read_text().count("\n")
    assert compiler.build(SOURCE) == first
    assert count.read_text().count("\n") == runs
    monkeypatch.setenv("CC", f"{counting} -O1")
    assert compiler.build(SOURCE) != first
    assert {path.suffix for path in (folder / "native").iterdir()} == {".so"}


@pytest.mark.parametrize("damage", [b"", b"half a file"], ids=["empty", "other content"])
def test_a_damaged_library_is_never_loaded_and_made_again(folder, damage, monkeypatch):
    source = "int answer(void) { return 42; }\n"
    library = compiler.build(source)
    library.write_bytes(damage)
    opened = []

    class Library(compiler.Library):
        def __init__(self, name: str) -> None:
            opened.append(Path(name).read_bytes())
            super().__init__(name)

    monkeypatch.setattr(compiler, "Library", Library)
    assert compiler.load(source).answer() == 42
    assert damage not in opened
    assert len(list((folder / "native").iterdir())) == 1
    assert len(opened) == 1


def test_a_library_that_cannot_be_loaded_or_kept_is_named_with_the_remedy(folder, monkeypatch):
    text = script(folder / "textcc", 'while [ "$1" != -o ]; do shift; done; echo text > "$2"')
    monkeypatch.setenv("CC", str(text))
    with pytest.raises(BackendError, match=r"(?s)cannot load .*set GENN_DELAYS_CACHE"):
        compiler.load(SOURCE)
    monkeypatch.setattr("genn_delays.support.cache.os.replace", full_disk)
    with pytest.raises(BackendError, match="No space left on device; free some space, or set GENN"):
        compiler.load(SOURCE + "/* another */")


def full_disk(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


BUILD = """
from genn_delays.backends import get_backend
from genn_delays.support import compiler
print(compiler.load("int answer(void) { return 42; }\\n").answer())
"""


def test_processes_that_compile_the_same_engine_at_once_do_not_disturb_each_other(folder):
    # each compiles for so long that none can find the library of another
    slow = script(folder / "slowcc", '[ "$1" = --version ] || sleep 2; exec cc "$@"')
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "CC": str(slow)}
    command = [sys.executable, "-c", BUILD]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) for _ in range(2)
    ]
    assert [process.communicate(timeout=120)[0].strip() for process in started] == ["42"] * 2
    assert len(list((folder / "native").iterdir())) == 1


def plan_of(network, precision="float32", **changes):
    arguments = {"readout": gd.readouts.MeanVoltage(), "dt": 1.0, "steps": 80, **changes}
    return make_plan(network, gradient=gd.EventProp(), precision=precision, **arguments)


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_the_source_depends_on_the_dynamics_alone_and_names_nothing_of_the_machine(precision):
    source = render(plan_of(KINDS["looped"](), precision))
    assert render(plan_of(KINDS["looped"](seed=9), precision, steps=33, dt=0.5)) == source
    assert str(Path.home()) not in source
    assert str(Path(gd.__file__).parent) not in source
    assert "{{" not in source


@pytest.fixture(scope="module")
def simulation():
    with gd.compile(
        KINDS["feedforward"](), steps=80, batch_size=5, backend="native", threads=1
    ) as compiled:
        yield compiled


def test_a_batch_that_is_too_large_is_refused(simulation):
    with pytest.raises(DataError, match=r"batch of 6 trials, .* for batch_size=5"):
        simulation.forward(batch(trials=6))


@pytest.mark.parametrize("backend", ["reference", "native"])
def test_backward_before_forward_is_refused(backend):
    with (
        gd.compile(KINDS["feedforward"](), steps=80, backend=backend) as fresh,
        pytest.raises(
            PlanError, match=r"backward\(\) follows forward\(\) in training; run a batch first"
        ),
    ):
        fresh.backward(np.ones((1, 5)))


@pytest.mark.parametrize("backend", ["reference", "native"])
def test_drives_that_do_not_fit_are_refused(backend):
    network = KINDS["feedforward"]()
    with gd.compile(network, steps=80, batch_size=5, backend=backend) as compiled:
        drive = compiled.forward(batch())
        # too few trials would make the engine read beyond the end
        for wrong in (drive[:1], drive[0], drive[..., None]):
            with pytest.raises(
                PlanError, match=r"output gradient of shape .* for outputs of shape \(5, 5\)"
            ):
                compiled.backward(wrong)
        with pytest.raises(NetworkError, match="no population 'lfi'; did you mean 'lif'"):
            compiled.backward(drive, {"lfi": np.zeros(21)})
        with pytest.raises(PlanError, match="spike_drive: population 'output' never spikes"):
            compiled.backward(drive, {"output": np.zeros(5)})
        with pytest.raises(PlanError, match=r"'lif' has shape \(3,\); give \(21,\) or \(5, 21\)"):
            compiled.backward(drive, {"lif": np.zeros(3)})


@pytest.mark.parametrize("backend", ["reference", "native"])
def test_another_network_than_the_compiled_one_is_not_loaded(backend):
    """Its buffers would be too small."""
    network, longer = chain(1.0, 3, 2, 1), chain(1.0, 3, 2, 1)
    longer.projections["input->hidden"].synapses.max_delay = 20.0
    more = chain(1.0, 3, 2, 1)
    more.connect("hidden", "hidden", weight=0.0)
    with gd.compile(network, steps=10, backend=backend) as compiled:
        for other, message in (
            (chain(1.0, 4, 2, 1), r"'hidden' has 4 units, not 3; compile again"),
            (longer, r"max_delay = 20 ms, longer than compiled \(0 ms\); compile again"),
            (more, r"'hidden->hidden'\], but \[.*\] were compiled; compile again"),
        ):
            with pytest.raises(PlanError, match=message):
                compiled.load(other)
        compiled.load(network)
        assert compiled.forward(gd.Events([1.0], [0], [0], 1)).shape == (1, 1)


@pytest.mark.parametrize("backend", ["reference", "native"])
def test_nothing_has_spiked_before_the_first_batch(backend):
    with gd.compile(KINDS["feedforward"](), steps=80, backend=backend) as fresh:
        assert len(fresh.spikes("lif")) == 0
        assert fresh.spike_counts("lif").shape == (0, 21)


def test_unknown_populations_are_named(simulation):
    simulation.forward(batch())
    for ask in (simulation.spikes, simulation.spike_counts):
        with pytest.raises(NetworkError, match="did you mean 'adaptive'"):
            ask("adaptiv")


def test_spikes_are_sorted_and_their_times_lie_on_the_grid(simulation):
    events = batch()
    simulation.forward(events)
    for name in ("input", "lif"):
        found = simulation.spikes(name)
        keys = np.lexsort((found.time, found.unit, found.trial))
        assert np.array_equal(keys, np.arange(len(found)))
        np.testing.assert_array_equal(found.time, np.floor(found.time))
        counts = np.zeros_like(simulation.spike_counts(name))
        np.add.at(counts, (found.trial, found.unit), 1)
        np.testing.assert_array_equal(counts, simulation.spike_counts(name))
    assert len(simulation.spikes("input")) == len(events)
    assert len(simulation.spikes("output")) == 0
    assert simulation.spike_counts("output").shape == (5, 5)


def test_graded_input_comes_back_with_its_values(simulation):
    events = batch(graded=True)
    simulation.forward(events)
    found = simulation.spikes("input")
    np.testing.assert_allclose(np.sort(found.value), np.sort(events.value), rtol=1e-6)
    simulation.forward(batch())
    assert simulation.spikes("input").value is None


def test_a_closed_simulation_says_so():
    compiled = gd.compile(KINDS["feedforward"](), steps=80, batch_size=5, backend="native")
    compiled.forward(batch())
    compiled.close()
    compiled.close()
    with pytest.raises(BackendError, match="closed; compile the network again"):
        compiled.forward(batch())


@pytest.mark.parametrize("threads", [0, -1, 1.5, "2"])
def test_an_impossible_number_of_threads_is_refused(threads):
    with pytest.raises(PlanError, match=f"threads={threads!r}: must be a whole number >= 1"):
        Team(threads)


def test_a_batch_without_trials_gives_nothing():
    with gd.compile(KINDS["feedforward"](), steps=80, backend="native") as compiled:
        assert compiled.forward(gd.Events([], [], [], 0)).shape == (0, 5)
        gradients = compiled.backward(np.zeros((0, 5)))
    assert not any(gradient.weight.any() for gradient in gradients.values())


@pytest.mark.parametrize("graded", [False, True], ids=["spikes", "graded"])
@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("steps", "events"), [(80, 600), (700, 2000)])
def test_estimate_is_within_ten_percent_of_what_is_allocated(
    kind, precision, graded, steps, events
):
    network, threads = KINDS[kind](), 2
    events = batch(trials=9, events=events, steps=steps, graded=graded)
    plan = plan_of(network, precision, steps=steps, batch_size=9)
    parts = estimate(
        plan,
        network,
        threads=threads,
        events_per_trial=len(events) / 9,
        graded=graded,
    )
    with gd.compile(
        network, steps=steps, batch_size=9, backend="native", precision=precision, threads=threads
    ) as compiled:
        compiled.backward(compiled.forward(events))
        assert sum(parts.values()) == pytest.approx(compiled.memory(), rel=0.1)
        # what was estimated is what was allocated, array by array
        assert compiled.regrown or sum(parts.values()) == compiled.memory()


def test_estimate_takes_a_known_activity_into_account():
    network = chain(2.0, hidden=32, inputs=13, outputs=5)
    events = batch(trials=9, events=4000)
    plan = plan_of(network, batch_size=9)
    with gd.compile(network, steps=80, batch_size=9, backend="native", threads=1) as compiled:
        compiled.backward(compiled.forward(events))
        blocks = compiled.spike_counts("hidden").reshape(9, 2, 16).mean(axis=2)
        allocated = compiled.memory()
    common = {"threads": 1, "events_per_trial": len(events) / 9}
    assert sum(estimate(plan, network, **common).values()) < 0.9 * allocated
    # the engine makes a quarter more room than was needed
    informed = estimate(plan, network, spikes_per_neuron=1.25 * blocks.max(), **common)
    assert sum(informed.values()) == pytest.approx(allocated, rel=0.1)


def test_room_that_no_batch_so_far_needed_half_of_is_given_back_at_the_next_one():
    """Spikes that lie closer together are read more quickly; a busier batch makes room again."""
    network = chain(2.0, hidden=32, inputs=13, outputs=5)
    quiet, busy = batch(trials=9, events=40), batch(trials=9, events=4000)
    with gd.compile(network, steps=80, batch_size=9, backend="native", threads=1) as compiled:
        hidden = compiled.populations[compiled.plan.population_index("hidden")]
        at_first = hidden.struct.capacity
        compiled.forward(quiet)
        most = hidden.most
        assert 0 < 4 * most < at_first == hidden.struct.capacity
        outputs = compiled.forward(quiet)
        assert most < hidden.struct.capacity <= most + most // 4 + 1
        room = hidden.arrays["time"].nbytes
        assert room < 2 * most * hidden.arrays["time"].itemsize * 9 * hidden.blocks
        assert compiled.regrown == 0
        compiled.forward(busy)
        assert compiled.regrown == 1
        assert hidden.arrays["time"].nbytes > room
        np.testing.assert_array_equal(compiled.forward(quiet), outputs)


@pytest.mark.parametrize("rule", [gd.EventProp(), gd.Surrogate()], ids=["eventprop", "surrogate"])
def test_an_engine_that_lays_a_structure_out_otherwise_is_not_built(rule):
    """A field moved on one side alone would be read beside itself, in silence."""
    net = gd.Network()
    net.add_population("input", gd.Input(), 1)
    net.add_population("output", gd.LeakyReadout(), 1)
    net.connect("input", "output", weight=1.0)
    plan = make_plan(net, gradient=rule, readout=gd.readouts.MeanVoltage(), dt=1.0, steps=2)
    source = get_backend("native").code(plan)
    moved = source.replace("int64_t synapses;", "int32_t synapses;", 1)
    assert moved != source
    with pytest.raises(BackendError, match="projection: laid out otherwise than in Python"):
        compiler.load(moved)


@pytest.mark.parametrize("rule", [gd.EventProp(), gd.Surrogate()], ids=["eventprop", "surrogate"])
def test_calls_into_the_engine_do_not_read_the_tables_of_structures_again(rule, monkeypatch):
    """A batch of a small network takes less time than that would."""
    network, events = chain(2.0, hidden=32, inputs=13, outputs=5), batch(trials=3)
    with gd.compile(network, gradient=rule, steps=80, batch_size=9, backend="native") as compiled:
        compiled.backward(compiled.forward(events))
        monkeypatch.setattr("genn_delays.backends.native.structures.Shared.fields", None)
        compiled.load(network)
        compiled.backward(compiled.forward(events))


@pytest.mark.parametrize("rule", [gd.EventProp(), gd.Surrogate()], ids=lambda rule: rule.name)
def test_numbers_too_small_to_be_normal_are_0_in_the_engine_and_stay_in_the_caller(rule):
    """A voltage that decays for 100 time constants; the caller's thread is one of the engine's."""
    network = gd.Network(1)
    network.add_population("input", gd.Input(), 1)
    network.add_population("output", gd.LeakyReadout(tau_mem=1.0, tau_syn=0.5), 1)
    network.connect("input", "output", weight=1.0)
    settings = {"steps": 100, "batch_size": 1, "readout": gd.readouts.VoltageTrace()}
    tiny = np.full(64, 1e-40, np.float32)
    with gd.compile(network, gradient=rule, backend="native", threads=1, **settings) as simulation:
        trace = simulation.forward(gd.Events([0.0], [0], [0], 1))
        gradients = simulation.backward(np.ones_like(trace))
    assert np.count_nonzero(tiny * np.float32(0.5)) == 64
    found = np.abs(trace[trace != 0])
    assert 0 < len(found) < 95
    assert found.min() >= np.finfo(np.float32).tiny
    assert gradients["input->output"].weight[0] > 0
