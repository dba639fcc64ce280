"""Formats that hold a whole network, one file each."""

from genn_delays.import_.base import Reader
from genn_delays.import_.formats.csv import Csv
from genn_delays.import_.formats.nir import Nir
from genn_delays.import_.formats.npz import Npz
from genn_delays.import_.formats.sonata import Sonata

FORMATS: dict[str, Reader] = {made.name: made for made in (Nir(), Sonata(), Npz(), Csv())}
"""Readers by the name that ``gd.import_`` gives them."""
