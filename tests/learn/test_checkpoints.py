"""Checkpoints: whole or not there, and only of the run that they belong to."""

from __future__ import annotations

import os

import numpy as np
import pytest

from archsim.errors import WorkloadError, WriteError
from archsim.learn.checkpoints import Checkpoint, differences, open_folder

FROM = {"seed": 1, "rule": "bp", "chip": {"tiles": "auto", "device": {"levels": 4}}}
POINT = Checkpoint(FROM, {"after": 0.75, "note": ""}, {"weight_0": np.arange(6.0).reshape(2, 3)})


@pytest.fixture
def saved(tmp_path):
    POINT.save(tmp_path / "seed_1_bp.npz")
    return tmp_path / "seed_1_bp.npz"


def test_a_checkpoint_comes_back_as_it_was(saved):
    found = Checkpoint.load(saved, FROM)
    assert found.record == POINT.record
    np.testing.assert_array_equal(found.arrays["weight_0"], POINT.arrays["weight_0"])
    assert os.listdir(saved.parent) == [saved.name]


@pytest.mark.parametrize("part", [0.0, 0.3, 0.9, 0.999])
def test_a_torn_checkpoint_is_refused(saved, part):
    content = saved.read_bytes()
    saved.write_bytes(content[: int(part * len(content))])
    with pytest.raises(WorkloadError, match=r"damaged.*delete it to do this part again"):
        Checkpoint.load(saved, FROM)


def test_changed_numbers_are_refused(saved):
    with np.load(saved) as content:
        arrays = dict(content)
    arrays["array_weight_0"][0, 0] += 1e-9
    np.savez_compressed(saved, **arrays)
    with pytest.raises(WorkloadError, match="checksum"):
        Checkpoint.load(saved, FROM)


def test_a_checkpoint_of_another_run_says_what_differs(saved):
    other = {**FROM, "seed": 2, "chip": {"tiles": "auto", "device": {"levels": 8}}}
    with pytest.raises(WorkloadError, match=r"seed was 1, is 2; chip.device.levels was 4, is 8"):
        Checkpoint.load(saved, other)


def test_many_differences_are_cut_short():
    assert differences({}, {str(k): k for k in range(9)})[-1] == "and 5 more"
    assert differences({"a": []}, {"a": []}) == []
    assert differences({"a": [1, 2]}, {"a": [1]}) == ["a.1 was 2, is not there"]


def test_an_earlier_run_is_only_gone_on_with_when_asked(saved):
    with pytest.raises(WorkloadError, match="--resume"):
        open_folder(saved.parent, resume=False)
    assert open_folder(saved.parent, resume=True) == saved.parent


def test_other_peoples_files_are_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(WorkloadError, match=r"thesis\.tex"):
        open_folder(tmp_path, resume=True)
    with pytest.raises(WriteError, match="is a file"):
        open_folder(tmp_path / "thesis.tex", resume=False)
