"""Time, energy and area of the circuits of one array, composed of transistors: lines, switches, adders.

The circuits are those that NeuroSim V1.3 puts around an array of 1T1R cells that is read in parallel
(SubArray.cpp and the classes that it builds; Chen, Peng and Yu, IEEE TCAD 37, 2018). Each energy is ``C V^2`` of
what is charged, each area the room of the gates, stacked as wide or as high as the array.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from archsim.components.circuit.transistors import (
    AROUND,
    BETWEEN_P_AND_N,
    CELL_HEIGHT,
    FLIP_FLOP_WIDTH,
    PITCH,
    WIRE_FF_PER_UM,
    Pair,
    Process,
    folded_width,
    gate_width,
    n_rows_of,
    stacked,
)

CELL_ROWS, CELL_COLUMNS = 4.0, 12.0
"""Height and width of a cell in F."""
ACCESS_SHARE: Final = 0.25
"""Resistance of a switch in the way of a current, as a part of what it leads to."""
LINEAR: Final = 0.2
"""On-resistance in the linear region, as a part of V_dd over the on-current."""
ACCESS_V: Final = 1.1
"""Gate voltage of a selected cell's transistor."""
REGISTER_ACTIVITY, ADDER_ACTIVITY, ENCODER_ACTIVITY = 0.5, 0.15, 0.05
SHIFTER_WIRING: Final = 1.44
"""Wires of a level shifter on top of its transistors."""
SENSE_AMP_GATES: Final = 106
"""Transistors of a comparator and of its branch of the current mirror, each as large as half an inverter."""
NANDS_PER_BIT, NAND_INPUTS_PER_BIT, NAND_OUTPUTS_PER_BIT = 9, 13, 7
"""Of a full adder; inputs and outputs that are charged in an addition."""


