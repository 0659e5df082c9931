"""Checkpoints: whole or not there, and only of the run that they belong to."""

from __future__ import annotations

import os

import numpy as np
import pytest

from archsim.errors import WorkloadError, WriteError
from archsim.learn.checkpoints import Checkpoint, differences, open_folder
from archsim.learn.shapes import ProgrammedShape
from archsim.workload.network import Dense, Layer, Network

FROM = {"seed": 1, "rule": "bp", "chip": {"tiles": "auto", "device": {"levels": 4}}}
POINT = Checkpoint(FROM, {"before": 0.75}, {"weight_0": np.arange(6.0).reshape(2, 3)})


@pytest.fixture
def saved(tmp_path):
    POINT.save(tmp_path / "seed_1_bp.npz")
    return tmp_path / "seed_1_bp.npz"


def test_a_checkpoint_comes_back_as_it_was(saved):
    found = Checkpoint.load(saved, FROM, ProgrammedShape)
    assert found.record == POINT.record
    np.testing.assert_array_equal(found.arrays["weight_0"], POINT.arrays["weight_0"])
    assert os.listdir(saved.parent) == [saved.name]


@pytest.mark.parametrize("part", [0.0, 0.3, 0.9, 0.999])
def test_a_torn_checkpoint_is_refused(saved, part):
    content = saved.read_bytes()
    saved.write_bytes(content[: int(part * len(content))])
    with pytest.raises(WorkloadError, match=r"damaged.*delete it to do this part again"):
        Checkpoint.load(saved, FROM, ProgrammedShape)


def test_changed_numbers_are_refused(saved):
    with np.load(saved) as content:
        arrays = dict(content)
    arrays["array_weight_0"][0, 0] += 1e-9
    np.savez_compressed(saved, **arrays)
    with pytest.raises(WorkloadError, match="checksum"):
        Checkpoint.load(saved, FROM, ProgrammedShape)


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"before": "0.5 Hz"}, "before: must be a number"),
        ({"before": 2.0}, "before: must be at most 1"),
        ({}, "before: missing"),
        ({"before": 0.5, "extra": 1}, "extra: unknown key"),
    ],
)
def test_a_record_that_no_run_writes_is_refused_by_its_field(tmp_path, record, said):
    Checkpoint(FROM, record, {}).save(tmp_path / "seed_1_bp.npz")
    with pytest.raises(WorkloadError, match=rf"damaged \({said}"):
        Checkpoint.load(tmp_path / "seed_1_bp.npz", FROM, ProgrammedShape)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("weight_0", np.array(["a"])),
        ("weight_0", np.full((2, 3), np.nan)),
        ("weight_0", np.zeros((3, 2), dtype=[("a", "f8"), ("b", "i4")])),
        ("weight_7", np.zeros((3, 2))),
        ("weight_0", np.zeros((9, 9))),
    ],
)
def test_arrays_that_do_not_fit_the_network_are_refused(tmp_path, name, array):
    network = Network("tiny", (2,), (Layer("out", Dense(3), ("input",), (2,), (3,)),))
    with pytest.raises(WorkloadError, match="the checkpoint is damaged"):
        Checkpoint(FROM, {}, {name: array}).network(tmp_path / "x.npz", network, 4)


def test_a_checkpoint_of_another_run_says_what_differs(saved):
    other = {**FROM, "seed": 2, "chip": {"tiles": "auto", "device": {"levels": 8}}}
    with pytest.raises(WorkloadError, match=r"seed was 1, is 2; chip.device.levels was 4, is 8"):
        Checkpoint.load(saved, other, ProgrammedShape)


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
