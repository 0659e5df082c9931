"""Weights on a chip: every product of a network through its crossbar arrays, and updates as writes of cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from archsim.crossbar import CrossbarArray
from archsim.crossbar.counters import Counters
from archsim.errors import WorkloadError
from archsim.names import COPY, RECURRENT
from archsim.snn.learn.products import groups_of, matrices
from archsim.snn.learn.run import Tape
from archsim.spec import Chip
from archsim.spec.arrays import array_spec
from archsim.spec.values import ArraySpec
from archsim.workload.network import Floats, Network

FEEDBACK = ".feedback"  # after a name: a learning rule's fixed matrix


@dataclass(frozen=True)
class InputRange:
    """The input of a layer's rows: spikes, or numbers of `bits` (the sign included) up to `maximum`."""

    bits: int
    maximum: float
    signed: bool

    @classmethod
    def of(cls, rows: Floats, bits: int) -> InputRange:
        """Of measured rows: one bit where they are all 0 or 1, else `bits` over what was seen."""
        if ((rows == 0) | (rows == 1)).all():
            return cls(1, 1.0, False)
        return cls(bits, float(np.abs(rows).max()), bool(rows.min() < 0))

    def spec(self, chip: Chip) -> ArraySpec:
        """The arrays of a chip for such inputs; the sign takes one of the bits."""
        magnitude = max(1, self.bits - 1) if self.signed else self.bits
        return array_spec(chip, input_bits=magnitude, input_maximum=self.maximum, signed_input=self.signed)


class ChipProducts:
    """Products with the weights of a network on the arrays of a chip.

    Parameters
    ----------
    chip : Chip
        Its `execution.feedback` says what a backward product reads: "transposable" the arrays themselves,
        "copy" a second set with the transposed weights and errors of its own, of those weights whose inputs need
        an error.
    network : Network
        With all weights; they are programmed at once.
    tape : Tape
        A run of the network on typical inputs, which tells the range of what drives each layer, and calibrates
        converters whose range is calibrated.
    input_bits : int
        Resolution of inputs that are no spikes, the sign included.
    seed : int
        Every set of arrays draws from a stream of its own.
    backward : bool
        Whether there will be backward products; without any, as with direct feedback, no second set is needed.

    Raises
    ------
    WorkloadError
        A convolution in groups, which the arrays are not laid out for.

    Examples
    --------
    >>> from archsim import load_chip
    >>> from archsim.snn.learn.products import PlainProducts
    >>> from archsim.snn.learn.run import run_batch
    >>> from archsim.workload.network import Dense, Layer, Neuron
    >>> layer = Layer("out", Dense(1), ("input",), (2,), (1,), Neuron("if"), weight=np.array([[1.0, -1.0]]))
    >>> net, x = Network("tiny", (2,), (layer,)), np.ones((3, 1, 2))
    >>> tape = run_batch(net, x, PlainProducts.of(net))
    >>> on_chip = ChipProducts(load_chip("arch_specs/wearable_rram.yaml"), net, tape, input_bits=8, seed=0)
    >>> on_chip.forward("out", np.array([[1.0, 0.0], [1.0, 1.0]])).round(9).tolist()
    [[1.0], [0.0]]
    """

    def __init__(
        self, chip: Chip, network: Network, tape: Tape, *, input_bits: int, seed: int, backward: bool = True
    ) -> None:
        grouped = [layer.name for layer in network.weighted if groups_of(layer) > 1]
        if grouped:
            raise WorkloadError(
                f"layer {', '.join(map(repr, grouped))}: convolutions in groups cannot be learned on arrays; "
                "write them as one convolution for each group"
            )
        self.chip, self.network, self._seed = chip, network, seed
        self._copies = chip.execution.feedback == "copy"
        self.arrays: dict[str, CrossbarArray] = {}
        self._tried: set[str] = set()  # arrays whose converters have met errors
        copied = whose_inputs_learn(network) if self._copies and backward else set()
        for index, (key, weight) in enumerate(matrices(network).items()):
            rows = _driving(key, tape)
            of_input = InputRange.of(rows, input_bits)
            self._place(key, weight.T, of_input.spec(chip), 2 * index, rows)
            if key in copied:
                self._place(key + COPY, weight, self._errors_spec(), 2 * index + 1, None)

    def _errors_spec(self) -> ArraySpec:
        return InputRange(self.chip.execution.error_resolution_bits, 1.0, True).spec(self.chip)

    def _place(self, key: str, weights: Floats, spec: ArraySpec, index: int, rows: Floats | None) -> None:
        seed = int(np.random.SeedSequence(self._seed, spawn_key=(index,)).generate_state(1)[0])
        self.arrays[key] = CrossbarArray(spec, weights, seed)
        if rows is not None and needs_calibration(spec):
            self.arrays[key].calibrate(rows)

    def add_feedback(self, feedback: Mapping[str, Floats], driven_by: InputRange | None = None) -> None:
        """Program a rule's fixed matrices (outputs, inputs), of DFA (neurons, classes), once and for all.

        `driven_by` says what drives them; errors if it is not given.
        """
        spec = self._errors_spec() if driven_by is None else driven_by.spec(self.chip)
        n_keys = sum(not key.endswith(COPY) for key in self.arrays)
        first = (4 if self._copies else 2) * n_keys
        for index, (name, matrix) in enumerate(feedback.items()):
            self._place(name + FEEDBACK, matrix.T, spec, first + index, None)

    def forward(self, key: str, rows: Floats) -> Floats:
        """``rows @ W.T`` as the arrays compute it."""
        return self.arrays[key].mvm(rows)

    def backward(self, key: str, error: Floats) -> Floats:
        """``error @ W``, through the second set of arrays or the same from their columns."""
        if self._copies:
            return self._scaled(key + COPY, error)
        unit, largest = by_largest(error)
        array, bits = self.arrays[key], self.chip.execution.error_resolution_bits - 1
        if not largest.any():
            return np.zeros((len(error), array.shape[0]))
        product = partial(array.mvm_transposed, unit, maximum=1.0, resolution_bits=max(1, bits))
        return self._ranged(key, product, e=unit) * largest

    def project(self, name: str, error: Floats) -> Floats:
        """``error @ B.T`` through the arrays of a fixed matrix."""
        return self._scaled(name + FEEDBACK, error)

    def _scaled(self, key: str, error: Floats) -> Floats:
        """A product of errors; digital logic scales each vector to the full range of the drivers first."""
        unit, largest = by_largest(error)
        array = self.arrays[key]
        if not largest.any():
            return np.zeros((len(error), array.shape[1]))
        return self._ranged(key, partial(array.mvm, unit), x=unit) * largest

    def _ranged(self, key: str, product: Callable[[], Floats], **errors: Floats) -> Floats:
        """A product whose converters have their ranges from the errors before, the first from a trial."""
        array = self.arrays[key]
        if not needs_calibration(array.spec):
            return product()
        if key not in self._tried:
            array.calibrate(**errors)
        self._tried.add(key)
        found = product()
        array.calibrate(**errors)
        return found

    def update(self, key: str, delta: Floats) -> None:
        """Change the weights of a key by ``delta`` (columns, rows); a copy is kept in step."""
        self.arrays[key].update(delta.T)
        if key + COPY in self.arrays:
            self.arrays[key + COPY].update(delta)

    def read(self, key: str) -> Floats:
        """Weights that the conductances of the forward arrays stand for now: (columns, rows)."""
        return self.arrays[key].weights.T

    def step_of(self, key: str) -> Floats:
        """The smallest change that can be written, for every weight (columns, rows); 0 for a continuum."""
        return step_of(self.arrays[key]).T

    def counters(self) -> dict[str, Counters]:
        """Counters of every set of arrays."""
        return {key: array.counters for key, array in self.arrays.items()}

    def reset_counters(self) -> None:
        """Count from zero again."""
        for array in self.arrays.values():
            array.reset_counters()

    def age(self, seconds: float) -> None:
        """Let time pass on all arrays."""
        for array in self.arrays.values():
            array.age(seconds)


