"""One training in many processes: each runs its share of the trials of every batch.

Every process, a *rank*, keeps the whole network and does the same with it: it draws the same random
numbers, makes the same batches, and sums the same gradients. Only the engine's work is shared out.
"""

from genn_delays.parallel.ranks import ALONE, Ranks

__all__ = ["ALONE", "Ranks"]
