"""From a declaration to arrays: the plan, its dynamics and rounding, readouts, gradient rules."""
