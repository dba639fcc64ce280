"""Statistics of learnt delays and weights, and pictures of them."""

from genn_delays.analysis.statistics import ProjectionStatistics, statistics

__all__ = ["ProjectionStatistics", "statistics"]
