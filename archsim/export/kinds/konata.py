"""Kanata's log, for the pipeline viewer Konata: a row for each timestep of each sample.

Format: docs/kanata-log-format.md in github.com/shioyadan/Konata (version 0004).
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from archsim.export.format import Format
from archsim.export.writing import packed_file
from archsim.names import NONE
from archsim.registry import EXPORTS

if TYPE_CHECKING:
    from archsim.metrics import Result

Ints = NDArray[np.int64]
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0"})
_WHOLE = "X"  # Konata draws arrows only between stages with a capital X in their name
# within a cycle: what ends, what begins, what arrives, what begins and ends at once, what is over
_END, _BEGIN, _START, _END_AT_ONCE, _OVER = range(5)


@EXPORTS.register
class Konata(Format):
    """For the pipeline viewer Konata."""

    kind = "konata"
    suffixes = (".kanata", ".konata")
    writes = "stages"

    def write(self, result: Result, path: str | Path) -> int:
        return write_konata(result, path)


def write_konata(result: Result, path: str | Path) -> int:
    """Write a Kanata log in which a timestep of a sample is an "instruction", and a layer is a stage of it.

    A stage lasts from the first start to the last end of the layer's tasks at that timestep; in a run of several
    stages, each stage of a layer is a stage. Stages at the same time stand in different lanes of the row, from
    the lowest free one; lane 0 is the stage "X", the whole timestep. Arrows lead to it from the timesteps whose
    results a timestep waits for: Konata draws them from the end to the begin of stages with a capital X in their
    name, so a layer's own is written small. Its file picker shows .log, .txt and .gz. Work without a
    timestep, such as writing weights, has a row of its own for each sample. A cycle is the greatest common
    divisor of all times; the label says how many picoseconds that is.

    Parameters
    ----------
    result : Result
    path : str or path
        Compressed if it ends in ``.gz``; Konata reads both.

    Returns
    -------
    int
        How many stages of layers were written.

    Raises
    ------
    ArchsimError
        The file cannot be written.
    """
    row, stage = _rows(result), _stages(result)
    n_stages = int(stage.max(initial=0)) + 1
    keys, group = np.unique(row * n_stages + stage, return_inverse=True)
    trace = result.trace
    first, last = np.full(len(keys), np.iinfo(np.int64).max), np.zeros(len(keys), np.int64)
    np.minimum.at(first, group.reshape(-1), trace.start_ps)
    np.maximum.at(last, group.reshape(-1), trace.done_ps)
    cycle_ps = int(np.gcd.reduce(np.concatenate([first, last]))) or 1 if len(keys) else 1
    # ids count up in the order in which rows begin
    begins, ends = _extents(keys // n_stages, first, last)
    number = np.empty(len(begins), np.int64)
    number[np.lexsort((np.arange(len(begins)), begins))] = np.arange(len(begins))
    lines = _commands(result, number, begins, ends, row, keys, n_stages, first, last, cycle_ps)
    with packed_file(path) as file:
        file.write("\n".join(["Kanata\t0004", "C=\t0", *lines]).encode() + b"\n")
    return len(keys)


def _rows(result: Result) -> Ints:
    """Which row each task belongs to: by sample and timestep."""
    graph = result.graph
    key = graph.sample.astype(np.int64) * 2**32 + graph.timestep
    _, row = np.unique(key, return_inverse=True)
    return np.asarray(row, np.int64).reshape(-1)


def _stages(result: Result) -> Ints:
    """Which stage each task belongs to: by layer and stage."""
    graph = result.graph
    return np.asarray(graph.layer.astype(np.int64) * max(1, len(graph.stage_names)) + graph.stage)


def _extents(row: Ints, first: Ints, last: Ints) -> tuple[Ints, Ints]:
    n = int(row.max(initial=-1)) + 1
    begins, ends = np.full(n, np.iinfo(np.int64).max), np.zeros(n, np.int64)
    np.minimum.at(begins, row, first)
    np.maximum.at(ends, row, last)
    return begins, ends


def _commands(
    result: Result, number: Ints, begins: Ints, ends: Ints, row: Ints, keys: Ints, n_stages: int, first: Ints,
    last: Ints, cycle_ps: int,
) -> list[str]:  # fmt: skip
    """All commands, ordered by cycle, with a C between cycles."""
    from archsim.metrics.spans import lowest_free

    events: list[tuple[int, int, int, list[str]]] = []
    names = _stage_names(result)
    waits = _dependencies(result, row, number, begins)
    labels = _labels(result, row, cycle_ps)
    for r, n in enumerate(number.tolist()):
        begin = [f"I\t{n}\t{n}\t{labels[r][0]}", f"L\t{n}\t0\t{labels[r][1]}", f"L\t{n}\t1\t{labels[r][2]}"]
        begin += [f"S\t{n}\t0\t{_WHOLE}", *(f"W\t{n}\t{producer}\t0" for producer in waits[n])]
        events.append((int(begins[r]), _BEGIN, n, begin))
        events.append((int(ends[r]), _OVER, n, [f"E\t{n}\t0\t{_WHOLE}", f"R\t{n}\t{n}\t0"]))
    bounds = np.searchsorted(keys // n_stages, np.arange(len(number) + 1))
    for r, n in enumerate(number.tolist()):
        mine = np.arange(bounds[r], bounds[r + 1])
        mine = mine[np.lexsort((mine, last[mine] > first[mine], first[mine]))]
        lanes = lowest_free(first[mine].tolist(), last[mine].tolist(), [1] * len(mine))
        for g, lane in zip(mine.tolist(), lanes, strict=True):
            what = f"{n}\t{lane + 1}\t{names[int(keys[g]) % n_stages]}"
            begin_ps, end_ps = int(first[g]), int(last[g])
            end = _END if end_ps > begin_ps else _END_AT_ONCE
            start = _START if end_ps > begin_ps else _END_AT_ONCE
            events += [(begin_ps, start, n, [f"S\t{what}"]), (end_ps, end, n, [f"E\t{what}"])]
    events.sort(key=lambda event: event[:2])
    lines, now = [], 0
    for time, _, _, commands in events:
        if time > now:
            lines.append(f"C\t{(time - now) // cycle_ps}")
            now = time
        lines += commands
    return lines


def _stage_names(result: Result) -> list[str]:
    graph = result.graph
    several = len(set(graph.stage.tolist())) > 1
    return [
        stage_name(" ".join(part for part in (layer, stage if several else "") if part))
        for layer in graph.layer_names
        for stage in graph.stage_names or ("",)
    ]


def stage_name(text: str) -> str:
    """A stage's name, by which Konata leads no arrow to it.

    Examples
    --------
    >>> stage_name("maXpool"), stage_name("")
    ('maxpool', '(none)')
    """
    return plain_text(text or NONE).replace(_WHOLE, _WHOLE.lower())


def _labels(result: Result, row: Ints, cycle_ps: int) -> list[tuple[int, str, str]]:
    """By row: thread (the sample), label, text that is shown on hover."""
    graph = result.graph
    _, one, count = np.unique(row, return_index=True, return_counts=True)
    labels = []
    for task, n in zip(one.tolist(), count.tolist(), strict=True):
        sample, timestep = int(graph.sample[task]), int(graph.timestep[task])
        parts = [f"sample {sample}" if sample >= 0 else "all samples"]
        parts.append(f"timestep {timestep}" if timestep >= 0 else "no timestep")
        hover = f"{plain_text(result.name)}, {plain_text(result.phase)}: {n} tasks; a cycle is {cycle_ps} ps"
        labels.append((max(0, sample), ", ".join(parts), hover))
    return labels


def _dependencies(result: Result, row: Ints, number: Ints, begins: Ints) -> dict[int, list[int]]:
    """By number of a row: the rows it waits for that began before it."""
    graph = result.graph
    owner = np.repeat(np.arange(graph.n_tasks), np.diff(graph.after_ptr))
    consumer, producer = row[owner], row[graph.after_idx]
    earlier = begins[producer] < begins[consumer] if len(owner) else np.zeros(0, bool)
    pairs = np.unique(np.stack([number[consumer[earlier]], number[producer[earlier]]], axis=1), axis=0)
    waits: dict[int, list[int]] = defaultdict(list)
    for n, other in pairs.tolist():
        waits[n].append(other)
    return waits


def plain_text(text: str) -> str:
    r"""A text without tabs and line breaks, which separate commands: with ``\t``, ``\n``, ``\r``, ``\\`` instead.

    Examples
    --------
    >>> print(plain_text("a\tb"))
    a\tb
    """
    return text.translate(_ESCAPES)
