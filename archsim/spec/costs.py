"""Where the cost of a component comes from: a figure somebody published, or a named model.

Every cited figure carries its `source`; the models carry theirs in :mod:`archsim.components`. Energies are
those of the action named in the field; `area` and `leakage` are of one instance (what one is, the page
``docs/models/components.md`` says for each component).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from archsim.units import (
    AreaUm2,
    Bits,
    CapacitanceFf,
    DoorModel,
    EnergyPj,
    LengthUm,
    NodeNm,
    PowerUw,
    TemperatureK,
    TimePs,
    VoltageV,
)

Factor = Annotated[float, Field(ge=1, allow_inf_nan=False)]
Source = Annotated[str, Field(min_length=3, description="paper, table or model that the figures come from")]


Flavour = Literal["low_leakage", "low_power", "high_performance"]
"""Of a process, as roadmaps call them: LSTP, LOP, HP."""


class Conditions(DoorModel):
    """Where a chip works, apart from its node: temperature, digital supply, flavour of the process."""

    temperature_k: TemperatureK | None = None
    supply_v: VoltageV | None = None
    flavour: Flavour | None = None


class At(Conditions):
    """Where the figures of a cost hold; what is not said is taken as it is on the chip."""

    node_nm: NodeNm | None = None


class Uncertainty(DoorModel):
    """How far off the figures may be: a true value lies within ÷ factor to × factor in two of three cases.

    One standard deviation of a log-normal law; what is not said keeps the default of the cost model.
    Figures of one kind with the same `cause` are off together.
    """

    energy: Factor | None = None
    area: Factor | None = None
    leakage: Factor | None = None
    time: Factor | None = None
    cause: Annotated[str, Field(min_length=3)] | None = None
    source: Source


class Priced(DoorModel):
    """The base class of costs: `at` which conditions their figures hold, and how far off they may be."""

    at: At | None = None
    uncertainty: Uncertainty | None = None


class CitedCost(Priced):
    """Published figures for a component with one kind of action."""

    model: Literal["cited"]
    energy_pj: EnergyPj
    area_um2: AreaUm2
    leakage_uw: PowerUw
    source: Source


class CapacitorHold(Priced):
    """A capacitor charged to at most `swing`: C V^2 per held value; area and leakage per column and bank."""

    model: Literal["capacitor"]
    capacitance_ff: CapacitanceFf
    swing_v: VoltageV
    area_um2: AreaUm2
    leakage_uw: PowerUw
    source: Source


class BusWires(Priced):
    """Wires of a bus, as long as the side of its tile: energy and leakage per bit and length, area by pitch."""

    model: Literal["wires"]
    wire_energy_per_mm_pj: EnergyPj
    wire_leakage_per_mm_uw: PowerUw
    wire_pitch_um: LengthUm
    source: Source


class CitedArray(Priced):
    """Published figures for a crossbar: energy `per` read of the whole array, or per active cell."""

    model: Literal["cited"]
    energy_pj: EnergyPj
    per: Literal["read", "cell"]
    per_input_bit: bool = False
    area_um2: AreaUm2
    leakage_uw: PowerUw
    source: Source


class OhmicArray(Priced):
    """Energy of an active cell is V_read^2 G t_on (Ohm's law); its area is cited, and what a line takes.

    `word_line_energy` is spent for each cell that a driven line crosses, each time that it is raised.
    """

    model: Literal["ohmic"]
    cell_area_um2: AreaUm2
    word_line_energy_pj: EnergyPj = 0.0
    leakage_uw: PowerUw
    source: Source


class CitedDrivers(Priced):
    """Published figures for the row drivers of one crossbar: energy per active row, per cycle and per bit.

    `rows`: of how many drivers area and leakage are; of those of the crossbar when absent.
    """

    model: Literal["cited"]
    n_rows: Annotated[int, Field(ge=1)] | None = None
    energy_pj: EnergyPj
    energy_per_bit_pj: EnergyPj
    area_um2: AreaUm2
    leakage_uw: PowerUw
    source: Source


class CitedColumnDrivers(Priced):
    """Published figures for the driver of one column: energy per read of the column, and per pulse on a row."""

    model: Literal["cited"]
    read_energy_pj: EnergyPj
    write_energy_pj: EnergyPj
    area_um2: AreaUm2
    leakage_uw: PowerUw
    source: Source


class SurveyAdc(Priced):
    """Regression on a survey of ADCs (from 4 bits up)."""

    model: Literal["survey"]


class CitedAdc(Priced):
    """Published figures for one ADC: energy per conversion, or per conversion step."""

    model: Literal["cited"]
    energy_pj: EnergyPj
    per: Literal["conversion", "step"]
    area_um2: AreaUm2
    leakage_uw: PowerUw
    source: Source


class CactiBuffer(Priced):
    """SRAM from a table of CACTI results (22 to 65 nm), interpolated in size and width."""

    model: Literal["cacti"]


class SramBuffer(Priced):
    """A memory of any size by CACTI's laws (22 to 130 nm); registers where it is too small for an SRAM."""

    model: Literal["sram"]


class CitedBuffer(Priced):
    """Published figures for a memory: energy per access of one `width`, area and leakage of the whole."""

    model: Literal["cited"]
    read_energy_pj: EnergyPj
    write_energy_pj: EnergyPj
    area_um2: AreaUm2
    leakage_uw: PowerUw
    source: Source


class BitCellBuffer(Priced):
    """Published figures for a memory: energy per access of one `width`, area and leakage per bit cell."""

    model: Literal["bit_cell"]
    read_energy_pj: EnergyPj
    write_energy_pj: EnergyPj
    cell_area_um2: AreaUm2
    cell_leakage_uw: PowerUw
    source: Source


class CitedInterconnect(Priced):
    """Published figures: energy of one flit over one hop, area and leakage per tile."""

    model: Literal["cited"]
    energy_pj: EnergyPj
    area_um2: AreaUm2
    leakage_uw: PowerUw
    source: Source


class WireInterconnect(Priced):
    """Published router figures, and wires charged over the length of each hop: 1/2 C V^2 per bit.

    The half is the chance that a wire switches, one in two for random data.
    """

    model: Literal["wire"]
    router_energy_pj: EnergyPj
    router_area_um2: AreaUm2
    router_leakage_uw: PowerUw
    capacitance_per_mm_ff: CapacitanceFf
    swing_v: VoltageV
    source: Source


class RouterReference(DoorModel):
    """The router that a price is of; `buffer_flits` of each virtual channel of each port."""

    width_bits: Annotated[Bits, Field(ge=1)]
    n_ports: Annotated[int, Field(ge=1)]
    n_virtual_channels: Annotated[int, Field(ge=1)]
    n_buffer_flits: Annotated[int, Field(ge=1)]


class RouterInterconnect(Priced):
    """Figures of one router and one wire, taken to the chip's own by a law (`archsim.components.router_law`).

    `router_energy` is of one flit through the reference, `clock_energy` of one of its clocks, which counts all
    the time unless it is `gated`. Wires are charged per bit and length of a hop; a link that a flit does not pass
    within one cycle takes more of them.
    """

    model: Literal["router"]
    reference: RouterReference
    router_energy_pj: EnergyPj
    clock_energy_pj: EnergyPj
    router_area_um2: AreaUm2
    router_leakage_uw: PowerUw
    wire_energy_per_mm_pj: EnergyPj
    wire_latency_per_mm_ps: TimePs
    gated: bool
    source: Source


class CitedWrite(Priced):
    """Published figures for the write circuits of one crossbar: energy of one pulse on one cell.

    `energy` is that of a SET pulse, and of a RESET pulse without `reset_energy`; `row_energy` of a pulse on a row,
    whatever its cells take; `verify_energy` of a verify read of one cell, where the write has circuits for it.
    """

    model: Literal["cited"]
    energy_pj: EnergyPj
    reset_energy_pj: EnergyPj | None = None
    verify_energy_pj: EnergyPj | None = None
    row_energy_pj: EnergyPj
    area_um2: AreaUm2
    leakage_uw: PowerUw
    source: Source


HoldCost = Annotated[CitedCost | CapacitorHold, Field(discriminator="model")]
ArrayCost = Annotated[CitedArray | OhmicArray, Field(discriminator="model")]
AdcCost = Annotated[CitedAdc | SurveyAdc, Field(discriminator="model")]
BufferCost = Annotated[CactiBuffer | SramBuffer | CitedBuffer | BitCellBuffer, Field(discriminator="model")]
BusCost = Annotated[CitedCost | BusWires, Field(discriminator="model")]
InterconnectCost = Annotated[
    CitedInterconnect | WireInterconnect | RouterInterconnect, Field(discriminator="model")
]
