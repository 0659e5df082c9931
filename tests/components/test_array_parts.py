"""The circuits around the cells of an array: how many there are, and what each action takes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from archsim.components import ArrayRead, Parts

MakeParts = Callable[..., Parts]


def cost(energy: str, area: str, leakage: str = "0 uW") -> dict[str, Any]:
    return {"model": "cited", "energy": energy, "area": area, "leakage": leakage, "source": "prices.md, 22 nm"}


DRIVERS = {
    "model": "cited", "read_energy": "0.3 fJ", "write_energy": "9 fJ", "area": "1.5 um2", "leakage": "0 uW",
    "source": "prices.md, 22 nm",
}  # fmt: skip
AROUND: dict[str, Any] = {
    "adc.columns_per_adc": 8,
    "crossbar.level_shifters": {"cost": cost("0.44 pJ", "10 um2")},
    "crossbar.column_mux": {"cost": cost("1 fJ", "10 um2")},
    "crossbar.input_registers": {"width": "8 bit", "cost": cost("2.5 fJ", "1.24 um2", "0.156 nW")},
    "crossbar.column_drivers": {"cost": DRIVERS},
    "crossbar.partial_sum_registers": {"width": "16 bit", "cost": cost("2.5 fJ", "1.24 um2", "0.156 nW")},
    "crossbar.control": {"cost": cost("3.8 pJ", "1800 um2")},
    "shift_add.registers": 2,
}


def energies(charges: Any, n: int) -> dict[str, float]:
    return {charge.component: pytest.approx(n * charge.energy_pj, rel=1e-12) for charge in charges}


def test_each_array_has_as_many_as_its_lines_and_converters_ask_for(make_parts: MakeParts) -> None:
    n = {item.component: item.n_per_parent for item in make_parts(AROUND).items() if item.where == "crossbar"}
    assert n["level_shifters"] == 2 * 128 + 128
    assert n["column_mux"] == 16
    assert n["input_registers"] == 8 * 128
    assert n["column_drivers"] == 128
    assert n["partial_sum_registers"] == 16 * 64 * 2  # pairs of columns, two sets
    assert n["array_control"] == 1


def test_a_chip_that_does_not_name_them_has_none(make_parts: MakeParts) -> None:
    parts = make_parts()
    assert parts.around_arrays == ()
    assert {"level_shifters", "array_control"}.isdisjoint(item.component for item in parts.items())


def test_a_read_of_128_columns_takes_each_circuits_energy_once(make_parts: MakeParts) -> None:
    parts = make_parts(AROUND)
    (spike,) = parts.drivers.read_cycles(1, signed=False)
    spent = energies(parts.adc.convert(spike, ArrayRead(128, 128)).charges, 128)
    assert spent["column_mux"] == 0.128  # prices.md: 0.13 pJ per 128-column read
    assert spent["column_drivers"] == 128 * 0.3e-3
    assert spent["input_registers"] == 128 * 2.5e-3
    assert spent["array_control"] == 3.8
    assert "level_shifters" not in spent  # nothing on reads
    merged = energies(parts.shift_add.merge(1).action.charges, 1)
    assert merged["partial_sum_registers"] == 16 * 2.5e-3 / 2  # the sum of a pair


def test_registers_are_clocked_again_with_each_slot_of_a_reread(make_parts: MakeParts) -> None:
    parts = make_parts({**AROUND, "sample_hold": None, "crossbar.read_out": "reread"})
    (spike,) = parts.drivers.read_cycles(1, signed=False)
    spent = energies(parts.adc.convert(spike, ArrayRead(128, 128)).charges, 128)
    assert spent["input_registers"] == 8 * 128 * 2.5e-3
    assert spent["array_control"] == 3.8


def test_a_row_pulse_shifts_the_rows_lines_and_each_cell_s_pulse_drives_its_column(make_parts: MakeParts) -> None:
    parts = make_parts(AROUND)  # 32 cells at once, 2.5 pulses each: 4 groups a row
    spent = energies(parts.write_circuits.program(128).charges, 128)
    assert spent["level_shifters"] == 4 * 2.5 * 0.44
    assert spent["column_drivers"] == pytest.approx(128 * 2.5 * 9e-3)


def test_a_verify_read_takes_what_a_read_takes(make_parts: MakeParts) -> None:
    parts = make_parts(AROUND)
    spent = energies(parts.write_circuits.verify(20e-6, 128).charges, 128)
    assert spent["array_control"] == 2.5 * 3.8
    assert spent["column_mux"] == 2.5 * 0.128
