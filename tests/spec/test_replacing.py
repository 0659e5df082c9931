"""A chip with other values is a chip as a file would have given it, or every error of the changes."""

from __future__ import annotations

from typing import Any

import pytest

from archsim import Chip, SpecError, UnitError, load_chip


@pytest.fixture(scope="module")
def chip() -> Chip:
    return load_chip("wearable_rram")


def test_values_are_those_of_a_file(chip: Chip) -> None:
    other = chip.replace({"adc.resolution": "6 bit", "device.read_pulse": "9 ns"})
    assert (other.adc.resolution_bits, other.device.read_pulse_ps) == (6, 9_000)
    assert other.replace({"adc.resolution": f"{chip.adc.resolution_bits} bit"}).adc == chip.adc


@pytest.mark.parametrize(("changes", "error", "said"), [
    ({"": 1}, SpecError, "'': is no path in a chip file"),
    ({"a=b": 1, "adc.rate": object()}, SpecError, "is nothing that a file holds"),
    ({"adc.rate": float("nan")}, SpecError, "adc.rate: nan is nothing that a file holds"),
    ({"adc.rat": 3}, SpecError, "adc.rat"),
    ({"device.read_pulse": 9}, UnitError, "device.read_pulse"),
])  # fmt: skip
def test_every_wrong_change_is_told(
    chip: Chip, changes: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error) as caught:
        chip.replace(changes)
    assert said in str(caught.value)
    assert "--set" not in str(caught.value)
