"""From ``share=`` of a projection to groups of synapses, and their first values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from genn_delays.declaration.init import Constant, Initialiser
from genn_delays.declaration.sampling import Values, values_of
from genn_delays.declaration.synapses import LEARNABLE, SynapseTable
from genn_delays.declaration.ties import Shared, key_column, lookup
from genn_delays.declaration.units import UnitTable
from genn_delays.support.errors import NetworkError, suggest
from genn_delays.support.limits import check_size

ENDS = ("pre", "post", "all")
Keys = str | np.ndarray | Callable[[np.ndarray, np.ndarray], np.ndarray]
Shape = tuple[int, int, int]
"""(pre units, post units, synapses of each pair)."""


def groups_of(
    share: Mapping[str, Keys] | None, shape: Shape, count: int, where: str
) -> dict[str, Groups]:
    """The groups of each parameter that is shared, of ``count`` synapses as they are given."""
    if share is None:
        return {}
    if not isinstance(share, Mapping):
        raise NetworkError(f'{where}: share={share!r}; give a mapping such as {{"delay": "pre"}}')
    for parameter in share:
        if parameter not in LEARNABLE:
            hint = suggest(str(parameter), LEARNABLE)
            raise NetworkError(f"{where}: cannot share {parameter!r}; {hint}")
    return {
        name: Groups(name, share[name], shape, count, f"{where}: share of the {name}")
        for name in LEARNABLE
        if name in share
    }


class Groups:
    """Synapses by key, before there is a table.

    Args:
        given: keys, as :meth:`genn_delays.Network.connect` takes them.
        count: number of synapses.

    Attributes:
        size: number of groups.
    """

    def __init__(self, parameter: str, given: Keys, shape: Shape, count: int, where: str) -> None:
        self.parameter, self.where = parameter, where
        found = _keys(given, shape, count, where)
        different, index = np.unique(found, return_inverse=True)
        self.size = len(different)
        self.keys = index.reshape(found.shape).astype(np.int32)
        self._numbers: np.ndarray | None = None

    def draw(
        self,
        given: Values,
        rng: np.random.Generator,
        shape: Shape,
        pairs: tuple[np.ndarray, np.ndarray],
    ) -> np.ndarray:
        """One value per synapse; an initialiser draws one per group."""
        if not isinstance(given, (Initialiser, Sequence, np.ndarray)) or isinstance(given, str):
            one = values_of(given, self.parameter, rng, (1, 1, 1), 1, self.where)
            given = Constant(float(one[0]))
        if isinstance(given, Initialiser):
            self._numbers = given.sample(rng, self.size)
            own = self.keys.ndim == 1
            return self._numbers[self.keys if own else lookup(self.keys, *pairs)]
        return values_of(given, self.parameter, rng, shape, len(pairs[0]), self.where)

    def tie(self, table: SynapseTable, pairs: tuple[np.ndarray, np.ndarray]) -> None:
        """Tie the synapses of a table that was made of these pairs.

        Raises:
            NetworkError: initial values that differ within a group, or are out of range.
        """
        own = self.keys.ndim == 1
        if own:
            order = np.lexsort(pairs[::-1])  # as the table sorts them
            table.state[key_column(self.parameter)] = self.keys[order]
        numbers = np.zeros(self.size) if self._numbers is None else self._numbers
        units = UnitTable(self.size, {self.parameter: numbers})
        tie = Shared(self.parameter, None if own else self.keys, units)
        tie.check(table, self.where)
        tie.collect(table)
        table.ties[self.parameter] = tie


def _keys(given: Any, shape: Shape, count: int, where: str) -> np.ndarray:
    """Whole numbers: one per synapse, or two dimensions that can be spread over all pairs."""
    pre, post = np.arange(shape[0])[:, None], np.arange(shape[1])[None, :]
    if isinstance(given, str):
        if given not in ENDS:
            raise NetworkError(f"{where}: {suggest(given, ENDS)}, or keys")
        return {"pre": pre, "post": post, "all": np.zeros((1, 1), np.int64)}[given]
    if callable(given):
        check_size(16 * shape[0] * shape[1], f"{where}: keys of all pairs", error=NetworkError)
        given = given(pre, post)
    try:
        keys = np.asarray(given)
    except ValueError:
        keys = np.empty(0, object)
    if keys.dtype.kind not in "iu" and keys.size:
        raise NetworkError(f"{where}: keys are {keys.dtype}; give whole numbers")
    if keys.shape == (count,):
        return keys
    if keys.shape == shape and keys.size == count:
        return keys.ravel()
    if keys.ndim == 2 and all(n in (1, m) for n, m in zip(keys.shape, shape[:2], strict=True)):
        return keys
    raise NetworkError(
        f"{where}: keys of shape {keys.shape}; give one for each of {count} synapses, or for all "
        f"pairs {shape[:2]}, where either may be 1"
    )
