"""The report of a run in Chromium: it stands alone, its controls work, nothing overflows."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from genn_delays.cli import cli

pytestmark = pytest.mark.site
for package in ("selenium", "vl_convert"):
    pytest.importorskip(package, reason="the extra docs is not installed")
if not (shutil.which("chromium") and shutil.which("chromedriver")):
    pytest.skip("there is no chromium and chromium-driver", allow_module_level=True)

import browsers  # noqa: E402 - only where selenium is
from selenium import webdriver  # noqa: E402
from selenium.webdriver.support.select import Select  # noqa: E402
from selenium.webdriver.support.wait import WebDriverWait  # noqa: E402

ROOT = Path(__file__).parents[1]
READY = "return document.body.dataset.ready === 'yes'"
ODD = "</script><b onclick=alert(1)>"
MODEL = """
import genn_delays as gd

def build(*, inputs, outputs, seed):
    net = gd.Network(seed)
    net.add_population("input", gd.Input(), inputs)
    net.add_population({odd!r}, gd.LIF(), 4)
    net.add_population("output", gd.LeakyReadout(), outputs)
    for pre, post in (("input", {odd!r}), ({odd!r}, "output")):
        net.connect(pre, post, weight=gd.init.Normal(2.0, 0.5), delay=gd.init.Uniform(0, 5),
                    max_delay=6.0, learn=("weight", "delay"))
    return net
"""


def call(*arguments: object) -> str:
    result = CliRunner().invoke(cli, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """A run whose population has a name that would be code if it were not escaped."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "model.py").write_text(MODEL.format(odd=ODD))
    values = {
        "model": {"file": "model.py"},
        "data": {"name": "sequence", "args": {"train": 6, "duration": 40}},
        "readout": {"name": "max_voltage"},
        "training": {"epochs": 2, "batch_size": 4},
        "backend": {"name": "reference"},
    }
    (folder / "c.yaml").write_text(yaml.safe_dump(values))
    call("run", folder / "c.yaml", "--output", folder / "run")
    return folder / "run"


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    with browsers.opened() as driver:
        yield driver


def ready(browser: webdriver.Chrome) -> None:
    WebDriverWait(browser, 30).until(lambda driver: driver.execute_script(READY))


def requests(browser: webdriver.Chrome) -> set[str]:
    """The addresses that were asked for since the last call."""
    messages = (json.loads(e["message"])["message"] for e in browser.get_log("performance"))
    sent = (m["params"] for m in messages if m["method"] == "Network.requestWillBeSent")
    return {each["request"]["url"].partition(",")[0] for each in sent}


@pytest.fixture(scope="module")
def page(run, browser) -> Path:
    made = Path(call("report", run).strip())
    requests(browser)
    return made


@pytest.mark.parametrize("width", browsers.WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_report_fits_its_window_is_whole_and_asks_nobody(page, browser, width, scheme):
    feature = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": feature})
    browsers.look(browser, page, width)
    ready(browser)
    seen = browser.execute_script(browsers.SEEN)
    assert (seen["width"] <= width, seen["wide"]) == (True, [])
    assert (seen["images"], seen["unnamed"]) == ([], 0)
    assert len(seen["ids"]) == len(set(seen["ids"]))
    assert [entry["message"] for entry in browser.get_log("browser")] == []
    assert {u for u in requests(browser) if not u.startswith("data:")} == {page.as_uri()}
    ink = browser.execute_script("return getComputedStyle(document.body).color")
    assert (ink == "rgb(232, 232, 232)") == (scheme == "dark")


def test_the_controls_of_a_report_change_what_is_drawn(page, browser):
    browsers.look(browser, page, 1280)
    ready(browser)
    count = "return window.views['run1-delays'].data('source_0').map(d => d.pre)"
    assert browser.execute_script(count) == [0, 1]
    said = browser.find_element("id", "run1-counted")
    before = said.text
    Select(browser.find_element("id", "run1-neuron")).select_by_index(1)
    WebDriverWait(browser, 10).until(lambda _: said.text != before)
    Select(browser.find_element("id", "run1-projection")).select_by_index(1)
    WebDriverWait(browser, 10).until(lambda _: said.text.startswith("output"))
    WebDriverWait(browser, 10).until(lambda d: len(d.execute_script(count)) == 4)
    told = browser.find_element("id", "run1-said")
    before = told.text
    Select(browser.find_element("id", "run1-trial")).select_by_index(1)
    WebDriverWait(browser, 10).until(lambda _: told.text != before)
    assert browser.get_log("browser") == []


def test_what_users_name_is_text_and_every_part_has_its_heading(page, browser):
    browsers.look(browser, page, 1280)
    ready(browser)
    assert browser.find_elements("css selector", "[onclick]") == []
    options = browser.find_elements("css selector", "#run1-projection option")
    assert f"input->{ODD}" in [each.text for each in options]
    levels = browser.execute_script(
        "return [...document.querySelectorAll('h1,h2,h3')].map(h => +h.tagName[1])"
    )
    assert levels[:2] == [1, 2]
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    unnamed = "return [...document.querySelectorAll('select')].filter(s => !s.labels.length).length"
    assert browser.execute_script(unnamed) == 0


def test_several_runs_stand_side_by_side(run, tmp_path, browser):
    call("report", run, run, "--output", tmp_path / "both.html")
    seen = browsers.look(browser, tmp_path / "both.html", 400)
    ready(browser)
    assert {"run1", "run2"} < set(seen["ids"])
    assert seen["width"] <= 400
    assert browser.get_log("browser") == []
