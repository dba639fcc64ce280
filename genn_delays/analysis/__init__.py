"""Statistics of learnt delays and weights, and pictures of them."""

from genn_delays.analysis.chance import Chance, benjamini_hochberg
from genn_delays.analysis.channels import Channels, channels_of
from genn_delays.analysis.grouping import grouping
from genn_delays.analysis.groupings import Grouping, Groupings, Layer
from genn_delays.analysis.receptive_fields import ReceptiveFields, receptive_fields
from genn_delays.analysis.statistics import ProjectionStatistics, statistics

__all__ = [
    "Chance",
    "Channels",
    "Grouping",
    "Groupings",
    "Layer",
    "ProjectionStatistics",
    "ReceptiveFields",
    "benjamini_hochberg",
    "channels_of",
    "grouping",
    "receptive_fields",
    "statistics",
]
