"""How figures that hold at one node, temperature, supply and flavour become those of another.

A cost that says where its figures hold (``at:``) is scaled once, when `archsim.components.Parts` is made, to
``technology.node`` and ``conditions`` of the chip. Each part says which law is its own (`Part.scaling`); fields
go by their units: energies (pJ, fF), areas (um²), leakage (uW). Times are settings of a design, not scaled.

========  =====================================  ============================  ================================
law       energy                                 area                          leakage
========  =====================================  ============================  ================================
digital   by node and supply (table)             by node (table)               a gate by node, hot and flavour
analog    node^1.88, supply^2                    node^0.99                     as digital
wire      node^0.5, supply^2                     as stated                     as stated
memory    as digital                             as digital                    a KB by node, hot and flavour
cells     as stated: a current and a time        node^2, so many squares       as stated
fixed     as stated: thick oxide, capacitors     as stated                     as digital, but not by node
lines     as stated: thick oxide at 3 to 4 V     by node (level shifters)      as digital, but not by node
========  =====================================  ============================  ================================

Between the points of a table: straight lines of logarithms (:mod:`archsim.components.leakage` has those of
temperature and flavour). Supply: E ~ V^p through the table's two points of a node (0.8 V and its nominal supply);
p = 2 at 22 nm. Leakage goes with the supply, too (power = current x supply). Figures of another node whose supply
is not said are taken at its nominal one.

Sources: digital, Stillmaker and Baas, Integration 58 (2017) 74-81, at nominal supplies and at 0.8 V; analog, the
regression on Murmann's survey of ADCs (Andrulis et al., arXiv 2404.06553), supply as in ZigZag-IMC's SAR; wires,
NeuroSim's H-tree; leakage, NeuroSim's technology tables (LSTP and HP) and, for SRAM, CACTI 7 (LSTP, LOP, HP).
Outside of a table nothing is guessed: `Law.errors` says what is allowed.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple

from archsim.components.leakage import LOGIC, LOW_LEAKAGE, SRAM, LeakageLaw
from archsim.spec.costs import Flavour

BAAS: Final = "Stillmaker and Baas 2017"
SURVEY: Final = "ADC survey, arXiv 2404.06553"
NEUROSIM: Final = "NeuroSim's technology tables"
CACTI: Final = "CACTI 7"

# from a node to 22 nm: energy at nominal supplies, at 0.8 V on both sides, area; and the nominal supply
_DIGITAL: Final[Mapping[float, tuple[float, float, float, float]]] = {
    22: (1.0, 1.0, 1.0, 0.85),
    28: (0.537, 0.573, 0.767, 0.9),
    32: (0.424, 0.446, 0.55, 0.9),
    40: (0.263, 0.338, 0.366, 1.0),
    45: (0.226, 0.294, 0.2517, 1.0),
    65: (0.137, 0.237, 0.1683, 1.1),
    90: (0.0714, 0.155, 0.0892, 1.2),
    130: (0.0364, 0.0959, 0.0395, 1.3),
}
_GATE_PW: Final = {22.0: 4.34, 32.0: 7.2, 45.0: 12.0, 65.0: 19.0, 130.0: 51.0}
"""Leakage of an inverter, LSTP, 300 K."""
_SRAM_KB_UW: Final = {22.0: 0.019, 65.0: 0.030, 90.0: 0.014}
"""Leakage of one KB, LSTP, 300 K."""
_LOW_V, _TABLE_V, _BEYOND_V = 0.7, 0.8, 0.1
_REFERENCE_K = 300.0


@dataclass(frozen=True)
class State:
    """Node, temperature, supply and flavour, as far as they are known."""

    node_nm: float
    temperature_k: float | None = None
    supply_v: float | None = None
    flavour: Flavour | None = None


class Outside(NamedTuple):
    """A state that a law does not reach.

    Attributes
    ----------
    state : State
        That of the figures, or that of the chip.
    key : str
        "node", "temperature", "supply" or "flavour".
    value, allowed : str
        What it is, and where the law holds.
    """

    state: State
    key: str
    value: str
    allowed: str


class Law:
    """How one kind of part scales; where a law says nothing else, energy and area stay as stated."""

    name: ClassVar[str]
    nodes_nm: ClassVar[tuple[float, float]] = (22, 130)
    gate: ClassVar[Mapping[float, float]] = _GATE_PW
    leak: ClassVar[LeakageLaw] = LOGIC
    leaks: ClassVar[bool] = True
    cites: ClassVar[Mapping[str, str]] = {}
    """Source by quantity."""

    def energy(self, old: State, new: State) -> float:
        """Factor on energies."""
        del old, new
        return 1.0

    def area(self, old: State, new: State) -> float:
        """Factor on areas."""
        del old, new
        return 1.0

    def leakage(self, old: State, new: State) -> float:
        """Factor on leakage: one gate (or bit) by node, flavour, temperature, supply."""
        if not self.leaks:
            return 1.0
        factor = _between(self.gate, new.node_nm) / _between(self.gate, old.node_nm)
        factor *= self._leaks(new) / self._leaks(old)
        return factor * _of_nominal(new) / _of_nominal(old)

    def _leaks(self, state: State) -> float:
        """By flavour and temperature; what is not known is the same on both sides."""
        return self.leak.factor(state.temperature_k or _REFERENCE_K, state.flavour or LOW_LEAKAGE)

    def factor(self, quantity: str, old: State, new: State) -> float:
        """Factor on "energy", "area" or "leakage"."""
        laws = {"energy": self.energy, "area": self.area, "leakage": self.leakage}
        return laws[quantity](old, new)

    def errors(self, old: State, new: State, quantities: Collection[str]) -> Iterator[Outside]:
        """Parameters outside the range of the law; only those that change are checked."""
        if old.node_nm != new.node_nm:
            low, high = self.nodes_nm
            for state in (old, new):
                if not low <= state.node_nm <= high:
                    yield Outside(state, "node", f"{state.node_nm:g} nm", f"from {low:g} to {high:g} nm")
        if old.supply_v != new.supply_v:
            yield from self._supplies(old, new)
        if self.leaks and "leakage" in quantities:
            yield from self._leakage_errors(old, new)

    def _leakage_errors(self, old: State, new: State) -> Iterator[Outside]:
        if old.flavour and new.flavour and old.flavour != new.flavour:
            for state in (old, new):
                if state.flavour not in self.leak.flavours:
                    yield Outside(state, "flavour", str(state.flavour), f"for {', '.join(self.leak.flavours)}")
        if old.temperature_k and new.temperature_k and old.temperature_k != new.temperature_k:
            yield from self._too_hot(old, new)

    def _too_hot(self, old: State, new: State) -> Iterator[Outside]:
        low, high = min(self.leak.temperatures_k), max(self.leak.temperatures_k)
        for state in (old, new):
            if not low <= (state.temperature_k or low) <= high:
                yield Outside(state, "temperature", f"{state.temperature_k:g} K", f"from {low:g} to {high:g} K")
            if state.flavour not in (None, LOW_LEAKAGE):
                yield Outside(state, "temperature", f"{state.flavour}", "by temperature for low_leakage only")

    def _supplies(self, old: State, new: State) -> Iterator[Outside]:
        for state in (old, new):
            high = nominal_v(state.node_nm) + _BEYOND_V
            if state.supply_v is not None and not _LOW_V <= state.supply_v <= high + 1e-9:
                allowed = f"from {_LOW_V:g} to {high:.3g} V at {state.node_nm:g} nm"
                yield Outside(state, "supply", f"{state.supply_v:g} V", allowed)


def chip_error(outside: Outside) -> str:
    """The chip is beyond what prices can be scaled to: one message for all of them."""
    path = "technology.node" if outside.key == "node" else f"conditions.{outside.key}"
    helps = "choose one within, or give figures that hold there, without at"
    return f"{path}: {outside.value}; prices are scaled {outside.allowed}; {helps}"


def _between(table: Mapping[float, float], at: float) -> float:
    """A table's value, on straight lines of logarithms; that of its end beyond it."""
    if at in table:
        return table[at]
    low = max((point for point in table if point < at), default=min(table))
    high = min((point for point in table if point > at), default=max(table))
    if low == high:
        return table[low]
    frac = math.log(at / low) / math.log(high / low)
    return math.exp(math.log(table[low]) * (1 - frac) + math.log(table[high]) * frac)


