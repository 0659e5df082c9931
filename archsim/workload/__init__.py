"""Workloads: networks, their activity, the phases; readers for YAML and NIR."""

from __future__ import annotations

from os import PathLike

from archsim.workload.network import INPUT, Conv, Dense, Layer, Network, Neuron, Pool
from archsim.workload.phases import INFERENCE, PROGRAM, Phase, learns, phases
from archsim.workload.workload import Workload, load_workload

__all__ = [
    "INFERENCE",
    "INPUT",
    "PROGRAM",
    "Conv",
    "Dense",
    "Layer",
    "Network",
    "Neuron",
    "Phase",
    "Pool",
    "Workload",
    "from_nir",
    "learns",
    "load_workload",
    "phases",
]


def from_nir(path: str | PathLike[str], **options: object) -> Network:
    """Read a network from a NIR file; see :func:`archsim.workload.nir_reader.from_nir`."""
    from archsim.workload import nir_reader

    return nir_reader.from_nir(path, **options)  # type: ignore[arg-type]  # the reader checks its options
