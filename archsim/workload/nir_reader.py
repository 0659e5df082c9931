"""Read a spiking network from a NIR file (Neuromorphic Intermediate Representation), as real files are.

NIR says what the neurons do in continuous time and how they are connected. It does not say the timestep, nor
how a neuron is reset in discrete time; both are options here. What is mapped, repaired and refused stands in
``docs/models/nir.md``.
"""

from __future__ import annotations

import math
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from archsim.errors import WorkloadError
from archsim.workload.network import Network, Shape
from archsim.workload.nir_file import Tree, read_tree, text
from archsim.workload.nir_layers import LayerBuilder
from archsim.workload.nir_nodes import Fires, Node, Reset, declared_shape, values, weight_matrix
from archsim.workload.nir_repair import Graph, flat_graph

TAUS = ("tau", "tau_mem", "tau_syn")
SUSPICIOUS_STEPS = 1000  # only raises a note: a time constant this long lets hardly any input through
SPIKING = ("CubaLIF", "IF", "LIF", "Threshold")
RESETS: tuple[Reset, ...] = ("zero", "subtract")
FIRES: tuple[Fires, ...] = ("above", "at")
ABOVE_NOTE = (
    "neurons fire above their threshold, as NIR defines it; networks of sinabs or SpikingJelly fire at it too "
    "(fires: at)"
)
ONE_STEP = "1 s"
HOW_DT = f"set dt (network.dt={ONE_STEP} for a file that counts in timesteps; dt=1 in Python)"
Choice = TypeVar("Choice", bound=str)
DEFAULT_DT_S = 1e-4  # what snnTorch and Norse exported with for the NIR paper (docs/models/nir.md)


def from_nir(
    path: str | PathLike[str], *, dt: float | None = None, reset: Reset | None = None, fires: Fires | None = None
) -> Network:
    """Read a network from a NIR file.

    The neurons' equations are taken one explicit Euler step at a time: LIF, ``tau dv/dt = v_leak - v + r i``,
    gets decay 1 - dt/tau, gain r dt/tau and offset v_leak dt/tau; IF, ``dv/dt = r i``, gets decay 1 and gain
    r dt; CubaLIF has an LIF's membrane and a synapse with syn_decay 1 - dt/tau_syn and syn_gain
    w_in dt/tau_syn.

    Parameters
    ----------
    path : str or path
        A .nir file (HDF5).
    dt : float, optional
        Timestep in seconds, at most the shortest time constant. If None: "dt" in the metadata of the file,
        else 1e-4 s, which is noted. Files with IF neurons usually mean dt = 1: one unit of input is one unit
        of potential.
    reset : {"zero", "subtract"}, optional
        A neuron that spiked goes to v_reset, or loses threshold - v_reset. If None: "reset" in the metadata of
        the graph (archsim writes it), else "zero", which is noted.
    fires : {"above", "at"}, optional
        Whether a potential that equals the threshold fires. If None: "fires" in the metadata of the graph (archsim
        writes it), else "above", as NIR defines it, which is noted: sinabs and SpikingJelly fire at the threshold.

    Returns
    -------
    Network
        `Network.notes` has one line for each repair and assumption.

    Raises
    ------
    WorkloadError
        If the file is missing, damaged or no NIR file; if it has nodes, cycles or connections that have no
        equal here; if shapes disagree; if a parameter holds NaN or infinity; if dt or reset is wrong.

    Notes
    -----
    Equations: J. E. Pedersen et al., "Neuromorphic intermediate representation: A unified instruction set for
    interoperable brain-inspired computing", Nature Communications 15, 8122 (2024).

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import nir, numpy as np
    >>> one = np.ones(1)
    >>> graph = nir.NIRGraph.from_list(
    ...     nir.Linear(np.ones((1, 3))), nir.LIF(tau=0.01 * one, r=one, v_leak=0 * one, v_threshold=one)
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "net.nir"
    ...     nir.write(path, graph)
    ...     network = from_nir(path, dt=1e-3, reset="zero")
    >>> [(layer.name, layer.in_shape, layer.out_shape) for layer in network.layers]
    [('lif', (3,), (1,))]
    >>> network.layers[0].neuron.decay
    0.9
    """
    if dt is not None and not _is_positive(dt):
        raise WorkloadError(f"dt is {dt!r}, must be a positive number of seconds")
    if reset not in (None, "zero", "subtract"):
        raise WorkloadError(f"reset is {reset!r}, must be 'zero' or 'subtract'")
    if fires not in (None, "above", "at"):
        raise WorkloadError(f"fires is {fires!r}, must be 'above' or 'at' (the threshold)")
    where = Path(path)
    tree = read_tree(where)
    try:
        return _network(where.stem, tree, dt, reset, fires)
    except WorkloadError as error:
        raise WorkloadError(f"{where}: {error}") from error.__cause__
    except (MemoryError, RecursionError, OverflowError) as error:
        raise WorkloadError(f"{where}: too large or too deep to be a network ({type(error).__name__})") from error


