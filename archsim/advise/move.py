"""The base class of design moves: what could be changed in the files of a chip and a workload."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import reduce
from typing import Any, ClassVar, NamedTuple, get_args

from archsim.spec import Chip
from archsim.units.quantities import exact_quantity
from archsim.workload import Phase, Workload

Sets = tuple[str, ...]
"""Assignments as ``--set`` takes them; those for the workload begin with ``workload.``."""


class Given(NamedTuple):
    """Starting point of moves: the design as it is, and the phase that is simulated."""

    chip: Chip
    work: Workload
    phase: Phase


class Move(ABC):
    """One kind of change. A plug-in brings its own: group ``archsim.moves``.

    Attributes
    ----------
    kind : str
        Its name.
    title : str
        What is changed, for people.
    nothing : str
        Why there is nothing to try, where `tries` gives nothing.
    costs : tuple of str
        Sections of the chip file whose figures do not follow the change where they are cited.
    accuracy : str
        How it touches the network's results; empty if it does not. `touches` may look at the value.
    caveat : str
        What else the figures do not tell.
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    nothing: ClassVar[str] = "there is no other value to try"
    costs: ClassVar[tuple[str, ...]] = ()
    accuracy: ClassVar[str] = ""
    caveat: ClassVar[str] = ""

    @classmethod
    @abstractmethod
    def tries(cls, given: Given) -> Iterator[Sets]:
        """The changes to try, each a set of assignments; whether the chip takes them is found out by trying."""

    @classmethod
    def notes(cls, chip: Chip, sets: Sets) -> Iterator[str]:  # noqa: ARG003  # for kinds that look at the value
        """Caveat: effects of the change that the figures do not show."""
        cited = [path for path in cls.costs if getattr(part_at(chip, path), "model", "") == "cited"]
        if cited:
            yield f"{', '.join(cited)}: cited for one design, so that it stays as it is"
        if cls.caveat:
            yield cls.caveat

    @classmethod
    def touches(cls, sets: Sets) -> str:  # noqa: ARG003  # for kinds that look at the value
        """Why a change makes the network's results others; empty where they stay the same."""
        return cls.accuracy


def part_at(chip: Chip, path: str) -> Any:
    """A section of a chip by its path in the file; None where the chip leaves it out.

    Examples
    --------
    >>> from archsim.spec import load_chip
    >>> part_at(load_chip("arch_specs/wearable_rram.yaml"), "adc.cost").model
    'law'
    """

    def step(part: Any, key: str) -> Any:
        return getattr(part, key, None)

    return reduce(step, path.split("."), chip)


def other_of(chip: Chip, path: str) -> Iterator[Sets]:
    """A key of a few values, as its section names them, set to each other one.

    Examples
    --------
    >>> from archsim.spec import load_chip
    >>> list(other_of(load_chip("arch_specs/wearable_rram.yaml"), "execution.spike_format"))
    [('execution.spike_format=aer',)]
    """
    above, _, key = path.rpartition(".")
    section = part_at(chip, above)
    of = type(section).model_fields[key].annotation
    now, values = getattr(section, key), (False, True) if of is bool else get_args(of)
    yield from ((f"{path}={str(value).lower()}",) for value in values if value != now)


def half_and_double(path: str, n: int, most: int | None = None) -> Iterator[Sets]:
    """A count halved, where it can be, and doubled, up to a bound.

    Examples
    --------
    >>> list(half_and_double("tile.pes", 4)), list(half_and_double("tile.pes", 1, most=1))
    ([('tile.pes=2',), ('tile.pes=8',)], [])
    """
    if n % 2 == 0:
        yield (f"{path}={n // 2}",)
    if most is None or 2 * n <= most:
        yield (f"{path}={2 * n}",)


def quantity(path: str, value: float, kind: str) -> str:
    """An assignment of a quantity with its unit, exact.

    Examples
    --------
    >>> quantity("device.on_time", 2500, "time"), quantity("adc.rate", 2560.0, "frequency")
    ('device.on_time=2.5 ns', 'adc.rate=2.56 GHz')
    """
    return f"{path}={exact_quantity(value, kind)}"
