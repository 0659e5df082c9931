"""Data to learn from: labelled windows, fair splits with a domain shift, loaders, and batches for the trainer."""

from __future__ import annotations

from archsim.snn.data.basic_motions import load_basic_motions, read_ts
from archsim.snn.data.hhar import load_hhar
from archsim.snn.data.kind import DataSet
from archsim.snn.data.labelled import (
    LabelledWindows,
    check_finite,
    decimate,
    label_windows,
    select_channels,
    shares_samples,
    watch_windows,
)
from archsim.snn.data.load import LearningData, Samples, load_data, load_windows
from archsim.snn.data.nmnist import Events, frames, load_nmnist, read_events
from archsim.snn.data.source import picked_windows, set_of, windows_of
from archsim.snn.data.splits import Split, split, split_names
from archsim.snn.data.uci_har import load_uci_har

__all__ = [
    "DataSet",
    "Events",
    "LabelledWindows",
    "LearningData",
    "Samples",
    "Split",
    "check_finite",
    "decimate",
    "frames",
    "label_windows",
    "load_basic_motions",
    "load_data",
    "load_hhar",
    "load_nmnist",
    "load_uci_har",
    "load_windows",
    "picked_windows",
    "read_events",
    "read_ts",
    "select_channels",
    "set_of",
    "shares_samples",
    "split",
    "split_names",
    "watch_windows",
    "windows_of",
]
