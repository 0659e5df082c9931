"""Whatever a name holds, it is shown as text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from archsim.report import markdown_table, text_table
from archsim.texts import as_cell, as_markdown, one_line, shown

NAMES = [
    "\x1b]0;title\x07", "\x9b31m", "a\rb", "a\u202eb", "<img src=x onerror=alert(1)>", "# big", "- item", "1. one",
    "[a](javascript:x)", "![a](b)", "**bold**", "_it_", "`code`", "a|b", "&lt;", "> quote", "two\nlines", "~~x~~",
    "[a]: b", "fc_1", "tile[3].pe[0].adc", "a & b", "\\*", "x #", "+ a", "---", "===", "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_terminal_gets_no_control_characters(name):
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown(name))
    table = text_table(["layer"], [[name]])
    assert len(table.splitlines()) == 2


@settings(max_examples=50)
@given(st.text())
def test_a_text_that_has_none_is_as_it_was(text):
    if text.isprintable():
        assert shown(text) == one_line(text) == text


def rendered(text: str) -> str:
    """What a reader of Markdown sees; HTML is allowed, so that it would be seen as such."""
    html = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text)
    return html.strip()


@pytest.mark.parametrize("name", NAMES)
def test_markdown_shows_the_name_and_nothing_else(name):
    import html

    seen = html.escape(" ".join(one_line(name).split()), quote=True).replace("&#x27;", "'")
    assert rendered(f"# {as_markdown(name)}") == f"<h1>{seen}</h1>"
    assert f"<td>{seen}</td>" in rendered(markdown_table(["a", "b"], [[name, "x"], ["text", "y"]]))
    assert rendered(f"- {as_markdown(name)}") == f"<ul>\n<li>{seen}</li>\n</ul>"


@settings(max_examples=50)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=8))
def test_no_cell_begins_like_a_formula(text):
    assert not as_cell(text).startswith(tuple("=+-@\t\r\n"))
    assert as_cell(text).removeprefix("'") in (text, text.removeprefix("'"))
