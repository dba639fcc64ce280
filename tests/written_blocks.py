"""The pages that are read where the repository is, and the blocks of code in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = (
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "experiments").glob("*/README.md")),
)
FENCE = re.compile(r"^( *)```(.*?)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?<=\n\n)(?:    .*\n|\n(?=    ))+")


@dataclass(frozen=True)
class Block:
    """A block: ``language`` is what stands behind the fence, and "" for one that is indented."""

    page: Path
    line: int
    language: str
    text: str

    @property
    def where(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """All blocks of a page; notebook cells are Python."""
    text = page.read_text(encoding="utf-8")
    found = []
    for fence in FENCE.finditer(text):
        indent, language, body = fence.groups()
        language = language.strip().replace("{code-cell} python", "python")
        body = re.sub(r"\A(:\w+:.*\n)+\n?", "", body) if language == "python" else body
        body = "".join(line.removeprefix(indent) for line in body.splitlines(keepends=True))
        line = text[: fence.end()].count("\n") - body.count("\n")
        found.append(Block(page, line, language, body))
    outside = FENCE.sub(lambda fence: "\n" * fence.group().count("\n"), text)
    for block in INDENTED.finditer(outside):
        line = outside[: block.start()].count("\n")
        found.append(Block(page, line, "", re.sub("^    ", "", block.group(), flags=re.M)))
    return sorted(found, key=lambda block: block.line)


def commands(block: Block) -> list[str]:
    """The commands of a block of shell, without comments; a here-document is one."""
    whole = re.sub(r"^(.*<<'END'\n)(.*?)^END$", "", block.text, flags=re.M | re.S)
    lines = (line.partition(" #")[0].strip() for line in whole.splitlines())
    return [line for line in lines if line and not line.startswith("#")]
