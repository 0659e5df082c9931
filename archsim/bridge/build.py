"""A network from the parts of a model and from what flowed between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from archsim.bridge.library import Cell
from archsim.bridge.modules import Part, Weights
from archsim.bridge.trace import Array, Traced
from archsim.errors import WorkloadError
from archsim.names import why_reserved
from archsim.snn.batch_norm import BatchNorm, fold_batch_norm
from archsim.workload.network import INPUT, Conv, Layer, Network, Pool, Shape


@dataclass
class Draft:
    """A layer in the making: an operation, perhaps a normalisation, perhaps neurons.

    Parameters
    ----------
    source : str
        The part whose output it takes.
    op : Part
    norm, cell : Part or None
    """

    source: str
    op: Part
    norm: Part | None = None
    cell: Part | None = None

    @property
    def last(self) -> Part:
        """The part whose output is the layer's."""
        return self.cell or self.norm or self.op

    @property
    def name(self) -> str:
        """That of its neurons, else of its operation."""
        called = (self.cell or self.op).name
        return f"{called}_layer" if why_reserved(called) else called


@dataclass
class Built:
    """A network, and by layer the part that gives its output."""

    network: Network
    parts: dict[str, Part] = field(default_factory=dict)


def drafts_of(parts: Mapping[str, Part], flow: Traced) -> list[Draft]:
    """Layers, in the order in which they are computed.

    Raises
    ------
    WorkloadError
        With every part that stands where it cannot be expressed.
    """
    drafts: dict[str, Draft] = {}  # by the part that ends it, so far
    errors = []
    users = [flow.before[name] for name in flow.order]
    for name in flow.order:
        part, source = parts[name], flow.before[name]
        before = drafts.get(source)
        if isinstance(part.meaning, Weights | Pool):
            drafts[name] = Draft(source, part)
        elif isinstance(part.meaning, BatchNorm | Cell):
            where = None if before is None else _misplaced(part, before, users.count(source))
            if before is None or where:
                errors.append(f"{name}: {where or 'stands behind no Linear, convolution or pooling'}")
                continue
            del drafts[source]
            norm = part if isinstance(part.meaning, BatchNorm) else before.norm
            cell = part if isinstance(part.meaning, Cell) else None
            drafts[name] = Draft(before.source, before.op, norm, cell)
    if errors:
        raise WorkloadError("\n".join(f"model: {error}" for error in errors))
    return list(drafts.values())


def _misplaced(part: Part, before: Draft, n_users: int) -> str:
    """Why a normalisation or neurons cannot stand behind a draft; empty if they can."""
    if before.cell is not None:
        return f"stands behind the neurons of {before.cell.name}, with no weights between"
    if n_users > 1:
        return f"is not the only one that takes the output of {before.last.name}"
    if isinstance(part.meaning, BatchNorm) and not isinstance(before.op.meaning, Weights):
        return f"normalises the output of {before.op.name}, which has no weights to fold it into"
    if isinstance(part.meaning, BatchNorm) and before.norm is not None:
        return f"stands behind another normalisation, {before.norm.name}"
    return ""


def built(name: str, drafts: list[Draft], values: Mapping[str, Array]) -> Built:
    """The network of drafts; shapes are those of what flowed, `values` by part (samples, timesteps, ...).

    Raises
    ------
    WorkloadError
        A shape that flowed is another than the operation's.
    """
    called = {draft.last.name: draft.name for draft in drafts} | {INPUT: INPUT}
    layers = tuple(_layer(draft, called, values) for draft in drafts)
    network = Network(name, values[INPUT].shape[2:], layers)
    norms = {d.name: d.norm.meaning for d in drafts if d.norm and isinstance(d.norm.meaning, BatchNorm)}
    return Built(_with_feedback(fold_batch_norm(network, norms), drafts), {d.name: d.last for d in drafts})


def _layer(draft: Draft, called: Mapping[str, str], values: Mapping[str, Array]) -> Layer:
    in_shape: Shape = values[draft.source].shape[2:]
    out_shape: Shape = values[draft.last.name].shape[2:]
    meaning = draft.op.meaning
    assert isinstance(meaning, Weights | Pool)
    neuron = draft.cell.meaning.neuron if draft.cell and isinstance(draft.cell.meaning, Cell) else None
    op = meaning if isinstance(meaning, Pool) else meaning.op
    made = Layer(draft.name, op, (called[draft.source],), in_shape, out_shape, neuron)
    if isinstance(meaning, Weights):
        made = replace(made, weight=meaning.weight, bias=meaning.bias)
    if isinstance(meaning, Weights) and not isinstance(meaning.op, Conv) and made.n_in != meaning.weight.shape[1]:
        raise WorkloadError(
            f"model: {draft.op.name} takes {meaning.weight.shape[1]} values and got shape {in_shape} from "
            f"{draft.source}: it was applied along one axis, which is no layer of a network here"
        )
    return made


def _with_feedback(network: Network, drafts: list[Draft]) -> Network:
    """The weights of neurons that feed themselves, which no normalisation touches."""
    layers = []
    for layer, draft in zip(network.layers, drafts, strict=True):
        cell = draft.cell.meaning if draft.cell else None
        if isinstance(cell, Cell) and cell.recurrent_weight is not None:
            biases = [np.asarray(b) for b in (layer.bias, cell.recurrent_bias) if b is not None]
            bias = sum(biases[1:], biases[0]) if biases else None
            layer = replace(layer, recurrent=True, recurrent_weight=cell.recurrent_weight, bias=bias)
        layers.append(layer)
    return replace(network, layers=tuple(layers))
