"""What a recorder writes down is what the arrays did."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from learn_support import N_STEPS, NETWORKS, batch_for

from archsim.errors import WorkloadError
from archsim.snn import Activity
from archsim.snn.learn.chip import COPY, ChipProducts
from archsim.snn.learn.epochs import train_epochs
from archsim.snn.learn.optimizers import SGD
from archsim.snn.learn.products import RECURRENT, PlainProducts
from archsim.snn.learn.recording import Recorder
from archsim.snn.learn.run import run_batch
from archsim.snn.learn.trainer import Recipe
from archsim.spec import load_chip

N_WINDOWS = 6
IDEAL = "ideal.converters=true"  # nothing here hangs on the sums


@pytest.fixture(scope="module", params=["recurrent", "convolution in a plane"])
def watched(request, root_dir):
    """Three updates of two windows each on a chip with second copies, the first three windows recorded."""
    network = NETWORKS[request.param]
    chip = load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml", ["device.levels=16", IDEAL])
    x = batch_for(network, N_WINDOWS)
    tape = run_batch(network, x, PlainProducts.of(network))
    on_chip = ChipProducts(chip, network, tape, input_bits=8, seed=0)
    recorder, pulses, deltas = Recorder(network, on_chip, 3), [], []

    def observe(tape, gradients):
        recorder.observe(tape, gradients)
        deltas.append(gradients.deltas)

    def after_step(_):
        recorder.written()
        pulses.append({key: array.writes.copy() for key, array in on_chip.arrays.items()})

    before = {key: array.writes.copy() for key, array in on_chip.arrays.items()}
    labels = np.array([0, 1, 2, 0, 1, 2])
    train_epochs(
        network, x, labels, on_chip, Recipe(SGD(0.5)), n_epochs=1, batch=2, seed=0, shuffle=False,
        observe=observe, progress=after_step,
    )  # fmt: skip
    return network, recorder.activity(), [before, *pulses], deltas


def test_the_first_windows_are_kept_with_the_updates_that_they_were_part_of(watched):
    network, activity, _, _ = watched
    assert isinstance(activity, Activity)
    assert (activity.n_samples, activity.n_timesteps) == (3, N_STEPS)
    assert {len(writes) for writes in activity.writes.values()} == {2}
    assert set(activity.errors) == {layer.name for layer in network.weighted}


def test_an_error_is_kept_where_it_is_more_than_half_a_step_of_the_drivers(watched):
    network, activity, _, deltas = watched
    for layer in network.weighted:
        for sample in range(3):
            of_batch = deltas[sample // 2][layer.name]
            size = np.abs(of_batch[:, sample % 2]).reshape(len(of_batch), layer.n_columns, -1)
            step = size.max(axis=1, keepdims=True) / (2**7 - 1)  # of a vector; 8 bits, one of which is the sign
            drives = size > step / 2
            found = activity.errors[layer.name][sample].reshape(drives.shape)
            assert np.array_equal(found, drives)


def test_of_cells_that_take_pulses_by_a_law_the_updates_nearest_to_the_mean_are_kept(root_dir):
    network = NETWORKS["recurrent"]
    law = ["device.levels=16", IDEAL, "write.pulses_per_cell={kind: lognormal}"]
    chip = load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml", law)
    x = batch_for(network, N_WINDOWS)
    on_chip = ChipProducts(chip, network, run_batch(network, x, PlainProducts.of(network)), input_bits=8, seed=0)
    recorder, given = Recorder(network, on_chip, 2), []

    def after_step(_):
        recorder.written()
        given.append({key: array.writes.copy() for key, array in on_chip.arrays.items()})

    given.append({key: array.writes.copy() for key, array in on_chip.arrays.items()})
    train_epochs(
        network, x, np.array([0, 1, 2, 0, 1, 2]), on_chip, Recipe(SGD(0.5)), n_epochs=1, batch=2, seed=0,
        shuffle=False, observe=recorder.observe, progress=after_step,
    )  # fmt: skip
    totals = [sum(int((now[k] - before[k]).sum()) for k in now) for before, now in pairwise(given)]
    nearest = int(np.argmin(np.abs(np.array(totals) - np.mean(totals))))
    activity = recorder.activity()
    kept = activity.pulses
    assert sum(int(part.sum()) for part in kept.values()) == totals[nearest]
    for layer in network.weighted:
        n_in = given[0][layer.name].shape[0]
        moved = given[nearest + 1][layer.name] - given[nearest][layer.name]
        of_layer = activity.pulses_of_cells(layer.name, 0)
        assert np.array_equal(of_layer[:n_in], moved.reshape(*moved.shape[:2], -1))
        assert of_layer.max() > 1


def test_a_write_is_kept_for_every_cell_that_got_a_pulse(watched):
    network, activity, pulses, _ = watched
    n_copied = 0
    for update in range(2):
        moved = {key: (pulses[update + 1][key] > pulses[update][key]).sum(axis=(2, 3)) for key in pulses[0]}
        for layer in network.weighted:
            n_in = moved[layer.name].shape[0]
            rows = activity.writes[layer.name][update]
            assert np.array_equal(rows[:n_in], moved[layer.name])
            if layer.recurrent:
                assert np.array_equal(rows[n_in:], moved[layer.name + RECURRENT])
                copy = activity.writes[layer.name + COPY][update]
                assert np.array_equal(copy[:, n_in:], moved[layer.name + RECURRENT + COPY])
                assert not copy[:, :n_in].any()  # the network's input needs no error
            n_copied += sum(key.endswith(COPY) for key in moved if key.startswith(layer.name))
    assert n_copied > 0
    assert any(writes.any() for writes in activity.writes.values())


def test_nothing_recorded_is_said(watched, root_dir):
    network = watched[0]
    chip = load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml")
    tape = run_batch(network, batch_for(network), PlainProducts.of(network))
    products = ChipProducts(chip, network, tape, input_bits=8, seed=0, backward=False)
    assert not any(key.endswith(COPY) for key in products.arrays)  # direct feedback has no backward products
    with pytest.raises(WorkloadError, match="no training step was recorded"):
        Recorder(network, products, 1).activity()
    with pytest.raises(WorkloadError, match="0 samples to record"):
        Recorder(network, products, 0)
