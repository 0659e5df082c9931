"""Results for people and programs: tables, Markdown, the result folder."""

from archsim.report.folder import (
    PAGE_FILE,
    Saved,
    bundle,
    read_results,
    result_folder,
    write_results,
)
from archsim.report.html import html_report
from archsim.report.load import load_result
from archsim.report.markdown import markdown
from archsim.report.records import csv_text, from_template, json_text, read_record, write_texts
from archsim.report.run import notes_of, run_text
from archsim.report.summary import (
    RUN_COLUMNS,
    Summary,
    compare_columns,
    compare_rows,
    link_lines,
    percent,
    rate,
)
from archsim.report.table import markdown_table, text_table

__all__ = [
    "PAGE_FILE",
    "RUN_COLUMNS",
    "Saved",
    "Summary",
    "bundle",
    "compare_columns",
    "compare_rows",
    "csv_text",
    "from_template",
    "html_report",
    "json_text",
    "link_lines",
    "load_result",
    "markdown",
    "markdown_table",
    "notes_of",
    "percent",
    "rate",
    "read_record",
    "read_results",
    "result_folder",
    "run_text",
    "text_table",
    "write_results",
    "write_texts",
]
