"""What a reader of a printed figure would trip over: texts on each other, texts that are cut."""

from __future__ import annotations

from itertools import combinations

from matplotlib.figure import Figure
from matplotlib.text import Text

SLACK = 1.0
"""Overlap in points that is no overlap: the space around the letters of a line."""


def faults(figure: Figure, smallest: float = 6.0, largest: float = 8.0) -> list[str]:
    """Texts that overlap, leave the figure, or are not between two sizes in pt."""
    renderer = figure.canvas.get_renderer()
    boxes = [(text, text.get_window_extent(renderer)) for text in drawn_texts(figure)]
    slack = SLACK * figure.dpi / 72.0
    found = []
    for text, box in boxes:
        what = repr(text.get_text())
        if not smallest <= text.get_fontsize() <= largest:
            found.append(f"{what} is {text.get_fontsize()} pt")
        if min(box.x0, box.y0) < 0 or box.x1 > figure.bbox.x1 or box.y1 > figure.bbox.y1:
            found.append(f"{what} leaves the figure: {box.extents.round(1)} of {figure.bbox.size}")
    for (one, first), (other, second) in combinations(boxes, 2):
        width = min(first.x1, second.x1) - max(first.x0, second.x0)
        height = min(first.y1, second.y1) - max(first.y0, second.y0)
        if width > slack and height > slack:
            found.append(f"{one.get_text()!r} lies on {other.get_text()!r}")
    return found


def drawn_texts(figure: Figure) -> list[Text]:
    """Texts that are drawn, which ticks outside of the view are not."""
    seen: dict[int, Text] = {}
    draw = Text.draw

    def note(self: Text, renderer: object, *rest: object, **named: object) -> None:
        if self.get_visible() and self.get_text().strip():
            seen[id(self)] = self
        draw(self, renderer, *rest, **named)

    Text.draw = note
    try:
        figure.canvas.draw()
    finally:
        Text.draw = draw
    return list(seen.values())