def by_largest(error: Floats, axis: int = 1) -> tuple[Floats, Floats]:
    """Errors over the largest of their vector, and that: a vector is all that is there when it is driven.

    Examples
    --------
    >>> unit, largest = by_largest(np.array([[-4.0, 1.0], [0.0, 0.0]]))
    >>> unit.tolist(), largest.tolist()
    ([[-1.0, 0.25], [0.0, 0.0]], [[4.0], [0.0]])
    """
    largest = np.abs(error).max(axis=axis, keepdims=True, initial=0.0)
    return error / np.where(largest > 0, largest, 1.0), largest


def whose_inputs_learn(network: Network) -> set[str]:
    """Keys of weights that an error passes through; recurrent ones carry it to the timestep before."""
    found = {layer.name for layer in network.weighted if any(network.learns(name) for name in layer.inputs)}
    return found | {layer.name + RECURRENT for layer in network.weighted if layer.recurrent}


def step_of(array: CrossbarArray) -> Floats:
    """(n_in, n_out): the weight of one level of a cell, or of one update pulse; 0 where there is neither.

    The least significant slice counts where a weight has several.
    """
    spec, mapped = array.spec, array.weight_map
    unit = mapped.combine().w_unit[np.arange(array.shape[0]) // spec.n_rows]
    if spec.errors.update is not None:
        n_levels = max(spec.n_levels - 1, 1)  # of a continuum the unit is the whole range
        return np.asarray(unit * n_levels / spec.errors.update.n_pulses)
    return np.asarray(unit) if spec.n_levels else np.zeros(array.shape)


def needs_calibration(spec: ArraySpec) -> bool:
    """Whether the converters take their range from data."""
    return spec.readout.kind == "adc" and spec.readout.range.kind == "calibrated"


def _driving(key: str, tape: Tape) -> Floats:
    """Inputs of the rows of a key, as vectors."""
    if key.endswith(RECURRENT):
        own = tape.outputs[key.removesuffix(RECURRENT)]
        return own.reshape(own.shape[0] * own.shape[1], -1)
    rows = tape.rows[key]
    return rows.reshape(-1, rows.shape[3])
