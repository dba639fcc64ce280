"""``genn-delays data cochlea``: recordings to the spikes of an inner ear."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import click

from genn_delays import datasets
from genn_delays.cli.arguments import set_option
from genn_delays.datasets.audio_source import AudioSource
from genn_delays.datasets.cochlea import RATE, Converted, Ear, convert, files_of
from genn_delays.datasets.corpus import Corpus
from genn_delays.experiment.config import load_config
from genn_delays.experiment.signals import Stopped, StopSignals
from genn_delays.plugins.entry_points import names as plugin_names
from genn_delays.support.cores import available_cores
from genn_delays.support.errors import DataError
from genn_delays.support.paths import expanded


@click.command()
@click.argument("recordings", metavar="IN")
@click.argument("out", metavar="OUT.h5", type=click.Path(path_type=Path))
@set_option
@click.option("--channels", default=Ear.channels, show_default=True, help="Places, and units.")
@click.option("--level", default=Ear.level, show_default="20 log10 0.3", help="Loudness in dB.")
@click.option("--seed", default=Ear.seed, show_default=True, help="Of the chance in the model.")
@click.option("--threads", type=click.IntRange(1, 1024), help="By default one per core.")
def cochlea(
    recordings: str,
    out: Path,
    overrides: tuple[str, ...],
    channels: int,
    level: float,
    seed: int,
    threads: int | None,
) -> None:
    """Convert recordings to the spikes of the inner ear of the Heidelberg data sets.

    IN is a folder or zip archive with CSV lists, as `audio_folder` reads it, or the name or the
    configuration of a data set of recordings, plug-ins included. Makes OUT_train.h5, OUT_valid.h5
    and OUT_test.h5 in the layout of SHD. Recordings of another sample rate than 48 kHz are
    resampled.
    """
    if not math.isfinite(level):
        raise DataError(f"--level is {level}; give a number of dB")
    ear = Ear(channels, level, seed)
    files = files_of(out)
    with StopSignals() as signals:
        try:
            corpus = corpus_of(recordings, overrides)
            made = list(_converted(corpus, ear, files, threads or available_cores()))
        except Stopped:
            click.echo("Stopped; nothing is half written.", err=True)
            sys.exit(signals.exit_code)
    longest = 100.0 * (math.floor(10.0 * max(split.last for split in made)) + 1)
    names = ", ".join(f"{split}: {file.path.name}" for split, file in zip(files, made, strict=True))
    click.echo(
        f"read it with\ndata:\n  name: spike_hdf5\n  path: {out.parent}\n"
        f"  args: {{{names}, units: {channels}, duration: {longest}}}"
    )


def corpus_of(recordings: str, overrides: tuple[str, ...]) -> Corpus:
    """The recordings in a folder or archive, or of a data set by its name or configuration.

    Raises:
        DataError: a data set without recordings, or one that is missing or malformed.
    """
    given = Path(recordings)
    path: Path | None
    if given.suffix in (".yaml", ".yml"):
        data = load_config(given, overrides).data
        path = None if data.path is None else expanded(data.path, "data.path", DataError)
        source = datasets.source(data.chosen, **data.args)
    elif overrides:
        raise DataError("--set changes a configuration; give one as IN")
    elif recordings in datasets.SOURCES or (recordings in plugin_names() and not given.exists()):
        path, source = None, datasets.source(recordings)
    else:
        path, source = expanded(given, "IN", DataError), datasets.source("audio_folder")
    if not isinstance(source, AudioSource):
        kinds = [name for name, kind in datasets.SOURCES.items() if issubclass(kind, AudioSource)]
        raise DataError(f"{recordings} has no recordings; those that have: {', '.join(kinds)}")
    return source.corpus(path, RATE)


def _converted(corpus: Corpus, ear: Ear, files: dict[str, Path], threads: int) -> list[Converted]:
    """All splits, each told of once its file is there."""
    from tqdm import tqdm  # slow to import

    made = []
    total = sum(corpus.counts.values())
    with tqdm(total=total, unit="recording", dynamic_ncols=True, disable=None) as bar:
        for split in convert(corpus, ear, files, threads, bar.update):
            made.append(split)
            mean = split.spikes / max(split.trials, 1)
            bar.write(f"{split.path}: {split.trials} trials, {mean:.0f} spikes each")
            for note, count in split.notes.items():
                bar.write(f"{corpus.where}: recordings with {note}: {count}", file=sys.stderr)
    return made
