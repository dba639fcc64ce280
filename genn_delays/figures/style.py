"""How figures look: final sizes, fonts, colours that remain apart for the colour-blind and in grey.

A figure is drawn at the width at which it is printed, 90 or 180 mm, in letters of 6 to 7 pt. The
colours are those of Okabe and Ito (2008); lines differ by their dashes as well.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.textpath import TextToPath
from matplotlib.ticker import MaxNLocator

from genn_delays.support.cache import atomic_path
from genn_delays.support.recording import writing

WIDTHS = (90, 180)
"""Widths in mm: one and two columns of a journal."""
FORMATS = ("png", "svg")
DPI = 300
BODY, SMALL = 7.0, 6.0
"""Sizes of letters in pt: of axes and titles, and of ticks and legends."""
LETTERS = 200
"""Most letters of a name that are shown."""
PANEL = 34.0
"""Height in mm of a panel with its labels."""

BLUE, ORANGE, VERMILION, GREEN = "#0072b2", "#e69f00", "#d55e00", "#009e73"
PURPLE, SKY, BLACK, GREY, PALE = "#cc79a7", "#56b4e9", "#000000", "#777777", "#c8c8c8"
COLOURS = {"train": BLUE, "validation": ORANGE, "test": BLACK}
DASHES = {"train": "-", "validation": (0, (4, 1.2)), "test": ":"}
EXCITATION, INHIBITION = VERMILION, BLUE
BEFORE, AFTER = PALE, BLUE
LINES = (
    (BLUE, "-"),
    (ORANGE, (0, (5, 1.5))),
    (BLACK, (0, (1, 1))),
    (SKY, (0, (5, 1, 1, 1))),
    (VERMILION, "-"),
    (PURPLE, (0, (2.5, 1))),
    (GREEN, (0, (5, 1, 1, 1, 1, 1))),
)
"""Colour and dashes of lines that one panel shows together."""
FONT = "DejaVu Sans"
"""What matplotlib brings along, so that texts are measured as they are drawn."""
RC: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.labelpad": 2.0,
    "axes.labelsize": BODY,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlepad": 3.0,
    "axes.titlesize": BODY,
    "figure.titlesize": BODY,
    "font.family": "sans-serif",
    "font.sans-serif": [FONT],
    "font.size": BODY,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.5,
    "legend.borderaxespad": 0.2,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "legend.handlelength": 2.2,
    "lines.linewidth": 1.1,
    "lines.markersize": 3.0,
    "savefig.facecolor": "white",
    "text.parse_math": False,  # names are the user's, and a dollar is a dollar
    "xtick.labelsize": SMALL,
    "xtick.major.size": 2.5,
    "xtick.major.width": 0.6,
    "ytick.labelsize": SMALL,
    "ytick.major.size": 2.5,
    "ytick.major.width": 0.6,
}


@contextmanager
def styled() -> Iterator[None]:
    """Figures made and saved inside look like this."""
    with mpl.rc_context(RC):
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of a size in mm that no window system is asked for."""
    pad = 1.0 / 25.4
    layout = ConstrainedLayoutEngine(w_pad=pad, h_pad=pad, wspace=0.02, hspace=0.02)
    figure = Figure(figsize=(width / 25.4, height / 25.4), layout=layout)
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a figure at its size; the suffix of ``path`` says in which format.

    Raises:
        CheckpointError: it cannot be written.
    """
    metadata = {"Date": None} if path.suffix == ".svg" else None
    with writing(path), atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=DPI, metadata=metadata, format=path.suffix[1:])


@cache
def width_of(text: str, size: float = BODY) -> float:
    """How wide a line of text is, in mm."""
    font = FontProperties(family=FONT, size=size)
    points, _, _ = TextToPath().get_text_width_height_descent(text, font, ismath=False)
    return float(points) / 72.0 * 25.4


def fitted(text: str, width: float, size: float = BODY) -> str:
    """The text, or as much of its beginning and end as there is room for in ``width`` mm."""
    text = " ".join(str(text).split())
    if width_of(text, size) <= width:
        return text

    def shortened(kept: int) -> str:
        return f"{text[: (kept + 1) // 2].rstrip()}…{text[len(text) - kept // 2 :].lstrip()}"

    kept = bisect.bisect_right(
        range(1, min(len(text), LETTERS)), width, key=lambda k: width_of(shortened(k), size)
    )
    return shortened(kept)


def percent(share: float) -> str:
    """A share in per cent with two digits or more; what is not 0 does not read as 0."""
    value = 100.0 * share
    if value == 0.0 or value >= 9.95:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 0.05 else "< 0.1"


def ticks(most: int, integer: bool = False) -> MaxNLocator:
    """Ticks at round numbers, at most so many and one."""
    return MaxNLocator(most, integer=integer, steps=[1, 2, 2.5, 5, 10])


def count_ticks(axes: Axes, x: int = 4, y: int = 4) -> None:
    """At most so many ticks on each axis."""
    axes.xaxis.set_major_locator(ticks(x))
    axes.yaxis.set_major_locator(ticks(y))


def epoch_ticks(axes: Axes, epochs: Sequence[int]) -> None:
    """The axis of epochs, of which there may be one."""
    low, high = min(epochs, default=1), max(epochs, default=1)
    margin = 0.5 if high - low < 3 else 0.02 * (high - low)
    axes.set_xlim(low - margin, high + margin)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(ticks(5, integer=True))


def legend_below(figure: Figure, width: float, handles: Iterable, labels: Iterable[str]) -> None:
    """A legend under the whole figure, in as many columns as fit, with names that fit."""
    handles, labels = list(handles), list(labels)
    room, key = width - 4.0, 9.0  # mm; of a line and the space around it
    widest = max((width_of(label, SMALL) for label in labels), default=0.0)
    columns = int(max(1, min(len(labels), room // (widest + key))))
    shown = [fitted(label, room / columns - key, SMALL) for label in labels]
    figure.legend(handles, shown, loc="outside lower center", ncols=columns, columnspacing=1.2)
