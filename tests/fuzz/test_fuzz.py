from __future__ import annotations

import random
import warnings
from pathlib import Path

import pytest

from fuzz.faulty import FAULTY
from fuzz.formats import FORMATS
from fuzz.mutator import mutate
from fuzz.supervisor import run
from genn_delays.support.errors import GennDelaysError

FAULTS = {
    "crash--exit-code-6",
    "crash--exit-code-0",
    "hang--timeout",
    "memory--MemoryError",
    "memory--peak",
    "traceback--RecursionError",
    "traceback--ValueError",
    "warning--RuntimeWarning",
}


@pytest.mark.slow
def test_every_kind_of_fault_is_found_counted_and_kept(tmp_path: Path) -> None:
    report = run({"faulty": 100}, 40, workers=1, keep=tmp_path, limit=3.0)
    outcomes = report.tallies["faulty"].outcomes
    found = {"crash": 2, "hang": 1, "traceback": 2, "warning": 1, "memory": 2, "accepted": 1}
    assert {kind: count for kind, count in outcomes.items() if kind != "refused"} == found
    kept = [path.name.split("--") for path in tmp_path.iterdir() if path.suffix != ".txt"]
    assert {"--".join(parts[1:3]) for parts in kept} == FAULTS


def test_the_same_seed_gives_the_same_inputs() -> None:
    seeds = [b"some bytes of a file", b"and others"]
    inputs = [[mutate(random.Random(k), seeds) for k in range(200)] for _ in range(2)]
    assert inputs[0] == inputs[1]
    assert len(set(inputs[0])) > 150


@pytest.mark.parametrize("name", FORMATS)
def test_the_files_that_are_changed_are_whole(name: str, tmp_path: Path) -> None:
    form = FORMATS[name]
    for file, content in form.files().items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes(content)
    form.read(tmp_path)
    assert form.seeds().keys() <= form.files().keys()


@pytest.mark.parametrize("name", ["camera", "pickle", "commands"])
def test_damaged_files_of_published_data_sets_are_read_or_refused(
    name: str, tmp_path: Path
) -> None:
    form, rng = FORMATS[name], random.Random(1)
    whole, seeds = form.files(), form.seeds()
    for file, content in whole.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes(content)
    target = sorted(seeds)[0]
    refused = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(150):
            (tmp_path / target).write_bytes(mutate(rng, seeds[target]))
            try:
                form.read(tmp_path)
            except GennDelaysError as error:
                refused += len(str(error).splitlines()) <= 2
    assert refused > 50


def test_the_shares_of_the_formats_add_up() -> None:
    assert sum(form.share for form in FORMATS.values()) == 100
    assert FAULTY.share == 0


@pytest.mark.slow
def test_damaged_and_odd_files_are_read_or_refused(tmp_path: Path) -> None:
    """A minute of what ``make fuzz`` does in ten."""
    report = run({name: form.share for name, form in FORMATS.items()}, 6000, keep=tmp_path)
    assert not report.faults, report.table()
