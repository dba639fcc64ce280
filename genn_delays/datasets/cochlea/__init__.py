"""The inner ear of the Heidelberg data sets (Cramer et al. 2022): recordings to spikes.

``ear`` is one recording, from ``membrane`` (the filters) to ``nerve`` (compiled, hair cells and
bushy cells); ``convert`` makes files of a whole data set.
"""

from genn_delays.datasets.cochlea.convert import Converted, convert, files_of
from genn_delays.datasets.cochlea.ear import RATE, Ear

__all__ = ["RATE", "Converted", "Ear", "convert", "files_of"]
