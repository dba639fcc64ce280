"""Time of an epoch of ``genn_delays.graphs`` beside the same model in plain PyTorch, in one run.

    python benchmarks/graph_reasoning.py [DATA/fb237_v1] [--batches 4] [--trained MODEL]

Both take the same batches of a knowledge graph (a made one of the size of FB15k-237 v1 where none
is given) from the same parameters, by turns; first the gradients of one batch are compared in
float64. An epoch is as many batches as there are, each of the median time. A trained MODEL sends
more spikes than a fresh one. The PyTorch code, ``pytorch_graph.py``, is ours and not that of the
authors.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from pytorch_graph import TorchReasoner, edges_without, loss_of

import genn_delays as gd
from genn_delays import graphs
from genn_delays.graphs.knowledge import Asked
from genn_delays.graphs.loss import cross_entropy
from genn_delays.graphs.negatives import questions
from genn_delays.graphs.parameters import Parameters
from genn_delays.graphs.queries import Queries

BATCH, NEGATIVES, TEMPERATURE, RATE = 32, 50, 0.5, 5e-3


def made(entities: int = 1594, relations: int = 180, facts: int = 4245) -> Asked:
    """A graph of random facts, as large as the training graph of FB15k-237 v1."""
    rng = np.random.default_rng(1)
    sizes = (entities, relations, entities)
    drawn = np.stack([rng.integers(0, size, facts) for size in sizes], axis=1)
    graph = graphs.Graph(drawn, entities, relations)
    return Asked(graph, graph.facts, graph)


def batch_of(asked: Asked, number: int) -> tuple[Queries, np.ndarray]:
    """Queries of a batch, and the facts to be taken out for it."""
    rng = np.random.default_rng([2, number])
    facts = asked.facts[rng.choice(len(asked.facts), BATCH, replace=False)]
    return questions(facts, asked.known, NEGATIVES, rng), asked.graph.find(facts)


def ours(model: graphs.Model, asked: Asked, number: int) -> Callable[[], None]:
    queries, gone = batch_of(asked, number)
    rule = gd.training.Adam(RATE)

    def step() -> None:
        score = model.scorer.forward(asked.graph.without(gone), queries)
        _, slope = cross_entropy(score, TEMPERATURE)
        model.parameters.update(rule, model.scorer.backward(slope))

    return step


def theirs(
    model: TorchReasoner, rule: torch.optim.Adam, asked: Asked, number: int
) -> Callable[[], None]:
    queries, gone = batch_of(asked, number)

    def step() -> None:
        rule.zero_grad()
        score = model(edges_without(asked.graph, gone), asked.graph.entities, queries)
        loss_of(score, TEMPERATURE).backward()
        rule.step()

    return step


def largest_difference(asked: Asked, parameters: Parameters, reasoner: graphs.Reasoner) -> float:
    """Of all gradients of a batch in float64, relative to the largest of each parameter."""
    queries, gone = batch_of(asked, 0)
    model = graphs.Model(reasoner, parameters.copy(), precision="float64")
    score = model.scorer.forward(asked.graph.without(gone), queries)
    found = model.scorer.backward(cross_entropy(score, TEMPERATURE)[1])
    other = TorchReasoner(reasoner, parameters, torch.float64)
    loss_of(
        other(edges_without(asked.graph, gone), asked.graph.entities, queries), TEMPERATURE
    ).backward()
    right = {name: value.grad.numpy() for name, value in other.values.items()}
    return max(
        np.abs(found[name] - right[name]).max() / np.abs(right[name]).max() for name in right
    )


def seconds(step: Callable[[], None]) -> tuple[float, float]:
    """By the clock, and of processors, which other work on the machine changes less."""
    began = time.perf_counter(), time.process_time()
    step()
    return time.perf_counter() - began[0], time.process_time() - began[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--batches", type=int, default=4)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--trained", type=Path)
    given = parser.parse_args()
    asked = made() if given.data is None else graphs.read_knowledge_graph(given.data).train
    torch.set_num_threads(given.threads)
    reasoner = graphs.Reasoner(asked.graph.relations)
    parameters = graphs.load(given.trained).parameters if given.trained else None
    model = graphs.Model(reasoner, parameters, threads=given.threads)
    print(f"{asked.graph}, {reasoner.parameters()} parameters, {given.threads} threads")
    other = TorchReasoner(reasoner, model.parameters)
    gap = largest_difference(asked, model.parameters, reasoner)
    print(f"largest difference of a gradient in float64: {gap:.1e}")
    rule = torch.optim.Adam(other.parameters(), RATE)
    times = []
    for number in range(given.batches + 1):  # the first one makes buffers
        pair = ours(model, asked, number), theirs(other, rule, asked, number)
        times.append([seconds(step) for step in pair])
        (mine, mine_used), (plain, plain_used) = times[-1]
        print(f"batch {number}: {mine:.3f} s ({mine_used:.3f} s of processors), PyTorch "
              f"{plain:.3f} s ({plain_used:.3f} s)", flush=True)  # fmt: skip
    per_batch = np.median(times[1:], axis=0)
    batches = -(-len(asked.facts) // BATCH)
    for k, what in enumerate(("by the clock", "of processors")):
        mine, plain = batches * per_batch[:, k]
        print(f"an epoch of {batches} batches {what}: {mine:.1f} s, PyTorch {plain:.1f} s; "
              f"{plain / mine:.1f} times faster")  # fmt: skip


if __name__ == "__main__":
    main()
