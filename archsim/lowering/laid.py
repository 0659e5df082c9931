"""What a forward pass has laid down so far: who asks for a task of a step gets its number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import repeat

from archsim.lowering.one_step import InputSent, StepDone
from archsim.lowering.order import Step
from archsim.workload import INPUT


@dataclass
class Laid:
    """The steps of one sample that are there, each with its first task; what it has made counts from there."""

    steps: dict[Step, tuple[int, StepDone]] = field(default_factory=dict)
    inputs: dict[int, tuple[int, InputSent]] = field(default_factory=dict)
    newest: dict[str, tuple[int, StepDone]] = field(default_factory=dict)  # step of each layer

    def remember(self, name: str, steps: Sequence[int], firsts: Sequence[int], done: StepDone | InputSent) -> None:
        """What some steps that are alike have done, for those that will wait for them; the first task of each."""
        if isinstance(done, InputSent):
            self.inputs.update(zip(steps, zip(firsts, repeat(done)), strict=True))
        else:
            self.steps.update(zip(zip(repeat(name), steps), zip(firsts, repeat(done)), strict=True))
            self.newest[name] = firsts[-1], done

    def received(self, reader: str, step: int) -> list[int]:
        """Tasks after which a step of the input is where a layer reads it; none if it is not laid down."""
        if step not in self.inputs:
            return []
        first, sent = self.inputs[step]
        return [first + task for task in sent.received.get(reader, {}).values()]

    def first_received(self) -> list[int]:
        """Tasks after which the first layer that reads the input has the first step of it."""
        readers = ((step, reader) for step, (_, sent) in self.inputs.items() for reader in sent.received)
        step, reader = next(readers)
        return self.received(reader, step)

    def arrived(self, reader: str, tile: int, source: str, step: int) -> list[int]:
        """Tasks after which a tile has all messages of a step of a source that a layer reads there."""
        if source == INPUT:
            first, sent = self.inputs[step]
            received = sent.received.get(reader, {})
            return [first + received[tile]] if tile in received else []
        first, done = self.steps[source, step]
        return [first + task for task in done.arrivals.get((reader, tile), ())]

    def fetched(self, name: str, tile: int, step: int) -> int:
        """Who has fetched the inputs of a step on a tile."""
        first, done = self.steps[name, step]
        return first + done.fetched[tile]

    def kept_inputs(self, name: str, tile: int, step: int) -> int:
        """Who has kept them for the backward pass."""
        first, done = self.steps[name, step]
        return first + done.kept[tile]

    def read(self, name: str, tile: int, step: int) -> list[int]:
        """Products of a step on a tile."""
        first, done = self.steps[name, step]
        return [first + task for task in done.read.get(tile, ())]

    def output(self, name: str, tile: int, step: int) -> int:
        """The neurons of a step at their home; what has stored their sums where there are none."""
        first, done = self.steps[name, step]
        at, home = done.homes[tile]
        return first + at + (home.stored if home.updated is None else home.updated)

    def kept_potentials(self, name: str, tile: int, step: int) -> int:
        """Who has kept the potentials of a step for the backward pass; the neurons if nobody."""
        first, done = self.steps[name, step]
        at, home = done.homes[tile]
        assert home.kept is not None  # of a layer with neurons
        return first + at + home.kept

    def sent(self, name: str, tile: int, step: int) -> int:
        """Who has stored what a home sends in a step."""
        first, done = self.steps[name, step]
        at, home = done.homes[tile]
        return first + at + home.stored

    def released(self, name: str) -> dict[int, int]:
        """By home of a layer, who has emptied its output buffer of the newest step; nothing if there is none."""
        if name not in self.newest:
            return {}
        first, done = self.newest[name]
        return {tile: first + at + home.released for tile, (at, home) in done.homes.items()}
