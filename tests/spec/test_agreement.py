"""Values of a chip that do not go together are refused at their keys; what a chip is, it says."""

from __future__ import annotations

import pytest

from archsim import SpecError, load_chip
from archsim.spec.errors_on import errors_on

CHIP = "tests/chips/wearable_rram.yaml"


@pytest.mark.parametrize(("sets", "said"), [
    (["mapping.replica_area=1 mm2"], "mapping.replica_area: bounds replicas: auto, and nothing else"),
    (["mapping={replicas: auto, replica_area: 1 mm2, replica_crossbars: 4}"], "give this or replica_crossbars"),
    (["mapping.replicas=auto", "tiles=tailored"], "mapping.replicas: auto fills idle arrays"),
    (["adc.rate=0 MHz"], "adc.rate: must be above zero"),
    (["interconnect.frequency=0 MHz"], "interconnect.frequency: must be above zero"),
    (["adc.columns_per_adc=7"], "adc.columns_per_adc: 7 does not divide crossbar.columns"),
    (["execution.feedback=transposable", "crossbar.transpose=none"], "needs crossbar.transpose"),
    (["write.parallel_cells=4096"], "write.parallel_cells: 4096 is more than crossbar.columns"),
    (["write.pulses_per_cell=many"], "must be a number above zero, auto, or a law"),
    (["device.levels=1024", "crossbar.cells_per_weight=6"], "make more than 2^53 levels of a weight"),
    (["interconnect.virtual_channels=2", "interconnect.buffer_flits=unlimited"], "more than 1 changes nothing"),
])  # fmt: skip
def test_values_that_do_not_go_together_are_refused(sets: list[str], said: str) -> None:
    with pytest.raises(SpecError) as caught:
        load_chip(CHIP, sets)
    assert said in str(caught.value)


def test_a_chip_says_what_it_is() -> None:
    rows = dict(line.split("  ", 1) for line in str(load_chip(CHIP)).splitlines() if "  " in line)
    assert {"write", "adc", "buffers", "interconnect", "execution"} <= {name.strip() for name in rows}
    infers = str(load_chip("neurram_130nm"))
    assert "a step" in infers  # an integrating converter has steps, no rate
    assert infers in repr(load_chip("neurram_130nm"))


def test_errors_that_count_are_those_of_the_file() -> None:
    plain = errors_on(load_chip(CHIP))
    wires = "crossbar.wires={row: 1 ohm, column: 2 ohm, method: exact}"
    wired = errors_on(load_chip(CHIP, [wires, "device.errors.programming={kind: constant, sigma: 0.03}"]))
    assert wired["wires"] == "1 ohm and 2 ohm a segment, exact"
    assert "programming" in wired["cells"]
    assert plain["drivers"] == wired["drivers"]
