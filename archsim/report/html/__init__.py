"""One page per run that opens from disk: everything in it, nothing asked for elsewhere."""

from archsim.report.html.page import html_report, render

__all__ = ["html_report", "render"]
