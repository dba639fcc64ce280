"""The commands, one file each."""

from genn_delays.commands.check import check
from genn_delays.commands.cite import cite
from genn_delays.commands.data import data
from genn_delays.commands.doctor import doctor
from genn_delays.commands.estimate import estimate
from genn_delays.commands.evaluate import evaluate
from genn_delays.commands.plot import plot
from genn_delays.commands.resume import resume
from genn_delays.commands.run import run
from genn_delays.commands.show_code import show_code

COMMANDS = (run, resume, evaluate, check, estimate, show_code, data, plot, doctor, cite)
