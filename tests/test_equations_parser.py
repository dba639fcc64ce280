"""Texts of equations: what they mean, what they may say, and that they are never run."""

from __future__ import annotations

import math
import sys
import warnings

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import genn_delays as gd
from genn_delays.declaration.equations.numbers import evaluate
from genn_delays.declaration.equations.parser import parse_expression, symbol
from genn_delays.support.errors import NetworkError

SYNAPSE = "\ndI/dt = -I / 5"


def neuron(line: str = "dV/dt = -V + I", **options) -> gd.Equations:
    return gd.Equations(line + SYNAPSE, **options)


def voltage(made: gd.Equations) -> np.ndarray:
    """Outputs of a short trial, and the gradient of its weight, under EventProp."""
    net = gd.Network()
    net.add_population("input", gd.Input(), 1)
    net.add_population("hidden", made, 1)
    net.connect("input", "hidden", weight=0.8)
    readout = gd.readouts.MeanVoltage(population="hidden")
    options = {"readout": readout, "dt": 0.5, "steps": 30, "precision": "float64"}
    with gd.compile(net, backend="reference", **options) as simulation:
        outputs = simulation.forward(gd.Events([2.0], [0], [0], 1))
        gradient = simulation.backward(np.ones_like(outputs))["input->hidden"].weight
    return np.array([outputs[0, 0], gradient[0]])


def test_a_symbol_that_is_nowhere_declared_names_the_nearest():
    with pytest.raises(NetworkError, match=r"dV/dt: 'tau_men' is nowhere .* 'tau_mem'\?.*param"):
        neuron("dV/dt = -V / tau_men", parameters={"tau_mem": 1.0})


def test_a_state_without_an_equation_names_the_nearest():
    with pytest.raises(NetworkError, match=r"'Isyn' has no equation; .*'I'"):
        neuron(input="Isyn")
    with pytest.raises(NetworkError, match=r"reset: 'v' has no equation; .*'V'"):
        neuron(threshold="V >= 1", reset="v = 0")


def test_a_threshold_that_depends_on_no_state_says_so():
    with pytest.raises(NetworkError, match=r"threshold: 'theta >= 1' depends on no state"):
        neuron(threshold="theta >= 1", parameters={"theta": 2.0})


@pytest.mark.parametrize("name", ["exp", "max", "clip"])
def test_a_name_may_not_be_that_of_a_function(name):
    with pytest.raises(NetworkError, match=f"{name!r} is a function; choose another name"):
        neuron("dV/dt = -V", parameters={name: 1.0})


@pytest.mark.parametrize("name", ["bias", "gain", "refractory", "t", "lambda", "_a"])
def test_a_name_may_not_be_one_that_means_something_else(name):
    with pytest.raises(NetworkError, match=f"{name!r} cannot be declared"):
        neuron("dV/dt = -V", parameters={name: 1.0})


CODE = [
    "__import__('builtins').print('ran')",
    "__import__('sys').modules.setdefault('ran', 1)",
    "(lambda: V)()",
    "[V for V in (1, 2)][0]",
    "V.real",
    "V if V > 0 else I",
    "print(V)",
    "exp(V, base=2)",
    "f'{V}'",
    "V @ I",
    "not V",
    "1j * V",
    "True * V",
    "exp",
    "(V := I)",
    "*V",
    "V; I",
    "V and I",
    "yield V",
]


@pytest.mark.parametrize("code", CODE)
def test_code_is_no_expression_and_is_not_run(code, capsys):
    with pytest.raises(NetworkError) as error:
        neuron(f"dV/dt = {code}")
    assert "ran" not in sys.modules
    assert capsys.readouterr().out == ""
    assert len(str(error.value)) < 250


LONG = {
    "signs": "dV/dt = " + "-" * 5000 + "V",
    "brackets": "dV/dt = " + "(" * 300 + "V" + ")" * 300,
    "dots": "dV/dt = V" + ".a" * 3000,
    "a sum": "dV/dt = " + " + ".join(["V"] * 2000),
    "names that double": "a0 = V * I + V\n"
    + "".join(f"a{k + 1} = a{k} * a{k} + a{k}\n" for k in range(60))
    + "dV/dt = a60",
    "names in a chain": "a0 = exp(V)\n"
    + "".join(f"a{k + 1} = exp(a{k})\n" for k in range(400))
    + "dV/dt = a400",
    "a tower": "dV/dt = exp(exp(exp(exp(9)))) ** 2 * V",
    "powers": "dV/dt = " + "**".join(["V"] * 60),
    "a product of numbers": "dV/dt = V * " + " * ".join(["1e300"] * 10),
    "digits": "dV/dt = V * " + "9" * 9000,
    "a high power": "dV/dt = (V + I + 1) ** 100000",
    "a high power of a number": "dV/dt = (9 ** 99) ** 99 * V",
    "text": "dV/dt = V" + " " * 20000,
}


@pytest.mark.parametrize("what", LONG)
def test_what_is_too_long_is_refused_in_few_words(what):
    with pytest.raises(NetworkError) as error:
        neuron(LONG[what])
    assert len(str(error.value)) < 250


