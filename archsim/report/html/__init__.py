"""Pages of runs, comparisons and studies that open from disk: all in one file, nothing asked for elsewhere."""

from archsim.report.html.page import LIBRARY, STUDY_SCRIPTS, asset, html_report, in_script, render, script

__all__ = ["LIBRARY", "STUDY_SCRIPTS", "asset", "html_report", "in_script", "render", "script"]
