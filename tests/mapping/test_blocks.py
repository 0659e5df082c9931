"""Every weight lies on a crossbar, once."""

from __future__ import annotations

from collections import Counter
from math import ceil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.mapping.blocks import copy_blocks, feedback_blocks, forward_blocks, spans
from archsim.spec import Chip, load_chip
from archsim.workload import INPUT, Conv, Dense, Layer

BASE = load_chip(Path(__file__).parents[2] / "tests" / "chips" / "wearable_rram.yaml")
sizes = st.integers(1, 40)


def chip_of(n_rows: int, n_weights: int, **mapping: object) -> Chip:
    """A chip whose arrays have `n_rows` rows of `n_weights` weights (four columns each)."""
    crossbar = BASE.crossbar.model_copy(update={"n_rows": n_rows, "n_columns": 4 * n_weights})
    rules = BASE.mapping.model_copy(update=mapping)
    return BASE.model_copy(update={"crossbar": crossbar, "mapping": rules})


def dense(n_in: int, n_out: int) -> Layer:
    return Layer("fc", Dense(n_out), (INPUT,), (n_in,), (n_out,))


def conv(channels: int, n_out: int, kernel: tuple[int, ...], groups: int = 1) -> Layer:
    ones = (1,) * len(kernel)
    op = Conv(n_out, kernel, ones, (0,) * len(kernel), ones, groups)
    return Layer("conv", op, (INPUT,), (channels, *(9,) * len(kernel)), (n_out, *(10 - k for k in kernel)))


def cells(blocks) -> Counter[tuple[int, int]]:
    """How often each (row, column) of the matrix is held."""
    return Counter((r, c) for b in blocks for r in range(*b.rows) for c in range(*b.columns))


@given(n_in=sizes, n_out=sizes, rows=st.integers(1, 12), weights=st.integers(1, 12))
def test_every_weight_of_a_dense_layer_lies_in_one_block_and_the_blocks_are_as_few_as_can_be(
    n_in, n_out, rows, weights
):
    layer = dense(n_in, n_out)
    blocks = forward_blocks(layer, layer.n_rows(), chip_of(rows, weights))
    assert cells(blocks) == Counter({(r, c): 1 for r in range(n_in) for c in range(n_out)})
    assert len(blocks) == ceil(n_in / rows) * ceil(n_out / weights)
    assert all(b.n_rows <= rows and b.n_columns <= weights for b in blocks)


@given(
    channels=st.integers(1, 4),
    outputs=st.integers(1, 4),
    groups=st.integers(1, 3),
    kernel=st.lists(st.integers(1, 3), min_size=1, max_size=2),
    rows=st.integers(1, 9),
    weights=st.integers(1, 5),
)
def test_groups_of_a_convolution_lie_on_the_diagonal(channels, outputs, groups, kernel, rows, weights):
    layer = conv(channels * groups, outputs * groups, tuple(kernel), groups)
    taps = 1
    for k in kernel:
        taps *= k
    held = cells(forward_blocks(layer, layer.n_rows(), chip_of(rows, weights)))
    wanted = Counter(
        (row, column)
        for row in range(channels * groups * taps)
        for column in range(outputs * groups)
        if row // (channels * taps) == column // outputs
    )
    assert held == wanted


@given(n_in=sizes, n_out=sizes, rows=st.integers(1, 12), weights=st.integers(1, 12), groups=st.integers(1, 3))
def test_the_copy_is_the_transposed_cover(n_in, n_out, rows, weights, groups):
    layer = conv(n_in * groups, n_out * groups, (1,), groups)
    chip = chip_of(rows, weights)
    forward = cells(forward_blocks(layer, layer.n_rows(), chip))
    copy = copy_blocks(layer, layer.n_rows(), [(0, layer.n_rows())], chip)
    assert cells(copy) == Counter({(column, row): 1 for row, column in forward})
    assert len(copy) == groups * ceil(n_out / rows) * ceil(n_in / weights)


@given(parts=st.lists(st.integers(1, 20), min_size=1, max_size=3), n_error=sizes, rows=st.integers(1, 9))
def test_feedback_blocks_cover_errors_times_neurons_and_stay_within_a_home(parts, n_error, rows):
    stops = [sum(parts[: i + 1]) for i in range(len(parts))]
    homes = [(stop - n, stop) for stop, n in zip(stops, parts, strict=True)]
    blocks = feedback_blocks(dense(3, stops[-1]), n_error, homes, chip_of(rows, 4))
    assert cells(blocks) == Counter({(e, n): 1 for e in range(n_error) for n in range(stops[-1])})
    assert all(any(low <= b.columns[0] and b.columns[1] <= high for low, high in homes) for b in blocks)


def test_replicas_hold_the_whole_matrix_again():
    blocks = forward_blocks(dense(5, 3), 5, chip_of(4, 2, replicas={"fc": 3}))
    assert Counter(b.replica for b in blocks) == {0: 4, 1: 4, 2: 4}
    assert set(cells(blocks).values()) == {3}


def test_a_tap_per_crossbar_takes_whole_channels_and_one_crossbar_for_each_tap():
    layer = conv(10, 6, (3, 3))
    blocks = forward_blocks(layer, layer.n_rows(), chip_of(4, 4, convolution="tap_per_crossbar"))
    assert [(b.rows, b.columns) for b in blocks] == [
        ((0, 36), (0, 4)),
        ((36, 72), (0, 4)),
        ((72, 90), (0, 4)),
        ((0, 36), (4, 6)),
        ((36, 72), (4, 6)),
        ((72, 90), (4, 6)),
    ]
    assert {b.n_crossbars for b in blocks} == {9}


def test_dense_layers_keep_im2col_where_taps_have_crossbars():
    blocks = forward_blocks(dense(8, 4), 8, chip_of(4, 4, convolution="tap_per_crossbar"))
    assert [(b.rows, b.n_crossbars) for b in blocks] == [((0, 4), 1), ((4, 8), 1)]


@pytest.mark.parametrize(("n", "size", "expected"), [(4, 4, [(0, 4)]), (5, 4, [(0, 4), (4, 5)]), (0, 4, [])])
def test_spans_end_with_the_last_thing(n, size, expected):
    assert list(spans(n, size)) == expected
