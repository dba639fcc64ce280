"""A reasoner of ``genn_delays.graphs`` in plain PyTorch, to check it against and to time it.

Written from the equations of Xiao, Zhu, He and Lin (2024, arXiv 2405.16851), not the authors' code.
As in theirs, all spikes and traces of a batch are dense arrays, every step looks the delayed spike
of each neuron up along each edge and adds it at the tail, and autograd goes back.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from genn_delays.graphs.graph import Graph
from genn_delays.graphs.parameters import Parameters
from genn_delays.graphs.queries import Queries
from genn_delays.graphs.reasoner import Reasoner


class Spike(torch.autograd.Function):
    """Forwards a step at 0, backwards the slope of a sigmoid."""

    @staticmethod
    def forward(ctx, x: Tensor, slope: float) -> Tensor:
        ctx.save_for_backward(x)
        ctx.slope = slope
        return (x >= 0).to(x.dtype)

    @staticmethod
    def backward(ctx, gradient: Tensor):
        (x,) = ctx.saved_tensors
        f = torch.sigmoid(ctx.slope * x)
        return gradient * ctx.slope * f * (1.0 - f), None


class Delayed(torch.autograd.Function):
    """Spikes as they arrive along edges; the delay's gradient is that of the trace."""

    @staticmethod
    def forward(ctx, spikes: Tensor, delay: Tensor, trace: Tensor, head: Tensor) -> Tensor:
        """spikes, trace: (steps, entities, queries, neurons); delay: (edges, queries, neurons)."""
        step = len(spikes) - 1 - delay.round().long()
        late = step < 0
        step = step.clamp(min=0)
        query = torch.arange(delay.shape[1])[:, None]
        neuron = torch.arange(delay.shape[2])
        place = (step, head[:, None, None], query, neuron)
        ctx.save_for_backward(step, late, head, trace[place])
        ctx.shape = spikes.shape
        return spikes[place].masked_fill(late, 0.0)

    @staticmethod
    def backward(ctx, gradient: Tensor):
        step, late, head, trace = ctx.saved_tensors
        gradient = gradient.masked_fill(late, 0.0)
        query = torch.arange(gradient.shape[1])[:, None]
        neuron = torch.arange(gradient.shape[2])
        back = torch.zeros(ctx.shape, dtype=gradient.dtype)
        back.index_put_((step, head[:, None, None], query, neuron), gradient, accumulate=True)
        return back, gradient * trace, None, None


class TorchReasoner(nn.Module):
    """The same parameters, by the same names."""

    def __init__(self, reasoner: Reasoner, parameters: Parameters, dtype=torch.float32) -> None:
        super().__init__()
        self.reasoner = reasoner
        self.values = nn.ParameterDict(
            {
                name: nn.Parameter(torch.tensor(parameters[name], dtype=dtype))
                for name in parameters.columns
            }
        )

    def forward(self, edges: Tensor, entities: int, queries: Queries) -> Tensor:
        """Scores; ``edges`` are head, relation and tail of all edges, both ways."""
        r, p = self.reasoner, self.values
        head, relation, tail = edges
        source, target = torch.as_tensor(queries.source), torch.as_tensor(queries.target)
        query = p["query"][torch.as_tensor(queries.relation)] * (r.threshold / 2) + r.threshold / 2
        drive = torch.zeros(entities, *query.shape, dtype=query.dtype)
        drive = drive.index_put((source, torch.arange(len(query))), query)
        delay = None
        if r.learns_delays:
            logits = torch.einsum("rnm,qm->rqn", p["delay_weight"], query)
            logits = logits + p["delay_bias"][:, None]
            delay = (r.max_delay * torch.sigmoid(logits))[relation]
        spikes = self.run(drive, delay, head, tail)
        weights = torch.tensor(r.code_weights(), dtype=query.dtype)
        code = torch.einsum("t,tnqd->qnd", weights, spikes)
        asked = code[torch.arange(len(query))[:, None], target]
        features = torch.cat([asked, query[:, None].expand(-1, target.shape[1], -1)], -1)
        hidden = functional.linear(features, p["hidden_weight"], p["hidden_bias"]).relu()
        return hidden @ p["score_weight"] + p["score_bias"]

    def run(self, drive: Tensor, delay: Tensor | None, head: Tensor, tail: Tensor) -> Tensor:
        """Spikes, (steps, entities, queries, neurons)."""
        r, p, keep = self.reasoner, self.values, self.reasoner.keep()
        height = r.height() * r.scale
        ages = torch.tensor(r.trace_weights(), dtype=drive.dtype)
        current, voltage = torch.zeros_like(drive), drive
        spikes, traces = [], []
        for t in range(r.steps):
            if t:
                sent = torch.stack(spikes)
                if delay is None:
                    come = sent[-1][head]
                else:
                    come = Delayed.apply(sent, delay, torch.stack(traces), head)
                arrived = torch.zeros_like(drive).index_add(0, tail, come)
                mapped = functional.linear(arrived, p["map_weight"], p["map_bias"])
                current = keep * current + height * mapped
                voltage = keep * voltage + current + drive
            spike = Spike.apply(voltage - r.threshold, r.slope)
            voltage = voltage * (1.0 - spike)
            spikes.append(spike)
            with torch.no_grad():
                past = torch.stack(spikes)
                traces.append(torch.einsum("t,tnqd->nqd", ages[: t + 1].flip(0), past))
        return torch.stack(spikes)


def loss_of(score: Tensor, temperature: float) -> Tensor:
    """Of one true entity, which is first, and several wrong ones."""
    true = torch.zeros_like(score)
    true[:, 0] = 1.0
    loss = functional.binary_cross_entropy_with_logits(score, true, reduction="none")
    weight = torch.ones_like(score)
    weight[:, 1:] = torch.softmax(score.detach()[:, 1:] / temperature, -1)
    return ((loss * weight).sum(-1) / weight.sum(-1)).mean()


def edges_without(graph: Graph, facts: np.ndarray) -> Tensor:
    """Head, relation and tail of all edges but for those of some facts."""
    keep = np.ones(len(graph), bool)
    keep[facts] = False
    return torch.as_tensor(graph.doubled[np.concatenate([keep, keep])].T.copy())
