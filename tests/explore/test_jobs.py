"""Jobs: the same outcomes in the same order whatever the number of workers, and nothing is done twice."""

from __future__ import annotations

import os

import pytest
from jobs_support import does_not_fit, fail, sleep, square, stubborn, threads, vanish

from archsim.errors import ArchsimError, DoesNotFitError, ExploreError
from archsim.explore.jobs import Job, all_done, error_in_words, kept_in, run_jobs


def jobs(function, numbers=range(3)):
    return [Job(f"job {x}", function, (x,), {"x": x}) for x in numbers]


def test_outcomes_come_in_the_order_of_the_jobs_and_are_kept(tmp_path):
    told: list[str] = []
    assert run_jobs(jobs(square), 2, tmp_path, told.append) == [0, 1, 4]
    assert len(told) == 3
    assert run_jobs(jobs(square), 1, tmp_path, told.append) == [0, 1, 4]
    assert len(told) == 3  # nothing was left to do
    assert run_jobs(jobs(square, range(4)), 1, tmp_path, told.append) == [0, 1, 4, 9]
    assert told[3] == "3 of 4 were done before"


def test_a_damaged_outcome_is_made_again(tmp_path):
    run_jobs(jobs(square), 1, tmp_path, print)
    for file in tmp_path.glob("*.json"):
        file.write_text("{")
    assert run_jobs(jobs(square), 1, tmp_path, print) == [0, 1, 4]


def test_every_worker_computes_with_one_thread_and_the_parent_keeps_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    assert run_jobs(jobs(threads, range(1)), 1, tmp_path, print) == ["1"]
    assert os.environ["OPENBLAS_NUM_THREADS"] == "2"


def test_a_worker_that_vanishes_is_named(tmp_path):
    with pytest.raises(ExploreError, match="job 0: its worker process ended without a result, 3 times"):
        run_jobs(jobs(vanish, range(1)), 1, tmp_path, print)


def test_nobody_waits_for_others_when_something_breaks(tmp_path):
    with pytest.raises(LookupError, match="a bug") as raised:
        run_jobs([*jobs(sleep, [300]), *jobs(fail, [0])], 2, tmp_path, print)
    assert not list(tmp_path.glob("*.json"))  # the other one has not come to its end
    assert "in job 0:" in raised.value.__notes__[0]
    assert "jobs_support.py" in raised.value.__notes__[0]


def test_an_error_comes_from_a_worker_whole_whatever_its_class(tmp_path):
    with pytest.raises(DoesNotFitError, match="needs 12 crossbars, has 8") as raised:
        run_jobs(jobs(does_not_fit, [12]), 1, tmp_path, print)
    assert raised.value.needed == 12
    with pytest.raises(RuntimeError, match="StubbornError: at 3"):
        run_jobs(jobs(stubborn, [3]), 1, tmp_path, print)
    with pytest.raises(TypeError, match="not JSON serializable"):
        run_jobs(jobs(complex, [3]), 1, tmp_path, print)


def test_the_same_job_is_done_once(tmp_path):
    told: list[str] = []
    assert run_jobs(jobs(square, [3, 3]), 2, tmp_path, told.append) == [9, 9]
    assert told == ["2 of 2: job 3"]


def test_what_an_outcome_depends_on_names_its_file():
    one, other = Job("a", square, (1,), {"x": 1}), Job("a", square, (1,), {})
    assert one.key == Job("b", square, (9,), {"x": 1}).key != other.key


def test_a_folder_that_is_gone_is_named(tmp_path):
    with pytest.raises(ArchsimError, match="cannot be written"):
        run_jobs(jobs(square, range(1)), 1, tmp_path / "gone", print)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ArchsimError, match="file/kept: cannot be written"), kept_in(tmp_path / "file" / "kept"):
        pass


def test_what_may_fail_says_why_in_words():
    assert error_in_words(does_not_fit)(12)["why_not"].startswith("crossbars: needs 12 crossbars")


def test_jobs_that_failed_are_all_named():
    found = [{"why_not": "diverged"}, {}, {"why_not": "no data"}]
    with pytest.raises(ExploreError, match="ideal cells, seed 3, bp: diverged\ntraining, seed 3: no data"):
        all_done(["ideal cells, seed 3, bp", "seed 1", "training, seed 3"], found)
