"""Reasoning over a graph by delays, as published: GRSNN.

Xiao, Zhu, He and Lin (2024, ICML, arXiv 2405.16851): 32 LIF neurons for each entity, one map of
32 x 32 weights for all edges, and for each relation under each query 32 delays of 0 to 4 steps,
which are all that a relation is. ``build`` gives what ``gd.graphs.fit`` trains and ``training``
how: a run configuration, which is about trials of a network, has no place for a graph of facts.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from genn_delays import graphs
from genn_delays.support.errors import ConfigError, suggest
from genn_delays.training import Adam

CITES = ("xiao2024",)

TRAINING = {
    "fb15k237": graphs.Training(
        batch_size=30, negatives=256, temperature=0.5, one_hop=True, optimiser=Adam(2e-3)
    ),
    "wn18rr": graphs.Training(batch_size=32, negatives=256, temperature=1.0, optimiser=Adam(2e-3)),
    "fb15k237_inductive": graphs.Training(temperature=0.5),
    "wn18rr_inductive": graphs.Training(temperature=1.0),
    "citations": graphs.Training(negatives=1, temperature=0.0, one_hop=True, optimiser=Adam(2e-3)),
}
"""Published settings. Gradients of 6 batches of 5 and of 4 batches of 8 facts are summed there, for
the sake of memory; here they are one batch."""


def build(
    *,
    relations: int,
    neurons: int = 32,
    steps: int = 10,
    max_delay: int = 4,
    delays: Literal["learnt", "none"] = "learnt",
    scale: float = 1.0,
) -> graphs.Reasoner:
    """Declare the reasoner.

    Args:
        relations: of the graph, without the inverse ones.
        neurons: of each entity.
        steps: of a query.
        max_delay: largest delay of an edge in steps.
        delays: ``"learnt"``, or ``"none"``: all are 0.
        scale: on the map of the edges; 0.1 for all of FB15k-237.
    """
    return graphs.Reasoner(
        relations, neurons=neurons, steps=steps, max_delay=max_delay, delays=delays, scale=scale
    )


def training(data: str, *, seed: int = 1, epochs: int = 20) -> graphs.Training:
    """Published settings for a data set, one of ``TRAINING``.

    Raises:
        ConfigError: an unknown name; the nearest is named.
    """
    if data not in TRAINING:
        raise ConfigError(f"graph_reasoning: no settings for {data!r}; {suggest(data, TRAINING)}")
    return replace(TRAINING[data], seed=seed, epochs=epochs, validate_every=2)
