"""A configuration, the objects it makes, and the folder of a run with its checkpoints."""
