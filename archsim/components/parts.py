"""The price list of one chip: what every action takes in time and energy, every component in area."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import wraps
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar

from archsim.components.adc import conversion_period_ps, price_adc
from archsim.components.areas import area_items
from archsim.components.array import drive_energy_pj, read_cycles, read_energy_pj, takes_two_phases
from archsim.components.buffer import BufferPrice, price_buffer
from archsim.components.digital import unit_times_ps
from archsim.components.faults import buffer_of, check, path_of
from archsim.components.noc import flit_period_ps, hop_energy_pj
from archsim.components.programming import (
    n_groups,
    program_power_uw,
    program_row_ps,
    pulses_per_cell,
    verify_row_ps,
)
from archsim.components.records import BUFFERS, Action, AreaItem, Charge, ReadCycle, burst_ps, listed
from archsim.errors import SpecError
from archsim.spec.chip import Chip, Unit
from archsim.spec.costs import CitedArray

P = ParamSpec("P")
R = TypeVar("R")


def _remembered(method: Callable[Concatenate[ChipCosts, P], R]) -> Callable[Concatenate[ChipCosts, P], R]:
    """Work a price out once for each argument: lowering asks for the same few a hundred thousand times."""
    name = method.__name__

    @wraps(method)
    def answer(self: ChipCosts, *args: P.args, **kwargs: P.kwargs) -> R:
        key = (name, args, *kwargs.items())
        if key not in self.memory:
            self.memory[key] = method(self, *args, **kwargs)
        return self.memory[key]  # type: ignore[no-any-return]  # the dict holds every method's answers

    return answer  # type: ignore[return-value]  # mypy insists on the name of the first argument


def _action(name: str, **energy_pj: float) -> Action:
    return Action(name, tuple(Charge(component, energy) for component, energy in energy_pj.items()))


class ChipCosts:
    """What one action costs on a chip.

    All times are whole picoseconds; a burst is exact until it is rounded once, half to even. Each method
    that returns an `Action` says what one count of it is. The equations are in the modules beside this one,
    the sources in the chip file and in `items`.

    Parameters
    ----------
    chip : Chip
        Its cost models must hold for it, see `check`.
    n_tiles : int
        Tiles that the chip has, or that the workload needs.
    sizes : mapping of str to int
        Bytes of each buffer by name; a buffer that is not named has the size in the chip file.

    Attributes
    ----------
    read_counts : "cell" or "read"
        What one count of `read` is: an active cell, or a read of the whole array.

    Raises
    ------
    SpecError
        With every fault that `check` finds, one per line.

    Examples
    --------
    >>> from archsim.spec import load_chip
    >>> costs = ChipCosts(load_chip("arch_specs/wearable_rram.yaml"), 1, dict.fromkeys(BUFFERS, 4096))
    >>> costs.unit_ps(costs.chip.tile.neuron_unit, 0)
    (0, 0)
    >>> [charge.component for charge in costs.fetch().charges]
    ['input_buffer', 'tile_bus']
    """

    def __init__(self, chip: Chip, n_tiles: int, sizes: Mapping[str, int]) -> None:
        faults = check(chip)
        bytes_of = {name: sizes.get(name, buffer_of(chip, name).size_bytes) for name in BUFFERS}
        faults += [
            f"{path_of(name)}.size: auto needs a workload, or give a size such as '64 KiB'"
            for name, size in bytes_of.items()
            if size == "auto"
        ]
        if faults:
            raise SpecError(listed(faults))
        node_nm = chip.technology.node_nm
        self.memory: dict[Any, Any] = {}
        self.chip = chip
        self.n_tiles = n_tiles
        self.n_adcs = chip.crossbar.n_columns // chip.adc.n_columns_per_adc
        array_cost = chip.crossbar.cost
        per_read = isinstance(array_cost, CitedArray) and array_cost.per == "read"
        self.read_counts: Literal["cell", "read"] = "read" if per_read else "cell"
        self._adc = price_adc(chip.adc, node_nm)
        self._buffers: dict[str, BufferPrice] = {
            name: price_buffer(buffer_of(chip, name), int(size), node_nm) for name, size in bytes_of.items()
        }
        self._items = area_items(chip, n_tiles, self._adc, self._buffers)

    # ---- times ----

    @_remembered
    def read_cycles(self, n_bits: int, signed: bool) -> tuple[ReadCycle, ...]:
        """The cycles of an input of `n_bits`; a spike is one bit, unsigned: one cycle."""
        return read_cycles(self.chip.drivers, self.chip.device, self.chip.adc, n_bits, signed)

    def n_phases(self, n_bits: int, signed: bool) -> int:
        """Phases of an input: positive and negative numbers one after the other, or all at once."""
        return 2 if takes_two_phases(self.chip.drivers, n_bits, signed) else 1

    def reads_per_vector(self, n_values: int) -> int:
        """How often an array is read for `n_values` columns: once with a sample-and-hold, else for each round
        of conversions on the bank's ADCs.
        """
        return 1 if self.chip.sample_hold is not None else -(-n_values // self.n_adcs)

    def drive_ps(self) -> int:
        """Time until the driven rows have settled."""
        return self.chip.drivers.latency_ps

    @_remembered
    def convert_ps(self, n_values: int, adc_bits: int) -> int:
        """Time to convert `n_values` columns on one bank of ADCs: ``ceil(values/ADCs)`` conversions each."""
        return burst_ps(-(-n_values // self.n_adcs), conversion_period_ps(self.chip.adc, adc_bits))

    def unit_ps(self, unit: Unit, n: int) -> tuple[int, int]:
        """(occupancy, latency) of `n` results of a digital unit."""
        return unit_times_ps(unit, n)

    def accesses(self, buffer: str, n_bits: int) -> int:
        """Accesses of a buffer that hold `n_bits`."""
        return -(-n_bits // self._buffers[buffer].width_bits)

    @_remembered
    def access_ps(self, buffer: str, n_accesses: int) -> int:
        """Time of `n_accesses` of a buffer, one after the other."""
        return burst_ps(n_accesses, self._buffers[buffer].access_ps)

    def outer_ps(self, n_macs: int) -> int:
        """Time of `n_macs` outer-product terms: of the unit, or of reading and writing back the gradients."""
        bits = self.chip.tile.gradient_buffer.gradient_bits
        n_accesses = 2 * self.accesses("gradient_buffer", n_macs * bits)
        unit_ps = unit_times_ps(self.chip.tile.gradient_unit, n_macs)[1]
        return max(unit_ps, self.access_ps("gradient_buffer", n_accesses))

    def optimize_ps(self, n_weights: int, n_operations: int, n_numbers: int) -> int:
        """Time of an optimizer's pass over `n_weights`: of the unit, or of the gradient buffer.

        `n_operations` results of the unit and `n_numbers` numbers read or written for each weight.
        """
        bits = self.chip.tile.gradient_buffer.gradient_bits
        n_accesses = self.accesses("gradient_buffer", n_weights * n_numbers * bits)
        unit_ps = unit_times_ps(self.chip.tile.gradient_unit, n_weights * n_operations)[1]
        return max(unit_ps, self.access_ps("gradient_buffer", n_accesses))

    def bus_beats(self, n_bits: int) -> int:
        """Cycles of the tile bus that carry `n_bits`."""
        return -(-n_bits // self.chip.tile.bus.width_bits)

    def bus_ps(self, n_beats: int) -> int:
        """Time of `n_beats` on the tile bus."""
        return n_beats * self.chip.tile.bus.cycle_ps

    def flits(self, n_bits: int) -> int:
        """Flits of the interconnect that carry `n_bits`."""
        return -(-n_bits // self.chip.interconnect.width_bits)

    @_remembered
    def flit_ps(self, n_flits: int) -> int:
        """Time that `n_flits` hold a link."""
        return burst_ps(n_flits, flit_period_ps(self.chip.interconnect))

    def router_ps(self) -> int:
        """Time of the head of a packet through one router."""
        return self.chip.interconnect.router_latency_ps

    @_remembered
    def program_row_ps(self, n_cells: int) -> int:
        """Time of all pulses on `n_cells` of one row."""
        return program_row_ps(self.chip.write, n_cells)

    @_remembered
    def verify_row_ps(self, n_cells: int) -> int:
        """Time of all verify reads of `n_cells` of one row: after each pulse drive, read, convert."""
        if n_cells == 0:
            return 0
        n_reads = self.reads_per_vector(n_cells)
        convert_ps = self.convert_ps(n_cells, self.chip.adc.resolution_bits)
        read_ps = self.drive_ps() + n_reads * self.chip.device.read_pulse_ps + convert_ps
        return verify_row_ps(self.chip.write, read_ps)

    def program_power_uw(self, n_cells: int) -> float:
        """Power in uW of the pulses while `n_cells` of one row are programmed."""
        return program_power_uw(self.chip.write, n_cells)

    # ---- energy: inference ----

    @_remembered
    def drive(self, cycle: ReadCycle) -> Action:
        """Drive the word lines. Count: active rows."""
        return _action(f"drive@{cycle.n_bits}b", drivers=drive_energy_pj(self.chip.drivers.cost, cycle.n_bits))

    @_remembered
    def read(self, cycle: ReadCycle, layer: str, mean_conductance_siemens: float, n_repeats: int = 1) -> Action:
        """Read an array of `layer`. Count: active cells, or reads (`read_counts`).

        `layer` labels the price: the same label must always come with the same mean conductance.
        """
        energy_pj = read_energy_pj(
            self.chip.crossbar.cost, self.chip.device, cycle, mean_conductance_siemens, n_repeats
        )
        repeats = f",x{n_repeats}" if n_repeats > 1 else ""
        return _action(f"read@{layer},{cycle.n_bits}b{repeats}", crossbar=energy_pj)

    @_remembered
    def convert(self, cycle: ReadCycle) -> Action:
        """Sample and convert a column. Count: conversions."""
        return Action(f"convert@{cycle.adc_bits}b", self._conversion(cycle.adc_bits))

    def _conversion(self, adc_bits: int) -> tuple[Charge, ...]:
        charges = [Charge("adc", self._adc.energy_pj(adc_bits))]
        hold = self.chip.sample_hold
        if hold is not None:
            charges.append(Charge("sample_hold", hold.cost.energy_pj if adc_bits else 0.0))
        return tuple(charges)

    @_remembered
    def shift_add(self) -> Action:
        """Merge slices, input bits and signs. Count: converted values."""
        return _action("shift_add", shift_add=self.chip.shift_add.cost.energy_pj)

    @_remembered
    def fetch(self) -> Action:
        """Read inputs and carry them to a PE. Count: accesses of the input buffer."""
        buffer, bus = self._buffers["input_buffer"], self.chip.tile.bus
        n_beats = self.bus_beats(buffer.width_bits)
        return _action("fetch", input_buffer=buffer.read_energy_pj, tile_bus=n_beats * bus.cost.energy_pj)

    @_remembered
    def receive(self) -> Action:
        """Write what arrives. Count: accesses of the input buffer."""
        return _action("receive", input_buffer=self._buffers["input_buffer"].write_energy_pj)

    @_remembered
    def collect(self) -> Action:
        """Carry results of a block to the accumulators. Count: beats of the tile bus."""
        return _action("collect", tile_bus=self.chip.tile.bus.cost.energy_pj)

    @_remembered
    def add(self) -> Action:
        """Add a partial sum. Count: values."""
        return _action("add", accumulator=self.chip.tile.accumulator.cost.energy_pj)

    @_remembered
    def pool(self) -> Action:
        """Pool, on the accumulator. Count: values."""
        return _action("pool", accumulator=self.chip.tile.accumulator.cost.energy_pj)

    @_remembered
    def update(self, n_states: int) -> Action:
        """Update neurons of `n_states` states, read and written back. Count: neurons."""
        buffer, bits = self._buffers["membrane_buffer"], self.chip.tile.membrane_buffer.potential_bits
        access_pj = buffer.read_energy_pj + buffer.write_energy_pj
        return _action(
            f"update@{n_states}states",
            neuron_unit=self.chip.tile.neuron_unit.cost.energy_pj,
            membrane_buffer=access_pj * n_states * bits / buffer.width_bits,
        )

    @_remembered
    def emit(self) -> Action:
        """Store results to be sent. Count: accesses of the output buffer."""
        return _action("emit", output_buffer=self._buffers["output_buffer"].write_energy_pj)

    @_remembered
    def unload(self) -> Action:
        """Read stored results to send them. Count: accesses of the output buffer."""
        return _action("unload", output_buffer=self._buffers["output_buffer"].read_energy_pj)

    @_remembered
    def hop(self, length_mm: float) -> Action:
        """Carry data over one hop of `length_mm`, taken to the micrometre. Count: flits."""
        length_mm = round(float(length_mm), 3)
        energy_pj = hop_energy_pj(self.chip.interconnect, length_mm)
        return _action(f"hop@{length_mm!r}mm", interconnect=energy_pj)

    @_remembered
    def load_global(self) -> Action:
        """Read the global buffer. Count: its accesses."""
        return _action("load_global", global_buffer=self._buffers["global_buffer"].read_energy_pj)

    @_remembered
    def store_global(self) -> Action:
        """Write the global buffer. Count: its accesses."""
        return _action("store_global", global_buffer=self._buffers["global_buffer"].write_energy_pj)

    # ---- energy: learning ----

    @_remembered
    def keep(self) -> Action:
        """Keep spikes and potentials for the backward pass. Count: accesses of the history buffer."""
        return _action("keep", history_buffer=self._buffers["history_buffer"].write_energy_pj)

    @_remembered
    def recall(self) -> Action:
        """Read back what was kept. Count: accesses of the history buffer."""
        return _action("recall", history_buffer=self._buffers["history_buffer"].read_energy_pj)

    @_remembered
    def error(self) -> Action:
        """Form the error at the output. Count: values."""
        return _action("error", gradient_unit=self.chip.tile.gradient_unit.cost.energy_pj)

    @_remembered
    def surrogate(self) -> Action:
        """Multiply an error by the surrogate derivative. Count: values."""
        return _action("surrogate", gradient_unit=self.chip.tile.gradient_unit.cost.energy_pj)

    @_remembered
    def outer(self) -> Action:
        """Accumulate outer products into the gradients. Count: MACs."""
        buffer, bits = self._buffers["gradient_buffer"], self.chip.tile.gradient_buffer.gradient_bits
        access_pj = buffer.read_energy_pj + buffer.write_energy_pj
        return _action(
            "outer",
            gradient_unit=self.chip.tile.gradient_unit.cost.energy_pj,
            gradient_buffer=access_pj * bits / buffer.width_bits,
        )

    @_remembered
    def normalise(self, optimizer: str, n_operations: int) -> Action:
        """Read gradients for the norms of rows or columns. Count: weights."""
        return self._pass_of(f"normalise@{optimizer}", n_operations, 1, 0)

    @_remembered
    def optimize(self, optimizer: str, n_operations: int, n_reads: int, n_writes: int) -> Action:
        """Make the step to write from a gradient and what is kept beside it. Count: weights.

        `n_reads` and `n_writes` are numbers of the gradient's resolution in the gradient buffer; `optimizer`
        labels the price.
        """
        return self._pass_of(f"optimize@{optimizer}", n_operations, n_reads, n_writes)

    def _pass_of(self, name: str, n_operations: int, n_reads: int, n_writes: int) -> Action:
        buffer, bits = self._buffers["gradient_buffer"], self.chip.tile.gradient_buffer.gradient_bits
        numbers_pj = n_reads * buffer.read_energy_pj + n_writes * buffer.write_energy_pj
        return _action(
            name,
            gradient_unit=n_operations * self.chip.tile.gradient_unit.cost.energy_pj,
            gradient_buffer=numbers_pj * bits / buffer.width_bits,
        )

    @_remembered
    def load_gradient(self) -> Action:
        """Read gradients and carry them to the write circuits. Count: accesses of the gradient buffer."""
        buffer, bus = self._buffers["gradient_buffer"], self.chip.tile.bus
        on_bus_pj = self.bus_beats(buffer.width_bits) * bus.cost.energy_pj
        return _action("load_gradient", gradient_buffer=buffer.read_energy_pj, tile_bus=on_bus_pj)

    @_remembered
    def program(self, n_cells: int) -> Action:
        """Program `n_cells` of one row, all pulses, the row's own energy included. Count: cells."""
        write = self.chip.write
        row_pj = n_groups(write, n_cells) * write.cost.row_energy_pj
        per_pulse_pj = write.cost.energy_pj + row_pj / n_cells
        return _action(f"program@{n_cells}cells", write_circuits=pulses_per_cell(write) * per_pulse_pj)

    @_remembered
    def verify(self, mean_conductance_siemens: float, n_cells: int, layer: str = "") -> Action:
        """Read `n_cells` of a programmed row after each pulse. Count: cells.

        A cell bears its share of the drivers of a full row and, if the array's figure is per read, of the
        whole array. `layer` labels the price if layers differ in conductance.
        """
        chip = self.chip
        cycle = ReadCycle(1, 1, chip.device.read_pulse_ps, chip.adc.resolution_bits)
        repeats = self.reads_per_vector(n_cells)
        cell_pj = read_energy_pj(chip.crossbar.cost, chip.device, cycle, mean_conductance_siemens, repeats)
        if self.read_counts == "read":
            cell_pj /= chip.crossbar.n_rows * chip.crossbar.n_columns
        share_pj = drive_energy_pj(chip.drivers.cost, 1) / chip.crossbar.n_columns
        once = (Charge("crossbar", cell_pj), Charge("drivers", share_pj), *self._conversion(cycle.adc_bits))
        n_reads = pulses_per_cell(chip.write) if chip.write.verify else 0.0
        of_layer = f"@{layer}" if layer else "@mid-window"
        name = f"verify{of_layer}" + (f",x{repeats}" if repeats > 1 else "")
        return Action(name, tuple(Charge(c.component, n_reads * c.energy_pj) for c in once))

    # ---- area ----

    def items(self) -> tuple[AreaItem, ...]:
        """Area and leakage of every component, with source and scaling."""
        return self._items

    @_remembered
    def tile_pitch_mm(self) -> float:
        """Side of a square tile: the length of a hop between neighbours."""
        in_tiles = sum(item.n * item.area_um2 for item in self._items if item.where != "chip")
        return math.sqrt(in_tiles / self.n_tiles) * 1e-3

    def time_of_one_ps(self, component: str) -> Fraction | None:
        """Time of one access, conversion, beat, flit or result of a component; None if it has none."""
        chip = self.chip
        if component in self._buffers:
            return self._buffers[component].access_ps
        times: dict[str, int | Fraction] = {
            "crossbar": chip.device.read_pulse_ps,
            "drivers": chip.drivers.latency_ps,
            "write_circuits": chip.write.pulse_ps,
            "adc": conversion_period_ps(chip.adc, chip.adc.resolution_bits),
            "shift_add": chip.shift_add.latency_ps,
            "tile_bus": chip.tile.bus.cycle_ps,
            "accumulator": chip.tile.accumulator.latency_ps,
            "neuron_unit": chip.tile.neuron_unit.latency_ps,
            "gradient_unit": chip.tile.gradient_unit.latency_ps,
            "interconnect": flit_period_ps(chip.interconnect),
        }
        return Fraction(times[component]) if component in times else None
