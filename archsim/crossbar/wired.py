"""A grid of arrays with resistive wires: transfer matrices, and the solvers where there is none."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from archsim.crossbar.layout import Layout
from archsim.crossbar.mvm.lines import Lines
from archsim.crossbar.wires import column_currents, effective_conductance
from archsim.crossbar.wires.approximate import approximate_conductance
from archsim.crossbar.wires.gated import gated_currents
from archsim.crossbar.wires.nonlinear import LARGEST_RATIO, nonlinear_currents, small_signal_conductance
from archsim.errors import SpecError
from archsim.spec.cells import Wires
from archsim.spec.values import ArraySpec

Floats = NDArray[np.float64]


def check_wires(spec: ArraySpec) -> None:
    """Refuse circuits that are not modelled.

    Raises
    ------
    SpecError
        Gated cells between wires with bipolar inputs, or with a nonlinear curve; a curve so nonlinear that its
        currents leave double precision.
    """
    errors = []
    if spec.curve is not None and spec.read_voltage_v > LARGEST_RATIO * spec.curve.v0_v:
        errors.append(f"curve.v0: read_voltage must be at most {LARGEST_RATIO:g} times v0")
    is_gated = spec.wires is not None and spec.cell == "gated"
    if is_gated and spec.inputs.signed == "bipolar":
        errors.append("inputs.signed: a gated cell between wires has no negative input; choose two_phase")
    if is_gated and spec.curve is not None:
        errors.append("curve: nonlinear gated cells between wires are not modelled; leave curve or wires out")
    if errors:
        raise SpecError("\n".join(errors))


def is_linear(spec: ArraySpec) -> bool:
    """Whether one matrix holds for all inputs."""
    return spec.wires is None or (spec.cell == "passive" and spec.curve is None)


def transfer(conductance_siemens: Floats, wires: Wires) -> Floats:
    """Transfer matrix of one array, exact or approximate as its wires say."""
    resistances = {"r_driver_ohm": wires.driver_ohm, "r_ground_ohm": wires.ground_ohm}
    if wires.method == "approximate":
        return approximate_conductance(
            conductance_siemens, wires.row_ohm, wires.column_ohm, **resistances
        ).w_siemens
    return effective_conductance(conductance_siemens, wires.row_ohm, wires.column_ohm, **resistances)


def turned(array: Floats) -> Floats:
    """An array seen from its columns: their lower ends are driven, the left ends of the rows are read."""
    return np.ascontiguousarray(array[::-1, ::-1].T)


def turned_wires(wires: Wires) -> Wires:
    """The wires as seen from the columns; drivers and grounds change places with the lines."""
    return wires.model_copy(update={"row_ohm": wires.column_ohm, "column_ohm": wires.row_ohm})


def backward_transfer(conductance_siemens: Floats, wires: Wires) -> Floats:
    """Currents of the rows of one volt on each column, as (rows, columns).

    By reciprocity the transfer matrix of a forward read, where drivers and grounds are equally resistive.
    """
    return turned(transfer(turned(conductance_siemens), turned_wires(wires)))


def transfers(
    cells: Floats, reference: Floats | None, layout: Layout, wires: Wires, backward: bool
) -> tuple[Floats, Floats | None]:
    """Effective conductances of a grid's cells between their wires: same shapes."""
    seen, seen_reference = np.empty_like(cells), None if reference is None else np.empty_like(reference)
    for t, rows in enumerate(layout.row_blocks):
        for b, columns in enumerate(layout.column_blocks):
            picture = layout.picture(cells, reference, t, b)
            found = backward_transfer(picture, wires) if backward else transfer(picture, wires)
            found = found[: rows.stop - rows.start]
            seen[rows, columns] = layout.columns_of(found, b)
            if seen_reference is not None:
                seen_reference[rows, b] = found[:, -1]
    return seen, seen_reference


class Solved:
    """Forward reads of arrays without a transfer matrix: every vector is solved.

    Gated cells between wires are another circuit for every input; nonlinear ones are solved by Newton's method,
    and an EngineError says so where it does not converge.
    """

    def __init__(
        self,
        spec: ArraySpec,
        cells: Floats,
        reference: Floats | None,
        layout: Layout,
        lines: Lines,
        digit_max: int,
    ) -> None:
        assert spec.wires is not None
        self.spec, self.wires, self.layout, self.lines = spec, spec.wires, layout, lines
        self.cells, self.reference, self.digit_max = cells, reference, digit_max

    def sums(self, block: int, digits: NDArray[np.floating]) -> Iterator[Floats]:
        """Lines in full cells."""
        rows = self.layout.row_blocks[block]
        drive = np.zeros((len(digits), self.layout.n_rows))
        drive[:, : rows.stop - rows.start] = digits[:, rows] / self.digit_max
        n_out = self.layout.shape[1]
        columns = np.empty((len(digits), n_out, *self.layout.of_weight))
        reference = None if self.reference is None else np.empty((len(digits), self.layout.grid[1]))
        for b, part in enumerate(self.layout.column_blocks):
            currents = self._currents(self.layout.picture(self.cells, self.reference, block, b), drive)
            columns[:, part] = self.layout.columns_of(currents, b)
            if reference is not None:
                reference[:, b] = currents[:, -1]
        yield from self.lines.merged(columns, reference)

    def _currents(self, picture: Floats, drive: Floats) -> Floats:
        """(n, n_columns) in full cells."""
        spec, wires = self.spec, self.wires
        ends = {"r_driver_ohm": wires.driver_ohm, "r_ground_ohm": wires.ground_ohm}
        if spec.cell == "gated" and wires.supply_along == "rows":
            amperes = switched_rows(picture, drive, spec.read_voltage_v, wires)
        elif spec.cell == "gated":
            amperes = gated_currents(
                picture, drive, spec.read_voltage_v, wires.supply_ohm, wires.column_ohm, **ends
            )
        else:
            amperes = nonlinear(spec, wires, picture, drive)
        return amperes / full_cell_a(spec)


