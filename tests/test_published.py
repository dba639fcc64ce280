"""The published networks equal plain PyTorch: outputs, gradients and running averages."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import genn_delays as gd
from genn_delays.backends.checks import dropout_masks
from genn_delays.experiment.model_file import build_network

torch = pytest.importorskip("torch", reason="torch is not installed: nothing to compare with")

ROOT = Path(__file__).parents[1]
BACKENDS = ["reference", "native"]
DT, TRIALS, FRAMES = 10.0, 3, 16
SIZES = {"inputs": 7, "outputs": 4, "seed": 3}
NETWORKS = {
    "spatiotemporal": {"hidden": 9},
    "spatiotemporal, 2 layers, sparse": {"hidden": 9, "layers": 2, "density": 0.5},
    "dcls": {"hidden": 9},
    "dcls, 3 layers, 2KC": {
        **{"hidden": 6, "layers": 3, "kernel_count": 2, "max_delay": 300.0, "tau_mem": 15.0}
    },
}
KERNELS = [("gaussian", 12.0), ("gaussian", 1.0), ("gaussian", 0.23), ("triangle", 0.0)]
CASES = [(name, *kernel) for name in ("spatiotemporal", "dcls") for kernel in KERNELS]
CASES += [(name, "gaussian", 1.0) for name in NETWORKS if "," in name]


def pytorch(net: gd.Network, precision: str):
    """The network of benchmarks/pytorch_dcls.py with these parameters."""
    path = ROOT / "benchmarks" / "pytorch_dcls.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.DelayNetwork(net, DT, getattr(torch, precision))


def published(name: str, **args) -> gd.Network:
    """A network of ``models/`` whose batch normalisation is not the initial one."""
    sizes = SIZES | {key: args.pop(key) for key in SIZES if key in args}
    file = ROOT / "models" / f"{name.split(',')[0]}.py"
    net = build_network(file, NETWORKS.get(name, {}) | args, **sizes)
    rng = np.random.default_rng(8)
    for population in net.populations.values():
        for column in population.units.columns.values():
            column[...] = rng.uniform(0.5, 1.5, len(column))
    return net


class Compared:
    """One batch through this package and through PyTorch.

    Attributes:
        outputs, torch_outputs: (trials, classes).
    """

    def __init__(
        self, net: gd.Network, backend: str, precision: str, training: bool = True
    ) -> None:
        self.net, self.training = net, training
        projection = next(iter(net.projections.values()))
        self.padding = projection.synapses.max_delay / 2 if self._tails() else 0.0
        self.simulation = gd.compile(
            net,
            gradient=gd.Surrogate("arctan", slope=5.0),
            readout=gd.readouts.SoftmaxSum(),
            dt=DT,
            steps=FRAMES + round((max(self._tails(), default=0.0) + self.padding) / DT),
            batch_size=TRIALS,
            backend=backend,
            precision=precision,
        )
        self.torch = pytorch(net, precision).train(training)
        if projection.kernel is not None:
            self.torch.spread(type(projection.kernel).__name__.lower(), projection.kernel.sigma)
        self._run(projection.pre.size, precision)

    def _tails(self) -> list[float]:
        return [p.tail for p in self.net.populations.values() if p.tail]

    def _run(self, inputs: int, precision: str) -> None:
        rng = np.random.default_rng(4)
        values = 3.0 * rng.standard_normal((TRIALS, inputs, FRAMES)).astype(precision)
        trial, unit, step = np.indices(values.shape).reshape(3, -1)
        events = gd.Events(step * DT, unit, trial, TRIALS, values.ravel())
        masks, dtype = dropout_masks(self.simulation.plan, TRIALS, rng), getattr(torch, precision)
        factors = {name: torch.tensor(mask, dtype=dtype) for name, mask in masks.items()}
        given = (masks, factors) if self.training else (None, None)
        self.outputs = self.simulation.forward(events, training=self.training, masks=given[0])
        found = self.torch(torch.tensor(values), given[1])
        self.torch_outputs = found.detach().numpy()
        self.spikes = sum(self.simulation.spike_counts(name).sum() for name in self.torch.names)
        if self.training:
            labels = np.arange(TRIALS) % self.outputs.shape[1]
            loss, drive = gd.losses.CrossEntropy()(self.outputs, labels)
            self.gradients = self.simulation.backward(drive)
            expected = torch.nn.functional.cross_entropy(found, torch.tensor(labels))
            expected.backward()
            assert loss == pytest.approx(expected.item(), abs=1e-5)

    def gradient_errors(self) -> dict[str, float]:
        """Relative error of each gradient, as a vector."""
        errors = {}
        for k, (name, ours) in enumerate(self.gradients.items()):
            layer = self.torch.layers[k]
            weight, position = (
                self.torch.of_synapses(k, parameter.grad)
                for parameter in (layer.weight, layer.position)
            )
            errors[f"{name} weight"] = _relative(ours.weight, weight)
            errors[f"{name} delay"] = _relative(ours.delay, -position / DT)
        for name, norm in zip(self.torch.names, self.torch.norms, strict=True):
            for column, parameter in (("gain", norm.weight), ("bias", norm.bias)):
                ours = self.gradients.units[name][column]
                errors[f"{name} {column}"] = _relative(ours, parameter.grad.numpy())
        return errors


def _relative(ours: np.ndarray, theirs: np.ndarray) -> float:
    assert np.any(theirs), "a gradient that vanishes shows nothing"
    return float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("name", "kernel", "sigma"), CASES)
def test_a_training_batch_equals_pytorch(name, kernel, sigma, backend):
    found = Compared(published(name, kernel=kernel, sigma=sigma), backend, "float64")
    np.testing.assert_allclose(found.outputs, found.torch_outputs, rtol=0, atol=1e-11)
    errors = found.gradient_errors()
    assert max(errors.values()) < 1e-10, errors
    assert found.spikes > 30


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", NETWORKS)
def test_an_evaluation_with_rounded_delays_equals_pytorch(name, backend):
    found = Compared(published(name), backend, "float64", training=False)
    # PyTorch's single tap weighs 1 / (1 + 1e-7), ours 1
    np.testing.assert_allclose(found.outputs, found.torch_outputs, rtol=0, atol=1e-5)
    assert found.spikes > 30


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", ["spatiotemporal", "dcls"])
def test_running_averages_equal_pytorch(name, backend):
    found = Compared(published(name), backend, "float64")
    for name, norm in zip(found.torch.names, found.torch.norms, strict=True):
        population = found.net.populations[name]
        population.units.observe(population.normalise, found.simulation.statistics[name])
        np.testing.assert_allclose(population.units.running_mean, norm.running_mean, rtol=1e-10)
        np.testing.assert_allclose(population.units.running_variance, norm.running_var, rtol=1e-10)


@pytest.mark.parametrize("sigma", [12.0, 1.0, 0.23])
@pytest.mark.parametrize("name", ["spatiotemporal", "dcls"])
def test_the_published_size_equals_pytorch_in_single_precision(name, sigma):
    inputs = {"spatiotemporal": 40, "dcls": 140}[name]
    sizes = {"hidden": 256, "inputs": inputs, "outputs": 20, "sigma": sigma}
    found = Compared(published(name, **sizes), "native", "float32")
    np.testing.assert_allclose(found.outputs, found.torch_outputs, rtol=0, atol=1e-4)
    errors = found.gradient_errors()
    assert max(errors.values()) < 1e-3, errors
