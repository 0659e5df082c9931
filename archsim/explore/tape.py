"""How the times of a task graph follow from a chip's price list, written down while it is lowered.

Times that the price list answers with are whole numbers that remember where they come from. Sums and products of
them do too, and each comparison is noted with its outcome. For another chip the same arithmetic is done again on
its own answers: if every comparison comes out as it did, its graph is this one with other times; if not, it has to
be lowered by itself.
"""

from __future__ import annotations

import operator
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from archsim.components import Action, Job, Part, Parts, ReadCycle
from archsim.metrics.ledger import numbered
from archsim.taskgraph import Fragment, TaskGraphBuilder

_ARITHMETIC: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "floordiv": operator.floordiv, "max": max,
}  # fmt: skip
_COMPARED: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge,
    "eq": operator.eq, "ne": operator.ne,
}  # fmt: skip


Call = tuple[str, str, tuple[Any, ...]]
"""Part, method, arguments."""


class NotSharedError(Exception):
    """The times of a graph do not follow from the price list alone, or not as they did."""


class Time(int):
    """A whole number of picoseconds that remembers its node on a tape."""

    tape: Tape
    node: int

    def longest(self, other: int) -> Time:
        """The longer of two times, whichever it is."""
        found: Time = _binary("max")[0](self, other)
        return found


