"""The NIR reader on files that other frameworks exported, good, old and broken ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from archsim.errors import WorkloadError
from archsim.workload.network import Conv, Dense, Pool
from archsim.workload.nir_reader import from_nir

pytestmark = pytest.mark.reference

CNN = [
    ("1", Conv, (2, 34, 34), (16, 16, 16), "if"),
    ("3", Conv, (16, 16, 16), (16, 16, 16), "if"),
    ("4", Pool, (16, 16, 16), (16, 8, 8), None),
    ("6", Conv, (16, 8, 8), (8, 8, 8), "if"),
    ("7", Pool, (8, 8, 8), (8, 4, 4), None),
    ("10", Dense, (8, 4, 4), (256,), "if"),
    ("12", Dense, (256,), (10,), "if"),
]


def braille(first: str, n: int) -> list[tuple[str, type, tuple[int, ...], tuple[int, ...], str | None]]:
    return [(first, Dense, (12,), (n,), "cubalif"), ("lif2", Dense, (n,), (7,), "cubalif")]


READABLE = {
    "braille__a7c67c3a": braille("lif1.lif", 38),
    "braille_flattened__19004303": braille("lif1", 38),
    "braille_noDelay_bias_zero": braille("lif1.lif", 38),
    "braille_noDelay_bias_zero_subgraph": braille("lif1.lif1", 38),
    "braille_noDelay_noBias_subtract": braille("lif1.lif", 40),
    "cnn_sinabs": CNN,
    "scnn_mnist__669fbfad": CNN,
    "lif_norse": [("1", Dense, (1,), (1,), "lif")],
    "two_lif_neurons": [("lif1", Dense, (1,), (1,), "lif"), ("lif2", Dense, (1,), (1,), "lif")],
}
NOTES = {
    "braille__a7c67c3a": [
        "edge fc1 → lif1: no node is called 'lif1', taken as 'lif1.input'",
        "edge lif1 → fc2: no node is called 'lif1', taken as 'lif1.output'",
        "Input 'input' states shape (256, 12): the leading (256,) taken as batch or time",
    ],
    "braille_noDelay_bias_zero_subgraph": [
        "nested graph 'lif1' flattened",
        "edge lif1.input → lif1.lif: no node is called 'lif', taken as 'lif1.lif1'",
    ],
    "scnn_mnist__669fbfad": ["Input 'input' states shape (1, 2, 34, 34): the leading (1,) taken as batch or time"],
}


@pytest.fixture
def nir_dir(reference_dir: Path) -> Path:
    return reference_dir / "data" / "nir"


def test_every_file_is_read_or_known_to_be_broken(nir_dir: Path) -> None:
    assert {f.stem for f in nir_dir.glob("*.nir")} == {*READABLE, "Braille_snntorch__3049cfa1"}


@pytest.mark.parametrize("name", READABLE)
def test_layers_shapes_and_notes_of_every_file(nir_dir: Path, name: str) -> None:
    network = from_nir(nir_dir / f"{name}.nir")
    got = [(y.name, type(y.op), y.in_shape, y.out_shape, y.neuron and y.neuron.kind) for y in network.layers]
    assert got == READABLE[name]
    assert set(NOTES.get(name, [])) <= set(network.notes)
    assert any(n.startswith("no v_reset, 0 assumed") for n in network.notes)
    for layer in network.weighted:
        assert layer.weight is not None
        n_weights = layer.n_rows() * layer.n_columns - (layer.n_neurons**2 if layer.recurrent else 0)
        assert layer.weight.size == n_weights


@pytest.mark.parametrize("name", [n for n in READABLE if n.startswith("braille")])
def test_the_hidden_layer_of_the_braille_networks_is_recurrent(nir_dir: Path, name: str) -> None:
    hidden, out = from_nir(nir_dir / f"{name}.nir").layers
    assert (hidden.recurrent, out.recurrent) == (True, False)
    assert hidden.recurrent_weight is not None
    assert hidden.recurrent_weight.shape == (*hidden.out_shape, *hidden.out_shape)


def test_the_braille_networks_without_delay_were_exported_with_the_deerror_timestep(nir_dir: Path) -> None:
    # snnTorch exports r = tau_mem / dt and w_in = tau_syn / dt: with the right dt both gains are 1
    for name in ("braille_noDelay_bias_zero", "braille_noDelay_noBias_subtract"):
        for layer in from_nir(nir_dir / f"{name}.nir").layers:
            assert layer.neuron is not None
            assert layer.neuron.gain == pytest.approx(1, abs=1e-6)
            assert layer.neuron.syn_gain == pytest.approx(1, abs=1e-6)


def test_the_flat_and_the_nested_export_of_one_network_agree_in_their_weights(nir_dir: Path) -> None:
    flat = from_nir(nir_dir / "braille_noDelay_bias_zero.nir").layers
    nested = from_nir(nir_dir / "braille_noDelay_bias_zero_subgraph.nir").layers
    for a, b in zip(flat, nested, strict=True):
        np.testing.assert_array_equal(a.weight, b.weight)
        np.testing.assert_array_equal(a.bias, b.bias)


def test_the_convolutions_are_unrolled_to_50_144_and_144_rows(nir_dir: Path) -> None:
    convs = [y for y in from_nir(nir_dir / "cnn_sinabs.nir").layers if isinstance(y.op, Conv)]
    assert [y.n_rows() for y in convs] == [50, 144, 144]


def test_a_torch_archive_named_nir_is_refused(nir_dir: Path) -> None:
    with pytest.raises(WorkloadError, match="a zip archive, as torch"):
        from_nir(nir_dir / "Braille_snntorch__3049cfa1.nir")


def test_the_lif_neuron_reproduces_what_norse_recorded(nir_dir: Path, reference_dir: Path) -> None:
    # columns: input, potential after reset, spike; one row per step of 0.1 ms
    current, potential, spikes = np.loadtxt(
        reference_dir / "data" / "lif_reference" / "lif_norse.csv", delimiter=",", unpack=True
    )
    layer = from_nir(nir_dir / "lif_norse.nir", dt=1e-4, reset="zero").layers[0]
    neuron = layer.neuron
    assert neuron is not None
    assert layer.weight is not None
    u, got_u, got_s = 0.0, [], []
    for x in current * layer.weight[0, 0]:
        u = neuron.decay * u + neuron.gain * x + neuron.offset
        got_s.append(float(u > neuron.threshold))
        u = neuron.v_reset if u > neuron.threshold else u
        got_u.append(u)
    assert np.flatnonzero(got_s).tolist() == [460, 510, 710, 760]
    np.testing.assert_array_equal(got_s, spikes)
    np.testing.assert_allclose(got_u, potential, atol=1e-7)  # recorded in single precision
