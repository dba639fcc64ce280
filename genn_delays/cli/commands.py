"""The commands, one file each."""

from genn_delays.cli.analyse import analyse
from genn_delays.cli.check import check
from genn_delays.cli.cite import cite
from genn_delays.cli.data import data
from genn_delays.cli.doctor import doctor
from genn_delays.cli.estimate import estimate
from genn_delays.cli.evaluate import evaluate
from genn_delays.cli.export import export
from genn_delays.cli.plot import plot
from genn_delays.cli.report import report
from genn_delays.cli.resume import resume
from genn_delays.cli.run import run
from genn_delays.cli.show_code import show_code
from genn_delays.cli.sweep import sweep

COMMANDS = (
    run,
    resume,
    sweep,
    evaluate,
    analyse,
    export,
    check,
    estimate,
    show_code,
    data,
    plot,
    report,
    doctor,
    cite,
)
