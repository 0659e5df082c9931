"""The base class of kinds of fixed matrices, and what each may draw from."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from archsim.snn.weights import stream
from archsim.units import FileModel
from archsim.workload.network import Floats, Layer, Network

# (layer name, (neurons, classes), a random stream of the layer's own) -> differential values, in any unit
Draw = Callable[[str, tuple[int, int], np.random.Generator], Floats]

STREAM = 4  # apart from the streams of weights, (layer) and (layer, 0 or 1)


@dataclass(frozen=True)
class Wanted:
    """One matrix that is asked for, and all that it may be made of.

    Parameters
    ----------
    network : Network
    layer : Layer
        Whose errors it gives.
    seed : int
    draw : callable, optional
        Values that come from devices, see :func:`archsim.snn.learn.feedback.make_feedback`.
    weights : mapping of str to array (columns, rows), optional
        In place of the network's own.
    shared : bool
        Whether one value serves all positions of a channel.
    """

    network: Network
    layer: Layer
    seed: int
    draw: Draw | None = None
    weights: Mapping[str, Floats] | None = None
    shared: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """(neurons of the layer, or its channels, outputs of the network)."""
        n_values = self.layer.out_shape[0] if self.shared else self.layer.n_neurons
        return n_values, self.network.layers[-1].n_neurons

    @property
    def size(self) -> float:
        """1 / sqrt(outputs): with values of this deviation B e is as large as e on average."""
        return float(1 / np.sqrt(self.shape[1]))

    def random(self, *more: int) -> np.random.Generator:
        """A stream of the layer's own."""
        return stream(self.seed, STREAM, self.network.layers.index(self.layer), *more)


class FeedbackKind(FileModel):
    """One kind of fixed matrix: its fields are the keys of the section `feedback` of a workload file.

    A subclass narrows `kind` to its name, ``kind: Literal["gaussian"]``. `scale` multiplies all values.

    Attributes
    ----------
    of_weights : bool
        Whether it is made of the network's weights: then these must be there first, and no generator can make it.
    of_devices : bool
        Whether its values come from the cells that hold it.
    own_time_path : bool
        Whether the error is that of SDFA: the raw one, with every layer's own path through time.
    """

    kind: str
    scale: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0

    of_weights: ClassVar[bool] = False
    of_devices: ClassVar[bool] = False
    own_time_path: ClassVar[bool] = False

    @abstractmethod
    def values(self, wanted: Wanted) -> Floats:
        """The matrix (neurons, outputs), before it is multiplied by `scale`."""

    def matrix(self, wanted: Wanted) -> Floats:
        """The matrix (neurons, outputs)."""
        return self.scale * self.values(wanted)
