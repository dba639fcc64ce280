"""What a user declares: populations, projections, their synapses and first values; no numerics."""
