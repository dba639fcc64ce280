"""``genn-delays resume``: go on with a run that was stopped."""

from __future__ import annotations

from pathlib import Path

import click

from genn_delays.cli.arguments import run_argument
from genn_delays.cli.processes import together
from genn_delays.cli.run import opened, stoppable, train_and_report
from genn_delays.experiment.run import resumed


@click.command()
@run_argument
def resume(run_dir: Path) -> None:
    """Go on with a run from its checkpoint, or else from the beginning.

    The result is the same, bit for bit, as without the stop. Of config.yaml only training.epochs,
    training.early_stopping, backend, data.path and data.args.cache may have been edited.
    """
    with stoppable() as signals, together() as ranks, opened(run_dir, ranks) as folder:
        train_and_report(folder, resumed(folder, ranks=ranks), signals)
