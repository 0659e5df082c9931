"""Every figure stays as it is unless a change means to change it."""

from __future__ import annotations

import json
import os

import pytest
from golden.figures import FILE, cases, figures_of, learning_figures, study_figures

FIGURES = json.loads(FILE.read_text(encoding="utf-8"))
ALL = bool(os.environ.get("ARCHSIM_NIGHTLY"))
EVERY = 1 if ALL else 23
"""Of the runs, each so-many-th is played in an ordinary run; 23 meets all chips, workloads, phases, schedules."""


def test_every_chip_workload_phase_and_schedule_has_its_figures():
    assert list(cases()) == sorted(FIGURES["runs"], key=list(cases()).index)


@pytest.mark.parametrize("case", list(cases())[::EVERY])
def test_a_run_gives_the_figures_that_it_gave(case):
    assert figures_of(case) == FIGURES["runs"][case]


def test_learning_gives_the_figures_that_it_gave():
    assert learning_figures() == FIGURES["learning"]


def test_a_sweep_and_a_search_give_the_figures_that_they_gave():
    assert study_figures() == FIGURES["studies"]
