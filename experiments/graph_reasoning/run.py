"""The inductive v1 splits of FB15k-237 and WN18RR, with learnt delays and without, several seeds.

python experiments/graph_reasoning/run.py DATA OUT [--graphs fb237_v1 WN18RR_v1] [--seeds 1 2 3]

DATA holds the folders fb237_v1, fb237_v1_ind, WN18RR_v1 and WN18RR_v1_ind of the repository
kkteru/grail. A run that is there already is gone on with. Every run adds a row to
OUT/results.jsonl.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

import genn_delays as gd
from genn_delays import graphs
from genn_delays.support import recording

SETTINGS = {"fb237": "fb15k237_inductive", "WN18RR": "wn18rr_inductive"}
"""By the beginning of the folder's name."""


def settings(graph: str, seed: int, epochs: int) -> graphs.Training:
    name = next(name for start, name in SETTINGS.items() if graph.startswith(start))
    return gd.models.graph_reasoning.training(name, seed=seed, epochs=epochs)


def results(model: graphs.Model, test: graphs.Asked) -> dict[str, float]:
    """Filtered by all that is true, and as the published code counts."""
    found = model.rank(test).metrics()
    return found | {"as_published": model.rank(test, known=test.graph).as_published()}


def summary(path: Path) -> str:
    """Mean and standard deviation over the seeds, as a table."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    lines = []
    for graph, delays in sorted({(row["graph"], row["delays"]) for row in rows}):
        same = [row for row in rows if (row["graph"], row["delays"]) == (graph, delays)]
        cells = []
        for name in ("as_published", "hits@10_50", "mrr", "hits@1", "hits@10"):
            values = [100 * row[name] for row in same]
            cells.append(f"{np.mean(values):.1f} ± {np.std(values):.1f}")
        lines.append(f"| {graph} | {delays} | {len(same)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def train(
    data: graphs.KnowledgeGraph, name: str, delays: str, seed: int, given: argparse.Namespace
) -> None:
    """One run, unless it is complete."""
    folder = given.out / f"{name}-{delays}-{seed}"
    if (folder / "summary.json").exists():
        return
    reasoner = gd.models.graph_reasoning.build(relations=len(data.relations), delays=delays)
    training = settings(name, seed, given.epochs)
    model = graphs.fit(data, reasoner, training, folder=folder, resume=True, threads=given.threads)
    row = {"graph": name, "delays": delays, "seed": seed, **results(model, data.test)}
    recording.append(given.out / "results.jsonl", json.dumps(row) + "\n")
    print(json.dumps(row), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--graphs", nargs="+", default=["fb237_v1", "WN18RR_v1"])
    parser.add_argument("--delays", nargs="+", default=["learnt", "none"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--threads", type=int)
    given = parser.parse_args()
    for seed in given.seeds:
        for name in given.graphs:
            data = graphs.read_knowledge_graph(given.data / name, given.data / f"{name}_ind")
            for delays in given.delays:
                train(data, name, delays, seed, given)
    print(summary(given.out / "results.jsonl"))


if __name__ == "__main__":
    main()
