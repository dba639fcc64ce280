"""Statistics of learnt delays and weights, and pictures of them."""

from genn_delays.analysis.channels import Channels, channels_of
from genn_delays.analysis.receptive_fields import ReceptiveFields, receptive_fields
from genn_delays.analysis.statistics import ProjectionStatistics, statistics

__all__ = [
    "Channels",
    "ProjectionStatistics",
    "ReceptiveFields",
    "channels_of",
    "receptive_fields",
    "statistics",
]
