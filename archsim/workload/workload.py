"""A workload: a network, how busy it is, and what is to be done with it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Any

from archsim.errors import WorkloadError
from archsim.examples import located
from archsim.given import refuse, wrong_kind, wrong_kinds
from archsim.registry import RULES
from archsim.sources import Source, is_text, read_source
from archsim.units import file_data, seconds
from archsim.workload.build import LayerError, network_of
from archsim.workload.data import SourceModel
from archsim.workload.learning import ErrorRate, LearningModel
from archsim.workload.models import (
    ActivityModel,
    FileActivity,
    InitModel,
    LayersModel,
    NirModel,
    Schedule,
    ShapeModel,
    WorkloadModel,
)
from archsim.workload.network import Network
from archsim.workload.phases import INFERENCE, Phase, phases
from archsim.workload.shape import layers_of_shape
from archsim.workload.shown import workload_html
from archsim.yaml_reader import Document, Keys, fill

NIR_TIMESTEPS = 100
NIR_INPUT_RATE = 0.1
NIR_BURSTS = 8  # of the largest layer in one timestep: a convolution must not become millions of tasks


@dataclass(frozen=True)
class Workload:
    """A workload, as the rest of archsim reads it.

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
    phases : tuple of str
        "inference", "program" and names of learning rules; any other can be asked for too.
    n_samples, n_batch : int
        Samples in all, and between two weight updates.
    schedule : "sequential", "pipelined", "layer_parallel", "within_batch" or "three_level"
        What may overlap with what, see :mod:`archsim.lowering.training`.
    n_positions_per_burst : int
        Output positions of a convolution that are one burst of tasks.
    error : "per_timestep" or "mean_rate"
    learning : LearningModel
        The rule and the story of learning, as the file gives them.
    folder : Path
        Where the files that the workload names are looked for.
    described : dict
        What was read, with defaults and overrides, as it would stand in a workload file.
    data : SourceModel, optional
        The workload's own data.
    recorded : object, optional
        An :class:`archsim.snn.Activity` that stands for `activity`: what a model of others has recorded.
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
    learning: LearningModel = field(default_factory=LearningModel)
    folder: Path = Path()
    described: dict[str, object] = field(default_factory=dict)
    data: SourceModel | None = None
    recorded: Any = None

    def __post_init__(self) -> None:
        unknown = [*wrong_kinds(self), *(wrong_kind("phases", phase, phases()) for phase in self.phases)]
        refuse([f"{self.name}: {said}" for said in unknown if said], WorkloadError)
        errors = _errors_of(self.network, self.n_timesteps)
        if errors:
            raise WorkloadError("\n".join(f"{self.name}: {message}" for _, message in errors))

    @property
    def steps(self) -> dict[str, int]:
        """Timesteps of every layer's output (and of "input")."""
        return self.network.steps(self.n_timesteps)

    def _repr_html_(self) -> str:
        return workload_html(self)


def _errors_of(network: Network, n_timesteps: int) -> list[tuple[Keys, str]]:
    """Networks that no workload can have, as (path in a workload file, message)."""
    last = network.layers[-1]
    errors: list[tuple[Keys, str]] = _rate_errors(network, n_timesteps)
    for index, layer in enumerate(network.layers):
        here, name = ("network", "layers", index), f"layer {layer.name!r}"
        if layer is last and not last.has_weights:
            said = f"the last layer, {last.name!r}, has no weights: nothing to read out or to learn"
            errors.append(((*here, "kind"), said))
        if layer is not last and not network.consumers(layer.name):
            said = (
                f"{name}: no layer takes its output, and only the last one, {last.name!r}, is read out; name it "
                "among the inputs of another layer, or leave it out"
            )
            errors.append((here, said))
        if len(set(layer.inputs)) < len(layer.inputs):
            said = f"{name}: one of its inputs stands there twice; add up its weights"
            errors.append(((*here, "inputs"), said))
        if layer.delay >= n_timesteps:
            said = (
                f"{name}: its inputs are delayed by {layer.delay} timesteps, but there are only {n_timesteps}; "
                "raise timesteps"
            )
            errors.append((("timesteps",), said))
    return errors


def _rate_errors(network: Network, n_timesteps: int) -> list[tuple[Keys, str]]:
    """The first layer whose timesteps do not work out, if there is one."""
    try:
        network.steps(n_timesteps)
    except WorkloadError:
        for index in range(len(network.layers)):
            try:
                replace(network, layers=network.layers[: index + 1]).steps(n_timesteps)
            except WorkloadError as error:
                return [(("network", "layers", index), str(error))]
    return []


