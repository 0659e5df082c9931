"""A study is refused before anything runs: all errors at once, each at its line."""

from __future__ import annotations

import re

import pytest
from explore_support import ROOT, TWO_BY_TWO, write_study

from archsim import load_chip, load_workload, simulate
from archsim.errors import ExploreError
from archsim.explore import read_study
from archsim.explore.measures import error_of
from archsim.metrics.ledger import BREAKDOWNS


def errors(path) -> list[str]:
    with pytest.raises(ExploreError) as refused:
        read_study(path)
    return [line.removeprefix(f"{path}:") for line in str(refused.value).splitlines()]


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ("chip.crossbr.rows: [64]", "unknown key"),
        ("chip.library: [rram_22nm, rram_65nm]", "is chosen in the chip file, before anything is set there"),
        ("chip.crossbar.rws: [64]", "did you mean 'rows'?"),
        ("crossbar.rows: [64]", "did you mean chip.crossbar.rows?"),
        ("workload.network.layers.7.outputs: [64]", "is a list of 3"),
        ("chip.device.read_pulse: ['100 mW']", "'100 mW' is a power"),
        ("chip.device.read_pulse: [100]", "needs a unit"),
        ("chip.device.read_pulse: {from: 10 ns, to: 1 mW, step: 10 ns}", "has the unit 'mW', but from has 'ns'"),
        ("chip.device.read_pulse: {from: 10 ns, to: 1 us, step: 10 mW}", "measure what from does"),
        ("chip.device.read_pulse: {from: 1 us, to: 10 ns}", "the range is empty"),
        ("chip.crossbar.rows: 64", "is one value, which is no choice"),
        ("chip.crossbar.rows: {from: 64, to: 8}", "the range is empty"),
        ("chip.crossbar.rows: {from: 64, to: 128, step: 0}", "must be above zero"),
        ("seed: {from: 0, to: 4000000000}", "gives more than 100000 whole numbers; say step or points"),
        ("chip.adc.rate: {from: 0 MHz, to: 1 MHz, scale: log, points: 3}", "starts above zero"),
        ("chip.crossbar.rows: []", "must have at least 1 items"),
        ("chip.crossbar.rows: [64, 64]", "64 stands there twice"),
        ("chip.crossbar.rows: {values: [64], when: {phase: [bp]}}", "no parameter above this one"),
        ("phase: [inference, training]", "must be of inference, bp, dfa"),
        ("seed: [-1]", "must be whole numbers, 0 or more"),
        ("style: {options: {a: [chip.execution.feedback=twice]}}", "must be one of copy, transposable"),
        ("chip.crossbar.rows: {values: [64], also: [chip.crossbar.colums]}", "did you mean 'columns'?"),
        (
            "chip.crossbar.rows: [64]\nsize: {options: {a: [chip.crossbar.rows=32]}}",
            "and so does the parameter chip.crossbar.rows",
        ),
        (
            "chip.crossbar.columns: [64]\nsize: {options: {a: ['chip.crossbar={rows: 32}']}}",
            "chip.crossbar.columns is set by the parameter chip.crossbar.columns",
        ),
        ("chip.crossbar.columns: [48]", "no configuration that was tried"),
        ("chip.crossbar.rows: {values: [64], also: [chip.crossbar.rows]}", "sets chip.crossbar.rows twice"),
        (
            "size: {options: {a: [chip.crossbar.rows=32, chip.crossbar.rows=64]}}",
            "parameters.size.options.a: sets chip.crossbar.rows twice",
        ),
        ("seed: {options: {a: [chip.crossbar.rows=32]}}", "give seed its values"),
        ("phase: {options: {a: [chip.crossbar.rows=32]}}", "give phase its values"),
        ("phase: {values: [bp], also: [chip.crossbar.rows]}", "parameters.phase.also: only a path"),
        (
            "style: {options: {a: [chip.crossbar.rows=32]}, also: [chip.crossbar.columns]}",
            "parameters.style.also: only a path",
        ),
        (
            "chip.crossbar.rows: [64, 128]\n"
            "chip.pe.crossbars: {values: [2, 4], when: {chip.crossbar.rows: [64]}}\n"
            "chip.tile.pes: {values: [2], when: {chip.crossbar.rows: [128], chip.pe.crossbars: [2]}}",
            "never holds: chip.crossbar.rows would have to take two values at once",
        ),
    ],
)
def test_a_wrong_parameter_is_refused_at_its_line(tmp_path, parameters, said):
    found = errors(write_study(tmp_path, parameters))
    assert any(said in line and "parameters" in line for line in found), found
    assert found[0][0].isdigit()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("constraints: {area: {at_most: 2 mm2}}", "no metric is called 'area'"),
        ("constraints: {area_um2: {at_most: 2}}", "needs a unit"),
        ("constraints: {area_um2: {at_least: 3 mm2, at_most: 2 mm2}}", "nothing can keep to both"),
        ("constraints: {area_um2: {at_most: 0 mm2}}", "nothing can keep to it"),
        ("constraints: {area_um2: {}}", "give at_least, at_most, or both"),
        ("constraints: {accuracy: {at_least: 0.8}}", "accuracy needs learning.data"),
        ("sweep: {kind: random}", "how many are drawn"),
        ("sweep: {kind: grid, configurations: 5}", "a grid tries them all"),
        ("record: [breakdown.component.adc.energy]", "no figure 'energy'"),
        ("record: [breakdown.component.adcc.energy_pj]", "no component is called 'adcc'; did you mean 'adc'?"),
        ("record: [breakdown.layer.fc7.energy_pj]", "no layer is called 'fc7'; there are: fc1, fc2"),
        ("record: [breakdown.phase.update.energy_pj]", "is called its stage: breakdown.stage.update.energy_pj"),
        ("record: [breakdown.stage.backwards.energy_pj]", "no stage is called 'backwards'; did you mean"),
        ("record: [breakdown.action.raed.energy_pj]", "no action is called 'raed'; did you mean 'read'?"),
        ("time_limit: 0 s", "time_limit: must be above zero"),
        ("search: {trials: 5}", "search.trials: a batch of 10 is evaluated whole"),
        ("trials: 5", "unknown key"),
    ],
)
def test_what_is_wrong_elsewhere_is_refused_too(tmp_path, more, said):
    assert any(said in line for line in errors(write_study(tmp_path, more=more)))


