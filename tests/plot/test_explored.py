"""Pictures of studies: what stands where, and what is written beside an axis."""

from __future__ import annotations

import pytest
from PIL import Image

from archsim.plot.explored import _apart, _on_axis, parallel_coordinates, scatter_matrix

COLUMNS = {"latency_ps": [1e6, 2e6, 3e6], "area_um2": [3e6, 2e6, 1e6]}
KINDS = {"latency_ps": "time", "area_um2": "area"}


def test_an_axis_writes_each_of_a_few_values_and_the_ends_of_many():
    assert _on_axis(["copy", "shared", "copy"], None)[1] == {0: "copy", 1: "shared"}
    assert _on_axis([8, 64, 16], None)[1] == {8.0: "8", 64.0: "64", 16.0: "16"}
    assert _on_axis([1_000_000.0 * i for i in range(1, 20)], "time")[1] == {1e6: "1 µs", 19e6: "19 µs"}


def test_quantities_stand_where_their_numbers_do():
    values, written = _on_axis(["58.2 ns", "10 ns", "100 ns"], None)
    assert values.tolist() == [58.2, 10.0, 100.0]
    assert written[10.0] == "10 ns"


def test_labels_that_would_touch_are_left_out_but_never_the_ends():
    assert _apart({1.0: "456", 0.99: "453", 0.5: "300", 0.52: "310", 0.01: "189", 0.0: "186"}) == {
        0.0: "186", 0.5: "300", 1.0: "456",
    }  # fmt: skip


def test_a_line_runs_from_the_least_to_the_largest_of_each_axis(tmp_path):
    kind = {"style": ["a", "b", "a"]}
    heights = parallel_coordinates(kind | COLUMNS, [True, False, True], tmp_path / "p.png", KINDS)
    assert heights == {"style": [0.0, 1.0, 0.0], "latency_ps": [0.0, 0.5, 1.0], "area_um2": [1.0, 0.5, 0.0]}


@pytest.mark.parametrize("draw", ["parallel", "scatter"])
def test_the_knee_is_drawn_in_a_colour_of_its_own(tmp_path, draw):
    def has_orange(knee):
        path = tmp_path / f"{knee}.png"
        if draw == "parallel":
            parallel_coordinates(COLUMNS, [True] * 3, path, KINDS, knee)
        else:
            scatter_matrix(COLUMNS, KINDS, [True] * 3, path, knee)
        return (0xD5, 0x5E, 0x00) in {pixel for _, pixel in Image.open(path).convert("RGB").getcolors(1 << 20)}

    assert has_orange(1)
    assert not has_orange(None)


def test_the_legend_of_a_narrow_picture_is_not_cut(tmp_path):
    scatter_matrix(COLUMNS, KINDS, [True] * 3, tmp_path / "s.png", 1)
    parallel_coordinates(COLUMNS, [True] * 3, tmp_path / "p.png", KINDS, 1)
    for name in ("s.png", "p.png"):
        picture = Image.open(tmp_path / name).convert("L")
        top = picture.crop((0, 0, picture.width, 60))  # where the legend stands
        ink = top.point(lambda grey: 255 * (grey < 250)).getbbox()
        assert ink is not None
        assert ink[0] > 0
        assert ink[2] < picture.width
