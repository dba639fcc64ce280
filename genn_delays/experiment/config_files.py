"""The user's files that a configuration names: wherever ``file`` stands beside ``name``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from genn_delays.plugins.user_files import UserFile
from genn_delays.support.errors import ConfigError
from genn_delays.support.paths import expanded

Place = Callable[[str, str], UserFile]
"""From a file as a configuration has it, and the key that has it, to where it is."""


def placed(data: Any, place: Place, where: str = "") -> Any:
    """The plain values of a configuration with every plug-in's file in its place.

    Args:
        where: the key of ``data``, for messages.

    Raises:
        ConfigError: a file that is no path.
    """
    if isinstance(data, list):
        return [placed(value, place, f"{where}[{k}]") for k, value in enumerate(data)]
    if not isinstance(data, Mapping):
        return data
    made = {key: placed(value, place, f"{where}.{key}".lstrip(".")) for key, value in data.items()}
    if "name" in made and made.get("file") is not None and where != "model":
        key = f"{where}.file"
        if not isinstance(made["file"], str):
            raise ConfigError(f"{key}: {made['file']!r} given; give the path of a Python file")
        made["file"] = place(made["file"], key)
    return made


def beside(folder: Path) -> Place:
    """Relative paths start from a folder."""

    def place(file: str, where: str) -> UserFile:
        return UserFile((folder / expanded(file, where)).resolve())

    return place


def files_of(data: Any) -> list[Path]:
    """The files that a configuration names, each once, in the order of their paths.

    Args:
        data: plain values, with whole paths.
    """
    found: set[Path] = set()

    def note(file: str, where: str) -> UserFile:
        found.add(Path(file))
        return UserFile(file)

    placed(data, note)
    return sorted(found)


def check_names(files: list[Path], model: Path) -> None:
    """Raise ConfigError for two files of one name, which no run folder could keep."""
    seen: dict[str, Path] = {}
    for file in files:
        if file != model and (other := seen.setdefault(file.name, file)) != file:
            raise ConfigError(
                f"{other} and {file} have the same name, by which a run keeps them; rename one"
            )
