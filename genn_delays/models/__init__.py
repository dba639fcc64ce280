"""Networks that are ready to be built: ``gd.models.dcls.build(inputs=40, outputs=20, seed=1)``.

In a configuration they go by name, ``file: dcls``. They are the files of the folder ``models`` of
the repository, which the build of the package copies to here.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).resolve().parent
FOLDER = HERE if (HERE / "feedforward.py").is_file() else HERE.parents[1] / "models"
"""Where the files lie: here, or in a checkout of the repository."""

if FOLDER != HERE:
    __path__.append(str(FOLDER))


def names() -> list[str]:
    """Names of the models."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")


def file_of(name: str) -> Path | None:
    """The file of a model; None where there is none of that name."""
    return FOLDER / f"{name}.py" if name in names() else None


def __getattr__(name: str) -> ModuleType:
    if name in names():
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *names()]
