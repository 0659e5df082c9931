"""The first picture of a page: what most of each row's work is over the whole run, in a few windows of time.

It needs no spans, so that a page of a million of them shows itself as soon as one of a thousand.
"""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.metrics import Result, Spans
from archsim.report.html.floor import tile_of

N_WINDOWS = 1000
MOST_ROWS = 60
"""Rows that a screen shows; and lanes (with curves of units in use) up to which a page opens unfolded."""
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def preview(result: Result, spans: Spans, lanes: Ints, n_curves: int) -> dict[str, Any]:
    """Rows by what they stand for; of each window of each row what takes most of it, and how much of it is work.

    Parameters
    ----------
    result : Result
    spans : Spans
    lanes : int64[n]
        Those that the page shows.
    n_curves : int
        Rows beside them.

    Returns
    -------
    dict
        ``by``, "layer" or "stage"; ``rows``, tiles (-1 for the chip) where the page opens folded, else lanes;
        ``n`` windows; ``most`` and ``cover``, bytes of all windows of the first row, then of the next, in base64:
        a number of the names of `by`, and the part of the row's time that is work in 1/255.
    """
    by = "stage" if len(np.unique(result.graph.stage)) > 1 else "layer"
    row_of_lane, rows = _rows(result, spans, lanes, len(lanes) + n_curves > MOST_ROWS)
    row = row_of_lane[spans.lane] if spans.n_spans else np.zeros(0, np.int64)
    kept = np.flatnonzero(row >= 0)
    kinds = (spans.stage if by == "stage" else spans.layer)[kept]
    n_kinds = max(1, len(spans.stage_names if by == "stage" else spans.layer_names))
    work = _work(row[kept] * n_kinds + kinds, len(rows) * n_kinds, spans, kept, max(1, result.latency_ps))
    work = work.reshape(len(rows), n_kinds, N_WINDOWS)
    n_lanes = np.bincount(row_of_lane[row_of_lane >= 0], minlength=len(rows))[:, None]
    cover = np.minimum(1.0, work.sum(axis=1) / np.maximum(1, n_lanes))
    most = work.argmax(axis=1) if len(rows) else np.zeros((0, N_WINDOWS))
    return {
        "by": by, "rows": rows, "n": N_WINDOWS, "most": _bytes(np.minimum(most, 255)),
        "cover": _bytes(np.ceil(255 * cover - 1e-9)),
    }  # fmt: skip


def _rows(result: Result, spans: Spans, lanes: Ints, is_folded: bool) -> tuple[Ints, list[int]]:
    """By lane its row, -1 where it is none of the first; and what each row stands for."""
    names = result.graph.resource_names
    key = np.array([tile_of(names[r]) for r in spans.lane_resource.tolist()], np.int64)
    if not is_folded:
        key = np.arange(spans.n_lanes)
    rows = np.unique(key[lanes])[:MOST_ROWS]
    found = np.full(spans.n_lanes, -1)
    found[lanes] = np.searchsorted(rows, key[lanes])
    found[found >= len(rows)] = -1
    return found, rows.tolist()


def _work(place: Ints, n_places: int, spans: Spans, kept: Ints, end_ps: int) -> Floats:
    """Of each place, how much of each window spans fill, (places, windows)."""
    start = spans.start_ps[kept] * (N_WINDOWS / end_ps)
    end = spans.end_ps[kept] * (N_WINDOWS / end_ps)
    first, last = np.minimum(start.astype(int), N_WINDOWS), np.minimum(end.astype(int), N_WINDOWS)
    change = np.zeros((n_places, N_WINDOWS + 2))
    flat, wide = change.reshape(-1), N_WINDOWS + 2
    # a span raises the level from its first window on, lowers it behind its last; the ends count by their parts
    parts = (first, first + 1 - start), (first + 1, start - first), (last, end - last - 1), (last + 1, last - end)
    for at, amount in parts:
        flat += np.bincount(place * wide + at, amount, minlength=len(flat))[: len(flat)]
    return np.maximum(0.0, np.cumsum(change, axis=1)[:, :N_WINDOWS])


def _bytes(values: NDArray[Any]) -> str:
    return base64.b64encode(values.astype(np.uint8).tobytes()).decode()
