"""Reasoning over graphs by delays: the relation of an edge is nothing but how long its spikes take.

Xiao, Zhu, He and Lin (2024, ICML, arXiv 2405.16851); docs/graphs.md has equations and examples.
"""

from genn_delays.graphs.checkpoint import load, save
from genn_delays.graphs.family import family_tree
from genn_delays.graphs.fitting import fit
from genn_delays.graphs.graph import Graph
from genn_delays.graphs.knowledge import Asked, KnowledgeGraph, read_knowledge_graph
from genn_delays.graphs.links import link_metrics, read_links
from genn_delays.graphs.model import Model
from genn_delays.graphs.ranking import Ranks, auroc, average_precision
from genn_delays.graphs.reasoner import Reasoner
from genn_delays.graphs.training import Training

__all__ = [
    "Asked",
    "Graph",
    "KnowledgeGraph",
    "Model",
    "Ranks",
    "Reasoner",
    "Training",
    "auroc",
    "average_precision",
    "family_tree",
    "fit",
    "link_metrics",
    "load",
    "read_knowledge_graph",
    "read_links",
    "save",
]
