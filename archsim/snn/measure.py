"""From a workload to measured activity: weights, inputs, one forward pass for each sample."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

import numpy as np

from archsim.errors import WorkloadError
from archsim.snn.activity import Activity, record
from archsim.snn.codes import codes_of
from archsim.snn.datasets import load_watch, normalise, sample_windows, with_recordings
from archsim.snn.encoders import analog, delta, rate
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

LEVEL_CROSSING = 0.5  # of a channel's standard deviation; an encoder's setting, not a measurement


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
    """What drove the network while its activity was measured; None where it was not.

    Returns
    -------
    array (n_samples, timesteps, *input_shape), or None
    """
    activity = work.activity
    return _inputs(work, activity, seed) if isinstance(activity, RandomActivity | DatasetActivity) else None


def _inputs(work: Workload, activity: RandomActivity | DatasetActivity, seed: int) -> Array:
    if isinstance(activity, DatasetActivity):
        return _recordings(work, activity, seed)
    shape = (work.n_samples, work.n_timesteps, *work.network.input_shape)
    return (stream(seed, 0).random(shape) < activity.rate).astype(np.float64)


def _spikes(layer: Layer) -> bool:
    """Whether a layer has a rate of its own; pooling follows what it pools, a read-out is always active."""
    return layer.neuron is not None and layer.neuron.spikes


def _recordings(work: Workload, activity: DatasetActivity, seed: int) -> Array:
    """Windows of the data set, normalised over all recordings and encoded."""
    data = load_watch()
    data = with_recordings(data, normalise(data.recordings, range(len(data.recordings))))
    windows = sample_windows(data, work.n_samples, seed, length=work.n_timesteps, step=activity.step)
    if activity.encoding == "analog":
        values = analog(windows.values)
    elif activity.encoding == "rate":
        values = rate(windows.values, seed, low=-1.0, high=1.0).astype(np.float64)
    elif activity.encoding == "delta":
        values = np.stack([delta(sample, LEVEL_CROSSING) for sample in windows.values]).astype(np.float64)
    else:
        assert_never(activity.encoding)
    n_channels = values.shape[2]
    if work.network.input_shape != (n_channels,):
        raise WorkloadError(
            f"{work.name}: the data set {activity.dataset!r} with encoding {activity.encoding!r} has "
            f"{n_channels} channels; network.input is {list(work.network.input_shape)}"
        )
    return values


def _matching(activity: Activity, work: Workload) -> Activity:
    if activity.n_samples < work.n_samples or activity.n_timesteps != work.n_timesteps:
        raise WorkloadError(
            f"{work.name}: the activity file has {activity.n_samples} samples of {activity.n_timesteps} "
            f"timesteps; the workload needs {work.n_samples} of {work.n_timesteps}"
        )
    return activity
