"""What ranks exchange, and how an error of one reaches all; ranks are threads here."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from thread_ranks import Hung, in_ranks

from genn_delays.parallel import ALONE
from genn_delays.parallel.launch import Launch, connect, launch
from genn_delays.parallel.ranks import RankFaultError, Ranks
from genn_delays.parallel.rounds import FAILED, FAULT
from genn_delays.support.errors import RankError


def test_sums_are_made_in_the_order_of_the_ranks_and_are_the_same_in_all():
    parts = np.random.default_rng(1).normal(size=(5, 7)) * 10.0 ** np.arange(5)[:, None]
    wanted = parts[0].copy()
    for part in parts[1:]:
        wanted += part
    for found in in_ranks(5, lambda ranks: ranks.sum("here", parts[ranks.number])):
        np.testing.assert_array_equal(found, wanted)


def test_fewer_numbers_than_ranks_are_summed_too():
    found = in_ranks(4, lambda ranks: ranks.sum("here", np.ones(2)).tolist())
    assert found == [[4.0, 4.0]] * 4
    assert in_ranks(2, lambda ranks: len(ranks.sum("here", np.zeros(0)))) == [0, 0]


@pytest.mark.parametrize("trials", [0, 1, 3, 4, 10])
def test_every_trial_is_with_one_rank(trials):
    shares = []
    for number in range(4):
        ranks = Ranks()
        ranks.number, ranks.count = number, 4
        shares.append(ranks.share(trials))
    assert [t for share in shares for t in range(trials)[share]] == list(range(trials))
    assert max(s.stop - s.start for s in shares) <= -(-trials // 4)


def test_the_first_rank_goes_first_and_tells_the_others():
    order = []

    def work(ranks):
        ranks.first(lambda: order.append(ranks.number))
        return ranks.told(lambda: f"of {ranks.number}")

    assert in_ranks(3, work) == ["of 0"] * 3
    assert order[0] == 0
    assert sorted(order) == [0, 1, 2]


@pytest.mark.parametrize(("status", "error"), [(FAILED, RankError), (FAULT, RankFaultError)])
def test_an_error_of_one_rank_reaches_all_at_whatever_they_are(status, error):
    def work(ranks):
        if ranks.number == 1:
            return ranks.fail(status, "its disk is full")
        return ranks.sum("a backward pass", np.ones(3))

    found = in_ranks(3, work)
    assert found[1] is None
    for each in (found[0], found[2]):
        assert isinstance(each, error)
        assert str(each).startswith("rank 1 (")
        assert str(each).endswith("): its disk is full")


def test_a_rank_that_fails_as_another_ends_is_not_waited_for():
    def work(ranks):
        return ranks.fail(FAILED, "late") if ranks.number == 0 else ranks.end()

    found = in_ranks(2, work)
    assert found[0] is None
    assert isinstance(found[1], RankError)


def test_ranks_that_do_different_things_are_told_and_do_not_wait():
    def work(ranks):
        return ranks.largest("a stop", 1) if ranks.number else ranks.gather("a forward pass", 1)

    for found in in_ranks(2, work):
        assert isinstance(found, RankError)
        assert "rank 0: a forward pass; rank 1: a stop" in str(found)


def test_those_that_differ_are_named():
    def work(ranks):
        digest = "x" if ranks.number in (0, 2) else "y"
        ranks.check_same("network", digest, when="after epoch 3", remedy="look")

    for found in in_ranks(4, work):
        assert isinstance(found, RankError)
        text = str(found)
        assert text.startswith("after epoch 3 ranks 1 (")
        assert "3 (" in text
        assert text.endswith("have another network than rank 0; look")


def test_sums_of_unlike_length_are_refused():
    for found in in_ranks(2, lambda ranks: ranks.sum("here", np.ones(2 + ranks.number))):
        assert isinstance(found, RankError)


def test_a_failure_while_data_move_ends_all_at_once(capfd):
    def work(ranks):
        if ranks.number == 1:
            ranks.comm.Alltoallv = None
        return ranks.sum("here", np.ones(2))

    found = in_ranks(2, work)
    assert isinstance(found[0], Hung)  # as MPI would have ended it
    assert isinstance(found[1], TypeError)
    assert "TypeError" in capfd.readouterr().err


def test_ranks_of_one_machine_share_its_cores_out():
    def work(ranks):
        return ranks.beside, ranks.cores

    assert in_ranks(2, work) == [((0, 2), 1), ((1, 2), 1)]
    together = in_ranks(2, work, cores=frozenset(range(5)))
    assert together == [((0, 2), 2), ((1, 2), 2)]


@pytest.fixture
def started(monkeypatch):
    """Sets the environment as a launcher does."""

    def set_(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, str(value))

    return set_


def test_a_plain_process_is_alone_and_loads_no_mpi(monkeypatch):
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    assert connect() is ALONE


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"OMPI_COMM_WORLD_SIZE": 4, "OMPI_COMM_WORLD_RANK": 2}, Launch(4, 2, 0)),
        ({"PMI_SIZE": 3, "PMI_RANK": 1, "MPI_LOCALRANKID": 1}, Launch(3, 1, 1)),
        ({"SLURM_STEP_NUM_TASKS": 8, "SLURM_PROCID": 7, "SLURM_LOCALID": 3}, Launch(8, 7, 3)),
        ({"SLURM_NTASKS": 8, "SLURM_PROCID": 0}, Launch()),  # a script that has not called srun
        ({"OMPI_COMM_WORLD_SIZE": 1, "SLURM_STEP_NUM_TASKS": 2}, Launch()),
    ],
)
def test_launchers_are_known_by_their_environment(started, variables, expected):
    started(**variables)
    assert launch() == expected


def test_many_processes_without_mpi4py_are_an_error(started, monkeypatch):
    started(OMPI_COMM_WORLD_SIZE=4, OMPI_COMM_WORLD_RANK=0)
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    with pytest.raises(RankError, match=r"4 processes .* mpi4py cannot be loaded"):
        connect()


def test_processes_that_mpi_does_not_connect_are_an_error(started, monkeypatch, capfd):
    world = SimpleNamespace(Get_size=lambda: 1)
    mpi = SimpleNamespace(COMM_WORLD=world, Get_library_version=lambda: "Some MPI v1, of somebody")
    monkeypatch.setitem(sys.modules, "mpi4py", SimpleNamespace(MPI=mpi))
    started(SLURM_STEP_NUM_TASKS=2, SLURM_PROCID=1, SLURM_LOCALID=0)
    with pytest.raises(RankError, match=r"2 processes .* MPI \(Some MPI v1\) finds 1\n"):
        connect()
    assert "Error: " in capfd.readouterr().err  # the first of another machine says so itself
