"""Weights on a chip: every product of a network through its crossbar arrays, and updates as writes of cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from archsim.crossbar import CrossbarArray
from archsim.crossbar.counters import Counters
from archsim.errors import WorkloadError
from archsim.names import COPY, FEEDBACK, RECURRENT
from archsim.snn.learn.products import groups_of, matrices
from archsim.snn.learn.run import Tape
from archsim.snn.learn.sent import SentErrors
from archsim.spec import Chip
from archsim.spec.arrays import array_spec
from archsim.spec.cells import Path
from archsim.spec.values import ArraySpec
from archsim.workload.network import Floats, Network


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

    def spec(self, chip: Chip, path: Path = "forward") -> ArraySpec:
        """The arrays of a chip for such inputs on a path; the sign takes one of the bits."""
        magnitude = max(1, self.bits - 1) if self.signed else self.bits
        return array_spec(
            chip, input_bits=magnitude, input_maximum=self.maximum, signed_input=self.signed, path=path
        )


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
        converters whose range data set.
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

    Notes
    -----
    Converters of errors whose range data set are told of typical errors once (`meet`), before the first of them
    is driven; no range depends on a vector that it converts.

    Examples
    --------
    >>> from archsim import load_chip
    >>> from archsim.snn.learn.products import PlainProducts
    >>> from archsim.snn.learn.run import run_batch
    >>> from archsim.workload.network import Dense, Layer, Neuron
    >>> layer = Layer("out", Dense(1), ("input",), (2,), (1,), Neuron("if"), weight=np.array([[1.0, -1.0]]))
    >>> net, x = Network("tiny", (2,), (layer,)), np.ones((3, 1, 2))
    >>> tape = run_batch(net, x, PlainProducts.of(net))
    >>> chip = load_chip("arch_specs/wearable_rram.yaml", ["ideal=true"])
    >>> on_chip = ChipProducts(chip, net, tape, input_bits=8, seed=0)
    >>> on_chip.forward("out", np.array([[1.0, 0.0], [1.0, 1.0]])).round(9).tolist()
    [[1.0], [0.0]]
    """

    keeps_rest: ClassVar[bool] = False

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
        self._positions = {layer.name: prod(layer.out_shape[1:]) for layer in network.layers}
        self.sent = SentErrors(chip, seed, self._positions)
        self._n_batches, self._waiting = 0, dict[str, Floats]()  # the latter: changes that no copy has yet
        self.arrays: dict[str, CrossbarArray] = {}
        self._whose: dict[str, str] = {}  # of matrices that a layer's own errors drive, the layer
        self._seen: Callable[[str, Floats], Floats] | None = None  # what copies hold of the weights, if not these
        self._is_own = False  # whether these copies are written by themselves
        self.passed: set[str] = whose_inputs_learn(network) if backward else set()
        """Keys of weights that errors pass through."""
        self.learned: set[str] = set()
        """Keys of a direct rule's matrices that are written while it learns."""
        copied = self.passed if self._copies else set()
        for index, (key, weight) in enumerate(matrices(network).items()):
            rows = driving(key, tape)
            of_input = InputRange.of(rows, input_bits)
            self._place(key, weight.T, of_input.spec(chip), 2 * index, rows)
            if key in copied:
                self._place(key + COPY, weight, self._errors_spec("backward"), 2 * index + 1, None)

    def _errors_spec(self, path: Path) -> ArraySpec:
        return InputRange(self.chip.execution.error_resolution_bits, 1.0, True).spec(self.chip, path)

    def _place(self, key: str, weights: Floats, spec: ArraySpec, index: int, rows: Floats | None) -> None:
        seed = int(np.random.SeedSequence(self._seed, spawn_key=(index,)).generate_state(1)[0])
        self.arrays[key] = CrossbarArray(spec, weights, seed)
        if rows is not None and spec.readout.percentile is not None:
            self.arrays[key].calibrate(rows if rows.any() else np.full((1, len(weights)), spec.inputs.maximum))

    def begin(self, n_samples: int) -> None:
        """A batch of so many samples begins: their errors are those of a mean over all."""
        self.sent.begin(n_samples)
        self._n_batches += 1

    def part(self, n_samples: int) -> None:
        """So many samples of the batch pass together, next."""
        self.sent.n_together = n_samples

    def meet(self, errors: Mapping[str, Floats], n_samples: int = 1) -> None:
        """Set scales of errors, and the ranges of what converts them, from some that are typical.

        Parameters
        ----------
        errors : mapping of str to array (n, columns)
            As :func:`archsim.snn.learn.calibration.typical_errors` gives them. Where all are zero, every line is
            driven in full.
        n_samples : int
            Over which they are a mean.
        """
        own = {key: found for key, found in errors.items() if key not in self._whose}
        self.sent.meet(own, n_samples)
        typical = SentErrors(self.chip, self._seed, self._positions)  # what is seen here is no part of a batch
        typical.meet(own, n_samples)
        typical.begin(n_samples)
        driven = self.passed | {key for key in self.arrays if key.endswith(FEEDBACK)}
        for key, found in errors.items():
            whose = self._whose.get(key, key)
            at = key if key in self.arrays else whose
            if at not in driven:
                continue
            sent = typical.of(whose, found)
            unit = sent.unit if sent.unit.any() else np.ones_like(sent.unit[:1])
            array, from_columns = self._driven_by_errors(at)
            if (array.spec.backward_readout or array.spec.readout).percentile is not None:
                array.calibrate(**{"e" if from_columns else "x": unit})

    def _driven_by_errors(self, key: str) -> tuple[CrossbarArray, bool]:
        """The arrays that errors of a key drive, and whether from their columns."""
        if key + COPY in self.arrays:
            return self.arrays[key + COPY], False
        return self.arrays[key], not key.endswith(FEEDBACK)

    def add_feedback(
        self, feedback: Mapping[str, Floats], driven_by: InputRange | None = None, *, of_layers: bool = False,
        learns: bool = False,
    ) -> None:  # fmt: skip
        """Program a rule's matrices (outputs, inputs), of DFA (neurons, classes): once, unless it `learns`.

        `driven_by` says what drives them, errors if it is not given; `of_layers`, whether these are the errors of
        the layers that they are named by, and not one error for all of them.
        """
        self._whose |= {name + FEEDBACK: name for name in feedback} if of_layers else {}
        self.learned |= {name + FEEDBACK for name in feedback} if learns else set()
        spec = self._errors_spec("feedback") if driven_by is None else driven_by.spec(self.chip, "feedback")
        n_keys = sum(not key.endswith(COPY) for key in self.arrays)
        first = (4 if self._copies else 2) * n_keys
        for index, (name, matrix) in enumerate(feedback.items()):
            self._place(name + FEEDBACK, matrix.T, spec, first + index, None)

    def as_sent(self, name: str, errors: Floats) -> Floats:
        """Errors (n, columns) of a layer as codes of the chip's bits, times what these stand for."""
        return self.sent.received(name, errors)

    def add_copies(self, seen: Callable[[str, Floats], Floats]) -> None:
        """Program a second set of arrays, which holds what `seen` makes of the weights (columns, rows) of a key.

        It follows their updates as the copy of `execution.feedback` does, whatever that is.
        """
        self._seen, self.passed = seen, whose_inputs_learn(self.network)
        self._whose |= {key + FEEDBACK: key for key in self.passed}
        for index, (key, weight) in enumerate(matrices(self.network).items()):
            if key in self.passed:
                self._place(key + COPY, seen(key, weight), self._errors_spec("backward"), 2 * index + 1, None)

    def add_backward(self, matrices: Mapping[str, Floats]) -> None:
        """Program matrices (columns, rows) that carry errors of some keys down, and are written by themselves."""
        self._is_own, self.passed = True, set(matrices)
        self._whose |= {key + FEEDBACK: key for key in matrices}
        for index, (key, matrix) in enumerate(matrices.items()):
            self._place(key + COPY, matrix, self._errors_spec("backward"), 2 * index + 1, None)

    def forward(self, key: str, rows: Floats) -> Floats:
        """``rows @ W.T`` as the arrays compute it."""
        return self.arrays[key].mvm(rows)

    def backward(self, key: str, error: Floats) -> Floats:
        """``error @ W``, through the second set of arrays or the same from their columns.

        Raises
        ------
        WorkloadError
            Recurrent weights carry errors from timestep to timestep, and errors wait until the sample is over.
        """
        if key.endswith(RECURRENT) and self.chip.execution.quantiser.waits_for_sample:
            raise WorkloadError(
                f"{key} carries errors from timestep to timestep, and execution.errors.over: sample keeps them "
                "until the sample is over; leave it out (over: timestep)"
            )
        return self._scaled(key, error)

    def project(self, name: str, error: Floats) -> Floats:
        """``error @ B.T`` through the arrays of a fixed matrix."""
        return self._scaled(name + FEEDBACK, error)

    def _scaled(self, key: str, error: Floats) -> Floats:
        """A product of errors, which digital logic scales to the full range of the drivers first."""
        sent = self.sent.of(self._whose.get(key, key), error)
        array, from_columns = self._driven_by_errors(key)
        if not sent.unit.any():
            return np.zeros((len(error), array.shape[0 if from_columns else 1]))
        if not array.is_calibrated[from_columns]:
            raise WorkloadError(
                f"{key}: what converts its errors has no range yet; call meet with errors of a training batch "
                "(archsim.snn.learn.calibration.typical_errors), or choose kind fixed or full of "
                "adc.conversion.range"
            )
        product = array.mvm_transposed(sent.unit, maximum=1.0) if from_columns else array.mvm(sent.unit)
        return product * sent.largest

    def update(self, key: str, delta: Floats) -> None:
        """Change the weights of a key by ``delta`` (columns, rows); a copy follows when it is due.

        With `archsim.names.COPY` behind it, what was given to `add_backward`.
        """
        if delta.any():
            self.arrays[key].update(delta if key.endswith(COPY) else delta.T)
        if key + COPY not in self.arrays or self._is_own:
            return
        waiting = self._waiting.pop(key, 0.0) + delta
        if self._n_batches % self.chip.execution.n_copy_every:
            self._waiting[key] = waiting
        elif waiting.any():
            copy = self.arrays[key + COPY]
            copy.update(waiting if self._seen is None else self.asked_back(key) - copy.wanted)

    def asked_back(self, key: str) -> Floats:
        """(columns, rows): what errors are to be multiplied by."""
        if self._is_own:
            return self.asked(key + COPY)
        return self.asked(key) if self._seen is None else self._seen(key, self.asked(key))

    def put(self, key: str, values: Floats) -> None:
        """Have the cells of a key hold other weights (columns, rows), as near as their levels come."""
        self.update(key, np.asarray(values - self.asked(key)))

    def asked(self, key: str) -> Floats:
        """Weights that the cells were asked to hold: (columns, rows), of those from `add_backward` too."""
        wanted = self.arrays[key].wanted
        return wanted if key.endswith(COPY) else wanted.T

    def has_waiting(self, key: str) -> bool:
        """Whether a change waits for the copy of a key."""
        return key in self._waiting

    def read(self, key: str) -> Floats:
        """Weights that the conductances of the forward arrays stand for now: (columns, rows)."""
        return self.arrays[key].weights.T

    def step_of(self, key: str) -> Floats:
        """The smallest change that can be written, for every weight (columns, rows); 0 for a continuum."""
        steps = step_of(self.arrays[key])
        return steps if key.endswith(COPY) else steps.T

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


def driving(key: str, tape: Tape) -> Floats:
    """Inputs of the rows of a key, as vectors."""
    if key.endswith(RECURRENT):
        own = tape.outputs[key.removesuffix(RECURRENT)]
        return own.reshape(own.shape[0] * own.shape[1], -1)
    rows = tape.rows[key]
    return rows.reshape(-1, rows.shape[3])
