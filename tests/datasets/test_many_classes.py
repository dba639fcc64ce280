"""A label decides how many classes there are: one that is far off is refused, not counted up to."""

from __future__ import annotations

import numpy as np
import pytest

from genn_delays.datasets import load
from genn_delays.support.errors import DataError

FAR = "trial 3 has label 2147483648, outside 0 to 999999"


def test_a_label_far_off_in_arrays_of_frames_is_refused(tmp_path):
    for name in ("training", "testing"):
        np.save(tmp_path / f"{name}_x_data.npy", np.ones((4, 2, 3)))
        np.save(tmp_path / f"{name}_y_data.npy", np.array([0, 1, 0, 2**31]))
    with pytest.raises(DataError, match=FAR):
        load("frame_arrays", dt=10.0, path=tmp_path)


def test_a_label_far_off_in_spikes_is_refused(tmp_path, spike_file):
    for name in ("shd_train.h5", "shd_test.h5"):
        spike_file(tmp_path / name, [[0.1]] * 4, [[1]] * 4, [0, 1, 0, 2**31])
    with pytest.raises(DataError, match=FAR):
        load("spike_hdf5", dt=1.0, path=tmp_path, validation_fraction=0.5)
    with pytest.raises(DataError, match="the names of 4294967296 classes would take"):
        load("spike_hdf5", dt=1.0, path=tmp_path, classes=2**32)
