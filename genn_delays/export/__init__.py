"""Networks for other software, with the same spikes.

    gd.export.brian2(network, "net.py", dt=1.0)

Each target of :data:`FORMATS` is a name here. A format writes a main file with others beside it,
among them one with the suffix ``.json`` that says what the format does not hold. Batch
normalisation is folded, and delays are rounded by this package, once.
"""

from genn_delays.export.base import Format
from genn_delays.export.description import Description, describe
from genn_delays.export.formats import FORMATS

__all__ = ["FORMATS", "Description", "Format", "describe", *FORMATS]

globals().update(FORMATS)
