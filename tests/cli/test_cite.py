"""``genn-delays cite``: what a run uses, and nothing else."""

from __future__ import annotations

import re

import pytest

RULES = {
    "deep_r": {"bellec2018"},
    "soft_deep_r": {"bellec2018"},
    "set": {"mocanu2018"},
    "rigl": {"evci2020"},
    "fcn24": {"meszaros2024", "bellec2018", "evci2020"},
    "dale": {"meszaros2024"},
    "static": set(),
}


@pytest.fixture
def cited(surrogate, call):
    """The keys that are cited for the surrogate run with some changes."""

    def ask(*changes: str) -> set[str]:
        options = [word for change in changes for word in ("--set", change)]
        result = call("cite", surrogate, *options)
        assert result.exit_code == 0
        return set(re.findall(r"^@\w+\{(\w+),", result.stdout, re.M))

    return ask


@pytest.mark.parametrize("rule", RULES)
def test_rewiring_is_cited(cited, rule):
    assert cited(f"rewiring=[{rule}]") - cited() == RULES[rule]


@pytest.mark.parametrize("option", ["spike_count", "silent_rescue"])
def test_what_keeps_neurons_spiking_is_cited(cited, option):
    own = "data.name=yin_yang", "data.args={}"  # whose paper is another
    settings = {"spike_count": "{target: 3, strength: 1}", "silent_rescue": "{amount: 0.01}"}
    found = cited(*own, f"training.{option}={settings[option]}") - cited(*own)
    assert found == {"meszaros2025", "nowotny2025"}


def test_spikes_are_cited_as_the_heidelberg_data_only_under_their_names(cited):
    assert "cramer2022" in cited("data.name=spike_hdf5", "data.args={}")
    ssc = "{train: ssc_train.h5, validation: ssc_valid.h5, test: ssc_test.h5}"
    assert "cramer2022" in cited("data.name=spike_hdf5", f"data.args={ssc}")
    own = cited("data.name=spike_hdf5", "data.args={train: mine.h5, test: shd_test.h5}")
    assert "cramer2022" not in own
    assert "cramer2022" not in cited("data.name=audio_folder", "data.args={}")


def test_an_update_rule_is_cited_only_where_something_learns_by_it(cited):
    sgd = "{name: sgd, lr: 0.1}"
    plain = f"optimiser={{weight: {sgd}, delay: {sgd}, groups: {{}}}}"
    assert "kingma2015" not in cited(plain)
    assert "kingma2015" in cited(f"optimiser={{weight: {sgd}, groups: {{}}}}")  # delays by default
    cycle = "{name: sgd, lr: 0.1, schedule: [one_cycle]}"
    assert "smith2019" in cited(f"optimiser={{weight: {cycle}, groups: {{}}}}")


def test_neurons_and_engines_are_cited(folder, cited):
    model = folder / "model.py"
    model.write_text(model.read_text().replace("gd.DiscreteLIF(10.0)", "gd.AdaptiveLIF(10.0)"))
    assert "bittar2022" in cited()
    assert cited("backend.name=genn-cpu") - cited() == {"yavuz2016", "knight2021"}


def test_a_model_that_needs_the_sizes_of_its_data_is_named(folder, surrogate, call):
    model = folder / "model.py"
    model.write_text(model.read_text().replace("inputs)", "{2: inputs}[inputs])"))
    entries = call("cite", surrogate, "--set", "readout.name=max_voltage").stdout
    assert entries.startswith("% without the neurons and kernels of model.py: ")
    assert len(entries.split("\n\n")[0].splitlines()) == 1
    assert "{kingma2015," in entries
    assert "{hammouamri2024," in entries  # the kernels that training.sigma narrows


def test_an_unknown_key_of_a_model_is_named(folder, surrogate, call):
    model = folder / "model.py"
    model.write_text('CITES = "meszaros2042"\n' + model.read_text())
    refused = call("cite", surrogate)
    assert refused.exit_code == 2
    assert "did you mean 'meszaros202" in refused.stderr
