"""Gradient rules: what happens at the threshold, forwards and backwards."""

from genn_delays.gradients.eventprop import EventProp

__all__ = ["EventProp"]
