"""Reports say what the result says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from archsim.errors import ArchsimError
from archsim.metrics import Result
from archsim.report import Summary, bundle, load_result, markdown, read_results, write_results


def test_a_report_has_summary_breakdowns_notes_and_provenance(result: Result) -> None:
    text = markdown([result.to_dict()], ["dt assumed"])
    assert text.startswith("# chip/net\n")
    # 2 ns, 8 pJ: 4 mW
    assert "| inference | 2 ns | 500 M/s | 8 pJ | 8 pJ | 0 µm² | 4 mW | 4 mW | adc (100 %) |" in text
    for by in ("component", "layer", "stage", "action"):
        assert f"### inference by {by}" in text
    assert "| fc1 | 8 pJ | 100 % | 2 ns | 2 ns |" in text
    assert "- dt assumed" in text
    assert "| SHA-256 of the inputs of inference | abc |" in text


def _lines(record: dict[str, Any], part: str) -> list[str]:
    return [line for line in markdown([record]).splitlines() if line.startswith(f"| {part} |")]


def test_lines_of_zeros_only_are_left_out_of_the_report(result: Result) -> None:
    record: dict[str, Any] = result.to_dict()
    nothing = {
        "energy_pj": 0.0,
        "busy_ps": 0,
        "latency_ps": 0,
        "area_um2": 0.0,
        "count": 0,
        "throughput_per_s": None,
    }
    record["breakdown"]["component"] |= {"idle": nothing, "unused": {**nothing, "area_um2": 5.0}}
    assert _lines(record, "idle") == []
    assert _lines(record, "unused") == ["| unused | 0 pJ | 0 % | - | - | 5 µm² | - | 0 | - |"]


def test_what_is_paid_with_the_task_of_another_has_a_dash_for_its_time(result: Result) -> None:
    record: dict[str, Any] = result.to_dict()
    record["breakdown"]["component"]["sample_hold"] = {
        "energy_pj": 2.0, "busy_ps": 0, "latency_ps": 0, "area_um2": 0.0, "count": 0, "throughput_per_s": None,
    }  # fmt: skip
    assert _lines(record, "sample_hold") == ["| sample_hold | 2 pJ | 25 % | - | - | 0 µm² | - | 0 | - |"]


def test_a_record_of_something_else_is_refused() -> None:
    with pytest.raises(ArchsimError, match="no result of archsim"):
        markdown([{"totals": {}}])


def test_what_is_written_is_read_back_the_same(result: Result, tmp_path: Path) -> None:
    write_results(tmp_path, [result], ["dt assumed"])
    names = {path.name for path in tmp_path.iterdir()}
    pages = {"report.html", "report.md", "result.json"}
    assert names == {"pipeline_inference.png", "run_inference.npz"} | pages
    saved = read_results(tmp_path)
    assert saved.notes == ("dt assumed",)
    assert saved.results["inference"] == json.loads(json.dumps(result.to_dict()))
    again = load_result(tmp_path)
    assert again.trace.start_ps.tolist() == [0, 1000]
    assert again.breakdown("component")["adc"]["energy_pj"] == 8.0


def test_a_single_result_that_result_save_wrote_is_read_too(result: Result, tmp_path: Path) -> None:
    result.save(tmp_path / "one")
    assert Summary.of(read_results(tmp_path / "one").results["inference"]) == Summary.of(result.to_dict())


def test_the_bundle_names_what_phases_share_once(result: Result) -> None:
    bundled = bundle([result.to_dict()])
    assert bundled["provenance"]["seed"] == 3
    assert bundled["provenance"]["inputs_sha256"] == {"inference": "abc"}
    assert "provenance" not in bundled["results"]["inference"]


def test_a_name_is_no_heading_no_html_and_no_escape_of_a_terminal(result: Result) -> None:
    record: dict[str, Any] = result.to_dict() | {"name": "# big\n<script>\x1b[31m"}
    parts = record["breakdown"]["layer"]
    record["breakdown"]["layer"] = {"<b>|x": next(iter(parts.values()))}
    text = markdown([record], ["# note <img>"])
    assert text.startswith("# \\# big\\\\n&lt;script&gt;\\\\x1b[31m\n")
    assert "| &lt;b&gt;\\|x |" in text
    assert "- \\# note &lt;img&gt;" in text