def _network(name: str, tree: Tree, dt: float | None, reset: Reset | None, fires: Fires | None) -> Network:
    graph = flat_graph(tree)
    notes = graph.notes
    given = dt
    dt = _timestep(tree, graph, dt, notes)
    reset = reset or _stated(tree, "reset", RESETS)
    fires = fires or _stated(tree, "fires", FIRES)
    if reset is None:
        notes.append('reset is not in the file: "zero" assumed (a neuron that spiked goes to v_reset)')
    if fires is None and any(n.type in SPIKING for n in graph.nodes.values()):
        notes.append(ABOVE_NOTE)
    shape = _input_shape(graph, notes)
    builder = LayerBuilder(graph, shape, dt, reset or "zero", fires or "above")
    layers = builder.build()
    if not layers:
        raise WorkloadError("nothing but the input reaches the output: no layers")
    notes += _joined(builder.notes)
    if given is None:
        notes += _doubts(graph, dt)
    return Network(name, shape, tuple(layers), tuple(dict.fromkeys(notes)))


def _stated(tree: Tree, key: str, choices: tuple[Choice, ...]) -> Choice | None:
    """The metadata that archsim's writer leaves in the graph."""
    metadata = tree.get("metadata")
    if not isinstance(metadata, dict) or key not in metadata:
        return None
    said = text(metadata[key])
    for choice in choices:
        if said == choice:
            return choice
    allowed = " or ".join(map(repr, choices))
    raise WorkloadError(f"the metadata states {key} = {said!r}; give {key} as an option: {allowed}")


def _doubts(graph: Graph, dt: float) -> list[str]:
    """Reasons against a timestep that is not given."""
    nodes = graph.nodes.values()
    integrators = graph.named(n.path for n in nodes if n.type in ("I", "IF"))
    taus = [float(np.min(values(n, key))) for n in nodes for key in TAUS if key in n.params]
    doubts = []
    if integrators:
        doubts.append(
            f"{integrators}: dv/dt = r i makes the gain r dt, here with dt = {dt:g} s; most exporters "
            f"of IF neurons mean dt = {ONE_STEP}"
        )
    if taus and min(taus) > SUSPICIOUS_STEPS * dt:
        doubts.append(
            f"the shortest time constant, {min(taus):g} s, is {min(taus) / dt:.0f} timesteps of {dt:g} s: "
            f"the network probably means a longer dt ({ONE_STEP}, if its time constants count timesteps)"
        )
    return doubts


def _joined(notes: list[str]) -> list[str]:
    """Notes in order, those about a missing v_reset as one line."""
    end = " has no v_reset: 0"
    nodes = [n.removesuffix(end) for n in notes if n.endswith(end)]
    rest = [n for n in notes if not n.endswith(end)]
    return [*rest, f"no v_reset, 0 assumed: {', '.join(nodes)}"] if nodes else rest


