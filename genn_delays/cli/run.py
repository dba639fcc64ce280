"""``genn-delays run``: train what a configuration describes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from genn_delays.cli.arguments import config_argument, set_option
from genn_delays.experiment.config import load_config
from genn_delays.experiment.experiment import Experiment, load_dataset, make_network, prepare
from genn_delays.experiment.run import outcome, train
from genn_delays.experiment.run_folder import RunFolder
from genn_delays.experiment.signals import Stopped, StopSignals
from genn_delays.training import Interrupted


@click.command()
@config_argument
@set_option
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="Run folder, which must not hold anything yet; by default runs/<config>-<time>.",
)
def run(config: Path, overrides: tuple[str, ...], output: Path | None) -> None:
    """Train a network, keeping everything about it in a run folder.

    Ends with the test accuracy of the epoch that did best on the validation split. Ctrl-C or
    SIGTERM stops after the current batch; `genn-delays resume` goes on from there.
    """
    with stoppable() as signals:
        loaded = load_config(config, overrides)
        contents = RunFolder.contents(loaded)
        RunFolder.check_free(output)
        # the first time it may have to be made, which takes a while
        click.echo(f"preparing the data set {loaded.data.name!r}")
        dataset = load_dataset(loaded)
        experiment = prepare(loaded, dataset, make_network(loaded, dataset))
        # from here on a signal ends the run in its folder, after the first batch
        signals.request = experiment.trainer.request_stop
        with RunFolder.claim(config.stem, output).lock() as folder:
            folder.begin(loaded, contents)
            click.echo(f"training in {folder.path}")
            train_and_report(folder, experiment, signals)


@contextmanager
def stoppable() -> Iterator[StopSignals]:
    """Signals end the command with their documented exit code."""
    with StopSignals() as signals:
        try:
            yield signals
        except Stopped:
            click.echo("Stopped before the first batch; nothing was changed.", err=True)
            sys.exit(signals.exit_code)


def train_and_report(folder: RunFolder, experiment: Experiment, signals: StopSignals) -> None:
    """Train in a run folder that the caller has locked, print the outcome, draw the picture."""
    try:
        with experiment.simulation:
            summary = train(folder, experiment, signals)
    except Interrupted:
        click.echo(f"Stopped; go on with: genn-delays resume {folder.path}", err=True)
        sys.exit(signals.exit_code if signals.received else 0)  # a callback may ask for it too
    click.echo(outcome(summary))
    click.echo(f"run folder: {folder.path}")
    # matplotlib takes half a second to import, and only the picture needs it
    from genn_delays.analysis.plots import plot_run

    plot_run(folder)
    click.echo(f"picture:    {folder.picture}")
