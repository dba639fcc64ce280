"""The commands of ``genn-delays`` and their options, as click knows them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import click
from docstrings import escaped

from genn_delays.cli import cli


def every(
    group: click.Group = cli, name: str = "genn-delays"
) -> Iterator[tuple[str, click.Command]]:
    """Every command with its whole name; a group before those in it."""
    for word, command in group.commands.items():
        yield f"{name} {word}", command
        if isinstance(command, click.Group):
            yield from every(command, f"{name} {word}")


def page() -> Iterator[str]:
    """The page as reStructuredText."""
    yield from (_text(cli.epilog), "")
    for name, command in every():
        arguments = [p.make_metavar(click.Context(command)) for p in command.params
                     if isinstance(p, click.Argument)]  # fmt: skip
        yield from (name, "-" * len(name), "")
        yield from ("::", "", f"   {' '.join([name, *arguments])}", "")
        yield from (_text(command.help), "", f".. program:: {name}", "")
        for option in command.params:
            if isinstance(option, click.Option):
                yield from _option(option)


def _option(option: click.Option) -> Iterator[str]:
    choices = " | ".join(getattr(option.type, "choices", ()))
    named = choices or option.metavar or option.human_readable_name.upper()
    value = "" if option.is_flag else f" {named}"
    yield from (f".. option:: {', '.join(option.opts)}{value}", "")
    yield from (f"   {_text(option.help)}", "")


def _text(text: str | None) -> str:
    """A text for a terminal, with commands between single backticks and options as they are."""
    literal = re.sub(r"`([^`]+)`", r"``\1``", inspect.cleandoc(text or ""))
    return escaped(re.sub(r"(?<![`\w-])(--[a-z-]+)", r"``\1``", literal))
