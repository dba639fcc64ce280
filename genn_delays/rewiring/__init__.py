"""Rewiring: rules that drop and grow synapses while a network learns."""

from genn_delays.rewiring.base import Change, GrowingRule, RewiringRule
from genn_delays.rewiring.context import Context
from genn_delays.rewiring.dale import Dale
from genn_delays.rewiring.deep_r import DeepR
from genn_delays.rewiring.fcn24 import FCN24
from genn_delays.rewiring.growth import Growth
from genn_delays.rewiring.rewiring import Rewiring
from genn_delays.rewiring.rigl import RigL
from genn_delays.rewiring.set import SET
from genn_delays.rewiring.soft_deep_r import SoftDeepR
from genn_delays.rewiring.static import Static

RULES: dict[str, type[RewiringRule]] = {
    "dale": Dale,
    "deep_r": DeepR,
    "fcn24": FCN24,
    "rigl": RigL,
    "set": SET,
    "soft_deep_r": SoftDeepR,
    "static": Static,
}
"""Rules by the name a configuration gives them."""

__all__ = [
    "FCN24",
    "RULES",
    "SET",
    "Change",
    "Context",
    "Dale",
    "DeepR",
    "GrowingRule",
    "Growth",
    "Rewiring",
    "RewiringRule",
    "RigL",
    "SoftDeepR",
    "Static",
]
