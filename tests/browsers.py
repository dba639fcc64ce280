"""Debian's Chromium, driven by selenium, and what is to be seen of a page in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("selenium", reason="the extra docs is not installed")
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

WIDTHS = (400, 1280)
SEEN = """
const all = [...document.querySelectorAll("*")];
const scrolls = e => /auto|scroll|hidden|clip/.test(getComputedStyle(e).overflowX);
const held = e => { for (let p = e.parentElement; p && p !== document.body; p = p.parentElement)
                      if (scrolls(p)) return true;
                    return false; };
const wide = e => { const box = e.getBoundingClientRect();
                    return box.width && box.right > innerWidth + 1 && box.left < innerWidth; };
return {
  width: document.documentElement.scrollWidth,
  wide: all.filter(e => document.body.contains(e) && wide(e) && !held(e)
                        && !scrolls(e) && getComputedStyle(e).position !== "fixed")
           .map(e => e.outerHTML.slice(0, 120)).slice(0, 3),
  links: [...document.querySelectorAll("a[href]")].map(a => a.href),
  ids: [...document.querySelectorAll("[id]")].map(e => e.id),
  images: [...document.images].filter(i => !i.complete || !i.naturalWidth).map(i => i.src),
  unnamed: [...document.images].filter(i => !i.alt).length,
};
"""


@contextmanager
def opened() -> Iterator[webdriver.Chrome]:
    """A browser for which every name of a server leads nowhere."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage",
                     "host-resolver-rules=MAP * ~NOTFOUND"):  # fmt: skip
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = Service(shutil.which("chromedriver"))
    with webdriver.Chrome(options=options, service=service) as driver:
        yield driver


def resize(browser: webdriver.Chrome, width: int) -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def look(browser: webdriver.Chrome, page: Path, width: int) -> dict:
    """What :data:`SEEN` finds on a page in a window of this width."""
    resize(browser, width)
    browser.get(page.as_uri())
    return browser.execute_script(SEEN)
