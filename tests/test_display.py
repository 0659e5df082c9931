"""Progress is shown where somebody looks at it, and leaves nothing behind."""

from __future__ import annotations

import io
import sys

from archsim import display


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_the_line_and_has_its_cursor_again(monkeypatch):
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    display.show("2 of 4, \x1b[2Jall", 0.5)
    display.clear()
    written = terminal.getvalue()
    assert "2 of 4" in written
    assert "\x1b[2J" not in written  # what a name would do to a terminal
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")


def test_nothing_is_written_where_nobody_looks(capsys):
    display.show("2 of 4", 0.5)
    display.clear()
    assert capsys.readouterr() == ("", "")
