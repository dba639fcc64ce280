"""What the benchmarks are meant to reach, and how that is read from the results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

Content = dict[str, Any]
"""The files of results, by their names."""


@dataclass(frozen=True)
class Target:
    """A figure and its bound.

    Attributes:
        text: what is measured.
        bound: what it is compared with.
        unit: of the figure.
        least: True where more is better.
        read: the figure, from the files; KeyError where it was not measured.
    """

    text: str
    bound: float
    unit: str
    least: bool
    read: Callable[[Content], float]

    def reached(self, content: Content) -> float | None:
        """The figure, or None where it was not measured."""
        try:
            return self.read(content)
        except KeyError:
            return None

    def met(self, found: float) -> bool:
        """Whether the figure keeps the bound."""
        return found >= self.bound if self.least else found <= self.bound

    def wanted(self) -> str:
        """The bound as a table shows it."""
        return f"{'at least' if self.least else 'at most'} {self.shown(self.bound)}"

    def shown(self, value: float) -> str:
        """A figure as a table shows it."""
        return f"{value:.3g} {self.unit}".strip()


def speedup(row: dict[str, Any], side: str) -> float:
    """How many times faster the training step of a side is than that of its baseline."""
    found = row["sides"][side]
    return median(row["sides"][found["against"]]["step_s"]) / median(found["step_s"])


def _faster(name: str, side: str, file: str = "compare.json") -> Callable[[Content], float]:
    return lambda content: speedup(content[file]["rows"][name], side)


def _memory(content: Content) -> float:
    sides = content["compare.json"]["rows"]["A"]["sides"]
    return sides["eventprop"]["added_bytes"] / sides["plain"]["added_bytes"]


def _points(content: Content, curve: str, key: str) -> dict[str, float]:
    points = content["scaling.json"]["parts"][curve]
    return {name: median(point[key]) for name, point in points.items()}


def _flat(content: Content) -> float:
    steps = _points(content, "delay", "step_s").values()
    return 100.0 * (max(steps) / min(steps) - 1.0)


def _threads(key: str) -> Callable[[Content], float]:
    def read(content: Content) -> float:
        times = _points(content, "threads", key)
        return times["1"] / times["2"]

    return read


def _epoch(longest: str) -> Callable[[Content], float]:
    return lambda content: _points(content, "epoch", "epoch_s")[longest]


def _compile(content: Content) -> float:
    starts = content["scaling.json"]["parts"]["start"]["first_compile_s"]
    return max(median(seconds) for seconds in starts.values())


def _start(content: Content) -> float:
    return median(content["scaling.json"]["parts"]["start"]["cached_run"]["first_batch_s"])


def _speedups() -> list[Target]:
    """By row and side; where both rules apply, both are held against the target."""
    surrogate = ("surrogate", "surrogate_narrow")
    wanted = [("A", 150.0, ()), ("B512", 500.0, ()), ("C", 10.0, surrogate)]
    wanted += [("D", 10.0, surrogate), ("D99", 60.0, surrogate), ("E", 20.0, ())]
    return [
        Target(f"{name}: step, {side.replace('_', ' ')}", bound, "times", True, _faster(name, side))
        for name, bound, others in wanted
        for side in ("eventprop", *others)
    ]


def _without_avx512() -> list[Target]:
    wanted = {
        "eventprop": {"A": 200.0, "B512": 1500.0, "C": 20.0, "D": 16.0, "D99": 60.0, "E": 150.0},
        "surrogate": {"C": 15.0, "D": 15.0},
        "surrogate_narrow": {"C": 10.0, "D": 10.0},
    }
    file = "compare-avx2.json"
    return [
        Target(
            f"{name}: step, {side.replace('_', ' ')}, without AVX-512",
            *(bound, "times", True, _faster(name, side, file)),
        )
        for side, bounds in wanted.items()
        for name, bound in bounds.items()
    ]


TARGETS: tuple[Target, ...] = (
    *_speedups(),
    *_without_avx512(),
    Target("A: memory against the baseline", 0.1, "", False, _memory),
    Target("B: step from delay 64 to 512, slowest above fastest", 10.0, "%", False, _flat),
    Target("8,156 trials of B, delays to 64", 20.0, "s", False, _epoch("64")),
    Target("8,156 trials of B, delays to 512", 20.0, "s", False, _epoch("512")),
    Target("two threads against one, pass", 1.85, "times", True, _threads("pass_s")),
    Target("two threads against one, step", 1.85, "times", True, _threads("step_s")),
    Target("slowest first compilation", 3.0, "s", False, _compile),
    Target("cached start to the end of the first batch", 2.0, "s", False, _start),
)
