"""GeNN snippets as CUDA functions, with the types that GeNN gives to names and numbers.

GeNN's own code for CUDA takes its CUDA backend, and that a device. This takes nvcc alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from genn_delays.backends.genn import codegen
from genn_delays.backends.genn.model import ADAM_PARAMS, ADAM_STATE, RUNS
from genn_delays.backends.genn.snippets import NeuronSnippet, SynapseSnippet, type_of
from genn_delays.planning.plan import Plan

NUMBER = re.compile(r"(?<![\w.])(\d+\.\d*(?:e[+-]?\d+)?|\d+e[+-]?\d+)([fd]?)\b")
HEAD = """\
#include <cmath>
#include <cstdint>
typedef {scalar} scalar;
__device__ scalar *arriving, *back;
__device__ inline void addToPostDelay(scalar x, unsigned int slot) {{ arriving[slot] += x; }}
__device__ inline void addToPre(scalar value) {{ *back += value; }}
__device__ inline void injectCurrent(scalar value) {{ *arriving += value; }}
"""
GIVEN = ("const double t", "const double dt", "const unsigned int batch")


def source(plans: Iterable[tuple[str, Plan]], precision: str) -> str:
    """One CUDA file of all snippets; names are those of the plans."""
    scalar = {"float32": "float", "float64": "double"}[precision]
    parts = [HEAD.format(scalar=scalar), *map(_adam, RUNS)]
    parts += [part for name, plan in plans for part in _of_plan(name, plan)]
    return typed("\n".join(parts), scalar)


def typed(code: str, scalar: str) -> str:
    """GeNN's numbers as C++ has them: of the type ``scalar`` but with an f or a d.

    >>> typed("x + 1.0 + 2.5e-3d", "float")
    'x + 1.0f + 2.5e-3'
    """
    suffix = "f" if scalar == "float" else ""
    ends = {"": suffix, "f": "f", "d": ""}
    return NUMBER.sub(lambda found: found[1] + ends[found[2]], code)


def _of_plan(name: str, plan: Plan) -> Iterator[str]:
    for k, p in enumerate(plan.populations):
        for keeps in (False, True):
            yield _neuron(f"{name}_neuron{k}_{int(keeps)}", codegen.neuron(plan, k, keeps))
        if not p.is_input:
            for offset in (0, 2):
                snippet = codegen.embedded_neuron(p, offset)
                yield _neuron(f"{name}_embedded{k}_{offset}", snippet)
    for k in range(len(plan.projections)):
        yield from _synapse(f"{name}_synapse{k}", codegen.synapse(plan, k))


def _function(name: str, arguments: Iterable[str], code: str) -> str:
    return f"__device__ void {name}({', '.join(arguments)}) {{\n{code}\n}}\n"


def _neuron(name: str, n: NeuronSnippet) -> str:
    arguments = [*GIVEN, "scalar Isyn", "const unsigned int id", "const unsigned int num_neurons"]
    arguments += [f"const {kind} {param}" for param, kind, _ in n.params]
    arguments += [f"{v.type} &{v.name}" for v in n.variables]
    arguments += [f"const {type_of(constant)} {constant}" for constant in n.constants]
    arguments += [f"{kind} *__restrict__ {array}" for array, kind in n.arrays]
    arguments += [f"scalar {variable}" for variable in n.inputs]
    fired = f"if ({n.threshold_code}) {{\n{n.reset_code}\n}}" if n.threshold_code else ""
    return _function(name, arguments, n.sim_code + fired)


def _synapse(name: str, s: SynapseSnippet) -> Iterator[str]:
    arguments = [*GIVEN, *(f"const {kind} {param}" for param, kind, _ in s.params)]
    arguments += [f"{v.type} &{v.name}" for v in s.variables]
    arguments += [f"const {kind} {variable}" for variable, kind in s.pre]
    arguments += [f"const {kind} *__restrict__ {variable}" for variable, kind in s.post]
    yield _function(f"{name}_deliver", arguments, s.spike_code)
    collect = f"if ({s.event_condition}) {{\n{s.event_code}\n}}"
    yield _function(f"{name}_collect", arguments, collect)
    yield _function(f"{name}_arrive", ["scalar &inSyn"], s.arrive_code)


def _adam(parameter: str) -> str:
    used = {"weight": "scalar &w", "delay": "uint8_t &d"}[parameter]
    arguments = [f"const double {param}" for param in ADAM_PARAMS]
    arguments += [*(f"double &{state}" for state in ADAM_STATE), "const scalar gradient", used]
    return _function(f"adam_{parameter}", arguments, codegen.adam_code(parameter))
