"""What was edited in the configuration of a run between training and going on.

A run has one configuration. What changes neither the network nor the data nor how it learns may
be edited, and every such edit is said; anything else is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from genn_delays.experiment.config import Config, validated
from genn_delays.experiment.kept_files import KeptFiles
from genn_delays.support.errors import CheckpointError, ConfigError

ACCEPTED = {
    "training.epochs": "what follows from their number, such as schedules, follows the new one",
    "training.early_stopping": "it holds from here on",
    "backend.name": "backends differ in the last digits",
    "backend.threads": "no result depends on it",
    "data.path": "the data there have to be the same",
    "data.args.cache": "no result depends on it",
}
"""Keys that may be edited, and what their change means. Keys below them belong to them."""


def accepted_changes(
    config: Config, before: object, path: Path, kept: KeptFiles | None = None
) -> list[str]:
    """Lines about what differs from the configuration that a checkpoint was trained with.

    Args:
        config: of the run folder.
        before: what :func:`as_attribute` gave when the checkpoint was saved; None in checkpoints
            of earlier releases, of which nothing can be said.
        path: of the configuration, for messages.
        kept: the copies of the user's files that the run folder keeps.

    Raises:
        CheckpointError: what differs may not, or ``before`` is no configuration.
    """
    if before is None:
        return []
    try:
        trained = validated(before, kept=kept)
    except (ValidationError, ConfigError):
        raise CheckpointError(
            f"{path.parent}: the configuration in the checkpoint is damaged or of another "
            "release; use the release that wrote it"
        ) from None
    accepted, refused = [], []
    for key, now, then in _differences(as_attribute(config), as_attribute(trained)):
        text = f"{key} is {_text(now)}, was {_text(then)}"
        reasons = (why for name, why in ACCEPTED.items() if f"{key}.".startswith(f"{name}."))
        reason = next(reasons, None)
        if reason is None:
            refused.append(text)
        else:
            accepted.append(f"{text}: {reason}")
    if refused:
        raise CheckpointError(
            f"{path} is not what this run was trained with: {'; '.join(refused)}\n"
            f"write the old values back, or train anew: genn-delays run {path} --output FOLDER"
        )
    return accepted


def as_attribute(config: Config) -> dict[str, Any]:
    """The configuration as plain values, for the attributes of a checkpoint."""
    return config.model_dump(mode="json")


_ABSENT = object()


def _differences(now: object, then: object, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Place and both values of what differs, mapping by mapping."""
    if isinstance(now, Mapping) and isinstance(then, Mapping):
        for key in dict.fromkeys([*then, *now]):
            inner = f"{place}.{key}" if place else str(key)
            yield from _differences(now.get(key, _ABSENT), then.get(key, _ABSENT), inner)
    elif now != then or isinstance(now, bool) != isinstance(then, bool):
        yield place, now, then


def _text(value: object) -> str:
    return "absent" if value is _ABSENT else json.dumps(value, ensure_ascii=False)
