"""The value side of a chip: off by default, gathered from its sections, refused when it contradicts itself."""

import re

import pytest

from archsim.components import without_effect
from archsim.errors import SpecError
from archsim.spec import ArraySpec, array_spec, load_chip
from archsim.spec.cells import CellErrors
from archsim.spec.errors_on import errors_on
from archsim.units import errors_of


def errors_of_array(**keys):
    with pytest.raises(ValueError, match="ArraySpec") as caught:
        ArraySpec.model_validate(keys)
    return "; ".join(f"{'.'.join(map(str, path))}: {said}" for path, said in errors_of(caught.value, ArraySpec))


def test_an_array_is_ideal_until_a_file_says_otherwise():
    spec = ArraySpec()
    off = {"programming", "write_verify", "relaxation", "read_noise", "telegraph", "drift", "update", "endurance"}
    assert all(getattr(spec.errors, name) is None for name in off)
    assert (spec.wires, spec.curve, spec.readout.kind) == (None, None, "ideal")
    assert spec.errors.faults.model_dump() == {"stuck_on_frac": 0, "stuck_off_frac": 0, "open_frac": 0}


def test_the_value_side_of_a_chip_is_gathered_from_its_sections(root_dir):
    chip = load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml")
    spec = array_spec(chip, input_bits=8, input_maximum=2.0, signed_input=True)
    assert (spec.n_rows, spec.n_columns, spec.n_levels) == (128, 128, chip.device.n_levels)
    assert (spec.inputs.resolution_bits, spec.inputs.per_cycle_bits, spec.inputs.maximum) == (8, 1, 2.0)
    assert spec.inputs.signed == chip.drivers.signed_input
    assert spec.n_weights_per_row == chip.crossbar.n_weights_per_row
    # as the cost side counts: each column by itself, with the bits that are priced
    found = spec.readout
    assert (found.kind, found.resolution_bits) == ("adc", chip.adc.resolution_bits)
    assert (found.range.kind, found.subtract, found.code) == ("calibrated", "digital", "sign_magnitude")
    assert array_spec(chip).readout.code == "uniform"  # spikes: sums of a column have no sign


PARTS = {
    "converters": lambda spec: (spec.readout.kind, spec.backward_readout.kind),
    "drivers": lambda spec: (spec.inputs.resolution_bits, spec.backward_inputs.resolution_bits),
    "levels": lambda spec: spec.n_levels,
    "cells": lambda spec: (spec.errors, spec.curve),
    "wires": lambda spec: spec.wires,
}
IDEAL = {
    "converters": ("ideal", "ideal"),
    "drivers": (0, 0),
    "levels": 2**20,
    "cells": (CellErrors(), None),
    "wires": None,
}


@pytest.mark.parametrize("part", [*PARTS, "all"])
def test_what_a_chip_calls_ideal_makes_no_error_and_all_else_does(root_dir, part):
    wires = "crossbar.wires={row: 1 ohm, column: 1 ohm}"
    errs = ["device.errors.device_spread=0.1", wires, "device.curve.v0=0.3 V"]
    said = "ideal=true" if part == "all" else f"ideal.{part}=true"
    file = root_dir / "tests" / "chips" / "wearable_rram.yaml"
    given = {"input_bits": 8, "input_maximum": 2.0, "signed_input": True}
    spec, whole = (array_spec(load_chip(file, [*errs, *more]), **given) for more in ((said,), ()))
    for name, of in PARTS.items():
        assert of(spec) == (IDEAL[name] if part in (name, "all") else of(whole)), name
        assert of(whole) != IDEAL[name]


def test_a_chip_that_says_how_its_adc_converts_reads_codes_of_its_resolution(root_dir):
    chip = load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml")
    values = chip.model_dump(mode="json", by_alias=True, exclude_none=True)
    values["adc"]["conversion"] = {"range": {"kind": "fixed", "minimum": -8.0, "maximum": 8.0}}
    readout = array_spec(type(chip).model_validate(values)).readout
    assert (readout.kind, readout.resolution_bits) == ("adc", chip.adc.resolution_bits)
    assert (readout.range.minimum, readout.range.maximum) == (-8.0, 8.0)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"levels": 1}, "levels"),
        ({"cells_per_weight": 2}, "cells_per_weight"),
        ({"columns": 1}, "columns"),
        ({"g_min": "2 uS", "g_max": "1 uS"}, "g_max"),
        ({"read_voltage": "0 V"}, "read_voltage"),
        ({"read_pulse": "0 ns"}, "read_pulse"),
        ({"readout": {"kind": "adc", "resolution": "17 bit"}}, "1 to 16 bit"),
        ({"readout": {"kind": "adc", "resolution": "1 bit"}}, "one is the sign"),
        (
            {
                "readout": {
                    "kind": "adc",
                    "resolution": "8 bit",
                    "range": {"kind": "fixed", "minimum": 1.0, "maximum": 1.0},
                }
            },
            "larger than minimum",
        ),
        ({"inputs": {"per_cycle": "0 bit"}}, "per_cycle"),
        ({"inputs": {"resolution": "17 bit"}}, "0 (analogue) to 16 bit"),
        ({"curve": {"v0": "0 V"}}, "v0"),
        ({"errors": {"write_verify": {"band": 0.01, "max_pulses": 5}}}, "needs programming"),
        ({"errors": {"programming": {"kind": "constant", "sigma": 2.0}}}, "sigma"),
        ({"errors": {"faults": {"stuck_on": 0.6, "open": 0.6}}}, "more than all cells"),
        ({"errors": {"temperature": "0 K"}}, "above 0 K"),
        ({"errors": {"telegraph": {"amplitude": 0.1, "mean_high": "0 ns", "mean_low": "1 us"}}}, "mean_high"),
        ({"errors": {"drift": {"kind": "log_time", "loss": 0.01, "start": "0 s"}}}, "the law begins there"),
    ],
)
def test_a_value_side_that_contradicts_itself_is_refused_at_its_key(keys, said):
    assert said in errors_of_array(**keys)


