"""The drivers of the word lines (DACs): the cycles that an input takes, and what driving a row costs."""

from __future__ import annotations

from archsim.components.part import Look, Part, remembered
from archsim.components.records import Action, Charge, Figures, ReadCycle, Where
from archsim.spec.chip import Adc, Chip, Device
from archsim.spec.chip import Drivers as DriversSpec
from archsim.spec.costs import CitedDrivers


class Drivers(Part):
    """The row drivers of one side of an array."""

    kind = "drivers"
    path = ("drivers",)
    counts = (("drive", "active row"),)
    area_action = "drive"
    free_keys = ("latency", "cost")
    scaling = "digital"
    look = Look(3, "")

    @classmethod
    def errors(cls, chip: Chip) -> list[str]:
        widths = {
            "drivers.resolution": chip.drivers.resolution_bits,
            "execution.error_resolution": chip.execution.error_resolution_bits,
        }
        return [f"{path}: must be at least 1 bit" for path, n_bits in widths.items() if n_bits < 1]

    @classmethod
    def notes(cls, chip: Chip) -> list[str]:
        if chip.drivers.kind == "levels" and chip.drivers.max_cycles > 1:
            return ["drivers.max_cycles: changes nothing here, for kind: levels takes a cycle for each resolution"]
        return []

    def count_unit(self, action: str) -> str:
        counts_pulses = self.chip.drivers.kind == "pulse_train" and self.chip.drivers.charged == "ones"
        return "pulse on a row" if counts_pulses else super().count_unit(action)

    @property
    def where(self) -> Where:
        return "crossbar"

    @property
    def n_per_parent(self) -> int:
        """One for each side from which an array is driven with circuits of its own."""
        return self.parts.n_sides

    @property
    def cost(self) -> CitedDrivers:
        """Its figures."""
        cost = self.chip.drivers.cost
        assert isinstance(cost, CitedDrivers)  # circuits have been priced
        return cost

    @property
    def figures(self) -> Figures:
        cost, n_rows = self.cost, self.chip.crossbar.n_rows
        if cost.n_rows in (None, n_rows):
            return Figures(cost.area_um2, cost.leakage_uw, cost.source)
        part = n_rows / cost.n_rows
        said = f"figures of {cost.n_rows} rows x {part:g}"
        return Figures(part * cost.area_um2, part * cost.leakage_uw, cost.source, said)

    @remembered
    def read_cycles(self, n_bits: int, signed: bool, of_errors: bool = False) -> tuple[ReadCycle, ...]:
        """The cycles of an input of `n_bits`; a spike is one bit, unsigned: one cycle."""
        adc = self.chip.adc.of_errors(of_errors)
        return read_cycles(self.chip.drivers, self.chip.device, adc, n_bits, signed)

    def n_polarities(self, n_bits: int, signed: bool) -> int:
        """Polarities of an input: positive and negative numbers one after the other, or all at once."""
        return 2 if takes_two_phases(self.chip.drivers, n_bits, signed) else 1

    def settle_ps(self) -> int:
        """Time until the driven rows have settled."""
        return self.chip.drivers.latency_ps

    @remembered
    def drive(self, cycle: ReadCycle, n_values: int = 1, transposed: bool = False) -> Action:
        """Raise the lines of a read, again for each slot if it is said so. Count: active rows, or their pulses."""
        crossbar, n_pulses = self.parts.crossbar, self.counted_pulses(cycle)
        n_times, line_pj = crossbar.activations(n_values), crossbar.line_pj(n_values, transposed)
        row_pj = drive_energy_pj(self.cost, cycle.n_bits)
        charges = [Charge("drivers", n_times * row_pj / n_pulses)]
        if line_pj:
            charges.append(Charge("crossbar", cycle.n_pulses * line_pj / n_pulses))
        again = f",x{n_times}" if n_times > 1 else ""
        side = ",transposed" if line_pj and transposed else ""
        return Action(f"drive@{cycle.n_bits}b{again}{side}", tuple(charges))

    def counted_pulses(self, cycle: ReadCycle) -> int:
        """Parts in which one row's drive of a cycle is counted: the pulses of a train, where those sent count."""
        spec = self.chip.drivers
        return cycle.n_pulses if spec.charged == "ones" and spec.kind == "pulse_train" else 1

    def counted_units(self, cycle: ReadCycle) -> int:
        """Parts in which an active cell's read of a cycle is counted, so that what is driven comes out whole.

        With "ones", a level d of the largest D takes d² of D² (power goes with the square of the voltage); a train
        takes the pulses sent.
        """
        spec = self.chip.drivers
        if spec.charged == "all" or self.parts.crossbar.counted == "read":
            return 1
        return cycle.n_pulses if spec.kind == "pulse_train" else (2**cycle.n_bits - 1) ** 2

    def example_cycles(self) -> list[ReadCycle]:
        """The cycles of a spike and of an error, each once."""
        error_bits = self.chip.execution.error_resolution_bits
        return list(dict.fromkeys([*self.read_cycles(1, False), *self.read_cycles(error_bits, True, True)]))

    def examples(self) -> list[Action]:
        n_columns = self.chip.crossbar.n_columns
        return [self.drive(cycle, n_columns) for cycle in self.example_cycles()]

    def time_of_one_ps(self) -> int:
        return self.chip.drivers.latency_ps


