"""Reasoners in HDF5 files, whole or not there: a model, and training to go on from bit for bit.

In a file there are

    /            format, version; model: JSON text of settings and precision
    /parameters  a flat column per parameter
    /trainer     counters: JSON text; state/<parameter>: columns of the update rule; best: the
                 parameters of the best epoch
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from genn_delays.graphs.knowledge import KnowledgeGraph
from genn_delays.graphs.model import DTYPES, Model
from genn_delays.graphs.parameters import Parameters
from genn_delays.graphs.reasoner import Reasoner
from genn_delays.graphs.training import State, Trainer, Training
from genn_delays.support.errors import CheckpointError, ConfigError, reason
from genn_delays.support.hdf5 import Group, read_hdf5
from genn_delays.support.hdf5_image import hdf5_image
from genn_delays.support.recording import replace, writing

FORMAT, VERSION = "genn-delays reasoner", 1
REMEDY = "use another file of the run"


def save(path: Path | str, model: Model, parameters: Parameters | None = None) -> None:
    """Write a model; by default with the parameters that it has.

    Raises:
        CheckpointError: the file cannot be written.
    """
    _write(Path(path), model, parameters or model.parameters, None)


def load(path: Path | str, threads: int | None = None) -> Model:
    """Read a model.

    Raises:
        CheckpointError: missing, damaged, or no model of a reasoner.
    """
    root = _read(Path(path))
    reasoner, precision = _settings(root)
    parameters = _parameters(root.group("parameters"), reasoner)
    return Model(reasoner, parameters, precision=precision, threads=threads)


def save_training(path: Path | str, trainer: Trainer) -> None:
    """Write a checkpoint.

    Raises:
        CheckpointError: the file cannot be written.
    """
    _write(Path(path), trainer.model, trainer.model.parameters, trainer)


def resume(path: Path | str, trainer: Trainer) -> None:
    """Put a trainer where a checkpoint left off; it has to be made as the one that was saved.

    Raises:
        CheckpointError: missing, damaged, or of other settings or data.
    """
    root = _read(Path(path))
    model = trainer.model
    if _settings(root) != (model.reasoner, model.precision):
        raise CheckpointError(
            f"{path} was trained with another reasoner; give it the same settings"
        )
    group = root.group("trainer")
    before, now = group.json("counters"), _circumstances(trainer)
    for name, value in now.items():
        if not isinstance(before, dict) or before.get(name) != value:
            raise CheckpointError(
                f"{path} was trained with another {name}; give it the same to go on, or choose "
                "another folder to begin anew"
            )
    state, shapes = _state(group, before), model.reasoner.shapes()
    parameters = _parameters(root.group("parameters"), model.reasoner)
    for name, column in model.parameters.columns.items():
        kept = group.group("state").group(name)
        size = int(np.prod(shapes[name]))
        column.state = {key: kept.column(key, size, "f") for key in kept.members}
        column.value[:] = parameters.columns[name].value
    trainer.best = _parameters(group.group("best"), model.reasoner)
    trainer.state = state


def _write(path: Path, model: Model, parameters: Parameters, trainer: Trainer | None) -> None:
    settings = {"reasoner": asdict(model.reasoner), "precision": model.precision}

    def fill(file: h5py.File) -> None:
        file.attrs.update(format=FORMAT, version=VERSION, model=json.dumps(settings))
        _fill(file.create_group("parameters"), parameters)
        if trainer is None:
            return
        group = file.create_group("trainer")
        group["counters"] = json.dumps(_circumstances(trainer) | asdict(trainer.state))
        _fill(group.create_group("best"), trainer.best)
        states = group.create_group("state")
        for name, column in model.parameters.columns.items():
            kept = states.create_group(name)
            for key, values in column.state.items():
                kept[key] = values

    with writing(path):
        replace(path, hdf5_image(fill))


def _fill(group: h5py.Group, parameters: Parameters) -> None:
    for name, column in parameters.columns.items():
        group[name] = column.value


def _circumstances(trainer: Trainer) -> dict[str, str]:
    """What has to be the same where training goes on."""
    training: Training = trainer.training
    names = [f.name for f in fields(training) if f.name != "epochs"]  # there may be more now
    settings = {name: repr(getattr(training, name)) for name in names}
    return {"training": json.dumps(settings), "data": _digest(trainer.data)}


def _digest(data: KnowledgeGraph) -> str:
    found = hashlib.sha256()
    for asked in (data.train, data.valid):
        for array in (asked.graph.facts, asked.facts, asked.known.facts):
            found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def _read(path: Path) -> Group:
    if not path.is_file():
        raise CheckpointError(f"there is no file {path}; check the path")
    parts = ("parameters", "trainer")
    root = read_hdf5(path, parts, error=CheckpointError, remedy=REMEDY)
    if "format" not in root.attributes or root.text("format") != FORMAT:
        raise CheckpointError(f"{path} is not a reasoner of genn-delays; check the path")
    if root.whole("version") != VERSION:
        raise CheckpointError(
            f"{path} has version {root.whole('version')}, this release reads version {VERSION}; "
            "use the release that wrote it"
        )
    return root


def _settings(root: Group) -> tuple[Reasoner, Any]:
    given = root.json("model")
    try:
        if given["precision"] not in DTYPES:
            raise ConfigError(f"precision {given['precision']!r}")
        return Reasoner(**given["reasoner"]), given["precision"]
    except (TypeError, KeyError, ConfigError) as error:
        raise root.damaged(f"has a 'model' that is none ({reason(error)})") from None


def _parameters(group: Group, reasoner: Reasoner) -> Parameters:
    return Parameters(
        {
            name: group.column(name, int(np.prod(shape)), "f").reshape(shape)
            for name, shape in reasoner.shapes().items()
        }
    )


def _state(group: Group, counters: dict[str, Any]) -> State:
    names = {f.name: f.type for f in fields(State)}
    try:
        state = State(**{name: counters[name] for name in names})
        whole = (state.epoch, state.batch, state.best_epoch)
        if (
            min(whole) < 0
            or not all(type(n) is int for n in whole)
            or type(state.history) is not list
        ):
            raise ValueError("a count that is none")
        float(state.loss), float(state.best_score), float(state.seconds)
    except (TypeError, KeyError, ValueError) as error:
        raise group.damaged(f"has 'counters' that are none ({reason(error)})") from None
    return state
