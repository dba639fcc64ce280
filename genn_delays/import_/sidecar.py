"""The file beside an export, read back and checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from genn_delays.declaration.neurons import Equations, Neuron
from genn_delays.experiment.network_file import NEURONS
from genn_delays.export.base import SIDECAR
from genn_delays.export.sidecar import FORMAT, VERSION
from genn_delays.import_.found import FoundPopulation, FoundProjection
from genn_delays.support.errors import DataError, NetworkError, reason, short
from genn_delays.support.hdf5.tree import is_real
from genn_delays.support.limits import check_size

COST = 40
"""Bytes of memory for a byte of JSON."""


class Sidecar:
    """What stands beside an export.

    Attributes:
        where: begins messages.
        dt: ms.
        identifiers: names of populations and projections in the file.
    """

    def __init__(self, text: str, where: str, target: str) -> None:
        self.where = where
        try:
            self.content = json.loads(text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as failure:
            raise self.damaged(f"it is not JSON ({reason(failure)})") from None
        if not isinstance(self.content, dict) or self.content.get("format") != FORMAT:
            raise DataError(f"{where}: not what an export of genn-delays leaves; move it away")
        if (version := self.content.get("version")) != VERSION:
            raise DataError(
                f"{where}: of version {short(repr(version), 40)}, and this release reads version "
                f"{VERSION}; use the release that wrote it"
            )
        if (found := self.content.get("target")) != target:
            raise DataError(
                f"{where}: belongs to an export to {short(repr(found), 40)}, not to {target}"
            )
        self.dt = self._number(self.content, "dt", "the export")
        self._populations = self._parts("populations")
        self._projections = self._parts("projections")

    @property
    def identifiers(self) -> dict[str, str]:
        """Those of projections, by name."""
        return {name: self._text(q, "identifier", name) for name, q in self._projections.items()}

    def populations(self) -> list[FoundPopulation]:
        """All populations; a neuron that is not of this package is left to the user."""
        return [self._population(name, p) for name, p in self._populations.items()]

    def projection(self, name: str, columns: Mapping[str, np.ndarray]) -> FoundProjection:
        """A projection with synapses from the file.

        Args:
            columns: pre, post, weight and delay (ms, as learnt).
        """
        q = self._projections[name]
        count, told = len(columns["weight"]), self._number(q, "synapses", name)
        if count != told:
            raise DataError(
                f"{self.where} tells of {told:g} synapses in {name!r}, and there are {count}; "
                "correct it if these are right"
            )
        return FoundProjection(
            name,
            self._text(q, "pre", name),
            self._text(q, "post", name),
            rows=columns["pre"],
            columns=columns["post"],
            weight=columns["weight"],
            delay=columns["delay"],
            target=self._text(q, "target", name),
            lag=int(self._number(q, "lag", name)),
            max_delay=self._number(q, "max_delay", name),
        )

    def damaged(self, what: str) -> DataError:
        """The error that something in it is wrong."""
        return DataError(f"{self.where}: {what}; export again, or move it away")

    def _population(self, name: str, p: dict[str, Any]) -> FoundPopulation:
        bias = p.get("bias")
        size = self._number(p, "size", name)
        return FoundPopulation(
            name,
            int(size),
            self._neuron(name, p),
            None if bias is None else self._values(bias, f"bias of {name!r}"),
            self._number(p, "tail", name) * self.dt if "tail" in p else 0.0,
        )

    def _neuron(self, name: str, p: dict[str, Any]) -> Neuron | None:
        kind = NEURONS.get(self._text(p, "neuron", name))
        given = p.get("parameters", {})
        if kind is None or not isinstance(given, dict):
            return None
        values = {k: self._values(v, f"{k} of {name!r}") for k, v in given.items()}
        texts = p.get("equations", {})
        try:
            if kind is Equations:
                refractory = values.pop("refractory", 0.0)
                return Equations(**texts, parameters=values, refractory=refractory)
            return kind(**values)
        except (TypeError, ValueError, NetworkError) as failure:
            raise self.damaged(
                f"the neuron of {name!r} cannot be made ({reason(failure, 200)})"
            ) from None

    def _values(self, given: Any, what: str) -> Any:
        """A number or truth value as it is, a list as an array."""
        if isinstance(given, bool) or is_real(given):
            return given
        if isinstance(given, list) and all(isinstance(v, bool) or is_real(v) for v in given):
            return np.array(given)
        raise self.damaged(f"{what} is neither a number nor a list of numbers")

    def _parts(self, what: str) -> dict[str, dict[str, Any]]:
        found = self.content.get(what)
        if not isinstance(found, dict) or not all(isinstance(p, dict) for p in found.values()):
            raise self.damaged(f"it has no {what!r}")
        return found

    def _text(self, part: dict[str, Any], key: str, name: str) -> str:
        if not isinstance(found := part.get(key), str):
            raise self.damaged(f"{key!r} of {name!r} is no text")
        return found

    def _number(self, part: dict[str, Any], key: str, name: str) -> float:
        found: Any = part.get(key)
        if not is_real(found):
            raise self.damaged(f"{key!r} of {name!r} is no number")
        return found


def beside(main: Path, target: str) -> Sidecar | None:
    """What stands beside an export, or None."""
    path = main.with_suffix(SIDECAR)
    if not path.is_file():
        return None
    check_size(COST * path.stat().st_size, str(path))
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as failure:
        raise DataError(f"{path}: cannot be read ({reason(failure)})") from None
    return Sidecar(text, str(path), target)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
