"""Damaged input of every kind, through the command line: a message and an exit code, never a crash or a loss.

A hundred cases in every run, the same ones, of every kind (`make nightly` plays 20,000 others); ``ARCHSIM_FUZZ``
says how many, ``ARCHSIM_FUZZ_FIRST`` where their row begins.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from fuzz.kinds import KINDS, SHARES, kind_of

ROOT = Path(__file__).resolve().parents[2]
N_CASES = int(os.environ.get("ARCHSIM_FUZZ", "100"))
FIRST = int(os.environ.get("ARCHSIM_FUZZ_FIRST", "0"))
TOGETHER = 1000


def played(first: int, n: int) -> list[dict[str, object]]:
    """Cases of a row that did not end as they should, from a process of their own."""
    call = [sys.executable, "-m", "tests.fuzz.case", "--rows", str(first), str(n)]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr
    assert lines[-1] == {"done": n}, done.stderr
    return lines[:-1]


def said(case: dict[str, object]) -> str:
    errors = "; ".join(map(str, case["errors"]))
    command = f"python -m tests.fuzz.case {case['kind']} {case['seed']}"
    return f"{command}  # {errors} (archsim {shlex.join(case['argv'])})"


@pytest.mark.parametrize("first", range(FIRST, FIRST + N_CASES, TOGETHER))
def test_damaged_input_ends_in_a_message_and_changes_nothing_else(first):
    failed = played(first, min(TOGETHER, FIRST + N_CASES - first))
    assert not failed, "\n" + "\n".join(map(said, failed))


def test_each_hundred_cases_meet_every_kind_by_its_share():
    kinds = [kind_of(seed) for seed in range(300, 400)]
    assert {kind: kinds.count(kind) for kind in KINDS} == SHARES
