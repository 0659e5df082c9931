"""The command `archsim report`."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from archsim.cli.app import app
from archsim.report import html_report, write_results


@pytest.fixture
def saved(tmp_path, results_of_two_tasks):
    folder = tmp_path / "saved"
    folder.mkdir()
    write_results(folder, [results_of_two_tasks], ["a note"])
    return folder


@pytest.fixture
def results_of_two_tasks():
    from archsim.components import Action, Charge
    from archsim.engine import run_tasks
    from archsim.metrics import Result
    from archsim.taskgraph import TaskGraphBuilder

    b = TaskGraphBuilder()
    adc = b.resource("adc")
    for _ in range(2):
        b.task(action="convert", count=8, uses=[(adc, 1)], occupancy_ps=1000)
    graph = b.build()
    prices = {"convert": Action("convert", (Charge("adc", 0.5),))}
    return Result.of(graph, run_tasks(graph), prices, (), {}, 0, 1, "inference", "two", {"seed": 0})


def test_the_page_of_a_saved_result_is_that_of_the_fresh_one(saved, results_of_two_tasks, tmp_path):
    target = tmp_path / "page.html"
    done = CliRunner().invoke(app, ["report", str(saved), "-o", str(target)])
    assert done.exit_code == 0, done.output
    assert target.read_text() == html_report([results_of_two_tasks], ["a note"])
    assert (saved / "report.html").read_text() == target.read_text()


def test_what_cannot_be_written_or_read_is_said_and_leaves_nothing(saved, tmp_path):
    for arguments in ([saved, "-o", tmp_path], [saved, "-o", tmp_path / "none" / "x.html"], [tmp_path / "none"]):
        done = CliRunner().invoke(app, ["report", *map(str, arguments)])
        assert done.exit_code == 2, done.output
        assert "Traceback" not in done.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["saved"]
