"""How much memory a run takes, estimated before anything large is built; what does not fit is refused.

A run is checked twice: by its shape (weights, activity, blocks, tiles), and once it is mapped by its tasks (graph,
trace, ledger). All that run or map something come through here: see :mod:`archsim.prepare`.
"""

from __future__ import annotations

import math
from dataclasses import replace

from archsim.engine.long.memory import check_memory, default_max_bytes
from archsim.errors import TooLargeError
from archsim.lowering import lower
from archsim.mapping import Mapping, rules_of
from archsim.mapping.replicas import is_auto, n_free
from archsim.snn import Activity
from archsim.spec import Chip
from archsim.taskgraph import TaskGraphBuilder
from archsim.workload import PROGRAM, Conv, Layer, Workload
from archsim.workload.models import ConstantActivity, FileActivity, RatesActivity

BYTES_PER_TASK = 420
"""Memory of a task that is laid down, played, verified and evaluated, at the peak. Measured as resident memory on
watch_mlp, back-propagation, with the activity: 195 bytes (compiled, 294,432 tasks), 454 (simpy, 149,026 tasks)."""
BYTES_PER_BLOCK = 700
"""A block with its place and spans, and its share of buffers and resources."""
BYTES_PER_TILE = 200
"""A tile that is placed, used or not."""
FIXED_BYTES = 16_000_000
"""Memory of any run: names, prices, a ledger of few rows, and what the interpreter keeps in reserve."""
MOST_BLOCKS = 2**20
"""Blocks of weights that are mapped at most: more than that would take more than about ten seconds."""
MOST_PROBED = 200_000
"""Tasks that are laid down to estimate how many there are: takes a few seconds."""
FEWER = "ask for fewer timesteps or samples, or allow more with max_memory (--max-memory)"


def weights_bytes(work: Workload) -> int:
    """Of the weights that are drawn, with the copies that a forward pass makes; none where activity is given."""
    if isinstance(work.activity, RatesActivity | ConstantActivity | FileActivity):
        return 0
    return 24 * sum(_n_rows(work, layer) * layer.n_columns for layer in work.network.weighted)


def activity_bytes(work: Workload) -> int:
    """Of all spikes, one byte each, twice while they are put together; and what one sample takes as it is made."""
    steps = work.steps
    n_in = math.prod(work.network.input_shape) * work.n_timesteps
    sizes = [n_in, *(layer.n_neurons * steps[layer.name] for layer in work.network.layers)]
    spikes = 2 * work.n_samples * sum(sizes)
    if isinstance(work.activity, RatesActivity | ConstantActivity):
        return spikes + 10 * max(sizes)  # random numbers of one layer
    if isinstance(work.activity, FileActivity):
        return spikes
    return spikes + 17 * work.n_samples * n_in + 24 * sum(sizes)  # inputs as numbers; one forward pass


