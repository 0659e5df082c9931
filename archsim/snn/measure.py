"""From a workload to measured activity: weights, inputs, one forward pass for each sample."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from archsim.errors import WorkloadError
from archsim.snn.activity import Activity, record
from archsim.snn.codes import codes_of
from archsim.snn.data import DataSet, LabelledWindows, check_finite, picked_windows, set_of
from archsim.snn.datasets import Ints
from archsim.snn.encoders import Encoding, encode, rate
from archsim.snn.rates import evenly_active, from_rates
from archsim.snn.weights import initialise, stream
from archsim.snn.windows import Array
from archsim.workload import INPUT, Layer, Workload
from archsim.workload.models import (
    ConstantActivity,
    DatasetActivity,
    FileActivity,
    RandomActivity,
    RatesActivity,
)


def measure(work: Workload, seed: int) -> tuple[Workload, Activity]:
    """Find out which word lines are active when.

    Weights that are missing are drawn with the seed of the workload's `weights`; `seed` draws what the activity
    needs (which windows, which spikes).

    Returns
    -------
    (Workload, Activity)
        The workload with all weights, and the activity of its samples.

    Raises
    ------
    WorkloadError
        If data or a file is missing, or disagrees with the network.
    """
    activity = work.activity
    if work.recorded is not None:
        return work, _matching(work.recorded, work)
    if isinstance(activity, RatesActivity | ConstantActivity):
        rates = {"input": activity.input}
        rates |= {layer.name: activity.default for layer in work.network.layers if _spikes(layer)}
        rates |= activity.layers
        if isinstance(activity, ConstantActivity):
            return work, evenly_active(work.network, work.n_timesteps, work.n_samples, rates)
        return work, from_rates(work.network, work.n_timesteps, work.n_samples, rates, seed)
    if isinstance(activity, FileActivity):
        return work, _matching(Activity.load(activity.file, work.network), work)
    network = initialise(work.network, work.init.seed, work.init.gain, n_timesteps=work.n_timesteps)
    inputs = _inputs(work, activity, seed)
    activity_found = record(network, inputs)
    codes = codes_of(inputs, work.input_bits)
    if codes is not None:
        activity_found = replace(activity_found, codes={INPUT: codes})
    return replace(work, network=network), activity_found


def inputs_of(work: Workload, seed: int) -> Array | None:
    """The inputs with which the activity was measured; None where it was not.

    Returns
    -------
    array (n_samples, timesteps, *input_shape), or None
    """
    activity = work.activity
    if work.recorded is not None or not isinstance(activity, RandomActivity | DatasetActivity):
        return None
    return _inputs(work, activity, seed)


def _inputs(work: Workload, activity: RandomActivity | DatasetActivity, seed: int) -> Array:
    if isinstance(activity, DatasetActivity):
        return _recordings(work, activity, seed)
    shape = (work.n_samples, work.n_timesteps, *work.network.input_shape)
    return (stream(seed, 0).random(shape) < activity.rate).astype(np.float64)


def _spikes(layer: Layer) -> bool:
    """Whether a layer has a rate of its own; pooling follows what it pools, a read-out is always active."""
    return layer.neuron is not None and layer.neuron.spikes


def _recordings(work: Workload, activity: DatasetActivity, seed: int) -> Array:
    """Windows of the data set, drawn at random, normalised over all that there is, and encoded."""

    def draw(n: int) -> Ints:
        if work.n_samples > n:
            said = f"{work.n_samples} windows were asked for; there are 1 to {n} to draw"
            raise WorkloadError(f"{work.name}: {said}")
        drawn: Ints = stream(seed).permutation(n)[: work.n_samples]
        return drawn

    chosen, windows = picked_windows(work, activity.dataset, work.n_timesteps, activity.step, draw)
    check_finite(chosen)
    values = _encoded(set_of(work, activity.dataset), chosen, windows, activity.encoding, seed)
    if work.network.input_shape != values.shape[2:] or work.n_timesteps != values.shape[1]:
        shape = list(values.shape[2:])
        channels = shape[0] if len(shape) == 1 else shape
        raise WorkloadError(
            f"{work.name}: the data set {windows.name!r} with encoding {activity.encoding!r} has "
            f"{values.shape[1]} timesteps of {channels} channels; the workload has {work.n_timesteps} timesteps, "
            f"and network.input is {list(work.network.input_shape)}"
        )
    return values


def _encoded(data: DataSet, chosen: LabelledWindows, windows: LabelledWindows, encoding: str, seed: int) -> Array:
    """Inputs (samples, timesteps, ...) of the chosen windows; events are spikes already."""
    if windows.are_events:
        if encoding != "analog":
            raise WorkloadError(f"{windows.name}: events are spikes already; leave the encoding {encoding!r} out")
        return chosen.values
    mean, deviation = data.spread(windows)
    wide = (len(mean), *(1 for _ in windows.values.shape[3:]))
    values = (chosen.values - mean.reshape(wide)) / deviation.reshape(wide)
    if encoding == "rate":  # drawn sample by sample, as it has always been
        return rate(values, seed, low=-1.0, high=1.0).astype(np.float64)
    encoded = np.swapaxes(encode(values, Encoding(encoding), seed=seed), 0, 1)
    return np.ascontiguousarray(encoded).astype(np.float64)


def _matching(activity: Activity, work: Workload) -> Activity:
    if activity.n_samples < work.n_samples or activity.n_timesteps != work.n_timesteps:
        raise WorkloadError(
            f"{work.name}: the activity file has {activity.n_samples} samples of {activity.n_timesteps} "
            f"timesteps; the workload needs {work.n_samples} of {work.n_timesteps}"
        )
    return activity
