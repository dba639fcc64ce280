"""Gradient rules: what happens at the threshold, forwards and backwards."""

from genn_delays.planning.gradients.base import GradientRule
from genn_delays.planning.gradients.eventprop import EventProp
from genn_delays.planning.gradients.surrogate import Surrogate

__all__ = ["EventProp", "GradientRule", "Surrogate"]
