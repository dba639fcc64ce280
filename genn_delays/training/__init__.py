"""Training: optimisers, schedules, narrowing, regularisers, the trainer and its callbacks."""

from genn_delays.training.callbacks import Callback, EarlyStopping, Interrupted, Run
from genn_delays.training.narrowing import Narrowing
from genn_delays.training.optimiser import Group, Optimiser
from genn_delays.training.progress import show_progress
from genn_delays.training.regularisers import Regulariser, SilentRescue, SpikeCount
from genn_delays.training.schedules import Constant, Cosine, EaseIn, OneCycle, Progress, Schedule
from genn_delays.training.state import Metrics, TrainerState
from genn_delays.training.tensorboard import TensorBoard
from genn_delays.training.trainer import Trainer
from genn_delays.training.update_rules import SGD, Adam, Rule

__all__ = [
    "SGD",
    "Adam",
    "Callback",
    "Constant",
    "Cosine",
    "EarlyStopping",
    "EaseIn",
    "Group",
    "Interrupted",
    "Metrics",
    "Narrowing",
    "OneCycle",
    "Optimiser",
    "Progress",
    "Regulariser",
    "Rule",
    "Run",
    "Schedule",
    "SilentRescue",
    "SpikeCount",
    "TensorBoard",
    "Trainer",
    "TrainerState",
    "show_progress",
]
