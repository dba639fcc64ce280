"""How objects show themselves: one line in a console, tables in a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Table:
    """Rows of text under a line of headings."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]

    def text(self) -> str:
        """Columns side by side, without spaces at the ends of lines."""
        lines = [self.headings, *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        padded = (
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            for line in lines
        )
        return "\n".join(line.rstrip() for line in padded)

    def html(self) -> str:
        """A table; what users named is escaped."""
        lines = [_line("th", self.headings), *(_line("td", row) for row in self.rows)]
        return f"<table>{''.join(lines)}</table>"


class Shown:
    """Base of what shows itself by a few facts."""

    def _facts(self) -> Mapping[str, object]:
        """What is told, by a word each; what is None, 0 or empty is left out."""
        return {}

    def _tables(self) -> Sequence[Table]:
        """What a notebook shows."""
        rows = [(name, str(value)) for name, value in self._told().items()]
        return [Table((type(self).__name__, ""), rows)]

    def _told(self) -> dict[str, object]:
        return {name: value for name, value in self._facts().items() if value or value is False}

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={value}" for name, value in self._told().items())
        return f"{type(self).__name__}({told})"

    def _repr_html_(self) -> str:
        return "".join(table.html() for table in self._tables())


def _line(kind: str, cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{kind}>{escape(cell)}</{kind}>' for cell in cells)}</tr>"
