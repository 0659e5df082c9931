"""The model of a chip: tiles on an interconnect, PEs in a tile, crossbars in a PE, and everything around them.

Keys of the YAML file are the field names without their unit: ``read_pulse: 100 ns``
becomes ``read_pulse_ps``. Nothing here behaves; prices are in :mod:`archsim.components`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, Field, model_validator

from archsim.errors import SpecError
from archsim.names import one_line
from archsim.registry import INTERCONNECTS
from archsim.spec.array_parts import (
    ArrayControl,
    ColumnDrivers,
    ColumnMux,
    InputRegisters,
    LevelShifters,
    PartialSumRegisters,
    Width,
)
from archsim.spec.buffers import Buffer, GradientBuffer, MembraneBuffer
from archsim.spec.cells import MOST_COUNT, CellCurve, CellErrors, Count, Wires, learned_errors
from archsim.spec.choices import Execution, MappingRules, PowerRules
from archsim.spec.costs import (
    AdcCost,
    ArrayCost,
    BusCost,
    CitedCost,
    Conditions,
    DriversCost,
    HoldCost,
    InterconnectCost,
)
from archsim.spec.ideal import EVERYTHING, NOTHING, Ideal
from archsim.spec.replacing import replaced
from archsim.spec.shown import chip_rows, chip_text
from archsim.spec.units import GradientUnit, ShiftAdd, Unit
from archsim.spec.values import Conversion, ErrorConversion, WeightColumns, WeightRules, level_error
from archsim.spec.write import Write
from archsim.texts import html_table
from archsim.units import (
    Bits,
    ConductanceSiemens,
    FieldsError,
    FileModel,
    FrequencyMhz,
    KindName,
    NodeNm,
    TimePs,
    VoltageV,
)
from archsim.units.either import EITHER

Part = TypeVar("Part")
HOW_TO_LEARN = "describe it, or name a library that has it (library: rram_22nm), or ask for phase inference"
AUTO, TAILORED = "auto", "tailored"


def there(part: Part | None, path: str) -> Part:
    """A part that may be left out of a chip which only infers.

    Raises
    ------
    SpecError
        It was, and is needed.
    """
    if part is None:
        raise SpecError(f"{path}: missing; learning and programming need it; {HOW_TO_LEARN}")
    return part


class Technology(FileModel):
    """The manufacturing node, in nm: models that scale (ADC survey, CACTI) read it."""

    node_nm: NodeNm


class Device(FileModel):
    """One RRAM cell: conductance window, levels, how it is read, and how it errs (ideal when absent).

    `read_pulse` is the time that one read takes of the array, `on_time` how long the cells of a driven row conduct
    in it: all of it when absent.
    """

    g_min_siemens: ConductanceSiemens
    g_max_siemens: ConductanceSiemens
    n_levels: Annotated[int, Field(ge=2, le=MOST_COUNT)]
    read_voltage_v: VoltageV
    read_pulse_ps: TimePs
    on_time_ps: TimePs | None = None
    errors: CellErrors = CellErrors()
    curve: CellCurve | None = None
    source: str

    @property
    def conducting_ps(self) -> int:
        """How long the cells of a driven row conduct in one read pulse."""
        return self.read_pulse_ps if self.on_time_ps is None else self.on_time_ps

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        wrong = (
            ("g_max", self.g_max_siemens <= self.g_min_siemens, "must be larger than g_min"),
            ("read_voltage", self.read_voltage_v <= 0, "must be above zero"),
            ("read_pulse", self.read_pulse_ps <= 0, "must be above zero"),
            ("on_time", self.on_time_ps is not None and self.on_time_ps <= 0, "must be above zero"),
            ("on_time", self.conducting_ps > self.read_pulse_ps, "must be no longer than read_pulse"),
        )
        errors = [((key,), said) for key, is_wrong, said in wrong if is_wrong]
        if errors:
            raise FieldsError(errors)
        return self


class Crossbar(WeightColumns, FileModel):
    """One array of cells and how a signed weight of several cells sits on it.

    `signed`: "differential" uses two columns per cell, one minus the other; "offset" one reference column
    per array; "unsigned" none (the weights are stored with an offset that digital logic removes).
    `transpose`: whether the array can be driven from its columns and read at its rows, and whether that
    needs a second set of drivers and converters ("duplicated") or the circuits serve both sides ("shared").
    `cell`: "passive", or "gated" (1T1R, the word line switches the cell). Wires are ideal when absent.
    `read_out`, of arrays without sample-and-hold: the lines stay up until the last of the columns that share an
    ADC is converted ("hold"), or are raised again for each of them, which alone conducts then ("reread"). When
    absent the whole array is read once for each, and converted afterwards.
    """

    n_rows: Count
    n_columns: Count
    n_cells_per_weight: Count
    signed: Literal["differential", "offset", "unsigned"]
    transpose: Literal["none", "duplicated", "shared"]
    cell: Literal["passive", "gated"] = "passive"
    weights: WeightRules = WeightRules()
    wires: Wires | None = None
    read_out: Literal["hold", "reread"] | None = None
    level_shifters: LevelShifters | None = None
    column_mux: ColumnMux | None = None
    input_registers: InputRegisters | None = None
    column_drivers: ColumnDrivers | None = None
    partial_sum_registers: PartialSumRegisters | None = None
    control: ArrayControl | None = None
    cost: ArrayCost

    @model_validator(mode="after")
    def _holds_a_weight(self) -> Self:
        if self.n_weights_per_row < 1:
            reference = " and a reference column" if self.signed == "offset" else ""
            said = f"{self.n_columns} hold no weight of {self.n_columns_per_weight} columns{reference}"
            raise FieldsError([(("columns",), said)])
        return self


class Drivers(FileModel):
    """Word-line drivers (DACs): how a number becomes voltages.

    "levels": `resolution` bits per cycle as a voltage level; an input of more bits takes several cycles.
    "pulse_train": a cycle applies 2^p - 1 read pulses for p bits; more than three magnitude bits are split
    over two cycles if `max_cycles` is 2 (NeuRRAM). `signed_input`: "two_phase" reads positive and negative
    inputs one after the other, "bipolar" at once with voltages of both signs. `charged`, of inputs of several
    bits: "all" charges each line that is not at zero in each cycle, as published averages do; "ones" charges the
    bits that are 1 (of levels their squares, of trains the pulses that are sent).
    """

    kind: Literal["levels", "pulse_train"]
    resolution_bits: Annotated[Bits, Field(ge=1, le=16)]  # as the converters
    max_cycles: Literal[1, 2] = 1
    signed_input: Literal["two_phase", "bipolar"]
    charged: Literal["all", "ones"] = "all"
    latency_ps: TimePs
    cost: DriversCost


class SampleHold(FileModel):
    """Holds the column values of `banks` reads; a bank is free again when its value is `held_until`.

    Cost: energy per held value, area and leakage per column and bank.
    """

    n_banks: Count
    held_until: Literal["converted", "merged"]
    cost: HoldCost


# a conversion takes one or the other: what is set later, or over a library, replaces it
EITHER |= {("adc", "rate"): ("adc", "step"), ("adc", "step"): ("adc", "rate")}


class Adc(FileModel):
    """The converters of the columns: a bank of ADCs per crossbar, or one that the crossbars of a PE share.

    A conversion takes 1/`rate`; or, with `step`, as many steps as its kind says (:mod:`archsim.components.adc`).
    `conversion` says which sums the codes stand for (absent: :func:`archsim.spec.arrays.array_spec`).
    `errors`: what is another way for sums of errors. `gated`: whether an ADC that does not convert is cut off from
    its supply.
    """

    kind: Annotated[str, KindName("archsim.adcs")]
    resolution_bits: Bits
    rate_mhz: FrequencyMhz | None = None
    step_ps: TimePs | None = None
    n_columns_per_adc: Count
    scope: Literal["crossbar", "pe"]
    conversion: Conversion | None = None
    errors: ErrorConversion | None = None
    gated: bool = False
    cost: AdcCost

    def of_errors(self, of_errors: bool = True) -> Adc:
        """The same as it converts sums of errors; itself where it converts those of inputs."""
        if self.errors is None or not of_errors:
            return self
        given = {name: value for name, value in dict(self.errors).items() if value is not None}
        return self.model_copy(update=given)

    @model_validator(mode="after")
    def _one_timing(self) -> Self:
        errors: list[tuple[tuple[str, ...], str]] = []
        if (self.rate_mhz is None) == (self.step_ps is None):
            said = "give either rate (e.g. '1.28 GS/s') or step (e.g. '300 ns'), not both or none"
            errors.append((() if self.rate_mhz is None else ("step",), said))
        if self.rate_mhz is not None and self.rate_mhz <= 0:
            errors.append((("rate",), "must be above zero"))
        if not 1 <= self.resolution_bits <= 16:
            errors.append((("resolution",), f"must be 1 to 16 bit; got {self.resolution_bits} bit"))
        for adc, where in ((self, ()), (self.of_errors(), ("errors",))):
            code = None if adc.conversion is None else adc.conversion.code
            if code == "sign_magnitude" and adc.resolution_bits < 2:
                said = "sign_magnitude needs a resolution of 2 bit or more, one is the sign; choose uniform"
                errors.append(((*where, "conversion", "code"), said))
        if self.of_errors().resolution_bits > self.resolution_bits:
            said = f"must be at most adc.resolution, {self.resolution_bits} bit: the same converters stop earlier"
            errors.append((("errors", "resolution"), said))
        if errors:
            raise FieldsError(errors)
        return self


class Transposer(FileModel):
    """Turns gradients round for the transposed copy: a word of the gradient buffer in and one out in each `cycle`.

    It holds as many rows of an array of the copy as gradients lie in a word. Cost: energy of a word, area and
    leakage of the whole.
    """

    cycle_ps: TimePs
    cost: CitedCost


class TileBus(FileModel):
    """Carries inputs to and results from the PEs of a tile: `width` bits per `cycle`. A cited cost is per cycle.

    With `broadcast` one transfer serves all PEs that need the same rows; without, each PE gets its own.
    """

    broadcast: bool
    width_bits: Width
    cycle_ps: TimePs
    cost: BusCost


class Pe(FileModel):
    """Processing element: crossbars with their converters."""

    n_crossbars: Count


class Tile(FileModel):
    """PEs, the buffers and the digital units that they share.

    A chip that only infers may leave out `history_buffer`, `gradient_buffer` and `gradient_unit`.

    `input_sets` and `accumulator_sets`: steps that lie in the arrays' input registers and in the accumulators at
    once. 2 is double buffering: one is filled while the other is used; 1 has them take turns. No area is counted.
    """

    n_pes: Count
    bus: TileBus
    input_buffer: Buffer
    output_buffer: Buffer
    membrane_buffer: MembraneBuffer
    history_buffer: Buffer | None = None
    gradient_buffer: GradientBuffer | None = None
    accumulator: Unit
    n_input_sets: Count = 2
    n_accumulator_sets: Count = 2
    neuron_unit: Unit
    gradient_unit: GradientUnit | None = None
    transposer: Transposer | None = None
    control: CitedCost | None = None

    @property
    def gradients(self) -> GradientBuffer:
        """The gradient buffer of a chip that learns; SpecError where there is none."""
        return there(self.gradient_buffer, "tile.gradient_buffer")

    @property
    def learner(self) -> GradientUnit:
        """The gradient unit of a chip that learns; SpecError where there is none."""
        return there(self.gradient_unit, "tile.gradient_unit")


class Interconnect(FileModel):
    """Links between the tiles: `width` bits per cycle of `frequency`, `router_latency` per hop.

    `switching`: the head of a packet goes on while its tail still comes ("cut_through"), or waits for it
    ("store_and_forward"). `arbitration`: a packet keeps a link once it has begun ("packet"), or packets of several
    virtual channels take turns on it ("flit"). `buffer_flits`: what one virtual channel of a router's input holds;
    a full one holds back its sender. `multicast`: a message to several tiles takes each link once, and routers
    copy it. `tiles_per_router`: 4 has two by two tiles share a router, as in ISAAC and PUMA.
    """

    kind: Annotated[str, KindName("archsim.interconnects")]
    width_bits: Width
    frequency_mhz: FrequencyMhz
    router_latency_ps: TimePs
    switching: Literal["cut_through", "store_and_forward"] = "cut_through"
    arbitration: Literal["packet", "flit"] = "packet"
    n_buffer_flits: Count | Literal["unlimited"] = "unlimited"
    n_virtual_channels: Count = 1
    n_tiles_per_router: Literal[1, 4] = 1
    multicast: bool = False
    cost: InterconnectCost


class Chip(FileModel):
    """A whole chip. `tiles: auto` or `uniform` builds as many as the workload needs, all alike.

    `tiles: tailored` builds each as large as what it holds: its PEs, crossbars and buffers. `library` is where a
    chip file gets what it does not say (:mod:`archsim.spec.library`); once the file is read all of that stands
    here, and `library` is None. `conditions`: what costs that say where they hold (`at`) are scaled to
    (:mod:`archsim.components.process`). `ideal`: whose errors do not count in what numbers come out; `true` is
    all.
    """

    version: Literal[1]
    name: Annotated[str, Field(min_length=1), AfterValidator(one_line)]
    library: Annotated[str, Field(min_length=1), AfterValidator(one_line)] | None = None
    technology: Technology
    conditions: Conditions | None = None
    n_tiles: Count | Literal["auto", "uniform", "tailored"]
    tile: Tile
    pe: Pe
    crossbar: Crossbar
    device: Device
    write: Write | None = None
    drivers: Drivers
    sample_hold: SampleHold | None = None
    adc: Adc
    shift_add: ShiftAdd
    global_buffer: Buffer
    interconnect: Interconnect
    execution: Execution
    mapping: MappingRules = MappingRules()
    power: PowerRules | None = None
    chip_control: CitedCost | None = None
    ideal: bool | Ideal = False

    @property
    def without(self) -> Ideal:
        """Whose errors are switched off."""
        if isinstance(self.ideal, Ideal):
            return self.ideal
        return EVERYTHING if self.ideal else NOTHING

    def replace(self, path: str | Mapping[str, object], value: object = None) -> Self:
        """The same chip with another value at a path of its file, or several at once: :func:`replaced`.

        Examples
        --------
        >>> from archsim import load_chip
        >>> load_chip("wearable_rram").replace("adc.resolution", "6 bit").adc.resolution_bits
        6
        """
        return replaced(self, path if isinstance(path, Mapping) else {path: value})

    @property
    def writing(self) -> Write:
        """How cells are written, on a chip that says it; SpecError where it does not."""
        return there(self.write, "write")

    @property
    def law_of_cells(self) -> Any:
        """The law by which the array model draws pulses, where its cells do not say themselves."""
        errors, law = self.device.errors, None if self.write is None else self.write.law
        return law if errors.write_verify is None and errors.update is None else None

    @property
    def counts_pulses(self) -> bool:
        """Whether cells of the array model take pulses one by one, and not each the same mean."""
        errors, law = self.device.errors, None if self.write is None else self.write.law
        return law is not None or errors.write_verify is not None or errors.update is not None

    def __repr__(self) -> str:
        return chip_text(self)

    __str__ = __repr__

    def _repr_html_(self) -> str:
        return html_table(chip_rows(self))

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        n_columns = self.crossbar.n_columns
        errors = []
        if n_columns % self.adc.n_columns_per_adc:
            said = f"{self.adc.n_columns_per_adc} does not divide crossbar.columns, {n_columns}"
            errors.append((("adc", "columns_per_adc"), said))
        if levels := level_error(self.device.n_levels, self.crossbar.n_cells_per_weight):
            errors.append((("crossbar", "cells_per_weight"), levels))
        places = {"wires": "crossbar", "curve": "device"}
        for name in learned_errors(self.device.errors, self.crossbar.wires, self.device.curve):
            errors.append(((places[name], name), "device.errors.learned stands for it; leave one of them out"))
        if self.execution.feedback == "transposable" and self.crossbar.transpose == "none":
            said = "'transposable' needs crossbar.transpose: duplicated or shared"
            errors.append((("execution", "feedback"), said))
        if self.write is not None and self.write.n_parallel_cells > n_columns:
            said = f"{self.write.n_parallel_cells} is more than crossbar.columns, {n_columns}"
            errors.append((("write", "parallel_cells"), said))
        if self.write is not None and self.write.law is not None:
            errors += [(("write", "pulses_per_cell"), said) for said in self.write.law.errors(self.device)]
        if self.mapping.replicas == "auto" and self.n_tiles == TAILORED and not self.mapping.is_bounded:
            said = "auto fills idle arrays, and tailored tiles have none; give replica_crossbars or replica_area"
            errors.append((("mapping", "replicas"), said))
        if self.interconnect.frequency_mhz <= 0:
            errors.append((("interconnect", "frequency"), "must be above zero"))
        noc = self.interconnect
        errors += [(("interconnect", key), said) for key, said in INTERCONNECTS[noc.kind].errors(noc)]
        if noc.n_buffer_flits == "unlimited" and noc.n_virtual_channels > 1:
            said = "more than 1 changes nothing without buffers to share; give buffer_flits"
            errors.append((("interconnect", "virtual_channels"), said))
        if errors:
            raise FieldsError(errors)
        return self
