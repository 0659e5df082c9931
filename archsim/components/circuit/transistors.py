"""Transistors and gates of one node: capacitance, resistance, leakage and room on the die.

Lengths are in F, the feature size, unless a name says otherwise. Bulk transistors, low standby power (LSTP),
300 K. Figures by node: predictive technology models (ptm.asu.edu) and ITRS, as NeuroSim V1.3 holds them for LSTP;
layout rules in F and junction capacitances, the same (Chen, Peng and Yu, IEEE TCAD 37, 2018).

Equations
---------
gate
    ``C = (1.2 C_ideal + C_fringe) W``: a fifth of the ideal capacitance more for the overlap.
drain
    ``C = C_j A + C_sw P + C_g W``, of each transistor: its bottom, its side walls, its edge along the gate; each
    ``C_0 / (1 + V_dd / 0.9 V)^m``.
on-resistance
    ``R = m V_dd / (I_on W)``.
leakage
    the mean off current of the two transistors of an inverter, x V_dd; of a NAND of 2 inputs 0.48, of more 0.31 of
    the off current of all its p transistors.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final

NODES_NM: Final = (22, 32, 45, 65, 90, 130)
WIRE_FF_PER_UM: Final = 0.2
CELL_HEIGHT: Final = 28.0
"""Height of a standard cell."""
PITCH: Final = 3.8
"""A gate and the gap to the next one."""
GAP: Final = 2.8
BETWEEN_P_AND_N: Final = 3.5
AROUND: Final = 3.6
"""From the diffusions to the edges of a cell, both together."""

# V_dd (V), C_ideal and C_fringe (fF/um), factor on V/I, on-currents of n and p (uA/um), off-currents (pA/um)
_TABLE: Final = {
    22: (0.85, 0.5245, 0.8004, 1.77, 791.9, 600.2, 100.0, 100.0),
    32: (0.9, 0.8375279, 0.6856677, 1.77, 600.2, 400.0, 100.1, 100.1),
    45: (1.0, 0.8930709, 0.8849901, 1.77, 500.2, 300.0, 100.0, 100.2),
    65: (1.1, 1.1926, 0.962148, 1.77, 400.0, 238.7, 100.2, 100.2),
    90: (1.2, 1.5413, 0.9601334, 1.77, 346.3, 200.3, 100.0, 100.3),
    130: (1.3, 1.8574, 0.9530642, 1.54, 300.7, 150.7, 100.2, 100.2),
}


@dataclass(frozen=True)
class Pair:
    """An n and a p transistor, by their widths."""

    n: float
    p: float


@dataclass(frozen=True)
class Process:
    """One node; see this module for what its figures mean.

    Examples
    --------
    >>> process = process_of(22)
    >>> process.vdd_v, round(process.inverter.n, 1), round(process.flip_flop_area_um2, 2)
    (0.85, 9.0, 1.24)
    """

    node_nm: int
    vdd_v: float
    ideal_ff_per_um: float
    fringe_ff_per_um: float
    drive_factor: float
    on_n_ua_per_um: float
    on_p_ua_per_um: float
    off_n_pa_per_um: float
    off_p_pa_per_um: float

    @property
    def feature_um(self) -> float:
        """F."""
        return self.node_nm / 1e3

    @cached_property
    def inverter(self) -> Pair:
        """An inverter, or a transmission gate, that fills a standard cell."""
        return _filling(1.0, self.p_to_n)

    @cached_property
    def nand(self) -> Pair:
        """A NAND gate that fills a standard cell: n transistors twice as wide, for they are in series."""
        return _filling(2.0, self.p_to_n)

    @property
    def p_to_n(self) -> float:
        """How much wider a p transistor is that drives as much as an n transistor."""
        return self.on_n_ua_per_um / self.on_p_ua_per_um

    def energy_pj(self, capacitance_ff: float, swing_v: float | None = None) -> float:
        """``C V^2``; V_dd if no swing is given."""
        volts = self.vdd_v if swing_v is None else swing_v
        return capacitance_ff * volts**2 / 1e3

    def gate_ff(self, width: float) -> float:
        """Gate of one transistor."""
        return (1.2 * self.ideal_ff_per_um + self.fringe_ff_per_um) * width * self.feature_um

    def input_ff(self, pair: Pair) -> float:
        """Gates of both."""
        return self.gate_ff(pair.n) + self.gate_ff(pair.p)

    def drain_ff(self, width: float, n_drains: int = 1, n_walls: int = 1) -> float:
        """Drains between the transistors of a gate; `n_walls` of their sides along the gate end at isolation."""
        reverse = 1 + self.vdd_v / 0.9
        length, um = n_drains * GAP, self.feature_um
        bottom: float = 1.0 / reverse**0.5 * length * width * um**2
        side: float = 0.25 / reverse**0.33 * (2 * length + n_walls * width) * um
        edge: float = 0.05 / reverse**0.33 * width * um
        return bottom + side + edge

    def output_ff(self, pair: Pair) -> float:
        """Drains of an inverter, or of one side of a transmission gate."""
        return self.drain_ff(pair.n) + self.drain_ff(pair.p)

    def nand_output_ff(self, n_inputs: int) -> float:
        """Output of a NAND: n transistors in series, p transistors side by side, who share drains."""
        p_drains, odd = (n_inputs + 1) // 2, n_inputs % 2
        n_side = self.drain_ff(self.nand.n, n_drains=n_inputs)
        return n_side + self.drain_ff(self.nand.p, n_drains=p_drains, n_walls=odd)

    def on_ohm(self, width: float, kind: str = "n") -> float:
        """On-resistance of one transistor."""
        on_ua = {"n": self.on_n_ua_per_um, "p": self.on_p_ua_per_um}[kind]
        return self.drive_factor * self.vdd_v / (on_ua / 1e6 * width * self.feature_um)

    @property
    def inverter_leakage_uw(self) -> float:
        """One inverter that fills its cell."""
        pair = self.inverter
        off_pa = (pair.n * self.off_n_pa_per_um + pair.p * self.off_p_pa_per_um) / 2 * self.feature_um
        return off_pa / 1e6 * self.vdd_v

    def nand_leakage_uw(self, n_inputs: int) -> float:
        """One NAND that fills its cell."""
        share = 0.48 if n_inputs == 2 else 0.31
        off_pa = share * n_inputs * self.nand.p * self.off_p_pa_per_um * self.feature_um
        return off_pa / 1e6 * self.vdd_v

    def area_um2(self, squares: float) -> float:
        """An area given in F^2."""
        return squares * self.feature_um**2

    # ---- a flip-flop: twelve standard cells, eight inverters that leak

    @property
    def flip_flop_area_um2(self) -> float:
        """One flip-flop."""
        return self.area_um2(FLIP_FLOP_WIDTH * CELL_HEIGHT)

    @cached_property
    def flip_flop_energy_pj(self) -> float:
        """One clock with a 1 at its input: eight gates and ten drains are charged."""
        pair = self.inverter
        return self.energy_pj(8 * self.input_ff(pair) + 10 * self.output_ff(pair))

    @property
    def flip_flop_leakage_uw(self) -> float:
        """One flip-flop."""
        return 8 * self.inverter_leakage_uw


FLIP_FLOP_WIDTH: Final = 12 * 2 * PITCH


def _filling(n_share: float, p_share: float) -> Pair:
    """Transistors in this proportion that fill the height of a standard cell."""
    room = CELL_HEIGHT - BETWEEN_P_AND_N - AROUND
    return Pair(room * n_share / (n_share + p_share), room * p_share / (n_share + p_share))


def process_of(node_nm: float) -> Process:
    """The figures of a node; KeyError unless it is one of `NODES_NM`."""
    return Process(int(node_nm), *_TABLE[int(node_nm)])


def gate_width(n_inputs: int) -> float:
    """Width of an inverter (1 input) or NAND that fills its height without folding: inputs share diffusions."""
    return PITCH * (n_inputs + 1)


def folded_width(pair: Pair, height: float) -> float:
    """Width of an inverter whose transistors are folded into a given height."""
    fingers = math.ceil((pair.n + pair.p) / (height - BETWEEN_P_AND_N - AROUND))
    return PITCH * (fingers + 1)


def n_rows_of(n: int, width: float, limit: float) -> int:
    """Rows of `n` cells side by side in rows up to `limit` wide, one in a row where none fits.

    Examples
    --------
    >>> n_rows_of(16, 10.0, 45.0), n_rows_of(2, 10.0, 5.0)
    (4, 2)
    """
    return math.ceil(n / max(1, int(limit / width)))


def stacked(n: int, width: float, height: float, limit: float) -> float:
    """Area of `n` cells stacked in columns up to `limit` high, whole columns, the limit as their height."""
    return n_rows_of(n, height, limit) * width * max(limit, height)
