"""HDF5 files from outside, read in a process of their own.

A damaged file can make the HDF5 library crash or loop for ever. So a second process opens it
(``reader``), under limits of memory and time, and sends plain arrays; ``process`` starts it and
waits for it, ``wire`` checks what it sends, and ``tree`` is what the rest of the package sees.

Covered are crashes, hangs and sizes. Not covered is a file made on purpose to take over the
library: it would act with the user's rights in the reading process.
"""

from genn_delays.support.hdf5.process import read_hdf5, read_rows
from genn_delays.support.hdf5.tree import Group, Ragged, Text

__all__ = ["Group", "Ragged", "Text", "read_hdf5", "read_rows"]
