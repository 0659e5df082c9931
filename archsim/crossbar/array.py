"""`CrossbarArray`, the numeric model of a crossbar: a matrix of weights on a grid of arrays."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archsim.crossbar.draws import Draws
from archsim.crossbar.grid import Grid
from archsim.crossbar.learned.model import ErrorModel
from archsim.crossbar.learned.sums import model_of_sums
from archsim.crossbar.mvm.inputs import Drive, checked_inputs, digit_max_of, encode, encode_checked, n_cycles_of
from archsim.crossbar.mvm.kernels import compiled_loops
from archsim.crossbar.mvm.reading import Reading
from archsim.crossbar.mvm.readout import (
    adc_for,
    check_readout,
)
from archsim.crossbar.mvm.weights import checked_weights
from archsim.crossbar.readings import Conducting, Setting, forward_reading, seen_by
from archsim.crossbar.readouts.converter import Adc
from archsim.crossbar.readouts.kind import Decider, ReadOut
from archsim.crossbar.transposed import Backward
from archsim.crossbar.wired import check_wires
from archsim.errors import SpecError
from archsim.spec.arrays import array_spec
from archsim.spec.chip import Chip
from archsim.spec.values import (
    ArraySpec,
)

Floats = NDArray[np.float64]

# numbers that a block of vectors may take at a time: it bounds the memory whatever the batch
_BLOCK = 1 << 21
# sums that a calibration looks at
_MOST_CALIBRATED = 1 << 21


class CrossbarArray(Grid):
    """A matrix of weights on as many arrays as it takes.

    Parameters
    ----------
    spec : ArraySpec or Chip
        A chip stands for its arrays with inputs of spikes (:func:`archsim.spec.arrays.array_spec`).
    weights : array_like (n_in, n_out)
        Are programmed at once.
    seed : int
        Of everything random: the same seed and the same calls give the same bits.
    compiled : bool
        Take compiled loops where numba is installed; numpy gives the same bits, slower.

    Attributes
    ----------
    spec : ArraySpec
    shape : (n_in, n_out)
    grid : (n_row_blocks, n_column_blocks)

    Raises
    ------
    SpecError
        Weights that are no finite matrix; a read-out or wires that do not suit the array; a seed that is no whole
        number, 0 or more.

    Notes
    -----
    Every block of rows is read by itself, one cycle of the inputs after the other; sums of its columns are
    converted one by one, shifted and added, and the blocks are added digitally. What gives the sums:

    - no wires: products of digits and cells (a sinh curve bends the digits, as a gated cell switches them);
    - wires and passive linear cells: the exact (or approximate) transfer matrix of each array takes the place of
      its cells. It is computed once and kept until a conductance changes;
    - wires and gated or nonlinear cells: every vector is solved.

    A learned error model (`errors.learned`) errs the sums of both directions before their conversion.

    Read noise is drawn for sums, not for cells, with the same law; the states of telegraph noise stay as they are
    during one call, whose reads pass afterwards.

    Inputs of one bit with a converter take cells as whole numbers, in parts of a level step (2^-24 where the sums
    leave room for it): exact for ideal devices, and for others rounded by less than 1e-6 of the window.

    Examples
    --------
    >>> array = CrossbarArray(ArraySpec(rows=2, columns=4), [[1.0, -0.5], [0.25, 1.0], [-1.0, 0.0]], seed=0)
    >>> array.grid
    (2, 1)
    >>> array.mvm([[1, 0, 1], [1, 1, 0]]).round(12)
    array([[ 0.  , -0.5 ],
           [ 1.25,  0.5 ]])
    >>> array.mvm_transposed([[1.0, 1.0]]).round(12)
    array([[ 0.5 ,  1.25, -1.  ]])
    >>> array.counters.reads  # 2 vectors on 2 arrays; 1 vector, 2 signs of it, 2 polarities on 2 arrays
    12
    """

    def __init__(self, spec: ArraySpec | Chip, weights: ArrayLike, seed: int, *, compiled: bool = True) -> None:
        _check_arguments(spec, seed)
        found = array_spec(spec) if isinstance(spec, Chip) else spec
        check_wires(found)
        w = checked_weights(weights)
        check_readout(found, w.shape[0])
        of_cells, of_reference, of_reads = np.random.SeedSequence(seed).spawn(3)
        super().__init__(found, (w.shape[0], w.shape[1]), of_cells, of_reference)
        self._rng = np.random.default_rng(of_reads)
        self._draws = Draws(int(of_reads.generate_state(1, np.uint64)[0]), compiled=compiled)
        self._compiled = compiled_loops() if compiled else None
        self._seen = {False: seen_by(found, "forward"), True: seen_by(found, "backward")}  # by: backward
        files = {way: seen.errors.learned for way, seen in self._seen.items()}
        models = {file: model_of_sums(file) for file in set(files.values()) if isinstance(file, str)}
        self._learned = {way: models[file] if isinstance(file, str) else None for way, file in files.items()}
        self._adc: Adc | None = None
        self._kept: tuple[tuple[int, int], Reading] | None = None
        self._decider: Decider | None = None
        self._backward = Backward(self.spec, self._layout, differs=self._seen[False] != self._seen[True])
        self.program(w)

    # ------------------------------------------------------------------ writing

    def program(self, weights: ArrayLike) -> None:
        """Write a matrix of the same shape; every cell is written, ranges follow from the weights again.

        Raises
        ------
        SpecError
            No finite matrix, or another shape.
        """
        self._writer.program(checked_weights(weights, self.shape))
        self._kept = None

    def update(self, delta_weights: ArrayLike) -> None:
        """Change weights by so much, within the ranges that they were programmed with.

        Without `errors.update` the sums of weights and changes are kept digitally, and cells whose target changes
        are programmed again. With it cells are pulsed open loop: each change is rounded to pulses, what is less
        than half a pulse is lost, and where cells really land is not looked at.

        Raises
        ------
        SpecError
            No finite matrix, or another shape.
        """
        self._writer.update(checked_weights(delta_weights, self.shape, name="delta_weights"))
        self._kept = None

    # ------------------------------------------------------------------ reading

    def mvm(self, x: ArrayLike) -> Floats:
        """``x @ W`` as the arrays compute it.

        Parameters
        ----------
        x : array_like (n, n_in)
            As `spec.inputs` says; larger inputs than its maximum are driven as the maximum. A tracked range moves
            after the whole batch.

        Returns
        -------
        array (n, n_out)
            In units of ``x @ W``; with sense amplifiers or integrate-and-fire read-out bits or spikes, 0 and 1.
            Membranes keep their state from call to call: one call is one timestep of a batch of n.

        Raises
        ------
        SpecError
            Inputs that are no finite numbers of that shape, or negative ones where `spec.inputs` has no sign; a
            calibrated range before `calibrate`.
        EngineError
            Nonlinear cells between wires that do not converge.
        """
        numbers = checked_inputs(x, self.spec.inputs, self.shape[0])
        reading = self._reading(self._converter())
        parts = self._parts(len(numbers), n_cycles_of(self.spec.inputs))
        before = self._tally.conversions, self._tally.saturations
        found = [self._forward(reading, numbers[part]) for part in parts]
        self._adc = self._followed(self.spec.readout, self._adc, before)
        self._pass_reads(len(numbers) * n_cycles_of(self.spec.inputs))
        return self._decided(found[0] if len(found) == 1 else np.concatenate(found))

    def _forward(self, reading: Reading, numbers: Floats) -> Floats:
        """Outputs, or sums to be decided on, of a part of a batch."""
        drive = encode_checked(numbers, self.spec.inputs)
        self._tally.reads += drive.n_cycles * drive.n * self.grid[0] * self.grid[1]
        self._tally.active_rows += drive.n_active * self.grid[1]
        if self.spec.readout.decides:
            sums = reading.line_sums(drive, reading.floats(drive), reading.reads(drive), 0)
            return np.array(next(sums), dtype=np.float64)
        return reading.outputs(drive)

    def _decided(self, outputs: Floats) -> Floats:
        """Bits or spikes of sums where the read-out asks for them."""
        readout = self.spec.readout
        if not readout.decides:
            return outputs
        if self._decider is None:
            self._decider = readout.decider(outputs.shape)
        return self._decider.decide(outputs)

    def mvm_transposed(
        self, e: ArrayLike, *, maximum: float | None = None, resolution_bits: int | None = None
    ) -> Floats:
        """``e @ W.T`` as the arrays compute it: columns driven, rows read.

        Slices are read one after the other. Where `spec.backward_inputs` (without it, `spec.inputs`) is "bipolar",
        plus and minus columns are driven with e and -e at once; else the parts of e of either sign, and plus and
        minus columns, one after the other. Reference columns rest at 0 V: what an offset adds is removed
        digitally. Where weights of one array have different ranges (scale "column"), the drives of their columns
        make up for it. Wires act as they are, with drivers and grounds at the other ends. Read-outs without codes
        (sense amplifiers, integrate-and-fire) leave backward sums as they are.

        Parameters
        ----------
        e : array_like (n, n_out)
            Of any sign.
        maximum : float, optional
            The number that the largest code stands for; the largest magnitude in `e` by default.
        resolution_bits : int, optional
            Of magnitude; that of `spec.backward_inputs`, or of `spec.inputs`, by default; 0 is analogue.

        Returns
        -------
        array (n, n_in)

        Raises
        ------
        SpecError
            `e` is no finite matrix of that shape; `maximum` or `resolution_bits` make no sense; a calibrated range
            before ``calibrate(e=...)``; gated cells between wires, which no line connects along a row.
        EngineError
            Nonlinear cells between wires that do not converge.
        """
        rules = self._backward.rules(maximum, resolution_bits)
        numbers = checked_inputs(e, rules, self.shape[1], name="e", entries="n_out")
        rules = self._backward.scaled(rules, numbers, maximum)
        adc, bipolar = self._backward.converter(), rules.signed == "bipolar"
        outputs = np.empty((len(numbers), self.shape[0]))
        before = self._tally.conversions, self._tally.saturations
        n_cycles, now = n_cycles_of(rules), self._conducting(backward=True)
        setting = self._setting(backward=True)
        for reading, rows, ratio in self._backward.readings(setting, now, rules, adc):
            for part in self._parts(len(numbers), n_cycles):
                drive = encode_checked(numbers[part] * ratio, rules)
                self._backward.count(self._tally, drive, rows, bipolar)
                outputs[part, rows] = reading.outputs(drive)
        self._backward.adc = self._followed(self._backward.readout, self._backward.adc, before)
        self._pass_reads(len(numbers) * n_cycles * self._backward.n_polarities(bipolar))
        return outputs

    def calibrate(self, x: ArrayLike | None = None, *, e: ArrayLike | None = None) -> None:
        """Fix calibrated ranges: `x` those of `mvm`, `e` those of `mvm_transposed`; nothing is counted.

        A batch with more than about two million sums is represented by vectors evenly spaced in it. Where most
        sums are zero the others tell; where all are, the range is the full one. A full or fixed range stays.

        Raises
        ------
        SpecError
            Inputs as for the products; neither `x` nor `e`; a read-out without codes has no range.
        """
        if x is None and e is None:
            raise SpecError("calibrate: needs a batch of inputs, x, or of errors, e; got neither")
        for asked, readout in ((x, self.spec.readout), (e, self._backward.readout)):
            if asked is not None and not readout.has_codes:
                raise SpecError(f"readout: must be of kind adc to have a range; is {readout.kind}")
        if x is not None:
            numbers = checked_inputs(x, self.spec.inputs, self.shape[0])
            drive = encode(self._sample(numbers, n_cycles_of(self.spec.inputs), self.shape[1]), self.spec.inputs)
            self._adc = adc_for(self.spec, np.concatenate(list(_all_sums(self._reading(None), drive))))
        if e is not None:
            rules = self._backward.rules(None, None)
            numbers = checked_inputs(e, rules, self.shape[1], name="e", entries="n_out")
            rules = self._backward.scaled(rules, numbers, None)
            sample = self._sample(numbers, n_cycles_of(rules), self.shape[0])
            found = []
            for reading, _, ratio in self._backward.readings(
                self._setting(backward=True), self._conducting(backward=True), rules, None
            ):
                found += list(_all_sums(reading, encode(sample * ratio, rules)))
            self._backward.calibrate(np.concatenate(found))

    def _sample(self, numbers: Floats, n_cycles: int, n_out: int) -> Floats:
        per_vector = n_cycles * n_out * sum(self._layout.of_weight) * max(self.grid)
        every = max(1, -(-len(numbers) * per_vector // _MOST_CALIBRATED))
        return numbers[::every]

    def reset_membrane(self) -> None:
        """Empty the membranes of an integrate-and-fire read-out; the next batch may have another size."""
        self._decider = None

    def _reading(self, adc: Adc | None) -> Reading:
        """The forward read as the grid conducts now; transfer matrices are kept until that changes."""
        version = self._version()
        if self._kept is not None and self._kept[0] == version:
            reading = self._kept[1].converting(adc)
        else:
            digit_max = digit_max_of(self.spec.inputs)
            now = self._conducting(backward=False)
            reading = forward_reading(self._setting(backward=False), now, digit_max, adc)
        self._kept = version, reading
        return reading

    def _conducting(self, *, backward: bool) -> Conducting:
        """Kept for each direction: with wires it takes a solution of every array."""
        return self._backward.kept(
            self._version(),
            backward,
            lambda: Conducting.of(self._seen[backward], self._layout, self._cells, self._beside, backward),
        )

    def _setting(self, *, backward: bool) -> Setting:
        how = self._compiled, self._rng, self._draws, self._tally, self._learned[backward]
        return Setting(self._seen[backward], self.weight_map, self._layout, *how)

    def _converter(self) -> Adc | None:
        readout = self.spec.readout
        if not readout.has_codes:
            return None
        if readout.percentile is None:
            return adc_for(self.spec)
        if self._adc is None:
            raise SpecError("readout.range: is calibrated on data: call calibrate with a batch of inputs first")
        return self._adc

    def _followed(self, readout: ReadOut, adc: Adc | None, before: tuple[int, int]) -> Adc | None:
        """A converter after the conversions since `before`, for the next ones."""
        if adc is None:
            return None
        tally = self._tally
        return readout.followed(adc, tally.conversions - before[0], tally.saturations - before[1])

    @property
    def is_calibrated(self) -> tuple[bool, bool]:
        """Whether the ranges of both directions are known, forward and backward."""
        ways = (self.spec.readout, self._adc), (self._backward.readout, self._backward.adc)
        forward, backward = (readout.percentile is None or adc is not None for readout, adc in ways)
        return forward, backward

    @property
    def converter(self) -> Adc | None:
        """The converter of the sums of `mvm`; None where the read-out has no codes.

        Raises
        ------
        SpecError
            A calibrated range before `calibrate`.
        """
        return self._converter()

    @property
    def error_model(self) -> ErrorModel | None:
        """The learned model that errs the sums of `mvm`; None where the errors of cells and wires do."""
        return self._learned[False]

    def _parts(self, n: int, n_cycles: int) -> list[slice]:
        step = max(1, _BLOCK // (n_cycles * max(self.shape)))
        return [slice(start, min(start + step, n)) for start in range(0, max(n, 1), step)]

    def adc_sums(self, x: ArrayLike, row_block: int) -> list[Floats]:
        """Sums that the read-out sees, before conversion, in full cells; nothing is counted.

        Returns
        -------
        list of arrays (n_cycles, n, columns)
            For every line of columns: slices with the least significant first; with `subtract` digital then those
            of the minus columns, or one of the reference columns.

        Raises
        ------
        SpecError
            Inputs as for `mvm`; there is no such block.
        """
        self._check_block(row_block, 0)
        numbers = checked_inputs(x, self.spec.inputs, self.shape[0])
        reading, drive = self._reading(None), encode(numbers, self.spec.inputs)
        lead = drive.digits.shape[:2]
        sums = reading.line_sums(drive, reading.floats(drive), reading.reads(drive), row_block)
        return [np.array(s, dtype=np.float64).reshape(*lead, s.shape[1]) for s in sums]


def _check_arguments(spec: object, seed: object) -> None:
    errors = []
    if not isinstance(spec, ArraySpec | Chip):
        errors.append(f"spec: must be an ArraySpec or a Chip; got {type(spec).__name__}")
    # None would draw a seed that nobody can name afterwards
    if not isinstance(seed, int | np.integer) or isinstance(seed, bool) or seed < 0:
        errors.append(f"seed: must be a whole number, 0 or more; got {seed!r}")
    if errors:
        raise SpecError("\n".join(errors))


def _all_sums(reading: Reading, drive: Drive) -> Iterator[Floats]:
    floats, reads = reading.floats(drive), reading.reads(drive)
    for block in range(len(reading.blocks)):
        for sums in reading.line_sums(drive, floats, reads, block):
            yield np.array(sums, dtype=np.float64).ravel()
