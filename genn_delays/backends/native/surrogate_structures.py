"""The C structures of the surrogate engine, in the order of templates/surrogate/types.c.j2."""

from __future__ import annotations

from ctypes import POINTER, Structure, c_double, c_int32, c_int64, c_void_p


class UnitsStruct(Structure):
    """``population``."""

    _fields_ = [
        *((name, c_int32) for name in ("size", "model", "spiking", "life")),
        *((name, c_int32) for name in ("feedback", "sums", "states", "block")),
        *((name, c_void_p) for name in ("constant", "sent", "active", "active_count", "trace")),
        *((name, c_void_p) for name in ("current", "adjoint", "drive", "mask", "spike_drive")),
        *((name, c_void_p) for name in ("spike_count", "centre", "gain", "shift")),
        *((name, c_void_p) for name in ("scale", "adjoint_mean", "along")),
        *((name, c_void_p) for name in ("moments", "unit_sums")),
    ]


class SynapsesStruct(Structure):
    """``projection``."""

    _fields_ = [
        *((name, c_int32) for name in ("pre", "post", "internal", "taps")),
        *((name, c_int32) for name in ("fresh", "rounded", "blocks", "block", "lag", "padding")),
        ("synapses", c_int64),
        *((name, c_void_p) for name in ("begin", "pre_unit", "post_unit", "first")),
        *((name, c_void_p) for name in ("weight", "share", "slope")),
        *((name, c_void_p) for name in ("weight_gradient", "delay_gradient")),
    ]


class BatchStruct(Structure):
    """``simulation``."""

    _fields_ = [
        *((name, c_int32) for name in ("steps", "stride", "trials", "groups", "chunks")),
        *((name, c_int32) for name in ("n_populations", "n_projections", "padding")),
        ("slope", c_double),
        ("populations", POINTER(UnitsStruct)),
        ("projections", POINTER(SynapsesStruct)),
    ]