class SolvedBackward:
    """Backward reads of nonlinear cells between wires: one slice (and polarity) driven after the other."""

    def __init__(
        self, spec: ArraySpec, cells: Floats, layout: Layout, ts: list[int], bipolar: bool, digit_max: int
    ) -> None:
        assert spec.wires is not None
        self.spec, self.wires, self.layout = spec, turned_wires(spec.wires), layout
        self.cells, self.ts, self.bipolar, self.digit_max = cells, ts, bipolar, digit_max

    def sums(self, block: int, digits: NDArray[np.floating]) -> Iterator[Floats]:
        """Lines (n, n_in) in full cells."""
        drive = digits[:, self.layout.column_blocks[block]] / self.digit_max
        n_slices, n_polarities = self.layout.of_weight
        merged = n_polarities == 2 and self.bipolar
        for p in range(1 if merged else n_polarities):
            for s in range(n_slices):
                of_cells = np.zeros((*drive.shape, n_slices, n_polarities))
                of_cells[:, :, s, p] = drive
                if merged:
                    of_cells[:, :, s, 1] = -drive
                yield self._rows(block, of_cells.reshape(len(drive), -1))

    def _rows(self, block: int, drive: Floats) -> Floats:
        layout = self.layout
        columns = np.zeros((len(drive), layout.n_columns))
        columns[:, : drive.shape[1]] = drive
        found = []
        for t in self.ts:
            rows = layout.row_blocks[t]
            picture = turned(layout.picture(self.cells, None, t, block))
            amperes = nonlinear(self.spec, self.wires, picture, np.ascontiguousarray(columns[:, ::-1]))
            found.append(amperes[:, ::-1][:, : rows.stop - rows.start])
        return np.concatenate(found, axis=1) / full_cell_a(self.spec)


def switched_rows(picture: Floats, gates: Floats, read_voltage_v: float, wires: Wires) -> Floats:
    """Column currents (n, n_columns) of gated cells that a line along each row feeds: a row that is off is open.

    Gates (n, rows) are the parts of each cell that conduct. Every vector is a circuit of its own.
    """
    lines = np.full((1, len(picture)), read_voltage_v)
    found = np.zeros((len(gates), picture.shape[1]))
    for gate, currents in zip(gates, found, strict=True):
        currents[:] = column_currents(
            picture * gate[:, None], lines, wires.supply_ohm, wires.column_ohm,
            r_driver_ohm=wires.driver_ohm, r_ground_ohm=wires.ground_ohm,
        )[0]  # fmt: skip
    return found


def nonlinear(spec: ArraySpec, wires: Wires, picture: Floats, drive: Floats) -> Floats:
    """Column currents in amperes of nonlinear cells between wires, for parts of the read voltage."""
    assert spec.curve is not None
    solution = nonlinear_currents(
        small_signal_conductance(picture, spec.read_voltage_v, spec.curve.v0_v),
        drive * spec.read_voltage_v,
        wires.row_ohm,
        wires.column_ohm,
        spec.curve.v0_v,
        r_driver_ohm=wires.driver_ohm,
        r_ground_ohm=wires.ground_ohm,
    )
    return np.asarray(solution.checked().current_a)


def full_cell_a(spec: ArraySpec) -> float:
    """Current of a cell at g_max above one at g_min, at the full read voltage."""
    return (spec.g_max_siemens - spec.g_min_siemens) * spec.read_voltage_v


def bent_digits(spec: ArraySpec, digits: Floats, digit_max: int) -> Floats:
    """Digits for which linear cells would draw the current of cells with a sinh curve.

    A conductance is what a verify read at the full read voltage shows, so the full digit stays what it is.
    """
    assert spec.curve is not None
    ratio = spec.read_voltage_v / spec.curve.v0_v
    return np.asarray(digit_max * np.sinh(ratio / digit_max * digits) / np.sinh(ratio))
