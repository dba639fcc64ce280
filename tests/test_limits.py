"""The bound on what a file or a configuration may ask for."""

import pytest

from genn_delays.errors import ConfigError, DataError
from genn_delays.limits import VARIABLE, check_size, memory_limit


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
