"""What comes out of a study: front, knee, tables, chips that can be loaded, a page."""

from __future__ import annotations

import csv
import html
import json
import re
import shlex
import shutil
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
from explore_support import ROOT, HerePool, write_study
from typer.testing import CliRunner

import archsim
from archsim.cli.app import app
from archsim.errors import ExploreError, WriteError
from archsim.explore import Explored, read_results, read_study, run, sweep
from archsim.explore.front import nondominated
from archsim.explore.log import checksum
from archsim.explore.report import report
from archsim.explore.results import export, hypervolume, importance, knee, notes_on
from archsim.explore.space import configurations

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


def test_the_front_equals_that_of_a_library():
    import moocore

    points = np.random.default_rng(0).integers(0, 6, (200, 3)).astype(float)
    ours = nondominated(points)
    assert ours.tolist() == moocore.is_nondominated(points, keep_weakly=True).tolist()


def made_up(tmp_path, points, more=""):
    """A study of which latency and area are given."""
    study = read_study(write_study(tmp_path, more=more))
    records = [
        {
            "key": str(i), "state": "done", "error": None, "parameters": {"n": i}, "phase": "inference", "seed": 0,
            "metrics": {"latency_ps": x, "area_um2": y},
        }
        for i, (x, y) in enumerate(points)
    ]  # fmt: skip
    return Explored(study, tmp_path, records, 0)


def test_knee_and_hypervolume_are_those_of_the_box_of_all_configurations(tmp_path):
    # in the box of 10 x 100: (0, 1), (0.1, 0.2), (1, 0), and one that is beaten at (1, 1)
    found = made_up(tmp_path, [(10, 200), (11, 120), (20, 100), (20, 200)])
    assert [record["key"] for record in found.front] == ["0", "1", "2"]
    assert knee(found)["key"] == "1"
    assert hypervolume(found) == pytest.approx(0.9 * 0.8)
    assert knee(made_up(tmp_path, [])) is None
    assert hypervolume(made_up(tmp_path, [(5, 5)])) == 1.0


