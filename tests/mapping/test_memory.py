"""Buffers are divided so that every user can go on."""

from __future__ import annotations

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.errors import DoesNotFitError
from archsim.mapping import n_bytes, needed_from, rows_of_source
from archsim.mapping.memory import _Book, value_bits
from archsim.mapping.plan import Home
from archsim.workload import INPUT, Conv, Dense, Layer, Network, Neuron, Pool

LIF = "neuron: {kind: lif, leak: 0.9}"
NETWORKS = {
    "dense": ([5], f"name: a, kind: dense, outputs: 12, {LIF}", f"name: out, kind: dense, outputs: 3, {LIF}"),
    "convolutional": (
        [2, 6, 6],
        f"name: a, kind: conv2d, channels: 6, kernel: 3, {LIF}",
        "name: p, kind: sum_pool, kernel: 2",
        f"name: out, kind: dense, outputs: 3, {LIF}",
    ),
    "recurrent": (
        [4],
        "name: a, kind: recurrent, outputs: 11, neuron: {kind: cubalif, leak: 0.9, synapse_leak: 0.5}",
        f"name: out, kind: dense, outputs: 3, inputs: [a, input], {LIF}",
    ),
}
KINDS = ("input", "output", "membrane", "history", "gradient", "global")


@pytest.mark.parametrize("phase", ["inference", "bp", "dfa"])
@pytest.mark.parametrize("network", NETWORKS)
def test_shares_stay_within_the_size_and_every_user_gets_its_least(mapped, workload, network, phase):
    shape, *layers = NETWORKS[network]
    mapping = mapped(shape, *layers, phase=phase)
    plan = mapping.buffers
    demands = _Book(mapping.chip, workload(shape, *layers), mapping.rule, mapping.flow, mapping.plans).demands
    assert set(plan.share_bytes) == {(d.buffer, d.tile, d.user) for d in demands}
    assert len(demands) == len(plan.share_bytes)  # nobody asks twice
    for demand in demands:
        assert plan.share_bytes[demand.buffer, demand.tile, demand.user] >= demand.least_bytes
    for buffer in (f"{kind}_buffer" for kind in KINDS):
        for tile in {d.tile for d in demands if d.buffer == buffer}:
            shared = [n for (b, t, _), n in plan.share_bytes.items() if (b, t) == (buffer, tile)]
            assert sum(shared) <= plan.size_bytes[buffer]


@pytest.mark.parametrize("phase", ["bp", "dfa"])
def test_pooling_sends_no_errors_and_has_no_gradients(mapped, phase):
    shape, *layers = NETWORKS["convolutional"]
    users = {user for _, _, user in mapped(shape, *layers, phase=phase).buffers.share_bytes}
    assert {"error of a", "gradient of a"} <= users
    assert not {"error of p", "gradient of p", "inputs of p"} & users


def test_an_automatic_buffer_is_the_next_power_of_two(mapped):
    plan = mapped([5], f"name: a, kind: dense, outputs: 4, {LIF}").buffers
    # 4 potentials of 16 bits are 8 bytes; 5 input bits are a byte, of which there are to be two
    assert plan.size_bytes["membrane_buffer"] == 8
    assert plan.size_bytes["input_buffer"] == 2
    assert plan.size_bytes["history_buffer"] == plan.size_bytes["gradient_buffer"] == 0


@pytest.mark.parametrize(("width", "n_bytes"), [(16, 8), (64, 8), (24, 9)])
def test_an_exact_buffer_is_what_is_needed_in_whole_words(mapped, width, n_bytes):
    on = [f"tile.membrane_buffer.{key}" for key in ("size=exact", f"width={width} bit")]
    plan = mapped([5], f"name: a, kind: dense, outputs: 4, {LIF}", on=on).buffers
    assert plan.size_bytes["membrane_buffer"] == n_bytes
    five = mapped([5], f"name: a, kind: dense, outputs: 5, {LIF}", on=on).buffers.size_bytes["membrane_buffer"]
    assert five == ceil(10 * 8 / width) * width // 8


