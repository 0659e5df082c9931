"""The VCD says how many units are in use, as two other readers read it."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from export_support import ODD

from archsim.export import scope_name, scope_text, write_vcd
from archsim.export.levels import levels_of
from archsim.metrics import Result


@pytest.mark.parametrize("text", [*ODD, "a$20$b", "$", "tile[0].pe[1]", "\x00"])
def test_a_name_comes_back_from_its_scope_name(text: str) -> None:
    name = scope_name(text)
    assert name
    assert not set(name) - set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_[]$")
    assert scope_text(name) == text


def in_use(result: Result, resource: str, time_ps: int) -> int:
    """From graph and trace, task by task."""
    graph, trace = result.graph, result.trace
    r = graph.resource_names.index(resource)
    total = 0
    for t in range(graph.n_tasks):
        rows = slice(graph.uses_ptr[t], graph.uses_ptr[t + 1])
        if trace.start_ps[t] <= time_ps < trace.start_ps[t] + graph.occupancy_ps[t]:
            total += int(graph.uses_units[rows][graph.uses_resource[rows] == r].sum())
        if trace.start_ps[t] <= time_ps:
            rows = slice(graph.reserves_ptr[t], graph.reserves_ptr[t + 1])
            total += int(graph.reserves_units[rows][graph.reserves_resource[rows] == r].sum())
        if trace.done_ps[t] <= time_ps:
            rows = slice(graph.frees_ptr[t], graph.frees_ptr[t + 1])
            total -= int(graph.frees_units[rows][graph.frees_resource[rows] == r].sum())
    return total


def test_vcdvcd_reads_the_units_in_use_at_every_instant(odd: Result, tmp_path: Path) -> None:
    vcdvcd = pytest.importorskip("vcdvcd")
    n = write_vcd(odd, tmp_path / "run.vcd")
    vcd = vcdvcd.VCDVCD(str(tmp_path / "run.vcd"))
    assert (vcd.timescale["magnitude"], vcd.timescale["unit"]) == (1, "ps")
    found = {}
    for reference in vcd.signals:
        scopes = reference.split(".")
        assert scopes[0] == "chip"
        found[".".join(map(scope_text, scopes[1:-1]))] = vcd[reference]
    used = {odd.graph.resource_names[level.resource] for level in levels_of(odd)}
    assert set(found) == used
    assert n == sum(len(signal.tv) for signal in found.values())
    times = sorted({int(t) + d for t in np.unique(odd.trace.start_ps)[::5] for d in (0, 100)})
    for name, signal in found.items():
        for time in times:
            assert int(signal[time], 2) == in_use(odd, name, time), (name[:40], time)


@pytest.mark.parametrize("name", ["odd", "dfa", "nothing"])
def test_pyvcd_reads_every_token(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    reader = pytest.importorskip("vcd.reader")
    result: Result = request.getfixturevalue(name)
    n = write_vcd(result, tmp_path / "run.vcd")
    tokens = list(reader.tokenize(io.BytesIO((tmp_path / "run.vcd").read_bytes())))
    kinds = reader.TokenKind
    changes = [t for t in tokens if t.kind in (kinds.CHANGE_SCALAR, kinds.CHANGE_VECTOR)]
    assert len(changes) == n
    codes = {t.data.id_code: t.data.size for t in tokens if t.kind is kinds.VAR}
    assert len(codes) == len(levels_of(result))
    times = [t.data for t in tokens if t.kind is kinds.CHANGE_TIME]
    assert times == sorted(set(times))
    assert times[0] == 0
    assert all(t.data.id_code in codes for t in changes)
