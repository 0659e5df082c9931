"""A saved result that was damaged is refused by the names of its fields; so are the files beside it."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

import archsim
from archsim.errors import ArchsimError
from archsim.metrics import write_run
from archsim.report import load_result, read_results
from archsim.report.folder import bundle


@pytest.fixture(scope="module")
def saved(tmp_path_factory, root_dir):
    """A result folder with a run."""
    folder = tmp_path_factory.mktemp("saved")
    chip = archsim.load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml")
    small = ["timesteps=2", "samples=1", "batch=1", "activity={kind: constant, input: 1.0, default: 0.1}"]
    work = archsim.load_workload(root_dir / "workloads" / "watch_mlp.yaml", small)
    result = archsim.simulate(chip, work, engine="compiled")
    (folder / "result.json").write_text(json.dumps(bundle([result.to_dict()]), allow_nan=False))
    write_run(result, folder / "run_inference.npz")
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    """A copy to damage."""
    return shutil.copytree(saved, tmp_path / "result")


def change(folder, path, value):
    """Set a field of result.json, or remove it."""
    data = json.loads((folder / "result.json").read_text())
    *above, last = path
    part = data
    for key in above:
        part = part[key]
    if value is ...:
        del part[last]
    else:
        part[last] = value
    (folder / "result.json").write_text(json.dumps(data))


RUN = ("results", "inference")


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ((*RUN, "totals", "latency_ps"), -5, "results.inference.totals.latency_ps: must be at least 0; got -5"),
        ((*RUN, "totals", "latency_ps"), None, "totals.latency_ps: must be a whole number; got nothing"),
        ((*RUN, "totals", "energy_pj"), float("nan"), "totals.energy_pj: is nan; a finite number is needed"),
        ((*RUN, "totals", "energy_pj"), float("inf"), "totals.energy_pj: is inf; a finite number is needed"),
        ((*RUN, "totals", "busy_ps"), 2**70, "totals.busy_ps: is a whole number of 22 digits"),
        ((*RUN, "totals"), {}, "totals.n_tasks: missing; needs a whole number"),
        ((*RUN, "totals"), ..., "results.inference.totals: missing"),
        ((*RUN, "breakdown", "layer", "fc1", "energy_pj"), "x", "breakdown.layer.fc1.energy_pj: must be a number"),
        ((*RUN, "breakdown", "action"), [], "breakdown.action: must be a mapping; got a list"),
        ((*RUN, "busiest_resource", "utilisation"), 1.5, "busiest_resource.utilisation: must be at most 1"),
        ((*RUN, "links"), 3, "results.inference.links: must be a mapping; got 3"),
        (("results",), [], "results: must be a mapping; got a list"),
        (("notes",), "x", "notes: must be a list; got 'x'"),
        (("provenance", "versions"), 1, "provenance.versions: must be a mapping; got 1"),
    ],
)
def test_a_wrong_field_of_a_saved_result_is_refused_by_its_name(folder, path, value, said):
    change(folder, path, value)
    with pytest.raises(ArchsimError) as caught:
        read_results(folder)
    assert said in str(caught.value)
    assert str(folder / "result.json") in str(caught.value)


def test_all_wrong_fields_are_told_at_once(folder):
    change(folder, (*RUN, "totals", "area_um2"), -1)
    change(folder, (*RUN, "totals", "n_tasks"), "many")
    with pytest.raises(ArchsimError, match=r"(?s)n_tasks.*area_um2|area_um2.*n_tasks"):
        read_results(folder)


def damage(path, **changes):
    """Replace arrays of an archive."""
    with np.load(path) as content:
        arrays = {name: content[name] for name in content.files}
    arrays |= {name: make(arrays[name]) for name, make in changes.items()}
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)


def longer(column):
    return np.concatenate([column, column[:1]])


def first(value):
    def change_first(column):
        column = column.copy()
        column[0] = value
        return column

    return change_first


@pytest.mark.parametrize(
    ("name", "make", "said"),
    [
        ("latency_ps", first(-1), "latency_ps: number 0 is -1"),
        ("start_ps", first(2**63 - 1), "start_ps: number 0 is 9223372036854775807"),
        ("done_ps", first(5), "done_ps: is not start_ps"),
        ("after_idx", lambda column: column + 10_000, "after_idx: number 0 is"),
        ("after_idx", lambda column: np.full_like(column, column.max()), "after_idx: a task waits for itself"),
        ("uses_resource", first(10_000), "uses_resource: number 0 is 10000"),
        ("uses_units", first(0), "uses_units: number 0 is 0"),
        ("uses_units", first(10**9), "uses_units: more than the resource has"),
        ("uses_ptr", lambda column: column[::-1], "uses_resource has shape|uses_ptr: must begin"),
        ("action", first(-1), "action: number 0 is -1"),
        ("sample", lambda column: column.astype(complex), "sample: holds complex128"),
        ("capacity", first(0), "capacity: number 0 is 0"),
        ("count", longer, "count has shape"),
        ("labels", lambda _: np.frombuffer(b"[" * 5000, np.uint8), "is nested deeper than 100 levels"),
    ],
)  # fmt: skip
def test_a_run_that_no_engine_gives_is_refused_by_its_column(folder, name, make, said):
    damage(folder / "run_inference.npz", **{name: make})
    with pytest.raises(ArchsimError, match=f"cannot be read as the run of a result: .*({said})"):
        load_result(folder)


def test_a_whole_result_is_read(folder):
    assert load_result(folder).latency_ps == read_results(folder).results["inference"]["totals"]["latency_ps"]


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("breakdown", "layer", "fc1"), ..., "breakdown.layer: energy_pj adds up to .*, totals.energy_pj is"),
        (("breakdown", "stage", "forward", "energy_pj"), 1e300, "breakdown.stage: energy_pj adds up to 1e.300"),
        (("breakdown", "action"), {}, "breakdown.action: energy_pj adds up to 0, totals.energy_pj is"),
    ],
)
def test_parts_that_are_not_the_whole_are_refused(folder, path, value, said):
    change(folder, (*RUN, *path), value)
    with pytest.raises(ArchsimError, match=rf"results\.inference\.{said}"):
        read_results(folder)


def test_a_result_without_notes_has_none(folder):
    change(folder, ("notes",), ...)
    assert read_results(folder).notes == ()