def n_blocks(chip: Chip, work: Workload, phase: str) -> int:
    """How many blocks the weights of a phase are cut into; a few less, if blocks of few rows are cut at homes.

    Parameters
    ----------
    chip, work : Chip, Workload
    phase : str
        "inference", "program", or the name of a learning rule.
    """
    rows, columns = chip.crossbar.n_rows, chip.crossbar.n_weights_per_row
    rules, total = rules_of(phase, work, chip), 0
    for layer in work.network.weighted:
        groups, taps = (layer.op.groups, math.prod(layer.op.kernel)) if isinstance(layer.op, Conv) else (1, 1)
        by_tap = chip.mapping.convolution == "tap_per_crossbar"
        n_in, n_out = _n_rows(work, layer) // groups, layer.n_columns // groups
        cut = groups * -(-n_in // (rows * (taps if by_tap else 1))) * -(-n_out // columns)
        total += cut * chip.mapping.copies.get(layer.name, 1)
        total += sum(rule.most_blocks(chip, work, layer, _n_rows(work, layer)) for rule in rules)
    return total + (n_free(chip, total) if is_auto(chip) else 0)


def shape_bytes(chip: Chip, work: Workload, phase: str) -> int:
    """Memory of a workload before it is laid down: weights, activity, blocks, tiles.

    Parameters
    ----------
    chip, work : Chip, Workload
    phase : str
        "inference", "program", or the name of a learning rule.
    """
    n_tiles = chip.n_tiles if isinstance(chip.n_tiles, int) else 0
    return (
        FIXED_BYTES + weights_bytes(work) + activity_bytes(work)
        + BYTES_PER_BLOCK * n_blocks(chip, work, phase) + BYTES_PER_TILE * n_tiles
    )  # fmt: skip


def check_shape(chip: Chip, work: Workload, phase: str, max_memory_bytes: int | None) -> None:
    """Refuse a workload whose weights, activity or blocks do not fit; nothing has been built yet.

    Raises
    ------
    TooLargeError
        With what it would need, what is allowed, and what would help.
    """
    blocks = n_blocks(chip, work, phase)
    if blocks > MOST_BLOCKS:
        raise TooLargeError(
            f"{work.name}: its weights take {blocks} blocks of crossbars; {MOST_BLOCKS} are mapped at most; lower "
            "the size of its layers, or raise crossbar.rows and crossbar.columns"
        )
    parts = {
        "the weights": weights_bytes(work), "the activity": activity_bytes(work),
        "the blocks": BYTES_PER_BLOCK * blocks, "what any run takes": FIXED_BYTES,
    }  # fmt: skip
    most = max(parts, key=parts.__getitem__)
    check_memory(
        f"{work.name}: {work.n_samples} x {work.n_timesteps} timesteps, most of it {most},",
        shape_bytes(chip, work, phase), max_memory_bytes,
        f"{FEWER}; with timesteps (--timesteps) a short recording is repeated",
    )  # fmt: skip


def check_mapping(chip: Chip, work: Workload, phase: str, max_memory_bytes: int | None) -> None:
    """Refuse a mapping by itself, without activity, that does not fit; as `check_shape`."""
    one = replace(work, n_samples=1, n_batch=1, activity=ConstantActivity(kind="constant", input=0.0, default=0.0))
    check_shape(chip, one, phase, max_memory_bytes)


def check_tasks(
    chip: Chip, work: Workload, mapping: Mapping, activity: Activity, max_memory_bytes: int | None
) -> None:
    """Refuse a mapped workload whose task graph, trace and ledger would not fit.

    Raises
    ------
    TooLargeError
        With what it would need, what is allowed, and what would help.
    """
    if max_memory_bytes is None and _surely_few(work, mapping):
        return
    check_number(chip, work, mapping.phase, *n_tasks(chip, work, mapping, activity), max_memory_bytes)


def check_number(
    chip: Chip, work: Workload, phase: str, n: int, is_all: bool, max_memory_bytes: int | None
) -> None:
    """Refuse a number of tasks, which are all or only some, as `check_tasks`."""
    some = "some" if is_all else "more than"
    check_memory(
        f"{work.name}: a graph of {some} {n} tasks",
        shape_bytes(chip, work, phase) + n * BYTES_PER_TASK, max_memory_bytes,
        f"{FEWER}; inference with timesteps (--timesteps) can roll on without the whole graph",
    )  # fmt: skip


def tasks_that_fit(chip: Chip, work: Workload, phase: str, max_memory_bytes: int | None) -> int:
    """How many tasks there is room for beside weights, activity and blocks; 1 at least."""
    allowed = default_max_bytes() if max_memory_bytes is None else max_memory_bytes
    return max(1, (allowed - shape_bytes(chip, work, phase)) // BYTES_PER_TASK)


def _surely_few(work: Workload, mapping: Mapping) -> bool:
    """Whether there are so few steps and blocks that asking for the number of tasks would be waste."""
    flow = mapping.flow
    reads = sum(flow.n_steps(name) * (len(p.forward) + len(p.tiles)) for name, p in mapping.plans.items())
    return work.n_samples * reads < MOST_PROBED


def n_tasks(chip: Chip, work: Workload, mapping: Mapping, activity: Activity) -> tuple[int, bool]:
    """About how many tasks all samples have, and whether that is all; else it is a number they surely pass.

    One sample is laid down; where layers have no timesteps of their own, twice with a few, and a line goes through
    both numbers. What is laid down stops at `MOST_PROBED` tasks.

    Returns
    -------
    (int, bool)
    """
    one = replace(work, n_samples=1, n_batch=1)
    if mapping.phase == PROGRAM:  # once, whatever the samples
        return _laid_down(chip, one, mapping, activity)
    least = 2 + max(layer.delay for layer in work.network.layers)
    lengths = (least, 2 * least)
    if not mapping.flow.has_one_rate or activity.n_timesteps <= lengths[1]:
        if mapping.flow.has_one_rate and work.n_timesteps != activity.n_timesteps:
            activity = activity.repeated(work.n_timesteps)
        n, is_all = _laid_down(chip, one, mapping, activity)
        return n * work.n_samples, is_all
    counts: list[int] = []
    for length in lengths:
        shorter = replace(mapping, flow=replace(mapping.flow, n_timesteps=length))
        n, is_all = _laid_down(chip, replace(one, n_timesteps=length), shorter, _last(activity, length))
        if not is_all:
            return n * work.n_samples * max(1, work.n_timesteps // length), False
        counts.append(n)
    each = (counts[1] - counts[0]) / (lengths[1] - lengths[0])
    return round(work.n_samples * (counts[1] + (work.n_timesteps - lengths[1]) * each)), True


def _last(activity: Activity, n_timesteps: int) -> Activity:
    """The last timesteps of a recording, when all layers are awake."""
    return Activity(activity.network, {name: values[:, -n_timesteps:] for name, values in activity.spikes.items()})


def _laid_down(chip: Chip, work: Workload, mapping: Mapping, activity: Activity) -> tuple[int, bool]:
    try:
        return lower(chip, work, mapping, activity, tasks=TaskGraphBuilder(MOST_PROBED)).graph.n_tasks, True
    except TooLargeError:
        return MOST_PROBED, False


def _n_rows(work: Workload, layer: Layer) -> int:
    return layer.n_rows(work.steps[layer.inputs[0]])
