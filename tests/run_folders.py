"""What two run folders of the same run have in common."""

from __future__ import annotations

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
