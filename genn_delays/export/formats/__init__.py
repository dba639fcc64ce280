"""The targets, one file each."""

from genn_delays.export.base import Format
from genn_delays.export.formats.arbor import Arbor
from genn_delays.export.formats.brian2 import Brian2
from genn_delays.export.formats.csv import Csv
from genn_delays.export.formats.nest import Nest
from genn_delays.export.formats.nir import Nir
from genn_delays.export.formats.npz import Npz
from genn_delays.export.formats.pynn import Pynn
from genn_delays.export.formats.sonata import Sonata

MADE = (Arbor(), Brian2(), Nest(), Pynn(), Nir(), Sonata(), Npz(), Csv())
FORMATS: dict[str, Format] = {made.name: made for made in MADE}
"""Targets by the name that ``gd.export`` and the command line give them."""
