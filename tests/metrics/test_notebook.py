"""A result shows itself in a notebook, and gives data frames."""

from __future__ import annotations

from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

import archsim
from archsim.components import Action, Charge
from archsim.engine import run_tasks
from archsim.explore import sweep
from archsim.mapping import map_workload
from archsim.metrics import Result
from archsim.metrics.view import View
from archsim.report import html_report, run_text
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


@pytest.mark.parametrize("by", ["component", "layer", "stage", "action"])
def test_breakdowns_are_data_frames(by: str) -> None:
    pytest.importorskip("pandas")
    frame = result().breakdown_frame(by)
    assert frame.to_dict("index") == result().breakdown(by)
    assert frame.index.name == by


@pytest.fixture(scope="module")
def run(root_dir: Path) -> Result:
    """Two timesteps on the wearable chip."""
    chip = archsim.load_chip(root_dir / "arch_specs" / "wearable_rram.yaml")
    work = archsim.load_workload(
        root_dir / "workloads" / "watch_mlp.yaml", ["timesteps=2", "samples=1", "batch=1"]
    )
    return archsim.simulate(chip, work, "compiled")


def test_a_summary_is_what_the_command_prints_and_shows_itself(run: Result) -> None:
    assert run.summary() == run_text([run], "compiled", 0)
    assert repr(run.summary()) == str(run.summary())
    assert "warning: out never fires" in run.summary()
    assert "out never fires" in run._repr_html_()


@pytest.mark.parametrize("kind", ["breakdown", "latency"])
def test_pictures_are_shown_by_their_names(run: Result, kind: str) -> None:
    assert run.plot(kind)._repr_png_().startswith(b"\x89PNG")


def test_the_page_stands_in_a_frame_and_can_be_written(run: Result, tmp_path: Path) -> None:
    page = run.show()
    assert page.html == html_report([run], run.provenance.get("unusual", ()))
    frame = page._repr_html_()
    assert frame.startswith('<iframe srcdoc="&lt;!doctype html&gt;')
    assert unescape(frame.split('"')[1]) == page.html
    assert page.save(tmp_path / "page.html").read_text(encoding="utf-8") == page.html
    assert len(repr(page)) < 80


def test_a_view_that_is_not_there_is_refused_with_near_ones(run: Result) -> None:
    with pytest.raises(archsim.ArchsimError, match="no view is called 'pipline'; did you mean 'pipeline'"):
        run.plot("pipline")


def test_a_long_run_has_a_summary_and_no_pictures(root_dir: Path) -> None:
    chip = archsim.load_chip(root_dir / "arch_specs" / "wearable_rram.yaml")
    even = ["network.input=[64]", "activity={kind: constant, input: 0.1, default: 0.1}"]
    work = archsim.load_workload(root_dir / "workloads" / "nmnist_mlp.yaml", even)
    long = archsim.simulate(chip, work, "compiled", timesteps=100_000)
    assert "activity, inference" in long.summary()
    for ask in (long.plot, long.show):
        with pytest.raises(archsim.ArchsimError, match="a long run keeps no trace"):
            ask()


@pytest.mark.usefixtures("own_kinds")
def test_a_view_of_ones_own_is_shown(run: Result) -> None:
    @archsim.register
    class Words(View):
        kind = "words"

        @staticmethod
        def of(result: Result) -> str:
            return f"{result.n_tasks} tasks"

    assert run.plot("words") == f"{run.n_tasks} tasks"


def test_a_chip_is_told_in_ten_lines(root_dir: Path) -> None:
    for file in sorted((root_dir / "arch_specs").glob("*.yaml")):
        chip = archsim.load_chip(file)
        assert len(repr(chip).splitlines()) == 10
        assert max(map(len, repr(chip).splitlines())) < 120
        assert chip.name in repr(chip)
    infers = archsim.load_chip(root_dir / "arch_specs" / "wearable_rram.yaml", ["write=null", "sample_hold=null"])
    assert "not described" in repr(infers)
    assert "no sample-and-hold" in repr(infers)


def test_chip_workload_and_mapping_show_their_names_as_text(root_dir: Path) -> None:
    evil = "<script>alert(1)</script>"
    chip = archsim.load_chip(root_dir / "arch_specs" / "wearable_rram.yaml", [f"name={evil}"])
    work = archsim.load_workload(
        root_dir / "workloads" / "watch_mlp.yaml", [f"name={evil}", f"network.layers.1.name={evil}"]
    )
    for item, n in ((chip, 1), (work, 3), (map_workload(chip, work, "bp"), 2)):
        reader = Reader()
        reader.feed(item._repr_html_())
        assert reader.tags <= {"div", "b", "table", "tr", "th", "td"}
        assert reader.text.count(evil) == n


def test_a_study_shows_its_front_and_gives_a_frame(root_dir: Path, tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    found = sweep(root_dir / "workloads" / "studies" / "tiny.yaml", tmp_path / "study")
    frame = found.frame()
    assert frame.reset_index().to_dict("records") == found.table()
    reader = Reader()
    reader.feed(found._repr_html_() + found.study._repr_html_())
    assert f"|{len(found.records)} done; the front:|".replace("|", "") in reader.text.replace("|", "")
    for name in (*found.study.parameters, *found.study.model.objectives):
        assert name in reader.text
