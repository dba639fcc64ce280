"""Model files: Python files with a function ``build(*, inputs, outputs, seed, ...) -> Network``.

Where the network is a published one, ``CITES`` holds the keys of what to cite for it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import ConfigDict, ValidationError, create_model

from genn_delays import models
from genn_delays.declaration.network import Network
from genn_delays.plugins.user_files import describe, load
from genn_delays.support.errors import ConfigError, GennDelaysError, reason, suggest
from genn_delays.support.paths import expanded
from genn_delays.support.references import ENTRIES

SUPPLIED = ("inputs", "outputs", "seed")
"""Arguments of ``build`` that the run supplies: the data set's units and classes, the seed."""


def path_of(given: Path, folder: Path) -> Path:
    """The model file that a configuration names: a path, or the name of an installed model.

    Args:
        folder: where a relative path starts. A file there goes before an installed model.
    """
    path = (folder / expanded(given, "model.file")).resolve()
    installed = models.file_of(str(given))
    return path if installed is None or path.is_file() else installed


def load_build(path: Path) -> Callable[..., Network]:
    """The function ``build`` of a model file.

    Raises:
        ConfigError: no such file, an error in it (with its line), or no usable ``build``.
    """
    if not path.is_file():
        hint = suggest(path.name, models.names())
        others = "" if path.suffix else f", and no installed model of that name; {hint}"
        raise ConfigError(f"model.file: there is no file {path}{others}")
    build = getattr(load(path), "build", None)
    if not callable(build):
        raise ConfigError(
            f"model.file: {path} has no function build(*, inputs, outputs, seed, ...)"
        )
    missing = [name for name in SUPPLIED if name not in inspect.signature(build).parameters]
    if missing:
        raise ConfigError(f"model.file: build() in {path} lacks the argument {missing[0]!r}")
    return build


def cited_in(path: Path) -> tuple[str, ...]:
    """Keys of the publications that a model file is from: its ``CITES``, () without it.

    Raises:
        ConfigError: a key that there is no reference for (the nearest is named).
    """
    given = getattr(load(path), "CITES", ())
    keys = (given,) if isinstance(given, str) else tuple(given)
    for key in keys:
        if key not in ENTRIES:
            hint = suggest(str(key), ENTRIES)
            raise ConfigError(f"model.file: {path} cites {key!r}, which is no known key; {hint}")
    return keys


def resolve_args(build: Callable[..., Network], args: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of ``build`` with its defaults, checked against its annotations.

    Args:
        build: what :func:`load_build` gives.
        args: ``model.args`` of a configuration, without the supplied arguments.

    Raises:
        ConfigError: an unknown argument (the nearest is named), a wrong type, a missing one.
    """
    parameters = inspect.signature(build).parameters
    names = [name for name in parameters if name not in SUPPLIED]
    for name in args:
        if name in SUPPLIED:
            raise ConfigError(f"model.args.{name}: the run supplies it; remove it here")
        if name not in names:
            raise ConfigError(f"model.args.{name}: unknown argument; {suggest(name, names)}")
    try:
        hints = get_type_hints(build)
    except Exception as error:
        raise ConfigError(
            f"model.file: the annotations of build() in {_file(build)}: {reason(error)}"
        ) from None
    declared: dict[str, Any] = {
        name: (hints.get(name, Any), _default(parameters[name])) for name in names
    }
    config = ConfigDict(protected_namespaces=(), arbitrary_types_allowed=True, allow_inf_nan=False)
    try:
        checked = create_model("build", __config__=config, **declared)(**args)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in ("model", "args", *first["loc"]))
        given = "" if first["type"] == "missing" else f", {first['input']!r} given"
        raise ConfigError(f"{place}: {first['msg'].lower()}{given}") from None
    return {name: getattr(checked, name) for name in names}


def build_network(
    path: Path, args: Mapping[str, Any], *, inputs: int, outputs: int, seed: int
) -> Network:
    """The network that a model file declares.

    Args:
        path: the model file.
        args: ``model.args`` of a configuration.
        inputs: input units of the data set.
        outputs: classes of the data set.
        seed: seeds the initial weights and delays.

    Raises:
        ConfigError: see :func:`load_build` and :func:`resolve_args`; or ``build`` fails.
        NetworkError: impossible values.
    """
    build = load_build(path)
    arguments = resolve_args(build, args)
    try:
        network = build(inputs=inputs, outputs=outputs, seed=seed, **arguments)
    except GennDelaysError:
        raise
    except (Exception, SystemExit) as error:
        raise ConfigError(f"model.file: {describe(error, path)}") from error
    if not isinstance(network, Network):
        raise ConfigError(f"model.file: build() in {path} returned {network!r}, not a gd.Network")
    return network


def _file(build: Callable[..., Network]) -> str:
    return inspect.getsourcefile(build) or "?"


def _default(parameter: inspect.Parameter) -> Any:
    """What pydantic takes for it: ``...`` where there is none."""
    return ... if parameter.default is inspect.Parameter.empty else parameter.default
