"""The base class of a chip's parts: actions, and their time, energy and area."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar, Concatenate, ParamSpec, TypeVar

from archsim.components.records import Action, Charge, Figures, Where
from archsim.names import CONTROL
from archsim.spec.chip import Chip
from archsim.spec.costs import CircuitCost, Priced
from archsim.units import file_data

if TYPE_CHECKING:
    from archsim.components.parts import Parts

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound="Part")
_NOT_ASKED = object()
MOST_REMEMBERED = 20_000  # answers of a part: rows that are written differ, and a long run has many of them


@dataclass(frozen=True)
class Look:
    """How pictures draw a part: a place in their palette, and a hatch ("" for none)."""

    hue: int
    hatch: str


@dataclass(frozen=True)
class Job:
    """Work for a part: one task without its place and its order.

    Attributes
    ----------
    action : Action
        What is done and what one count of it costs.
    count : int
    occupancy_ps, latency_ps : int
        How long what it uses is held; how long until the result is there.
    uses : tuple of (str, int, int)
        Resources: name below the place where it is done, capacity, units.
    """

    action: Action
    count: int
    occupancy_ps: int = 0
    latency_ps: int = 0
    uses: tuple[tuple[str, int, int], ...] = ()


class Part(ABC):
    """One part of a chip, at the prices of its file.

    A subclass says everything about its part. Methods named after an action give its price (`Action`) or the whole
    `Job`; methods that end in ``_ps`` give times in whole picoseconds.

    Attributes
    ----------
    kind : str
        Its name in the price list.
    path : tuple of str
        Where the chip file describes it.
    counts : tuple of (str, str)
        Its actions, and what one count of each is.
    area_action, area_stage : str
        The action and the stage that its area is there for.
    free_keys : tuple of str
        Keys below `path` that change times and prices, but never which tasks there are.
    scaling : str
        The law by which its cited figures go to another node or condition, of :mod:`archsim.components.process`.
    scaling_of : mapping of str to str
        Fields of its cost that go by another one.
    look : Look
    """

    kind: ClassVar[str]
    path: ClassVar[tuple[str, ...]]
    counts: ClassVar[tuple[tuple[str, str], ...]] = ()
    area_action: ClassVar[str] = CONTROL
    area_stage: ClassVar[str] = "forward"
    free_keys: ClassVar[tuple[str, ...]] = ("cost",)
    scaling: ClassVar[str]
    scaling_of: ClassVar[Mapping[str, str]] = {}
    look: ClassVar[Look]

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.chip = parts.chip
        self.memory: dict[Any, Any] = {}

    @classmethod
    def of_file(cls, chip: Chip) -> Any:
        """The part's section of the chip file; None if the chip has none."""
        found: Any = chip
        for name in cls.path:
            found = None if found is None else getattr(found, name)
        return found

    @classmethod
    def cost_path(cls) -> tuple[str, ...]:
        """Where the chip file gives its cost."""
        return (*cls.path, "cost")

    @classmethod
    def cost_of(cls, chip: Chip) -> Priced | None:
        """The cost model that the chip file gives the part; None if the chip has none."""
        described = cls.of_file(chip)
        return None if described is None else described.cost

    @classmethod
    def free_paths(cls) -> list[tuple[str, ...]]:
        """Paths in the chip file that change times and prices, but never which tasks there are."""
        return [(*cls.path, key) for key in cls.free_keys]

    @classmethod
    def errors(cls, chip: Chip) -> list[str]:  # noqa: ARG003  # most parts can always be priced
        """Errors that keep the part from being priced, as ``path: what is wrong; what would help``."""
        return []

    @classmethod
    def notes(cls, chip: Chip) -> list[str]:  # noqa: ARG003  # of most parts every key counts
        """Its keys that change nothing on this chip, as ``path: why; what would make it count``."""
        return []

    @classmethod
    def law_of(cls, field: str) -> str:
        """The law by which a figure of its cost is scaled."""
        return cls.scaling_of.get(field, cls.scaling)

    @classmethod
    def scales(cls, chip: Chip) -> bool:
        """Whether its cost depends on the node of the chip's technology."""
        cost = cls.cost_of(chip)
        is_at_node = cost is not None and cost.at is not None and cost.at.node_nm is not None
        return is_at_node or isinstance(cost, CircuitCost)

    @classmethod
    def heeds(cls, chip: Chip) -> set[str]:
        """Which of the chip's conditions its cost depends on: temperature, supply, flavour."""
        cost = cls.cost_of(chip)
        if isinstance(cost, CircuitCost):
            return {"temperature", "supply", "flavour"}
        at = None if cost is None else cost.at
        return set() if at is None else {key for key, value in file_data(at).items() if value is not None}

    @property
    @abstractmethod
    def where(self) -> Where:
        """In each of what it is."""

    @property
    def n_per_parent(self) -> int:
        """Instances in each `where`; 0 if the chip has none."""
        return 1

    @property
    @abstractmethod
    def figures(self) -> Figures:
        """Area and leakage of one instance."""

    def examples(self) -> list[Action]:
        """One of each action, for the table of prices."""
        return []

    def count_unit(self, action: str) -> str:
        """The unit of count of one of its actions."""
        return dict(self.counts)[action]

    def time_of_one_ps(self) -> int | Fraction | None:
        """Time of one access, conversion, beat, flit or result; None if it has none."""
        return None


def remembered(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Work an answer out once for each argument: lowering asks for the same few a hundred thousand times."""
    name = method.__name__

    @wraps(method)
    def answer(self: S, *args: P.args, **kwargs: P.kwargs) -> R:
        key = (name, args, *kwargs.items())
        found = self.memory.get(key, _NOT_ASKED)
        if found is _NOT_ASKED:
            if len(self.memory) >= MOST_REMEMBERED:
                self.memory.clear()
            found = self.memory[key] = method(self, *args, **kwargs)
        return found  # type: ignore[no-any-return]  # the dict holds every method's answers

    return answer  # type: ignore[return-value]  # mypy insists on the name of the first argument


def action(name: str, **energy_pj: float) -> Action:
    """An action by what each part spends on one count of it; the first is the one that it keeps busy."""
    return Action(name, tuple(Charge(part, energy) for part, energy in energy_pj.items()))
