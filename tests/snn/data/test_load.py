"""Loading of data: named data, named split, encoded batches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from archsim.errors import WorkloadError
from archsim.snn import Encoding, delta
from archsim.snn.data import load_data, load_windows, split, watch_windows
from archsim.snn.learn.run import check_batch
from archsim.workload.network import Dense, Layer, Network


def test_inputs_are_time_first_in_the_order_of_the_split() -> None:
    data = load_data("watch", "right_to_left")
    parts = split(watch_windows(), "right_to_left")
    assert data.adapt is not None
    assert parts.adapt is not None
    assert np.array_equal(data.adapt.inputs, parts.adapt.values.swapaxes(0, 1))
    assert data.adapt.recording.tolist() == parts.adapt.recording.tolist()
    assert data.test.labels.tolist() == parts.test.labels.tolist()
    assert (data.n_timesteps, data.n_classes, data.input_shape) == (128, 7, (6,))
    assert (data.n_leaking, data.note) == (0, "")
    assert len(data.test) == len(parts.test)


@pytest.mark.parametrize(
    ("encoding", "n_timesteps", "n_channels", "dtype"),
    [
        ("analog", 32, 6, np.float64),
        ("rate", 32, 6, np.uint8),
        ("delta", 32, 12, np.uint8),
        ("latency", 256, 6, np.uint8),
        (Encoding("latency", n_steps=3), 96, 6, np.uint8),
    ],
)
def test_every_encoding_fits_the_trainer(
    encoding: str | Encoding, n_timesteps: int, n_channels: int, dtype: type
) -> None:
    data = load_data("watch", "subjects_1-7_to_8", encoding, decimation=4)
    layer = Layer("out", Dense(7), ("input",), in_shape=data.input_shape, out_shape=(7,))
    network = Network("any", data.input_shape, (layer,))
    for part in (data.train, data.adapt, data.test):
        assert part is not None
        assert part.inputs.shape == (n_timesteps, len(part), n_channels)
        assert part.inputs.dtype == dtype
        assert check_batch(network, part.inputs[:, :5]).shape == (n_timesteps, 5, n_channels)


def test_the_delta_code_of_a_window_is_that_of_the_window_alone() -> None:
    data = load_data("watch", "leave_out_3", Encoding("delta", threshold=0.2))
    window = split(watch_windows(), "leave_out_3").test.values[11]
    assert np.array_equal(data.test.inputs[:, 11], delta(window, 0.2))


def test_a_seed_gives_the_same_bits_and_parts_have_streams_of_their_own() -> None:
    one, same, other = (load_data("watch", "random_recordings", "rate", decimation=4, seed=k) for k in (1, 1, 2))
    assert one.train.inputs.tobytes() == same.train.inputs.tobytes()
    assert one.train.inputs.tobytes() != other.train.inputs.tobytes()
    still = watch_windows()
    still = replace(still, values=np.full_like(still.values, 0.2))
    flat = load_data(still, "right_to_left", Encoding("rate", low=-0.5, high=0.5))
    # the first timestep: there, parts of different size draw in the same order
    assert flat.train.inputs[0, :100].tobytes() != flat.test.inputs[0, :100].tobytes()
    assert 0.4 < flat.train.inputs.mean() < 0.6


def test_leakage_reaches_the_reader_of_a_result() -> None:
    data = load_data("watch", "random_windows", channels=["ax"], decimation=8)
    assert data.input_shape == (1,)
    assert data.n_leaking > 600
    assert data.note.startswith(f"leakage: {data.n_leaking} of 721 test windows")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: load_windows("mnist"), "choose one of arrays, basic_motions, csv, events, hhar, nmnist, tonic, "),
        (lambda: load_windows("uci_har"), r"give the folder that holds\n  UCI HAR Dataset/"),
        (lambda: load_windows("nmnist"), r"give the folder that holds\n  Train/0/"),
        (lambda: load_windows("watch", "somewhere"), "leave the folder somewhere out"),
        (lambda: load_windows("uci_har", "somewhere", length=64), "leave length and step out"),
        (lambda: load_windows("uci_har", "somewhere"), "somewhere is not a folder"),
        (lambda: load_data(watch_windows(), "official", length=3), "loaded and cut already"),
        (lambda: load_data("watch", "right_to_left", "burst"), "encoding 'burst' is unknown"),
        (lambda: load_data("watch", "right_to_left", channels=["q"]), "different ones of ax"),
        (lambda: load_data("watch", "right_to_left", decimation=5), "divide the 128 samples"),
        (lambda: load_data("watch", "up_to_down"), "there are random_windows"),
    ],
)
def test_what_cannot_be_loaded_says_what_can(call: object, message: str) -> None:
    with pytest.raises(WorkloadError, match=message):
        call()  # type: ignore[operator]
