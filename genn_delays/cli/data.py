"""``genn-delays data``: which data sets there are, what is in one, and how to get it."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from genn_delays import datasets
from genn_delays.cli.arguments import set_option
from genn_delays.cli.cochlea import cochlea
from genn_delays.cli.groups import WithDefault
from genn_delays.datasets import Dataset, Split
from genn_delays.datasets.published.catalogue import CATALOGUE
from genn_delays.experiment.config import load_config
from genn_delays.experiment.experiment import load_dataset

NAME_OR_CONFIG = click.argument("name_or_config")


class _Data(WithDefault):
    default = "info"


@click.group(cls=_Data, subcommand_metavar="NAME_OR_CONFIG | COMMAND [ARGS]...")
def data() -> None:
    """Describe, fetch and draw data sets; `data NAME` is `data info NAME`."""


@data.command("list")
def list_() -> None:
    """List the data sets, and which of those that can be fetched are here."""
    from genn_delays.datasets.published.fetch import is_complete

    for name, kind in sorted(datasets.SOURCES.items()):
        about = (kind.__doc__ or "").splitlines()[0]
        if name in CATALOGUE:
            about = CATALOGUE[name].about + (", fetched" if is_complete(name) else ", to fetch")
        click.echo(f"{name:<14}{about.rstrip('.')}")


@data.command()
@NAME_OR_CONFIG
@set_option
def info(name_or_config: str, overrides: tuple[str, ...]) -> None:
    """Describe a data set, given by its name or by a configuration that uses it.

    It is made first if it has to be.
    """
    click.echo(describe(_loaded(name_or_config, overrides)))


@data.command("fetch")
@click.argument("name")
@click.option("--mirror", metavar="URL", help="A folder on a server that has the files.")
def fetch_(name: str, mirror: str | None) -> None:
    """Fetch the files of a published data set; goes on where it was interrupted."""
    # urllib and ssl take a while to import, and only this needs them
    from genn_delays.datasets.published.fetch import fetch

    click.echo(f"{name}: complete in {fetch(name, mirror=mirror, say=click.echo)}")


@data.command("import")
@click.argument("name")
@click.option(
    "--from",
    "source",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder with its files, as they were published.",
)
def import_(name: str, source: Path) -> None:
    """Copy the files of a published data set from a folder, and check them."""
    from genn_delays.datasets.published.fetch import bring

    click.echo(f"{name}: complete in {bring(name, source, say=click.echo)}")


@data.command()
@NAME_OR_CONFIG
@set_option
@click.option(
    "--out", type=click.Path(path_type=Path), help="The picture; by default NAME.png, here."
)
def preview(name_or_config: str, overrides: tuple[str, ...], out: Path | None) -> None:
    """Draw a trial of some classes, and how many trials each class has."""
    dataset = _loaded(name_or_config, overrides)
    # matplotlib takes half a second to import, and only the picture needs it
    from genn_delays.figures.preview import draw_preview

    click.echo(draw_preview(dataset, out or Path(f"{dataset.name}.png")))


def _loaded(name_or_config: str, overrides: tuple[str, ...]) -> Dataset:
    if Path(name_or_config).suffix in (".yaml", ".yml"):
        return load_dataset(load_config(Path(name_or_config), overrides))
    return datasets.load(name_or_config, dt=1.0)


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


data.add_command(cochlea)
