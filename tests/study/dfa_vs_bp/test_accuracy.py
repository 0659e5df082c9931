"""The accuracy part: levels as they are said to be, means and intervals as in a textbook."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from archsim.crossbar.cells import Cells
from archsim.errors import ExploreError
from archsim.learn.pretrained import of_training
from archsim.study.adaptation import NEURRAM, check_learning, spread_pct
from archsim.study.configurations import Base
from archsim.study.dfa_vs_bp.run import LEVELS, QUICK_LEVELS, level_line


@pytest.fixture(scope="module")
def files(root_dir: Path) -> Base:
    return Base(root_dir / "tests/chips/wearable_rram.yaml", root_dir / "workloads/watch_adapt.yaml")


def test_there_are_four_levels_and_more_up_to_the_measured_one(files):
    spreads = [spread_pct(files.load(level)[0]) for level in LEVELS]
    assert spreads == sorted(spreads)
    assert len({s for s in spreads if s <= spreads[LEVELS.index(NEURRAM)]}) >= 4
    assert all(level in LEVELS for level in QUICK_LEVELS)


@pytest.mark.parametrize("level", [LEVELS[1], NEURRAM], ids=lambda level: level.name)
def test_the_spread_is_what_cells_show(files, level):
    device = files.load(level)[0].device
    shape = (200, 500)
    cells = Cells(
        shape, g_min_siemens=device.g_min_siemens, g_max_siemens=device.g_max_siemens, errors=device.errors,
        read_pulse_ps=device.read_pulse_ps, seed=1, read_voltage_v=device.read_voltage_v,
    )  # fmt: skip
    window = device.g_max_siemens - device.g_min_siemens
    targets = np.linspace(device.g_min_siemens + 0.2 * window, device.g_max_siemens - 0.2 * window, shape[0])
    cells.program(np.repeat(targets[:, None], shape[1], axis=1))
    shown = np.std(cells.conductance_siemens - targets[:, None], axis=1)
    assert 100 * shown.mean() / window == pytest.approx(spread_pct(files.load(level)[0]), rel=0.15)


def test_every_level_has_the_window_of_the_table(files):
    for level in LEVELS:
        device = files.load(level)[0].device
        assert (device.g_min_siemens, device.g_max_siemens) == pytest.approx((1e-6, 39e-6))


def run(seed: int, rule: str, after: float, level: str = "ideal cells") -> dict[str, object]:
    return {
        "level": level, "spread_pct": 0.0, "seed": seed, "rule": rule,
        "before": 0.3, "after": after, "ideal_after": 0.9,
    }  # fmt: skip


def test_the_difference_is_taken_within_each_seed():
    """Textbook: differences .1, .2, .3 have mean .2 and standard deviation .1; t(.975, 2) = 4.303."""
    runs = [run(s, "bp", 0.5 + 0.1 * s) for s in range(3)] + [run(s, "dfa", 0.6 + 0.2 * s) for s in range(3)]
    line = level_line(runs)
    assert line["gain"]["mean"] == pytest.approx(0.2)
    assert line["gain"]["half_width"] == pytest.approx(4.303 * 0.1 / np.sqrt(3), rel=1e-3)
    assert line["bp"]["mean"] == pytest.approx(0.6)


def test_a_workload_without_a_story_is_refused_with_a_way_out(root_dir):
    files = Base(root_dir / "tests/chips/wearable_rram.yaml", root_dir / "workloads/watch_mlp.yaml")
    with pytest.raises(ExploreError, match=r"learning\.data, learning\.pretrain, learning\.adapt .*a way out"):
        check_learning(files.load()[1], "; a way out")


def test_training_does_not_depend_on_what_comes_after_it(files):
    adapted = Base(files.chip, files.workload, (), ("learning.adapt.passes=7",))
    longer = Base(files.chip, files.workload, (), ("learning.pretrain.epochs=7",))
    assert of_training(files.load()[1]) == of_training(adapted.load()[1])
    assert of_training(files.load()[1]) != of_training(longer.load()[1])
