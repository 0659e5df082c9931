"""Layers on crossbars, PEs and tiles."""

from __future__ import annotations

import json
from collections import Counter
from math import ceil

import pytest

from archsim.errors import DoesNotFitError, MappingError
from archsim.mapping import IO
from archsim.mapping.mapping import _traffic

LIF = "neuron: {kind: lif, leak: 0.9}"
A12 = f"name: a, kind: dense, outputs: 12, {LIF}"
B9 = f"name: b, kind: dense, outputs: 9, {LIF}"
OUT = f"name: out, kind: dense, outputs: 3, {LIF}"
PHASES = ["inference", "bp", "dfa"]


def places(blocks) -> list[tuple[int, int, int]]:
    return [(b.tile, b.pe, b.crossbar + i) for b in blocks for i in range(b.n_crossbars)]


@pytest.mark.parametrize(("size", "per_tile", "run"), [(64, 8, 0), (128, 8, 1), (64, 16, 3)])
def test_pes_and_tiles_of_the_vgg9_agree_with_spikesim(chip, workload, reference_dir, size, per_tile, run):
    """SpikeSim: a PE for x input and x output channels, nine crossbars in it; recorded from its own script."""
    from archsim.mapping import map_workload

    recorded = json.loads((reference_dir / "reference" / "spikesim.json").read_text())["runs"][run]
    shape, layers = recorded["inputs"], []
    assert (shape["xbar_size"], shape["pe_per_tile"]) == (size, per_tile)
    channels = list(zip(shape["in_ch_list"], shape["out_ch_list"], strict=True))
    layers = [
        f"name: c{i}, kind: conv2d, channels: {n_out}, kernel: 3, padding: 1, neuron: {{kind: if}}"
        for i, (_, n_out) in enumerate(channels)
    ]
    on = chip(
        f"crossbar.rows={size}",
        f"crossbar.columns={size}",
        "crossbar.cells_per_weight=1",
        "crossbar.signed=unsigned",
        "adc.columns_per_adc=8",
        "write.parallel_cells=8",
        "mapping={convolution: tap_per_crossbar}",
        "pe.crossbars=9",
        f"tile.pes={per_tile}",
    )
    mapping = map_workload(on, workload([3, 4, 4], *layers, timesteps=1), "inference")
    pes = {(b.tile, b.pe) for b in mapping.blocks}
    assert len(pes) == recorded["outputs"]["num_pe"] == sum(ceil(i / size) * ceil(o / size) for i, o in channels)
    assert mapping.n_tiles == recorded["outputs"]["num_tiles"]
    assert mapping.n_crossbars == 9 * len(pes)


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("on", [(), ("pe.crossbars=3", "tile.pes=2"), ("tile.pes=1",)])
def test_blocks_fill_the_crossbars_one_after_the_other(mapped, phase, on):
    mapping = mapped([20], A12, B9, OUT, phase=phase, on=on)
    per_pe, pes = mapping.chip.pe.n_crossbars, mapping.chip.tile.n_pes
    assert places(mapping.blocks) == [
        (i // per_pe // pes, i // per_pe % pes, i % per_pe) for i in range(len(mapping.blocks))
    ]
    assert mapping.n_tiles == ceil(len(mapping.blocks) / (per_pe * pes))
    assert mapping.n_crossbars == len(mapping.blocks) <= mapping.n_crossbars_available


def test_the_blocks_of_a_tap_per_crossbar_lie_within_one_pe(mapped):
    on = ["mapping={convolution: tap_per_crossbar}", "pe.crossbars=10"]
    conv = f"name: a, kind: conv2d, channels: 8, kernel: 2, {LIF}"
    mapping = mapped([16, 3, 3], conv, OUT, on=on)
    # two row times two column blocks of four taps: two in a PE of ten, then the dense layer's one by one
    assert [(b.tile, b.pe, b.crossbar) for b in mapping.plans["a"].forward] == [
        (0, 0, 0),
        (0, 0, 4),
        (0, 1, 0),
        (0, 1, 4),
    ]
    assert len(set(places(mapping.blocks))) == len(places(mapping.blocks))
    assert mapping.plans["out"].forward[0].crossbar == 8


def test_a_pe_too_small_for_the_taps_of_a_kernel_is_told_what_would_help(mapped):
    with pytest.raises(DoesNotFitError) as caught:
        mapped(
            [2, 3, 3],
            f"name: a, kind: conv2d, channels: 3, kernel: 3, {LIF}",
            on=["mapping={convolution: tap_per_crossbar}"],
        )
    assert str(caught.value) == (
        "layer a: crossbars of one PE: needs 9 crossbars, has 4; raise pe.crossbars to one for each kernel tap, "
        "or say mapping.convolution: im2col"
    )


def test_too_few_tiles_are_told_how_many_are_needed_and_what_would_help(mapped):
    # 3 x 3 row and column blocks of a, 2 x 3 of b and 2 x 1 of out: 17 crossbars, 16 on a tile
    assert mapped([20], A12, B9, OUT, on=["tiles=2"]).n_tiles == 2
    with pytest.raises(DoesNotFitError) as caught:
        mapped([20], A12, B9, OUT, on=["tiles=1"])
    assert str(caught.value) == (
        "tiles: needs 2 tiles of 16 crossbars, has 1; raise tiles, tile.pes, pe.crossbars or the crossbar's rows "
        "and columns, or say tiles: auto"
    )


def test_a_replica_of_an_unknown_layer_is_refused_with_the_names_there_are(mapped):
    with pytest.raises(MappingError, match=r"no layer with weights is called c; there are: a, b, out"):
        mapped([20], A12, B9, OUT, on=["mapping={replicas: {c: 2}}"])


def test_only_what_a_phase_reads_is_laid_out(mapped):
    roles = {
        phase: Counter((b.layer, b.role) for b in mapped([20], A12, B9, OUT, phase=phase).blocks)
        for phase in PHASES
    }
    forward = {("a", "forward"): 9, ("b", "forward"): 6, ("out", "forward"): 2}
    assert roles["inference"] == forward
    # transposed: ceil(9/8) x ceil(12/4) and ceil(3/8) x ceil(9/4); the first layer's inputs need no error
    assert roles["bp"] == forward | {("b", "copy"): 6, ("out", "copy"): 3}
    # three errors on a block's rows, four neurons side by side; the last layer sees the error itself
    assert roles["dfa"] == forward | {("a", "feedback"): 3, ("b", "feedback"): 3}


def test_a_transposable_array_needs_no_copy(mapped):
    on = ["execution.feedback=transposable", "crossbar.transpose=shared"]
    assert {b.role for b in mapped([20], A12, B9, OUT, phase="bp", on=on).blocks} == {"forward"}


def test_a_recurrent_first_layer_has_a_copy_for_the_error_to_its_own_past(mapped):
    layer = "name: a, kind: recurrent, outputs: 5, neuron: {kind: lif, leak: 0.9}"
    copy = mapped([3], layer, OUT, phase="bp").plans["a"].copy
    assert sum(b.n_rows * b.n_columns for b in copy) == 5 * 5  # the network's input needs no error


@pytest.mark.parametrize(
    ("phase", "role", "layer", "spread", "stacked"), [("bp", "copy", "out", 3, 2), ("dfa", "feedback", "a", 3, 2)]
)
def test_blocks_of_few_rows_share_crossbars_when_stacked(mapped, phase, role, layer, spread, stacked):
    found = {
        rule: mapped([20], A12, B9, OUT, phase=phase, on=[f"mapping={{few_rows: {rule}}}"])
        for rule in ("spread", "stacked")
    }
    assert found["spread"].crossbars_by_layer[layer, role] == spread
    assert found["stacked"].crossbars_by_layer[layer, role] == stacked  # two times three rows on eight
    blocks = getattr(found["stacked"].plans[layer], role)
    rows: Counter[tuple[int, int, int]] = Counter()
    for block in blocks:
        rows[block.tile, block.pe, block.crossbar] += block.n_rows
    assert max(rows.values()) <= 8
    assert [(b.rows, b.columns) for b in blocks] == [
        (b.rows, b.columns) for b in getattr(found["spread"].plans[layer], role)
    ]
    others = [b for b in found["stacked"].blocks if b not in blocks]
    assert not set(places(others)) & set(places(blocks))


def test_every_output_channel_has_one_home_where_its_first_block_lies(mapped):
    mapping = mapped([20], f"name: a, kind: dense, outputs: 80, {LIF}", OUT)
    plan = mapping.plans["a"]
    spans = sorted(span for home in plan.homes for span in home.channels)
    assert [c for low, high in spans for c in range(low, high)] == [*range(80)]
    for block in plan.forward:
        first = next(b for b in plan.forward if b.columns == block.columns)
        assert plan.home_of(block).tile == first.tile


def test_pooling_runs_where_its_channels_live(mapped):
    mapping = mapped(
        [2, 6, 6],
        f"name: a, kind: conv2d, channels: 80, kernel: 3, {LIF}",
        "name: p, kind: max_pool, kernel: 2",
        OUT,
    )
    assert len(mapping.plans["a"].homes) > 1
    assert mapping.plans["p"].homes == mapping.plans["a"].homes
    assert mapping.plans["p"].tiles == tuple(home.tile for home in mapping.plans["a"].homes)


def test_the_networks_input_is_pooled_on_the_first_tile_with_all_its_channels(mapped):
    plan = mapped([3, 4, 4], "name: p, kind: average_pool, kernel: 2", OUT).plans["p"]
    assert [(home.tile, home.channels) for home in plan.homes] == [(0, ((0, 3),))]


def test_pooled_channels_of_several_inputs_stand_in_the_order_of_the_inputs(mapped):
    conv = f"name: a, kind: conv2d, channels: 2, kernel: 3, padding: 1, {LIF}"
    pool = "name: p, kind: average_pool, kernel: 2, inputs: [{}]"
    for inputs, spans in (("input, a", ((0, 3), (3, 5))), ("a, input", ((0, 2), (2, 5)))):
        plan = mapped([3, 4, 4], conv, pool.format(inputs), OUT).plans["p"]
        assert [home.channels for home in plan.homes] == [spans]


def test_an_unused_tile_gets_a_place_too(mapped):
    mapping = mapped([20], A12, OUT, on=["tiles=6"])
    assert sorted(mapping.interconnect.places) == [*range(6)]
    assert mapping.n_crossbars_available == 6 * 16


def test_mapping_twice_gives_the_same(mapped):
    layers = (f"name: a, kind: dense, outputs: 80, {LIF}", f"name: b, kind: dense, outputs: 70, {LIF}", OUT)
    one, two = (mapped([40], *layers, phase="bp") for _ in range(2))
    assert one.blocks == two.blocks
    assert one.interconnect == two.interconnect
    assert one.buffers == two.buffers
    assert one.n_tiles > 4


def test_placement_weighs_bits_of_spikes_partial_sums_and_the_output(mapped, workload):
    # 4 x 8-bit inputs; ten row blocks of b on tiles 0 to 2; a and out on one tile each
    layers = ("name: a, kind: dense, outputs: 40, " + LIF, OUT)
    mapping = mapped([4], *layers, on=["tile.pes=1"], timesteps=5, input_resolution="8 bit")
    work = workload([4], *layers, timesteps=5, input_resolution="8 bit")
    traffic = _traffic(mapping.chip, work, mapping.flow, mapping.plans)
    a, out = mapping.plans["a"], mapping.plans["out"]
    assert {h.tile: h.n_channels for h in a.homes} == {0: 16, 1: 16, 2: 8}
    assert [b.tile for b in out.forward] == [2, 2, 3, 3, 3]  # rows of eight; the home is tile 2
    assert traffic == {
        (IO, 0): 5 * 4 * 8,
        (IO, 1): 5 * 4 * 8,
        (IO, 2): 5 * 4 * 8,
        (0, 2): 5 * 16,  # spikes of a to out's first two blocks
        (1, 3): 5 * 16,
        (2, 3): 5 * 8,
        (3, 2): 5 * 3 * 3 * 16,  # three blocks' partial sums of three outputs, 16 bits each
        (2, IO): 5 * 3,
    }
