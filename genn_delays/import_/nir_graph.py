"""A graph of NIR as synapses: which units reach which, with what weight, and when.

Between two populations stand Delay, Linear, Affine and Scale nodes. A path through them is a list
of ways from a source unit to an element of the node it has come to, each with a weight and a delay.
Two Linear nodes in a row give the products of their weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from genn_delays.support.errors import DataError
from genn_delays.support.hdf5 import Group, Text
from genn_delays.support.limits import check_size

SOURCES = {"Input": "shape", "CubaLIF": "tau_mem", "LIF": "tau"}
READERS = {"CubaLI": "tau_mem", "LI": "tau"}
POPULATIONS = SOURCES | READERS
BETWEEN = ("Delay", "Linear", "Affine", "Scale")
END = "Output"
WAY = 32
"""Bytes of a way."""
DEEPEST = 32
"""Nodes between two populations."""


@dataclass(frozen=True, eq=False)
class Ways:
    """Parallel arrays: from ``unit`` to ``element``, with weight and delay (s).

    Attributes:
        about: of the Delay met last, what an export says of it.
    """

    unit: np.ndarray
    element: np.ndarray
    weight: np.ndarray
    delay: np.ndarray
    about: Group | None = None


class Graph:
    """Nodes and edges.

    Attributes:
        kinds: of nodes, by name.
        sizes: units of populations, by name.
    """

    def __init__(self, root: Group) -> None:
        self.root = root
        self.nodes = root.group("nodes")
        self.kinds = {name: text_of(self.nodes.group(name), "type") for name in self.nodes.members}
        for name, kind in self.kinds.items():
            if kind not in (*POPULATIONS, *BETWEEN, END):
                raise DataError(
                    f"{root.source.path}: node {name!r} is a {kind}; networks here are made of "
                    f"{', '.join((*POPULATIONS, *BETWEEN))}"
                )
        self.sizes = {n: self._size(n) for n, kind in self.kinds.items() if kind in POPULATIONS}
        self.after: dict[str, list[str]] = {name: [] for name in self.kinds}
        for pre, post in self._edges():
            self.after[pre].append(post)

    def joined(self) -> Iterator[tuple[str, str, Ways]]:
        """Every path from a population to another one: both names, and its ways."""
        for name, size in self.sizes.items():
            unit = np.arange(size)
            start = Ways(unit, unit, np.ones(size), np.zeros(size))
            if self.kinds[name] in SOURCES:
                for last, ways in self._walk(name, start, 0):
                    yield name, last, ways

    def biases(self) -> dict[str, np.ndarray]:
        """What Affine nodes add to populations in every step, by name."""
        found: dict[str, np.ndarray] = {}
        for name, kind in self.kinds.items():
            if kind != "Affine":
                continue
            bias = self.nodes.group(name).column("bias")
            if not np.any(bias):
                continue
            element = np.arange(len(bias))
            start = Ways(np.zeros_like(element), element, bias.astype(float), np.zeros(len(bias)))
            for last, ways in self._walk(name, start, 0):
                total = np.bincount(ways.element, ways.weight, self.sizes[last])
                found[last] = found.get(last, 0.0) + total
        return found

    def _walk(self, name: str, ways: Ways, depth: int) -> Iterator[tuple[str, Ways]]:
        if depth > DEEPEST:
            raise self._refused(name, "stands on a loop without a population")
        for after in self.after[name]:
            if self.kinds[after] in POPULATIONS:
                self._check_sizes(after, self.sizes[after], ways)
                yield after, ways
            elif self.kinds[after] in BETWEEN:
                yield from self._walk(after, self._through(after, ways), depth + 1)

    def _through(self, name: str, ways: Ways) -> Ways:
        """Behind one node."""
        group, kind = self.nodes.group(name), self.kinds[name]
        if kind in ("Delay", "Scale"):
            values = group.column("delay" if kind == "Delay" else "scale", finite=False)
            self._check_sizes(name, len(values), ways)
            if kind == "Scale":
                return replace(ways, weight=ways.weight * values[ways.element])
            about = group.group("metadata") if "metadata" in group else None
            return replace(ways, delay=ways.delay + values[ways.element], about=about)
        matrix = group.array("weight", finite=False)
        if matrix.ndim != 2:
            raise self._refused(name, f"has a weight of shape {matrix.shape}, and not of two sides")
        self._check_sizes(name, matrix.shape[1], ways)
        return self._times(name, matrix, ways)

    def _times(self, name: str, matrix: np.ndarray, ways: Ways) -> Ways:
        """One way for each way there and each entry that is not 0, or each entry of one row."""
        if len(matrix) == 1:
            weight = ways.weight * matrix[0, ways.element]
            return replace(ways, element=np.zeros_like(ways.element), weight=weight)
        columns, rows = np.nonzero(matrix.T)
        count = np.bincount(columns, minlength=matrix.shape[1])
        first = np.cumsum(count) - count
        onto = count[ways.element]
        check_size(WAY * float(onto.sum()), f"{self.root.source.path}: the synapses of {name!r}")
        way = np.repeat(np.arange(len(onto)), onto)
        entry = np.arange(len(way)) - np.repeat(np.cumsum(onto) - onto, onto)
        entry += first[ways.element[way]]
        weight = ways.weight[way] * matrix[rows[entry], ways.element[way]]
        return Ways(ways.unit[way], rows[entry], weight, ways.delay[way], ways.about)

    def _check_sizes(self, name: str, size: int, ways: Ways) -> None:
        if len(ways.element) and ways.element.max() >= size:
            raise self._refused(name, f"takes {size} values, and is given more")

    def _size(self, name: str) -> int:
        group, kind = self.nodes.group(name), self.kinds[name]
        values = group.column(POPULATIONS[kind])
        if kind != "Input":
            return len(values)
        if len(values) != 1 or values[0] < 1:
            raise self._refused(name, f"has shape {values.tolist()}; populations have one side")
        return int(values[0])

    def _edges(self) -> list[tuple[str, str]]:
        found = self.root.members.get("edges")
        names = found.decode() if isinstance(found, Text) else None
        if not isinstance(found, Text) or names is None or len(found.shape) != 2:
            raise self.root.damaged("has no list of 'edges'")
        edges = list(zip(names[::2], names[1::2], strict=True))
        for edge in edges:
            for name in edge:
                if name not in self.kinds:
                    raise self.root.damaged(f"has an edge of {name!r}, which is no node")
        return edges

    def _refused(self, name: str, why: str) -> DataError:
        where = f"{self.root.source.path}: node {name!r}"
        return DataError(f"{where} ({self.kinds[name]}) {why}")


def text_of(group: Group, name: str) -> str:
    """A member that is one text."""
    value = group.members.get(name)
    found = value.decode() if isinstance(value, Text) and value.shape == () else None
    if found is None:
        raise group.damaged(f"has no text {name!r}")
    return found[0]
