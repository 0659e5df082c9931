"""A workload: a network, how busy it is, and what is to be done with it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path

from archsim.errors import WorkloadError
from archsim.units import to_door
from archsim.workload.build import network_of
from archsim.workload.models import (
    ActivityModel,
    ErrorRate,
    FileActivity,
    InitModel,
    LayersModel,
    NirModel,
    Phase,
    Schedule,
    WorkloadModel,
)
from archsim.workload.network import Network
from archsim.yaml_reader import Document, fill, load_model

NIR_TIMESTEPS = 100
NIR_INPUT_RATE = 0.1
NIR_BURSTS = 8  # of the largest layer in one timestep: a convolution must not become millions of tasks


@dataclass(frozen=True)
class Workload:
    """What is to be computed, as the rest of archsim reads it.

    Parameters
    ----------
    name : str
    network : Network
        Weights may be missing; `init` says how they are drawn then.
    n_timesteps : int
        Timesteps of the input of one sample.
    input_bits : int
        Resolution of the network's input at the drivers: 1 for spikes.
    activity : model
        Where the spikes come from.
    init : InitModel
    phases : tuple of "inference", "bp", "dfa"
    n_samples, n_batch : int
        Samples in all, and between two weight updates.
    schedule : "sequential", "pipelined" or "layer_parallel"
    n_positions_per_burst : int
        Output positions of a convolution that are one burst of tasks.
    error : "per_timestep" or "mean_rate"
    folder : Path
        Where the files that the workload names are looked for.
    described : dict
        What was read, with defaults and overrides, as it would stand in a workload file.
    """

    name: str
    network: Network
    n_timesteps: int
    input_bits: int
    activity: ActivityModel
    init: InitModel
    phases: tuple[Phase, ...]
    n_samples: int = 1
    n_batch: int = 1
    schedule: Schedule = "pipelined"
    n_positions_per_burst: int = 1
    error: ErrorRate = "per_timestep"
    folder: Path = Path()
    described: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.network.steps(self.n_timesteps)
        faults = _faults_of(self.network, self.n_timesteps)
        if faults:
            raise WorkloadError("\n".join(f"{self.name}: {fault}" for fault in faults))

    @property
    def steps(self) -> dict[str, int]:
        """Timesteps of every layer's output (and of "input")."""
        return self.network.steps(self.n_timesteps)


def _faults_of(network: Network, n_timesteps: int) -> list[str]:
    """What a network may be, but no workload can have."""
    last = network.layers[-1]
    faults = []
    if not last.has_weights:
        faults.append(f"the last layer, {last.name!r}, has no weights: nothing to read out or to learn")
    for layer in network.layers:
        if layer is not last and not network.consumers(layer.name):
            faults.append(
                f"layer {layer.name!r}: no layer takes its output, and only the last one, {last.name!r}, is read "
                "out; name it among the inputs of another layer, or leave it out"
            )
        if len(set(layer.inputs)) < len(layer.inputs):
            faults.append(f"layer {layer.name!r}: one of its inputs stands there twice; add up its weights")
        if layer.delay >= n_timesteps:
            faults.append(
                f"layer {layer.name!r}: its inputs are delayed by {layer.delay} timesteps, but there are only "
                f"{n_timesteps}; raise timesteps"
            )
    return faults


def load_workload(path: str | PathLike[str], overrides: Sequence[str] = ()) -> Workload:
    """Read a workload from a YAML file, or a network from a NIR file.

    A NIR file says nothing of timesteps or input: 100 timesteps of random input spikes (a tenth of the
    inputs in every timestep) drive it, one sample, all phases, up to eight bursts for each layer and timestep.
    Overrides change that (``timesteps=20``, ``network.dt=1 ms``), or a workload file with
    ``network: {nir: FILE}``.

    Parameters
    ----------
    path : path
        A file as in ``workloads/``, or one that ends in ``.nir``.
    overrides : sequence of str
        Assignments ``key.key=value`` that replace values of the file.

    Returns
    -------
    Workload

    Raises
    ------
    WorkloadError
        With every fault of the file, or what of the network is not supported.

    Examples
    --------
    >>> work = load_workload("workloads/watch_mlp.yaml", ["samples=1", "batch=1"])
    >>> work.network.names
    ('fc1', 'fc2', 'out')
    """
    path = Path(path)
    if path.suffix == ".nir":
        return _of_nir_file(path, overrides)
    model, _ = load_model(WorkloadModel, path, WorkloadError, overrides)
    try:
        return _of_model(model, path.parent)
    except WorkloadError as fault:
        raise WorkloadError("\n".join(f"{path}: {line}" for line in str(fault).splitlines())) from None


def _of_model(model: WorkloadModel, folder: Path) -> Workload:
    if isinstance(model.network, LayersModel):
        network = network_of(model.name, model.network)
    else:
        network = _read_nir(folder / model.network.nir, model.network)
    unknown = set(getattr(model.activity, "layers", {})) - set(network.names)
    if unknown:
        raise WorkloadError(
            f"{model.name}: activity.layers: no layer is called {', '.join(sorted(unknown))}; "
            f"layers: {', '.join(network.names)}"
        )
    return Workload(
        name=model.name,
        network=network,
        n_timesteps=model.n_timesteps,
        input_bits=model.input_resolution_bits,
        activity=_located(model.activity, folder),
        init=model.weights,
        phases=tuple(model.phases),
        n_samples=model.n_samples,
        n_batch=model.n_batch,
        schedule=model.schedule,
        n_positions_per_burst=model.n_positions_per_burst,
        error=model.learning.error,
        folder=folder,
        described=to_door(model),
    )


def _located(activity: ActivityModel, folder: Path) -> ActivityModel:
    """The same activity with its file named from where we stand."""
    if isinstance(activity, FileActivity):
        return activity.model_copy(update={"file": str(folder / activity.file)})
    return activity


def _of_nir_file(path: Path, overrides: Sequence[str]) -> Workload:
    """A network file as a workload with the defaults that it cannot carry."""
    defaults: dict[str, object] = {
        "version": 1,
        "name": path.stem,
        "network": {"nir": path.name},
        "timesteps": NIR_TIMESTEPS,
        "input_resolution": "1 bit",
        "activity": {"kind": "random_input", "rate": NIR_INPUT_RATE},
        "phases": ["inference", "bp", "dfa"],
    }
    document = Document(defaults, path, WorkloadError, {(): (1, 1)}).override(overrides)
    work = _of_model(fill(WorkloadModel, document), path.parent)
    notes = list(work.network.notes)
    if not any(item.startswith(("timesteps", "activity")) for item in overrides):
        spikes = f"{NIR_TIMESTEPS} timesteps of random input spikes at rate {NIR_INPUT_RATE}"
        notes.append(f"{spikes} (the file has none; set timesteps=... or activity.rate=...)")
    if "positions_per_burst" not in document.data:
        most = max(math.prod(layer.out_shape[1:]) for layer in work.network.layers)
        burst = math.ceil(most / NIR_BURSTS)
        described = {**work.described, "positions_per_burst": burst}
        work = replace(work, n_positions_per_burst=burst, described=described)
    return replace(work, network=replace(work.network, notes=tuple(notes)))


def _read_nir(path: Path, model: NirModel) -> Network:
    from archsim.workload.nir_reader import from_nir

    dt = None if model.dt_ps is None else model.dt_ps * 1e-12
    return from_nir(path, dt=dt, reset=model.reset)
