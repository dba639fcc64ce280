"""A batch of queries on the C engine: spikes forwards, gradients backwards.

Queries do not know of each other: threads take them one by one, each leaves its gradients apart,
and their sum is taken in the order of the queries. So the number of threads changes no bit.
"""

from __future__ import annotations

from collections.abc import Callable
from ctypes import byref, c_int64
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from genn_delays.backends.native.codegen import environment, real_of
from genn_delays.backends.native.structures import point
from genn_delays.backends.native.threads import Team
from genn_delays.backends.native.vectors import LINE, asked_bytes, widest_bytes
from genn_delays.graphs.graph import Edges
from genn_delays.graphs.reasoner import Reasoner
from genn_delays.graphs.structures import GRAPH
from genn_delays.support.compiler import load
from genn_delays.support.errors import PlanError
from genn_delays.support.limits import SIMULATION, check_size

WORD = 32
"""Neurons of a word of spikes: populations are filled up to whole ones."""


@dataclass(frozen=True, eq=False)
class Drive:
    """What queries do to a graph.

    Attributes:
        source: entity of each query, shape (queries,).
        target: entities that are asked about, shape (queries, targets).
        current: into the source at each step, shape (queries, neurons).
        delay: in steps, shape (queries, relations with inverse ones, neurons).
        weight: of the shared map, the kernel's height not in it, shape (to, from).
        bias: of the map, shape (neurons,).
    """

    source: np.ndarray
    target: np.ndarray
    current: np.ndarray
    delay: np.ndarray
    weight: np.ndarray
    bias: np.ndarray


class Engine:
    """Runs the spiking part of a reasoner.

    Attributes:
        dtype: of voltages and adjoints, np.float32 or np.float64.
    """

    def __init__(
        self, reasoner: Reasoner, dtype: Any = np.float32, threads: int | None = None
    ) -> None:
        self.reasoner, self.dtype = reasoner, np.dtype(dtype).type
        self.padded = -(-reasoner.neurons // WORD) * WORD
        width = asked_bytes() or widest_bytes()
        self.library = load(render(real_of(self.dtype), self.padded, width))
        self.library.graph_space.restype = c_int64
        self.team = Team(threads)
        self._space = np.zeros(0, np.uint8)
        self._arrays: dict[str, np.ndarray] = {}

    def forward(self, edges: Edges, drive: Drive) -> np.ndarray:
        """Weighted spikes of the targets, shape (queries, targets, neurons)."""
        self._struct = self._prepare(edges, drive)
        code = self._new("code", (*drive.target.shape, self.padded))
        self._run(self.library.graph_forward)
        return code[..., : self.reasoner.neurons]

    def backward(self, d_code: np.ndarray) -> dict[str, np.ndarray]:
        """Gradients of the batch that went forwards last.

        Args:
            d_code: dL/d what :meth:`forward` returned.

        Returns:
            dL/d ``current`` (queries, neurons), ``weight``, ``bias`` and, where they are learnt,
            ``delay`` (queries, relations, neurons).
        """
        r, n = self.reasoner, self.reasoner.neurons
        queries = len(self._arrays["source"])
        self._set(d_code=self._fill(d_code))
        d_current = self._new("d_current", (queries, self.padded))
        d_bias = self._new("d_bias", (queries, self.padded))
        d_map = self._new("d_map", (queries, self.padded, self.padded))
        d_delay = self._new("d_delay", (queries, 2 * r.relations, self.padded))
        self._run(self.library.graph_backward)
        height = r.height() * r.scale
        found = {
            "current": d_current[:, :n].astype(np.float64),
            "weight": height * d_map.sum(0, dtype=np.float64)[:n, :n].T,
            "bias": height * d_bias.sum(0, dtype=np.float64)[:n],
        }
        return found | ({"delay": d_delay[..., :n]} if r.learns_delays else {})

    def close(self) -> None:
        """End the threads."""
        self.team.close()

    def _prepare(self, edges: Edges, drive: Drive) -> Any:
        """The structure of a batch, with the memory that the threads need."""
        r, height = self.reasoner, self.reasoner.height() * self.reasoner.scale
        if edges.relations != 2 * r.relations:
            raise PlanError(
                f"a graph of {edges.relations // 2} relations for a reasoner of {r.relations}"
            )
        self._struct = GRAPH.ctypes(real_of(self.dtype))(
            entities=edges.entities,
            relations=edges.relations,
            queries=len(drive.source),
            steps=r.steps,
            reach=r.max_delay + 1,
            learns=r.learns_delays,
            keep=r.keep(),
            threshold=r.threshold,
            slope=r.slope,
        )
        weight = np.zeros((self.padded, self.padded))
        weight[: r.neurons, : r.neurons] = height * drive.weight
        targets = drive.target.shape[1]
        self._set(
            **{name: getattr(edges, name) for name in EDGE_ARRAYS},
            source=drive.source.astype(np.int32),
            target_start=np.arange(len(drive.source) + 1, dtype=np.int64) * targets,
            target=np.ascontiguousarray(drive.target, np.int32),
            delay=self._fill(drive.delay, np.uint8),
            current=self._fill(drive.current),
            map=np.ascontiguousarray(weight.T, self.dtype),
            map_back=np.ascontiguousarray(weight, self.dtype),
            bias=self._fill(height * drive.bias),
            decay=r.code_weights().astype(self.dtype),
            trace=r.trace_weights().astype(self.dtype),
        )
        self._make_space(edges)
        return self._struct

    def _make_space(self, edges: Edges) -> None:
        each = int(self.library.graph_space(byref(self._struct)))
        if len(self._space) < each * self.team.size + LINE:
            what = f"queries to {edges.entities} entities on {self.team.size} threads"
            check_size(each * self.team.size, what, default=SIMULATION, error=PlanError)
            self._space = np.empty(each * self.team.size + LINE, np.uint8)
        self._struct.space_bytes = each
        self._struct.space = self._space.ctypes.data + -self._space.ctypes.data % LINE

    def _run(self, function: Callable[..., int]) -> None:
        tickets = (c_int64 * 2)(0, 0)
        given = byref(self._struct)
        self.team.run(lambda: function(given, tickets))

    def _set(self, **arrays: np.ndarray) -> None:
        self._arrays |= arrays
        point(self._struct, **arrays)

    def _new(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """Memory for a result; that of the last batch where it fits."""
        array = self._arrays.get(name)
        if array is None or array.shape != shape:
            check_size(np.dtype(self.dtype).itemsize * np.prod(shape, dtype=float), name)
            array = np.empty(shape, self.dtype)
        self._set(**{name: array})
        return array

    def _fill(self, array: np.ndarray, dtype: Any = None) -> np.ndarray:
        """The array with as many neurons as the engine has; those that are added are 0."""
        if array.shape[-1] == self.padded:
            return np.ascontiguousarray(array, dtype or self.dtype)
        filled = np.zeros((*array.shape[:-1], self.padded), dtype or self.dtype)
        filled[..., : array.shape[-1]] = array
        return filled


EDGE_ARRAYS = ("out_start", "out_tail", "out_relation", "in_start", "in_head", "in_relation")


@cache
def render(real: str, neurons: int, width: int) -> str:
    """The C source for vectors of ``width`` bytes."""
    size = 4 if real == "float" else 8
    return (
        environment()
        .get_template("graph/engine.c.j2")
        .render(
            real=real,
            whole="int32_t" if real == "float" else "int64_t",
            lanes=width // size,
            line=LINE // size,
            bytes=width,
            neurons=neurons,
            shared={"Graph": GRAPH.typedef(real)},
        )
    )
