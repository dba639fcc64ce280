"""Texts that a configuration never holds are refused in a line, however they are made."""

from __future__ import annotations

import pytest

from genn_delays.experiment.config import load_config
from genn_delays.support import strict_yaml
from genn_delays.support.errors import ConfigError

DOUBLED = "".join(f"a{k}: &a{k} [*a{k - 1}, *a{k - 1}]\n" for k in range(1, 40))
MERGED = "".join(f"a{k}: &a{k} {{<<: [*a{k - 1}, *a{k - 1}]}}\n" for k in range(1, 40))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: " + "9" * 400, "line 2: .* is too large; whole numbers go up to"),
        ("a: -" + "9" * 5000, "line 1: .* is no int"),
        ("a: 0x" + "f" * 40, "line 1: .* too large"),
        ("a: 1e999", "line 1: '1e999' is too large for a number"),
        ("a: 1\nb: 010", "line 2: YAML 1.1 reads '010' as 8"),
        ("a: -1:30", "line 1: YAML 1.1 reads '-1:30' as -90"),
        ("a: 1:30.5", "line 1: YAML 1.1 reads '1:30.5' as 90.5"),
        ("a: !!int abc", "line 1: 'abc' is no int"),
        ("a: !!float x", "line 1: 'x' is no float"),
        ("a: !!bool maybe", "line 1: 'maybe' is no bool"),
        ("a: !!map [1]", "line 1: not valid YAML: expected a mapping"),
        ("a: !!timestamp 2001-01-01", "line 1: not valid YAML: .* tag"),
        ("a: !!binary AAAA", "line 1: not valid YAML: .* tag"),
        ("? [1]\n: 2", "line 1: a key is a text, not a list"),
        ("? {a: 1}\n: 2", "line 1: a key is a text, not a list"),
        ("[" * 100_000, "line 1: nested more than 50 levels"),
        ("{a: " * 100_000, "line 1: nested more than 50 levels"),
        ("- " * 5000 + "1", "line 1: nested more than 50 levels"),
        ("a: &a [*a]", "line 1: this holds itself"),
        ("a0: &a0 [1, 1]\n" + DOUBLED, "line 16: more than 100000 values"),
        ("a0: &a0 {x: 1}\n" + MERGED, "line 16: more than 100000 values"),
        ('a: "\\ud83d"', "line 1: .* holds half a character"),
        ("a: \0", "not valid YAML"),
        ("# " + "x" * 2**20, "longer than 1048576 characters"),
    ],
)
def test_what_a_configuration_never_holds_is_refused(text, message):
    with pytest.raises(ConfigError, match=message) as caught:
        strict_yaml.parse(text)
    assert len(str(caught.value)) < 200


def test_a_date_is_a_text():
    assert strict_yaml.parse("[2001-01-01, 2001-99-99]") == ["2001-01-01", "2001-99-99"]


def test_a_file_without_end_is_not_read_to_its_end():
    with pytest.raises(ConfigError, match="/dev/zero: longer than"):
        load_config("/dev/zero")
