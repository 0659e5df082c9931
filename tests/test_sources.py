"""A chip, a workload or a study is a file, a name, a text or a dict; wrong ones are archsim's errors."""

from __future__ import annotations

import math

import numpy as np
import pytest

import archsim
from archsim.errors import ExploreError, SpecError, UnitError, WorkloadError
from archsim.explore import read_study
from archsim.units import file_data

SHORT = {"timesteps": 2, "samples": 1, "batch": 1}


def test_a_chip_is_the_same_from_a_file_its_text_and_its_dict(root_dir):
    file = root_dir / "arch_specs" / "wearable_rram.yaml"
    chip = archsim.load_chip(file)
    assert archsim.load_chip(file.read_text()) == chip
    assert archsim.load_chip(file_data(chip)) == chip
    assert archsim.load_chip(file_data(chip), ["crossbar.rows=64"]).crossbar.n_rows == 64


def test_a_workload_is_the_same_from_a_file_its_text_and_its_dict(root_dir):
    file = root_dir / "workloads" / "watch_mlp.yaml"
    work = archsim.load_workload(file)
    assert archsim.load_workload(file.read_text()).described == work.described
    assert archsim.load_workload(work.described).described == work.described


@pytest.mark.parametrize(("given", "said"), [
    ({1: 2}, "chip: a key must be a text; 1 is none"),
    ({"name": object()}, "chip: name: is of type object"),
    ({"crossbar": {"rows": math.nan}}, "chip: crossbar.rows: must be a finite number"),
    ("version: 1\nname: [", "chip:2:8"),
])  # fmt: skip
def test_what_no_file_can_hold_is_told_at_its_place(given, said):
    with pytest.raises(SpecError) as raised:
        archsim.load_chip(given)
    assert said in str(raised.value)


def test_whole_numbers_of_numpy_are_numbers():
    described = archsim.load_workload("watch_mlp").described
    assert archsim.load_workload({**described, "samples": np.int64(2)}).n_samples == 2


def test_replace_gives_another_chip_and_leaves_the_first():
    chip = archsim.load_chip("wearable_rram")
    other = chip.replace("adc.resolution", "6 bit")
    assert other == archsim.load_chip("wearable_rram", ["adc.resolution=6 bit"])
    assert chip == archsim.load_chip("wearable_rram")
    both = {"crossbar.columns": 64, "write.parallel_cells": 64}
    by_sets = archsim.load_chip("wearable_rram", [f"{key}={value}" for key, value in both.items()])
    assert chip.replace(both) == by_sets


@pytest.mark.parametrize(("path", "value", "error", "said"), [
    ("adc.resolution", 6, UnitError, "a number of bits needs a unit"),
    ("adc.resolutoin", "6 bit", SpecError, "did you mean 'resolution'?"),
    ("crossbar.columns", 63, SpecError, "does not divide crossbar.columns, 63"),
    ("adc.resolution", object(), SpecError, "is nothing that a file holds"),
    (5, 5, SpecError, "5: is no path in a chip file"),
])  # fmt: skip
def test_replace_refuses_what_a_chip_file_cannot_say(path, value, error, said):
    with pytest.raises(error) as raised:
        archsim.load_chip("wearable_rram").replace(path, value)
    assert said in str(raised.value)
    assert "--set" not in str(raised.value)


def study(**more):
    return {
        "version": 1, "name": "mine", "chip": "wearable_rram", "workload": "watch_shape",
        "set": [f"workload.{key}={value}" for key, value in SHORT.items()],
        "parameters": {"chip.crossbar.rows": [64, 128]}, "objectives": {"energy_pj": "minimize"}, **more,
    }  # fmt: skip


def test_a_study_is_a_dict_of_names_chips_workloads_and_dicts(tmp_path):
    chip, work = archsim.load_chip("wearable_rram"), archsim.load_workload("watch_shape")
    by_name = archsim.sweep(study(), tmp_path / "a")
    others = [
        archsim.sweep(study(chip=one, workload=other), tmp_path / str(i))
        for i, (one, other) in enumerate([(chip, work), (file_data(chip), work.described)])
    ]
    for found in others:
        assert [r["error"] for r in found.records] == [None, None]
        assert [r["metrics"] for r in found.records] == [r["metrics"] for r in by_name.records]
    assert archsim.sweep(study(), tmp_path / "a").n_new == 0  # and goes on as one from a file does


def test_a_study_says_where_its_dict_is_wrong():
    with pytest.raises(ExploreError, match=r"study: chip: is of type int"):
        read_study(study(chip=5))
    with pytest.raises(ExploreError, match=r"study: parameters.chip.crossbar.rowz"):
        read_study(study(parameters={"chip.crossbar.rowz": [1, 2]}))
    with pytest.raises(WorkloadError, match="overrides"):
        archsim.load_workload("watch_shape", 5)


def test_what_if_takes_a_result():
    work = archsim.load_workload("watch_shape", [f"{key}={value}" for key, value in SHORT.items()])
    run = archsim.simulate(archsim.load_chip("wearable_rram"), work, phase="inference")
    found = archsim.what_if(run, changes=[archsim.whatif.Change.parse("speedup", "adc=2")])
    told = archsim.what_if(run.graph, run.trace, [archsim.whatif.Change.parse("speedup", "adc=2")], run.actions)
    assert [one.gain_ps for one in found] == [one.gain_ps for one in told]
    with pytest.raises(archsim.ArchsimError, match=r"changes is 'adc=2'; it must be a Change"):
        archsim.what_if(run, changes="adc=2")
