"""The published networks of delays as dilated convolutions, in plain PyTorch.

The equations of Hammouamri et al. (2024, arXiv 2306.17670) and of Meszaros, Knight and Nowotny
(2024, Front. Comput. Neurosci. 18:1460309), written down to check this package against and to time
it against. Time is cut into steps; there are 2 reach + 1 taps. A synapse of position P in
[-reach, reach] spreads its weight over the taps k with the shares

    Gaussian:  exp(-((k - reach - P) / (|sigma| + 0.27))^2 / 2) / (their sum + 1e-7)
    Triangle:  max(0, |sigma| + 1 - |k - reach - P|) / (their sum + 1e-7)

and tap k brings what was sent 2 reach - k steps ago. So P = reach - d for a delay of d steps.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

import genn_delays as gd


class Spike(torch.autograd.Function):
    """Forwards a step at 0, backwards the slope of an arctangent."""

    alpha = 5.0

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return (x >= 0).to(x.dtype)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        slope = 0.5 * Spike.alpha / (1.0 + (0.5 * math.pi * Spike.alpha * x) ** 2)
        return gradient * slope


class DelayLayer(nn.Module):
    """Weights and positions of one projection; the synapses of a pair are ``kernel_count`` slots.

    Attributes:
        weight, position: (outputs, inputs, kernel_count).
        reach: the largest position, in steps; there are 2 reach + 1 taps.
        right: zeros that follow the input, in steps: the output is as much longer.
        kernel: ``"gaussian"`` or ``"triangle"``. sigma: its width in steps.
    """

    def __init__(self, weight: Tensor, position: Tensor, reach: int, right: int) -> None:
        super().__init__()
        self.weight, self.position = nn.Parameter(weight), nn.Parameter(position)
        self.reach, self.right = reach, right
        self.kernel, self.sigma = "gaussian", float(reach)

    def shares(self) -> Tensor:
        """(outputs, inputs, kernel_count, taps), those of a rounded position in evaluation."""
        position = self.position if self.training else torch.round(self.position)
        kernel, sigma = (self.kernel, self.sigma) if self.training else ("triangle", 0.0)
        taps = torch.arange(2 * self.reach + 1, dtype=position.dtype)
        distance = taps - self.reach - position[..., None]
        if kernel == "gaussian":
            share = torch.exp(-0.5 * (distance / (abs(sigma) + 0.27)) ** 2)
        else:
            share = torch.relu(abs(sigma) + 1.0 - torch.abs(distance))
        return share / (share.sum(-1, keepdim=True) + 1e-7)

    def forward(self, sent: Tensor) -> Tensor:
        """Input currents, (trials, outputs, steps), of what was sent, (trials, inputs, steps)."""
        kernel = (self.weight[..., None] * self.shares()).sum(2)
        return functional.conv1d(functional.pad(sent, (2 * self.reach, self.right)), kernel)


def spikes_dcls(current: Tensor, decay: float) -> Tensor:
    """V <- decay V + u, compared and reset in the same step; u is (trials, units, steps)."""
    voltage, spikes = torch.zeros_like(current[..., 0]), []
    for u in current.unbind(-1):
        voltage = decay * voltage + u
        spike = Spike.apply(voltage - 1.0)
        voltage = voltage * (1.0 - spike.detach())
        spikes.append(spike)
    return torch.stack(spikes, -1)


def spikes_fcn24(current: Tensor, decay: float) -> Tensor:
    """s = H(V - 1), V <- (decay V + z)(1 - s), z <- u: the input waits and a spike wipes it."""
    voltage = waiting = torch.zeros_like(current[..., 0])
    spikes = []
    for u in current.unbind(-1):
        spike = Spike.apply(voltage - 1.0)
        voltage, waiting = (decay * voltage + waiting) * (1.0 - spike.detach()), u
        spikes.append(spike)
    return torch.stack(spikes, -1)


def readout(current: Tensor, decay: float, waits: bool) -> Tensor:
    """Voltage of every step, of u or (``waits``) of the u of the step before."""
    voltage, voltages = torch.zeros_like(current[..., 0]), []
    if waits:
        current = functional.pad(current, (1, 0))[..., :-1]
    for u in current.unbind(-1):
        voltage = decay * voltage + u
        voltages.append(voltage)
    return torch.stack(voltages, -1)


class DelayNetwork(nn.Module):
    """Hidden layers of LIF neurons with batch normalisation, and a leaky readout.

    Args:
        network: as ``models/spatiotemporal.py`` or ``models/dcls.py`` builds it; weights, delays
            and batch normalisation are copied.
        dt: ms.
        dtype: of all numbers.

    Attributes:
        layers: a :class:`DelayLayer` per projection, in their order.
        norms: a BatchNorm1d per hidden layer.
        steps_first: normalise and step over arrays (steps, trials, units), turned over before and
            after each convolution, as the published code does; the numbers are the same.
    """

    steps_first = False

    def __init__(self, network: gd.Network, dt: float, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.dtype = dtype
        self.slots: list[tuple[np.ndarray, ...]] = []
        hidden = list(network.populations.values())[1:-1]
        neuron = network.populations["output"].neuron
        assert isinstance(neuron, gd.DiscreteReadout)
        self.waits, self.names = bool(neuron.input_steps), [p.name for p in hidden]
        self.decay = 1.0 - dt / float(neuron.tau_mem)
        tails = [round(p.tail / dt) for p in hidden] + [0]
        self.layers, self.norms = nn.ModuleList(), nn.ModuleList()
        for projection in network.projections.values():
            reach = round(projection.synapses.max_delay / dt) // 2
            right = reach if any(tails) else 0
            self.layers.append(self._layer(projection.synapses, reach, right, dt))
        for population in hidden:
            norm = nn.BatchNorm1d(population.size, eps=1e-5, momentum=0.1).to(dtype)
            columns = (norm.weight, norm.bias, norm.running_mean, norm.running_var)
            names = ("gain", "bias", "running_mean", "running_variance")
            with torch.no_grad():
                for column, name in zip(columns, names, strict=True):
                    column.copy_(torch.tensor(population.units.columns[name]))
            self.norms.append(norm)

    def _layer(self, table: gd.SynapseTable, reach: int, right: int, dt: float) -> DelayLayer:
        pair = table.pre.astype(np.int64) * table.post_size + table.post
        slot = np.arange(len(pair)) - np.searchsorted(pair, pair)  # the table is sorted by pair
        index = (table.post, table.pre, slot)
        shape = (table.post_size, table.pre_size, int(slot.max()) + 1)
        weight, position = np.zeros(shape), np.zeros(shape)
        weight[index], position[index] = table.weight, reach - table.delay / dt
        self.slots.append(index)
        return DelayLayer(
            *(torch.tensor(a, dtype=self.dtype) for a in (weight, position)), reach, right
        )

    def spread(self, kernel: str, sigma: float) -> None:
        """Give every layer this delay kernel."""
        for layer in self.layers:
            layer.kernel, layer.sigma = kernel, sigma

    def of_synapses(self, layer: int, values: Tensor) -> np.ndarray:
        """Entries of a weight-shaped tensor, in the order of the synapse table."""
        return values.detach().numpy()[self.slots[layer]]

    def forward(self, sent: Tensor, masks: Mapping[str, Tensor] | None = None) -> Tensor:
        """Sum over the steps of the softmax of the voltages, (trials, outputs).

        Args:
            sent: (trials, inputs, steps of the input).
            masks: dropout factors by population, (trials, units).
        """
        spikes = spikes_fcn24 if self.waits else spikes_dcls
        for layer, norm, name in zip(self.layers, self.norms, self.names, strict=False):
            current = layer(sent)
            if self.steps_first:
                steps = current.permute(2, 0, 1)
                flat = norm(steps.flatten(0, 1))
                current = flat.view(steps.shape).permute(1, 2, 0)
            else:
                current = norm(current)
            sent = spikes(current, self.decay)
            if masks:
                sent = sent * masks[name][..., None]
        voltage = readout(self.layers[-1](sent), self.decay, self.waits)
        return torch.softmax(voltage, dim=1).sum(-1)
