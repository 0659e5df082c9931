"""Models of workload files, from which a :class:`archsim.workload.Workload` is made."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    SerializerFunctionWrapHandler,
    Tag,
    field_validator,
    model_serializer,
    model_validator,
)

from archsim.names import one_line
from archsim.units import Bits, FieldsError, FileModel, Frac, KindName, KindOf, TimePs
from archsim.workload.data import SourceModel
from archsim.workload.learning import LearningModel
from archsim.workload.phases import Phase

MOST_SIZE = 2**20
"""Outputs of a layer, and extents, taps, strides and paddings along one axis. A million outputs take 8,192
crossbars of 128 columns side by side; a window, stride or padding wider than the widest input says nothing new."""
MOST_LAYERS = 2**10
"""Layers of a network: the deepest published ones have about a thousand (ResNet-1001, arXiv 1603.05027)."""
MOST_STEPS = 2**31 - 1
"""Timesteps and samples are labels of 32 bits."""
MOST_BITS = 64
"""Bits of one input value: the word of a computer; the value side reads 16 at most."""
MOST_SEED = 2**63 - 1
"""Seeds are numbers of 64 bits."""

Size = Annotated[int, Field(ge=1, le=MOST_SIZE)]
Steps = Annotated[int, Field(ge=1, le=MOST_STEPS)]
Seed = Annotated[int, Field(ge=0, le=MOST_SEED)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1)]
Padding = Annotated[int, Field(ge=0, le=MOST_SIZE)]
PerAxis = Size | Annotated[list[Size], Field(min_length=1, max_length=2)]
PaddingPerAxis = Padding | Annotated[list[Padding], Field(min_length=1, max_length=2)]

Schedule = Literal["sequential", "pipelined", "layer_parallel", "within_batch", "three_level"]


NeuronModel = Annotated[Any, KindOf("archsim.neurons")]
"""A neuron of a kind of :mod:`archsim.workload.neurons`."""


class LayerBase(FileModel):
    """Keys of every layer. `inputs` defaults to the layer before."""

    name: Name
    inputs: Annotated[list[Name], Field(min_length=1)] | None = None


class DenseModel(LayerBase):
    """Fully connected layer; `flatten_time` makes one product over all timesteps of the input."""

    kind: Literal["dense"]
    n_outputs: Size
    flatten_time: bool = False
    neuron: NeuronModel | None = None


class RecurrentModel(LayerBase):
    """Fully connected layer that also sees its own spikes of the timestep before."""

    kind: Literal["recurrent"]
    n_outputs: Size
    neuron: NeuronModel


class ConvModel(LayerBase):
    """Convolution along space, or (`conv1d` only) along time."""

    kind: Literal["conv1d", "conv2d"]
    n_channels: Size
    kernel: PerAxis
    stride: PerAxis = 1
    padding: PaddingPerAxis = 0
    dilation: PerAxis = 1
    groups: Size = 1
    axis: Literal["space", "time"] = "space"
    neuron: NeuronModel | None = None


class PoolModel(LayerBase):
    """Pooling along space, or along time; `stride` defaults to the kernel."""

    kind: Literal["average_pool", "sum_pool", "max_pool"]
    kernel: PerAxis
    stride: PerAxis | None = None
    padding: PaddingPerAxis = 0
    axis: Literal["space", "time"] = "space"
    neuron: NeuronModel | None = None


LayerModel = Annotated[DenseModel | RecurrentModel | ConvModel | PoolModel, Field(discriminator="kind")]


class LayersModel(FileModel):
    """A network written out; `input` is the shape of one timestep: [channels], [c, length] or [c, h, w]."""

    input: Annotated[list[Size], Field(min_length=1, max_length=3)]
    layers: Annotated[list[LayerModel], Field(min_length=1, max_length=MOST_LAYERS)]


class NirModel(FileModel):
    """A network in a NIR file, named relative to the workload file; the other keys say what such files do not.

    `fires`: NIR's neurons fire above their threshold; in sinabs and SpikingJelly `at` it.
    """

    nir: Name
    dt_ps: TimePs | None = None
    reset: Literal["zero", "subtract"] | None = None
    fires: Literal["above", "at"] | None = None

    @field_validator("dt_ps", mode="before")
    @classmethod
    def _count_of_timesteps(cls, value: object) -> object:
        """A bare number means a file that counts in timesteps: say how that is written."""
        if isinstance(value, int | float) and not isinstance(value, bool):
            raise ValueError(f"a time needs a unit, e.g. '1 s' for a file that counts in timesteps; got {value:g}")
        return value


class LineModel(FileModel):
    """Every layer sees the one before it."""

    kind: Literal["line"]


class WindowModel(FileModel):
    """Every layer sees the `reach` layers before it."""

    kind: Literal["window"]
    reach: Annotated[int, Field(ge=1, le=MOST_LAYERS)]


class FullModel(FileModel):
    """Every layer sees all layers before it."""

    kind: Literal["full"]


class PowersModel(FileModel):
    """Every layer sees those 1, 2, 4, 8, ... places before it."""

    kind: Literal["powers"]


class RandomEdgesModel(FileModel):
    """Every layer sees the one before it, and each earlier one with this probability; `seed` draws them."""

    kind: Literal["random"]
    probability: Frac
    seed: Seed = 0


ConnectModel = Annotated[
    LineModel | WindowModel | FullModel | PowersModel | RandomEdgesModel, Field(discriminator="kind")
]


class ShapeModel(FileModel):
    """A feed-forward network by its shape: `hidden` equal dense layers, what each sees, and a read-out.

    Places count from the input (0) to the read-out; the input is connected like a layer.
    """

    input: Annotated[list[Size], Field(min_length=1, max_length=3)]
    n_hidden: Annotated[int, Field(ge=1, lt=MOST_LAYERS)]
    width: Size
    n_outputs: Size
    connect: ConnectModel
    neuron: NeuronModel
    readout: NeuronModel | None = None


def _network_kind(value: object) -> str | None:
    """Which of the three ways to name a network is meant; None if nothing tells."""
    for model, kind in _NETWORK_KINDS:
        if isinstance(value, model):
            return kind
    keys = set(value) if isinstance(value, dict) else set()
    if "nir" in keys:
        return "nir"
    if keys & {"hidden", "width", "connect", "readout"}:
        return "shape"
    if keys & {"input", "layers"}:
        return "layers"
    return "nir" if keys & {"dt", "reset", "fires"} else None


_NETWORK_KINDS = ((LayersModel, "layers"), (NirModel, "nir"), (ShapeModel, "shape"))
NetworkModel = Annotated[
    Annotated[LayersModel, Tag("layers")] | Annotated[NirModel, Tag("nir")] | Annotated[ShapeModel, Tag("shape")],
    Discriminator(_network_kind),
]


class InitModel(FileModel):
    """Random weights where the network has none; `seed` draws them, `gain` scales them."""

    init: Literal["kaiming_uniform"] = "kaiming_uniform"
    gain: Positive = 1.0
    seed: Seed = 0


class DatasetActivity(FileModel):
    """Windows of a data set drive the network; its spikes are recorded. Without `dataset` they are of `data`.

    `encoding`: "analog" (the value is the current), "rate" (Bernoulli spikes), "delta" (level crossings:
    an up and a down channel for each), "latency" (one spike of several timesteps), or a plug-in's.
    """

    kind: Literal["dataset"]
    dataset: Annotated[str, KindName("archsim.data")] | None = None
    encoding: Annotated[str, KindName("archsim.encoders")] = "analog"
    step: Steps = 64


class RandomActivity(FileModel):
    """Random input spikes of a given rate drive the network; its spikes are recorded."""

    kind: Literal["random_input"]
    rate: Frac


class RatesActivity(FileModel):
    """No forward pass: spikes of every layer are drawn from its rate (spikes per neuron and timestep)."""

    kind: Literal["rates"]
    input: Frac
    layers: dict[str, Frac] = Field(default_factory=dict)
    default: Frac


class ConstantActivity(FileModel):
    """No forward pass: in every timestep the same outputs spike, as many as the rate says, evenly spread."""

    kind: Literal["constant"]
    input: Frac
    layers: dict[str, Frac] = Field(default_factory=dict)
    default: Frac


class FileActivity(FileModel):
    """Activity recorded before, as :meth:`archsim.snn.Activity.save` writes it."""

    kind: Literal["measured"]
    file: Name


ActivityModel = Annotated[
    DatasetActivity | RandomActivity | RatesActivity | ConstantActivity | FileActivity,
    Field(discriminator="kind"),
]


# as `archsim.spec.values.InputRules`; its 0, an analogue voltage, has no price
MOST_INPUT_BITS = 16


class WorkloadModel(FileModel):
    """A workload file. With `data` and no `activity`, samples of the data drive the network."""

    version: Literal[1]
    name: Annotated[Name, AfterValidator(one_line)]
    network: NetworkModel
    weights: InitModel = InitModel()
    n_timesteps: Steps
    input_resolution_bits: Bits
    activity: ActivityModel
    phases: Annotated[list[Phase], Field(min_length=1)]
    n_samples: Steps = 1
    n_batch: Steps = 1
    schedule: Schedule = "pipelined"
    n_positions_per_burst: Steps = 1
    learning: LearningModel = Field(default_factory=LearningModel)
    data: SourceModel | None = None

    @model_validator(mode="before")
    @classmethod
    def _data_drive_the_network(cls, given: object) -> object:
        if isinstance(given, dict) and given.get("data") is not None and "activity" not in given:
            return {**given, "activity": {"kind": "dataset"}}
        return given

    @model_serializer(mode="wrap")
    def _without_missing_data(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without data, as before there was such a key: what is hashed of a workload stays."""
        written: dict[str, Any] = write(self)
        return {key: value for key, value in written.items() if key != "data" or value is not None}

    @model_validator(mode="after")
    def _whole_batches(self) -> Self:
        errors: list[tuple[tuple[str, ...], str]] = []
        if self.data is None:
            if isinstance(self.activity, DatasetActivity) and self.activity.dataset is None:
                errors.append((("activity", "dataset"), "missing; name a data set, or say data: {kind: …, …}"))
            if self.learning.data is not None and self.learning.data.set is None:
                errors.append((("learning", "data", "set"), "missing; name a data set, or say data: {kind: …, …}"))
        if not 1 <= self.input_resolution_bits <= MOST_INPUT_BITS:
            said = f"must be 1 to {MOST_INPUT_BITS} bit; got {self.input_resolution_bits} bit"
            errors.append((("input_resolution",), said))
        if self.n_samples % self.n_batch:
            key = "samples" if "n_samples" in self.model_fields_set else "batch"
            said = f"{self.n_samples} samples are no whole number of batches of {self.n_batch}"
            errors.append(((key,), said))
        if len(set(self.phases)) != len(self.phases):
            errors.append((("phases",), "one of them stands there twice"))
        if errors:
            raise FieldsError(errors)
        return self
