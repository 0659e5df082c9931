"""A PyTorch model run on its own data, and recorded: the first file of the room to read."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any, get_args

import numpy as np

from archsim.bridge.build import Built, built, drafts_of
from archsim.bridge.differences import differences
from archsim.bridge.library import Cell
from archsim.bridge.modules import Part, parts_of
from archsim.bridge.recording import Recording
from archsim.bridge.through_nir import with_nir
from archsim.bridge.trace import Array, Layout, Run, Traced, in_samples, traced
from archsim.errors import WorkloadError
from archsim.given import refuse, wrong_kind, wrong_type, wrong_whole
from archsim.mapping import map_workload
from archsim.names import one_line
from archsim.snn import Activity
from archsim.snn.codes import codes_of
from archsim.spec import Chip
from archsim.workload.network import INPUT

ANALOG_BITS = 8
_TIME: dict[Layout, int | None] = {"time_first": 0, "batch_first": 1, "repeated": None}
"""The axis of timesteps."""


def record(
    model: Any,
    loader: Iterable[Any],
    chip: Chip | None = None,
    *,
    samples: int = 4,
    layout: Layout = "time_first",
    run: Run | None = None,
    name: str = "model",
    input_bits: int | None = None,
    use_nir: bool = True,
) -> Recording:
    """Run a PyTorch model on data and take what it is and what flows in it.

    Weights, shapes and neurons become a network, the spikes that really flow its activity.

    Parameters
    ----------
    model : torch.nn.Module
        With spiking neurons of snnTorch, SpikingJelly, norse or sinabs (:data:`archsim.registry.LIBRARIES`),
        Linear, convolutions, pooling, batch normalisation (folded into the weights), Flatten, Dropout. It runs as
        after training (``eval()``, without gradients) and is left as it was.
    loader : iterable
        Batches x, or (x, labels, ...), as a DataLoader gives them.
    chip : Chip, optional
        On which the network must find room: what does not fit is told here, not when it is simulated.
    samples : int
        How many are recorded, of the first batches.
    layout : "time_first", "batch_first" or "repeated"
        Axes of x: (timesteps, samples, ...), (samples, timesteps, ...), or (samples, ...), which the model itself
        shows or encodes in each timestep.
    run : callable, optional
        ``run(model, x)``; ``model(x)`` if not given. For a model that takes one timestep at a time:
        ``lambda model, x: [model(step) for step in x]``.
    name : str
        Of the network.
    input_bits : int, optional
        Resolution of the input at the drivers; 1 for spikes, else 8 if not given.
    use_nir : bool
        Whether weights and connections come through NIR where the library exports it. How neurons step, fire and
        are reset, which NIR does not say, is read from the modules.

    Raises
    ------
    DoesNotFitError
        The chip has too little of something.
    WorkloadError
        With every module that is not supported, by name, before anything runs; if modules are connected in a way
        that cannot be expressed; if neurons send more than one spike in a timestep; if there are too few samples.

    Examples
    --------
    >>> import archsim
    >>> archsim.bridge.record("no model", [])
    Traceback (most recent call last):
    archsim.errors.ArchsimError: model is of type str; it must be a torch.nn.Module
    """
    refuse([
        None if hasattr(model, "register_forward_hook") else _no_model(model),
        wrong_whole("samples", samples, 1),
        wrong_kind("layout", layout, get_args(Layout)),
        None if chip is None else wrong_type("chip", chip, Chip, "archsim.load_chip"),
        None if run is None or callable(run) else "run must be a function of model and x",
        wrong_whole("input_bits", input_bits, 1, 16) if input_bits is not None else None,
    ])  # fmt: skip
    parts = parts_of(model)
    flows, batches = [], []
    for x in _batches(loader, samples, layout):
        flows.append(traced(model, parts, x, run or _called))
        batches.append(x)
    values = _values(flows, batches, layout, samples)
    found = _network(one_line(name), parts, flows[0], values)
    notes: tuple[str, ...] = ()
    if use_nir:
        found, notes = with_nir(found, model, batches[0], parts)
    recorded = _recording(found, values, input_bits, notes)
    if chip is not None:
        map_workload(chip, recorded.workload(), "inference")
    return recorded


def _no_model(model: object) -> str:
    return f"model is of type {type(model).__name__}; it must be a torch.nn.Module"


def _called(model: Any, x: Any) -> Any:
    return model(x)


def _batches(loader: Iterable[Any], n_samples: int, layout: Layout) -> Iterator[Any]:
    """Batches with as many samples as are wanted, the last one cut."""
    torch, left, axis = sys.modules["torch"], n_samples, 1 if layout == "time_first" else 0
    for batch in loader:
        x = batch[0] if isinstance(batch, list | tuple) else batch
        x = torch.as_tensor(x)
        if x.ndim < 2 or not x.shape[axis]:
            said = f"layout {layout} has samples in axis {axis}"
            raise WorkloadError(f"loader: a batch has shape {tuple(x.shape)}; {said}")
        n = min(left, x.shape[axis])
        left -= n
        yield x.narrow(axis, 0, n)
        if not left:
            return
    raise WorkloadError(f"loader: gives {n_samples - left} samples; {n_samples} are to be recorded (samples=...)")


def _values(flows: list[Traced], batches: list[Any], layout: Layout, n_samples: int) -> dict[str, Array]:
    """By part, and of the input: what flowed, (samples, timesteps, ...)."""
    found = {}
    for part in flows[0].values:
        whole = []
        for flow, x in zip(flows, batches, strict=True):
            axis = _TIME[layout]
            n_steps = None if axis is None else x.shape[axis]
            n = x.shape[1 if axis == 0 else 0]
            whole.append(in_samples(flow.values[part], n, n_steps, layout, part))
        found[part] = np.concatenate(whole)[:n_samples]
    return found


def _network(name: str, parts: list[Part], flow: Traced, values: dict[str, Array]) -> Built:
    silent = [part.name for part in parts if part.name not in flow.before]
    if silent:
        raise WorkloadError(f"model: {', '.join(silent)} did not run; leave out what the model does not use")
    return built(name, drafts_of({part.name: part for part in parts}, flow), values)


def _recording(
    found: Built, values: dict[str, Array], input_bits: int | None, notes: tuple[str, ...]
) -> Recording:
    network = found.network
    recorded = {INPUT: _plain(values[INPUT])}
    recorded |= {layer: _plain(values[part.name]) for layer, part in found.parts.items()}
    errors = [error for layer in network.layers if (error := _not_spikes(layer, recorded[layer.name]))]
    if errors:
        raise WorkloadError("\n".join(f"model: {error}" for error in errors))
    bits = input_bits or (1 if recorded[INPUT].dtype == np.uint8 else ANALOG_BITS)
    codes = codes_of(recorded[INPUT], bits)
    spikes = {name: (x != 0).astype(np.uint8) for name, x in recorded.items()}
    activity = Activity(network, spikes, codes={} if codes is None else {INPUT: codes})
    unlike = {n: part.meaning.unlike for n, part in found.parts.items() if isinstance(part.meaning, Cell)}
    return Recording(network, activity, differences(network, recorded, unlike), bits, notes)


def _plain(x: Array) -> Array:
    """Spikes as uint8, all else as float64."""
    return x.astype(np.uint8) if ((x == 0) | (x == 1)).all() else x.astype(np.float64)


def _not_spikes(layer: Any, x: Array) -> str:
    """Why outputs of neurons are no spikes; empty if they are."""
    if layer.neuron is None or not layer.neuron.spikes or x.dtype == np.uint8:
        return ""
    others = x[(x != 0) & (x != 1)]
    return f"{layer.name}: {len(others)} of its outputs are neither 0 nor 1, {others[0]:g} for one: no spikes"
