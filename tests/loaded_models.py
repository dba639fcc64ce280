"""What a loaded GeNN model holds."""

from __future__ import annotations


def held(simulation) -> int:
    """Bytes of a loaded model, all but GeNN's own lists of spikes."""
    neurons = simulation.model.neuron_populations.values()
    synapses = simulation.model.synapse_populations.values()
    updates = simulation.model.custom_updates.values()
    arrays = [v._view for g in (*neurons, *synapses, *updates) for v in g.vars.values()]
    arrays += [a.view for g in neurons for a in g.extra_global_params.values()]
    arrays += [a.view for s in synapses for a in (s._ind, s._row_lengths)]
    arriving = [(s.max_dendritic_delay_timesteps + 1) * s.trg.num_neurons * 8 for s in synapses]
    return sum(a.nbytes for a in arrays) + sum(arriving)
