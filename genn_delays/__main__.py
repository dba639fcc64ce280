"""``python -m genn_delays`` is the command line."""

from genn_delays.cli import main

main()
