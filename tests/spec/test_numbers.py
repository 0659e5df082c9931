"""Numbers that no product of would be right are refused where they enter."""

from __future__ import annotations

from pathlib import Path

import pytest

from archsim import load_chip, load_workload
from archsim.errors import SpecError, WorkloadError

CHIP, WORK = "tests/chips/wearable_rram.yaml", "workloads/watch_mlp.yaml"


def fixed_range(low: str, high: str) -> str:
    return f"adc.conversion={{range: {{kind: fixed, minimum: {low}, maximum: {high}}}}}"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["device.read_voltage=1e300 V"], "device.read_voltage: a voltage cannot be as large as '1e300 V'"),
        (["write.cost.energy=1e-200 pJ"], "write.cost.energy: an energy cannot be as small as '1e-200 pJ'"),
        (["write.pulses_per_cell=1e308"], "cannot be as large as 1e+308; 1e+100 is the most"),
        ([fixed_range("0", "5e-324")], "maximum: cannot be as small as 5e-324; 1e-100 is the least above zero"),
        ([fixed_range("1.0", "1.0000000000000001")], "range.maximum: must be larger than minimum, 1, by 1.1e-16"),
        ([fixed_range("-1e99", "1.0")], "range.minimum: must be at least -9007199254740992; got -1e+99"),
        (
            ["device.levels=256", "crossbar.cells_per_weight=8"],
            "crossbar.cells_per_weight: 8 cells of 256 levels make more than 2^53 levels of a weight, which "
            "double precision does not tell apart; at most 6 of them do not",
        ),
        (
            ["device.levels=32768", "crossbar.cells_per_weight=4"],
            "crossbar.cells_per_weight: 4 cells of 32768 levels make more than 2^53 levels",
        ),
        (["device.levels=9007199254740993"], "device.levels: must be at most 1048576; got 9007199254740993"),
        (
            ["crossbar.cells_per_weight=100000", "crossbar.columns=800000", "adc.columns_per_adc=1"],
            "crossbar.cells_per_weight: 100000 cells of 4 levels make more than 2^53 levels",
        ),
        (["crossbar.cells_per_weight=1e6"], "crossbar.cells_per_weight: must be a whole number; got 1000000.0"),
    ],
)
def test_a_number_that_cannot_be_computed_with_is_refused(root_dir: Path, changes, said):
    with pytest.raises(SpecError) as refused:
        load_chip(root_dir / CHIP, changes)
    assert said in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_as_many_levels_as_double_precision_tells_apart_are_taken(root_dir: Path):
    changes = ["device.levels=2", "crossbar.cells_per_weight=53", "crossbar.columns=106", "adc.columns_per_adc=1"]
    assert load_chip(root_dir / CHIP, [*changes, "write.parallel_cells=1"]).crossbar.n_cells_per_weight == 53


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("input_resolution=0 bit", "input_resolution: must be 1 to 16 bit; got 0 bit"),
        ("input_resolution=1000000 bit", "input_resolution: must be 1 to 16 bit; got 1000000 bit"),
        ("weights.gain=1e308", "weights.gain: cannot be as large as 1e+308"),
        ("weights.gain=1e-308", "weights.gain: cannot be as small as 1e-308"),
    ],
)
def test_a_workloads_number_that_cannot_be_computed_with_is_refused(root_dir: Path, change, said):
    with pytest.raises(WorkloadError) as refused:
        load_workload(root_dir / WORK, [change])
    assert said in str(refused.value)
