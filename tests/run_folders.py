"""What two run folders of the same run have in common."""

from __future__ import annotations

import csv
import json

import h5py
import numpy as np

from genn_delays.experiment.run_folder import RunFolder


def contents(path):
    """Every data set and attribute of an HDF5 file, but for times; and the counters."""
    found = {}

    def visit(name, item):
        found.update({f"{name}@{key}": np.asarray(value) for key, value in item.attrs.items()})
        if isinstance(item, h5py.Dataset):
            found[name] = np.asarray(item[()])

    with h5py.File(path) as file:
        file.visititems(visit)
    if "trainer/counters" not in found:
        return found, None
    counters = json.loads(found.pop("trainer/counters").item())
    counters["tally"].pop("seconds")
    return found, counters


def metrics(run):
    return [
        {key: value for key, value in line.items() if key != "seconds"}
        for line in RunFolder(run).read_metrics()
    ]


def assert_same_run(one, two):
    assert metrics(one) == metrics(two)
    for file in ("checkpoint.h5", "best.h5"):
        (first, first_state), (second, second_state) = (contents(run / file) for run in (one, two))
        assert first_state == second_state
        assert first.keys() == second.keys()
        for name, values in first.items():
            np.testing.assert_array_equal(values, second[name], err_msg=f"{file}: {name}")


def rows_of(sweep):
    """runs.csv without how long a run took."""
    with (sweep / "runs.csv").open(newline="") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


def table_of(sweep):
    """Rows of table.md without the last column, which is how long runs took."""
    lines = (sweep / "table.md").read_text().splitlines()
    return [line.rpartition(" | ")[0] for line in lines if line.startswith("|")]


def assert_same_sweep(one, two):
    """Equal tables, and every run has the same bits."""
    rows = rows_of(one)
    assert rows == rows_of(two)
    assert table_of(one) == table_of(two)
    for row in rows:
        assert_same_run(one / row["run"], two / row["run"])
    return rows
