"""Networks and synapses from other software.

    network = gd.import_.nir("net.nir")                        also sonata, npz, csv
    network = gd.import_.dcls("net.pt", dt=10.0, ...)          a checkpoint of published code
    net.connect(a, b, **gd.import_.brian2(synapses, dt=0.1))   synapses alone; also mlgenn

What an export wrote comes back with the same weights and delays, bit for bit, by the file with the
suffix ``.json`` beside it. What a file does not say is asked for by name. No file is run.
"""

from genn_delays.import_.dcls import dcls
from genn_delays.import_.formats import FORMATS
from genn_delays.import_.synapses import brian2, mlgenn

__all__ = ["FORMATS", "brian2", "dcls", "mlgenn", *FORMATS]

globals().update(FORMATS)
