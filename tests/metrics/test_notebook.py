"""A result shows itself in a notebook, and gives data frames."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from archsim.components import Action, Charge
from archsim.engine import run_tasks
from archsim.metrics import Result
from archsim.taskgraph import TaskGraphBuilder

NAME = "<script>alert('1')</script> & \"b\""


def result() -> Result:
    b = TaskGraphBuilder()
    b.task(action="convert", count=8, uses=[(b.resource(NAME), 1)], occupancy_ps=1000, layer=NAME)
    graph = b.build()
    prices = {"convert": Action("convert", (Charge(NAME, 0.5),))}
    return Result.of(graph, run_tasks(graph), prices, (), {}, 0, 1, "inference", NAME, {})


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        del attrs
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data + "|"


def test_a_result_shows_its_figures_and_names_as_text() -> None:
    reader = Reader()
    reader.feed(result()._repr_html_())
    assert reader.tags == {"div", "b", "table", "tr", "th", "td"}
    assert reader.text.count(NAME) == 3
    assert "|latency|1 ns|" in reader.text
    assert "|energy|4 pJ|" in reader.text


@pytest.mark.parametrize("by", ["component", "layer", "phase", "action"])
def test_breakdowns_are_data_frames(by: str) -> None:
    pytest.importorskip("pandas")
    frame = result().breakdown_frame(by)
    assert frame.to_dict("index") == result().breakdown(by)
    assert frame.index.name == by
