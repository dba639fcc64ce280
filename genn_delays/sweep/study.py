"""Runs whose settings optuna draws from the outcome of earlier ones, and those it gives up early.

A run of a study has a fixed name, ``trial-0007``, and gets its settings when it is first attempted;
they are kept in ``sweep/trials``, so that a later attempt goes on with them. What counts is the
best accuracy on the validation split, or the least loss there where there are no classes.

The study itself is made anew from the run folders whenever it is asked. So it needs no database
that several machines would have to lock, and cannot say anything else than the runs do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from genn_delays.support import recording
from genn_delays.support.errors import ConfigError
from genn_delays.sweep.axes import Axis, Listed
from genn_delays.sweep.combinations import Space
from genn_delays.sweep.folder import SweepFolder, load_run
from genn_delays.sweep.plan import Plan
from genn_delays.sweep.planned_run import CONDITION
from genn_delays.sweep.sweep_file import TPE
from genn_delays.training import Callback, Metrics, Run

STARTUP = 5
"""Trials that end before any is given up."""

ENDED = {"done": "COMPLETE", "pruned": "PRUNED"}
"""States of a run that has ended, as optuna calls them; others count as RUNNING."""


class Trial(Callback):
    """Watches over the run of a trial; ``is_pruned`` once the study has given it up."""

    def __init__(self, folder: SweepFolder, name: str, pruning: bool) -> None:
        self.folder, self.name, self.pruning = folder, name, pruning
        self.is_pruned = False

    def on_epoch_end(self, trainer: Run, metrics: Mapping[str, Metrics], is_best: bool) -> None:
        if "validation" not in metrics:
            raise ConfigError("search: tpe needs a validation split, which this data set has not")
        if not self.pruning or trainer.state.epoch == trainer.epochs:
            return
        study, trials = _study(self.folder)
        # this epoch stands in the run folder already, as what records a run is called first
        if trials[self.name].intermediate_values:
            self.is_pruned = study.pruner.prune(study, trials[self.name])
        if self.is_pruned:
            trainer.request_stop()


def take_trial(folder: SweepFolder, name: str) -> Trial:
    """The trial of a run, whose settings are drawn unless an earlier attempt has them already."""
    search = _search(folder)
    path = folder.trials / f"{name}.json"
    if not path.is_file():
        study, _ = _study(folder)
        number = list(folder.plan.runs).index(name)
        study.sampler = _sampler(search, number)
        params = study.ask(_distributions(folder.plan.space)).params
        place = {CONDITION: None} | {key: _value(key, params[key], folder) for key in params}
        content = json.dumps({"place": place, "params": params})
        recording.replace(path, content.encode())
    return Trial(folder, name, search.pruning)


def check_space(plan: Plan) -> None:
    """Raise ConfigError where a value that the study may draw makes no configuration."""
    _optuna()
    corner = plan.space.corner()
    places = [
        corner | {key: end} for key, axis in plan.space.axes.items() for end in axis.extremes()
    ]
    places += [corner | {CONDITION: name} for name in plan.space.conditions]
    run = next(iter(plan.runs.values()))
    for place in places:
        load_run(plan, plan.at(run, place))


def _search(folder: SweepFolder) -> TPE:
    if folder.plan.study is None:
        raise ConfigError(f"{folder.path} is not the folder of a study")
    return folder.plan.study


def _optuna() -> Any:
    """The package, which takes most of a second to import."""
    try:
        import optuna
    except ImportError:
        raise ConfigError(
            "search: tpe needs optuna, which is not installed; pip install 'genn-delays[sweep]'"
        ) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _sampler(search: TPE, number: int) -> Any:
    """Of its own for each trial, so that no state has to be kept."""
    return _optuna().samplers.TPESampler(seed=(search.seed + 7919 * number) % 2**32)


def _distributions(space: Space) -> dict[str, Any]:
    made = {key: _distribution(axis) for key, axis in space.axes.items()}
    if space.conditions:
        made[CONDITION] = _optuna().distributions.CategoricalDistribution(list(space.conditions))
    return made


def _distribution(axis: Axis) -> Any:
    kinds = _optuna().distributions
    if isinstance(axis, Listed):  # optuna's choices are numbers and texts alone
        return kinds.CategoricalDistribution([json.dumps(value) for value in axis.values])
    if axis.whole:
        return kinds.IntDistribution(int(axis.low), int(axis.high), log=axis.logarithmic)
    return kinds.FloatDistribution(float(axis.low), float(axis.high), log=axis.logarithmic)


def _value(key: str, drawn: Any, folder: SweepFolder) -> Any:
    listed = isinstance(folder.plan.space.axes.get(key), Listed)
    return json.loads(drawn) if listed else drawn


def _study(folder: SweepFolder) -> tuple[Any, dict[str, Any]]:
    """The study as the run folders tell it, and its trials by the names of their runs."""
    optuna = _optuna()
    pruner = optuna.pruners.MedianPruner(n_startup_trials=STARTUP)
    study = optuna.create_study(direction="maximize", pruner=pruner)
    distributions, made = _distributions(folder.plan.space), {}
    for state in folder.states():
        name = state.run.name
        path = folder.trials / f"{name}.json"
        if path.is_file() and state.state != "failed":
            scores = _scores(folder, name)
            study.add_trial(
                optuna.trial.create_trial(
                    state=optuna.trial.TrialState[ENDED.get(state.state, "RUNNING")],
                    value=max(scores.values()) if state.state in ENDED and scores else None,
                    params=json.loads(path.read_text(encoding="utf-8"))["params"],
                    distributions=distributions,
                    intermediate_values=scores,
                )
            )
            made[name] = study.trials[-1]
    return study, made


def _scores(folder: SweepFolder, name: str) -> dict[int, float]:
    """What a run reached on the validation split by epoch; more is better."""
    return {
        line["epoch"]: line.get("accuracy", -line["loss"])
        for line in folder.run_folder(name).read_metrics()
        if line["split"] == "validation"
    }
