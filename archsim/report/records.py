"""Records as files: JSON, CSV, a page from a template."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from archsim.errors import ExploreError
from archsim.files import inside, write_text
from archsim.reading import input_json
from archsim.report.table import markdown_table
from archsim.units import format_quantity


def read_record(path: str | Path, form: str) -> dict[str, Any]:
    """Read the JSON record of a study.

    Parameters
    ----------
    path : str or Path
    form : str
        What its "format" must say.

    Raises
    ------
    ExploreError
        There is no such file, or it holds something else.
    """
    file = Path(path)
    try:
        data = input_json(file)
    except OSError as cause:
        raise ExploreError(f"{file}: cannot be read: {cause.strerror or cause}") from None
    except ValueError as cause:
        raise ExploreError(f"{file}: not a study of archsim: {cause}") from None
    if not isinstance(data, dict) or data.get("format") != form:
        raise ExploreError(f"{file}: not a study of archsim (format {form!r} is read)")
    return data


def write_texts(folder: Path, texts: Mapping[str, str]) -> None:
    """Text files into an existing folder, such as the one of `fresh_folder`."""
    for name, text in texts.items():
        write_text(inside(folder, name), text)


def json_text(record: Mapping[str, Any]) -> str:
    """A record as the text of a JSON file."""
    return json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def csv_text(lines: Iterable[Sequence[Any]]) -> str:
    """Lines of cells as the text of a CSV file.

    Examples
    --------
    >>> csv_text([["rule", "n"], ["bp", 3]])
    'rule,n\\nbp,3\\n'
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue()


def from_template(template: str, **values: Any) -> str:
    """A page in Markdown from a Jinja template.

    Templates may also use ``table(columns, rows)`` and the filter ``quantity(kind)``; a line that ends with a
    backslash goes on in the next one.

    Examples
    --------
    >>> from_template("{{ x | quantity('time') }} for \\\\\\n  {{ name }}.", x=2_000_000, name="BP")
    '2 µs for BP.'
    """
    from jinja2 import Environment, StrictUndefined

    # Markdown: nothing is escaped
    made = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    made.filters["quantity"] = format_quantity
    made.globals["table"] = markdown_table
    return made.from_string(re.sub(r"\\\n *", "", template)).render(values)