def load_workload(path: Source, overrides: Sequence[str] = ()) -> Workload:
    """Read a workload from a YAML file, a network from a NIR file, or either by the name of an example.

    A NIR file says nothing of timesteps or input: 100 timesteps of random input spikes (a tenth of the
    inputs in every timestep) drive it, one sample, all phases, up to eight bursts for each layer and timestep.
    Overrides change that (``timesteps=20``, ``network.dt=1 ms``), or a workload file with
    ``network: {nir: FILE}``.

    Parameters
    ----------
    path : path, text or dict
        A file as in ``workloads/``, or one that ends in ``.nir``; the name of an example (:mod:`archsim.examples`;
        a file of that name wins), a workload file's text, or its content as a dict.
    overrides : sequence of str
        Assignments ``key.key=value`` that replace values of the file; a single text is one of them.

    Raises
    ------
    WorkloadError
        With every error of the file, or what of the network is not supported.

    Examples
    --------
    >>> work = load_workload("workloads/watch_mlp.yaml", ["samples=1", "batch=1"])
    >>> work.network.names
    ('fc1', 'fc2', 'out')
    """
    if isinstance(path, str | PathLike) and str(path) and not is_text(path):
        file = located(path, "workload")
        if file.suffix == ".nir":
            return _of_nir_file(file, overrides)
    document = read_source(path, "workload", WorkloadError)
    return workload_of(document.override(overrides), document.path.parent)


def workload_of(document: Document, folder: Path) -> Workload:
    """The workload that a file describes; errors name their line."""
    model = fill(WorkloadModel, document)
    try:
        network = _network_of(model, folder)
    except LayerError as error:
        raise document.fail([(("network", *path), said) for path, said in error.errors]) from None
    except WorkloadError as error:  # of the reader of NIR files, which names the file
        if document.path.suffix == ".nir":
            raise
        where = f"{document.where(('network', 'nir'))}: network.nir"
        raise WorkloadError("\n".join(f"{where}: {line}" for line in str(error).splitlines())) from None
    errors = _activity_errors(model.activity, network) + _errors_of(network, model.n_timesteps)
    if errors and not isinstance(model.network, LayersModel):  # its layers do not stand in the file
        errors = [(path[:1] if path[0] == "network" else path, said) for path, said in errors]
    if errors:
        raise document.fail(errors)
    return _of_model(model, network, folder)


def _network_of(model: WorkloadModel, folder: Path) -> Network:
    if isinstance(model.network, LayersModel):
        return network_of(model.name, model.network)
    if isinstance(model.network, ShapeModel):
        return network_of(model.name, layers_of_shape(model.network))
    return _read_nir(located(model.network.nir, "workload", folder), model.network)


def _activity_errors(activity: ActivityModel, network: Network) -> list[tuple[Keys, str]]:
    unknown = sorted(set(getattr(activity, "layers", {})) - set(network.names))
    layers = ", ".join(network.names)
    return [(("activity", "layers", name), f"no layer is called {name}; layers: {layers}") for name in unknown]


def _of_model(model: WorkloadModel, network: Network, folder: Path) -> Workload:
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
        learning=model.learning,
        folder=folder,
        described=file_data(model),
        data=model.data,
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
        "phases": [INFERENCE, *(name for name, rule in RULES.items() if rule.runs_unasked)],
    }
    document = Document(defaults, path, WorkloadError, {(): str(path)}).override(overrides)
    work = workload_of(document, path.parent)
    notes = [*work.network.notes, *_assumed_input(overrides)]
    if "positions_per_burst" not in document.data:
        most = max(math.prod(layer.out_shape[1:]) for layer in work.network.layers)
        burst = math.ceil(most / NIR_BURSTS)
        described = {**work.described, "positions_per_burst": burst}
        work = replace(work, n_positions_per_burst=burst, described=described)
    return replace(work, network=replace(work.network, notes=tuple(notes)))


def _assumed_input(overrides: Sequence[str]) -> list[str]:
    """Assumptions that stand in for input that a network file does not have, apart from what is set."""
    given = {item.partition("=")[0].strip() for item in overrides}
    notes = []
    if "timesteps" not in given:
        notes.append(f"timesteps are not in the file: {NIR_TIMESTEPS} assumed (timesteps=...)")
    if not given & {"activity", "activity.kind", "activity.rate"}:
        notes.append(
            f"input is not in the file: random spikes at rate {NIR_INPUT_RATE} assumed (activity.rate=..., or "
            "another activity)"
        )
    return notes


def _read_nir(path: Path, model: NirModel) -> Network:
    from archsim.workload.nir_reader import from_nir

    dt = None if model.dt_ps is None else seconds(model.dt_ps)
    return from_nir(path, dt=dt, reset=model.reset, fires=model.fires)
