"""Time a training step of the FCN24 network against the same step in PyTorch.

    python benchmarks/surrogate.py

40 - 256 - 20 of ``models/spatiotemporal.py``, 256 trials of 100 frames, graded dense input. A step
is forward pass, loss, backward pass and the update of everything that is learnt; all do it with
the same numbers, in turn within every repeat. PyTorch has two columns: with arrays turned to steps
first between the convolutions, as in the published code, and never turned, which is faster.
Medians, the range in brackets. Run it on an idle machine: PyTorch's threads wait for each other, so
that other work slows it down several times more than this package. Writes
benchmarks/results/surrogate.json and prints the table. Needs torch.
"""

from __future__ import annotations

import json
import time
from datetime import date
from pathlib import Path

import click
import numpy as np
import torch
from pytorch_dcls import DelayNetwork

import genn_delays as gd
from genn_delays.backends.checks import dropout_masks
from genn_delays.experiment.environment import machine, versions
from genn_delays.experiment.model_file import build_network
from genn_delays.support.cores import available_cores
from genn_delays.training.optimiser import Optimiser
from genn_delays.training.update_rules import Adam

FRAMES, BANDS, CLASSES, DT = 100, 40, 20, 10.0
ROWS: dict[str, float | None] = {"sigma 12": 12.0, "sigma 0.23": 0.23, "one tap": None}
ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results" / "surrogate.json"

Masks = dict[str, np.ndarray]


def network(sigma: float | None) -> gd.Network:
    """The published one, at one width of its kernel; None for rounded delays."""
    args = {"kernel": "none"} if sigma is None else {"sigma": sigma}
    file = ROOT / "models" / "spatiotemporal.py"
    return build_network(file, args, inputs=BANDS, outputs=CLASSES, seed=1)


class Ours:
    """The step of this package."""

    def __init__(self, sigma: float | None, values: np.ndarray, threads: int, backend: str) -> None:
        self.network = network(sigma)
        self.simulation = gd.compile(
            self.network,
            gradient=gd.Surrogate(),
            readout=gd.readouts.SoftmaxSum(),
            dt=DT,
            steps=FRAMES,
            batch_size=len(values),
            backend=backend,
            threads=threads,
        )
        self.optimiser = Optimiser(weight=Adam(1e-3), delay=Adam(1.0))
        trial, unit, step = np.indices(values.shape).reshape(3, -1)
        moments = (step * DT).astype(np.float32)
        self.events = gd.Events(moments, unit, trial, len(values), values.ravel())

    def step(self, masks: Masks, labels: np.ndarray) -> float:
        """One training step; the loss before it."""
        outputs = self.simulation.forward(self.events, masks=masks)
        loss, drive = gd.losses.CrossEntropy()(outputs, labels)
        self.optimiser.step(self.network, self.simulation.backward(drive))
        hidden = self.network.populations["hidden"]
        assert hidden.normalise is not None
        hidden.units.observe(hidden.normalise, self.simulation.statistics["hidden"])
        self.simulation.load(self.network)
        return loss


class Theirs:
    """The step in PyTorch; a rounded delay is a triangle of sigma 0 at a whole position."""

    def __init__(self, sigma: float | None, values: np.ndarray, steps_first: bool) -> None:
        self.model = DelayNetwork(network(sigma), DT)
        self.model.steps_first = steps_first
        self.model.spread(*(("triangle", 0.0) if sigma is None else ("gaussian", sigma)))
        self.values = torch.tensor(values)
        self.positions = [layer.position for layer in self.model.layers]
        if sigma is None:
            for position in self.positions:
                position.data.round_()
        rest = [layer.weight for layer in self.model.layers] + list(self.model.norms.parameters())
        groups = [{"params": rest, "lr": 1e-3}, {"params": self.positions, "lr": 0.1}]
        self.optimiser = torch.optim.Adam(groups)

    def step(self, masks: Masks, labels: np.ndarray) -> float:
        """One training step; the loss before it."""
        self.optimiser.zero_grad()
        outputs = self.model(self.values, {k: torch.tensor(v).float() for k, v in masks.items()})
        loss = torch.nn.functional.cross_entropy(outputs, torch.tensor(labels))
        loss.backward()
        self.optimiser.step()
        for layer in self.model.layers:
            layer.position.data.clamp_(-layer.reach, layer.reach)
        return loss.item()


def measure(sigma: float | None, batch: int, repeats: int, threads: int, backend: str) -> dict:
    """Seconds of every repeat of both; the first step of each is not counted."""
    rng = np.random.default_rng(1)
    values = 20.0 * rng.standard_normal((batch, BANDS, FRAMES)).astype(np.float32)
    labels = rng.integers(0, CLASSES, batch)
    sides: dict[str, Ours | Theirs] = {
        "ours": (ours := Ours(sigma, values, threads, backend)),
        "pytorch": Theirs(sigma, values, steps_first=False),
        "pytorch_steps_first": Theirs(sigma, values, steps_first=True),
    }
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for repeat in range(repeats + 1):
        masks, losses = dropout_masks(ours.simulation.plan, batch, rng), []
        for name, side in sides.items():
            start = time.perf_counter()
            losses.append(side.step(masks, labels))
            if repeat:
                seconds[name].append(time.perf_counter() - start)
        if not repeat and not np.allclose(losses, losses[0], rtol=1e-3):
            raise click.ClickException(f"the losses of the first step differ: {losses}")
    spikes = float(ours.simulation.spike_counts("hidden").mean())
    return {f"{name}_s": row for name, row in seconds.items()} | {"spikes_per_neuron": spikes}


@click.command()
@click.option("--batch", default=256, show_default=True, help="trials of a batch")
@click.option("--repeats", default=5, show_default=True)
@click.option("--threads", type=int, help="of both; by default one per available core")
@click.option("--backend", default="native", show_default=True)
def main(batch: int, repeats: int, threads: int | None, backend: str) -> None:
    """Time every row and print the table."""
    threads, rows = threads or available_cores(), {}
    torch.set_num_threads(threads)
    print(
        "| delay kernel | this package ms | PyTorch, steps first ms | ratio | PyTorch ms | ratio |"
    )
    print("|---|---|---|---|---|---|")
    for name, sigma in ROWS.items():
        rows[name] = found = measure(sigma, batch, repeats, threads, backend)
        cells = [f"{name}"]
        for side in ("ours", "pytorch_steps_first", "pytorch"):
            milliseconds = 1e3 * np.array(found[f"{side}_s"])
            cells.append(f"{np.median(milliseconds):.0f} ({np.ptp(milliseconds):.0f})")
            if side != "ours":
                ratio = np.median(found[f"{side}_s"]) / np.median(found["ours_s"])
                found[f"{side}_ratio"] = float(ratio)
                cells.append(f"{ratio:.1f}")
        print(f"| {' | '.join(cells)} |", flush=True)
    about = {"date": date.today().isoformat(), "machine": machine()}
    about |= {"versions": versions() | {"torch": torch.__version__}}
    about |= {"threads": threads, "batch": batch, "frames": FRAMES, "backend": backend}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(about | {"rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
