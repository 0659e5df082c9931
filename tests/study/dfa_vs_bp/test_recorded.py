"""The base with the activity of a real adaptation."""

from __future__ import annotations

from pathlib import Path

import pytest

from archsim.learn.pretrained import pretrained
from archsim.study.adaptation import adapted, compared_as_recorded, trained
from archsim.study.comparison import Comparison, compare
from archsim.study.configurations import Base
from archsim.study.dfa_vs_bp.run import LEVELS, RECORDED

SHORT = (
    "timesteps=8", "learning.data.decimation=16", "learning.data.step=256", "learning.pretrain.epochs=2",
    "learning.adapt.passes=1", "learning.adapt.batch=2", "samples=2", "batch=2",
)  # fmt: skip


@pytest.fixture(scope="module")
def files(root_dir: Path) -> Base:
    return Base(root_dir / "tests/chips/wearable_rram.yaml", root_dir / "workloads/watch_adapt.yaml", (), SHORT)


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("cache")


def test_a_network_is_trained_once(files, cache):
    first = trained(files, 0, cache)
    (file,) = cache.glob("seed_0_*.npz")
    before = file.stat().st_mtime_ns
    assert trained(files, 0, cache) == first
    assert file.stat().st_mtime_ns == before
    assert 0 < first["target"] < first["source"] <= 1


@pytest.mark.slow
def test_recorded_writes_are_fewer_than_all_cells(files, cache):
    """Against counting every cell of every array: adaptation in whole steps of cells leaves most as they are."""
    row = Comparison(**compared_as_recorded(files, RECORDED, 0, cache))
    assert row.name == RECORDED.name
    assert sum(row.parts["energy_pj"].values()) == pytest.approx(row.bp["energy_pj"] - row.dfa["energy_pj"])
    dense = compare(files)
    assert row.common_energy_pj["writes"] < dense.common_energy_pj["writes"]


def test_an_adaptation_is_the_same_every_time(files, cache):
    one, again = (adapted(files, LEVELS[1], 0, "dfa", cache) for _ in range(2))
    assert one == again
    assert one["level"] == LEVELS[1].name
    assert {"before", "after", "ideal_after"} <= set(one)


def test_both_rules_start_from_the_same_chip(files, cache):
    runs = [adapted(files, LEVELS[0], 0, rule, cache) for rule in ("bp", "dfa")]
    assert runs[0]["before"] == runs[1]["before"]


def test_missing_data_are_words_not_an_exception(files, cache):
    broken = Base(files.chip, files.workload, (), (*SHORT, "learning.data.split=nowhere"))
    assert "nowhere" in trained(broken, 0, cache)["why_not"]
    assert "nowhere" in compared_as_recorded(broken, RECORDED, 0, cache)["why_not"]
    assert pretrained(files.load()[1], 0, cache).record["seed"] == 0
