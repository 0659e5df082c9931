"""Spiking networks on numpy: forward pass, activity, data, encoders."""

from __future__ import annotations

from archsim.snn.activity import Activity, record
from archsim.snn.batch_norm import BatchNorm, fold_batch_norm
from archsim.snn.datasets import WatchSet, Windows, load_watch, normalise, sample_windows
from archsim.snn.encoders import Encoding, analog, delta, encode, latency, rate
from archsim.snn.forward import Forward, forward
from archsim.snn.measure import measure
from archsim.snn.rates import evenly_active, from_rates
from archsim.snn.weights import initialise
from archsim.snn.windows import rows_of

__all__ = [
    "Activity",
    "BatchNorm",
    "Encoding",
    "Forward",
    "WatchSet",
    "Windows",
    "analog",
    "delta",
    "encode",
    "evenly_active",
    "fold_batch_norm",
    "forward",
    "from_rates",
    "initialise",
    "latency",
    "load_watch",
    "measure",
    "normalise",
    "rate",
    "record",
    "rows_of",
    "sample_windows",
]
