"""The arrays that hold one matrix: their cells, their counters, and their state."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archsim.crossbar.cells import Cells
from archsim.crossbar.counters import Counters
from archsim.crossbar.layout import Layout
from archsim.crossbar.mvm.reading import Tally
from archsim.crossbar.mvm.weights import WeightMap, weights_of
from archsim.crossbar.pictures import ir_drop
from archsim.crossbar.updating import Writer
from archsim.errors import SpecError
from archsim.spec.values import ArraySpec

Floats = NDArray[np.float64]


class Grid:
    """The cells that :class:`~archsim.crossbar.array.CrossbarArray` reads and writes.

    Parameters
    ----------
    spec : ArraySpec
    shape : (n_in, n_out)
    of_cells, of_reference : numpy.random.SeedSequence
        Seeds of the cells of weights and of reference columns.
    """

    def __init__(
        self,
        spec: ArraySpec,
        shape: tuple[int, int],
        of_cells: np.random.SeedSequence,
        of_reference: np.random.SeedSequence,
    ) -> None:
        self.spec, self.shape = spec, shape
        self._layout = Layout(shape, spec)
        self.grid = self._layout.grid
        self._cells = self._new_cells((*shape, *self._layout.of_weight), of_cells)
        self._beside = None
        if spec.signed == "offset":
            self._beside = self._new_cells((shape[0], self.grid[1]), of_reference)
        self._writer = Writer(spec, self._cells, self._beside)
        self._tally = Tally()
        self._since = Counters()

    def _new_cells(self, shape: tuple[int, ...], seed: np.random.SeedSequence) -> Cells:
        spec = self.spec
        return Cells(
            shape,
            g_min_siemens=spec.g_min_siemens,
            g_max_siemens=spec.g_max_siemens,
            errors=spec.errors,
            read_pulse_ps=spec.read_pulse_ps,
            seed=seed,
            read_voltage_v=spec.read_voltage_v,
            on_time_ps=spec.on_time_ps,
            pulses=spec.pulses,
        )

    def age(self, seconds: float) -> None:
        """Let time pass without reads or writes: drift, telegraph noise.

        Raises
        ------
        SpecError
            Less than zero seconds, or no finite number.
        """
        self._cells.age(seconds)
        if self._beside is not None:
            self._beside.age(seconds)

    def _version(self) -> tuple[int, int]:
        return self._cells.version, 0 if self._beside is None else self._beside.version

    def _pass_reads(self, n: int) -> None:
        self._cells.pass_reads(n)
        if self._beside is not None:
            self._beside.pass_reads(n)

    @property
    def weight_map(self) -> WeightMap:
        """Targets and ranges of what was programmed or updated last."""
        return self._writer.weight_map

    @property
    def weights(self) -> Floats:
        """(n_in, n_out): what the conductances mean now, wires and read-out aside."""
        beside = None if self._beside is None else self._beside.conductance_siemens
        return weights_of(self._cells.conductance_siemens, beside, self.weight_map)

    @property
    def wanted(self) -> Floats:
        """(n_in, n_out): the weights that were asked for, within their ranges; no level, no error is in them."""
        return self._writer.wanted

    @property
    def writes(self) -> NDArray[np.int64]:
        """(n_in, n_out, S, P): pulses that each cell got since it was made."""
        return self._cells.writes

    @property
    def fault_codes(self) -> NDArray[np.int8]:
        """(n_in, n_out, S, P): :class:`archsim.crossbar.cells.Fault` of each cell, reference columns aside."""
        return self._cells.fault_codes

    @property
    def counters(self) -> Counters:
        """Counters since the array was made, or since `reset_counters`."""
        return self._all_counters() - self._since

    def reset_counters(self) -> None:
        """Count from zero again; `writes` stay, as cells remember them."""
        self._since = self._all_counters()

    def _all_counters(self) -> Counters:
        both = [self._cells] + ([] if self._beside is None else [self._beside])
        t = self._tally
        return Counters(
            reads=t.reads,
            active_rows=t.active_rows,
            conversions=t.conversions,
            saturations=t.saturations,
            pulses=sum(cells.n_pulses for cells in both),
            verify_reads=sum(cells.n_verify_reads for cells in both),
            failed_writes=sum(cells.n_failed for cells in both),
        )

    def array_conductance(self, row_block: int, column_block: int) -> Floats:
        """(rows, columns) of one array in siemens, as it conducts now; 0 where no cell is used.

        Raises
        ------
        SpecError
            There is no such array.
        """
        self._check_block(row_block, column_block)
        beside = None if self._beside is None else np.asarray(self._beside.conductance_siemens)
        return self._layout.picture(np.asarray(self._cells.conductance_siemens), beside, row_block, column_block)

    def array_target(self, row_block: int, column_block: int) -> Floats:
        """(rows, columns) of one array in siemens, as it was meant to be.

        Raises
        ------
        SpecError
            There is no such array.
        """
        self._check_block(row_block, column_block)
        m = self.weight_map
        return self._layout.picture(m.target_siemens, m.reference_siemens, row_block, column_block)

    def ir_drop(self, row_block: int, column_block: int, x_row: ArrayLike | None = None) -> Floats:
        """(rows, columns): part of its row's drive that each cell lacks; NaN where no cell is used or driven.

        Parameters
        ----------
        row_block, column_block : int
        x_row : array_like (rows of the block,), optional
            Inputs, in units of `spec.inputs`, as one analogue drive; all rows at the full voltage by default.

        Raises
        ------
        SpecError
            There is no such array; inputs of another shape; wired cells that are not linear and passive.
        """
        self._check_block(row_block, column_block)
        n_rows = self._layout.row_blocks[row_block].stop - self._layout.row_blocks[row_block].start
        return ir_drop(self.spec, self.array_conductance(row_block, column_block), n_rows, x_row)

    def _check_block(self, row_block: int, column_block: int) -> None:
        place = row_block, column_block
        whole = all(isinstance(index, int | np.integer) for index in place)
        if not (whole and all(0 <= index < n for index, n in zip(place, self.grid, strict=True))):
            there = f"{self.grid[0]} x {self.grid[1]} arrays"
            raise SpecError(f"array [{row_block}, {column_block}] is not on the grid of {there}, counted from 0")
