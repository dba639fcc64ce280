"""A made family tree: are grandparents found by delays alone, and without delays?

python experiments/graph_reasoning/family.py [--seeds 1 2 3] [--epochs 40]
"""

from __future__ import annotations

import argparse

import numpy as np

from genn_delays import graphs


def hits(data: graphs.KnowledgeGraph, delays: str, seed: int, epochs: int) -> float:
    """Hits@1 on the family that was not seen, in percent."""
    reasoner = graphs.Reasoner(len(data.relations), delays=delays)
    training = graphs.Training(epochs=epochs, negatives=20, validate_every=5, seed=seed)
    model = graphs.fit(data, reasoner, training)
    return 100.0 * model.rank(data.test).metrics()["hits@1"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--epochs", type=int, default=40)
    given = parser.parse_args()
    for delays in ("learnt", "none"):
        found = []
        for seed in given.seeds:
            data = graphs.family_tree(seed)
            found.append(hits(data, delays, seed, given.epochs))
        seeds = ", ".join(f"{value:.1f}" for value in found)
        print(f"{delays}: Hits@1 {np.mean(found):.1f} % ({seeds})", flush=True)


if __name__ == "__main__":
    main()