def test_a_tailored_tile_has_memories_as_large_as_what_lies_in_them(mapped):
    wide = [f"name: {name}, kind: dense, outputs: {n}, {LIF}" for name, n in (("a", 40), ("b", 3))]
    on = ["tile.membrane_buffer.size=exact", "tile.pes=1", "pe.crossbars=4"]
    uniform, tailored = (mapped([5], *wide, on=[*on, f"tiles={t}"]) for t in ("uniform", "tailored"))
    plan = tailored.buffers
    wished = {}
    for demand in plan.demands:
        key = demand.buffer, demand.tile
        wished[key] = wished.get(key, 0) + demand.liked_bytes
    assert plan.needed_bytes == uniform.buffers.needed_bytes == wished
    width = tailored.chip.tile.membrane_buffer.width_bits // 8
    membranes = {tile: n for (name, tile), n in plan.built_bytes.items() if name == "membrane_buffer"}
    assert len(membranes) > 1
    for tile, size in membranes.items():
        assert size == ceil(wished["membrane_buffer", tile] / width) * width
    assert max(membranes.values()) == plan.size_bytes["membrane_buffer"]
    assert not uniform.buffers.built_bytes
    assert uniform.n_crossbars_available > tailored.n_crossbars_available == uniform.n_crossbars


def test_a_buffer_that_is_exactly_large_enough_fits_and_one_byte_less_does_not(mapped):
    layer = f"name: a, kind: dense, outputs: 4, {LIF}"
    fits = mapped([5], layer, on=["tile.membrane_buffer.size=8 B"]).buffers
    assert fits.share_bytes["membrane_buffer", 0, "a"] == 8
    with pytest.raises(DoesNotFitError) as caught:
        mapped([5], layer, on=["tile.membrane_buffer.size=7 B"])
    assert str(caught.value) == (
        "membrane_buffer of tile 0: needs 8 bytes (a 8), has 7; raise its size or say size: auto, "
        "take fewer crossbars to a tile, or lower its potential"
    )
    assert (caught.value.needed, caught.value.available) == (8, 7)


def test_a_small_global_buffer_is_named_without_a_tile(mapped):
    with pytest.raises(DoesNotFitError, match=r"^global_buffer: needs 8 bytes \(input of a sample 4, out"):
        mapped([5], f"name: a, kind: dense, outputs: 5, {LIF}", on=["global_buffer.size=7 B"])


def test_spare_room_is_shared_in_proportion(mapped):
    layers = (f"name: a, kind: dense, outputs: 4, {LIF}", f"name: b, kind: dense, outputs: 2, {LIF}")
    shares = mapped([5], *layers, on=["tile.membrane_buffer.size=120 B"]).buffers.share_bytes
    assert [shares["membrane_buffer", 0, name] for name in "ab"] == [80, 40]


def test_back_propagation_keeps_all_timesteps_and_dfa_with_its_own_errors_a_few(mapped):
    layers = (f"name: a, kind: dense, outputs: 4, {LIF}", f"name: b, kind: dense, outputs: 2, {LIF}")
    shares = {
        phase: mapped([5], *layers, phase=phase, timesteps=50).buffers.share_bytes for phase in ("bp", "dfa")
    }
    owner = ("history_buffer", 0, "potentials of a")
    assert shares["bp"][owner] >= 50 * n_bytes(4, 16)
    assert 3 * n_bytes(4, 16) <= shares["dfa"][owner] < 10 * n_bytes(4, 16)


def test_windows_that_look_ahead_keep_more_history(mapped, workload):
    def kept(kernel: int) -> int:
        layers = (
            f"name: a, kind: dense, outputs: 4, {LIF}",
            f"name: b, kind: conv1d, axis: time, channels: 2, kernel: {kernel}, padding: {kernel // 2}, {LIF}",
        )
        mapping = mapped([5], *layers, phase="dfa", timesteps=30)
        work = workload([5], *layers, timesteps=30)
        book = _Book(mapping.chip, work, mapping.rule, mapping.flow, mapping.plans)
        return next(d.least_bytes for d in book.demands if d.user == "potentials of a")

    assert kept(9) - kept(1) == 4 * n_bytes(4, 16)


def neuron_layer(name, op, inputs, in_shape, out_shape, kind="if", **more) -> Layer:
    return Layer(name, op, inputs, in_shape, out_shape, neuron=Neuron(kind), **more)


