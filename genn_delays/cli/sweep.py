"""``genn-delays sweep``: many runs of one experiment."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from genn_delays.cli.arguments import set_option
from genn_delays.cli.groups import WithDefault
from genn_delays.experiment.config import Config
from genn_delays.experiment.experiment import check_callbacks
from genn_delays.experiment.signals import StopSignals
from genn_delays.support.cores import available_cores
from genn_delays.support.errors import ConfigError, TrainingError, short
from genn_delays.sweep.collect import write_tables
from genn_delays.sweep.devices import device_groups, visible_devices
from genn_delays.sweep.execution import TAKEN, Outcome
from genn_delays.sweep.folder import RunState, SweepFolder, counted, load_run, origin_of
from genn_delays.sweep.jobs import check_cluster, submit
from genn_delays.sweep.local import LocalSweep
from genn_delays.sweep.plan import Plan, plan_of
from genn_delays.sweep.planned_run import PlannedRun
from genn_delays.sweep.study import check_space
from genn_delays.sweep.sweep_file import read_sweep_file

AGAIN = ("waiting", "stopped", "killed")
"""States of runs that are started; `restart` adds those that have failed."""
LOST = ("failed", "killed")
"""States of runs whose log somebody wants to read."""


class _Sweep(WithDefault):
    default = "start"


@click.group(cls=_Sweep, subcommand_metavar="SWEEP.yaml | COMMAND [ARGS]...")
def sweep() -> None:
    """Run an experiment many times: `genn-delays sweep SWEEP.yaml`.

    A sweep file names the configuration, conditions, axes and seeds. Each run has its own run
    folder; what is done is not run again, what was stopped goes on. Several such commands, on
    several machines too, share the work on one folder.
    """


jobs_option = click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Runs at once; by default one per core, or as the GPUs allow. They share the cores out.",
)
on_option = click.option(
    "--on",
    "where",
    type=click.Choice(["here", "slurm", "submitit"]),
    default="here",
    show_default=True,
    help="Workers of this machine, an array of jobs for Slurm, or submitit without Slurm.",
)
folder_argument = click.argument("folder", type=click.Path(path_type=Path))


@sweep.command()
@click.argument("sweep_file", metavar="SWEEP.yaml", type=click.Path(path_type=Path))
@set_option
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="Folder of the sweep; by default runs/<folder of the sweep file>/<its name>.",
)
@jobs_option
@on_option
@click.option("--dry-run", is_flag=True, help="Print the runs, start nothing.")
def start(
    sweep_file: Path,
    overrides: tuple[str, ...],
    output: Path | None,
    jobs: int | None,
    where: str,
    dry_run: bool,
) -> None:
    """Begin a sweep, or go on with it."""
    file, beside = read_sweep_file(sweep_file), sweep_file.resolve().parent
    try:
        plan = plan_of(file, beside, overrides)
        configs = check_runs(plan)
    except ConfigError as error:
        raise ConfigError(f"{sweep_file}: {error}") from None
    path = output or Path("runs") / beside.name / sweep_file.stem
    if dry_run:
        SweepFolder.check(path, plan)
        for run in plan.runs.values():
            click.echo(f"{run.name}: {'  '.join(plan.overrides(run)) or 'as it is'}")
        click.echo(f"{len(plan.runs)} runs; nothing was started", err=True)
        return
    starter = starter_for(where, plan, jobs)
    folder = SweepFolder.join(path, plan, origin_of(file, beside, overrides))
    carry_on(folder, starter, AGAIN, configs)


@sweep.command()
@folder_argument
@jobs_option
@on_option
def restart(folder: Path, jobs: int | None, where: str) -> None:
    """Start the failed, killed and stopped runs of a sweep again, and what waits."""
    opened = SweepFolder.open(folder)
    opened.check_unchanged()
    starter = starter_for(where, opened.plan, jobs)
    carry_on(opened, starter, (*AGAIN, "failed"), check_runs(opened.plan))


@sweep.command()
@folder_argument
def status(folder: Path) -> None:
    """Say where the runs of a sweep are, and why some are not done."""
    opened = SweepFolder.open(folder)
    states = opened.states()
    for each in states:
        if each.state not in ("done", "waiting"):
            click.echo(f"{each.run.name}: {_about(each)}{_log(opened, each)}")
    click.echo(_counts(states))


@sweep.command()
@folder_argument
def collect(folder: Path) -> None:
    """Make runs.csv and table.md of the runs that are done, and print the latter."""
    click.echo(write_tables(SweepFolder.open(folder)))


def check_runs(plan: Plan) -> dict[str, Config]:
    """The configuration of every run by its name; of a study, none.

    Raises:
        ConfigError: what is wrong, and for which run.
    """
    if plan.study:
        check_space(plan)
        return {}
    configs = {name: load_run(plan, run) for name, run in plan.runs.items()}
    for config in configs.values():
        check_callbacks(config)
    return configs


Starter = Callable[[SweepFolder, Sequence[RunState], dict[str, Config]], None]


def starter_for(where: str, plan: Plan, jobs: int | None) -> Starter:
    """What carries runs out, once it is known that it can.

    Raises:
        ConfigError: this machine cannot.
    """
    if where == "here":
        needs = plan.needs
        if not needs.gpus and jobs is None:
            jobs = min(available_cores(), len(plan.runs))
        devices = device_groups(visible_devices() if needs.gpus else [], needs.gpus, jobs)

        def start_here(
            folder: SweepFolder, states: Sequence[RunState], configs: dict[str, Config]
        ) -> None:
            _run_here(folder, states, configs, devices)
            conclude(folder)

        return start_here
    check_cluster(where, plan.needs)

    def start(folder: SweepFolder, states: Sequence[RunState], configs: dict[str, Config]) -> None:
        submit(folder, states, where, jobs, click.echo)
        if where == "submitit":
            conclude(folder)

    return start


def carry_on(
    folder: SweepFolder, starter: Starter, which: Sequence[str], configs: dict[str, Config]
) -> None:
    """Start the runs that are in one of the states, and say what became of the sweep."""
    states = folder.states()
    chosen = [each for each in states if each.state in which]
    click.echo(f"{len(chosen)} of {len(states)} runs to start in {folder.path}")
    starter(folder, chosen, configs)


def _run_here(
    folder: SweepFolder,
    states: Sequence[RunState],
    configs: dict[str, Config],
    devices: Sequence[str | None],
) -> None:
    def configure(run: PlannedRun) -> Config:
        return configs[run.name] if run.name in configs else folder.load(run)

    ended: Counter[str] = Counter()

    def report(name: str, outcome: Outcome) -> None:
        ended.update([outcome.state])
        number = f"{sum(ended.values())}/{len(states)}"
        log = f"; log: {folder.logs / name}.txt" if outcome.state in LOST else ""
        click.echo(f"{number} {name}: {short(f'{outcome.state} {outcome.message}', 200)}{log}")

    with StopSignals() as signals:
        local = LocalSweep(folder, configure, devices, report)
        signals.request = local.stop
        local.run(states)
    if signals.received is not None:
        click.echo(f"{_counts(folder.states())}\nStopped; the same command goes on.", err=True)
        sys.exit(signals.exit_code)
    if ended[TAKEN]:
        click.echo("other processes are at work on this sweep too", err=True)


def conclude(folder: SweepFolder) -> None:
    """Say where the runs are, and once all have ended what they came to.

    Raises:
        TrainingError: some have not ended as they should.
    """
    after = folder.states()
    click.echo(_counts(after))
    if idle := sum(each.state == "waiting" for each in after):
        raise TrainingError(f"{idle} runs have not begun; what their jobs say is in {folder.logs}")
    lost = [each for each in after if each.state in LOST]
    if lost:
        first = f"{lost[0].run.name}{_log(folder, lost[0])}"
        raise TrainingError(
            f"{len(lost)} of {len(after)} runs failed or were killed; the first: {first}\n"
            f"run these again: genn-delays sweep restart {folder.path}"
        )
    if all(each.state in ("done", "pruned") for each in after):
        click.echo(write_tables(folder))


def _counts(states: Sequence[RunState]) -> str:
    return f"{len(states)} runs: {counted(states)}"


def _log(folder: SweepFolder, each: RunState) -> str:
    """Where to read what a run that is lost printed."""
    log = folder.log_of(each) if each.state in LOST else None
    return f"; log: {log}" if log else ""


def _about(each: RunState) -> str:
    attempt = each.attempt
    assert attempt is not None
    who: dict[str, Any] = attempt.who
    where = f" on {who['host']} (process {who['pid']})" if each.state == "running" and who else ""
    message = f": {short(attempt.message, 200)}" if attempt.message else ""
    return f"{each.state}{where}, attempt {attempt.number}{message}"
