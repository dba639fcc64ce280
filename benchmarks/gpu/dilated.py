"""The baseline of benchmarks/pytorch_dense.py, delays as dilated convolutions, on a device."""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import torch
from pytorch_dense import Baseline

from gpu.networks import CASES, TRIALS

NAME = "700-256-256-20, delays to 64"


def main() -> None:
    """Time training steps of batches of so many trials on so many steps of warming up."""
    device, size = sys.argv[1], int(sys.argv[2])
    with torch.device(device):
        side = Baseline(replace(CASES[NAME].row, batch=size), "plain")
        side.step()
        side.step()
        start, steps = time.perf_counter(), 3
        for _ in range(steps):
            side.step()  # reads the loss, so it waits for the device
        epoch = (time.perf_counter() - start) * TRIALS / (steps * size)
    print(f"| {NAME} | dilated convolutions, torch {torch.__version__} | {size} | {epoch:.1f} |")


if __name__ == "__main__":
    main()
