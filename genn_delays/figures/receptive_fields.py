"""What neurons listen to: weights over channel and delay, excitation and inhibition apart."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from genn_delays.analysis.channels import channels_of
from genn_delays.analysis.receptive_fields import receptive_fields
from genn_delays.declaration.neurons import Input
from genn_delays.declaration.parts import Projection
from genn_delays.figures.material import Material, NothingToDrawError
from genn_delays.figures.style import fitted, new_figure, ticks

SIGNS = {"excitation": "Reds", "inhibition": "Blues"}
DELAYS = 25
"""Columns of a map."""
ROW = 26.0


def draw(material: Material, width: int) -> Figure:
    """The neurons with the strongest synapses from the input, one column each."""
    projection = from_input(material)
    table = projection.synapses
    units = strongest(projection, 6 if width > 90 else 3)
    step = table.max_delay / (DELAYS - 1)
    channels = channels_of(projection, material.source)
    fields = receptive_fields(projection, units, dt=step, channels=channels)
    maps = {sign: found for sign in SIGNS if np.any(found := getattr(fields, sign))}
    if not maps:
        raise NothingToDrawError("all weights from the input are 0")
    top = _top(np.concatenate(list(maps.values())))
    figure = new_figure(width, len(maps) * ROW + 16.0)
    grid = figure.subplots(len(maps), len(units), sharex=True, sharey=True, squeeze=False)
    first, last = fields.channels[0], fields.channels[-1]
    half = 0.5 * step
    extent = (-half, table.max_delay + half, first - 0.5, last + 0.5)
    what = "channel" if fields.ordered else "unit"
    for row, (sign, palette) in zip(grid, [(sign, SIGNS[sign]) for sign in maps], strict=True):
        for axes, found in zip(row, maps[sign], strict=True):
            axes.grid(visible=False)
            image = axes.imshow(found, origin="lower", extent=extent, aspect="auto", cmap=palette,
                                vmin=0.0, vmax=top, interpolation="nearest")  # fmt: skip
            axes.yaxis.set_major_locator(ticks(3, integer=True))
            axes.xaxis.set_major_locator(ticks(3))
        bar = figure.colorbar(image, ax=list(row), aspect=12, pad=0.01, extend="max")
        bar.set_label(f"{sign}\n(sum of |weight|)")
        bar.locator = ticks(3)
        bar.update_ticks()
        row[0].set_ylabel(fitted(f"{projection.pre.name} {what}", 22.0))
    _label(grid, projection, units, width)
    return figure


def _top(fields: np.ndarray) -> float:
    """The end of the scale, which a few fields at a bound of the delay must not set."""
    return float(np.quantile(fields[fields > 0.0], 0.99))


def _label(grid: np.ndarray, projection: Projection, units: np.ndarray, width: int) -> None:
    for axes, unit in zip(grid[0], units, strict=True):
        name = fitted(projection.post.name, width / len(units) - 20.0)
        axes.set_title(f"{name} {unit}")
    for axes in grid[-1]:
        axes.set_xlabel("delay (ms)")


def from_input(material: Material) -> Projection:
    """The projection from an input that has the most synapses with delays.

    Raises:
        NothingToDrawError: there is none.
    """
    found = [
        p
        for p in material.network.projections.values()
        if isinstance(p.pre.neuron, Input) and p.synapses.max_delay > 0.0 and len(p.synapses)
    ]
    if not found:
        raise NothingToDrawError("no projection from an input has delays")
    return max(found, key=lambda p: len(p.synapses))


def strongest(projection: Projection, count: int) -> np.ndarray:
    """The units with the largest sums of |weight|, in their order."""
    table = projection.synapses
    total = np.bincount(table.post, weights=np.abs(table.weight), minlength=table.post_size)
    return np.sort(np.argsort(-total, kind="stable")[:count])
