"""Costs of ``model: circuit`` become figures: those of the circuits of this chip's array, at its node.

Only this package knows of circuits: a chip with such costs is replaced by the same chip with figures,
before its parts are made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from archsim.components.circuit.periphery import Circuits, ShiftAdds
from archsim.components.circuit.sensing import LEVEL_UW, column_v, sensing_ps
from archsim.components.circuit.transistors import NODES_NM, process_of
from archsim.spec.chip import Chip
from archsim.spec.costs import (
    At,
    CircuitAdc,
    CircuitCost,
    CircuitShiftAdd,
    CitedAdc,
    CitedColumnDrivers,
    CitedCost,
    CitedDrivers,
    OhmicArray,
    Priced,
)
from archsim.units import file_key

WRITE_V: Final = 2.0
MOST_BITS: Final = 8
SOURCE: Final = (
    "transistors and wires of {node} nm, LSTP, 300 K, composed as in NeuroSim V1.3 (Chen, Peng and Yu, IEEE TCAD "
    "37, 2018; github neurosim/NeuroSim at 6acf552)"
)


@dataclass(frozen=True)
class _Priced:
    """The figures of one chip's circuits."""

    chip: Chip

    @property
    def source(self) -> str:
        return SOURCE.format(node=f"{self.chip.technology.node_nm:g}")

    @cached_property
    def circuits(self) -> Circuits:
        device, crossbar = self.chip.device, self.chip.crossbar
        return Circuits(
            process_of(self.chip.technology.node_nm), crossbar.n_rows, crossbar.n_columns,
            self.chip.adc.n_columns_per_adc, 1 / device.g_max_siemens, 1 / device.g_min_siemens,
            device.read_voltage_v, WRITE_V,
        )  # fmt: skip

    @cached_property
    def sensing_ps(self) -> int:
        """Time of one conversion with so many rows active as its cost says, no shorter than the chip's own."""
        circuits, adc, device = self.circuits, self.chip.adc, self.chip.device
        assert isinstance(adc.cost, CircuitAdc)
        active_frac = adc.cost.active_rows_frac
        least_ps = float(adc.step_ps) if adc.step_ps is not None else 1e6 / (adc.rate_mhz or 1.0)
        if not active_frac:  # no current is sensed at once
            return round(least_ps)
        low, high = (1 / (ohm + circuits.access_ohm) for ohm in (circuits.r_off_ohm, circuits.r_on_ohm))
        column_ohm = 1 / (active_frac * circuits.n_rows * (low + high) / 2) * 0.5 / device.read_voltage_v
        references = circuits.r_on_ohm / circuits.n_rows, circuits.r_off_ohm / circuits.n_rows
        return round(sensing_ps(circuits.process.node_nm, adc.resolution_bits, column_ohm, references, least_ps))

    def crossbar(self) -> Priced:
        circuits = self.circuits
        return OhmicArray.model_construct(
            model="ohmic", cell_area_um2=circuits.cell_area_um2, word_line_energy_pj=circuits.word_line_pj,
            access_ohm=circuits.access_ohm, leakage_uw=0.0, source=self.source,
            column_voltage_v=column_v(circuits.process.node_nm, circuits.read_v),
        )  # fmt: skip

    def drivers(self) -> Priced:
        circuits = self.circuits
        return CitedDrivers.model_construct(
            model="cited", energy_pj=circuits.row_switch_pj, energy_per_bit_pj=0.0,
            area_um2=circuits.row_switches_um2, leakage_uw=0.0, source=self.source,
        )  # fmt: skip

    def input_registers(self) -> Priced:
        """For each bit of each row."""
        circuits = self.circuits
        area_um2 = circuits.row_registers_um2 / circuits.n_rows
        process = circuits.process
        return self._cited(process.flip_flop_energy_pj, area_um2, process.flip_flop_leakage_uw)

    def level_shifters(self) -> Priced:
        """For each line; their leakage is taken as none."""
        return self._cited(self.circuits.shifter_row_pulse_pj, self.circuits.shifter_um2, 0.0)

    def column_drivers(self) -> Priced:
        circuits, n = self.circuits, self.circuits.n_columns
        return CitedColumnDrivers.model_construct(
            model="cited", read_energy_pj=circuits.bit_line_pj, write_energy_pj=circuits.column_write_pj,
            area_um2=circuits.column_drivers_um2 / n, leakage_uw=circuits.process.flip_flop_leakage_uw,
            source=self.source,
        )  # fmt: skip

    def column_mux(self) -> Priced:
        """For each converter; its decoder is left out."""
        return self._cited(self.circuits.mux_pj, self.circuits.muxes_um2 / self.circuits.n_adcs, 0.0)

    def adc(self) -> Priced:
        """The sense branches while they sense, and the encoder; the current of the column is the cells'."""
        circuits, bits = self.circuits, self.chip.adc.resolution_bits
        sensing_pj = LEVEL_UW[circuits.process.node_nm] * (2**bits - 1) * self.sensing_ps / 1e6
        return CitedAdc.model_construct(
            model="cited", energy_pj=sensing_pj + circuits.encoder_pj(bits), per="conversion",
            area_um2=circuits.comparators_um2(bits) + circuits.encoders_um2(bits) / circuits.n_adcs,
            leakage_uw=circuits.encoder_uw(bits), source=self.source,
        )  # fmt: skip

    def shift_add(self) -> Priced:
        """For each lane, as if there was one for each converter."""
        chip, cost = self.chip, self.chip.shift_add.cost
        assert isinstance(cost, CircuitShiftAdd)
        n_cells = chip.crossbar.n_cells_per_weight
        adds = ShiftAdds(self.circuits, chip.adc.resolution_bits, n_cells, cost.input_bits)
        n = self.circuits.n_adcs if chip.shift_add.n_lanes == "auto" else chip.shift_add.n_lanes
        return self._cited(adds.value_pj, adds.area_um2 / n, adds.leakage_uw / n)

    def _cited(self, energy_pj: float, area_um2: float, leakage_uw: float) -> Priced:
        return CitedCost.model_construct(
            model="cited", energy_pj=energy_pj, area_um2=area_um2, leakage_uw=leakage_uw, source=self.source
        )