@dataclass
class Tape:
    """Arithmetic on the answers of a chip's parts.

    A node is ``("const", value)``, ``("answer", call, place)`` or ``(operation, node, node)``.
    """

    nodes: list[tuple[Any, ...]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    actions: dict[str, int] = field(default_factory=dict)  # the call that gave an action, by its name
    guards: dict[tuple[str, int, int], bool] = field(default_factory=dict)
    expected: dict[int, Any] = field(default_factory=dict)  # answers that are neither times nor prices, by call
    _known: dict[tuple[Any, ...], Time] = field(default_factory=dict)
    _numbers: dict[Any, int] = field(default_factory=dict)

    def time(self, node: tuple[Any, ...], value: int) -> Time:
        """The number of a node; the same one for the same node."""
        found = self._known.get(node)
        if found is None:
            found = self._known[node] = Time(value)
            found.tape, found.node = self, len(self.nodes)
            self.nodes.append(node)
        return found

    def of(self, value: Any) -> Time:
        """A number as a node."""
        return value if isinstance(value, Time) else self.time(("const", int(value)), int(value))

    def call(self, part: str, name: str, arguments: tuple[Any, ...]) -> int:
        """The number of a question to a part."""
        key = (part, name, arguments)
        if key not in self._numbers:
            self._numbers[key] = len(self.calls)
            self.calls.append(key)
        return self._numbers[key]


def _binary(name: str) -> Any:
    operation = _ARITHMETIC[name]

    def forward(self: Time, other: Any) -> Any:
        if not isinstance(other, int):
            raise NotSharedError(f"{name} with a {type(other).__name__}")
        value, b = operation(int(self), int(other)), self.tape.of(other)
        return self.tape.time((name, self.node, b.node), value)

    def backward(self: Time, other: Any) -> Any:
        if not isinstance(other, int):
            raise NotSharedError(f"{name} with a {type(other).__name__}")
        value, a = operation(int(other), int(self)), self.tape.of(other)
        return self.tape.time((name, a.node, self.node), value)

    return forward, backward


def _comparison(name: str) -> Any:
    operation = _COMPARED[name]

    def compare(self: Time, other: Any) -> bool:
        if not isinstance(other, int):
            raise NotSharedError(f"{name} with a {type(other).__name__}")
        outcome = operation(int(self), int(other))
        self.tape.guards[name, self.node, self.tape.of(other).node] = outcome
        return outcome

    return compare


def _truth(self: Time) -> bool:
    return bool(self != 0)


def _refuse(*_: Any) -> Any:
    raise NotSharedError("an operation that is not on the tape")


for _name in ("add", "sub", "mul", "floordiv"):
    _forward, _backward = _binary(_name)
    setattr(Time, f"__{_name}__", _forward)
    setattr(Time, f"__r{_name}__", _backward)
for _name in _COMPARED:
    setattr(Time, f"__{_name}__", _comparison(_name))
setattr(Time, "__bool__", _truth)  # noqa: B010  # as the others above
setattr(Time, "__hash__", int.__hash__)  # noqa: B010
for _name in ("truediv", "rtruediv", "mod", "rmod", "pow", "rpow", "neg", "abs", "divmod", "rdivmod", "float"):
    setattr(Time, f"__{_name}__", _refuse)


class _Pitch(float):
    """A length in tile pitches, of which it remembers how many."""

    n_pitches = 1.0

    def __rmul__(self, n: Any) -> Any:
        found = _Pitch(n * float(self))
        found.n_pitches = n * self.n_pitches
        return found

    __mul__ = __rmul__


class _Bits(int):
    """Bits of a cycle's conversions, which know the cycle."""

    cycle: tuple[Any, ...]


class TapedParts:
    """A chip's parts, whose times remember where they come from; all else is as their own."""

    def __init__(self, parts: Parts, tape: Tape) -> None:
        self._parts, self._tape = parts, tape
        self._taped: dict[str, TapedPart] = {}

    def at(self, tile: int) -> TapedParts:
        """The parts of one tile, where all are alike: else no graph is another one's with other times."""
        if self._parts.at(tile) is not self._parts:
            raise NotSharedError("tiles differ")
        return self

    def __getattr__(self, name: str) -> Any:
        item = getattr(self._parts, name)
        if name == "tile_pitch_mm":
            return lambda: _Pitch(item())
        if not isinstance(item, Part):
            return item
        if name not in self._taped:
            self._taped[name] = TapedPart(item, self._tape)
        return self._taped[name]


class TapedPart:
    """One part, whose times remember where they come from."""

    def __init__(self, part: Part, tape: Tape) -> None:
        self._part, self._tape = part, tape
        self._made: dict[str, Callable[..., Any]] = {}

    def __getattr__(self, name: str) -> Any:
        item = getattr(self._part, name)
        if not callable(item) or name.startswith("_"):
            return item
        return self._remembered(name, item)

    def _remembered(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        if name not in self._made:
            answers: dict[Any, Any] = {}

            def answer(*arguments: Any) -> Any:
                # by identity where equal things are told apart: a cycle knows where it comes from
                key = tuple(id(a) if isinstance(a, ReadCycle | _Bits) else a for a in arguments)
                if key not in answers:
                    answers[key] = self._answer(name, method(*map(_plain, arguments)), arguments)
                return answers[key]

            self._made[name] = answer
        return self._made[name]

    def _answer(self, name: str, found: Any, arguments: tuple[Any, ...]) -> Any:
        tape = self._tape
        if any(isinstance(argument, Time) for argument in arguments):
            raise NotSharedError(f"{name} of a time")
        call = tape.call(self._part.kind, name, tuple(map(_described, arguments)))
        if isinstance(found, Job):
            tape.actions.setdefault(found.action.name, call)
            held, done = (tape.time(("answer", call, key), getattr(found, key)) for key in _TIMES)
            return replace(found, occupancy_ps=held, latency_ps=done)
        if isinstance(found, Action):
            tape.actions.setdefault(found.name, call)
            return found
        if name.endswith("_ps"):
            return tape.time(("answer", call, None), found)
        if name == "read_cycles":
            return tuple(self._cycle(call, i, cycle, arguments) for i, cycle in enumerate(found))
        tape.expected[call] = found
        return found

    def _cycle(self, call: int, i: int, cycle: ReadCycle, arguments: tuple[Any, ...]) -> ReadCycle:
        bits = _Bits(cycle.adc_bits)
        bits.cycle = (arguments, i)
        return replace(cycle, read_ps=self._tape.time(("answer", call, i), cycle.read_ps), adc_bits=bits)


_TIMES: Final = ("occupancy_ps", "latency_ps")


class _Described(tuple[Any, ...]):
    """An argument as it holds on any chip: a kind and its operands; other tuples are themselves."""


def _described(argument: Any) -> Any:
    """An argument that means the same on another chip."""
    if isinstance(argument, ReadCycle):
        return _Described(("cycle", *argument.adc_bits.cycle))  # type: ignore[attr-defined]  # it is one of ours
    if isinstance(argument, _Bits):
        return _Described(("bits", *argument.cycle))
    if isinstance(argument, _Pitch):
        return _Described(("pitch", argument.n_pitches))
    return argument


def _plain(argument: Any) -> Any:
    if isinstance(argument, ReadCycle):
        return replace(argument, read_ps=int(argument.read_ps), adc_bits=int(argument.adc_bits))
    if isinstance(argument, _Bits):
        return int(argument)
    return float(argument) if isinstance(argument, _Pitch) else argument


class TapedTasks(TaskGraphBuilder):
    """Takes tasks down, and which node of the tape each time is."""

    def __init__(self, tape: Tape) -> None:
        super().__init__()
        self._tape = tape
        self.occupancy, self.latency, self.open = array("q"), array("q"), array("q")

    def task(self, *, occupancy_ps: int = 0, latency_ps: int | None = None, **given: Any) -> int:
        """As `TaskGraphBuilder.task`."""
        occupancy = self._tape.of(occupancy_ps)
        latency = occupancy if latency_ps is None else self._tape.of(latency_ps)
        self.occupancy.append(occupancy.node)
        self.latency.append(latency.node)
        return super().task(occupancy_ps=int(occupancy), latency_ps=int(latency), **given)

    def place(self, fragment: Fragment, times: Sequence[int] = (), **given: Any) -> int:  # type: ignore[override]
        """As `TaskGraphBuilder.place`, all but the fragment by name."""
        self.open.extend(self._tape.of(time).node for time in times)
        return super().place(fragment, times=[int(time) for time in times], **given)

    def nodes(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Of each task's occupancy and latency; a fragment keeps its times as they were made."""
        return (
            self.per_time(self.occupancy, lambda fragment: self._nodes(fragment.occupancy_ps), self.open),
            self.per_time(self.latency, lambda fragment: self._nodes(fragment.latency_ps), self.open),
        )

    def _nodes(self, times: Sequence[int]) -> list[int]:
        """Of a fragment's times; those that are open (below 0) stay."""
        return [int(time) if int(time) < 0 else self._tape.of(time).node for time in times]


@dataclass(frozen=True)
class Recipe:
    """Times and prices of one graph for any chip that differs in these alone.

    Parameters
    ----------
    tape : Tape
    classes : ndarray of int64, shape (n_tasks,)
        Tasks of one class take the same times on every chip.
    occupancy_node, latency_node : ndarray of int64, shape (n_classes,)
    names : tuple of str
        The graph's actions, in its order.
    """

    tape: Tape
    classes: NDArray[np.int64]
    occupancy_node: NDArray[np.int64]
    latency_node: NDArray[np.int64]
    names: tuple[str, ...]

    @classmethod
    def of(cls, tape: Tape, tasks: TapedTasks, names: tuple[str, ...]) -> Recipe:
        """The recipe of a graph that has been lowered."""
        occupancy, latency = tasks.nodes()
        n_nodes = max(1, len(tape.nodes))
        kinds, classes = numbered(occupancy.astype(np.int64) * n_nodes + latency, n_nodes**2)
        return cls(tape, classes, kinds // n_nodes, kinds % n_nodes, names)

    def times(self, parts: Parts) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Occupancy and latency of each class by another price list.

        Raises
        ------
        NotSharedError
            A comparison comes out otherwise: the graph itself may differ.
        """
        asked = sorted({node[1] for node in self.tape.nodes if node[0] == "answer"})
        answers = {call: _asked(parts, self.tape.calls[call]) for call in asked}
        values: list[int] = []
        for kind, a, *b in self.tape.nodes:
            if kind == "const":
                values.append(a)
            elif kind == "answer":
                values.append(_time_of(answers[a], b[0]))
            else:
                values.append(_ARITHMETIC[kind](values[a], values[b[0]]))
        for (name, left, right), outcome in self.tape.guards.items():
            if _COMPARED[name](values[left], values[right]) is not outcome:
                raise NotSharedError(f"{name} comes out otherwise")
        for call, answer in self.tape.expected.items():
            if _asked(parts, self.tape.calls[call]) != answer:
                raise NotSharedError(f"{self.tape.calls[call][1]} answers otherwise")
        column = np.array(values, np.int64)
        return column[self.occupancy_node], column[self.latency_node]

    def actions(self, parts: Parts) -> dict[str, Action]:
        """Prices of the graph's actions by another price list, under the names that it gives them.

        Raises
        ------
        NotSharedError
            Two actions of the graph have one name there, or one of them is not on the tape.
        """
        found = {}
        for name in self.names:
            if name in self.tape.actions:
                answer = _asked(parts, self.tape.calls[self.tape.actions[name]])
                action = answer.action if isinstance(answer, Job) else answer
                found[action.name] = action
            else:
                found[name] = Action(name, _free(name))
        if len(found) != len(self.names):
            raise NotSharedError("two actions have one name")
        return found


def _free(name: str) -> Any:
    from archsim.lowering.context import ADMIT, BARRIER, RELEASE

    charges = {action.name: action.charges for action in (ADMIT, BARRIER, RELEASE)}
    if name not in charges:
        raise NotSharedError(f"the price of {name} is not on the tape")
    return charges[name]


def _time_of(answer: Any, at: Any) -> int:
    """A time in a part's answer: the answer itself, a time of a job, or that of a read cycle."""
    if at is None:
        found: int = answer
    elif isinstance(answer, Job):
        found = getattr(answer, at)
    else:
        found = answer[at].read_ps
    return found


def _asked(parts: Parts, call: Call) -> Any:
    """A part's answer to a question of the tape."""
    part, name, arguments = call
    return getattr(getattr(parts, part), name)(*(_meant(parts, argument) for argument in arguments))


def _meant(parts: Parts, argument: Any) -> Any:
    if not isinstance(argument, _Described):
        return argument
    kind, what, *more = argument
    if kind in ("cycle", "bits"):
        cycle = parts.drivers.read_cycles(*what)[more[0]]
        return cycle if kind == "cycle" else cycle.adc_bits
    if kind == "pitch":
        return what * parts.tile_pitch_mm()
    raise ValueError(f"unknown argument {argument!r}")
