"""A workload in a notebook."""

from __future__ import annotations

from html import escape
from typing import Any

from archsim.texts import html_table
from archsim.workload.network import Layer

_COLUMNS = ("layer", "kind", "inputs", "output", "neuron", "weights")


def workload_html(work: Any) -> str:
    """Settings and layers of a `Workload` as HTML; every name is text."""
    about = {
        "phases": ", ".join(work.phases),
        "input": f"{_shape(work.network.input_shape)} of {work.input_bits} bit, {work.n_timesteps} timesteps",
        "samples": f"{work.n_samples} in batches of {work.n_batch}, {work.schedule}",
        "activity": str(work.activity.kind),
    }
    layers = html_table([_row(work, layer) for layer in work.network.layers], _COLUMNS)
    return f"<div><b>{escape(work.name)}</b>{html_table(list(about.items()))}{layers}</div>"


def _row(work: Any, layer: Layer) -> tuple[str, ...]:
    weights = "-"
    if layer.has_weights:
        weights = f"{layer.n_rows(work.steps[layer.inputs[0]])} x {layer.n_columns}"
    return (
        layer.name,
        type(layer.op).__name__.lower() + (", recurrent" if layer.recurrent else ""),
        ", ".join(layer.inputs),
        _shape(layer.out_shape),
        "-" if layer.neuron is None else layer.neuron.kind,
        weights,
    )


def _shape(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