@dataclass(frozen=True)
class Circuits:
    """The circuits of one array on a process.

    Parameters
    ----------
    process : Process
    n_rows, n_columns, n_columns_per_adc : int
    r_on_ohm, r_off_ohm : float
        The device alone.
    read_v, write_v : float
    """

    process: Process
    n_rows: int
    n_columns: int
    n_columns_per_adc: int
    r_on_ohm: float
    r_off_ohm: float
    read_v: float
    write_v: float

    # ---- cells and lines

    @property
    def n_adcs(self) -> int:
        """Converters, and multiplexers."""
        return self.n_columns // self.n_columns_per_adc

    @property
    def access_ohm(self) -> float:
        """The access transistor, in series with the device."""
        return ACCESS_SHARE * self.r_on_ohm

    @property
    def access_width(self) -> float:
        """So wide must it be."""
        return self.process.on_ohm(1.0) * LINEAR / self.access_ohm

    @property
    def cell_area_um2(self) -> float:
        """A cell, and the transistor in it."""
        return self.process.area_um2(CELL_ROWS * CELL_COLUMNS)

    @property
    def word_line_pj(self) -> float:
        """A word line, for each cell that it crosses: wire and gate."""
        wire_ff = CELL_COLUMNS * self.process.feature_um * WIRE_FF_PER_UM
        return self.process.energy_pj(wire_ff + self.process.gate_ff(self.access_width))

    @property
    def bit_line_pj(self) -> float:
        """The wire of a column, charged to the read voltage."""
        wire_ff = self.n_rows * CELL_ROWS * self.process.feature_um * WIRE_FF_PER_UM
        return self.process.energy_pj(wire_ff, self.read_v)

    @property
    def _high(self) -> float:
        return self.n_rows * CELL_ROWS

    @property
    def _wide(self) -> float:
        return self.n_columns * CELL_COLUMNS

    # ---- rows: a flip-flop and four transmission gates each

    @property
    def row_switch_pj(self) -> float:
        """A driven row: two gates pass the access voltage, others the read voltage, three are opened."""
        process, pair = self.process, self.process.inverter
        drain_ff = process.output_ff(pair)
        passed_pj = process.energy_pj(2 * drain_ff, ACCESS_V) + process.energy_pj(5 * drain_ff, self.read_v)
        return passed_pj + process.energy_pj(3 * process.input_ff(pair))

    @property
    def row_switches_um2(self) -> float:
        """The transmission gates of all rows."""
        return self.process.area_um2(stacked(self.n_rows, 4 * gate_width(1), CELL_HEIGHT, self._high))

    @property
    def row_registers_um2(self) -> float:
        """The flip-flops of all rows."""
        return self.process.area_um2(stacked(self.n_rows, FLIP_FLOP_WIDTH, CELL_HEIGHT, self._high))

    # ---- columns: a flip-flop and two transmission gates each, for writing

    @cached_property
    def column_gate(self) -> Pair:
        """So wide that it takes a quarter of the mean cell's resistance."""
        return self._switch(self._mean_ohm)

    @property
    def _mean_ohm(self) -> float:
        return (self.r_on_ohm + self.r_off_ohm) / 2 + self.access_ohm

    def _switch(self, load_ohm: float) -> Pair:
        """A transmission gate in the way to a load: both transistors half the current; a cell's at least."""
        each_ohm = 2 * ACCESS_SHARE * load_ohm
        pair = Pair(*(self.process.on_ohm(1.0, kind) * LINEAR / each_ohm for kind in ("n", "p")))
        least = self.process.inverter
        return least if pair.p < least.p and pair.n < least.n else pair

    def _height_of_gates(self, pair: Pair, n_gates: int) -> float:
        """Of transmission gates side by side, as wide as the array, folded into as many fingers as it has room."""
        n_rows = n_rows_of(n_gates, gate_width(1), self._wide)
        n_fingers = max(1, int(self._wide / math.ceil(n_gates / n_rows) / PITCH) - 1)
        return n_rows * ((pair.n + pair.p) / n_fingers + BETWEEN_P_AND_N + AROUND)

    @property
    def column_drivers_um2(self) -> float:
        """Those of all columns, with their flip-flops."""
        gates = self._height_of_gates(self.column_gate, 2 * self.n_columns)
        registers = n_rows_of(self.n_columns, FLIP_FLOP_WIDTH, self._wide) * CELL_HEIGHT
        return self.process.area_um2((gates + registers) * self._wide)

    @property
    def column_write_pj(self) -> float:
        """A column in a pulse: its line side at the write voltage, its gates, its flip-flop."""
        process, pair = self.process, self.column_gate
        high_pj = process.energy_pj(3 * process.output_ff(pair), self.write_v)
        return high_pj + process.energy_pj(process.input_ff(pair)) + process.flip_flop_energy_pj

    # ---- level shifters: thick transistors, 2.5 cells high

    @property
    def shifter_um2(self) -> float:
        """One line: a low-voltage stage, and a latch and a pull-up of transistors 2.5 times as long."""
        process, high = self.process, 2.5 * CELL_HEIGHT
        low, latch, pull_up = (
            folded_width(Pair(4 * n, 4 * p * process.p_to_n), high) for n, p in ((15, 20), (32, 10), (64, 82))
        )
        return process.area_um2(high * (low + 2.5 * (2 * latch + pull_up))) * SHIFTER_WIRING

    @property
    def shifter_row_pulse_pj(self) -> float:
        """A pulse on a row: its word line goes up to the write voltage and back."""
        process = self.process
        latch_pj = process.energy_pj(2 * process.gate_ff(64.0))
        line_ff = self.n_columns * self.word_line_pj / process.vdd_v**2 * 1e3
        return latch_pj + process.energy_pj(2 * line_ff, self.write_v)

    # ---- multiplexers

    @cached_property
    def _mux_gate(self) -> Pair:
        return self._switch(self._mean_ohm / self.n_rows)

    @property
    def muxes_um2(self) -> float:
        """The gates of all columns, at least as high as a cell of the decoder for each that shares an ADC."""
        high = max(self._height_of_gates(self._mux_gate, self.n_columns), self.n_columns_per_adc * CELL_HEIGHT)
        return self.process.area_um2(high * self._wide)

    @property
    def mux_pj(self) -> float:
        """A column is connected: the gate opens, both its sides follow the column."""
        process, pair = self.process, self._mux_gate
        sides_pj = process.energy_pj(2 * process.output_ff(pair), self.read_v)
        return process.energy_pj(process.gate_ff(pair.n)) + sides_pj

    # ---- flash converters

    def comparators_um2(self, bits: int) -> float:
        """Of one converter."""
        return self.process.area_um2((2**bits - 1) * SENSE_AMP_GATES * 2 * PITCH * CELL_HEIGHT)

    def encoders_um2(self, bits: int) -> float:
        """Of all converters: a cell high for each comparator, as wide as a NAND of half of them."""
        width = 2 * gate_width(1) + gate_width(2) + gate_width(2 ** (bits - 1))
        per_row = min(self.n_adcs, math.ceil(self._wide / width))
        high = (2**bits - 1) * CELL_HEIGHT * math.ceil(self.n_adcs / per_row)
        return self.process.area_um2(high * max(self._wide, width))

    def encoder_pj(self, bits: int) -> float:
        """One conversion: inverters and NANDs of the levels, a large NAND for each bit, few of which switch."""
        process, half = self.process, 2 ** (bits - 1)
        nand_ff = process.input_ff(process.nand)
        small_ff = process.input_ff(process.inverter) + process.output_ff(process.inverter)
        small_ff += nand_ff + process.nand_output_ff(2)
        large_ff = nand_ff + process.nand_output_ff(half)
        return ENCODER_ACTIVITY * process.energy_pj((2**bits + bits) * small_ff + bits * large_ff)

    def encoder_uw(self, bits: int) -> float:
        """Leakage of the encoder of one converter; its comparators' currents are taken as switched off."""
        process = self.process
        n_small: int = 2**bits + bits
        small_uw = process.inverter_leakage_uw + process.nand_leakage_uw(2)
        return n_small * small_uw + bits * process.nand_leakage_uw(2 ** (bits - 1))


