"""A strict reader of Kanata's log, written from its description, finds every timestep and every stage."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from archsim.export import write_konata
from archsim.export.kinds.konata import plain_text
from archsim.metrics import Result


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
        words = (graph.layer_names[graph.layer[t]], graph.phase_names[graph.phase[t]])
        stage = plain_text(" ".join(word for word in words if word) or "(none)")
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
