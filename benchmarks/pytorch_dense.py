"""The baseline: layers whose delays are dense dilated convolutions over time, in plain PyTorch.

The layers are those of :mod:`pytorch_dcls`. Three kinds of networks, by side of :mod:`compare`:

- ``plain``: convolution, a loop over the steps of LIF neurons, leaky readout, mean voltage. Its
  neurons have no synaptic current of their own, which is less work than in our networks; so their
  dynamics, spikes and losses differ from ours. What it computes does not depend on the spikes.
- ``published``: DCLS and FCN24 as published, with batch normalisation, dropout and the sum of
  the softmax; the network of our surrogate rule, as ``tests/test_published.py`` shows.
- ``delayed`` and ``undelayed``: a recurrent layer, step by step, see :class:`Recurrent`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import rows
import torch
from pytorch_dcls import DelayLayer, DelayNetwork, Spike, readout, spikes_dcls
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from genn_delays.support.cores import available_cores

Arrive = Callable[[list[Tensor]], Tensor]
"""Input of a step, (trials, units), from the spikes of the steps before, the newest first."""
DECAY = 0.95
CURRENT = 0.06
"""Mean input of a hidden neuron per step, which makes it fire every 36 steps."""
LARGEST = 47_000_000
"""Elements of a kernel that is convolved in one part."""


class Convolution(DelayLayer):
    """A layer whose large kernels are convolved in parts, by output units.

    oneDNN has no fast weight gradient for a kernel of 700 x 256 x 513 and takes its reference
    implementation, tens of times slower; for half of the kernel it has one.
    """

    def forward(self, sent: Tensor) -> Tensor:
        kernel = (self.weight[..., None] * self.shares()).sum(2)
        sent = functional.pad(sent, (2 * self.reach, self.right))
        parts = kernel.split(max(1, LARGEST // kernel[0].numel()))
        currents = [functional.conv1d(sent, part) for part in parts]
        return currents[0] if len(currents) == 1 else torch.cat(currents, 1)


class Plain(nn.Module):
    """Hidden layers of LIF neurons with a delay on every synapse, and a leaky readout."""

    def __init__(self, row: rows.Row) -> None:
        super().__init__()
        received = [row.spikes / row.steps, *(0.02 * size for size in row.sizes[1:-1])]
        self.layers = nn.ModuleList(
            delay_layer(row, *sizes, each)
            for *sizes, each in zip(row.sizes[:-2], row.sizes[1:-1], received, strict=False)
        )
        self.out: DelayLayer | nn.Conv1d
        if row.args.get("output_delays"):
            self.out = delay_layer(row, *row.sizes[-2:], received[-1])
            self.delayed = [*self.layers, self.out]
        else:
            self.out = nn.Conv1d(*row.sizes[-2:], 1, bias=False)
            self.delayed = list(self.layers)
        self.counts: list[Tensor] = []

    def forward(self, sent: Tensor) -> Tensor:
        """Mean voltages, (trials, outputs), of what was sent, (trials, inputs, steps)."""
        self.counts = []
        for layer in self.layers:
            sent = self.spike(layer(sent))
            self.counts.append(sent.detach().sum(-1).mean())
        return readout(self.out(sent), DECAY, waits=False).mean(-1)

    def spike(self, current: Tensor) -> Tensor:
        """Spikes of a hidden layer, of its input currents, (trials, units, steps)."""
        return spikes_dcls(current, DECAY)

    def bound(self) -> None:
        """Keep the positions within the taps."""
        for layer in self.delayed:
            layer.position.data.clamp_(-layer.reach, layer.reach)


class Published(nn.Module):
    """A network of :class:`DelayNetwork` with dropout of its own."""

    def __init__(self, row: rows.Row) -> None:
        super().__init__()
        net = rows.published_network(row, rows.NARROW)
        self.model = DelayNetwork(net, row.dt)
        self.model.spread("gaussian", rows.NARROW)
        self.dropped = {name: net.populations[name].dropout for name in self.model.names}
        self.sizes = {name: net.populations[name].size for name in self.model.names}
        self.delayed = list(self.model.layers)
        self.counts: list[Tensor] = []

    def forward(self, sent: Tensor) -> Tensor:
        """Sums of the softmax, (trials, outputs)."""
        masks = {
            name: functional.dropout(torch.ones(len(sent), self.sizes[name]), share)
            for name, share in self.dropped.items()
        }
        return self.model(sent, masks)

    bound = Plain.bound


class Recurrent(Plain):
    """One hidden layer that is connected to itself, step by step.

    With a delay on every recurrent synapse, each step gathers what each synapse delivers from the
    spikes of the last steps, between the two steps next to its delay. On two cores this is twice
    as fast as one matrix product per step with a kernel of (units x delays) x units, which moves
    67 MB forwards and four times as much backwards. What was gathered is gathered again in the
    backward pass: kept, it would take 26 GB for eight trials.
    """

    def __init__(self, row: rows.Row, delayed: bool) -> None:
        super().__init__(row)
        size = row.sizes[1]
        self.recurrent = nn.Parameter(0.02 * torch.randn(size, size))
        self.longest = row.max_delay
        self.delay = nn.Parameter(self.longest * torch.rand(size, size)) if delayed else None

    def spike(self, current: Tensor) -> Tensor:
        """As :meth:`Plain.spike`, with what the layer sends itself."""
        arrive = self._matmul() if self.delay is None else self._gather(self.delay)
        voltage = torch.zeros_like(current[..., 0])
        past, spikes = [voltage] * (self.longest + 2), []
        for u in current.unbind(-1):
            voltage = DECAY * voltage + u + arrive(past)
            spike = Spike.apply(voltage - 1.0)
            voltage = voltage * (1.0 - spike.detach())
            past = [spike, *past[:-1]]
            spikes.append(spike)
        return torch.stack(spikes, -1)

    def _matmul(self) -> Arrive:
        """Without delays every spike arrives in the next step."""
        return lambda past: past[0] @ self.recurrent

    def _gather(self, delay: Tensor) -> Arrive:
        """Every synapse at its delay, shared between the two steps next to it."""
        size, share = len(delay), delay - delay.detach().floor()
        near, far = self.recurrent * (1.0 - share), self.recurrent * share
        index = (delay.detach().floor().long() * size + torch.arange(size)).flatten()

        def gather(flat: Tensor) -> Tensor:
            taps = (flat.index_select(1, i).view(-1, size, size) for i in (index, index + size))
            return sum((tap * weight).sum(2) for tap, weight in zip(taps, (near, far), strict=True))

        return lambda past: checkpoint(gather, torch.cat(past, 1), use_reentrant=False)

    def bound(self) -> None:
        super().bound()
        if self.delay is not None:
            self.delay.data.clamp_(0, self.longest)


def delay_layer(row: rows.Row, inputs: int, outputs: int, received: float) -> DelayLayer:
    """Random weights and positions; ``received`` spikes arrive per step, 0 for graded input."""
    shape, reach = (outputs, inputs, 1), row.max_delay // 2
    joined = torch.rand(shape) < row.density
    mean = CURRENT / received if received else 0.0
    weight = mean + (mean / 3.0 or CURRENT / 20.0) * torch.randn(shape)
    layer = Convolution(weight * joined, reach * (2.0 * torch.rand(shape) - 1.0), reach, 0)
    layer.sigma = rows.NARROW
    return layer


MODELS = {
    "plain": Plain,
    "published": Published,
    "delayed": lambda row: Recurrent(row, delayed=True),
    "undelayed": lambda row: Recurrent(row, delayed=False),
}


class Baseline:
    """One of the networks in training, with all cores, on one batch that stays in memory."""

    def __init__(self, row: rows.Row, side: str) -> None:
        torch.set_num_threads(available_cores())
        # as the engine does: steps of D at 99 % sparsity took 14 times those of D with such numbers
        torch.set_flush_denormal(True)
        torch.manual_seed(1)
        self.model = MODELS[side](row)
        delayed = self.model.delayed if row.density < 1.0 else []
        self.joined = [(layer.weight, layer.weight != 0) for layer in delayed]
        groups: list[dict[str, Any]] = [
            {"params": [], "lr": rows.RATE},
            {"params": [], "lr": rows.RATE_DELAY},
        ]
        for name, parameter in self.model.named_parameters():
            groups[name.endswith(("position", "delay"))]["params"].append(parameter)
        self.optimiser = torch.optim.Adam(groups)
        self.batch = torch.tensor(rows.frames(row, rows.events(row, row.batch)))
        self.labels = torch.tensor(rows.labels(row, row.batch))

    def forward(self) -> None:
        """The forward pass of a training batch, with nothing kept for a backward pass."""
        with torch.no_grad():
            self.model(self.batch)

    def step(self) -> float:
        """A whole training step; the loss before it. Absent synapses stay absent."""
        self.optimiser.zero_grad()
        loss = functional.cross_entropy(self.model(self.batch), self.labels)
        loss.backward()
        self.optimiser.step()
        self.model.bound()
        for weight, joined in self.joined:
            weight.data.mul_(joined)
        return loss.item()

    def spikes(self) -> dict[str, float]:
        """Spikes per neuron and trial in the last forward pass, where the network counts them."""
        return {f"hidden{k + 1}": float(count) for k, count in enumerate(self.model.counts)}
