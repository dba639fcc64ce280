"""The targets, one file each."""

from genn_delays.export.base import Format
from genn_delays.export.formats.arbor import Arbor
from genn_delays.export.formats.brian2 import Brian2
from genn_delays.export.formats.nest import Nest
from genn_delays.export.formats.pynn import Pynn

FORMATS: dict[str, Format] = {made.name: made for made in (Arbor(), Brian2(), Nest(), Pynn())}
"""Targets by the name that ``gd.export`` and the command line give them."""
