"""Text of a readout and a loss for model files of tests."""

OWN_PARTS = '''
from dataclasses import dataclass
import numpy as np
import genn_delays as gd

@dataclass(frozen=True)
class LastVoltage(gd.readouts.Readout):
    """Mean voltage of the last steps of a trial."""

    share: float = 0.5

    def weights(self, steps, dt):
        return np.where(np.arange(steps) >= self.share * steps, 1.0 / steps, 0.0)

    def forward(self, observed, dt):
        return np.einsum("btn,t->bn", observed, self.weights(observed.shape[1], dt))

    def backward(self, output_gradient, observed, dt):
        return self.weights(observed.shape[1], dt)[:, None] * output_gradient[:, None]

@dataclass(frozen=True)
class Halved(gd.losses.CrossEntropy):
    """Half of a cross-entropy."""

    def __call__(self, outputs, targets):
        value, gradient = super().__call__(outputs, targets)
        return value / 2, gradient / 2
'''
