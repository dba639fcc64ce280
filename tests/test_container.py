"""The definition file for Apptainer: it names what is there, and an image of it runs."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DEFINITION = ROOT / "docs" / "genn-delays.def"


def section(name: str) -> list[str]:
    text = DEFINITION.read_text()
    return re.search(rf"^%{name}\n(.*?)(?=^%|\Z)", text, re.M | re.S)[1].split("\n")


def test_the_definition_takes_all_that_the_package_is_built_from():
    pairs = [line.split() for line in section("files") if line.strip()]
    given = {source for source, _ in pairs}
    assert [source for source in given if not (ROOT / source).exists()] == []
    assert all(target == f"/opt/source/{source}" for source, target in pairs)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {"pyproject.toml", "setup.py", "MANIFEST.in", "genn_delays", "models"} <= given
    assert {project["readme"], *project["license-files"]} <= given
    extras = re.search(r"/opt/source\[(.*?)\]", "\n".join(section("post")))[1].split(",")
    assert set(extras) <= set(project["optional-dependencies"])


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("apptainer") is None, reason="Apptainer is not installed")
def test_an_image_is_built_and_trains(tmp_path, monkeypatch):
    """Needs the network, and some minutes."""
    image = tmp_path / "image.sif"
    build = ["apptainer", "build", "--fakeroot", image, DEFINITION]
    subprocess.run(build, cwd=ROOT, check=True)
    monkeypatch.setenv("APPTAINERENV_GENN_DELAYS_CACHE", str(tmp_path / "cache"))
    words = ["run", ROOT / "experiments/sequence.yaml", "--output", tmp_path / "run"]
    bind = ["--bind", f"{ROOT},{tmp_path}"]
    command = ["apptainer", "run", "--unsquash", *bind, image, *words, "--set", "training.epochs=1"]
    subprocess.run(command, cwd=tmp_path, check=True)
    assert (tmp_path / "run" / "summary.json").is_file()
