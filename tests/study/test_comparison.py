"""One configuration with both rules: parts sum to the differences, ratios follow from the totals."""

from __future__ import annotations

from pathlib import Path

import pytest
from study_support import small_base

from archsim.errors import ExploreError
from archsim.study.comparison import TOTALS, compare, compared
from archsim.study.configurations import Base, Configuration
from archsim.study.dfa_vs_bp import Question, dfa_vs_bp

TRANSPOSABLE = Configuration(
    "feedback=transposable", {}, ("execution.feedback=transposable", "crossbar.transpose=duplicated")
)


@pytest.fixture(scope="module")
def files(root_dir: Path, tmp_path_factory) -> Base:
    return small_base(root_dir, tmp_path_factory.mktemp("study"))


@pytest.mark.parametrize("configuration", [Configuration("base"), TRANSPOSABLE], ids=lambda c: c.name)
def test_the_parts_sum_to_the_difference(files, configuration):
    row = compare(files, configuration)
    for total in TOTALS:
        parts = row.parts[total]
        assert sum(parts.values()) == pytest.approx(row.bp[total] - row.dfa[total], rel=1e-9, abs=1e-6)


def test_transposable_arrays_write_no_copy(files):
    row = compare(files, TRANSPOSABLE)
    assert row.parts["latency_ps"]["second_copy_writes"] == 0
    assert row.parts["area_um2"]["second_copy"] == 0
    assert row.parts["energy_pj"]["second_copy_writes"] == pytest.approx(0, abs=1e-9 * row.bp["energy_pj"])


def test_a_chip_that_is_too_small_gives_a_reason_instead_of_figures(files):
    tiny = Configuration("tiny", {"tiles": 1}, ("tiles=1", "tile.pes=1", "pe.crossbars=1"))
    found = compared(files, tiny, seed=0)
    assert set(found) == {"name", "settings", "why_not"}
    assert "crossbars" in found["why_not"]


def test_a_base_that_does_not_fit_ends_the_study(files):
    base = Base(files.chip, files.workload, ("tiles=1", "tile.pes=1", "pe.crossbars=1"))
    with pytest.raises(ExploreError, match=r"the base configuration: .*crossbars"):
        dfa_vs_bp(Question(base, quick=True, accuracy=False))


def test_ratios_follow_from_the_totals(files):
    row = compare(files)
    assert row.energy_saving_pct == pytest.approx(100 - 100 * row.dfa["energy_pj"] / row.bp["energy_pj"])
    assert row.speedup == pytest.approx(row.bp["latency_ps"] / row.dfa["latency_ps"])
    assert row.area_saving_pct == pytest.approx(100 - 100 * row.dfa["area_um2"] / row.bp["area_um2"])
    for total in ("energy_pj", "area_um2"):
        saved = 100 * (1 - row.dfa[total] / row.bp[total])
        assert sum(row.shares(total).values()) == pytest.approx(saved, abs=1e-9)


def test_common_energy_is_less_than_either_rule_takes(files):
    row = compare(files)
    assert set(row.common_energy_pj) == {"forward", "outer", "writes"}
    assert 0 < sum(row.common_energy_pj.values()) < row.dfa["energy_pj"] < row.bp["energy_pj"]
