"""The structure that the engine of graphs and Python share."""

from __future__ import annotations

from genn_delays.backends.native.structures import shared

GRAPH = shared(
    "Graph",
    [
        ("int64_t entities, relations, queries", "relations with the inverse ones"),
        ("int64_t space_bytes", "of each thread"),
        ("char *space", ""),
        ("int32_t steps, reach", "reach: largest delay + 1"),
        ("int32_t learns", "delays are learnt"),
        ("int32_t padding", ""),
        ("const int64_t *out_start", "[entities + 1] edges by head"),
        ("const int32_t *out_tail, *out_relation", "[edges]"),
        ("const int64_t *in_start", "[entities + 1] edges by tail"),
        ("const int32_t *in_head, *in_relation", "[edges]"),
        ("const int32_t *source", "[queries]"),
        ("const int64_t *target_start", "[queries + 1]"),
        ("const int32_t *target", "[targets]"),
        ("const uint8_t *delay", "[queries][relations][NEURONS]"),
        ("const real *current", "[queries][NEURONS] into the source"),
        (
            "const real *map, *map_back",
            "[NEURONS][NEURONS] from a row, to a row; the kernel's height in it",
        ),
        ("const real *bias", "[NEURONS], the kernel's height in it"),
        ("const real *decay", "[steps] weight of a spike in the code"),
        ("const real *trace", "[steps] minus the slope of the kernel, by age"),
        ("real keep, threshold, slope", "keep: of voltage and current in a step"),
        ("real *code", "[targets][NEURONS]"),
        ("const real *d_code", "[targets][NEURONS]"),
        ("real *d_current, *d_bias", "[queries][NEURONS]"),
        ("real *d_map", "[queries][NEURONS from][NEURONS to]"),
        ("real *d_delay", "[queries][relations][NEURONS]"),
    ],
)