def test_all_errors_of_an_array_are_told_at_once():
    said = errors_of_array(levels=1, read_voltage="0 V", g_min="2 uS", g_max="1 uS")
    assert all(key in said for key in ("levels", "read_voltage", "g_max"))


def test_an_electron_volt_is_an_energy():
    spec = ArraySpec(
        errors={"drift": {"kind": "power_law", "nu": 0.1, "start": "1 s", "activation_energy": "1 eV"}}
    )
    assert spec.errors.drift.activation_energy_pj == pytest.approx(1.602176634e-7, rel=1e-15)


def test_a_converter_of_one_bit_is_gathered_with_the_code_that_the_chip_chose(root_dir):
    file = root_dir / "tests" / "chips" / "wearable_rram.yaml"
    one_bit = ["adc.resolution=1 bit", "adc.conversion.code=uniform", "adc.conversion.rounding=down"]
    readout = array_spec(load_chip(file, one_bit)).readout
    assert (readout.kind, readout.code, readout.rounding, readout.resolution_bits) == ("adc", "uniform", "down", 1)
    with pytest.raises(SpecError, match="one is the sign; choose uniform"):
        load_chip(file, ["adc.resolution=1 bit", "adc.conversion.code=sign_magnitude"])


def test_a_chip_whose_cells_cannot_be_read_is_refused(root_dir):
    file = root_dir / "tests" / "chips" / "wearable_rram.yaml"
    with pytest.raises(SpecError) as caught:
        load_chip(file, ["device.read_voltage=0 V", "device.read_pulse=0 ns"])
    assert all(f"device.{key}: must be above zero" in str(caught.value) for key in ("read_voltage", "read_pulse"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"input_bits": -1}, "input_bits"),
        ({"input_bits": 17}, "input_bits"),
        ({"input_bits": 2.5}, "input_bits"),
        ({"input_maximum": 0.0}, "input_maximum"),
        ({"input_maximum": float("nan")}, "input_maximum"),
        ({"input_maximum": float("inf")}, "input_maximum"),
    ],
)
def test_inputs_that_no_driver_can_have_are_refused(root_dir, given, said):
    chip = load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml")
    with pytest.raises(SpecError, match=said):
        array_spec(chip, **given)


def test_errors_drive_the_columns_as_the_drivers_of_the_chip_do(root_dir):
    chip = load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml", ["drivers.signed_input=two_phase"])
    backward = array_spec(chip).backward_inputs
    assert (backward.signed, backward.per_cycle_bits) == ("two_phase", chip.drivers.resolution_bits)
    assert backward.resolution_bits == chip.execution.error_resolution_bits - 1


def test_sums_of_errors_are_converted_to_their_own_bits_over_their_own_range(root_dir):
    file = root_dir / "tests" / "chips" / "wearable_rram.yaml"
    own = "adc.errors={resolution: 4 bit, conversion: {range: {kind: tracked}, code: uniform}}"
    chip = load_chip(file, [own])
    forward, back = array_spec(chip), [array_spec(chip).backward_readout]
    back += [array_spec(chip, path=path).readout for path in ("backward", "feedback")]
    assert (forward.readout.resolution_bits, forward.readout.range.kind) == (5, "calibrated")
    for readout in back:
        assert (readout.resolution_bits, readout.range.kind, readout.code) == (4, "tracked", "uniform")
    said = errors_on(chip)["converters"]
    assert said.partition("; of errors ")[0] == "5 bit, range calibrated once to 99.9 %"
    assert said.partition("; of errors ")[2] == "4 bit, range tracked from batch to batch at 99.9 %"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("adc.errors.resolution=6 bit", "must be at most adc.resolution, 5 bit: the same converters stop earlier"),
        ("adc.errors={}", "says nothing; give resolution or conversion"),
        ("adc.errors={resolution: 1 bit, conversion: {code: sign_magnitude}}", "one is the sign; choose uniform"),
        ("adc.conversion.range={kind: tracked, step: 0}", "must be above zero; kind: calibrated is a range"),
        ("device.errors.learned={}", "names no file; give one for forward, backward or feedback"),
        ("ideal.convertrs=true", "ideal.convertrs"),
        ("execution.errors.kind=largest", "must be one of fixed, power_of_two, vector_maximum"),
        ("execution.copy_every=0", "execution.copy_every"),
    ],
)
def test_what_no_chip_can_do_with_errors_is_refused_with_what_would_help(root_dir, given, said):
    with pytest.raises(SpecError, match=re.escape(said)):
        load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml", [given])


def test_a_copy_that_there_is_not_need_not_wait(root_dir):
    turned = ["execution.feedback=transposable", "crossbar.transpose=shared", "execution.copy_every=2"]
    chip = load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml", turned)
    assert any(note.startswith("execution.copy_every: changes nothing here") for note in without_effect(chip))


def test_errors_that_are_switched_off_and_not_there_are_told(root_dir):
    file = root_dir / "tests" / "chips" / "wearable_rram.yaml"
    off = ["ideal={wires: true, cells: true, drivers: true}"]
    off += ["execution.errors={kind: fixed, rounding: stochastic}"]
    keys = {note.partition(":")[0] for note in without_effect(load_chip(file, off))}
    assert {"ideal.wires", "ideal.cells", "execution.errors.rounding"} <= keys
    there = ["crossbar.wires={row: 1 ohm, column: 1 ohm}", "device.errors.device_spread=0.1", off[0]]
    assert not {note for note in without_effect(load_chip(file, there)) if note.startswith("ideal")}
