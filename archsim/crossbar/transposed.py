"""Rules of the backward read: how errors are driven into columns and what reads the rows."""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Real

import numpy as np
from numpy.typing import NDArray

from archsim.crossbar.layout import Layout
from archsim.crossbar.mvm.inputs import Drive, digit_max_of
from archsim.crossbar.mvm.reading import Reading, Tally
from archsim.crossbar.mvm.readout import reach_of
from archsim.crossbar.mvm.weights import pedestal
from archsim.crossbar.readings import (
    Conducting,
    Setting,
    backward_reading,
    largest_units,
    pair_is_driven_at_once,
)
from archsim.crossbar.readouts.converter import Adc
from archsim.crossbar.readouts.kind import ReadOut
from archsim.errors import SpecError
from archsim.spec.values import ArraySpec, InputRules

Floats = NDArray[np.float64]
# bipolar drive, largest digit
_Key = tuple[bool, int]


class Backward:
    """The state of a grid's backward reads beyond that of the forward ones."""

    def __init__(self, spec: ArraySpec, layout: Layout, *, differs: bool = False) -> None:
        self.spec, self.layout, self._differs = spec, layout, differs
        self.readout: ReadOut = spec.backward_readout or spec.readout
        self.adc: Adc | None = None
        """The converter whose range data set."""
        self._kept: dict[bool, tuple[tuple[int, int], Conducting]] = {}
        self._readings: tuple[Conducting | None, dict[_Key, list[tuple[Reading, slice, Floats]]]] = None, {}

    def kept(self, version: tuple[int, int], backward: bool, make: Callable[[], Conducting]) -> Conducting:
        """Conductances of the grid in a direction, made anew when one has changed."""
        wires = self.spec.wires
        # by reciprocity both directions are one, but for the noise of cells
        noisy = self.spec.errors.read_noise is not None or bool(self.spec.errors.thermal_noise)
        one_way = wires is not None and (noisy or wires.driver_ohm != wires.ground_ohm)
        direction = backward and (one_way or self._differs)
        if direction not in self._kept or self._kept[direction][0] != version:
            self._kept[direction] = version, make()
        return self._kept[direction][1]

    def rules(self, maximum: float | None, resolution_bits: int | None) -> InputRules:
        """Rules of the drive, but for its maximum.

        Raises
        ------
        SpecError
            Arguments that make no sense, or an array that cannot be read backward.
        """
        errors = []
        if maximum is not None and not (isinstance(maximum, Real) and 0 < maximum < math.inf):
            errors.append(f"maximum: must be a number above zero; got {maximum!r}")
        if resolution_bits is not None and not (
            isinstance(resolution_bits, int | np.integer) and 0 <= resolution_bits <= 16
        ):
            errors.append(
                f"resolution_bits: must be a whole number from 0 (analogue) to 16; got {resolution_bits!r}"
            )
        wires = None if "backward" in self.spec.exact else self.spec.wires
        if self.spec.cell == "gated" and wires is not None and wires.supply_along == "columns":
            said = "mvm_transposed: no line connects gated cells along a row"
            errors.append(f"{said}; use wires.supply_along: rows, cell: passive, or leave wires out")
        if errors:
            raise SpecError("\n".join(errors))
        given = self.spec.backward_inputs or self.spec.inputs
        return given.model_copy(
            update={
                "signed": "bipolar" if given.signed == "bipolar" else "two_phase",
                "resolution_bits": given.resolution_bits if resolution_bits is None else resolution_bits,
            }
        )

    def scaled(self, rules: InputRules, numbers: Floats, maximum: float | None) -> InputRules:
        """Rules with their maximum: the largest magnitude of the batch where none is given."""
        if maximum is None:
            maximum = max(float(numbers.max()), -float(numbers.min())) if numbers.size else 0.0
            maximum = maximum or 1.0
        return rules.model_copy(update={"maximum": float(maximum)})

    def readings(
        self, setting: Setting, now: Conducting, rules: InputRules, adc: Adc | None
    ) -> list[tuple[Reading, slice, Floats]]:
        """Reads of all rows: each with its rows, and what the columns' weights put on the drive.

        They are kept until `now` is another.
        """
        bipolar, digit_max = rules.signed == "bipolar", digit_max_of(rules)
        if self._readings[0] is not now:
            self._readings = now, {}
        kept, key = self._readings[1], (bipolar, digit_max)
        if key not in kept:
            kept[key] = []
            for ts, ratio in self._groups(setting):
                rows = slice(self.layout.row_blocks[ts[0]].start, self.layout.row_blocks[ts[-1]].stop)
                reading = backward_reading(setting, now, ts, bipolar, digit_max, adc)
                kept[key].append((reading, rows, ratio))
        kept[key] = [(reading.converting(adc), rows, ratio) for reading, rows, ratio in kept[key]]
        return kept[key]

    def _groups(self, setting: Setting) -> list[tuple[list[int], Floats]]:
        """Row blocks that take the same drive."""
        groups: list[tuple[list[int], Floats]] = []
        largest = largest_units(setting)
        for t, of_block in enumerate(setting.weight_map.combine().w_unit):
            ratio = of_block / largest[t][self.layout.block_of_output]
            if groups and np.array_equal(ratio, groups[-1][1]):
                groups[-1][0].append(t)
            else:
                groups.append(([t], ratio))
        return groups

    def n_polarities(self, bipolar: bool) -> int:
        """Reads of one array for one cycle: slices, and polarities that are driven one after the other."""
        n_slices, n_polarities = self.layout.of_weight
        return n_slices if pair_is_driven_at_once(self.spec, bipolar) else n_slices * n_polarities

    def count(self, tally: Tally, drive: Drive, rows: slice, bipolar: bool) -> None:
        """Reads and driven columns of one batch."""
        n_row_blocks = -(-(rows.stop - rows.start) // self.layout.n_rows)
        n_slices, n_polarities = self.layout.of_weight
        tally.reads += drive.n_cycles * drive.n * self.n_polarities(bipolar) * n_row_blocks * self.layout.grid[1]
        tally.active_rows += drive.n_active * n_slices * n_polarities * n_row_blocks

    def calibrate(self, sums: Floats) -> None:
        """Fix a calibrated range."""
        percentile = self.readout.percentile
        if percentile is not None:
            self.adc = self.readout.over(*reach_of(sums, percentile, self._full_range()))

    def converter(self) -> Adc | None:
        """The converter at the rows: the forward one's rules, over the sums of columns."""
        readout = self.readout
        if not readout.has_codes:
            return None
        if readout.percentile is None:
            return readout.converter(self._full_range())
        if self.adc is None:
            raise SpecError("readout.range: is calibrated on data: call calibrate(e=...) with errors first")
        return self.adc

    def _full_range(self) -> tuple[float, float]:
        """All columns of one slice driven, all cells full."""
        bipolar = (self.spec.backward_inputs or self.spec.inputs).signed == "bipolar"
        n_weights = self.spec.n_weights_per_row
        if pair_is_driven_at_once(self.spec, bipolar):
            return -float(n_weights), float(n_weights)
        high = n_weights * (1.0 + pedestal(self.spec))
        return (-high if bipolar else 0.0), high
