"""Published data sets: where they come from, and how they get onto this machine."""

from genn_delays.datasets.published.place import Published, data_folder

__all__ = ["Published", "data_folder"]
