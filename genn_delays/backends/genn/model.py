"""From a declaration to a pygenn.GeNNModel: groups are added as data says, and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np

from genn_delays.backends.genn import codegen
from genn_delays.backends.genn.availability import CUDA, import_pygenn
from genn_delays.backends.genn.declaration import Declaration, SynapseGroup
from genn_delays.backends.genn.snippets import NeuronSnippet, SynapseSnippet, Variable, type_of

CLEAR, CLEAR_GRADIENTS, REDUCE, ADAM = "clear", "clear_gradients", "reduce", "adam"
"""Groups of custom updates, which the host starts by name."""
GRADIENTS = ("weight_gradient", "delay_gradient")
BLOCK, NARROW = 64, 32
"""Threads of a block of a CUDA kernel; of that which visits synapses, where all rows fit it."""
PRESYNAPTIC = 1
"""Place of that kernel in PyGeNN's list of block sizes."""
ADAM_PARAMS = ("lr", "beta1", "beta2", "eps", "weight_decay", "largest", "grid")
RUNS = {"weight": "w", "delay": "d"}
"""Variable of a synapse that a parameter runs as."""
ADAM_STATE = ("parameter", "first", "second", "age")


def make_model(declaration: Declaration, backend: str, name: str) -> Any:
    """A GeNNModel, not yet built."""
    pygenn = import_pygenn()
    settings = {
        "backend": backend,
        "time_precision": "double",
        **_preferences(declaration, backend),
    }
    model = pygenn.GeNNModel(declaration.precision, name, **settings)
    model.dt = declaration.dt
    model.batch_size = declaration.batch_size
    groups = {}
    for n in declaration.neurons:
        groups[n.name] = add_neurons(model, n.name, n.size, n.snippet)
    for s in declaration.synapses:
        group = add_synapses(model, s, groups[s.source], groups[s.target])
        # rows without synapses for now: the host fills them when the model is loaded
        group.set_sparse_connections(np.zeros(0, np.int64), np.zeros(0, np.int64))
        group.max_connections = s.row
        _add_updates(model, s, group)
    return model


def block_sizes(declaration: Declaration, kernels: int) -> list[int]:
    """Threads of a block of each CUDA kernel.

    A thread has one synapse of a row, and each row begins a block of its own: with rows of 19
    synapses a second warp would have nothing to do.
    """
    sizes = [BLOCK] * kernels
    if all(s.row <= NARROW for s in declaration.synapses):
        sizes[PRESYNAPTIC] = NARROW
    return sizes


def _preferences(declaration: Declaration, backend: str) -> dict[str, Any]:
    """Fixed kernel sizes on CUDA, on the first device that ``CUDA_VISIBLE_DEVICES`` shows.

    By default GeNN finds them by compiling every kernel twice, in the model's own folder, each
    time a model is opened: a cached model would gain nothing, and two processes would collide.
    """
    if backend != CUDA:
        return {}
    module = import_pygenn().genn_model.backend_modules[CUDA]
    return {
        "device_select_method": module.DeviceSelect.MANUAL,
        "manual_device_id": 0,
        "block_size_select_method": module.BlockSizeSelect.MANUAL,
        "manual_block_sizes": block_sizes(
            declaration, len(module.Preferences().manual_block_sizes)
        ),
    }


def add_neurons(
    model: Any, name: str, size: int, snippet: NeuronSnippet, values: Any = None
) -> Any:
    """A neuron group.

    Args:
        values: of constants and of states at the beginning, by name, each (n,); else constants
            are set when the model is loaded, and states are 0.
    """
    pygenn = import_pygenn()
    read_only = pygenn.VarAccess.READ_ONLY
    kind = pygenn.create_neuron_model(
        "genn_delays_neuron",
        params=[(param, type_) for param, type_, _ in snippet.params],
        vars=[_variable(v) for v in snippet.variables]
        + [(constant, type_of(constant), read_only) for constant in snippet.constants],
        sim_code=snippet.sim_code,
        threshold_condition_code=snippet.threshold_code or None,
        reset_code=snippet.reset_code or None,
        extra_global_params=[(array, f"{type_}*") for array, type_ in snippet.arrays],
        additional_input_vars=[(variable, "scalar", 0.0) for variable in snippet.inputs],
        auto_refractory_required=False,
    )
    initial: dict[str, Any] = {v.name: 0 for v in snippet.variables}
    initial |= {constant: np.zeros(size) for constant in snippet.constants}
    initial |= {name: column for name, column in (values or {}).items() if name in initial}
    params = {param: value for param, _, value in snippet.params}
    group = model.add_neuron_population(name, size, kind, params, initial)
    for param in snippet.dynamic:
        group.set_param_dynamic(param)
    return group


