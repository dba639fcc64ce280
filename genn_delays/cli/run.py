"""``genn-delays run``: train what a configuration describes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from genn_delays.cli.arguments import config_argument, set_option
from genn_delays.cli.processes import together
from genn_delays.experiment.config import load_config
from genn_delays.experiment.config_changes import accepted_changes, as_attribute
from genn_delays.experiment.experiment import Experiment
from genn_delays.experiment.run import begun, outcome, resumed, train
from genn_delays.experiment.run_folder import RunFolder
from genn_delays.experiment.signals import Stopped, StopSignals
from genn_delays.parallel import Ranks
from genn_delays.parallel.launch import launch
from genn_delays.support import recording
from genn_delays.training import Interrupted


@click.command()
@config_argument
@set_option
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="Run folder, which must not hold anything yet; by default runs/<config>-<time>.",
)
@click.option(
    "--resume",
    "go_on",
    is_flag=True,
    help="Go on with the run in --output if there is one, for scripts that are started again.",
)
def run(config: Path, overrides: tuple[str, ...], output: Path | None, go_on: bool) -> None:
    """Train a network, keeping everything about it in a run folder.

    Ends with the test accuracy of the epoch that did best on the validation split. Ctrl-C or
    SIGTERM, or SIGUSR1 or SIGUSR2 of a batch system, stops after the current batch;
    `genn-delays resume` goes on from there.
    """
    if go_on and output is None:
        raise click.UsageError("--resume needs --output, the folder of the run")
    with stoppable() as signals, together() as ranks:
        if go_on and output is not None and ranks.told(RunFolder(output).config.is_file):
            _go_on(output, config, overrides, signals, ranks)
            return
        loaded = load_config(config, overrides)
        ranks.told(lambda: RunFolder.check_free(output))
        # the first time it may have to be made, which takes a while
        click.echo(f"preparing the data set {loaded.data.name!r}")
        begin = begun(loaded, config.stem, output, signals, ranks=ranks)
        with begin as (folder, experiment):
            click.echo(f"training in {folder.path}")
            train_and_report(folder, experiment, signals)


def _go_on(
    output: Path, path: Path, overrides: tuple[str, ...], signals: StopSignals, ranks: Ranks
) -> None:
    """Resume a run as far as this configuration allows, unless it is complete."""
    with opened(output, ranks) as folder:
        if ranks.told(lambda: _adopt(folder, path, overrides)):
            click.echo(f"going on in {folder.path}")
            train_and_report(folder, resumed(folder, ranks=ranks), signals)


def _adopt(folder: RunFolder, path: Path, overrides: tuple[str, ...]) -> bool:
    """Give a run what may be changed of its configuration; False where it is complete."""
    config = load_config(path, overrides, folder.kept)
    before = as_attribute(folder.load_config())
    changes = accepted_changes(config, before, path, folder.kept)
    for change in changes:
        click.echo(change, err=True)
    if changes:
        recording.replace(folder.config, config.to_yaml().encode())
    elif folder.summary.is_file():
        click.echo(f"complete already: {outcome(folder.read_summary())}")
        click.echo(f"run folder: {folder.path}")
        return False
    return True


@contextmanager
def opened(path: Path, ranks: Ranks) -> Iterator[RunFolder]:
    """The folder of an earlier run, which the first of the ranks locks."""
    folder = RunFolder.open(path)
    with ExitStack() as stack:
        ranks.told(lambda: stack.enter_context(folder.lock()).path)
        yield folder


@contextmanager
def stoppable() -> Iterator[StopSignals]:
    """Signals end the command with their documented exit code."""
    with StopSignals(kept=launch().count > 1) as signals:
        try:
            yield signals
        except Stopped:
            click.echo("Stopped before the first batch; nothing was changed.", err=True)
            sys.exit(signals.exit_code)


def train_and_report(folder: RunFolder, experiment: Experiment, signals: StopSignals) -> None:
    """Train in a run folder that the caller has locked, print the outcome, draw the picture."""
    ranks = experiment.trainer.ranks
    try:
        with experiment.simulation:
            summary = train(folder, experiment, signals)
    except Interrupted:
        signals.received = ranks.largest("the signal", signals.received or 0) or None
        click.echo(f"Stopped; go on with: genn-delays resume {folder.path}", err=True)
        sys.exit(signals.exit_code if signals.received else 0)  # a callback may ask for it too
    if not ranks.is_first:
        return
    click.echo(outcome(summary))
    click.echo(f"run folder: {folder.path}")
    # matplotlib takes half a second to import, and only the picture needs it
    from genn_delays.figures import plot_run

    plot_run(folder)
    click.echo(f"picture:    {folder.picture}")
