"""gd.compile: from a network to something that runs."""

from __future__ import annotations

from collections.abc import Mapping

from genn_delays.backends import get_backend, learning_backend
from genn_delays.backends.base import Simulation
from genn_delays.backends.learning import AdamRule
from genn_delays.declaration.network import Network
from genn_delays.planning.gradients import EventProp, GradientRule
from genn_delays.planning.plan import make_plan
from genn_delays.planning.readouts import MeanVoltage, Readout


def compile(  # noqa: A001 - the field's word, always used as gd.compile
    network: Network,
    *,
    gradient: GradientRule | None = None,
    readout: Readout | None = None,
    dt: float = 1.0,
    steps: int,
    batch_size: int = 1,
    backend: str = "auto",
    precision: str = "float32",
    threads: int | None = None,
    discretisation: str = "exact",
    adam: Mapping[str, AdamRule] | None = None,
) -> Simulation:
    """Compile a network into a simulation that runs batches forwards and backwards.

    Args:
        network: populations and projections.
        gradient: the gradient rule, ``EventProp()`` by default or ``Surrogate()``.
        readout: what a trial's output is, by default ``readouts.MeanVoltage()``.
        dt: time step in ms.
        steps: steps of a trial; it lasts ``steps * dt`` ms.
        batch_size: largest number of trials in a batch.
        backend: ``"native"``, ``"reference"``, ``"genn-cpu"``, ``"genn-cuda"``, or ``"auto"``:
            genn-cuda where it works, else native.
        precision: ``"float32"`` or ``"float64"``.
        threads: for the native backend; by default one per available core.
        discretisation: ``"exact"`` for P = expm(M dt), ``"euler"`` for P = 1 + M dt.
        adam: ``{"weight": Adam(1e-3), "delay": Adam(0.1)}`` lets these learn on the device of a
            PyGeNN backend; see :class:`genn_delays.backends.learning.Learning`.

    Raises:
        NetworkError, PlanError: before anything is built, for what cannot be run.
        BackendError: the backend cannot run here, and what to do.
    """
    engine = get_backend(backend)
    plan = make_plan(
        network,
        gradient=gradient or EventProp(),
        readout=readout or MeanVoltage(),
        dt=dt,
        steps=steps,
        batch_size=batch_size,
        precision=precision,
        discretisation=discretisation,
    )
    engine.check(plan)
    learner = learning_backend(engine) if adam else None
    engine.check_memory(plan, network, threads)
    if learner is not None:
        return learner.compile(plan, network, threads, adam)
    return engine.compile(plan, network, threads)
