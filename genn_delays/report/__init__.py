"""A run, or several, as one page that needs no network: ``genn-delays report``."""

from genn_delays.report.page import page_of

__all__ = ["page_of"]
