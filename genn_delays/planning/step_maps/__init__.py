"""The step of a neuron whose flow is not linear, or whose parameters are learnt, as programs."""

from genn_delays.planning.step_maps.program import Program
from genn_delays.planning.step_maps.step_map import Collected, StepMap
from genn_delays.planning.step_maps.unit_numbers import UnitNumbers

__all__ = ["Collected", "Program", "StepMap", "UnitNumbers"]
