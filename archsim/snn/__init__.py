"""What a spiking network computes, on numpy: forward pass, activity, data, encoders."""

from __future__ import annotations

from archsim.snn.activity import Activity, from_rates, record
from archsim.snn.datasets import WatchSet, Windows, load_watch, normalise, sample_windows
from archsim.snn.encoders import analog, delta, rate
from archsim.snn.forward import Forward, forward
from archsim.snn.measure import measure
from archsim.snn.weights import initialise
from archsim.snn.windows import rows_of

__all__ = [
    "Activity",
    "Forward",
    "WatchSet",
    "Windows",
    "analog",
    "delta",
    "forward",
    "from_rates",
    "initialise",
    "load_watch",
    "measure",
    "normalise",
    "rate",
    "record",
    "rows_of",
    "sample_windows",
]
