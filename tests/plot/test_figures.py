"""Utilisation, latency, BP beside DFA, Pareto front: the data drawn are those of the results."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import archsim
from archsim.errors import ArchsimError
from archsim.metrics import Result
from archsim.plot import breakdown, inline, latency, pipeline, utilisation
from archsim.plot.canvas import short
from archsim.plot.scales import PALETTE, component_style, component_styles, stage_styles

HEADS = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
STAGES = ("forward", "backward", "feedback", "gradient", "update")


@pytest.fixture(scope="module")
def runs(root_dir: Path) -> dict[str, Result]:
    chip = archsim.load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml")
    options = ["timesteps=2", "samples=1", "batch=1"]
    work = archsim.load_workload(root_dir / "workloads" / "watch_mlp.yaml", options)
    return {phase: archsim.simulate(chip, work, engine="heap", phase=phase) for phase in ("bp", "dfa")}


def test_utilisation_draws_the_busiest_first(runs: dict[str, Result], tmp_path: Path) -> None:
    drawn = utilisation(runs["dfa"], tmp_path / "u.svg")
    shares = runs["dfa"].utilisation()
    assert len(drawn) == min(60, len(shares))
    assert list(drawn.values()) == sorted(shares.values(), reverse=True)[: len(drawn)]


def test_latency_by_layer_and_stage_sums_to_the_latency(runs: dict[str, Result], tmp_path: Path) -> None:
    for run in runs.values():
        drawn = latency(run, tmp_path / "l.pdf")
        assert sum(sum(parts.values()) for parts in drawn.values()) == run.latency_ps
        for layer, part in run.breakdown("layer").items():
            assert sum(drawn.get(layer, {}).values()) == part["latency_ps"]


@pytest.mark.parametrize("kind", HEADS)
def test_pictures_are_raster_or_vector_and_the_same_each_time(
    runs: dict[str, Result], tmp_path: Path, kind: str
) -> None:
    for name in ("a", "b"):
        latency(runs["dfa"], tmp_path / f"{name}.{kind}")
    first = (tmp_path / f"a.{kind}").read_bytes()
    assert first.startswith(HEADS[kind])
    assert first == (tmp_path / f"b.{kind}").read_bytes()
    with pytest.raises(ArchsimError, match=r"pictures are .png, .svg or .pdf"):
        latency(runs["dfa"], tmp_path / "a.gif")


def test_odd_names_are_text_in_pictures(runs: dict[str, Result], tmp_path: Path) -> None:
    names = ["<script>", "$\\frac{$", "two\nlines", "\U0001f600", "x" * 500]
    graph = runs["dfa"].graph
    layers = tuple(names[i % len(names)] + str(i) for i in range(len(graph.layer_names)))
    odd = replace(runs["dfa"], graph=replace(graph, layer_names=layers), name=names[1])
    for draw in (latency, utilisation, pipeline, breakdown):
        draw(odd, tmp_path / "odd.svg")  # type: ignore[operator]  # four functions of one form
    assert "<script>" not in (tmp_path / "odd.svg").read_text()
    assert len(short("x" * 500)) == 40


def grey(colour: str) -> float:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def deuteranopic(colour: str) -> np.ndarray:
    """As seen without green cones (Machado, Oliveira and Fernandes 2009, severity 1)."""
    matrix = np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                       [-0.011820, 0.042940, 0.968881]])  # fmt: skip
    parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return matrix @ np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def test_stages_differ_by_hatch_or_grey_and_colours_differ_without_green_cones() -> None:
    styles = stage_styles(STAGES)
    for a, b in itertools.combinations(STAGES, 2):
        assert styles[a][1] != styles[b][1] or abs(grey(styles[a][0]) - grey(styles[b][0])) > 0.15
    for one, other in itertools.combinations(PALETTE, 2):
        assert np.linalg.norm(deuteranopic(one) - deuteranopic(other)) > 0.1, (one, other)


def test_no_two_components_of_one_picture_look_alike() -> None:
    names = ["adc", "convert", "drive", *(f"unit{i}" for i in range(15))]
    assert len(set(component_styles(names).values())) == len(names)
    assert component_styles(names)["adc"] == component_style("adc")


def test_a_picture_shows_itself_in_a_notebook(runs: dict[str, Result]) -> None:
    shown = inline(latency, runs["dfa"])
    assert shown._repr_png_().startswith(HEADS["png"])
    assert sum(sum(parts.values()) for parts in shown.data.values()) == runs["dfa"].latency_ps
