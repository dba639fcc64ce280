"""A model file as a module: run once for its content, and found again by its checksum.

A checkpoint names a class of a model file by the file's name and checksum: ``model.py@1f0c…``.
Reading the checkpoint runs nothing that was not named before: the file is either loaded already, or
it was registered, as a run folder does with its copy of the model file.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import os
import sys
import traceback
from importlib.metadata import packages_distributions
from pathlib import Path
from types import ModuleType

from genn_delays.support.errors import CheckpointError, ConfigError, reason

PREFIX = "genn_delays_model_"
DIGITS = 16
"""Hexadecimal digits of the checksum in the name of a module."""

_sources: dict[Path, bytes] = {}
"""What was run of each file, which may have been edited since."""
_registered: dict[Path, str] = {}
"""Checksums of files whose classes checkpoints may name, in the order of registering."""


def checksum(source: bytes) -> str:
    """As ``sha256sum`` prints it."""
    return hashlib.sha256(source).hexdigest()


def source_of(path: Path) -> bytes:
    """The content of a model file as it was run, or else as it is.

    Raises:
        ConfigError: it cannot be read.
    """
    return _sources[path] if path in _sources else _read(path)


def load(path: Path) -> ModuleType:
    """The module of a model file, run unless this very content of it has been run before.

    Raises:
        ConfigError: an error in it, with its line, or an import of what lies beside it.
    """
    source = _read(path)
    name = PREFIX + checksum(source)[:DIGITS]
    known = sys.modules.get(name)
    if known is not None and known.__file__ == os.path.abspath(path):
        _sources[path] = source
        return known
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None:
        raise ConfigError(f"model.file: {path} is not a Python file; its name ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up by its name
    try:
        tree = ast.parse(source, str(path))
        _check_alone(tree, path)
        # what the checksum is of; the loader would read the file again, or an older .pyc
        exec(compile(tree, str(path), "exec"), module.__dict__)
    except BaseException as error:
        del sys.modules[name]
        if isinstance(error, ConfigError) or not isinstance(error, (Exception, SystemExit)):
            raise
        raise ConfigError(f"model.file: {describe(error, path)}") from error
    _sources[path] = source
    return module


def register(path: Path | str, expected: str | None = None) -> None:
    """Let checkpoints name classes of a model file. It is run when the first one does.

    Args:
        path: the model file, or a copy of it.
        expected: its SHA-256, by default that of the file as it is now.

    Raises:
        ConfigError: it cannot be read.
    """
    path = Path(path).resolve()
    _registered.pop(path, None)  # it comes last again
    _registered[path] = checksum(_read(path)) if expected is None else expected


def label_of(module: str) -> str | None:
    """How checkpoints name the module of a model file; None for other modules."""
    if not module.startswith(PREFIX):
        return None
    return f"{Path(str(sys.modules[module].__file__)).name}@{module.removeprefix(PREFIX)}"


def find_model(digits: str) -> ModuleType | None:
    """The module of a model file that is loaded or registered, by the digits of its label.

    Raises:
        CheckpointError: the file is another than was registered, or there is an error in it.
    """
    if (module := sys.modules.get(PREFIX + digits)) is not None:
        return module
    matching = [path for path, whole in _registered.items() if whole.startswith(digits)]
    return load_registered(matching[-1]) if matching else None


def find_module(name: str) -> ModuleType | None:
    """An imported module; the model file that was registered last may be what imports it.

    Raises:
        CheckpointError: as of :func:`find_model`.
    """
    if name not in sys.modules and _registered:
        load_registered(next(reversed(_registered)))
    return sys.modules.get(name)


def load_registered(path: Path) -> ModuleType:
    """The module of a model file as it was registered.

    Raises:
        CheckpointError: the file is another than was registered, or there is an error in it.
    """
    try:
        if checksum(_read(path)) != _registered[path]:
            raise CheckpointError(
                f"the model file {path} has changed since the run began (its checksum differs); "
                "put it back as it was"
            )
        return load(path)
    except ConfigError as error:
        raise CheckpointError(str(error)) from None


def describe(error: BaseException, path: Path) -> str:
    """File, line and error: the last frame that lies in the model file."""
    if isinstance(error, SyntaxError):
        return f"{path}, line {error.lineno}: {error.msg}"
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == str(path)]
    return f"{path}, line {lines[-1] if lines else '?'}: {type(error).__name__}: {error}"


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"model.file: {path} cannot be read: {reason(error)}") from None


def _check_alone(tree: ast.Module, path: Path) -> None:
    """Refuse imports from the folder of the file: a run keeps the file, not its neighbours."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = [alias.name.partition(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = ["." * node.level or str(node.module).partition(".")[0]]
        else:
            continue
        for module in modules:
            if module.startswith(".") or _is_beside(module, path.parent):
                raise ConfigError(
                    f"model.file: {path}, line {node.lineno}: imports {module!r} from beside it, "
                    "which a run does not keep; put it all in one file, or install a package"
                )


def _is_beside(module: str, folder: Path) -> bool:
    """Whether a module lies in this folder and is not installed."""
    if not any((folder / name).is_file() for name in (f"{module}.py", f"{module}/__init__.py")):
        return False
    return module not in sys.stdlib_module_names and module not in packages_distributions()
