"""On-chip adaptation in numbers: program a chip with a trained network, measure the accuracy lost, adapt."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from archsim.crossbar.cells import Cells
from archsim.crossbar.counters import Counters
from archsim.errors import WorkloadError
from archsim.registry import RULES
from archsim.snn.activity import Activity
from archsim.snn.data import LearningData, Samples
from archsim.snn.learn.calibration import typical_errors
from archsim.snn.learn.chip import ChipProducts
from archsim.snn.learn.epochs import Progress, evaluate, train_epochs
from archsim.snn.learn.one_thread import one_thread
from archsim.snn.learn.pretraining import Tell, recipe_of
from archsim.snn.learn.products import PlainProducts, matrices
from archsim.snn.learn.read_errors import read_errors
from archsim.snn.learn.recording import Recorder
from archsim.snn.learn.run import run_batch
from archsim.snn.learn.trainer import Labels, LearnedRule
from archsim.snn.learn.writing import ThresholdWriting
from archsim.snn.windows import Array
from archsim.spec import Chip
from archsim.units import seconds
from archsim.workload import Workload
from archsim.workload.learning import AdaptModel
from archsim.workload.network import Floats, Network

Writes = NDArray[np.int64]
_CALIBRATION = 16  # windows that tell ranges of inputs and converters


@dataclass(frozen=True)
class Adapted:
    """One adaptation with one rule.

    Parameters
    ----------
    rule : str
        One of `archsim.registry.RULES`.
    before, after : float
        Accuracy on the test part of the target domain, on the chip.
    ideal_after : float
        The same adaptation in ideal arithmetic.
    network : Network
        With what the conductances mean afterwards.
    n_steps, n_windows : int
        Updates, and windows that were learned from (every pass counts).
    written_frac : float
        Part of the asked changes that pulsed a cell; 0 where none was asked for.
    cells_by_writes : array of int
        How many cells got 0, 1, 2, … pulses while adapting (all arrays together, copies too).
    counters : dict of str to Counters
        What every set of arrays did while adapting.
    activity : Activity
        Spikes, errors and writes that were recorded, for the event simulation.
    pulses_by_update : dict of str to list of int
        For each update "all": pulses that cells got, all arrays together, copies too; and "serial": those that
        come one after the other, as rows are written in turn: Σ over rows of the most pulses of a cell, of the set
        of arrays with most.
    read_errors : dict of str to dict of str to float
        Relative rms error of what is read after it, by path and layer (:mod:`archsim.snn.learn.read_errors`).
    """

    rule: str
    before: float
    after: float
    ideal_after: float
    network: Network
    n_steps: int
    n_windows: int
    written_frac: float
    cells_by_writes: NDArray[np.int64]
    counters: dict[str, Counters]
    activity: Activity
    pulses_by_update: dict[str, list[int]]
    read_errors: dict[str, dict[str, float]]

    @property
    def most_writes(self) -> int:
        """Pulses that the busiest cell got while adapting."""
        return len(self.cells_by_writes) - 1


def program(
    chip: Chip, work: Workload, network: Network, data: LearningData, seed: int, *, backward: bool = False
) -> ChipProducts:
    """A chip with the network's weights; ranges of inputs and converters from training windows.

    `backward` says whether errors will pass through the weights: then they may need a second set of arrays.
    """
    tape = run_batch(network, _calibration(data)[0], PlainProducts.of(network))
    return ChipProducts(chip, network, tape, input_bits=work.input_bits, seed=seed, backward=backward)


def _calibration(data: LearningData) -> tuple[Array, Labels]:
    """Windows of the training part that tell ranges, and their labels."""
    every = max(1, len(data.train) // _CALIBRATION)
    return data.train.inputs[:, ::every], data.train.labels[::every]


@one_thread()
def chip_accuracy(chip: Chip, work: Workload, network: Network, data: LearningData, seed: int) -> float:
    """Accuracy of a trained network on the test part, on a chip that was programmed with it and nothing else."""
    on_chip = program(chip, work, network, data, seed)
    test = data.test
    return evaluate(network, test.inputs, test.labels, on_chip, loss=work.learning.loss).accuracy_frac


@one_thread()
def adapt(
    chip: Chip,
    work: Workload,
    start: Network,
    data: LearningData,
    rule: str,
    seed: int,
    *,
    record: int | Container[int] = 1,
    tell: Tell | None = None,
) -> Adapted:
    """Program a chip with a trained network and let it adapt to the target domain.

    Parameters
    ----------
    start : Network
        Trained.
    record : int or container of int
        What is kept for the event simulation: of how many of the first windows, or of which updates.

    Raises
    ------
    WorkloadError
        The workload has no `learning.adapt`, the split no windows to adapt to, or learning diverges.
    """
    plan, target = _plan(work, data)
    learned: LearnedRule = RULES[rule]()
    on_chip = program(chip, work, start, data, seed, backward=learned.reads_transposed)
    writing = ThresholdWriting(on_chip, threshold=plan.threshold, residual=plan.residual)
    recipe = recipe_of(work, learned.optimizer(work), rule, start, seed, partial(_spread, chip, seed))
    recipe = learned.on_arrays(on_chip, recipe)
    x, labels = _calibration(data)
    on_chip.meet(typical_errors(start, x, labels, recipe), len(labels))
    test = (data.test.inputs, data.test.labels)
    before = evaluate(start, *test, on_chip, loss=work.learning.loss).accuracy_frac
    programmed = {key: array.writes.copy() for key, array in on_chip.arrays.items()}
    on_chip.reset_counters()
    recorder = Recorder(start, on_chip, record)

    pulses: dict[str, list[int]] = {"all": [], "serial": []}
    state = programmed

    def stepped(progress: Progress) -> None:
        nonlocal state
        recorder.written()
        before, state = state, {key: array.writes.copy() for key, array in on_chip.arrays.items()}
        for name, n in _pulses_of(before, state).items():
            pulses[name].append(n)
        if plan.window_time_ps:
            on_chip.age(plan.n_batch * seconds(plan.window_time_ps))
        if tell is not None:
            tell(f"adapting with {rule}", progress)

    done = train_epochs(
        start, target.inputs, target.labels, writing, recipe, n_epochs=plan.passes, batch=plan.n_batch, seed=seed,
        shuffle=False, observe=recorder.observe, progress=stepped,
    )  # fmt: skip
    counters = on_chip.counters()
    of_cells = [(array.writes - programmed[key]).ravel() for key, array in on_chip.arrays.items()]
    after = evaluate(done.network, *test, on_chip, loss=work.learning.loss).accuracy_frac
    return Adapted(
        rule=rule,
        before=before,
        after=after,
        ideal_after=ideal_accuracy(work, start, data, rule, seed, tell),
        network=done.network,
        n_steps=done.n_steps,
        n_windows=plan.passes * len(target),
        written_frac=writing.written_frac,
        cells_by_writes=np.bincount(np.concatenate(of_cells)),
        counters=counters,
        activity=recorder.activity(),
        pulses_by_update=pulses,
        read_errors=read_errors(on_chip, done.network, x, labels, recipe),
    )


def _pulses_of(before: dict[str, Writes], now: dict[str, Writes]) -> dict[str, int]:
    """Pulses of all cells between two states, and those that come one after the other."""
    given = [now[key].astype(np.int64) - before[key] for key in now]
    in_turn = [int(pulses.reshape(len(pulses), -1).max(axis=1).sum()) for pulses in given]
    return {"all": sum(int(pulses.sum()) for pulses in given), "serial": max(in_turn, default=0)}


def _plan(work: Workload, data: LearningData) -> tuple[AdaptModel, Samples]:
    plan = work.learning.adapt
    if plan is None:
        raise WorkloadError(f"{work.name}: learning.adapt is missing: batch and optimizer")
    if data.adapt is None:
        raise WorkloadError(f"{work.name}: the split {data.split!r} leaves nothing to adapt to; choose another")
    return plan, data.adapt


@one_thread()
def ideal_accuracy(
    work: Workload, start: Network, data: LearningData, rule: str, seed: int, tell: Tell | None = None
) -> float:
    """Accuracy on the test part after the same adaptation in ideal arithmetic, without any chip.

    Raises
    ------
    WorkloadError
        As `adapt`.
    """
    plan, target = _plan(work, data)
    key = _made_from(work, start, data, rule, seed)
    if key in _KNOWN:
        return _KNOWN[key]
    products = PlainProducts.of(start)
    learned: LearnedRule = RULES[rule]()
    recipe = recipe_of(
        work, learned.optimizer(work), rule, start, seed, lambda _, shape, rng: rng.normal(size=shape)
    )
    done = train_epochs(
        start, target.inputs, target.labels, products, recipe, n_epochs=plan.passes, batch=plan.n_batch, seed=seed,
        shuffle=False, progress=None if tell is None else partial(tell, f"adapting with {rule}, ideal"),
    )  # fmt: skip
    found = evaluate(done.network, data.test.inputs, data.test.labels, products, loss=work.learning.loss)
    _KNOWN[key] = found.accuracy_frac
    return found.accuracy_frac


_KNOWN: dict[bytes, float] = {}  # no chip changes it, and studies ask for it again with each of many chips


def _made_from(work: Workload, start: Network, data: LearningData, rule: str, seed: int) -> bytes:
    """A digest of all that an adaptation in ideal arithmetic hangs on."""
    found = sha256(repr((work.described, work.learning, rule, seed)).encode())
    for matrix in matrices(start).values():
        found.update(matrix.tobytes())
    for layer in start.layers:
        found.update(b"" if layer.bias is None else layer.bias.tobytes())
    for part in (data.adapt, data.test):
        if part is not None:
            found.update(part.inputs.tobytes())
            found.update(part.labels.tobytes())
    return found.digest()


def _spread(chip: Chip, seed: int, name: str, shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Differences of pairs of the chip's cells, all programmed to the middle of the window (`make_feedback`)."""
    device = chip.device
    of_layer = int(rng.integers(2**31))
    cells = Cells(
        (*shape, 2), g_min_siemens=device.g_min_siemens, g_max_siemens=device.g_max_siemens, errors=device.errors,
        read_pulse_ps=device.read_pulse_ps, seed=np.random.SeedSequence([seed, of_layer]),
        read_voltage_v=device.read_voltage_v,
    )  # fmt: skip
    cells.program(np.full((*shape, 2), (device.g_min_siemens + device.g_max_siemens) / 2))
    conductance = cells.conductance_siemens
    difference: Floats = conductance[..., 0] - conductance[..., 1]
    if not difference.any():
        raise WorkloadError(
            f"layer {name!r}: feedback of kind device needs cells that spread: set device.errors.programming"
        )
    return difference
