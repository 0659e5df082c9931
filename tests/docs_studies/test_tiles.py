"""The study of tiles: three small sweeps, joined from the script to the page; and what is refused."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from explore_support import ROOT, HerePool
from tile_effects import accuracy_effects, effects, savings
from tile_page import PAGE, PICTURES, RECORD, TABLE, page
from tiles import main

from archsim.errors import ExploreError
from archsim.explore import Explored, read_study, run, sweep
from archsim.explore.identity import digest_of

HEAD = """\
version: 1
name: {name}
chip: {root}/tests/chips/wearable_rram.yaml
workload: {root}/workloads/watch_adapt.yaml
set:
  - chip.device.g_max=39 uS
  - workload.network.layers.0.outputs=24
  - workload.network.layers.1.outputs=8
  - workload.timesteps=8
  - workload.samples=1
  - workload.batch=1
  - workload.learning.data.decimation=16
  - workload.learning.data.step=128
  - workload.learning.pretrain.epochs=1
  - workload.learning.adapt.passes=1
{more}parameters:
"""
ARRAY = """\
  array:
    options:
      "16": [chip.crossbar.rows=16, chip.crossbar.columns=16, chip.write.parallel_cells=16]
      "32": [chip.crossbar.rows=32, chip.crossbar.columns=32, chip.write.parallel_cells=32]
  chip.adc.resolution: [4 bit]
"""
FEEDBACK = """\
  feedback:
    options:
      copy: [chip.execution.feedback=copy]
      transposable: [chip.execution.feedback=transposable, chip.crossbar.transpose=duplicated]
"""
SHARED = "      shared: [chip.execution.feedback=transposable, chip.crossbar.transpose=shared]\n"
COSTS = (
    "  phase: [bp, dfa]\n" + ARRAY + "  chip.adc.columns_per_adc: [8, 16]\n  chip.tile.pes: [1, 2]\n"
    + FEEDBACK + SHARED + "    when: {phase: [bp]}\n"
    "objectives: {energy_per_sample_pj: minimize, latency_per_sample_ps: minimize, area_um2: minimize}\n"
)  # fmt: skip
NOISY = """\
  - chip.adc.columns_per_adc=16
  - 'chip.device.errors.programming={kind: table, device: wan}'
phase: inference
"""
LEARNED = "objectives: {{accuracy: maximize}}\nlearning: {{rule: {rule}}}\n"
SEEDS = "  seed: [0, 1]\n"


def swept(folder: Path, name: str, more: str, parameters: str) -> Explored:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.yaml"
    file.write_text(HEAD.format(name=name, root=ROOT, more=more) + parameters)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "pool_of", lambda *_: HerePool())
        return sweep(file, folder / name)


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("tiles")
    found = {
        "costs": swept(place, "costs", "", COSTS),
        "bp": swept(place, "bp", NOISY, ARRAY + FEEDBACK + SEEDS + LEARNED.format(rule="bp")),
        "dfa": swept(place, "dfa", NOISY, ARRAY + SEEDS + LEARNED.format(rule="dfa")),
    }
    assert all(record["state"] == "done" for part in found.values() for record in part.records)
    return {part: explored.folder for part, explored in found.items()}


def call(*arguments: object) -> None:
    main(list(map(str, arguments)))


def refused(*arguments: object) -> str:
    with pytest.raises(ExploreError) as error:
        call(*arguments)
    return " ".join(str(error.value).split())


@pytest.fixture(scope="module")
def done(folders, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("out") / "page"
    call(*folders.values(), "-o", out)
    return out


@pytest.fixture(scope="module")
def study(done) -> dict:
    return json.loads((done / RECORD).read_text())


def test_three_sweeps_become_a_page_tables_and_pictures(done):
    assert {path.name for path in done.iterdir()} == {RECORD, TABLE, PAGE, *PICTURES.values()}
    text = (done / PAGE).read_text()
    assert all(picture in text for picture in PICTURES.values())


def test_a_record_gives_the_same_files_again(done, tmp_path, capsys):
    again = tmp_path / "again"
    again.mkdir()
    shutil.copy(done / RECORD, again)
    call("costs", "bp", "dfa", "-o", again, "--from-record")
    assert "knee" in capsys.readouterr().out
    for path in done.iterdir():
        if path.name != PAGE:  # whose command names the folder
            assert (again / path.name).read_bytes() == path.read_bytes(), path.name


def test_every_priced_configuration_is_a_line_with_its_accuracy(study, done):
    assert len(study["lines"]) == 2 * 2 * 2 * (3 + 1)
    mean = {
        (a["rule"], a["array"], a["feedback"]): np.mean(list(a["of_seed"].values())) for a in study["accuracy"]
    }
    for line in study["lines"]:
        feedback = {"shared": "transposable"}.get(line["feedback"], line["feedback"])
        assert line["accuracy"] == pytest.approx(mean[line["rule"], line["array"], feedback], rel=1e-12)
    with (done / TABLE).open() as file:
        assert [float(row["energy_pj"]) for row in csv.DictReader(file)] == [
            line["energy_pj"] for line in study["lines"]
        ]


def test_mechanisms_of_a_pair_add_up_to_its_difference(study):
    for item in study["explained"]:
        pair = study["pairs"][item["pair"]]
        bp, dfa = (study["lines"][pair[rule]] for rule in ("bp", "dfa"))
        for cost, parts in item["parts"].items():
            assert sum(parts.values()) == pytest.approx(bp[cost] - dfa[cost], rel=1e-9, abs=1e-6)


def test_what_a_configuration_shares_changes_no_learned_number(tmp_path):
    tile = """\
  tile:
    options:
      base: [chip.crossbar.transpose=duplicated]
      wide: [chip.crossbar.transpose=duplicated, chip.adc.columns_per_adc=8, chip.tile.pes=1]
      shared: [chip.crossbar.transpose=shared]
