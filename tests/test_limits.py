"""The bound on what a file or a configuration may ask for."""

from __future__ import annotations

import numpy as np
import pytest

import genn_delays as gd
from genn_delays import datasets
from genn_delays.backends.native.threads import Team
from genn_delays.datasets.base import numbered
from genn_delays.rewiring.absent import absent_keys
from genn_delays.support.errors import ConfigError, DataError, NetworkError, PlanError
from genn_delays.support.limits import VARIABLE, check_size, memory_limit

HUGE = 10**12


def test_what_is_too_large_is_refused_and_the_user_can_raise_the_bound(monkeypatch):
    with pytest.raises(DataError, match=rf"x would take 8192 MiB.*{VARIABLE}=8192"):
        check_size(8192 << 20, "x")
    monkeypatch.setenv(VARIABLE, "8192")
    check_size(8192 << 20, "x")


@pytest.mark.parametrize("given", ["-1", "0", "1.5", "many", "٣", "9" * 40])
def test_a_bound_that_is_no_whole_number_is_refused(monkeypatch, given):
    monkeypatch.setenv(VARIABLE, given)
    with pytest.raises(ConfigError, match=VARIABLE):
        memory_limit()


def test_more_than_any_machine_has_gets_no_number_to_set():
    with pytest.raises(DataError, match="x would take more memory than any machine has"):
        check_size(float("inf"), "x")


def joined(pre: int = 4, post: int = 3, **how) -> gd.Network:
    net = gd.Network()
    net.add_population("input", gd.Input(), pre)
    net.add_population("output", gd.LeakyReadout(tau_mem=10.0, tau_syn=3.0), post)
    net.connect("input", "output", **{"weight": 1.0, **how})
    return net


@pytest.mark.parametrize("size", [HUGE, 10**9])
@pytest.mark.parametrize("neuron", [gd.Input(), gd.LIF(10.0, 3.0)])
def test_a_population_is_refused_before_its_parameters_are_made(neuron, size):
    with pytest.raises(NetworkError, match=r"population 'p'.* (up to 2147483647|MiB)"):
        gd.Network().add_population("p", neuron, size)


@pytest.mark.parametrize(
    "how",
    [
        {"pre": 10**5, "post": 10**5},
        {"pre": 10**5, "post": 10**5, "density": 0.1},
        {"pre": 10**5, "post": 10**5, "wiring": gd.wiring.InDegree(2)},
        {"pre": 10**5, "post": 10**5, "wiring": gd.wiring.OutDegree(2)},
        {"pre": 10**5, "post": 10**5, "wiring": gd.wiring.DistanceDependent(1e-6, 0.1)},
        {"kernel_count": HUGE},
        {"pairs": (np.zeros(9, int), np.zeros(9, int)), "kernel_count": 10**8},
    ],
)
def test_synapses_are_refused_before_they_are_drawn(how):
    with pytest.raises(NetworkError, match=rf"projection 'input->output'.*{VARIABLE}="):
        joined(**how)


def test_few_synapses_among_many_pairs_are_no_matter():
    assert len(joined(10**5, 10**5, density=1e-7).projections["input->output"].synapses) == 1000


@pytest.mark.parametrize("backend", ["native", "reference"])
@pytest.mark.parametrize("change", [{"batch_size": 10**9}, {"steps": 10**9}, {"steps": 2**31}])
@pytest.mark.parametrize("gradient", [gd.EventProp(), gd.Surrogate()])
def test_a_simulation_is_refused_before_its_buffers_are_made(backend, change, gradient):
    readout = gd.readouts.MaxVoltage()
    sizes = {"steps": 100, "batch_size": 8} | change
    with pytest.raises(PlanError, match=rf"{VARIABLE}=|at most 2147483647"):
        gd.compile(joined(), gradient=gradient, readout=readout, backend=backend, **sizes)


def test_threads_are_refused_before_they_are_started():
    with pytest.raises(PlanError, match=f"threads=1000000: their stacks.*{VARIABLE}="):
        Team(10**6)


def test_kernels_of_many_taps_are_refused():
    kernel = gd.kernels.Gaussian(1e6)
    with pytest.raises(NetworkError, match=r"a delay kernel of .* taps for 1000 synapses"):
        kernel.taps(np.zeros(1000), 2**30, 1e-7)


def test_rewiring_among_all_pairs_of_a_huge_sparse_projection_is_refused():
    table = joined(10**5, 10**5, density=1e-7).projections["input->output"].synapses
    with pytest.raises(ConfigError, match="rewiring among all pairs"):
        absent_keys(table)


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("sequence", {"train": HUGE}),
        ("yin_yang", {"test": HUGE}),
        ("yin_yang", {"r_small": 1e-9}),
        ("spoken_digits", {"repeats": HUGE}),
        ("audio_folder", {"bands": HUGE}),
        ("audio_folder", {"window": 1e12}),
        ("audio_folder", {"duration": 1e300}),
    ],
)
def test_a_data_set_is_refused_before_it_is_made(name, args):
    with pytest.raises(DataError, match=r"MiB|any machine|0\.02 r_big"):
        datasets.source(name, **args)


def test_more_names_of_classes_than_fit_are_refused():
    with pytest.raises(DataError, match=rf"x\.h5: the names of 2147483649 .*{VARIABLE}="):
        numbered(2**31 + 1, "x.h5")
    assert numbered(3, "x.h5") == ("0", "1", "2")
