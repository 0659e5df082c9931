"""The pages of validation: no difference without a reason, and what pages show is what runs give."""

from __future__ import annotations

import importlib
import math
import re
from pathlib import Path

import pytest
import validate
from peers import queueing
from peers.compared import Compared, Line, summary

PAGES = Path(validate.__file__).parent
FEW = ("isaac", "puma", "spikes", "wires")  # the others take longer: make validate


def compared(*lines: Line, why_not_better: str = "so") -> Compared:
    return Compared("peer", "a thing", "a peer", [("Part", lines)], why_not_better)


def test_a_difference_of_more_than_one_per_cent_needs_a_reason():
    assert compared(Line("time", 1.0099, 1.0)).unexplained == []
    assert compared(Line("time", 1.02, 1.0, why="rounded")).unexplained == []
    assert compared(Line("time", 1.02, 1.0)).unexplained == ["peer: time: 1.02 instead of 1"]
    assert compared(Line("time", 0.98, 1.0)).unexplained
    assert compared(Line("time", 1.0, 0.0)).unexplained
    assert compared(Line("time", math.nan, 1.0)).unexplained


def test_a_reason_is_shown_only_where_it_is_needed():
    assert "rounded" not in Line("time", 1.001, 1.0, why="rounded").row
    assert Line("time", 1.5, 1.0, "ns", "rounded").row == "| time | 1 | 1.5 | ns | +50.00 % | rounded |"


@pytest.mark.parametrize(("ours", "off"), [(0.5, 0.0), (0.2, 0.0), (1.0, 0.0), (0.1, -0.5), (1.5, 0.5)])
def test_a_band_is_met_anywhere_inside(ours, off):
    line = Line("power", ours, low=0.2, high=1.0)
    assert line.off == pytest.approx(off)
    assert bool(compared(line).unexplained) == bool(off)
    assert ("inside" in line.row) == (not off)


def test_agreement_counts_what_is_close_and_tells_the_worst():
    lines = [Line("a", 1.0, 1.0), Line("b", 1.2, 1.0, why="so"), Line("c", 0.9, 1.0, why="so")]
    assert compared(*lines).agreement == "1 of 3 figures within 1 %; the worst 20 % off"
    assert compared(lines[0]).agreement == "all 1 figures within 1 %"


def test_tables_stand_between_the_marks_and_nothing_else_changes():
    page = f"before\n{validate.BEGIN}\nold\n{validate.END}\nafter\n"
    assert validate.with_tables(page, "new") == f"before\n{validate.BEGIN}\n\nnew\n\n{validate.END}\nafter\n"


def test_rows_of_the_summary_are_found_by_their_page():
    table = "\n".join(summary([compared(Line("a", 1.0, 1.0))]))
    assert validate.rows_of(table) == {"peer": table.splitlines()[-1]}


@pytest.mark.parametrize("name", validate.PEERS)
def test_every_peer_has_a_page_and_every_page_of_tables_a_peer(name):
    assert (PAGES / "peers" / f"{name}.py").is_file()
    assert "# " in (PAGES / f"{name}.md").read_text()
    assert (PAGES / "limits.md").is_file()
    others = {path.stem for path in PAGES.glob("*.md") if validate.BEGIN in path.read_text()} - {"README"}
    assert others <= set(validate.PEERS)


@pytest.mark.parametrize("name", FEW)
def test_a_page_and_its_row_of_the_summary_are_those_of_today(name):
    found = importlib.import_module(f"peers.{name}").compared()
    assert found.unexplained == []
    page = (PAGES / f"{name}.md").read_text()
    shown = re.search(f"{validate.BEGIN}\n\n(.*?)\n\n{validate.END}", page, re.DOTALL)
    assert shown is not None
    assert digits(shown[1]) == digits("\n".join(found.tables()).strip())
    assert validate.rows_of((PAGES / "README.md").read_text())[name] == found.row


def digits(table: str) -> str:
    """Without signs of differences that are rounding."""
    return re.sub(r"[+-]0\.0\d %", "0 %", table)


@pytest.mark.parametrize("kind", ["M/M/1", "M/D/1"])
def test_waits_at_one_server_are_lindleys_and_within_chance_of_the_formula(kind, monkeypatch):
    monkeypatch.setattr(queueing, "N", 20_000)
    same, formula = queueing.lines(0.5, kind)
    assert same.off == 0
    assert not Compared("queueing", "", "", [("", [formula])]).unexplained
    assert abs(formula.off) < 0.1
