"""``genn-delays data``: what is in a data set."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from genn_delays import datasets
from genn_delays.cli.arguments import set_option
from genn_delays.datasets import Dataset, Split
from genn_delays.experiment.config import load_config
from genn_delays.experiment.experiment import load_dataset


@click.command()
@click.argument("name_or_config")
@set_option
def data(name_or_config: str, overrides: tuple[str, ...]) -> None:
    """Describe a data set, given by its name or by a configuration that uses it.

    It is made first if it has to be.
    """
    if Path(name_or_config).suffix in (".yaml", ".yml"):
        dataset = load_dataset(load_config(Path(name_or_config), overrides))
    else:
        dataset = datasets.load(name_or_config, dt=1.0)
    click.echo(describe(dataset))


def describe(dataset: Dataset) -> str:
    """Sizes, classes and how many events there are, as lines of text."""
    classes = f"{dataset.classes} classes" if dataset.classes else "a regression"
    lines = [f"{dataset.name}: {dataset.units} units, {classes}, {dataset.duration:g} ms"]
    if dataset.class_names:
        lines.append("classes: " + ", ".join(dataset.class_names))
    lines += [f"{name:<11}{_describe_split(split)}" for name, split in dataset.splits().items()]
    return "\n".join(lines)


def _describe_split(split: Split) -> str:
    counts = np.diff(split.offset)
    return (
        f"{len(split):>7} trials, events per trial: mean {counts.mean():.1f}, "
        f"{counts.min()} to {counts.max()}"
    )
