"""Which combinations of conditions and axes a sweep has: all of them, or some that are drawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

import numpy as np

from genn_delays.support.errors import ConfigError, suggest
from genn_delays.sweep.axes import LEVELS, Axis, Listed
from genn_delays.sweep.planned_run import CONDITION, Levels, labels_of
from genn_delays.sweep.sweep_file import Random, SweepFile

DRAWS = 100
"""Draws for each run of a random search before it is said that there are no more combinations."""

Place = dict[str, Any]
"""The condition and the value on each axis, by key."""


@dataclass(frozen=True)
class Space:
    """The axes by key, the settings of each condition, and axes that go together."""

    axes: dict[str, Axis]
    conditions: dict[str, dict[str, Any]]
    together: list[list[str]]

    @staticmethod
    def of(file: SweepFile) -> Space:
        """What a sweep file declares.

        Raises:
            ConfigError: an axis that is none, or a key that is given twice.
        """
        conditions = {name: settings or {} for name, settings in file.conditions.items()}
        space = Space(file.made_axes(), conditions, file.zip)
        for where, settings in {**conditions, "set": file.set}.items():
            for key in settings:
                if key in space.axes:
                    raise ConfigError(f"{where}: {key} is an axis too; leave one of them out")
        return space

    def at(self, place: Mapping[str, Any]) -> tuple[Levels, dict[str, Any]]:
        """Levels by label and settings by key of a place in this space."""
        labels = {CONDITION: CONDITION, **labels_of(self.axes)}
        condition, values = place.get(CONDITION), {key: place[key] for key in self.axes}
        named = {} if condition is None else {CONDITION: condition}
        levels = {labels[key]: value for key, value in {**named, **values}.items()}
        return levels, {**self.conditions.get(condition or "", {}), **values}

    def corner(self) -> Place:
        """The first condition and the first value of every axis."""
        first = {key: axis.extremes()[0] for key, axis in self.axes.items()}
        return {CONDITION: self.names[0], **first}

    @property
    def names(self) -> Sequence[str | None]:
        """The conditions, or None as the only one."""
        return list(self.conditions) or [None]

    def groups(self) -> list[list[str]]:
        """Axes that are chosen at once; most are alone in theirs."""
        paired = {key for group in self.together for key in group}
        return [*self.together, *([key] for key in self.axes if key not in paired)]


def grid(space: Space, excluded: Sequence[Mapping[str, Any]]) -> list[Place]:
    """Every combination but those that are excluded.

    Raises:
        ConfigError: axes that go together differ in length, or an entry excludes nothing.
    """
    known = {key: axis.grid() for key, axis in space.axes.items()}
    entries = [_exclusion(entry, space, known) for entry in excluded]
    steps = [_rows(group, space.axes) for group in space.groups()]
    count = len(space.names) * int(np.prod([float(len(rows)) for rows in steps]))
    if count > LEVELS:
        raise ConfigError(f"axes: {count} combinations, more than {LEVELS}; use search: random")
    places = [_joined(name, *rows) for name in space.names for rows in product(*steps)]
    for entry, given in zip(entries, excluded, strict=True):
        if not any(_matches(place, entry) for place in places):
            raise ConfigError(f"exclude: {dict(given)} is no run of this sweep; leave it out")
    return [place for place in places if not any(_matches(place, each) for each in entries)]


def drawn(space: Space, excluded: Sequence[Mapping[str, Any]], search: Random) -> Iterable[Place]:
    """As many different combinations as the search wants; fewer are the first of more.

    Raises:
        ConfigError: there are not so many.
    """
    known = {key: axis.values for key, axis in space.axes.items() if isinstance(axis, Listed)}
    entries = [_exclusion(entry, space, known) for entry in excluded]
    places = [
        place
        for place in _distinct(_draws(space, search), DRAWS * search.runs)
        if not any(_matches(place, each) for each in entries)
    ]
    if len(places) < search.runs:
        raise ConfigError(
            f"search: {search.runs} runs, but of lists alone there are about {len(places)} "
            "combinations; use search: grid"
        )
    return places[: search.runs]


def _distinct(places: Iterable[Place], most: int) -> Iterator[Place]:
    seen: list[Place] = []
    for place in islice(places, most):
        if place not in seen:
            seen.append(place)
            yield place


def _draws(space: Space, search: Random) -> Iterator[Place]:
    """Places without end, each from a generator of its own."""
    rows = {tuple(group): _rows(group, space.axes) for group in space.together}
    number = 0
    while True:
        generator = np.random.default_rng([search.seed, number])
        chosen: list[Place] = []
        condition = space.names[int(generator.integers(len(space.names)))]
        for group in space.groups():
            if steps := rows.get(tuple(group)):
                chosen.append(steps[int(generator.integers(len(steps)))])
            else:
                chosen.append({group[0]: space.axes[group[0]].draw(generator)})
        yield _joined(condition, *chosen)
        number += 1


def _joined(condition: str | None, *chosen: Place) -> Place:
    return {CONDITION: condition, **{k: value for part in chosen for k, value in part.items()}}


def _rows(group: Sequence[str], axes: Mapping[str, Axis]) -> list[Place]:
    """The values of axes that go together, step by step."""
    columns = {key: axes[key].grid() for key in group}
    if len({len(column) for column in columns.values()}) > 1:
        told = ", ".join(f"{key} has {len(column)}" for key, column in columns.items())
        raise ConfigError(f"zip: axes that go together are of equal length, but {told}")
    return [dict(zip(group, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _exclusion(
    given: Mapping[str, Any], space: Space, known: Mapping[str, Sequence[Any]]
) -> dict[str, list]:
    """Excluded values by key, each of which is one of the known."""
    choices = {**({CONDITION: list(space.conditions)} if space.conditions else {}), **known}
    made = {}
    for key, value in given.items():
        if key not in choices:
            raise ConfigError(f"exclude: there is no list {key!r}; {suggest(key, choices)}")
        values = [value] if value in choices[key] or not isinstance(value, list) else value
        for each in values:
            if each not in choices[key]:
                hint = suggest(str(each), map(str, choices[key]))
                raise ConfigError(f"exclude: {key} is never {each!r}; {hint}")
        made[key] = values
    return made


def _matches(place: Place, excluded: Mapping[str, list]) -> bool:
    return all(place[key] in values for key, values in excluded.items())
