"""Simulations whose weights and delays learn where they are, without a transfer per batch."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np

from genn_delays.backends.simulation import Simulation
from genn_delays.support.errors import PlanError

if TYPE_CHECKING:
    from genn_delays.declaration.network import Network


class AdamRule(Protocol):
    """Settings of Adam: :class:`genn_delays.training.Adam` is one."""

    @property
    def lr(self) -> float: ...
    @property
    def beta1(self) -> float: ...
    @property
    def beta2(self) -> float: ...
    @property
    def eps(self) -> float: ...
    @property
    def weight_decay(self) -> float: ...


class Learning(Simulation):
    """A simulation that may keep its parameters, and Adam's moments, on the device.

    The network's tables fall behind with the first :meth:`learn`, until :meth:`fetch`.
    """

    @property
    @abstractmethod
    def learns(self) -> bool:
        """Whether it was compiled with ``adam=``."""

    def accumulate(
        self, output_gradient: np.ndarray, spike_drive: Mapping[str, np.ndarray] | None = None
    ) -> None:
        """As :meth:`backward`, but the gradients stay on the device, for :meth:`learn`."""
        with self._going_back(output_gradient, spike_drive) as (observed, extra):
            self._accumulate(observed, extra)

    def learn(self, weight: float = 1.0, delay: float = 1.0) -> None:
        """One step of Adam on the device, after :meth:`accumulate` or :meth:`backward`.

        Args:
            weight, delay: factors on the learning rates, from the schedules.

        Raises:
            PlanError: the simulation was compiled without ``adam=``.
        """
        with self._life.at_work():
            self._require_adam()
            self._learn({"weight": weight, "delay": delay})

    def fetch(self, network: Network) -> None:
        """Bring weights, delays and Adam's moments from the device into the network's tables.

        Raises:
            PlanError: the simulation was compiled without ``adam=``.
            TrainingError: NaN or infinity; the tables stay as they were.
        """
        with self._life.at_work():
            self._require_adam()
            self._fetch(network)

    def _require_adam(self) -> None:
        if not self.learns:
            raise PlanError(
                "this simulation was compiled without adam=; nothing learns on the device"
            )

    @abstractmethod
    def _accumulate(
        self, observed: np.ndarray | None, spike_drive: Mapping[str, np.ndarray]
    ) -> None:
        """As ``_backward``, without its result."""

    @abstractmethod
    def _learn(self, factors: Mapping[str, float]) -> None:
        """As :meth:`learn`, of a simulation that learns."""

    @abstractmethod
    def _fetch(self, network: Network) -> None:
        """As :meth:`fetch`, of a simulation that learns."""
