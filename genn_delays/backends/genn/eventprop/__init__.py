"""EventProp on GeNN: a tape of spikes, read backwards."""
