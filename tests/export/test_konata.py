"""A strict reader of Kanata's log, written from its description, finds every timestep and every stage."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from archsim.components import Action
from archsim.engine import run_tasks
from archsim.export import write_konata
from archsim.export.kinds.konata import stage_name
from archsim.metrics import Result
from archsim.taskgraph import TaskGraphBuilder


@dataclass
class Instruction:
    begin: int
    thread: int
    label: str = ""
    hover: str = ""
    end: int = -1
    stages: list[tuple[int, str, int, int]] = field(default_factory=list)  # lane, name, begin, end
    producers: list[int] = field(default_factory=list)
    whole: tuple[int, int] = (-1, -1)  # its stage X, without which Konata draws no arrow from or to it


def read(path: Path) -> dict[int, Instruction]:
    """docs/kanata-log-format.md of Konata, version 4: any breach is an AssertionError."""
    head, *lines = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
    assert head == "Kanata\t0004"
    assert lines[0].startswith("C=\t")
    now = int(lines[0].split("\t")[1])
    made: dict[int, Instruction] = {}
    running: dict[tuple[int, int], tuple[str, int]] = {}
    for line in lines[1:]:
        command, *given = line.split("\t")
        if command == "C":
            [step] = given
            assert int(step) > 0
            now += int(step)
            continue
        number = int(given[0])
        if command == "I":
            assert number == len(made), "ids count up"
            made[number] = Instruction(now, int(given[2]))
            continue
        instruction = made[number]
        assert instruction.end < 0, "nothing comes after R"
        if command == "L":
            _, kind, text = given
            if kind == "0":
                instruction.label += text
            else:
                instruction.hover += text
        elif command == "S":
            _, lane, name = given
            assert (number, int(lane)) not in running, "a lane holds one stage at a time"
            running[number, int(lane)] = (name, now)
        elif command == "E":
            _, lane, name = given
            begun, since = running.pop((number, int(lane)))
            assert begun == name
            if lane == "0":
                assert name == "X"
                instruction.whole = (since, now)
                continue
            instruction.stages.append((int(lane), name, since, now))
        elif command == "W":
            assert made[int(given[1])] is not instruction
            assert given[2] == "0"
            instruction.producers.append(int(given[1]))
        else:
            assert command == "R", line
            assert given[2] == "0"
            instruction.end = now
    assert not running
    assert all(instruction.end >= 0 for instruction in made.values())
    assert all(instruction.whole == (instruction.begin, instruction.end) for instruction in made.values())
    return made


@pytest.mark.parametrize("name", ["odd", "dfa"])
def test_every_timestep_has_a_row_and_every_layer_in_it_a_stage(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    result: Result = request.getfixturevalue(name)
    n = write_konata(result, tmp_path / "run.kanata")
    made = read(tmp_path / "run.kanata")
    graph, trace = result.graph, result.trace
    rows: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for t in range(graph.n_tasks):
        sample, timestep = int(graph.sample[t]), int(graph.timestep[t])
        label = f"sample {sample}" if sample >= 0 else "all samples"
        label += f", timestep {timestep}" if timestep >= 0 else ", no timestep"
        words = (graph.layer_names[graph.layer[t]], graph.stage_names[graph.stage[t]])
        stage = stage_name(" ".join(word for word in words if word))
        rows[label][stage] += [int(trace.start_ps[t]), int(trace.done_ps[t])]
    [cycle_ps] = {int(instruction.hover.split()[-2]) for instruction in made.values()}
    found = {
        instruction.label: {stage: (begin, end) for _, stage, begin, end in instruction.stages}
        for instruction in made.values()
    }
    assert found == {
        label: {stage: (min(times) // cycle_ps, max(times) // cycle_ps) for stage, times in stages.items()}
        for label, stages in rows.items()
    }
    assert n == sum(len(instruction.stages) for instruction in made.values())


def test_arrows_lead_back_to_timesteps_whose_results_are_awaited(dfa: Result, tmp_path: Path) -> None:
    write_konata(dfa, tmp_path / "run.kanata.gz")
    import gzip

    (tmp_path / "run.kanata").write_bytes(gzip.decompress((tmp_path / "run.kanata.gz").read_bytes()))
    made = read(tmp_path / "run.kanata")
    by_label = {instruction.label: number for number, instruction in made.items()}
    # both of the first timesteps begin at once, with their loads
    third = made[by_label["sample 0, timestep 2"]]
    assert by_label["sample 0, timestep 1"] in third.producers
    assert third.thread == 0
    assert all(made[p].begin < one.begin for one in made.values() for p in one.producers)


def test_a_run_without_tasks_is_an_empty_log(nothing: Result, tmp_path: Path) -> None:
    assert write_konata(nothing, tmp_path / "run.kanata") == 0
    assert read(tmp_path / "run.kanata") == {}


@dataclass
class Drawn:
    """What Konata keeps of an instruction for arrows."""

    consumes: int = -1
    produces: int = -1
    sources: list[int] = field(default_factory=list)
    last: dict[str, str] = field(default_factory=dict)  # by lane
    open: set[tuple[str, str]] = field(default_factory=set)


def arrows(path: Path) -> list[tuple[int, int, int, int]]:
    """Arrows by the rules of Konata's viewer for its format 4, as its documentation and its parser tell them.

    An arrow belongs to a W, whose two instructions must be known and whose consumer must not be retired. It leads
    from the last cycle in which a stage of the producer with a capital X in its name ran (an E, the S of the next
    stage of the lane, or the R ends it) to the cycle in which the latest such stage of the consumer began; where
    there is no such stage, none is drawn. The begin of a stage ends the one before it in its lane.
    """
    now, made, retired = 0, {}, set()

    def close(one: Drawn, lane: str, name: str) -> None:
        one.open.discard((lane, name))
        if "X" in name:
            one.produces = now - 1

    head, *lines = path.read_text(encoding="utf-8").splitlines()
    assert head.startswith("Kanata")
    for line in lines:
        command, *given = line.split("\t")
        if command == "C":
            now += int(given[0])
        elif command == "I":
            assert int(given[0]) not in made
            made[int(given[0])] = Drawn()
        elif command in "SEWR":
            one = made[int(given[0])]
            assert int(given[0]) not in retired
            if command == "S":
                lane, name = given[1:]
                if (lane, one.last.get(lane)) in one.open:
                    close(one, lane, one.last[lane])
                one.last[lane] = name
                one.open.add((lane, name))
                one.consumes = now if "X" in name else one.consumes
            elif command == "E":
                close(one, *given[1:])
            elif command == "W":
                assert int(given[1]) in made
                one.sources.append(int(given[1]))
            else:
                retired.add(int(given[0]))
                for lane, name in one.last.items():
                    if "X" in name:
                        close(one, lane, name)
    return [
        (source, number, made[source].produces, one.consumes)
        for number, one in made.items() for source in one.sources
        if made[source].produces >= -1 and one.consumes >= 0
    ]  # fmt: skip


@pytest.fixture(scope="module")
def with_capitals() -> Result:
    """Three timesteps, each after the one before, of layers with a capital X in their names."""
    b = TaskGraphBuilder()
    unit = b.resource("adc", 2)
    before: list[int] = []
    for timestep in range(3):
        labels = {"timestep": timestep, "sample": 0, "stage": "forward"}
        first = b.task(action="read", uses=[(unit, 1)], occupancy_ps=200, layer="first", after=before, **labels)
        pool = b.task(action="read", uses=[(unit, 1)], occupancy_ps=100, layer="maX", after=[first], **labels)
        b.task(action="read", uses=[(unit, 1)], occupancy_ps=700, layer="last", after=[pool], **labels)
        before = [pool]
    graph = b.build()
    return Result.of(graph, run_tasks(graph), {"read": Action("read", ())}, (), {}, 0, 1, "inference", "X", {})


@pytest.mark.parametrize("name", ["odd", "dfa", "with_capitals"])
def test_konata_draws_an_arrow_for_each_timestep_that_another_waits_for(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    result: Result = request.getfixturevalue(name)
    write_konata(result, tmp_path / "run.log")
    graph, trace = result.graph, result.trace
    row = [(int(graph.sample[t]), int(graph.timestep[t])) for t in range(graph.n_tasks)]
    begins = {one: min(trace.start_ps[t] for t in range(graph.n_tasks) if row[t] == one) for one in set(row)}
    ends = {one: max(trace.done_ps[t] for t in range(graph.n_tasks) if row[t] == one) for one in set(row)}
    wanted = set()
    for t in range(graph.n_tasks):
        for other in graph.after_idx[graph.after_ptr[t] : graph.after_ptr[t + 1]].tolist():
            if begins[row[other]] < begins[row[t]]:
                wanted.add((row[other], row[t]))
    made = read(tmp_path / "run.log")
    [cycle_ps] = {int(instruction.hover.split()[-2]) for instruction in made.values()}
    found = arrows(tmp_path / "run.log")
    cycles = [(ends[one] // cycle_ps - 1, begins[other] // cycle_ps) for one, other in wanted]
    assert len(found) == len(wanted) > 0
    assert sorted((start, end) for _, _, start, end in found) == sorted(cycles)
