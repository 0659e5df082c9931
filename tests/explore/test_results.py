"""What comes out of a study: front, knee, tables, chips that can be loaded, a page."""

from __future__ import annotations

import csv
import json
import shlex
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
from explore_support import ROOT, HerePool, write_study
from typer.testing import CliRunner

import archsim
from archsim.cli import app
from archsim.errors import ExploreError
from archsim.explore import read_results, run, sweep
from archsim.explore.front import nondominated
from archsim.explore.results import export, hypervolume, importance, knee, report

NIR_WORK = """version: 1
name: named
network: {nir: net.nir, dt: 100 us, reset: zero}
timesteps: 4
input_resolution: 1 bit
activity: {kind: random_input, rate: 0.05}
phases: [inference]
samples: 1
batch: 1
schedule: pipelined
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "pool_of", lambda *_: HerePool())
        text = "chip.crossbar.rows: [32, 64, 128]\nchip.adc.columns_per_adc: [8, 32, 64]\n"
        text += "chip.adc.kind: [sar, flash]"
        return sweep(write_study(folder, text), folder / "out")


def test_a_folder_is_read_back_as_it_was_found(found):
    again = read_results(found.folder)
    assert again.front == found.front
    assert {r["key"] for r in again.records} == {r["key"] for r in found.records}


def test_the_front_is_what_no_other_configuration_beats(found):
    points = np.array([[r["metrics"]["latency_ps"], r["metrics"]["area_um2"]] for r in found.records])
    front = {r["key"] for r in found.front}
    for record, point in zip(found.records, points, strict=True):
        beaten = ((points <= point).all(axis=1) & (points < point).any(axis=1)).any()
        assert (record["key"] in front) is not bool(beaten)


def test_the_front_equals_that_of_a_library(found):
    import moocore

    points = np.random.default_rng(0).integers(0, 6, (200, 3)).astype(float)
    ours = nondominated(points)
    assert ours.tolist() == moocore.is_nondominated(points, keep_weakly=True).tolist()
    assert 0 < hypervolume(found) <= 1


def test_the_knee_is_on_the_front(found):
    assert knee(found)["key"] in {r["key"] for r in found.front}


def test_each_chip_of_the_front_is_a_chip_file_that_gives_its_metrics(found, tmp_path):
    export(found, tmp_path)
    for record in found.front:
        path = tmp_path / "front" / f"{record['key'][:12]}.yaml"
        chip = archsim.load_chip(path)
        assert chip == found.study.resolve(record["parameters"]).chip
        assert record["key"] in path.read_text().splitlines()[0]


def test_a_chip_of_the_front_says_the_command_that_gives_its_figures_again(found, tmp_path, monkeypatch):
    export(found, tmp_path)
    record = found.front[0]
    text = (tmp_path / "front" / f"{record['key'][:12]}.yaml").read_text()
    (line,) = [line for line in text.splitlines() if line.startswith("# Once more: archsim ")]
    monkeypatch.chdir(tmp_path)
    asked = CliRunner().invoke(app, [*shlex.split(line)[4:], "--json"])
    again = json.loads(asked.stdout)["results"]["inference"]["totals"]
    assert {name: again[name] for name in ("latency_ps", "energy_pj", "area_um2")} == {
        name: record["metrics"][name] for name in ("latency_ps", "energy_pj", "area_um2")
    }


def test_a_workload_of_the_front_finds_its_network_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "pool_of", lambda *_: HerePool())
    place = tmp_path / "work"
    place.mkdir()
    shutil.copy(ROOT / "workloads" / "recurrent_cuba.nir", place / "net.nir")
    (place / "work.yaml").write_text(NIR_WORK)
    study = write_study(tmp_path, "workload.timesteps: [2]")
    study.write_text(study.read_text().replace(f"{ROOT}/workloads/watch_mlp.yaml", str(place / "work.yaml")))
    found = sweep(study, tmp_path / "out")
    export(found, tmp_path / "elsewhere")
    (path,) = (tmp_path / "elsewhere" / "front").glob("*.workload.yaml")
    work = archsim.load_workload(path)
    assert work.n_timesteps == 2
    assert len(work.network.layers) == len(found.study.resolve(found.front[0]["parameters"]).work.network.layers)


def test_tables_hold_every_record(found, tmp_path):
    export(found, tmp_path)
    with (tmp_path / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["latency_ps"]) for row in rows] == [r["metrics"]["latency_ps"] for r in found.records]
    table = pq.read_table(tmp_path / "results.parquet")
    assert table["area_um2"].to_pylist() == [r["metrics"]["area_um2"] for r in found.records]
    assert table["chip.adc.kind"].to_pylist() == [r["parameters"]["chip.adc.kind"] for r in found.records]


def test_importances_sum_to_one(found):
    for shares in importance(found).values():
        assert sum(shares.values()) == pytest.approx(1)


def test_without_its_libraries_the_report_is_refused_before_anything_is_written(found, tmp_path, monkeypatch):
    monkeypatch.setattr("archsim.explore.results.find_spec", lambda name: None if name == "optuna" else name)
    with pytest.raises(ExploreError, match=r"needs optuna: pip install 'archsim\[explore\]'"):
        report(found, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_report_needs_no_other_file(found, tmp_path):
    text = report(found, tmp_path).read_text()
    assert "<link" not in text
    assert "http" not in text
    assert text.count("data:image/png;base64") == 3
    assert "<th>latency_<wbr>ps</th>" in text  # a wide table breaks its heads and not its figures
    assert "td{white-space:nowrap}" in text
    assert all(record["parameters"]["chip.adc.kind"] in text for record in found.front)


def test_a_folder_without_a_study_is_refused(tmp_path):
    with pytest.raises(ExploreError, match="holds no study"):
        read_results(tmp_path)
