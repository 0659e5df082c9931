"""Integrate-and-fire on the column current.

As in W. Wan et al., "A compute-in-memory chip based on resistive random-access memory", Nature 608, 2022.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from archsim.crossbar.readouts.converter import SLACK, Floats
from archsim.crossbar.readouts.kind import ReadOut
from archsim.errors import SpecError
from archsim.registry import READOUTS
from archsim.spec.cells import Positive


class IntegrateFire:
    """Membranes that column currents charge: ``m <- leak m + charge``, a spike where ``m > threshold``.

    After a spike the membrane is zero, or has lost the threshold; one spike at most per step.

    Parameters
    ----------
    readout : IntegrateFireReadout
        Threshold in full cells, reset, leak.
    shape : tuple of int
        Of the membranes: vectors and columns.

    Attributes
    ----------
    membrane : ndarray
        In full cells.

    Examples
    --------
    >>> cell = IntegrateFire(IntegrateFireReadout(kind="integrate_fire", threshold=2.0), (1, 1))
    >>> [bool(cell.step(np.array([[1.5]]))[0, 0]) for _ in range(4)], cell.membrane
    ([False, True, True, False], array([[2.]]))
    """

    def __init__(self, readout: IntegrateFireReadout, shape: tuple[int, ...]) -> None:
        self.readout = readout
        self.membrane = np.zeros(shape)

    def step(self, charge: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Spikes of one read.

        Raises
        ------
        SpecError
            A charge of another shape than the membranes.
        """
        if charge.shape != self.membrane.shape:
            said = f"charge: must have the shape {self.membrane.shape} of the membranes; got {charge.shape}"
            raise SpecError(f"{said}; call reset with the new shape between batches")
        membrane = self.readout.leak * self.membrane + charge
        spikes = np.asarray(membrane > self.readout.threshold + SLACK)
        fired = 0.0 if self.readout.reset == "zero" else membrane - self.readout.threshold
        self.membrane = np.where(spikes, fired, membrane)
        return spikes

    def decide(self, sums: NDArray[np.floating]) -> Floats:
        """Spikes of one read as numbers.

        Raises
        ------
        SpecError
            A batch of another size than the one before.
        """
        n_kept = len(self.membrane)
        if n_kept != len(sums):
            said = f"x: the membranes are those of a batch of {n_kept}; got {len(sums)} vectors"
            raise SpecError(f"{said}; call reset_membrane before a batch of another size")
        return self.step(sums).astype(np.float64)

    def reset(self, shape: tuple[int, ...] | None = None) -> None:
        """Empty membranes, of another shape if given."""
        self.membrane = np.zeros(self.membrane.shape if shape is None else shape)


@READOUTS.register
class IntegrateFireReadout(ReadOut):
    """The column current charges the membrane directly; it fires above `threshold`, in full cells.

    `reset`: to zero, or by subtraction of the threshold (once per read). `leak`: part of the membrane kept from
    one read to the next.
    """

    kind: Literal["integrate_fire"]
    threshold: Positive
    reset: Literal["zero", "subtract"] = "subtract"
    leak: Annotated[float, Field(gt=0, le=1)] = 1.0
    decides: ClassVar[bool] = True
    remembers: ClassVar[bool] = True

    def decider(self, shape: tuple[int, ...]) -> IntegrateFire:
        return IntegrateFire(self, shape)
