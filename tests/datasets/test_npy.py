"""Arrays of numpy: the header is believed only as far as the file bears it out."""

from __future__ import annotations

import numpy as np
import pytest

from genn_delays.datasets.npy import read_npy
from genn_delays.support.errors import DataError
from genn_delays.support.limits import VARIABLE

MAGIC = b"\x93NUMPY\x01\x00"


def write(path, header, data=b"", magic=MAGIC):
    text = header.encode().ljust(118) + b"\n"
    path.write_bytes(magic + len(text).to_bytes(2, "little") + text + data)
    return path


def header(shape="(2,)", descr="'<f8'", order="False"):
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}}}"


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.arange(3, dtype=">i2"),
        np.array(True),
        np.zeros((0, 3), np.float16),
    ],
)
def test_arrays_of_numbers_come_back(tmp_path, array):
    np.save(tmp_path / "a.npy", array)
    found = read_npy(tmp_path / "a.npy")
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (header("(100000000000,)"), f"would take .*{VARIABLE}"),
        (header("(10, 10)"), "16 bytes of data where its header tells of 800"),
        (header("(1,)"), "16 bytes of data where its header tells of 8"),
        (header("(-1,)"), "not a readable array"),
        (header("(-1, -2)"), "not a readable array"),
        (header("'x'"), "not a readable array"),
        (header(descr="'|O'"), "save numbers"),
        (header(descr="'<U2'"), "save numbers"),
        (header(descr="[('a', '<f8')]"), "save numbers"),
        (header(descr="'<q99'"), "not a readable array"),
        ("{'descr': (", "not a readable array"),
        ("'''", "not a readable array"),
        ("[" * 100, "not a readable array"),
        ("{}", "not a readable array"),
        ("1 +", "not a readable array"),
    ],
)
def test_a_header_that_does_not_fit_is_named(tmp_path, text, message):
    path = write(tmp_path / "a.npy", text, bytes(16))
    with pytest.raises(DataError, match=rf"a.npy.*{message}") as refused:
        read_npy(path)
    assert len(str(refused.value).splitlines()) == 1


def test_an_archive_under_the_name_of_an_array_is_named(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros(2))
    path = (tmp_path / "a.npz").rename(tmp_path / "a.npy")
    with pytest.raises(DataError, match=r"a.npy: an archive of arrays.*numpy.save"):
        read_npy(path)


@pytest.mark.parametrize(
    "content", [b"", b"\x93NUM", MAGIC, MAGIC + b"\xff\xff", b"\x93NUMPY\x09\0"]
)
def test_what_is_cut_short_or_of_another_version_is_named(tmp_path, content):
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(DataError, match=r"a.npy: not a readable array"):
        read_npy(tmp_path / "a.npy")


def test_what_is_no_file_is_named(tmp_path):
    for path in (tmp_path, tmp_path / "none.npy", tmp_path / ("x" * 500)):
        with pytest.raises(DataError, match="no such file"):
            read_npy(path)
