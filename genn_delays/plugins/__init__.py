"""Parts of a user's own: classes in a Python file, or of an installed package.

Whatever a configuration names by ``{name: ...}`` may come from a file, as in
``{file: mine.py, name: Mine}``, or from a package that declares it in the entry points
``genn_delays.plugins``. See docs/plugins.md.
"""

from genn_delays.plugins.entry_points import GROUP, installed
from genn_delays.plugins.named import build_named, choose, named_as
from genn_delays.plugins.user_files import register

__all__ = ["GROUP", "build_named", "choose", "installed", "named_as", "register"]
