"""What fit, record and calibrate check alike."""

from __future__ import annotations

from genn_delays.planning.timing import MAX_STEPS, duration_to_steps
from genn_delays.support.checks import is_number
from genn_delays.support.errors import PlanError


def steps_of(duration: float, dt: float) -> int:
    """Steps of a trial; both in ms.

    Raises:
        PlanError: one is not > 0, or more steps than the engine can count.
    """
    for name, value in (("dt", dt), ("duration", duration)):
        if not (is_number(value) and value > 0):
            raise PlanError(f"{name}={value!r}: must be > 0 ms")
    if not duration / dt < MAX_STEPS:
        raise PlanError(
            f"{duration:g} ms in steps of dt = {dt:g} ms are more than {MAX_STEPS} steps"
        )
    return max(1, duration_to_steps(duration, dt))