def test_an_objective_that_does_not_exist_is_refused_with_what_there_is(tmp_path):
    (found,) = errors(write_study(tmp_path, objectives="{latency: minimize}"))
    assert "did you mean 'latency_ps'?" in found


def test_what_a_breakdown_does_have_may_be_wanted(tmp_path):
    names = ("component.adc", "component.history_buffer", "layer.input", "layer.fc2", "layer.(leakage)")
    wanted = [f"breakdown.{name}.energy_pj" for name in names]
    assert list(read_study(write_study(tmp_path, more=f"record: {wanted}")).model.record) == wanted


@pytest.mark.parametrize("phase", ["inference", "bp", "dfa"])
def test_every_part_of_every_breakdown_may_be_wanted(phase):
    work = load_workload(ROOT / "workloads/watch_adapt.yaml", ["timesteps=2", "samples=1", "batch=1"])
    result = simulate(load_chip(ROOT / "tests/chips/wearable_rram.yaml"), work, phase=phase)
    names = [f"breakdown.{by}.{name}.energy_pj" for by in BREAKDOWNS for name in result.breakdown(by)]
    assert len(names) > 50
    assert {name: error_of(name) for name in names} == dict.fromkeys(names, "")


def test_what_is_set_in_all_configurations_is_refused_at_its_line_with_all_other_errors(tmp_path):
    path = write_study(tmp_path, "chip.crossbar.rws: [64]")
    wrong = "set: [chip.foo=3, chip.device.read_pulse=100, workload.samples, rows=3, workload.timesteps=4]\n"
    path.write_text(re.sub("set: .*\n", wrong, path.read_text()))
    found = errors(path)
    assert [line.split(": ")[1] for line in found[:4]] == ["set.0", "set.1", "set.2", "set.3"]
    assert "parameters.chip.crossbar.rws" in found[4]
    assert all(line.startswith("5:") for line in found[:4])
    for line, said in zip(found, ("unknown key", "needs a unit", "PATH=value", "starts with chip."), strict=False):
        assert said in line