@pytest.mark.parametrize(
    ("kind", "kernel", "bits"),
    [("max", (2, 2), 1), ("average", (2, 2), 3), ("sum", (2, 2), 3), ("sum", (1, 3), 2), ("sum", (4, 4), 5)],
)
def test_a_pooled_spike_count_has_as_many_bits_as_its_largest_value(kind, kernel, bits):
    a = neuron_layer("a", Dense(16), (INPUT,), (3,), (1, 4, 4))
    pool = Layer("p", Pool(kind, kernel, kernel, (0, 0)), ("a",), (1, 4, 4), (1, 1, 1))
    assert value_bits(Network("n", (3,), (a, pool)), "p", 8, 16) == bits


def test_potentials_are_sent_in_full_and_spikes_as_one_bit():
    spiking = neuron_layer("a", Dense(2), (INPUT,), (3,), (2,))
    leaky = neuron_layer("b", Dense(2), ("a",), (2,), (2,), kind="li")
    plain = Layer("c", Dense(2), ("b",), (2,), (2,))
    network = Network("n", (3,), (spiking, leaky, plain))
    assert [value_bits(network, name, 8, 16) for name in (INPUT, "a", "b", "c")] == [8, 1, 16, 16]


def literal_rows(layer: Layer, network: Network, n_times: int = 1) -> list[tuple[str, int]]:
    """(source, channel) of every row of a weight matrix, written out as the rows are defined."""
    rows: list[tuple[str, int]] = []
    for _ in range(n_times):
        for name in layer.inputs:
            shape = network.input_shape if name == INPUT else network.layer(name).out_shape
            repeats = 1
            for extent in layer.op.kernel if isinstance(layer.op, Conv) else shape[1:]:
                repeats *= extent
            rows += [(name, channel) for channel in range(shape[0]) for _ in range(repeats)]
    return rows + [(layer.name, i) for i in range(layer.n_neurons)] * layer.recurrent


SOURCES = (
    neuron_layer("a", Conv(5, (1,), (1,), (0,), (1,)), (INPUT,), (2, 3), (5, 3)),
    neuron_layer("b", Conv(4, (1,), (1,), (0,), (1,)), ("a",), (5, 3), (4, 3)),
)
READERS = {
    "dense": (neuron_layer("r", Dense(6), ("a", "b"), (27,), (6,)), 1),
    "recurrent": (neuron_layer("r", Dense(6), ("b", "a"), (27,), (6,), recurrent=True), 1),
    "all time": (neuron_layer("r", Dense(6, flatten_time=True), ("a", "b"), (27,), (6,)), 4),
    "convolution": (neuron_layer("r", Conv(6, (2,), (1,), (0,), (1,)), ("a", "b"), (9, 3), (6, 2)), 1),
}


@pytest.mark.parametrize("reader", READERS)
@given(data=st.data())
def test_rows_that_read_a_home_are_counted_as_if_written_out(reader, data):
    layer, n_times = READERS[reader]
    network = Network("n", (2, 3), (*SOURCES, layer))
    rows = literal_rows(layer, network, n_times)
    source = data.draw(st.sampled_from(sorted({name for name, _ in rows})))
    n_channels = 1 + max(channel for name, channel in rows if name == source)
    low, high = sorted(data.draw(st.integers(0, n_channels)) for _ in range(2))
    start, stop = sorted(data.draw(st.integers(0, len(rows))) for _ in range(2))
    expected = sum(name == source and low <= channel < high for name, channel in rows[start:stop])
    assert rows_of_source(layer, source, Home(0, ((low, high),)), network, (start, stop)) == expected


def test_a_tile_is_sent_only_what_its_blocks_read(mapped):
    layers = (f"name: a, kind: dense, outputs: 80, {LIF}", f"name: b, kind: dense, outputs: 2, {LIF}")
    mapping = mapped([5], *layers, on=["tile.pes=1"])  # b's ten row blocks lie on three tiles or more
    plan, a, network = mapping.plans["b"], mapping.plans["a"], mapping.flow.network
    for tile in plan.tiles:
        rows = {r for block in plan.forward if block.tile == tile for r in range(*block.rows)}
        for home in a.homes:
            mine = {c for low, high in home.channels for c in range(low, high)}
            assert needed_from(plan, tile, "a", home, network) == bool(rows & mine)


@given(n=st.integers(0, 1000), bits=st.integers(1, 64))
def test_values_are_packed(n, bits):
    assert n_bytes(n, bits) == ceil(n * bits / 8)
