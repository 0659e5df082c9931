"""The reference of keys leaves nothing out: meaning, values, default, and where a default comes from."""

from __future__ import annotations

import re

import pytest
from reference import keys_page

from archsim.examples import KINDS

NO_DEFAULT = ("needed", "none")


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_has_a_meaning_values_and_a_deerror_with_its_source(kind):
    lines = [line for line in keys_page(kind).splitlines() if line.startswith("| `")]
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    assert len(rows) > 40
    for key, meaning, values, default, source in rows:
        assert meaning, key
        assert values, key
        assert bool(source) == (default not in NO_DEFAULT), key


def test_figures_of_a_kind_are_those_of_the_paper_that_it_names():
    page = keys_page("chip")
    row = next(line for line in page.splitlines() if line.startswith("| `pulses_per_cell.median (fppv)`"))
    assert row.endswith(
        "| `5.0` | RADAR, Le et al., IEEE TED 2021, doi 10.1109/TED.2021.3097975; 2 bits per cell, 32768 cells |"
    )
    assert "`pulses_per_cell: fppv`: Fixed pulses and verify (FPPV): median 5" in page