_PRICES: Final[Mapping[tuple[str, ...], Callable[[_Priced], Priced]]] = {
    ("crossbar",): _Priced.crossbar,
    ("drivers",): _Priced.drivers,
    ("crossbar", "input_registers"): _Priced.input_registers,
    ("crossbar", "level_shifters"): _Priced.level_shifters,
    ("crossbar", "column_drivers"): _Priced.column_drivers,
    ("crossbar", "column_mux"): _Priced.column_mux,
    ("adc",): _Priced.adc,
    ("shift_add",): _Priced.shift_add,
}
"""Where such a cost may stand."""


def _found(chip: Chip) -> dict[tuple[str, ...], CircuitCost]:
    """The costs of a chip that are of ``model: circuit``, by the path of their part."""
    found = {}
    for path in _PRICES:
        part: Any = chip
        for name in path:
            part = getattr(part, name)
        if part is not None and isinstance(part.cost, CircuitCost):
            found[path] = part.cost
    return found


def circuit_errors(chip: Chip) -> list[str]:
    """Reasons why such costs cannot be priced, as ``path: what is wrong; what would help``."""
    found = _found(chip)
    if not found:
        return []
    errors = []
    if chip.technology.node_nm not in NODES_NM:
        nodes = ", ".join(map(str, NODES_NM))
        paths = ", ".join(".".join(map(file_key, path)) for path in found)
        said = f"costs of model: circuit ({paths}) hold at {nodes} nm, not at {chip.technology.node_nm:g}"
        errors.append(f"technology.node: {said}; choose one of them, or costs of another model")
    if ("adc",) in found and chip.adc.kind != "flash":
        said = f"model: circuit describes kind: flash, not {chip.adc.kind}; use model: law or cited"
        errors.append(f"adc.cost.model: {said}")
    if ("adc",) in found and chip.adc.resolution_bits > MOST_BITS:
        said = f"model: circuit describes flash converters of 1 to {MOST_BITS} bit, not {chip.adc.resolution_bits}"
        errors.append(f"adc.resolution: {said}; use kind: sar with a cost of model: law")
    return errors


def with_circuits(chip: Chip) -> Chip:
    """A chip whose costs of ``model: circuit`` have become figures; the chip itself if it has none.

    Parameters
    ----------
    chip : Chip
        Without `circuit_errors`.

    Examples
    --------
    >>> from archsim.spec import load_chip
    >>> chip = with_circuits(load_chip("arch_specs/neurosim_22nm.yaml"))
    >>> chip.drivers.cost.model, round(chip.adc.cost.energy_pj, 4), chip.adc.step_ps
    ('cited', 0.0552, 1000)
    """
    priced, found = _Priced(chip), _found(chip)
    for path, cost in found.items():
        vdd_v = priced.circuits.process.vdd_v
        holds = At.model_construct(temperature_k=300.0, supply_v=vdd_v, flavour="low_leakage")
        figures = _PRICES[path](priced).model_copy(update={"uncertainty": cost.uncertainty, "at": holds})
        chip = _replaced(chip, (*path, "cost"), figures)
    if ("adc",) in found:
        chip = _replaced(chip, ("adc", "rate_mhz"), None)
        chip = _replaced(chip, ("adc", "step_ps"), priced.sensing_ps)
    return chip


def _replaced(model: Any, path: tuple[str, ...], value: object) -> Any:
    """A model with another value at a path."""
    if not path:
        return value
    return model.model_copy(update={path[0]: _replaced(getattr(model, path[0]), path[1:], value)})
