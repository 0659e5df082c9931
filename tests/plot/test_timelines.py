"""The pipelines of several runs under each other."""

from __future__ import annotations

import numpy as np
import pytest

from archsim.components import Action, Charge
from archsim.engine import run_tasks
from archsim.errors import ArchsimError
from archsim.metrics import Result
from archsim.plot import timelines
from archsim.taskgraph import TaskGraphBuilder


def result_of(n: int, stages: tuple[str, ...] = ("forward",)) -> Result:
    b = TaskGraphBuilder()
    adc = b.resource("tile[0].pe[0].crossbar[0].adc")
    for k in range(n):
        layer, stage = f"fc{k % 2}", stages[k % len(stages)]
        b.task(action="convert", uses=[(adc, 1)], occupancy_ps=1000, layer=layer, stage=stage)
    graph = b.build()
    prices = {"convert": Action("convert", (Charge("adc", 1.0),))}
    return Result.of(graph, run_tasks(graph), prices, (), {}, 0, 1, "inference", f"run of {n}", {})


def size_of(path) -> tuple[int, int]:
    head = path.read_bytes()[:24]
    assert head.startswith(b"\x89PNG")
    return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")


def test_two_runs_share_one_axis_of_time_and_return_what_was_drawn(tmp_path):
    drawn = timelines([result_of(4), result_of(10)], tmp_path / "both.png")
    assert [int(lanes.end_ps.max()) for lanes in drawn] == [4000, 10_000]
    assert [np.unique(lanes.layer).tolist() for lanes in drawn] == [[0, 1], [0, 1]]
    timelines([result_of(4)], tmp_path / "one.png")
    assert size_of(tmp_path / "both.png")[1] > size_of(tmp_path / "one.png")[1]


def test_runs_of_one_and_of_several_stages_go_together(tmp_path):
    drawn = timelines(
        [result_of(4), result_of(4, ("forward", "update"))], tmp_path / "a.png", ["inference", "learning"]
    )
    assert [len(set(lanes.task_stage.tolist())) for lanes in drawn] == [1, 2]


def test_a_title_too_many_and_no_run_are_refused(tmp_path):
    with pytest.raises(ArchsimError, match="1 runs, 2 titles"):
        timelines([result_of(1)], tmp_path / "a.png", ["a", "b"])
    with pytest.raises(ArchsimError, match="0 runs"):
        timelines([], tmp_path / "a.png")
    assert not list(tmp_path.iterdir())
