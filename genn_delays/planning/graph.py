"""The order of a network: strongly connected components."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genn_delays.declaration.network import Population
from genn_delays.declaration.neurons import Input


@dataclass(frozen=True, eq=False)
class Component:
    """Populations that feed back on each other, stepped together; or a single one.

    Attributes:
        populations: indices into ``Plan.populations``, without the inputs.
        recurrent: False for a single population without a projection onto itself.
    """

    populations: tuple[int, ...]
    recurrent: bool


def components_of(
    populations: list[Population], edges: list[tuple[int, int]]
) -> tuple[np.ndarray, tuple[Component, ...]]:
    """Strongly connected components in execution order; label -1 for inputs."""
    count = len(populations)
    pre, post = np.array(edges, dtype=int).reshape(-1, 2).T
    reached = np.eye(count, dtype=bool)
    reached[pre, post] = True
    for k in range(count):  # Warshall (1962): paths through the first k populations
        reached |= np.outer(reached[:, k], reached[k])
    # populations that reach each other are one component, labelled by its first population
    labels = np.argmax(reached & reached.T, axis=1)
    found = set(labels.tolist())
    after = {c: {labels[a] for a, b in edges if labels[b] == c} - {c} for c in found}
    order: list[int] = []
    while len(order) < len(found):
        order.append(min(c for c in found - set(order) if after[c] <= set(order)))
    components: list[Component] = []
    position = np.full(count, -1)
    for label in order:
        members = [int(k) for k in np.flatnonzero(labels == label)]
        if isinstance(populations[members[0]].neuron, Input):
            continue
        position[members] = len(components)
        recurrent = len(members) > 1 or (members[0], members[0]) in edges
        components.append(Component(tuple(members), recurrent))
    return position, tuple(components)
