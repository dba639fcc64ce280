"""Groups with a command that needs no name: ``sweep FILE`` is ``sweep start FILE``."""

from __future__ import annotations

import click


class WithDefault(click.Group):
    """A group that takes what begins with none of its commands to be for its command ``default``.

    Its help shows the options of that command too.
    """

    default: str

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, *ctx.help_option_names):
            args = [self.default, *args]
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        params = self.commands[self.default].params
        options = [each for each in params if isinstance(each, click.Option)]
        words = [each.metavar or str(each.name).upper() for each in params if each not in options]
        with formatter.section(f"Options of {' '.join(words)}"):
            formatter.write_dl([each.get_help_record(ctx) or ("", "") for each in options])
        super().format_options(ctx, formatter)
