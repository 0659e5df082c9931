"""archsim why and archsim whatif, as a user calls them."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from archsim.cli.app import app

CALL = ["tests/chips/wearable_rram.yaml", "workloads/watch_mlp.yaml", "--phase", "inference"]
SHORT = ["--set", "timesteps=2", "--set", "samples=1", "--set", "batch=1"]


@pytest.fixture
def call(root_dir, monkeypatch):
    monkeypatch.chdir(root_dir)

    def invoke(command: str, *more: str):
        return CliRunner().invoke(app, [command, *CALL, *SHORT, *more])

    return invoke


def test_why_divides_the_latency_without_a_rest(call):
    found = json.loads(call("why", "--json").stdout)
    for by, shares in found["critical_path"].items():
        assert sum(shares.values()) == found["latency_ps"], by
    for pairs in found["blocking"].values():
        assert sum(pair["wait_ps"] for pair in pairs) == found["waiting_ps"]
    assert found["slack"]["n_tasks_without"] > 0
    out = call("why", "--top", "3").stdout
    assert "on the critical path" in out
    assert "while tasks ran on" in out


def test_whatif_tries_everything_and_ranks_it(call):
    found = json.loads(call("whatif", "--json").stdout)
    gains = [change["gain_ps"] for change in found["changes"]]
    assert gains == sorted(gains, reverse=True)
    names = [change["change"] for change in found["changes"]]
    assert {"adc 2x faster", "adc infinitely fast", "bus capacity x2"} <= set(names)
    assert "input_buffer.space capacity x2" in names
    for change in found["changes"]:
        assert change["same_order_ps"] <= found["latency_ps"]


def test_whatif_takes_the_changes_of_the_issue(call):
    out = call("whatif", "--speedup", "adc=2", "--capacity", "tile.*.adc=2").stdout
    assert "adc 2x faster and tile.*.adc capacity x2" in out
    assert "in the same order" in out


def test_whatif_says_what_it_does_not_see_instead_of_nothing(call):
    out = call("whatif", "--capacity", "tile.*.adc=2").stdout
    assert [line.split()[-2:] for line in out.splitlines() if line.startswith("tile.*.adc")] == [["not", "seen"]]
    assert "note: adc capacity: each task lasts as the ADCs" in out
    assert "adc.columns_per_adc, which the replay does not see; simulate again with --set" in out
    [found] = json.loads(call("whatif", "--capacity", "tile.*.adc=2", "--json").stdout)["changes"]
    assert list(found["not_seen"]) == ["adc"]


def test_an_unknown_name_ends_in_one_message(call):
    done = call("whatif", "--speedup", "acd=2")
    assert done.exit_code == 2
    assert done.stderr == "error: --speedup acd: no resource or component has this name; did you mean adc?\n"


def test_neither_result_nor_workload_is_told(root_dir, monkeypatch):
    monkeypatch.chdir(root_dir)
    done = CliRunner().invoke(app, ["why", CALL[0]])
    assert done.exit_code == 2
    assert "name one, or a chip and a workload" in done.stderr


def test_why_whatif_and_compare_read_what_run_wrote(root_dir, monkeypatch, tmp_path):
    monkeypatch.chdir(root_dir)
    out, other = str(tmp_path / "a"), str(tmp_path / "b")
    fast = ["--engine", "compiled", "--phase", "inference"]
    for folder, more in ((out, []), (other, ["--set", "adc.rate=0.5 GS/s"])):
        done = CliRunner().invoke(app, ["run", *CALL[:2], *SHORT, *fast, *more, "-o", folder])
        assert done.exit_code == 0
    saved = json.loads(CliRunner().invoke(app, ["why", out, "--json"]).stdout)
    fresh = json.loads(CliRunner().invoke(app, ["why", *CALL, *SHORT, "--json"]).stdout)
    assert saved == fresh
    done = CliRunner().invoke(app, ["whatif", other, "--speedup", "adc=2", "--json"])
    assert json.loads(done.stdout)["changes"][0]["gain_ps"] > 0
    assert "is a saved result; leave it out" in CliRunner().invoke(app, ["why", out, "workload.yaml"]).stderr
    # a result against a chip that is simulated now, and one result against the other
    mixed = ["compare", out, CALL[0], "--workload", CALL[1], *SHORT, *fast, "--set", "adc.rate=0.5 GS/s", "--json"]
    pair = json.loads(CliRunner().invoke(app, ["compare", out, other, "--json"]).stdout)
    assert json.loads(CliRunner().invoke(app, mixed).stdout)[1]["differences"] == pair[1]["differences"]
    found = pair[1]["differences"]["latency_ps"]
    assert (
        sum(part["change"] for part in found["parts"])
        == found["change"]
        == pair[1]["latency_ps"] - pair[0]["latency_ps"]
    )
    report = tmp_path / "report"
    done = CliRunner().invoke(app, ["compare", out, other, "--by", "layer", "-o", str(report)])
    assert done.exit_code == 0
    assert "against" in done.stdout
    assert {path.name for path in report.iterdir()} == {
        "compare.md",
        "compare.json",
        "compare.html",
        "timelines_inference.png",
    }
    page = (report / "compare.html").read_text()
    assert page.count("<iframe ") == 2
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")
    assert "![Timelines, inference](timelines_inference.png)" in (report / "compare.md").read_text()
    assert json.loads((report / "compare.json").read_text())[1]["differences"]["by"] == "layer"