def read_cycles(
    drivers: DriversSpec, device: Device, adc: Adc, n_bits: int, signed: bool
) -> tuple[ReadCycle, ...]:
    """The cycles that an input of `n_bits` takes.

    Parameters
    ----------
    n_bits : int
        Bits of the input, its sign included; a spike has one.
    signed : bool
        Whether the input has a sign.

    Returns
    -------
    tuple of ReadCycle
        "levels": one read pulse for every `resolution` bits; the sign of "bipolar" drivers is one of them (two's
        complement: ISAAC), that of "two_phase" is the polarity. "pulse_train": 2^p - 1 pulses for p magnitude
        bits, split over two cycles as ``drivers.max_cycles`` says; the converter gives what the earlier
        cycles did not (NeuRRAM: Wan et al., Nature 2022). A signed input of more than one bit takes them
        twice if the drivers are "two_phase".

    Raises
    ------
    ValueError
        `n_bits` is below one.
    """
    if n_bits < 1:
        raise ValueError(f"an input has at least one bit, not {n_bits}")
    n = 2 if takes_two_phases(drivers, n_bits, signed) else 1
    if drivers.kind == "pulse_train":
        return _train(drivers, device, adc, n_bits, signed) * n
    return _levels(drivers, device, adc, n_bits - (n - 1)) * n


def takes_two_phases(drivers: DriversSpec, n_bits: int, signed: bool) -> bool:
    """Whether positive and negative inputs are driven one after the other."""
    return signed and n_bits > 1 and drivers.signed_input == "two_phase"


def _levels(drivers: DriversSpec, device: Device, adc: Adc, n_bits: int) -> tuple[ReadCycle, ...]:
    step = drivers.resolution_bits
    return tuple(
        ReadCycle(min(step, n_bits - done), 1, device.read_pulse_ps, adc.resolution_bits)
        for done in range(0, n_bits, step)
    )


def _train(drivers: DriversSpec, device: Device, adc: Adc, n_bits: int, signed: bool) -> tuple[ReadCycle, ...]:
    magnitude = max(1, n_bits - 1) if signed else n_bits
    split = drivers.max_cycles == 2 and magnitude > 3
    parts = (magnitude - magnitude // 2, magnitude // 2) if split else (magnitude,)
    cycles = []
    for i, bits in enumerate(parts):
        n_pulses = 2**bits - 1
        adc_bits = max(adc.resolution_bits - sum(parts[:i]), 0)
        cycles.append(ReadCycle(bits, n_pulses, n_pulses * device.read_pulse_ps, adc_bits))
    return tuple(cycles)


def drive_energy_pj(cost: CitedDrivers, n_bits: int) -> float:
    """Energy of one active row in one cycle of `n_bits`, in pJ."""
    return cost.energy_pj + n_bits * cost.energy_per_bit_pj
