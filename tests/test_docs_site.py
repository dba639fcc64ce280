"""The documentation as a site, opened in Chromium at the width of a telephone and of a desk.

Selenium drives it: WebDriver is a standard, so that Debian's chromium-driver fits Debian's chromium
of whatever release, and nothing is fetched. Names of servers lead nowhere, so that a page which
needs the network fails.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urldefrag

import configuration
import public_names
import pytest
from written_blocks import ROOT

pytestmark = pytest.mark.site
for package in ("sphinx", "myst_nb", "furo", "selenium"):
    pytest.importorskip(package, reason="the extra docs is not installed")
if not (shutil.which("chromium") and shutil.which("chromedriver")):
    pytest.skip("there is no chromium and chromium-driver", allow_module_level=True)

import browsers  # noqa: E402 - only where selenium is
from browsers import WIDTHS, look  # noqa: E402
from selenium import webdriver  # noqa: E402


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The pages, as ``make docs`` builds them."""
    out = tmp_path_factory.mktemp("site") / "html"
    options = ["-W", "-n", "-q", "--keep-going", "-j", "auto", "-c", "docs"]
    command = [sys.executable, "-m", "sphinx", *options, ".", out]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return out


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    with browsers.opened() as driver:
        yield driver


def faults_of(browser: webdriver.Chrome, site: Path) -> list[str]:
    """What is wrong with the pages of a folder."""
    faults, ids, links = [], {}, []
    for page in sorted(site.rglob("*.html")):
        if 'http-equiv="refresh"' in page.read_text(encoding="utf-8"):
            continue  # it is another page at once
        for width in WIDTHS:
            seen = look(browser, page, width)
            name = f"{page.relative_to(site)} at {width}"
            if seen["width"] > width or seen["wide"]:
                faults.append(f"{name}: {seen['width']} wide, {seen['wide']}")
            faults += [f"{name}: no image {image}" for image in seen["images"]]
            faults += [f"{name}: {entry['message']}" for entry in browser.get_log("browser")]
        ids[page.as_uri()] = set(seen["ids"])
        links += [(page, link) for link in seen["links"]]
    for page, link in links:
        address, anchor = urldefrag(link)
        if address.startswith("file:"):
            found = Path(unquote(address.removeprefix("file://"))).is_file()
            if not found or (anchor and unquote(anchor) not in ids.get(address, ())):
                faults.append(f"{page.relative_to(site)}: {link} leads nowhere")
    return faults


def test_every_page_fits_its_window_and_every_link_leads_somewhere(site, browser):
    assert len(list(site.rglob("*.html"))) > 30
    assert faults_of(browser, site) == []


def test_every_public_name_and_every_key_has_its_place_on_a_page(site):
    raw = (site / "objects.inv").read_bytes().split(b"\n", 4)[4]
    there = {line.split(" ")[0] for line in zlib.decompress(raw).decode().splitlines()}
    names = [each.path for path in public_names.PATHS for each in public_names.public(path)]
    keys = [k.name for part in configuration.page() for e in part.walk() for k in e.keys]
    assert len(names) > 100
    assert len(keys) > 400
    assert [name for name in (*names, *keys) if name not in there] == []


def test_what_is_wrong_with_a_page_is_seen(tmp_path, browser):
    (tmp_path / "good.html").write_text("<p id=here>text <a href='#here'>there</a></p>")
    bad = "<p style='width: 500px'>wide</p><img src=no.png><a href=no.html>x</a><a href=#no>y</a>"
    (tmp_path / "bad.html").write_text(f"{bad}<script>nothing()</script>")
    faults = "\n".join(faults_of(browser, tmp_path))
    wanted = ("at 400: ", "no image", "no.html leads", "#no leads", "nothing is not defined")
    assert [what for what in wanted if what not in faults] == []
    assert "good.html" not in faults
    assert "at 1280: 1" not in faults


def test_the_first_page_is_found_from_the_root_and_the_search_finds_a_key(site, browser):
    browser.get((site / "index.html").as_uri())
    browser.implicitly_wait(10)
    assert browser.find_element("css selector", "h1").text.startswith("genn-delays")
    browser.get((site / "search.html").as_uri() + "?q=silent_rescue")
    result = browser.find_element("css selector", "#search-results li a")
    assert "configuration.html" in result.get_attribute("href")
