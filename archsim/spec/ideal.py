"""Parts of a chip whose errors its file switches off."""

from __future__ import annotations

from archsim.units import FileModel


class Ideal(FileModel):
    """Whose errors do not count in what numbers come out; times, energies and areas stay as they are.

    Parameters
    ----------
    converters : sums of columns are read as they are, not as codes
    drivers : inputs and errors drive the lines as they are, not rounded to their bits
    levels : a weight is not rounded to the levels of its cells
    cells : no `device.errors`, and no `device.curve`
    wires : no `crossbar.wires`
    forward, backward, feedback : what is read on that path (inputs through weights, errors through weights,
        errors through a fixed matrix of a rule) sees no noise, wires, curve, learned errors or converters; what
        cells hold stays as it is

    Examples
    --------
    >>> Ideal(wires=True)
    Ideal(converters=False, drivers=False, levels=False, cells=False, wires=True, forward=False, backward=False, \
feedback=False)
    """

    converters: bool = False
    drivers: bool = False
    levels: bool = False
    cells: bool = False
    wires: bool = False
    forward: bool = False
    backward: bool = False
    feedback: bool = False


EVERYTHING = Ideal(**dict.fromkeys(Ideal.model_fields, True))
NOTHING = Ideal()