def add_synapses(
    model: Any, s: SynapseGroup, source: Any, target: Any, values: Any = None, arrive: Any = None
) -> Any:
    """A synapse group, without its connectivity.

    Args:
        values: initial values of its variables by name, 0 by default.
        arrive: a postsynaptic initialiser of the user's own, instead of handing the weights
            over to the neuron as they are.
    """
    pygenn = import_pygenn()
    kind = _weight_update_model(s.snippet)
    initial = {v.name: 0 for v in s.snippet.variables} | dict(values or {})
    refs = {
        "pre_var_refs": {v: pygenn.create_var_ref(source, v) for v, _ in s.snippet.pre},
        "post_var_refs": {v: pygenn.create_var_ref(target, v) for v, _ in s.snippet.post},
    }
    if arrive is None:
        raw = pygenn.create_postsynaptic_model("genn_delays_arrive", sim_code=s.snippet.arrive_code)
        arrive = pygenn.init_postsynaptic(raw)
    params = {name: value for name, _, value in s.snippet.params}
    update = pygenn.init_weight_update(kind, params, initial, **refs)
    group = model.add_synapse_population(s.name, "SPARSE", source, target, update, arrive)
    group.max_dendritic_delay_timesteps = s.slots
    for param in params:
        group.set_wu_param_dynamic(param)
    group.post_target_var = s.snippet.target
    if "addToPre" in s.snippet.event_code:
        group.pre_target_var = "ArrivalGradient"
    return group


def _weight_update_model(snippet: SynapseSnippet) -> Any:
    pygenn = import_pygenn()
    reads = pygenn.VarAccessMode.READ_ONLY
    return pygenn.create_weight_update_model(
        "genn_delays_synapse",
        params=[(param, type_) for param, type_, _ in snippet.params],
        vars=[_variable(v) for v in snippet.variables],
        pre_neuron_var_refs=[(*v, reads) for v in snippet.pre],
        post_neuron_var_refs=[(*v, reads) for v in snippet.post],
        pre_spike_syn_code=snippet.spike_code,
        pre_event_threshold_condition_code=snippet.event_condition or None,
        pre_event_syn_code=snippet.event_code or None,
    )


def _variable(v: Variable) -> tuple:
    return v.name, v.type, getattr(import_pygenn().VarAccess, v.access)


def _add_updates(model: Any, s: SynapseGroup, group: Any) -> None:
    """Custom updates of a synapse group: clear it, sum its gradients over the batch, learn."""
    pygenn = import_pygenn()
    broadcast = pygenn.VarAccessMode.BROADCAST
    clear = pygenn.create_custom_update_model(
        "genn_delays_clear",
        var_refs=[("arriving", "scalar", broadcast)],
        update_code="arriving = 0;",
    )
    arriving = {"arriving": pygenn.create_den_delay_var_ref(group)}
    model.add_custom_update(f"{s.name}_clear", CLEAR, clear, {}, {}, arriving)
    zero = pygenn.create_custom_update_model(
        "genn_delays_zero", var_refs=[("gradient", "scalar")], update_code="gradient = 0;"
    )
    total = pygenn.create_custom_update_model(
        "genn_delays_sum",
        vars=[("total", "scalar", pygenn.CustomUpdateVarAccess.REDUCE_BATCH_SUM)],
        var_refs=[("gradient", "scalar", pygenn.VarAccessMode.READ_ONLY)],
        update_code="total = gradient;",
    )
    for name in GRADIENTS:
        ref = {"gradient": pygenn.create_wu_var_ref(group, name)}
        model.add_custom_update(f"{s.name}_{name}_zero", CLEAR_GRADIENTS, zero, {}, {}, ref)
        summed = model.add_custom_update(
            f"{s.name}_{name}_sum", REDUCE, total, {}, {"total": 0.0}, ref
        )
        parameter = name.removesuffix("_gradient")
        if parameter in s.learn:
            _add_adam(model, s, group, parameter, summed)


def _add_adam(model: Any, s: SynapseGroup, group: Any, parameter: str, summed: Any) -> None:
    """Adam over one parameter, in double precision, as on the host."""
    pygenn = import_pygenn()
    used = next(v for v in s.snippet.variables if v.name == RUNS[parameter])
    adam = pygenn.create_custom_update_model(
        "genn_delays_adam",
        params=[(name, "double") for name in ADAM_PARAMS],
        vars=[(name, "double") for name in ADAM_STATE],
        var_refs=[
            ("gradient", "scalar", pygenn.VarAccessMode.READ_ONLY),
            (used.name, used.type),
        ],
        update_code=codegen.adam_code(parameter),
    )
    update = model.add_custom_update(
        f"{s.name}_{parameter}_adam",
        ADAM,
        adam,
        dict.fromkeys(ADAM_PARAMS, 0.0),
        dict.fromkeys(ADAM_STATE, 0.0),
        {
            "gradient": pygenn.create_wu_var_ref(summed, "total"),
            used.name: pygenn.create_wu_var_ref(group, used.name),
        },
    )
    for name in ADAM_PARAMS:
        update.set_param_dynamic(name)
