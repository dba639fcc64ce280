"""What gcc makes of the engine: vectors stay whole, and in registers, on every kind of processor.

Read in the assembly, so that a machine guards the code of processors that it is not.
"""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
from functools import cache

import pytest
from networks import KINDS

import genn_delays as gd
from genn_delays.backends.native import vectors
from genn_delays.backends.native.eventprop.codegen import render
from genn_delays.planning.plan import make_plan

SLOW = pytest.mark.slow
X86, ARM = ("x86_64", "AMD64"), ("aarch64", "arm64")
TARGETS = {
    "x86-64-v4": (64, X86, r"%zmm"),
    "x86-64-v3": (32, X86, r"%ymm"),
    "x86-64-v2": (16, X86, r"%xmm"),
    "armv8-a": (16, ARM, r"\bv\d+\.[24][sd]"),
}
"""Bytes of a vector, machines, and the names of its registers."""
CROSS = {X86: "x86_64-linux-gnu-gcc", ARM: "aarch64-linux-gnu-gcc"}

STACK = re.compile(r"\(%r[sb]p\)|\[(sp|x29)\b")
SCALAR = re.compile(r"\tv?(add|sub|mul)s[sd]\t|\tf(add|sub|mul|madd)\t[sd]\d")
WHOLE = re.compile(r"\tv?(add|mul|fn?m\w+)p[sd]\t.*|\tf(add|mul|ml[as])\tv.*")

FUNCTIONS = {
    "bits": "uint32_t {}(const mask *m) {{ return bits(*m); }}",
    "any": "int {}(const mask *m) {{ return any(*m); }}",
    "choose": "void {}(const mask *m, vec *a, vec *b) {{ *a = choose(*m, *a, *b); }}",
    "interleave": "void {}(const vec *in, vec *restrict out) {{ interleave(in[0], in[1], out); }}",
    "twice": "void {}(const real *value, vec *to) {{ *to = twice(value); }}",
    "weighted": "void {}(double w, const sums *from, vec *to) {{ *to = weighted(w, from); }}",
    "add_weighted": "void {}(double w, const vec *v, sums *to) {{ add_weighted(to, w, *v); }}",
    "advance": "void {}(const vec *c, vec *x, vec *y) {{ *y = advance_0(c, x, *y); }}",
    "retreat": "void {}(const vec *c, vec *a) {{ retreat_0(c, a); }}",
    "jump": "void {}(const jump_coefficients *it, const vec *c, vec *a, vec *y)"
    " {{ jump_0(it, c, a, y, *y); }}",
}
"""Functions around the inline ones that loops are made of."""


def compiler_for(target: str) -> str:
    """A gcc that makes code for a target; skips where there is none."""
    machines = TARGETS[target][1]
    command = "gcc" if platform.machine() in machines else CROSS[machines]
    if shutil.which(command) is None:
        pytest.skip(f"there is no {command}")
    asked = [command, f"-march={target}", "-dM", "-E", "-x", "c", "/dev/null"]
    said = subprocess.run(asked, capture_output=True, text=True, check=False)
    if said.returncode or "__clang__" in said.stdout:
        pytest.skip(f"{command} is no gcc that knows {target}")
    return command


def source_of(precision: str, shuffle: bool) -> str:
    """An engine with the functions; without `shuffle` as gcc before 12 sees it."""
    plan = make_plan(
        KINDS["feedforward"](),
        gradient=gd.EventProp(),
        readout=gd.readouts.MeanVoltage(),
        dt=1.0,
        steps=20,
        precision=precision,
    )
    source = render(plan) if shuffle else render(plan).replace("#define HAVE_SHUFFLE 1", "")
    # what nothing calls is not compiled: sooner done
    unused = re.sub(r"^int ", "static int ", source, flags=re.MULTILINE)
    return unused + "\n".join(text.format(f"test_{name}") for name, text in FUNCTIONS.items())


@cache
def instructions(command: str, target: str, source: str) -> dict[str, list[str]]:
    """Of each of the functions."""
    flags = ["-O3", f"-march={target}", "-std=gnu11", "-fno-math-errno", "-fno-trapping-math"]
    call = [command, *flags, "-S", "-x", "c", "-", "-o", "-"]
    done = subprocess.run(call, input=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    bodies = re.findall(r"^test_(\w+):\n(.*?)^\t\.size", done.stdout, re.MULTILINE | re.DOTALL)
    return {name: re.findall(r"^\t[a-z].*", body, re.MULTILINE) for name, body in bodies}


@pytest.fixture(params=TARGETS)
def target(request, monkeypatch):
    monkeypatch.setenv(vectors.VARIABLE, str(TARGETS[request.param][0]))
    return request.param


@pytest.mark.parametrize(
    "shuffle",
    [True, pytest.param(False, marks=SLOW)],
    ids=["gcc12", "gcc11"],
)
@pytest.mark.parametrize("precision", ["float32", pytest.param("float64", marks=SLOW)])
def test_vectors_are_never_taken_apart_in_memory(precision, shuffle, target):
    found = instructions(compiler_for(target), target, source_of(precision, shuffle))
    assert set(found) == set(FUNCTIONS)
    for name, lines in found.items():
        assert not [line for line in lines if STACK.search(line)], (name, lines)
    for name in ("bits", "any"):
        assert len(found[name]) <= 12, found[name]


@pytest.mark.parametrize("precision", ["float32", pytest.param("float64", marks=SLOW)])
def test_dynamics_are_computed_in_whole_vectors(precision, target):
    found = instructions(compiler_for(target), target, source_of(precision, shuffle=True))
    for name in ("advance", "retreat", "jump"):
        whole = [line[0] for line in map(WHOLE.match, found[name]) if line]
        assert len(whole) >= 2, found[name]
        assert all(re.search(TARGETS[target][2], line) for line in whole), whole
        assert not [line for line in found[name] if SCALAR.search(line)], found[name]
