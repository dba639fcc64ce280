"""From templates to the C source of an engine: what both gradient rules share."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from genn_delays.backends.native.structures import Shared
from genn_delays.backends.native.vectors import lanes_of, line_of, vector_bytes
from genn_delays.planning.plan import Plan
from genn_delays.planning.timing import CLOSE


def real_of(dtype: type) -> str:
    """The C type of weights, states and adjoints."""
    return "float" if dtype is np.float32 else "double"


@cache
def environment() -> Environment:
    """The templates of the engine; what is not defined is an error."""
    made = Environment(
        loader=PackageLoader("genn_delays.backends.native"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.globals["close"] = CLOSE.hex()
    return made


def render_engine(rule: str, plan: Plan, structures: Sequence[Shared], **what: Any) -> str:
    """The C source from ``templates/<rule>/engine.c.j2``.

    Args:
        structures: that C and Python share; templates include ``shared.<name>``.
        what: else the templates of this rule need.
    """
    real = real_of(plan.dtype)
    return (
        environment()
        .get_template(f"{rule}/engine.c.j2")
        .render(
            real=real,
            whole="int32_t" if real == "float" else "int64_t",
            lanes=lanes_of(plan),
            line=line_of(plan),
            bytes=vector_bytes(plan),
            shared={one.name: one.typedef(real) for one in structures},
            **what,
        )
    )