@dataclass(frozen=True)
class ShiftAdds:
    """The two stages behind each converter: one adds up the cells of a weight, one the bits of an input.

    Parameters
    ----------
    circuits : Circuits
    adc_bits, n_cells, input_bits : int
        Resolution of the converters, cells of a weight, bits of an input; a stage with one to add is left out.
    """

    circuits: Circuits
    adc_bits: int
    n_cells: int
    input_bits: int

    @property
    def _stages(self) -> list[tuple[int, int, int]]:
        """Width of the adder and of the registers, and how many conversions make one addition."""
        of_weight = (self.adc_bits, self.adc_bits + self.n_cells, 1)
        bits = self.adc_bits + self.n_cells
        of_input = (bits, bits + self.input_bits, self.n_cells)
        return [*([of_weight] if self.n_cells > 1 else []), *([of_input] if self.input_bits > 1 else [])]

    def _adder_pj(self, bits: int) -> float:
        process = self.circuits.process
        gates_ff = (NAND_INPUTS_PER_BIT * bits + 1) * process.input_ff(process.nand)
        charged_ff = gates_ff + NAND_OUTPUTS_PER_BIT * bits * process.nand_output_ff(2)
        return ADDER_ACTIVITY * process.energy_pj(charged_ff)

    @property
    def value_pj(self) -> float:
        """One converted value."""
        register_pj = REGISTER_ACTIVITY * self.circuits.process.flip_flop_energy_pj
        return sum((self._adder_pj(bits) + held * register_pj) / every for bits, held, every in self._stages)

    @property
    def area_um2(self) -> float:
        """Behind all converters."""
        circuits = self.circuits
        wide, n = circuits.n_columns * CELL_COLUMNS, circuits.n_adcs
        squares = 0.0
        for bits, held, _ in self._stages:
            adders = NANDS_PER_BIT * gate_width(2) * bits * CELL_HEIGHT * n
            n_rows = n_rows_of(held * n, FLIP_FLOP_WIDTH, wide)
            squares += adders + (1 + n_rows) * CELL_HEIGHT * wide
        return circuits.process.area_um2(squares)

    @property
    def leakage_uw(self) -> float:
        """Behind all converters."""
        process = self.circuits.process
        per_adc = sum(
            NANDS_PER_BIT * bits * process.nand_leakage_uw(2) + held * process.flip_flop_leakage_uw
            for bits, held, _ in self._stages
        )
        return per_adc * self.circuits.n_adcs
