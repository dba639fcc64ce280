"""SurrogateEngine: the surrogate rule on the embedded engine, one trial per lane."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from ctypes import byref, c_double, c_int32, c_int64
from typing import Any

import numpy as np

from genn_delays.backends.gradient import Gradients
from genn_delays.backends.native.engine import REFUSED, Engine
from genn_delays.backends.native.insertion import Insertion
from genn_delays.backends.native.shapes import zeros
from genn_delays.backends.native.structures import pointer
from genn_delays.backends.native.surrogate.buffers import (
    SynapseBuffers,
    UnitBuffers,
    fitting,
)
from genn_delays.backends.native.surrogate.codegen import PAD, models_of, render, rule_of
from genn_delays.backends.native.surrogate.memory import scratch_bytes
from genn_delays.backends.native.surrogate.normalise import Normalisation
from genn_delays.backends.native.surrogate.parts import Parts
from genn_delays.backends.native.surrogate.shapes import groups_of, read_shapes
from genn_delays.backends.native.surrogate.spectral import (
    Spectral,
    groups_in_part,
    spectra_shapes,
)
from genn_delays.backends.native.surrogate.structures import structures_of
from genn_delays.backends.native.surrogate.unit_gradients import UnitGradients, gradients_of
from genn_delays.backends.native.threads import CHUNKS
from genn_delays.backends.native.vectors import lanes_of
from genn_delays.declaration.network import Network
from genn_delays.declaration.synapses import SynapseTable
from genn_delays.planning.events import Events
from genn_delays.planning.graph import Component
from genn_delays.planning.plan import Plan


class SurrogateEngine(Engine):
    """A network trained with surrogate gradients."""

    def __init__(self, plan: Plan, network: Network, threads: int | None) -> None:
        self.shared = structures_of(plan).simulation
        super().__init__(plan, render(plan), threads)
        _, models = models_of(plan)
        self.populations = [
            UnitBuffers(plan, k, models.get(k)) for k in range(len(plan.populations))
        ]
        self.projections = [SynapseBuffers(plan, k, CHUNKS) for k in range(len(plan.projections))]
        self.normalisations = [Normalisation(p, plan.dtype) for p in plan.populations]
        self.unit_gradients = [UnitGradients(plan, k, m) for k, m in models.items()]
        self.read = zeros(read_shapes(plan))
        self.parts = Parts(plan, self.populations, self.team.size)
        self.insertions: dict[str, Insertion] = {}
        self.spectra: dict[str, np.ndarray] = {}
        self.spectrals: dict[int, Spectral] = {}
        self.load(network)

    def _load(self, network: Network, tables: list[SynapseTable]) -> None:
        for buffers, table in zip(self.projections, tables, strict=True):
            buffers.load(table, network.projections[buffers.projection.name].kernel)
        for p, normalisation in zip(self.plan.populations, self.normalisations, strict=True):
            normalisation.load(network.populations[p.name].units)
        for gradients in self.unit_gradients:
            population = gradients.load(network)
            self.populations[gradients.index].load(population)

    def _forward(self, events: Mapping[str, Events], masks: Mapping[str, np.ndarray]) -> None:
        self.parts.now = range(self._groups)
        for buffers in self.projections:
            buffers.spread(self.training)
        self._make_room()
        for k, buffers in enumerate(self.projections):
            if buffers.unmixed and self.trials:  # without a trial the engine is not called
                self._mix(k, buffers)
        self._insert(events)
        for p, units in zip(self.plan.populations, self.populations, strict=True):
            units.begin(masks.get(p.name))
        for component in self.plan.components:
            self._forward_component(component)
            self._check_states(component)

    def _read(self) -> np.ndarray:
        # whole vectors of trials: numpy adds up a single trial in another order than several
        outputs = super()._read()[: self.trials]
        self.observed = self.observed[: self.trials]
        return outputs

    def _insert(self, events: Mapping[str, Events]) -> None:
        self.insertions = {}
        for k, p in enumerate(self.plan.populations):
            if p.is_input:
                insertion = Insertion(self.plan, p, events[p.name], lanes_of(self.plan))
                found = self._run(self.library.insert_events, k, byref(insertion.struct))
                insertion.check(found == REFUSED)
                self.insertions[p.name] = insertion

    def _make_room(self) -> None:
        """Spectra of as many trials as are worked on together, where any are needed."""
        found = enumerate(buffers.spectral for buffers in self.projections)
        self.spectrals = {k: one for k, one in found if one is not None}
        shapes = spectra_shapes(self.plan, self.spectrals)
        self.spectra = fitting(shapes, self.spectra)

    def _mix(self, k: int, buffers: SynapseBuffers) -> None:
        """The coordinates of taps at the delays and weights that were loaded."""
        assert buffers.spectral is not None
        series = buffers.spectral.both_series
        buffers.arrays["mixed"].fill(0)  # an interrupted call may have begun
        scale = c_double(2.0 / (self.plan.projections[k].max_delay_steps * self.plan.dt))
        columns = pointer(buffers.delay), scale, pointer(buffers.weight), pointer(series)
        self._run(self.library.mix, k, *columns, len(series))
        buffers.unmixed = False

    def _parts(self) -> list[tuple[c_int64, c_int64]]:
        """First group and number of groups of each part of the batch that spectra have room for."""
        most = groups_in_part(self.plan, self.spectrals)
        starts = range(0, self._groups, most)
        return [(c_int64(k), c_int64(min(most, self._groups - k))) for k in starts]

    def _arrive(self, component: Component) -> None:
        """What wide kernels bring to a component from outside."""
        for k in component.populations:
            self.populations[k].struct.arrived = 0
        for k in self.spectrals:
            p = self.plan.projections[k]
            post, port = self.populations[p.post].struct, 1 << p.port
            if p.post not in component.populations:
                continue
            fresh = int(not post.arrived & port)
            for first, groups in self._parts():
                self._run(self.library.to_spectra, k, 0, first, groups)
                self._run(self.library.products, k, 0, groups)
                self._run(self.library.from_spectra, k, 0, fresh, first, groups)
            post.arrived |= port

    def _walked(self, component: Component) -> Iterator[None]:
        """The batch in parts, with the rows of spikes that walks into a component need."""
        return self.parts.of(component, self._groups, lambda k: self._run(self.library.light, k))

    def _return(self, k: int, feed: bool) -> None:
        """The way back through the spectra of one projection: gradients and, fed, dL/d sent."""
        fresh = self.projections[k].struct.fresh
        for first, groups in self._parts():
            self._run(self.library.to_spectra, k, 0, first, groups)
            self._run(self.library.to_spectra, k, 1, first, groups)
            self._run(self.library.spectral_gradients, k, int(first.value > 0), groups)
            if feed:
                self._run(self.library.products, k, 1, groups)
                self._run(self.library.from_spectra, k, 1, fresh, first, groups)

    def _forward_component(self, component: Component) -> None:
        first = component.populations[0]
        self._arrive(component)
        if component.recurrent:
            for k in component.populations:
                self._normalise(k, None)
            targets = (c_int32 * len(component.populations))(*component.populations)
            for _ in self._walked(component):
                self._run(self.library.forward_loop, targets, len(targets))
        elif self.training and self.normalisations[first].observes:
            for _ in self._walked(component):
                self._run(self.library.forward_layer, first, 1)
            groups = groups_of(self.plan, self.trials)
            self._normalise(first, self.populations[first].arrays["moments"][:groups])
            self._run(self.library.forward_layer, first, 2)
        else:
            self._normalise(first, None)
            for _ in self._walked(component):
                self._run(self.library.forward_layer, first, 0)

    def _normalise(self, k: int, moments: np.ndarray | None) -> None:
        lanes, p = lanes_of(self.plan), self.plan.populations[k]
        first = np.arange(0, self.trials, lanes)
        counts = np.minimum(self.trials - first, lanes) * (self.plan.steps - p.tail)
        self.populations[k].set(**self.normalisations[k].forward(moments, counts))
        statistics = self.normalisations[k].statistics
        if statistics is not None:
            self.statistics = {**self.statistics, p.name: statistics}

    def _observe(self) -> np.ndarray:
        """Voltages, with trials in whole groups."""
        k = self.plan.readout_population
        model = self.populations[k].model
        assert model is not None
        place = model.kept, model.stored.index(model.threshold_state)
        voltage = self.read["voltage"]
        self._run(self.library.read_voltage, k, *place, voltage.shape[2], pointer(voltage))
        whole = self._groups * lanes_of(self.plan)
        return voltage[:, :, :whole].transpose(2, 1, 0)

    def _backward(
        self, observed: np.ndarray | None, spike_drive: Mapping[str, np.ndarray]
    ) -> Gradients:
        plan, self.parts.now = self.plan, range(self._groups)
        if observed is not None:
            self._write_voltage_gradient(observed)
        for p, units in zip(plan.populations, self.populations, strict=True):
            units.set(spike_drive=units.lanes(spike_drive.get(p.name)))
            units.struct.feedback = False
        for component in reversed(plan.components):
            self._backward_component(component)
        chunks = min(CHUNKS, self._groups)
        pairs = zip(plan.projections, self.projections, strict=True)
        units = gradients_of(self.unit_gradients, self._sums)
        return Gradients({p.name: b.gradient(chunks) for p, b in pairs}, units)

    def _unread(self, output_gradient: np.ndarray) -> np.ndarray:
        # in the order of the voltages, or numpy would walk over both in the wrong one
        return super()._unread(np.asfortranarray(output_gradient))

    def _write_voltage_gradient(self, observed: np.ndarray) -> None:
        given = self.read["voltage_gradient"]
        given[:, :, : self.trials] = observed.transpose(2, 1, 0)
        what = self.plan.readout_population, given.shape[2], pointer(given)
        self._run(self.library.write_voltage_gradient, *what)

    def _sums(self, k: int) -> np.ndarray:
        """Over the batch, of each unit of a population."""
        return np.sum(self.populations[k].arrays["unit_sums"][: self._groups], axis=0)

    def _backward_component(self, component: Component) -> None:
        members = component.populations
        if component.recurrent:
            targets = (c_int32 * len(members))(*members)
            self._run(self.library.backward_loop, targets, len(targets))
        else:
            self._run(self.library.backward_layer, members[0])
            if self.normalisations[members[0]].statistics is not None:
                factors = self.normalisations[members[0]].backward(self._sums(members[0])[:, :2])
                self.populations[members[0]].set(**factors)
                self._run(self.library.backward_normalise, members[0])
        into = [k for k, p in enumerate(self.plan.projections) if p.post in members]
        for k in [k for k in into if k in self.spectrals]:
            self._return(k, self._feeds(k))
        walked = {k: self._feeds(k) for k in into if k not in self.spectrals}
        for _ in self._walked(component) if walked else ():
            for k, feed in walked.items():
                self._run(self.library.gradients, k, int(feed))

    def _feeds(self, k: int) -> bool:
        """Whether a projection brings dL/d sent to its pre units, and whether it is their first."""
        p = self.plan.projections[k]
        pre = self.populations[p.pre].struct
        feed = not (p.internal or self.plan.populations[p.pre].is_input)
        self.projections[k].struct.fresh = not pre.feedback
        pre.feedback = pre.feedback or feed
        return feed

    def _correlation(
        self, index: int, pre: np.ndarray, post: np.ndarray, first: np.ndarray, count: int
    ) -> np.ndarray:
        # beyond a trial all delays are alike
        columns = (pre, post, np.minimum(first, self.plan.steps))
        given = [np.ascontiguousarray(column, np.int32) for column in columns]
        result = np.zeros((len(pre), count))
        pointers = [pointer(array) for array in given]
        run = self.library.correlation
        self._run(run, index, c_int64(len(pre)), count, *pointers, pointer(result))
        return result

    @property
    def _groups(self) -> int:
        return groups_of(self.plan, self.trials)

    def _scalars(self) -> dict[str, float]:
        return {
            "steps": self.plan.steps,
            "stride": self.plan.steps + PAD,
            "groups": self._groups,
            "chunks": min(CHUNKS, self._groups),
            "first": self.parts.now.start,
            "part": len(self.parts.now),
            "slope": rule_of(self.plan).slope,
            **{name: array.ctypes.data for name, array in self.spectra.items()},
        }

    def _run(self, function: Callable[..., int], *what: Any) -> int:
        """As of any engine; nothing where there is no trial."""
        return super()._run(function, *what) if self.trials else 0

    def _spikes(self, k: int) -> Events:
        name = self.plan.populations[k].name
        if name in self.insertions:
            return self.insertions[name].on_grid()
        return self.populations[k].events(self.trials)

    def _spike_counts(self, k: int) -> np.ndarray:
        if self.plan.populations[k].is_input:
            return super()._spike_counts(k)
        return self.populations[k].counts(self.trials)

    def _memory(self) -> int:
        scratch = scratch_bytes(self.plan, self.team.size, self.spectrals)
        held = (*self.read.values(), *self.spectra.values())
        return self._held() + self.parts.nbytes() + sum(array.nbytes for array in held) + scratch
