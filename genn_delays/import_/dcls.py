"""Checkpoints of dilated convolutions with learnable spacings: DCLS and SNN-delays.

    network = gd.import_.dcls("Best_ACC.pt", dt=10.0, kernel_size=25, tau=1.005, threshold=1.0,
                              version="gauss")

The state dict of a ``Dcls1d`` layer of DCLS 0.1, or of the network of Hammouamri et al. (2024,
arXiv 2306.17670): layers of ``weight``, ``P`` and ``SIG``, each with the batch normalisation behind
it. A position P is a delay of size - 1 - size // 2 - P steps, and SIG is the width of the kernel.
A spike arrives in its own step where its delay is 0, so lag is 0. A weight of 0 is no synapse.

The published code evaluates with P rounded and not with the delay: they differ for a P half-way
between whole numbers where size // 2 is odd.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from genn_delays.declaration import kernels
from genn_delays.declaration.network import Network
from genn_delays.declaration.neurons import DiscreteLIF, DiscreteReadout, Input
from genn_delays.declaration.units import BatchNorm
from genn_delays.import_.state_dict import arrays_of
from genn_delays.support.checks import is_count, is_number
from genn_delays.support.errors import DataError, NetworkError, suggest

VERSIONS = {"gauss": kernels.Gaussian, "max": kernels.Triangle}
LAYER, NORMALISED = {"weight", "P", "SIG"}, {"weight", "bias", "running_mean", "running_var"}
ASKED = {
    "dt": "ms of a step",
    "kernel_size": "taps, the dilated_kernel_size of its layers",
    "tau": "of the neurons, in steps",
    "threshold": "of the hidden neurons",
    "version": "of its kernels, 'gauss' or 'max'",
}
"""What no checkpoint holds."""


@dataclass(eq=False)
class Layer:
    """One convolution.

    Attributes:
        name: in the state dict.
        weight, position: (outputs, inputs, kernel_count).
        sigma: of its kernels, in steps.
        bias: (outputs,), or None.
        normalise: gain, bias and running averages of the batch normalisation behind it.
        tau: in steps, where that was learnt.
    """

    name: str
    weight: np.ndarray
    position: np.ndarray
    sigma: float
    bias: np.ndarray | None
    normalise: dict[str, np.ndarray] = field(default_factory=dict)
    tau: float | None = None


def dcls(
    checkpoint: Path | str | Mapping[str, Any],
    *,
    dt: float | None = None,
    kernel_size: int | None = None,
    tau: float | None = None,
    threshold: float | None = None,
    version: str | None = None,
    right_padding: int | None = None,
    output_threshold: float | None = None,
    dropout: float = 0.0,
) -> Network:
    """The network of a checkpoint, ready to be trained on or evaluated with the surrogate rule.

    Args:
        checkpoint: a file that ``torch.save`` wrote, read with ``weights_only=True`` (the extra
            ``torch``), or the state dict itself.
        dt: ms of a step, for which delays and time constants hold.
        kernel_size: taps of each kernel.
        tau: membrane time constant in steps; not needed where it was learnt.
        threshold: of the hidden neurons; not needed for a layer alone.
        version: of the kernels, ``"gauss"`` or ``"max"``.
        right_padding: steps that each layer lives longer than the one before; half a kernel by
            default, as published.
        output_threshold: of the output, where it spikes; by default it never does.
        dropout: of the hidden layers.

    Returns:
        Populations ``input``, ``hidden1``, ... (``hidden`` where there is one) and ``output``. With
        n hidden layers a trial is (n + 1) right_padding steps longer than its input.

    Raises:
        DataError: the file cannot be read or is no such checkpoint, or one of these is not given.
    """
    state, where = arrays_of(checkpoint)
    layers = _layers(state, where)
    given = {"dt": dt, "kernel_size": kernel_size, "version": version}
    if any(layer.tau is None for layer in layers):
        given["tau"] = tau
    if len(layers) > 1:
        given["threshold"] = threshold
    _check(given, where)
    assert dt is not None
    assert kernel_size is not None
    assert version is not None
    padding = (kernel_size - 1) // 2 if right_padding is None else right_padding
    try:
        net = Network()
        last = net.add_population("input", Input(), layers[0].weight.shape[1])
        for number, layer in enumerate(layers):
            rest = len(layers) - 1 - number
            name = "output" if not rest else "hidden" if len(layers) == 2 else f"hidden{number + 1}"
            tau_mem = dt * (layer.tau if layer.tau is not None else (tau or 0.0))
            fires = threshold if rest else output_threshold
            last = net.add_population(
                name,
                DiscreteReadout(tau_mem)
                if fires is None
                else DiscreteLIF(tau_mem, threshold=fires),
                len(layer.weight),
                normalise=BatchNorm() if layer.normalise else None,
                bias=None if layer.normalise else layer.bias,
                dropout=dropout if rest else 0.0,
                tail=rest * padding * dt,
            )
            _normalise(last.units.columns, layer)
            kernel = VERSIONS[version](layer.sigma)
            _connect(net, layer, dt, kernel_size, kernel)
    except NetworkError as error:
        raise DataError(f"{where}: {error}") from None
    return net


def _layers(state: Mapping[str, np.ndarray], where: str) -> list[Layer]:
    """The convolutions in order, each with what follows it."""
    parts: dict[str, dict[str, np.ndarray]] = {}
    for name, value in state.items():
        module, _, leaf = name.rpartition(".")
        parts.setdefault(module, {})[leaf] = value
    layers: list[Layer] = []
    for module, values in parts.items():
        values.pop("num_batches_tracked", None)
        if set(values) in (LAYER, LAYER | {"bias"}):
            layers.append(_layer(module, values, layers, where))
        elif layers and set(values) == NORMALISED and not layers[-1].normalise:
            layers[-1].normalise = _sized(values, len(layers[-1].weight), f"{where}: {module!r}")
        elif layers and set(values) == {"w"} and layers[-1].tau is None and values["w"].size == 1:
            layers[-1].tau = float(1.0 + np.exp(-values["w"].item()))  # ParametricLIFNode
        else:
            raise DataError(
                f"{where}: {module!r} with {', '.join(sorted(values))} is neither a Dcls1d layer "
                "nor a batch normalisation or time constant behind one"
            )
    if not layers:
        raise DataError(f"{where} has no Dcls1d layer, which has weight, P and SIG")
    return layers


def _layer(name: str, values: dict[str, np.ndarray], before: list[Layer], where: str) -> Layer:
    place = f"{where}: layer {name!r}"
    weight, sigma = values["weight"], values["SIG"]
    if (
        weight.ndim != 3
        or values["P"].shape != (1, *weight.shape)
        or sigma.shape[1:] != weight.shape
    ):
        raise DataError(
            f"{place}: weight {weight.shape} and P {values['P'].shape}; of a Dcls1d they are "
            "(outputs, inputs, kernel_count), with one side more"
        )
    if before and len(before[-1].weight) != weight.shape[1]:
        raise DataError(
            f"{place} takes {weight.shape[1]} inputs after {len(before[-1].weight)} outputs; "
            "groups are not read"
        )
    if np.any(sigma != sigma.flat[0]):
        raise DataError(f"{place}: SIG differs between synapses; a projection has one width")
    bias = values.get("bias")
    if bias is not None:
        bias = _sized({"bias": bias}, len(weight), place)["bias"]
    return Layer(name, weight, values["P"][0], abs(float(sigma.flat[0])), bias)


def _sized(values: dict[str, np.ndarray], size: int, where: str) -> dict[str, np.ndarray]:
    for name, value in values.items():
        if value.shape != (size,):
            raise DataError(f"{where}: {name} of shape {value.shape} for {size} outputs")
    return values


def _check(given: Mapping[str, Any], where: str) -> None:
    """Ask for all that is missing at once, and look at what is there."""
    missing = [f"{name} ({ASKED[name]})" for name, value in given.items() if value is None]
    if missing:
        raise DataError(f"{where} does not hold these, give them by name: {', '.join(missing)}")
    for name, value in given.items():
        if name == "version":
            if value not in VERSIONS:
                raise DataError(f"import_.dcls(version={value!r}): {suggest(str(value), VERSIONS)}")
        elif name == "kernel_size":
            if not is_count(value):
                raise DataError(f"import_.dcls(kernel_size={value!r}): must be a whole number >= 1")
        elif not is_number(value):
            raise DataError(f"import_.dcls({name}={value!r}): must be a number")


def _normalise(columns: dict[str, np.ndarray], layer: Layer) -> None:
    """Parameters and running averages; a bias before the normalisation moves the average."""
    if not layer.normalise:
        return
    shift = 0.0 if layer.bias is None else layer.bias
    values = layer.normalise
    columns["gain"][:], columns["bias"][:] = values["weight"], values["bias"]
    columns["running_mean"][:] = values["running_mean"] - shift
    columns["running_variance"][:] = values["running_var"]


def _connect(net: Network, layer: Layer, dt: float, size: int, kernel: Any) -> None:
    """The last two populations."""
    pre, post = list(net.populations)[-2:]
    columns, rows, slots = np.nonzero(layer.weight)
    order = np.lexsort((slots, columns, rows))
    columns, rows, slots = columns[order], rows[order], slots[order]
    steps = size - 1 - size // 2 - layer.position[columns, rows, slots]
    if np.any(outside := ~((steps >= 0) & (steps <= size - 1))):
        first = layer.position[columns, rows, slots][outside][0]
        raise NetworkError(
            f"layer {layer.name!r}: P = {first:g} of {np.count_nonzero(outside)} synapses lies "
            f"outside a kernel of {size} taps; give the kernel_size that it was trained with"
        )
    net.connect(
        *(pre, post),
        weight=layer.weight[columns, rows, slots],
        delay=steps * dt,
        max_delay=(size - 1) * dt,
        pairs=(rows, columns),
        kernel=kernel,
        lag=0,
        learn=("weight", "delay"),
    )
