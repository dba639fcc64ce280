"""From data to a trained network in Python: fit, load, stream, record, calibrate."""

from genn_delays.fitting.calibration import calibrate
from genn_delays.fitting.files import load
from genn_delays.fitting.model import Model
from genn_delays.fitting.recorder import Recording, record
from genn_delays.fitting.streaming import Stream, stream
from genn_delays.fitting.training import fit

__all__ = ["Model", "Recording", "Stream", "calibrate", "fit", "load", "record", "stream"]