def test_a_reset_that_is_not_linear_is_refused_without_multiplying_it_out():
    values = dict.fromkeys(("g", "h", "k", "m"), 1.0)
    with pytest.raises(NetworkError, match="the new 'V' is not linear in the states"):
        neuron(
            "dV/dt = -V + g + h + k + m",
            threshold="V >= 1",
            reset="V = (V + I + g + h + k + m) ** 90",
            parameters=values,
        )


@pytest.mark.parametrize("part", ["sqrt(-1)", "log(0)", "log(-2)", "0 ** V", "(-2) ** V", "1 / 0"])
def test_what_is_no_real_number_is_refused(part):
    with pytest.raises(NetworkError, match=r"dV/dt: .*(real number|power of|division by zero)"):
        neuron(f"dV/dt = {part} * V")


@pytest.mark.parametrize(
    "options",
    [
        {"threshold": 3},
        {"threshold": "V >= 1", "reset": 3},
        {"initial": 3},
        {"initial": {"V": [1, 2]}},
        {"input": 5},
        {"input": ("I", "I")},
        {"parameters": ["a"]},
        {"parameters": {3: 1.0}},
        {"voltage": 3},
        {"threshold": "V >= 1", "reset": "V /= 0"},
    ],
    ids=str,
)
def test_what_is_no_text_or_mapping_is_refused(options):
    with pytest.raises(NetworkError) as error:
        neuron(**options)
    assert len(str(error.value)) < 250


@pytest.mark.parametrize("name", ["x0", "x1", "c0", "a0", "s0", "u0", "y0", "free", "maximum"])
def test_a_parameter_may_have_any_other_name(name):
    """Also one that steps, or what computes them, have themselves."""
    line = "dV/dt = -V * V * q - max(q, 0) * V + I"
    wanted = voltage(neuron(line, parameters={"q": 0.1}))
    found = voltage(neuron(line.replace("q", name), parameters={name: 0.1}))
    np.testing.assert_array_equal(found, wanted)


def test_the_root_of_a_square_has_the_derivatives_of_abs():
    options = {"threshold": "V >= 0.5", "reset": "V = -0.2"}
    found = voltage(neuron("dV/dt = -sqrt(V ** 2) + I", **options))
    np.testing.assert_array_equal(found, voltage(neuron("dV/dt = -abs(V) + I", **options)))


LEAVES = st.sampled_from(["V", "w", "g", "2", "0.25", "1e-3", "7"])
ARITHMETIC = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*"), inner),
        st.builds("{}({})".format, st.sampled_from(["sin", "cos", "tanh", "abs"]), inner),
        st.builds("{}({}, {})".format, st.sampled_from(["min", "max"]), inner, inner),
        st.builds("-{}".format, inner),
        st.builds("(({}) ** 2 + 1) ** 0.5".format, inner),
        st.builds("{} / (1 + abs({}))".format, inner, inner),
        st.builds("exp(-abs({}))".format, inner),
    ),
    max_leaves=8,
)
PYTHON = {"sin": math.sin, "cos": math.cos, "tanh": math.tanh, "exp": math.exp}
PYTHON |= {"abs": abs, "min": min, "max": max}


@given(ARITHMETIC)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_arithmetic_means_what_it_means_in_python(text):
    values = {"V": 0.7, "w": -1.3, "g": 2.1}
    found = parse_expression(text, {name: symbol(name) for name in values}, "here")
    arrays = {name: np.array([value]) for name, value in values.items()}
    wanted = eval(text, {"__builtins__": {}}, {**PYTHON, **values})
    np.testing.assert_allclose(evaluate([found], arrays, 1)[0, 0], wanted, rtol=1e-11, atol=1e-11)


WORDS = ["V", "I", "dV/dt", "=", "exp", "(", ")", "**", "+", "-", "*", "/", "9e9", "0", ">=", ";"]
WORDS += ["\n", " ", "a", "if", "lambda", ":", "1", "#", "(unless refractory)", ",", "max", "."]
ODD = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join))


@given(ODD, ODD, ODD)
@settings(max_examples=150, deadline=None, derandomize=True)
@example("V ** V ** V ** V", "V >= 0 ** -1", "V **= 2")
def test_any_text_makes_a_neuron_or_a_short_error(line, threshold, reset):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        for options in ({}, {"threshold": threshold}, {"threshold": "V >= 1", "reset": reset}):
            for text in (f"dV/dt = {line}", line):
                assert len(message(text, options)) < 400


def message(text, options) -> str:
    """What the error says, or nothing where there is none."""
    try:
        neuron(text, **options).flow(1)
    except NetworkError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("part", ["V ^ 2", "(V > 0) * V", "V[0]"])
def test_what_is_no_arithmetic_is_shown(part):
    with pytest.raises(
        NetworkError, match=r"dV/dt: '[^']+' is not arithmetic; use .*\*\* \(a power\)"
    ):
        gd.Equations(f"dV/dt = -({part})", input="V")
