"""Data of a learning run as the workload asks for them."""

from __future__ import annotations

import numpy as np
import pytest

import archsim
from archsim.errors import WorkloadError
from archsim.snn.learn.pretraining import data_of

SHORT = ["learning.data.step=512", "learning.data.decimation=16", "timesteps=8"]


def test_the_first_windows_are_adapted_to_where_the_workload_says_how_many(root_dir):
    file = root_dir / "workloads/watch_adapt.yaml"
    every = data_of(archsim.load_workload(file, SHORT), 0)
    few = data_of(archsim.load_workload(file, [*SHORT, "learning.adapt.windows=20"]), 0)
    assert len(few.adapt) == 20 < len(every.adapt)
    for name in ("labels", "subject", "recording", "start"):
        np.testing.assert_array_equal(getattr(few.adapt, name), getattr(every.adapt, name)[:20])
    np.testing.assert_array_equal(few.adapt.inputs, every.adapt.inputs[:, :20])
    np.testing.assert_array_equal(few.test.labels, every.test.labels)


def test_more_windows_than_the_split_leaves_are_refused_with_their_number(root_dir):
    many = [*SHORT, "learning.adapt.windows=100000"]
    work = archsim.load_workload(root_dir / "workloads/watch_adapt.yaml", many)
    with pytest.raises(WorkloadError, match=r"asks for 100000; the split 'right_to_left' leaves \d+, so say \d+"):
        data_of(work, 0)


def test_a_workload_says_that_whole_recordings_adapt(root_dir):
    """By default parts of one recording adapt and test; then no recording does both."""
    file = root_dir / "workloads/watch_adapt.yaml"
    by_time, whole = (
        data_of(archsim.load_workload(file, [*SHORT, *more]), 0)
        for more in ([], ["learning.data.adapt=recordings"])
    )
    assert set(by_time.adapt.recording) & set(by_time.test.recording)
    assert not set(whole.adapt.recording) & set(whole.test.recording)
