"""Checkpoints of the published code: DCLS 0.1.1 and SNN-delays."""

from __future__ import annotations

import numpy as np
import pytest

import genn_delays as gd

DT, SIZE, TRIALS, STEPS = 10.0, 9, 3, 30
GIVEN = {"dt": DT, "kernel_size": SIZE, "tau": 1.0, "version": "gauss"}
SHAPE = (4, 5, 2)


def layer(seed: int, outputs: int = 4, inputs: int = 5, count: int = 2) -> dict[str, np.ndarray]:
    """The state dict of a Dcls1d layer with random parameters."""
    rng = np.random.default_rng(seed)
    shape = (outputs, inputs, count)
    return {
        "weight": rng.normal(size=shape).astype(np.float32),
        "P": rng.uniform(-4, 4, (1, *shape)).astype(np.float32),
        "SIG": np.full((1, *shape), 1.25, np.float32),
    }


def kernels_of(state: dict[str, np.ndarray], version: str) -> np.ndarray:
    """(outputs, inputs, taps): the published equations."""
    weight, position, sigma = (state[k].astype(float) for k in ("weight", "P", "SIG"))
    distance = np.arange(SIZE) - (position[0] + SIZE // 2)[..., None]
    if version == "gauss":
        share = np.exp(-0.5 * (distance / (np.abs(sigma[0, ..., None]) + 0.27)) ** 2)
    else:
        share = np.maximum(np.abs(sigma[0, ..., None]) + 1 - np.abs(distance), 0)
    share /= share.sum(-1, keepdims=True) + 1e-7
    return (weight[..., None] * share).sum(2)


def spikes() -> np.ndarray:
    rng = np.random.default_rng(1)
    return (rng.random((TRIALS, 5, STEPS)) < 0.3).astype(float)


def convolved(sent: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """(trials, outputs, steps): tap k brings what was sent SIZE - 1 - k steps ago."""
    out = np.zeros((TRIALS, len(kernel), STEPS))
    for k in range(SIZE):
        back = SIZE - 1 - k
        out[..., back:] += np.einsum("bis,oi->bos", sent[..., : STEPS - back], kernel[..., k])
    return out


def outputs_of(net: gd.Network, sent: np.ndarray, *, training: bool) -> np.ndarray:
    """The voltage of the output, (trials, units, steps)."""
    simulation = gd.compile(
        net,
        gradient=gd.Surrogate(),
        readout=gd.readouts.VoltageTrace(),
        dt=DT,
        steps=STEPS,
        batch_size=TRIALS,
        backend="reference",
        precision="float64",
    )
    trial, unit, step = np.nonzero(sent)
    events = gd.Events((step + 0.5) * DT, unit, trial, TRIALS)
    return np.swapaxes(simulation.forward(events, training=training), 1, 2)


@pytest.mark.parametrize("version", ["gauss", "max"])
def test_a_layer_gives_the_outputs_of_the_published_equations(version):
    state, sent = layer(2), spikes()
    net = gd.import_.dcls(state, **GIVEN | {"version": version})
    wanted = convolved(sent, kernels_of(state, version))
    assert np.abs(outputs_of(net, sent, training=True) - wanted).max() < 1e-12
    state["P"], state["SIG"] = np.rint(state["P"]), np.zeros_like(state["SIG"])
    evaluated = convolved(sent, kernels_of(state, "max"))
    assert np.abs(outputs_of(net, sent, training=False) - evaluated).max() < 1e-6


@pytest.mark.parametrize("version", ["gauss", "max"])
def test_a_published_layer_saved_by_torch_gives_its_outputs(version, tmp_path):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    modules = pytest.importorskip("DCLS.construct.modules", reason="dcls is not installed")
    torch.manual_seed(4)
    made = modules.Dcls1d(
        5, 4, kernel_count=2, dilated_kernel_size=SIZE, version=version, bias=True
    ).double()
    torch.nn.init.uniform_(made.P, -4, 4)
    torch.nn.init.constant_(made.SIG, 0.8)
    torch.save(made.state_dict(), tmp_path / "layer.pt")
    net = gd.import_.dcls(tmp_path / "layer.pt", **GIVEN | {"version": version})
    sent = spikes()
    with torch.no_grad():
        padded = torch.nn.functional.pad(torch.as_tensor(sent), (SIZE - 1, 0))
        wanted = made(padded).numpy()
    assert np.abs(outputs_of(net, sent, training=True) - wanted).max() < 1e-6


def snn_delays() -> dict[str, np.ndarray]:
    """The state dict of SNN-delays with two hidden layers, the first with sparse weights."""
    rng = np.random.default_rng(5)
    sizes, state = (5, 6, 4, 3), {}
    for number, place in enumerate((0, 4, 8)):
        made = layer(number, sizes[number + 1], sizes[number], 1)
        if number == 0:
            made["weight"][rng.random(made["weight"].shape) < 0.5] = 0.0
        state |= {f"model.{place}.{k}": v for k, v in made.items()}
        if number < 2:
            norm = {k: rng.uniform(0.5, 1.5, sizes[number + 1]) for k in ("weight", "bias")}
            norm |= {
                f"running_{k}": rng.uniform(0.5, 1, sizes[number + 1]) for k in ("mean", "var")
            }
            state |= {f"model.{place + 1}.{k}": v for k, v in norm.items()}
            state[f"model.{place + 1}.num_batches_tracked"] = np.array(7)
    return state


def test_the_network_of_snn_delays_has_its_layers_normalisation_and_tails():
    state = snn_delays()
    net = gd.import_.dcls(state, **GIVEN | {"tau": 1.005, "threshold": 1.0}, dropout=0.4)
    assert {n: p.size for n, p in net.populations.items()} == {
        "input": 5,
        "hidden1": 6,
        "hidden2": 4,
        "output": 3,
    }
    first, second = net.populations["hidden1"], net.populations["hidden2"]
    assert (first.tail, second.tail, net.populations["output"].tail) == (80.0, 40.0, 0.0)
    assert first.dropout == 0.4
    assert first.neuron.tau_mem == pytest.approx(10.05)
    np.testing.assert_array_equal(second.units.running_variance, state["model.5.running_var"])
    table = net.projections["input->hidden1"].synapses
    weight = state["model.0.weight"][:, :, 0].T
    assert len(table) == np.count_nonzero(weight)
    np.testing.assert_array_equal(table.weight, weight[table.pre, table.post])
    position = state["model.0.P"][0, :, :, 0].T[table.pre, table.post].astype(float)
    np.testing.assert_array_equal(table.delay, (SIZE - 1 - SIZE // 2 - position) * DT)
    assert net.projections["input->hidden1"].kernel.sigma == 1.25
    assert net.projections["input->hidden1"].lag == 0


def test_a_bias_before_normalisation_moves_the_average_and_a_learnt_time_constant_is_taken():
    state = {k: v for k, v in snn_delays().items() if not k.startswith("model.0.b")}
    state["model.0.bias"] = np.linspace(0, 1, 6)
    state["model.2.w"] = np.array(0.0)
    state = dict(sorted(state.items()))
    net = gd.import_.dcls(state, **GIVEN | {"threshold": 1.0})
    units = net.populations["hidden1"].units
    wanted = state["model.1.running_mean"] - state["model.0.bias"]
    np.testing.assert_array_equal(units.running_mean, wanted)
    assert net.populations["hidden1"].neuron.tau_mem == 2 * DT  # 1 / sigmoid(0) steps


def test_what_a_checkpoint_does_not_hold_is_asked_for_by_name_all_at_once():
    with pytest.raises(gd.GennDelaysError) as raised:
        gd.import_.dcls(snn_delays())
    for name in ("dt", "kernel_size", "tau", "threshold", "version"):
        assert f"{name} (" in str(raised.value)
    with pytest.raises(gd.GennDelaysError) as raised:
        gd.import_.dcls(layer(0))
    assert "threshold" not in str(raised.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"weight": np.full(SHAPE, np.nan)}, "'weight' has NaN or infinity"),
        ({"P": np.zeros((1, 4, 5, 3))}, r"weight \(4, 5, 2\) and P \(1, 4, 5, 3\)"),
        ({"P": np.full((1, *SHAPE), 5.0)}, "P = 5 of 40 synapses lies outside a kernel of 9"),
        ({"SIG": np.arange(40.0).reshape(1, *SHAPE)}, "SIG differs between synapses"),
        ({"extra": np.zeros(3)}, "is neither a Dcls1d layer nor"),
        ({"weight": "text"}, "is a str and no array"),
    ],
)
def test_a_state_dict_that_is_another_is_refused(change, said):
    with pytest.raises(gd.GennDelaysError, match=said) as raised:
        gd.import_.dcls(layer(0) | change, **GIVEN)
    assert len(str(raised.value).splitlines()) <= 2


@pytest.mark.parametrize("version", ["v1", 3])
def test_an_unknown_version_of_the_kernels_is_refused(version):
    with pytest.raises(gd.GennDelaysError, match="version="):
        gd.import_.dcls(layer(0), **GIVEN | {"version": version})


def test_a_file_that_would_run_code_is_refused(tmp_path):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    path = tmp_path / "whole.pt"
    torch.save(torch.nn.Linear(2, 2), path)  # a pickled module
    with pytest.raises(gd.GennDelaysError, match="cannot read it as weights alone"):
        gd.import_.dcls(path, **GIVEN)
    path.write_bytes(b"no archive")
    with pytest.raises(gd.GennDelaysError, match="cannot read it as weights alone"):
        gd.import_.dcls(path, **GIVEN)
    torch.save([torch.zeros(2)], path)
    with pytest.raises(gd.GennDelaysError, match="holds a list"):
        gd.import_.dcls(path, **GIVEN)