def _column(number: int) -> dict[float, float]:
    return {node: row[number] for node, row in _DIGITAL.items()}


def nominal_v(node_nm: float) -> float:
    """The supply that digital logic of a node usually has.

    Examples
    --------
    >>> nominal_v(22), nominal_v(45)
    (0.85, 1.0)
    """
    return _between(_column(3), node_nm)


def _of_nominal(state: State) -> float:
    """A supply by the nominal one of its node, which it is where nothing is said."""
    usual_v = nominal_v(state.node_nm)
    return (state.supply_v or usual_v) / usual_v


def _at_nominal(node_nm: float) -> float:
    """Energy at a node and its nominal supply, of that at 22 nm and 0.85 V."""
    return 1 / _between(_column(0), node_nm)


def _exponent(node_nm: float) -> float:
    """Of the supply at a node: through the table's points at 0.8 V and at the nominal supply; 2 at 22 nm."""
    here_v, reference_v = nominal_v(node_nm), nominal_v(22)
    at_table = (_TABLE_V / reference_v) ** 2 / _between(_column(1), node_nm)
    return math.log(at_table / _at_nominal(node_nm)) / math.log(_TABLE_V / here_v)


def _digital_energy(state: State) -> float:
    return _at_nominal(state.node_nm) * float(_of_nominal(state) ** _exponent(state.node_nm))


