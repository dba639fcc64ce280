"""From a sweep file to its runs, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from genn_delays.support.errors import ConfigError
from genn_delays.sweep.axes import make_axis
from genn_delays.sweep.plan import read_plan


def names(path):
    return list(read_plan(path).runs)


def test_conditions_axes_and_seeds_are_crossed_the_first_seed_of_everything_first(write):
    path = write(
        conditions={"No delays, 32": {"model.args.bias": 1}, "learnt": {}},
        axes={"training.batch_size": [2, 4]},
        seeds=[1, 2],
    )
    assert names(path)[:5] == [
        "no-delays-32-batch-size-2-seed1",
        "no-delays-32-batch-size-4-seed1",
        "learnt-batch-size-2-seed1",
        "learnt-batch-size-4-seed1",
        "no-delays-32-batch-size-2-seed2",
    ]
    plan = read_plan(path, ["training.epochs=7"])
    assert plan.overrides(next(iter(plan.runs.values()))) == [
        "model.args.bias=1",
        "training.batch_size=2",
        "training.seed=1",
        "training.epochs=7",
    ]


def test_axes_that_are_zipped_go_step_by_step_and_exclude_leaves_runs_out(write):
    axes = {
        "training.dt": [1.0, 2.0, 4.0],
        "training.batch_size": [1, 2, 3],
        "training.seed": [5, 6],
    }
    keys = ["training.dt", "training.batch_size"]
    path = write(axes=axes, zip=[keys], exclude=[{"training.dt": [1.0, 2.0], "training.seed": 6}])
    assert names(path) == [
        "dt-1.0-batch-size-1-seed-5",
        "dt-2.0-batch-size-2-seed-5",
        "dt-4.0-batch-size-3-seed-5",
        "dt-4.0-batch-size-3-seed-6",
    ]


def test_without_axes_and_seeds_there_is_one_run(write):
    assert names(write()) == ["run"]
    assert names(write(seeds=[3])) == ["seed3"]


def test_ranges_have_both_ends_and_say_what_was_written():
    grid = lambda **given: list(make_axis("k", given).grid())  # noqa: E731
    assert grid(log=[1e-4, 1e-2], steps=3) == [0.0001, 0.001, 0.01]
    assert grid(log=[16, 256], steps=5) == [16, 32, 64, 128, 256]
    assert grid(range=[0.0, 1.0], steps=3) == [0.0, 0.5, 1.0]
    assert all(isinstance(value, int) for value in grid(range=[1, 5], steps=3))


@pytest.mark.parametrize("pair", [{"range": [1, 4]}, {"log": [1, 4]}])
def test_whole_numbers_are_drawn_from_end_to_end(pair):
    axis = make_axis("k", pair)
    drawn = [axis.draw(np.random.default_rng(seed)) for seed in range(200)]
    assert set(drawn) == {1, 2, 3, 4}


def test_a_random_search_of_fewer_runs_is_the_beginning_of_one_of_more(write):
    axes = {"training.dt": {"log": [0.1, 10.0]}, "training.batch_size": [1, 2]}
    few, many = (names(write(axes=axes, search={"name": "random", "runs": n})) for n in (3, 9))
    assert many[:3] == few
    assert len(set(many)) == 9


def test_runs_whose_names_would_be_the_same_are_told_apart(write):
    found = names(write(conditions={"a b": {}, "a-b": {"training.epochs": 3}, "A+B": {}}))
    assert len(set(found)) == 3
    assert all(name.startswith("a-b-") for name in found)


WRONG = {
    "an empty axis": ({"axes": {"training.dt": []}}, "training.dt is empty"),
    "an axis twice": ({"axes": {"training.dt": [1, 1]}}, "1 is there twice"),
    "an empty range": ({"axes": {"training.dt": {"range": [2, 1]}}}, "is empty"),
    "a logarithm of 0": ({"axes": {"training.dt": {"log": [0, 1]}}}, "above 0"),
    "no steps": ({"axes": {"training.dt": {"range": [0.5, 1.0]}}}, "add steps"),
    "rounding": ({"axes": {"training.dt": {"range": [1, 4], "steps": 3}}}, "write 1.0"),
    "no axis": ({"axes": {"training.dt": {"from": 1}}}, "unknown setting 'from'"),
    "an unknown key": ({"axis": {}}, "did you mean 'axes'"),
    "unequal zip": (
        {
            "axes": {"training.dt": [1, 2], "training.seed": [1]},
            "zip": [["training.dt", "training.seed"]],
        },
        "training.dt has 2, training.seed has 1",
    ),
    "zip of none": ({"axes": {"training.dt": [1]}, "zip": [["training.dr"]]}, "mean 'training.dt'"),
    "excluding none": ({"conditions": {"a": {}}, "exclude": [{"condition": "b"}]}, "never 'b'"),
    "excluding all": ({"conditions": {"a": {}}, "exclude": [{"condition": "a"}]}, "leaves no run"),
    "two places": (
        {"conditions": {"a": {"training.dt": 1}}, "axes": {"training.dt": [1]}},
        "an axis too",
    ),
    "two seeds": ({"seeds": [1], "set": {"training.seed": 2}}, "given by seeds already"),
    "seeds twice": ({"seeds": [1, 1]}, "1 is there twice"),
    "a search of none": ({"search": "gird"}, "did you mean 'grid'"),
    "too few": (
        {"axes": {"training.dt": [1, 2]}, "search": {"name": "random", "runs": 3}},
        "about 2",
    ),
    "a study of nothing": ({"search": {"name": "tpe", "runs": 3}}, "needs axes"),
    "too many": ({"axes": {k: {"range": [0.1, 1.0], "steps": 999} for k in "abcd"}}, "more than"),
    "an option of Slurm": ({"slurm": {"partitoin": "x"}}, "did you mean 'partition'"),
}


@pytest.mark.parametrize(("keys", "said"), WRONG.values(), ids=WRONG)
def test_a_wrong_sweep_file_is_refused_with_its_name_and_what_to_do(write, keys, said):
    with pytest.raises(ConfigError) as error:
        read_plan(write(**keys))
    message = str(error.value)
    assert message.startswith(str(write(**keys)))
    assert said in message
    assert len(message.splitlines()) <= 2
