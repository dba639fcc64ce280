"""A training small enough for many ranks: rewiring, learnt delays, dropout and a regulariser."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import genn_delays as gd
from genn_delays.parallel import ALONE, Ranks
from genn_delays.parallel.agreement import fingerprint
from genn_delays.parallel.simulation import SharedSimulation, own_batch
from genn_delays.planning.gradients import EventProp, Surrogate
from genn_delays.rewiring import DeepR, Growth, RigL
from genn_delays.training import Adam, Callback, Optimiser, SpikeCount, Trainer, TrainerState

DT, STEPS, BATCH = 0.5, 120, 24
RULES = ("eventprop", "surrogate")
ONE_AT_A_TIME = threading.Lock()
"""Where ranks are threads: an engine's structures in C are made once in a process."""


def make_data():
    """44 trials: a whole batch and a smaller one."""
    return gd.datasets.load("yin_yang", dt=DT, train=44, validation=20, test=20)


def make_network(rule, learn=()):
    net = gd.Network(1)
    net.add_population("input", gd.Input(), 4)
    learnt = {"learn": ("weight", "delay"), "max_delay": 15.0}
    if rule == "eventprop":
        net.add_population("hidden", gd.LIF(10.0, 3.0), 20)
        net.add_population("output", gd.LeakyReadout(10.0, 3.0), 3)
        weight = gd.init.Normal(4.0, 1.5)
    else:
        net.add_population("hidden", gd.DiscreteLIF(10.0), 20, dropout=0.1, learn=learn)
        net.add_population("output", gd.DiscreteReadout(10.0), 3)
        weight = gd.init.Normal(1.5, 0.5)
        learnt["kernel"] = gd.kernels.Gaussian(2.0)
    delay, density = gd.init.Uniform(0.0, 10.0), 0.5
    net.connect("input", "hidden", weight=weight, delay=delay, density=density, **learnt)
    recurrent = gd.init.Normal(0.0, 0.3)
    net.connect("hidden", "hidden", weight=recurrent, delay=delay, density=0.3, **learnt)
    net.connect("hidden", "output", weight=gd.init.Normal(0.0, 0.3))
    return net


def compiled(network, rule, ranks=ALONE, precision="float32", batch=BATCH, backend="native"):
    """A simulation for batches that are shared out over the ranks."""
    with ONE_AT_A_TIME:
        simulation = gd.compile(
            network,
            gradient=EventProp() if rule == "eventprop" else Surrogate(),
            readout=gd.readouts.MeanVoltage(),
            dt=DT,
            steps=STEPS,
            batch_size=own_batch(ranks, batch),
            precision=precision,
            threads=1,
            backend=backend,
        )
    return SharedSimulation(simulation, network, ranks, batch) if ranks.count > 1 else simulation


@dataclass
class Record(Callback):
    """Loss and spikes of each epoch and split, and how many synapses were grown."""

    curve: list[float] = field(default_factory=list)
    grown: int = 0

    def on_epoch_end(self, trainer, metrics, is_best):
        self.curve += [value for m in metrics.values() for value in (m.loss, m.spikes_per_neuron)]
        self.grown += sum(seen["grown"] for seen in metrics["train"].rewiring.values())


def rewiring_of(rule):
    if rule == "eventprop":
        return [RigL(every=2, end=1.0, growth=Growth("best"))]
    return [DeepR(l1=1e-3)]


def make_trainer(
    ranks: Ranks = ALONE,
    rule: str = "eventprop",
    precision: str = "float32",
    *,
    network: gd.Network | None = None,
    state: TrainerState | None = None,
    callbacks: tuple[Callback, ...] = (),
    epochs: int = 3,
) -> Trainer:
    network = network or make_network(rule)
    return Trainer(
        network,
        compiled(network, rule, ranks, precision),
        make_data(),
        loss=gd.losses.CrossEntropy(scale=5.0),
        optimiser=Optimiser(weight=Adam(0.03), delay=Adam(0.1)),
        epochs=epochs,
        batch_size=BATCH,
        seed=1,
        rewiring=rewiring_of(rule),
        regularisers=[SpikeCount(3.0, 1e-3)],
        callbacks=callbacks,
        state=state,
        ranks=ranks,
    )


def trained(ranks=ALONE, rule="eventprop", precision="float32"):
    """(curve, synapses grown, fingerprint) of a whole training."""
    record = Record()
    trainer = make_trainer(ranks, rule, precision, callbacks=(record,))
    trainer.fit()
    return record.curve, record.grown, hash_of(trainer)


def hash_of(trainer):
    return fingerprint(trainer.network, trainer.state.to_mapping())