def _power(old: State, new: State, exponent: float) -> float:
    return float((new.node_nm / old.node_nm) ** exponent)


def _squared(old: State, new: State) -> float:
    return (_of_nominal(new) / _of_nominal(old)) ** 2


class Digital(Law):
    """Gates and flip-flops."""

    name = "digital"
    cites: ClassVar[Mapping[str, str]] = {"energy": BAAS, "area": BAAS, "leakage": NEUROSIM}

    def energy(self, old: State, new: State) -> float:
        return _digital_energy(new) / _digital_energy(old)

    def area(self, old: State, new: State) -> float:
        return _between(_column(2), old.node_nm) / _between(_column(2), new.node_nm)


class Memory(Digital):
    """SRAM."""

    name = "memory"
    gate = _SRAM_KB_UW
    leak = SRAM
    cites: ClassVar[Mapping[str, str]] = {"energy": BAAS, "area": BAAS, "leakage": CACTI}


class Analog(Law):
    """Converters and sense amplifiers: never by the digital factors."""

    name = "analog"
    cites: ClassVar[Mapping[str, str]] = {"energy": SURVEY, "area": SURVEY, "leakage": NEUROSIM}

    def energy(self, old: State, new: State) -> float:
        return _power(old, new, 1.88) * _squared(old, new)

    def area(self, old: State, new: State) -> float:
        return _power(old, new, 0.99)


class Wire(Law):
    """Wires and their repeaters."""

    name = "wire"
    leaks = False
    cites: ClassVar[Mapping[str, str]] = {"energy": "NeuroSim's H-tree"}

    def energy(self, old: State, new: State) -> float:
        return _power(old, new, 0.5) * _squared(old, new)


class Cells(Law):
    """Resistive cells: currents and writes do not scale, a cell is so many squares of the node."""

    name = "cells"
    leaks = False
    cites: ClassVar[Mapping[str, str]] = {"area": "squares of the node"}

    def area(self, old: State, new: State) -> float:
        return _power(old, new, 2.0)


class Fixed(Law):
    """Thick-oxide circuits and capacitors: sized by voltage and noise, not by the node."""

    name = "fixed"
    nodes_nm = (1, 1000)
    gate: ClassVar[Mapping[float, float]] = {22.0: 1.0}
    cites: ClassVar[Mapping[str, str]] = {"leakage": NEUROSIM}


class Lines(Fixed):
    """Drivers of one line at the voltages of writing: as large as NeuroSim's level shifters."""

    name = "lines"
    nodes_nm = (22, 130)
    um2: ClassVar[Mapping[float, float]] = {22.0: 10.01, 32.0: 22.16, 65.0: 105.2, 90.0: 209.43, 130.0: 453.13}
    cites: ClassVar[Mapping[str, str]] = {"area": "NeuroSim V1.3's level shifters", "leakage": NEUROSIM}

    def area(self, old: State, new: State) -> float:
        return _between(self.um2, new.node_nm) / _between(self.um2, old.node_nm)


_ALL: Final = (Digital(), Analog(), Wire(), Memory(), Cells(), Fixed(), Lines())
LAWS: Final[Mapping[str, Law]] = {law.name: law for law in _ALL}
