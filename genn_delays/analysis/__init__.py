"""What a network learnt, in numbers: statistics against chance, and what the network needs."""

from genn_delays.analysis.chance import Chance, benjamini_hochberg, sign_flips
from genn_delays.analysis.channels import Channels, channels_of
from genn_delays.analysis.course import Course, courses
from genn_delays.analysis.function import Function, Outcome, function
from genn_delays.analysis.grouping import grouping
from genn_delays.analysis.groupings import Grouping, Groupings, Layer
from genn_delays.analysis.perturbations import Perturbation
from genn_delays.analysis.pooled import Pooled, pooled
from genn_delays.analysis.receptive_fields import ReceptiveFields, receptive_fields
from genn_delays.analysis.rewired import Kept, Survival, kept
from genn_delays.analysis.runs import Analysis, RunAnalysis, analyse
from genn_delays.analysis.settings import AnalysisSettings
from genn_delays.analysis.similarity import Similarity, similarity
from genn_delays.analysis.statistics import ProjectionStatistics, statistics

__all__ = [
    "Analysis",
    "AnalysisSettings",
    "Chance",
    "Channels",
    "Course",
    "Function",
    "Grouping",
    "Groupings",
    "Kept",
    "Layer",
    "Outcome",
    "Perturbation",
    "Pooled",
    "ProjectionStatistics",
    "ReceptiveFields",
    "RunAnalysis",
    "Similarity",
    "Survival",
    "analyse",
    "benjamini_hochberg",
    "channels_of",
    "courses",
    "function",
    "grouping",
    "kept",
    "pooled",
    "receptive_fields",
    "sign_flips",
    "similarity",
    "statistics",
]
