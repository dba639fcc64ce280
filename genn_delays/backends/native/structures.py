"""The C structures of the engine as ctypes, in the order of templates/types.c.j2."""

from __future__ import annotations

from ctypes import POINTER, Structure, c_double, c_float, c_int32, c_int64, c_void_p
from typing import Any

import numpy as np


class PopulationStruct(Structure):
    """``population``."""

    _fields_ = [
        *((name, c_int32) for name in ("size", "padded", "blocks", "model", "states", "is_input")),
        *((name, c_int32) for name in ("band", "chunks")),
        *((name, c_void_p) for name in ("constants", "voltage", "voltage_drive")),
        *((name, c_void_p) for name in ("step_weight", "output", "output_drive")),
        *(
            (name, c_void_p)
            for name in (
                "spike_drive",
                "first_drive",
                "count",
                "first",
                "time",
                "active",
                "n_active",
            )
        ),
        *(
            (name, c_void_p)
            for name in ("value", "rows", "by_row", "order", "before", "feedback", "adjoint")
        ),
        ("storage", c_int64),
        ("capacity", c_int32),
        *((name, c_int32) for name in ("slots", "row_before", "padding")),
        ("needed", c_int64),
    ]


class ProjectionStruct(Structure):
    """``projection``."""

    _fields_ = [
        *((name, c_int32) for name in ("pre", "post", "internal", "dense", "slot", "chunks")),
        ("synapses", c_int64),
        *((name, c_void_p) for name in ("begin", "owner", "other", "place", "delay", "weight")),
        *((name, c_void_p) for name in ("weight_gradient", "delay_gradient")),
    ]


def simulation_struct(precision: str) -> type[Structure]:
    """``simulation``, whose scalars have the precision of the plan."""
    real = c_float if precision == "float32" else c_double

    class SimulationStruct(Structure):
        _fields_ = [
            *((name, c_int32) for name in ("steps", "row", "trials")),
            *((name, c_int32) for name in ("n_populations", "n_projections", "padding")),
            ("dt", real),
            ("min_slope", real),
            ("populations", POINTER(PopulationStruct)),
            ("projections", POINTER(ProjectionStruct)),
        ]

    return SimulationStruct


class EventsStruct(Structure):
    """``events`` of templates/events.c.j2."""

    _fields_ = [
        *((name, c_void_p) for name in ("time", "unit", "trial", "value", "begin")),
        *(
            (name, c_int32)
            for name in ("single_time", "single_value", "parts", "together", "in_order", "padding")
        ),
        *((name, c_double) for name in ("dt", "end")),
    ]


def point(struct: Any, **arrays: np.ndarray | None) -> None:
    """Set pointer fields to the data of arrays, which the caller keeps alive."""
    for name, array in arrays.items():
        if array is not None and not array.flags.c_contiguous:
            raise ValueError(f"{name} must be contiguous")
        setattr(struct, name, None if array is None else array.ctypes.data)
