"""Where the cost of a component comes from: a published figure, or a named model.

Every cited figure carries its `source`; the models carry theirs in :mod:`archsim.components`. Energies are
those of the action named in the field; `area` and `leakage` are of one instance (what one is, the page
``docs/models/components.md`` says for each component).
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from archsim.units import (
    AreaUm2,
    Bits,
    CapacitanceFf,
    EnergyPj,
    FieldsError,
    FileModel,
    FrequencyMhz,
    LengthUm,
    NodeNm,
    PowerUw,
    ResistanceOhm,
    TemperatureK,
    TimePs,
    VoltageV,
)

Factor = Annotated[float, Field(ge=1, allow_inf_nan=False)]
Source = Annotated[str, Field(min_length=3, description="paper, table or model that the figures come from")]


Flavour = Literal["low_leakage", "low_power", "high_performance"]
"""Of a process, as roadmaps call them: LSTP, LOP, HP."""


class Conditions(FileModel):
    """Where a chip works, apart from its node: temperature, digital supply, flavour of the process."""

    temperature_k: TemperatureK | None = None
    supply_v: VoltageV | None = None
    flavour: Flavour | None = None


class At(Conditions):
    """Where the figures of a cost hold; what is not said is taken as it is on the chip."""

    node_nm: NodeNm | None = None


class Uncertainty(FileModel):
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


class Priced(FileModel):
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


class CircuitCost(Priced):
    """Composed of transistors and wires at the chip's node (:mod:`archsim.components.circuit`)."""

    model: Literal["circuit"]


class CircuitShiftAdd(CircuitCost):
    """As `CircuitCost`; `input` bits are added up behind each converter."""

    input_bits: Annotated[Bits, Field(ge=1, le=64)] = 8


class CircuitAdc(CircuitCost):
    """As `CircuitCost`; its clock is made for reads in which `active_rows` of all rows are driven."""

    active_rows_frac: Annotated[float, Field(ge=0, le=1)] = 0.25


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
    `access`: resistance of the transistor in series with each cell. `column_voltage`: V in place of the read
    voltage, where the sense circuit sets what a column's current costs.
    """

    model: Literal["ohmic"]
    cell_area_um2: AreaUm2
    word_line_energy_pj: EnergyPj = 0.0
    access_ohm: ResistanceOhm = 0.0
    column_voltage_v: VoltageV | None = None
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
    """Regression on a survey of ADCs (from 4 bits up).

    Its energy is that of a conversion at full rate, 20 % of which counts as leakage; with `leakage`, what an idle
    ADC draws by another `source`, all of it is the conversion's.
    """

    model: Literal["survey"]
    leakage_uw: PowerUw | None = None
    source: Source | None = None

    @model_validator(mode="after")
    def _leakage_is_cited(self) -> Self:
        if (self.leakage_uw is None) != (self.source is None):
            said = "give both or none: source says where the leakage comes from, the regression has its own"
            raise FieldsError([(("leakage" if self.leakage_uw is None else "source",), said)])
        return self


class FiguresOfAdc(Priced):
    """Published figures for one ADC.

    `integration_energy`: of each pulse of the input whose charge it gathers, with the energy of its conversions.
    `column_current`: whether its energy contains that of the column it reads.
    """

    energy_pj: EnergyPj
    integration_energy_pj: EnergyPj = 0.0
    area_um2: AreaUm2
    leakage_uw: PowerUw
    column_current: Literal["apart", "included"] = "apart"
    source: Source


class CitedAdc(FiguresOfAdc):
    """Energy per conversion, or per conversion step, of any resolution and rate."""

    model: Literal["cited"]
    per: Literal["conversion", "step"]


class LawAdc(FiguresOfAdc):
    """Figures at a `resolution`, scaled to that of the chip by the laws of its kind; area at a `rate` if given."""

    model: Literal["law"]
    resolution_bits: Bits
    rate_mhz: FrequencyMhz | None = None

    @model_validator(mode="after")
    def _rate_is_positive(self) -> Self:
        if self.rate_mhz is not None and self.rate_mhz <= 0:
            raise FieldsError([(("rate",), "must be above zero")])
        return self


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


class RouterReference(FileModel):
    """The router that a price is of; `buffer_flits` of each virtual channel of each port."""

    width_bits: Annotated[Bits, Field(ge=1)]
    n_ports: Annotated[int, Field(ge=1)]
    n_virtual_channels: Annotated[int, Field(ge=1)]
    n_buffer_flits: Annotated[int, Field(ge=1)]


class RouterInterconnect(Priced):
    """Figures of one router and one wire, taken to the chip's own by a law (`archsim.components.router_law`).

    `router_energy` is of one flit through the reference; `clock_energy` of one of its clocks, where they run all
    the time (left out: they are gated). Wires are charged per bit and length of a hop; a link that a flit does not
    pass within one cycle takes more of them.
    """

    model: Literal["router"]
    reference: RouterReference
    router_energy_pj: EnergyPj
    clock_energy_pj: EnergyPj | None = None
    router_area_um2: AreaUm2
    router_leakage_uw: PowerUw
    wire_energy_per_mm_pj: EnergyPj
    wire_latency_per_mm_ps: TimePs
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
ArrayCost = Annotated[CitedArray | OhmicArray | CircuitCost, Field(discriminator="model")]
DriversCost = Annotated[CitedDrivers | CircuitCost, Field(discriminator="model")]
ColumnDriversCost = Annotated[CitedColumnDrivers | CircuitCost, Field(discriminator="model")]
ArrayPartCost = Annotated[CitedCost | CircuitCost, Field(discriminator="model")]
ShiftAddCost = Annotated[CitedCost | CircuitShiftAdd, Field(discriminator="model")]
AdcCost = Annotated[CitedAdc | SurveyAdc | LawAdc | CircuitAdc, Field(discriminator="model")]
BufferCost = Annotated[CactiBuffer | SramBuffer | CitedBuffer | BitCellBuffer, Field(discriminator="model")]
BusCost = Annotated[CitedCost | BusWires, Field(discriminator="model")]
InterconnectCost = Annotated[
    CitedInterconnect | WireInterconnect | RouterInterconnect, Field(discriminator="model")
]
