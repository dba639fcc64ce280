"""Surrogate gradients on GeNN: the voltage of every step is kept for the way back."""
