"""The result log keeps what is whole, whatever happens to its end."""

from __future__ import annotations

import json

import duckdb
import pandas as pd
import pytest

from archsim.explore.log import RESULTS, Claims, ResultLog, checksum

KEYS = [f"{i:032x}" for i in range(5)]
RECORDS = [{"key": KEYS[i], "state": "done", "metrics": {"latency_ps": i, "energy_pj": i / 3}} for i in range(5)]


@pytest.fixture
def log(tmp_path):
    log = ResultLog(tmp_path / RESULTS)
    log.append(RECORDS)
    return log


def test_the_log_cut_at_any_byte_loses_only_the_torn_line(log):
    whole = log.path.read_bytes()
    ends = [i + 1 for i, byte in enumerate(whole) if byte == 10]
    for cut in sorted({*range(0, len(whole), 7), *(end + i for end in ends for i in (-1, 0, 1)), len(whole)}):
        if cut > len(whole):
            continue
        log.path.write_bytes(whole[:cut])
        kept = sum(end <= cut for end in ends)
        again = ResultLog(log.path)
        assert list(again.read()) == KEYS[:kept]
        again.append(RECORDS)
        assert list(ResultLog(log.path).read()) == KEYS


def test_a_changed_byte_makes_a_line_unknown_and_no_other(log):
    whole = log.path.read_bytes()
    at = whole.index(b'"latency_ps":2') + len(b'"latency_ps":')
    log.path.write_bytes(whole[:at] + b"7" + whole[at + 1 :])
    again = ResultLog(log.path)
    assert list(again.read()) == [*KEYS[:2], *KEYS[3:]]
    assert again.n_damaged == 1


def test_a_key_is_written_once_by_two_who_know_nothing_of_each_other(log):
    other = ResultLog(log.path)
    other.append([RECORDS[0], {"key": "f" * 32}])
    log.append([{"key": "f" * 32}])
    assert log.path.read_text().count('"key":"ffff') == 1
    assert log.path.read_text().count(f'"key":"{KEYS[0]}"') == 1


NO_KEYS = ["../../../x", "k0", "A" * 32, "0" * 31, "0" * 33, "<b>" + "0" * 29, "0" * 32 + "\n", 5, None]


@pytest.mark.parametrize("key", NO_KEYS)
def test_a_key_that_is_no_hash_is_no_record(log, key):
    forged = {"key": key, "state": "done", "metrics": {}}
    with log.path.open("a") as file:
        file.write(json.dumps({**forged, "sha256": checksum(forged)}) + "\n")
    again = ResultLog(log.path)
    assert list(again.read()) == KEYS
    assert again.n_damaged == 1


def test_pandas_and_duckdb_read_it(log):
    frame = pd.read_json(log.path, lines=True)
    assert frame["metrics"].map(lambda m: m["latency_ps"]).tolist() == [0, 1, 2, 3, 4]
    rows = duckdb.sql(f"SELECT metrics.latency_ps FROM '{log.path}' ORDER BY 1").fetchall()
    assert [row[0] for row in rows] == [0, 1, 2, 3, 4]


def test_floats_come_back_to_the_last_bit(log):
    assert [r["metrics"]["energy_pj"] for r in ResultLog(log.path).read().values()] == [i / 3 for i in range(5)]
    assert json.loads(log.path.read_text().splitlines()[1])["metrics"]["energy_pj"] == 1 / 3


def test_what_one_process_claims_another_one_does_not_get(tmp_path):
    import subprocess
    import sys

    mine = Claims(tmp_path / "claims")
    assert mine.take("a")
    code = (
        "import sys; from pathlib import Path; from archsim.explore.log import Claims\n"
        "c = Claims(Path(sys.argv[1])); print(c.take('a'), c.take('b'))"
    )

    def other():
        command = [sys.executable, "-c", code, str(tmp_path / "claims")]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()

    assert other() == ["False", "True"]
    mine.give_back("a")
    assert other() == ["True", "True"]
    mine.close()
