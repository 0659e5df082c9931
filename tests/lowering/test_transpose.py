"""Rows of the transposed copy are columns of the gradients: read word by word for them, or turned round."""

from __future__ import annotations

import pytest
from lowering_support import counts, n_tasks

from archsim.engine import run_tasks
from archsim.verify import verify

ONE_TILE = ["tile.pes=8", "pe.crossbars=8", "tile.gradient_buffer.width=64 bit"]
TRANSPOSER = (
    "tile.transposer={cycle: 2 ns, cost: {model: cited, energy: 0.5 pJ, area: 1000 um2, leakage: 0.1 uW, "
    "source: made up for a test}}"
)
UPDATES = 1
# arrays of 8 rows and 4 weights a row; a word of 64 bit holds 4 gradients, one row of a block
# copy of b (12 inputs, 9 outputs): 3 blocks of columns, each over rows 0..8 and 8..9; of out: 9 inputs, 3 outputs
COPY_ROWS = {"b": 3 * (8 + 1), "out": 3 * 3}
COPY_GRADIENTS = {"b": 12 * 9, "out": 9 * 3}


def spent_pj(low, action):
    graph, found = low.graph, {}
    for index, count in zip(graph.action.tolist(), graph.count.tolist(), strict=True):
        if graph.action_names[index] == action:
            for charge in low.actions[action].charges:
                found[charge.component] = found.get(charge.component, 0.0) + count * charge.energy_pj
    return found


def test_without_a_transposer_each_gradient_of_a_copy_is_read_out_of_a_word_of_its_own(lowered):
    low = lowered("dense", "bp", ONE_TILE)
    price = low.parts.gradient_buffer.price
    found = spent_pj(low, "load_gradient@strided")
    n = UPDATES * sum(COPY_GRADIENTS.values())
    # only the 16 bits go over the bus, four gradients in a beat
    assert found == pytest.approx({"gradient_buffer": n * price.read_energy_pj, "tile_bus": n / 4 * 3.456})
    for layer, n_rows in COPY_ROWS.items():
        own_rows = {"b": 12 * 3, "out": 9 * 1}[layer]  # 12 and 9 inputs: 3 and 1 blocks side by side
        assert n_tasks(low, "load_gradient", layer=layer) == UPDATES * (own_rows + n_rows)


def test_a_transposer_takes_in_each_word_once_and_gives_out_rows(lowered):
    low = lowered("dense", "bp", [*ONE_TILE, TRANSPOSER])
    assert "load_gradient@strided" not in low.actions
    # b: of 3 arrays of 4 inputs, words of 4 outputs: 0..4, 4..8, and 8..9; out: one word of 3 outputs
    n_words = {"b": 3 * 3 * 4, "out": 9 * 1}
    for layer, n in n_words.items():
        assert counts(low, layer=layer, stage="update")["transpose"] == UPDATES * n
    n = UPDATES * sum(n_words.values())
    read_pj = low.parts.gradient_buffer.price.read_energy_pj
    assert spent_pj(low, "transpose") == pytest.approx({"transposer": n * 0.5, "gradient_buffer": n * read_pj})
    n_rows = UPDATES * sum(COPY_ROWS.values())
    assert spent_pj(low, "load_gradient@transposed") == pytest.approx({"tile_bus": n_rows * 3.456})
    assert n_tasks(low, "transpose") < n_rows
    verify(low.graph, run_tasks(low.graph))


def test_a_transposed_word_is_read_before_its_rows_are_loaded_and_the_next_after(lowered):
    low = lowered("dense", "bp", [*ONE_TILE, TRANSPOSER])
    graph, trace = low.graph, run_tasks(low.graph)
    names = [graph.action_names[action] for action in graph.action.tolist()]
    turned = [task for task, name in enumerate(names) if name == "transpose"]
    rows = [task for task, name in enumerate(names) if name == "load_gradient@transposed"]
    for task, later in zip(turned, [*turned[1:], len(names)], strict=True):
        own = [row for row in rows if task < row < later]
        assert 1 <= len(own) <= 4
        assert all(trace.start_ps[row] >= trace.done_ps[task] for row in own)
        if later < len(names):
            assert trace.start_ps[later] >= max(trace.done_ps[row] for row in own)


@pytest.mark.parametrize(("phase", "options"), [
    ("dfa", []), ("bp", ["execution.feedback=transposable", "crossbar.transpose=shared"]),
])  # fmt: skip
def test_without_a_copy_nothing_is_turned_round(lowered, phase, options):
    low = lowered("dense", phase, [*ONE_TILE, TRANSPOSER, *options])
    assert counts(low)["transpose"] == 0
    assert {name for name in low.actions if name.startswith("load_gradient")} == {"load_gradient"}


def test_a_transposer_stands_in_every_tile(lowered):
    low = lowered("dense", "bp", [TRANSPOSER])
    (item,) = [item for item in low.parts.items() if item.component == "transposer"]
    assert (item.n, item.area_um2, item.leakage_uw) == (low.mapping.n_tiles, 1000.0, 0.1)
