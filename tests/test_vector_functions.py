"""Functions of whole vectors in generated C, against numpy in more digits."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from genn_delays.backends.native import vectors
from genn_delays.backends.native.codegen import environment
from genn_delays.backends.native.functions import NAMES, template_arguments
from genn_delays.backends.native.vectors import WIDTHS
from genn_delays.declaration.equations.functions import NUMPY
from genn_delays.support.compiler import load

ONE = {
    "exp": np.exp,
    "tanh": np.tanh,
    "sqrt": np.sqrt,
    "log": np.log,
    "sin": np.sin,
    "cos": np.cos,
    "magnitude": np.abs,
    "exprel": NUMPY["exprel"],
    "exprel_slope": NUMPY["exprel_slope"],
    "exprel_bend": NUMPY["exprel_bend"],
}
TWO = {
    "above": NUMPY["above"],
    "maximum": np.maximum,
    "minimum": np.minimum,
    "power": np.power,
}
CLOSE = {"exp": 2, "tanh": 4, "exprel": 5, "exprel_slope": 12, "exprel_bend": 150}
"""Units in the last place by which results may be away; 1 for all others."""


def library(width: int, precision: str):
    """Functions of arrays of whole vectors: ``run_exp(n, x, second, out)``."""
    real, whole = ("float", "int32_t") if precision == "float32" else ("double", "int64_t")
    size = np.dtype(precision).itemsize
    common = {
        "real": real,
        "whole": whole,
        "lanes": width // size,
        "line": vectors.LINE // size,
        "bytes": width,
        "holds": False,
    }
    given = common | template_arguments(NAMES, real)
    parts = ("common/vectors.c.j2", "common/functions.c.j2")
    source = "".join(environment().get_template(name).render(given) for name in parts)
    for name, called in NAMES.items():
        second = ", *(const vec *)(second + k)" if name in TWO else ""
        source += (
            f"void run_{name}(int n, const real *x, const real *second, real *out) {{\n"
            "  for (int k = 0; k < n; k += LANES)\n"
            f"    *(vec *)(out + k) = {called}(*(const vec *)(x + k){second});\n}}\n"
        )
    return load(source)


@pytest.fixture(scope="module", params=WIDTHS)
def width(request):
    return request.param


@pytest.fixture(scope="module", params=["float32", "float64"])
def engine(request, width):
    return library(width, request.param), np.dtype(request.param)


def called(engine, name: str, *arguments: np.ndarray) -> np.ndarray:
    made, dtype = engine
    count = len(arguments[0])
    padded = [np.zeros(-(-count // 16) * 16, dtype) for _ in range(3)]
    for to, values in zip(padded, arguments, strict=False):
        to[:count] = values
    pointers = (ctypes.c_void_p(array.ctypes.data) for array in padded)
    getattr(made, f"run_{name}")(len(padded[0]), *pointers)
    return padded[2][:count]


def points(dtype: np.dtype) -> np.ndarray:
    """All over the range: small and large, both signs, where results overflow and underflow."""
    rng = np.random.default_rng(1)
    info = np.finfo(dtype)
    powers = np.exp2(rng.uniform(info.minexp, info.maxexp - 0.1, 2000))
    near = np.concatenate([rng.uniform(-3, 3, 4000), rng.uniform(-100, 100, 2000)])
    end = np.log(float(info.max))
    edges = np.concatenate([rng.uniform(-1.1 * end, 1.1 * end, 2000), [0.5, -0.5, 0.0, -0.0]])
    ends = [np.inf, -np.inf, np.nan, float(info.max), -float(info.max), float(info.tiny)]
    return np.concatenate([powers, -powers, near, edges, ends]).astype(dtype)


@pytest.mark.parametrize("name", ONE)
def test_functions_equal_those_of_numpy_over_the_whole_range(name, engine):
    dtype = engine[1]
    x = points(dtype)
    if name.startswith("exprel"):  # which overflow where exp does, in numpy too
        x = x[~(x > np.log(np.finfo(dtype).max))]
    with np.errstate(all="ignore"):
        wide = np.longdouble if name not in NUMPY else np.float64
        expected = ONE[name](x.astype(wide))
        nearest = expected.astype(dtype)
        found = called(engine, name, x)
        last = np.spacing(np.maximum(np.abs(nearest), np.finfo(dtype).tiny))
        away = np.abs(found.astype(np.longdouble) - expected) / last
    same = (found == nearest) | (np.isnan(found) & np.isnan(nearest))
    np.testing.assert_array_less(away[~same].astype(float), CLOSE.get(name, 1) + 1e-9)


@pytest.mark.parametrize("name", TWO)
def test_functions_of_two_arguments_equal_those_of_numpy(name, engine):
    dtype = engine[1]
    x = points(dtype)
    other = np.roll(x, 17)
    other[:100] = x[:100]
    with np.errstate(all="ignore"):
        expected = TWO[name](x, other).astype(dtype)
    found, rtol = called(engine, name, x, other), 4 * np.finfo(dtype).eps
    np.testing.assert_allclose(found, expected, rtol=rtol)
