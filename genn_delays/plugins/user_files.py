"""A file of the user's as a module: run once for its content, and found again by its checksum.

A checkpoint names a class of such a file by the file's name and checksum: ``mine.py@1f0c…``.
Reading the checkpoint runs nothing that was not named before: the file is either loaded already, or
it was registered, as a run folder does with its copies of the model file and of plug-ins.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Mapping
from importlib.metadata import packages_distributions
from pathlib import Path
from types import ModuleType

from genn_delays.support.errors import CheckpointError, ConfigError, reason

PREFIX = "genn_delays_model_"
DIGITS = 16
"""Hexadecimal digits of the checksum in the name of a module."""
MODEL = "model.file"
"""Where a configuration names the model file."""

_sources: dict[Path, bytes] = {}
"""What was run of each file, which may have been edited since."""
_registered: dict[Path, str] = {}
"""Checksums of files whose classes checkpoints may name, in the order of registering."""
_latest: tuple[Path, ...] = ()
"""The files that were registered together last."""
_names: dict[Path, str] = {}
"""What the original of a run folder's copy is called."""


class UserFile(str):
    """A file as a configuration names it, which is not where it is read from in a run folder.

    Attributes:
        path: where it is read.
    """

    path: Path

    def __new__(cls, named: Path | str, path: Path | None = None) -> UserFile:
        made = super().__new__(cls, named)
        made.path = Path(named).absolute() if path is None else path
        return made


def checksum(source: bytes) -> str:
    """As ``sha256sum`` prints it."""
    return hashlib.sha256(source).hexdigest()


def source_of(path: Path) -> bytes:
    """The content of a file as it was run, or else as it is.

    Raises:
        ConfigError: it cannot be read.
    """
    return _sources[path] if path in _sources else _read(path, MODEL)


def load(path: Path, where: str = MODEL) -> ModuleType:
    """The module of a file, run unless this very content of it has been run before.

    Args:
        where: begins messages: the key that names the file.

    Raises:
        ConfigError: an error in it, with its line, or an import of what lies beside it.
    """
    source = _read(path, where)
    name = PREFIX + checksum(source)[:DIGITS]
    known = sys.modules.get(name)
    if known is not None and known.__file__ == os.path.abspath(path):
        _sources[path] = source
        return known
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None:
        raise ConfigError(f"{where}: {path} is not a Python file; its name ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up by its name
    try:
        tree = ast.parse(source, str(path))
        _check_alone(tree, path, where)
        # what the checksum is of; the loader would read the file again, or an older .pyc
        exec(compile(tree, str(path), "exec"), module.__dict__)
    except BaseException as error:
        del sys.modules[name]
        if isinstance(error, ConfigError) or not isinstance(error, (Exception, SystemExit)):
            raise
        raise ConfigError(f"{where}: {describe(error, path)}") from error
    _sources[path] = source
    return module


def load_file(file: UserFile, where: str) -> ModuleType:
    """As :func:`load`; a run folder's copy has to be as it was registered."""
    if not file.path.is_file():
        raise ConfigError(f"{where}: there is no file {file.path}")
    return load(file.path, where) if str(file.path) == file else load_registered(file.path)


def register(path: Path | str, expected: str | None = None) -> None:
    """Let checkpoints name classes of a file. It is run when the first one does.

    Args:
        path: the file, or a copy of it.
        expected: its SHA-256, by default that of the file as it is now.

    Raises:
        ConfigError: it cannot be read.
    """
    register_together({Path(path): expected})


def register_together(files: Mapping[Path, str | None]) -> None:
    """As :func:`register`, of files that belong together, by their paths."""
    global _latest
    resolved = {path.resolve(): expected for path, expected in files.items()}
    for path, expected in resolved.items():
        _registered.pop(path, None)  # it comes last again
        _registered[path] = checksum(_read(path, "plug-in")) if expected is None else expected
    _latest = tuple(resolved)


def call(path: Path, name: str, *, again: bool = True) -> None:
    """Checkpoints call a copy in a run folder by the name of its original.

    Args:
        again: False leaves a name that it has already.
    """
    if again or path not in _names:
        _names[path] = name


def label_of(module: str) -> str | None:
    """How checkpoints name the module of a user's file; None for other modules."""
    if not module.startswith(PREFIX):
        return None
    path = Path(str(sys.modules[module].__file__))
    return f"{_names.get(path, path.name)}@{module.removeprefix(PREFIX)}"


def find_file(digits: str) -> ModuleType | None:
    """The module of a file that is loaded or registered, by the digits of its label.

    Raises:
        CheckpointError: the file is another than was registered, or there is an error in it.
    """
    if (module := sys.modules.get(PREFIX + digits)) is not None:
        return module
    matching = [path for path, whole in _registered.items() if whole.startswith(digits)]
    return load_registered(matching[-1]) if matching else None


def find_module(name: str) -> ModuleType | None:
    """An imported module; the files that were registered last may be it, or what imports it.

    Raises:
        CheckpointError: as of :func:`find_file`.
    """
    if name in sys.modules:
        return sys.modules[name]
    for path in latest():
        if path.stem == name:
            return load_registered(path)
    for path in latest():
        load_registered(path)
        if name in sys.modules:
            break
    return sys.modules.get(name)


def latest() -> list[Path]:
    """The files that were registered together last."""
    return [path for path in _latest if path in _registered]


def checksum_of(path: Path) -> str:
    """The first digits of the checksum that a file was registered with."""
    return _registered[path][:DIGITS]


def load_registered(path: Path) -> ModuleType:
    """The module of a file as it was registered.

    Raises:
        CheckpointError: the file is another than was registered, or there is an error in it.
    """
    try:
        now, then = checksum(_read(path, "plug-in")), _registered[path]
        if now != then:
            raise CheckpointError(
                f"{path} has changed since the run began: its SHA-256 is {now[:DIGITS]}..., was "
                f"{then[:DIGITS]}...\nput it back as it was, or train anew with `genn-delays run`"
            )
        return load(path)
    except ConfigError as error:
        raise CheckpointError(str(error)) from None


def describe(error: BaseException, path: Path) -> str:
    """File, line and error: the last frame that lies in the file."""
    if isinstance(error, SyntaxError):
        return f"{path}, line {error.lineno}: {error.msg}"
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == str(path)]
    return f"{path}, line {lines[-1] if lines else '?'}: {type(error).__name__}: {error}"


def blamed(error: BaseException) -> str | None:
    """As :func:`describe`, where the error passed through a file of the user's; else None."""
    ran = {str(path) for path in _sources}
    frames = traceback.extract_tb(error.__traceback__)
    files = [frame.filename for frame in frames if frame.filename in ran]
    return describe(error, Path(files[-1])) if files else None


def _read(path: Path, where: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{where}: {path} cannot be read: {reason(error)}") from None


def _check_alone(tree: ast.Module, path: Path, where: str) -> None:
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
                    f"{where}: {path}, line {node.lineno}: imports {module!r} from beside it, "
                    "which a run does not keep; put it all in one file, or install a package"
                )


def _is_beside(module: str, folder: Path) -> bool:
    """Whether a module lies in this folder and is not installed."""
    if not any((folder / name).is_file() for name in (f"{module}.py", f"{module}/__init__.py")):
        return False
    return module not in sys.stdlib_module_names and module not in packages_distributions()