"""
    small = "  - chip.crossbar.rows=16\n  - chip.crossbar.columns=16\n  - chip.write.parallel_cells=16\n"
    more = small + "  - chip.execution.feedback=transposable\n" + NOISY
    found = swept(tmp_path, "same", more, tile + LEARNED.format(rule="bp"))
    assert len(found.records) == 3
    assert len({record["metrics"]["accuracy"] for record in found.records}) == 1
    assert len({record["metrics"]["area_um2"] for record in found.records}) == 3


def test_the_page_in_the_docs_says_what_its_record_says():
    place = ROOT / "docs" / "studies" / "tiles"
    text = (place / PAGE).read_text()
    command = text.split("`")[1]
    assert command.startswith(".venv/bin/python docs/studies/tiles/tiles.py ")
    assert page(json.loads((place / RECORD).read_text()), command) == text


def test_the_sweeps_of_the_page_can_be_read():
    for part in ("tile_costs", "tile_accuracy_bp", "tile_accuracy_dfa"):
        assert read_study(ROOT / "docs" / "studies" / "tiles" / f"{part}.yaml").name == part


# ---- what is refused ----


def test_all_wrong_folders_are_named_at_once(folders, tmp_path):
    said = refused(tmp_path / "nothing", folders["dfa"], folders["costs"], "-o", tmp_path / "out")
    assert "nothing: holds no study" in said
    assert "learns with the rule dfa, wanted is bp" in said
    assert "does not measure accuracy" in said
    assert not (tmp_path / "out").exists()


def test_an_unfinished_sweep_is_refused_with_what_is_missing(folders, tmp_path):
    part = tmp_path / "part"
    shutil.copytree(folders["dfa"], part)
    log = part / "results.jsonl"
    log.write_text("".join(log.read_text().splitlines(keepends=True)[:-1]))
    out = tmp_path / "out"
    assert "1 of 4 configurations are not done" in refused(folders["costs"], folders["bp"], part, "-o", out)
    call(folders["costs"], folders["bp"], part, "--partial", "-o", out)
    assert "Not done, and left out with all that needs them: dfa: 1 configurations" in ((out / PAGE).read_text())
    left = json.loads((out / RECORD).read_text())["lines"]
    assert {line["array"] for line in left if line["rule"] == "dfa"} == {"16"}


def test_nothing_is_joined_before_there_is_a_pair(folders, tmp_path):
    begun = tmp_path / "begun"
    shutil.copytree(folders["dfa"], begun)
    (begun / "results.jsonl").unlink()
    assert "differ in the rule alone" in refused(folders["costs"], folders["bp"], begun, "--partial")


def test_chosen_configurations_have_error_bars_and_orders_have_probabilities(study):
    found, lines = study["uncertainty"], study["lines"]
    for rule in ("bp", "dfa"):
        front = study["fronts"][rule]
        assert set(found[rule]) == {front["knee"], *front["best"].values()}
        for line in found[rule]:
            for cost, (low, high) in found["interval_90"][str(line)].items():
                assert low <= lines[line][cost] <= high
            assert found["interval_90"][str(line)]["area_um2"][0] < lines[line]["area_um2"]
    for cost, rows in found["less"].items():
        assert [len(row) for row in rows] == [len(found["bp"])] * len(found["dfa"])
        # all of them at once is not more probable than each pair
        assert found["all_less"][cost] <= min(min(row) for row in rows)


def test_a_sweep_at_random_is_refused(folders, tmp_path):
    drawn = tmp_path / "drawn"
    shutil.copytree(folders["dfa"], drawn)
    about = json.loads((drawn / "study.json").read_text())
    about["study"]["sweep"]["kind"] = "random"
    about["sha256"] = digest_of(about["study"])
    (drawn / "study.json").write_text(json.dumps(about))
    said = refused(folders["costs"], folders["bp"], drawn)
    assert "its sweep is random; sweep the whole grid" in said


def test_sweeps_that_do_not_go_together_are_refused_all_at_once(folders, tmp_path):
    other = {part: tmp_path / part for part in ("bp", "dfa")}
    for part, copy in other.items():
        shutil.copytree(folders[part], copy)
        about = json.loads((copy / "study.json").read_text())
        about["model"] = "0.0.1+older"
        about["study"]["files"]["chip"]["device"]["g_max"] = "4 uS"
        if part == "bp":
            about["study"]["parameters"]["array"]["options"]["32"][0] = "chip.crossbar.rows=64"
        about["sha256"] = digest_of(about["study"])
        (copy / "study.json").write_text(json.dumps(about))
    said = refused(folders["costs"], *other.values())
    assert said.count("made by archsim 0.0.1+older") == 2
    assert said.count("another chip than that of the costs: device.g_max was 39 uS, is 4 uS") == 2
    assert "array 32 sets chip.crossbar.rows=64" in said


# ---- effects, by hand ----


def line(rule, energy, latency, area, accuracy, half=0.0, **given) -> dict:
    base = {"array": "64", "adc_bits": 4, "columns_per_adc": 8, "pes": 1, "feedback": "copy"}
    figures = {"energy_pj": energy, "latency_ps": latency, "area_um2": area}
    return {"rule": rule, **base, **figures, "accuracy": accuracy, "accuracy_half_width": half, **given}


def test_effects_compare_what_differs_in_one_factor_alone():
    lines = [
        line("bp", 10.0, 1.0, 4.0, 0.9, columns_per_adc=c, pes=p)
        | {"energy_pj": 10.0 * p * (2.0 if c == 8 else 1.0)}
        for c in (8, 16)
        for p in (1, 3)
    ]
    (sharing,) = effects(lines, "bp", "columns_per_adc", [8, 16])
    assert sharing["n"] == 2
    assert sharing["energy_pj"] == {"median": 0.5, "min": 0.5, "max": 0.5}
    assert effects(lines, "bp", "array", ["64"]) == []


def test_an_effect_on_accuracy_is_taken_within_each_seed():
    both = [
        {"rule": "dfa", "array": "64", "adc_bits": b, "feedback": "fixed", "of_seed": of}
        for b, of in ((4, {"0": 0.5, "1": 0.8}), (8, {"0": 0.6, "1": 0.9}))
    ]
    (gain,) = accuracy_effects(both, "dfa", "adc_bits", [4, 8])
    assert gain["mean"] == pytest.approx(0.1)
    assert gain["half_width"] == pytest.approx(0.0, abs=1e-12)


def test_a_pair_has_the_same_tile():
    lines = [line("bp", 4.0, 6.0, 2.0, 0.9), line("dfa", 1.0, 3.0, 3.0, 0.8, feedback="fixed"),
             line("dfa", 9.0, 9.0, 9.0, 0.8, feedback="fixed", pes=2)]  # fmt: skip
    (pair,) = savings(lines)
    assert (pair["bp"], pair["dfa"]) == (0, 1)
    assert (pair["energy_saved"], pair["latency_ratio"], pair["area_saved"]) == (0.75, 2.0, -0.5)