def adapting(tmp_path, phase: str, learning: str):
    path = write_study(tmp_path, f"phase: {phase}", f"learning: {learning}", objectives="{accuracy: maximize}")
    path.write_text(path.read_text().replace("watch_mlp", "watch_adapt").replace("phase: inference\n", ""))
    return path


def test_accuracy_is_that_of_the_rule_whose_steps_are_priced(tmp_path):
    study = read_study(adapting(tmp_path, "[bp, dfa, inference]", "{}"))
    assert [study.rule_of(phase) for phase in ("bp", "dfa", "inference")] == ["bp", "dfa", "dfa"]
    assert read_study(adapting(tmp_path, "[inference]", "{rule: bp}")).rule_of("inference") == "bp"
    (found,) = errors(adapting(tmp_path, "[bp, dfa]", "{rule: dfa}"))
    assert "learning.rule: learns by dfa, but phase bp is simulated" in found


def test_a_study_is_no_way_up(tmp_path):
    path = write_study(tmp_path)
    path.write_text(path.read_text().replace("name: test", "name: .."))
    assert "name:" in errors(path)[0]


def test_all_errors_come_at_once(tmp_path):
    parameters = "chip.crossbr.rows: [64]\nchip.adc.resolution: {from: 8 bit, to: 4 bit}\nphase: [no]"
    more = "constraints: {area_um2: {at_least: 3 mm2, at_most: 2 mm2}}"
    found = errors(write_study(tmp_path, parameters, more, objectives="{latency: minimize, energy_pj: minimise}"))
    assert len(found) == 6
    lines = [int(line.split(":")[0]) for line in found]
    assert lines == sorted(lines)


def test_a_error_in_what_may_be_left_out_hides_no_other(tmp_path):
    more = "record: [nothing]\nsweep: {kind: no}"
    path = write_study(tmp_path, "chip.crossbar.row: [64]\nchip.adc.colums: [8]", more)
    path.write_text(path.read_text().replace("phase: inference", "phase: inf"))
    found = "\n".join(errors(path))
    for said in ("phase:", "chip.crossbar.row", "chip.adc.colums", "no metric is called 'nothing'", "sweep.kind:"):
        assert said in found


def test_a_study_of_an_older_version_is_refused(tmp_path):
    path = write_study(tmp_path)
    path.write_text(path.read_text().replace("version: 1", "version: 0"))
    assert "must be 1" in errors(path)[0]


def test_a_missing_chip_is_named(tmp_path):
    path = write_study(tmp_path)
    path.write_text(path.read_text().replace("wearable_rram.yaml", "unwearable.yaml"))
    (found,) = errors(path)
    assert "unwearable.yaml: there is no such file" in found
    assert found.startswith("3:")


def test_values_that_go_together_only_with_others_are_no_error(tmp_path):
    tied = "chip.crossbar.columns: {values: [64, 256], also: [chip.write.parallel_cells]}"
    assert read_study(write_study(tmp_path, tied)).parameters
    assert read_study(write_study(tmp_path, TWO_BY_TWO)).name == "test"


def test_two_parameters_may_set_one_path_where_their_conditions_exclude_each_other(tmp_path):
    text = """phase: [bp, dfa]
rows_bp: {options: {a: [chip.crossbar.rows=32]}, when: {phase: [bp]}}
rows_dfa: {options: {a: [chip.crossbar.rows=64]}, when: {phase: [dfa]}}"""
    assert read_study(write_study(tmp_path, text)).parameters
    assert "so does" in errors(write_study(tmp_path, text.replace("[dfa]}", "[bp, dfa]}")))[0]
