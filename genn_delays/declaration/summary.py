"""What is told of a network, its populations, projections and tables: numbers as short text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from genn_delays.declaration.units import is_position
from genn_delays.support.display import Table


def spread(values: np.ndarray) -> str:
    """Mean and standard deviation.

    >>> spread(np.array([1.0, 3.0])), spread(np.zeros(0))
    ('2 ± 1', '')
    """
    return f"{values.mean():.3g} ± {values.std():.2g}" if values.size else ""


def span(values: np.ndarray, most: float) -> str:
    """Smallest and largest delay, and the largest that is allowed, in ms.

    >>> span(np.array([0.0, 2.5]), 10.0)
    '0 to 2.5 of 10 ms'
    """
    if not values.size:
        return ""
    low, high = values.min(), values.max()
    return f"{low:.3g} to {high:.3g} of {most:.3g} ms" if most else "0 ms"


def sharing(table: Any) -> str:
    """How many numbers the columns of a SynapseTable follow from; nothing where none is tied."""
    return ", ".join(tie.told(table) for tie in table.ties.values())


def parameters(populations: Iterable[Any], projections: Iterable[Any]) -> dict[str, int]:
    """How many numbers training may change, by kind; kinds of units only where there are any."""
    found = {"weights": 0, "delays": 0}
    for p in projections:
        for what in p.learn:
            tie = p.synapses.ties.get(what)
            found[f"{what}s"] += len(p.synapses) if tie is None else tie.held(p.synapses)
    for p in populations:
        for name in p.learn:
            kind = "positions" if is_position(name) else "units"
            found[kind] = found.get(kind, 0) + (1 if name in p.units.tied else p.size)
    return found


def populations(given: Iterable[Any]) -> Table:
    """A line for each Population."""
    rows = [(p.name, type(p.neuron).__name__, str(p.size), ", ".join(p.learn)) for p in given]
    return Table(("population", "neuron", "units", "learns"), rows)


def projections(given: Iterable[Any]) -> Table:
    """A line for each Projection."""
    rows = []
    for p in given:
        table = p.synapses
        pairs = p.pre.size * p.post.size
        learns = ", ".join(filter(None, (*p.learn, sharing(table))))
        told = (spread(table.weight), span(table.delay, table.max_delay), learns)
        rows.append((p.name, str(len(table)), f"{len(table) / pairs:.3g}", *told))
    return Table(("projection", "synapses", "per pair", "weight", "delay", "learns"), rows)
