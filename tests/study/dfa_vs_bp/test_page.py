"""The page says what the record says; the committed page is the one of the committed record."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import asdict
from pathlib import Path

import pytest

from archsim.errors import ExploreError
from archsim.study.comparison import TOTALS, comparisons_of
from archsim.study.crossings import PUBLISHED
from archsim.study.dfa_vs_bp.page import (
    ACCURACY,
    PAGE,
    PICTURES,
    STUDY,
    TABLE,
    accuracy_csv,
    figure,
    line_of,
    page,
    read_study,
    table_csv,
)


@pytest.fixture(scope="module")
def committed(root_dir: Path) -> Path:
    return root_dir / "docs" / "studies" / "dfa_vs_bp"


@pytest.fixture(scope="module")
def study(committed):
    return read_study(committed)


@pytest.fixture(scope="module")
def text(committed) -> str:
    return (committed / PAGE).read_text()


def test_the_committed_page_is_made_from_the_committed_record(study, text):
    command = re.search(r"Made by `(.*?)`", text)
    assert command is not None
    assert text == page(study, command[1])


def test_the_page_sets_a_real_adaptation_beside_the_base_in_which_every_cell_is_written(study, text):
    (row,) = (row for row in comparisons_of(study) if row.name == "activity=recorded")
    saved, speed = (figure(name, getattr(row, name)) for name in ("energy_saving_pct", "speedup"))
    assert f"(`activity=recorded`) DFA saves {saved} of the energy, and is {speed} as fast" in text


def test_the_page_says_which_errors_of_the_chip_count_in_its_accuracies(text):
    assert "On this chip: converters: 5 bit" in text


def test_the_committed_tables_are_of_the_committed_record(study, committed):
    assert (committed / TABLE).read_text() == table_csv(comparisons_of(study))
    assert (committed / ACCURACY).read_text() == accuracy_csv(study["accuracy"])


def test_every_line_of_the_table_is_on_the_page(committed, text):
    """Figures of the CSV, which were written on their own, against the lines of the page."""
    lines = list(csv.DictReader(io.StringIO((committed / TABLE).read_text())))
    section = text.split("## All configurations")[1]
    for line in lines:
        shown = re.search(rf"^\| {re.escape(line['configuration'])} \|.*$", section, re.MULTILINE)
        assert shown is not None
        for published in PUBLISHED:
            value = float(line[published.figure])  # rounded to two digits: both sides of a tie may be shown
            assert any(figure(published.figure, value + error) in shown[0] for error in (-0.005, 0.005))


def test_mechanisms_of_the_table_sum_to_what_is_saved(committed):
    for line in csv.DictReader(io.StringIO((committed / TABLE).read_text())):
        for kind, total in (("energy", "energy_pj"), ("latency", "latency_ps"), ("area", "area_um2")):
            parts = [float(v) for k, v in line.items() if k.startswith(f"{kind}_") and k.endswith("_pct") and v
                     and k not in ("energy_saving_pct", "area_saving_pct")]  # fmt: skip
            saved = 100 * (1 - float(line[f"dfa_{total}"]) / float(line[f"bp_{total}"]))
            assert sum(parts) == pytest.approx(saved, abs=1e-3)


def test_the_accuracy_part_has_what_the_study_promises(study):
    levels = study["accuracy"]["levels"]
    measured = next(level["spread_pct"] for level in levels if "NeuRRAM" in level["level"])
    assert len([level for level in levels if level["spread_pct"] <= measured]) >= 4
    assert all(level["gain"]["n"] >= 5 and level["gain"]["half_width"] > 0 for level in levels)


def test_a_figure_that_nobody_reaches_is_said_not_to_be(study, text):
    for found in study["reached"]:
        assert (f"**{found['text']} is not reached**" in text) == (not found["by"])
    best = max(100 * level["gain"]["mean"] for level in study["accuracy"]["levels"])
    assert ("**not** reached" in text) == (best < study["accuracy_published"])


def test_the_pictures_of_the_page_are_there(committed, text):
    for name in PICTURES.values():
        assert f"({name})" in text
        assert (committed / name).read_bytes().startswith(b"\x89PNG")


def test_all_configurations_have_all_totals(study):
    for row in comparisons_of(study):
        assert all(row.bp[total] > 0 and row.dfa[total] > 0 for total in TOTALS)
        assert len(line_of(row)) == 10


def test_a_record_survives_its_file(study):
    for record, row in zip(study["configurations"], comparisons_of(study), strict=True):
        assert asdict(row) == record


@pytest.mark.parametrize("content", ["{", '{"format": "other"}', "[]"])
def test_what_is_no_study_is_refused(tmp_path, content):
    (tmp_path / STUDY).write_text(content)
    with pytest.raises(ExploreError, match="not a study of archsim"):
        read_study(tmp_path)


def test_a_missing_study_is_named(tmp_path):
    with pytest.raises(ExploreError, match=r"dfa_vs_bp\.json: cannot be read"):
        read_study(tmp_path)