def _is_positive(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        return False
    return math.isfinite(value) and float(value) > 0


def _timestep(tree: Tree, graph: Graph, dt: float | None, notes: list[str]) -> float:
    if dt is not None:
        return float(dt)
    found: dict[str, float] = {}
    owners = {"the graph": tree, **{str(n): n.params for n in graph.nodes.values()}}
    for owner, params in owners.items():
        metadata = params.get("metadata")
        if isinstance(metadata, dict) and "dt" in metadata:
            value = np.asarray(metadata["dt"]).reshape(-1)
            if value.size != 1 or value.dtype.kind not in "iuf" or not _is_positive(value[0]):
                raise WorkloadError(f"{owner}: metadata states dt = {metadata['dt']!r}; {HOW_DT}")
            found[owner] = float(value[0])
    if len(set(found.values())) > 1:
        stated = ", ".join(f"{owner} {value:g} s" for owner, value in found.items())
        raise WorkloadError(f"the metadata states different timesteps ({stated}); {HOW_DT}")
    if found:
        owner, seconds = next(iter(found.items()))
        notes.append(f"dt = {seconds:g} s from the metadata of {owner}")
        return seconds
    notes.append(f"dt is not in the file: {DEFAULT_DT_S:g} s assumed; {HOW_DT}")
    return DEFAULT_DT_S


def _input_shape(graph: Graph, notes: list[str]) -> Shape:
    """Shape of one timestep: as stated, without leading axes for batch or time, else from what follows."""
    node = graph.nodes[graph.inputs[0]]
    first = _first_users(graph)
    stated = declared_shape(node)
    if stated is None:
        guesses = {s for s in (_needed_shape(graph.nodes[n]) for n in first) if s}
        if len(guesses) != 1:
            raise WorkloadError(f"{node} states no shape, and what follows does not tell it")
        shape = guesses.pop()
        notes.append(f"{node} states no shape: {shape} from what follows")
        return shape
    direct = graph.after(node.name)
    # a Linear right behind the input takes a vector, if one of that size can be had
    vectors = [len(stated) - 1] if any(graph.nodes[n].type in ("Affine", "Linear") for n in direct) else []
    for n_dropped in (*vectors, *range(len(stated))):
        shape = stated[n_dropped:]
        if all(_takes(graph.nodes[n], shape) for n in first):
            if n_dropped:
                notes.append(
                    f"{node} states shape {stated}: the leading {stated[:n_dropped]} taken as batch or time"
                )
            return shape
    with_channel = (1, *stated)
    if first and all(_takes(graph.nodes[n], with_channel) for n in first):
        notes.append(f"{node} states shape {stated}: a channel axis added")
        return with_channel
    return stated


def _first_users(graph: Graph) -> list[str]:
    """The first nodes behind the input that fix a shape."""
    seen: set[str] = set()
    found: list[str] = []
    todo = [graph.inputs[0]]
    while todo:
        for name in graph.after(todo.pop()):
            if name in seen:
                continue
            seen.add(name)
            kind = graph.nodes[name].type
            if kind in ("Affine", "Linear", "Conv1d", "Conv2d", "SumPool2d", "AvgPool2d"):
                found.append(name)
            elif kind in ("Flatten", "Scale", "Delay", "Input", "Output"):
                todo.append(name)
    return found


def _takes(node: Node, shape: Shape) -> bool:
    if node.type in ("Affine", "Linear"):
        return math.prod(shape) in weight_matrix(node).shape
    if node.type in ("SumPool2d", "AvgPool2d"):
        return len(shape) == 3
    return len(shape) == values(node, "weight").ndim - 1 and shape[0] == _channels(node)


def _channels(node: Node) -> int:
    groups = values(node, "groups").reshape(-1)[0] if "groups" in node.params else 1
    return int(values(node, "weight").shape[1] * groups)


def _needed_shape(node: Node) -> Shape | None:
    if node.type in ("Affine", "Linear"):
        return (weight_matrix(node).shape[1],)
    if node.type in ("Conv1d", "Conv2d"):
        space = declared_shape(node, "input_shape")
        return (_channels(node), *space) if space else None
    return None