def test_where_nothing_keeps_to_the_constraints_the_nearest_are_shown(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "pool_of", lambda *_: HerePool())
    path = write_study(tmp_path, more="constraints: {area_um2: {at_most: 0.01 mm2}}")
    asked = CliRunner().invoke(app, ["sweep", str(path), "-o", str(tmp_path / "out")])
    assert asked.exit_code == 0
    least = min(read_results(tmp_path / "out").records, key=lambda record: record["metrics"]["area_um2"])
    rows = least["parameters"]["chip.crossbar.rows"]
    assert f"nearest comes chip.crossbar.rows {rows}" in asked.stdout
    assert "(at most 10000 µm²)" in asked.stdout
    assert "0 keep to all constraints" in asked.stdout
    page = report(read_results(tmp_path / "out"), tmp_path / "shown").read_text()
    assert "None keeps to all constraints." in page
    assert page.index("The nearest, which break the constraints least") < page.index(f"<td>{rows}</td>")
    with (tmp_path / "shown" / "results.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 4


def test_what_is_no_longer_on_the_front_is_not_exported_any_more(found, tmp_path):
    (tmp_path / "front").mkdir()
    for name in ("0123456789ab.yaml", "0123456789ab.workload.yaml", "mine.yaml"):
        (tmp_path / "front" / name).touch()
    export(found, tmp_path)
    names = {path.name for path in (tmp_path / "front").iterdir()}
    assert names >= {"mine.yaml", f"{found.front[0]['key'][:12]}.yaml"}
    assert not any(name.startswith("0123456789ab") for name in names)


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
    (line,) = [line for line in text.splitlines() if line.startswith("# Once more, in")]
    monkeypatch.chdir(tmp_path)
    asked = CliRunner().invoke(app, [*shlex.split(line.partition("archsim ")[2]), "--json"])
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
    assert any("neurons fire above their threshold" in note for note in notes_on(found))
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


def test_a_quantity_has_a_column_of_numbers_beside_its_text(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "pool_of", lambda *_: HerePool())
    found = sweep(write_study(tmp_path, "chip.device.read_pulse: [20 ns, 7.5 ns]"), tmp_path / "out")
    export(found, tmp_path / "tables")
    table = pq.read_table(tmp_path / "tables" / "results.parquet")
    assert table["chip.device.read_pulse"].to_pylist() == ["20 ns", "7.5 ns"]
    assert table["chip.device.read_pulse (ns)"].to_pylist() == [20.0, 7.5]


def test_importances_sum_to_one_and_name_what_matters(found):
    shares = importance(found)
    assert set(shares) == set(found.study.model.objectives)
    for of_objective in shares.values():
        assert sum(of_objective.values()) == pytest.approx(1)


def test_a_range_that_matters_little_has_little_importance(tmp_path):
    space = "chip.crossbar.rows: [16, 32, 64, 128]\nchip.adc.rate: {from: 0.1 GS/s, to: 1.6 GS/s, scale: log}"
    study = read_study(write_study(tmp_path, space, "sweep: {kind: random, configurations: 200}"))
    records = [
        {
            "key": str(i), "state": "done", "error": None, "parameters": item,
            "metrics": {"latency_ps": 1e6 / item["chip.crossbar.rows"], "area_um2": float(i % 7)},
        }
        for i, item in enumerate(configurations(study))
    ]  # fmt: skip
    for some in (records, records[:20]):
        assert importance(Explored(study, tmp_path, some, 0))["latency_ps"]["chip.crossbar.rows"] > 0.95


def test_a_study_of_which_all_was_pruned_has_a_page_without_front_and_importances(found, tmp_path):
    space = "chip.crossbar.rows: [32, 64, 128]\nchip.adc.columns_per_adc: [8, 32, 64]\nchip.adc.kind: [sar, flash]"
    bounded = write_study(tmp_path, space, "constraints: {latency_ps: {at_most: 1 ps}}")
    pruned = [{**record, "state": "pruned"} for record in found.records]
    nothing = Explored(read_study(bounded), found.folder, pruned, 0)
    assert importance(nothing) == {}
    assert '"importance":{}' in report(nothing, tmp_path / "out").read_text()


def test_without_its_libraries_the_report_is_refused_before_anything_is_written(found, tmp_path, monkeypatch):
    monkeypatch.setattr("archsim.explore.results.find_spec", lambda name: None if name == "optuna" else name)
    with pytest.raises(ExploreError, match=r"needs optuna: pip install 'archsim\[explore\]'"):
        report(found, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_report_needs_no_other_file(found, tmp_path):
    text = report(found, tmp_path).read_text()
    said, licence = text.replace("http://www.w3.org/2000/svg", "").split("/*! Apache ECharts", 1)
    assert not re.search(r"https?:|@import|\ssrc=|XMLHttpRequest|WebSocket", said + licence.split("*/", 1)[1])
    assert "Apache License" in licence
    assert "Redistributions in binary form" in licence
    assert "default-src 'none'; style-src 'sha256-" in html.unescape(text)
    assert all(f'href="front/{record["key"][:12]}.yaml"' in text for record in found.front)
    assert '<th scope="col">latency_<wbr>ps</th>' in text  # a wide table breaks its heads and not its figures
    assert all(record["parameters"]["chip.adc.kind"] in text for record in found.front)


def test_a_folder_without_a_study_is_refused(tmp_path):
    with pytest.raises(ExploreError, match="holds no study"):
        read_results(tmp_path)


def test_a_record_with_a_forged_key_writes_nothing_outside_and_is_shown_as_damaged(found, tmp_path):
    folder = tmp_path / "a" / "b" / "study"
    shutil.copytree(found.folder, folder)
    for key in ("../../../x", "<script>alert(1)</script>".ljust(32, "0")):
        record = {**found.front[0], "key": key, "parameters": {**found.front[0]["parameters"], "forged": key}}
        record.pop("sha256", None)
        with (folder / "results.jsonl").open("a") as file:
            file.write(json.dumps({**record, "sha256": checksum(record)}) + "\n")
    again = read_results(folder)
    assert again.n_damaged == 2
    page = report(again, folder).read_text()
    assert "alert(1)" not in page
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a"]
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["b"]


def test_a_link_in_the_folder_of_a_study_is_not_followed_out(found, tmp_path):
    folder, outside = tmp_path / "study", tmp_path / "outside"
    shutil.copytree(found.folder, folder)
    outside.mkdir()
    (folder / "front").symlink_to(outside)
    with pytest.raises(WriteError, match="a link leads out"):
        report(read_results(folder), folder)
    assert list(outside.iterdir()) == []


def test_names_in_the_tables_of_a_study_are_no_formulas(found, tmp_path):
    evil = {**found.records[0], "error": "=HYPERLINK(1)"}
    named = replace(found, records=[evil, *found.records[1:]])
    export(named, tmp_path)
    assert "'=HYPERLINK(1)" in (tmp_path / "results.csv").read_text()
