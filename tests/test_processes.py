"""Work that is shared among processes comes in order, and errors come as they are."""

from __future__ import annotations

import os

import pytest

from archsim.errors import ArchsimError, WorkloadError
from archsim.processes import in_turn


def double(shared: int, item: int) -> tuple[int, int]:
    return shared * item, os.getpid()


def picky(shared: str, item: int) -> int:
    if item == 2:
        raise WorkloadError(f"{shared} does not like 2")
    return item


def ending(shared: int, item: int) -> int:
    os._exit(shared + item)


def test_answers_come_in_the_order_of_their_questions_whatever_the_number_of_workers():
    alone = list(in_turn(double, 2, range(7)))
    shared = list(in_turn(double, 2, range(7), 2))
    assert [found for found, _ in shared] == [found for found, _ in alone] == list(range(0, 14, 2))
    assert {pid for _, pid in alone} == {os.getpid()}
    assert os.getpid() not in {pid for _, pid in shared}


def test_an_error_is_told_as_it_is_after_what_came_before_it():
    found = in_turn(picky, "the worker", [0, 1, 2, 3], 2)
    assert [next(found), next(found)] == [0, 1]
    with pytest.raises(WorkloadError, match="the worker does not like 2"):
        next(found)


def test_a_worker_that_ends_is_said():
    with pytest.raises(ArchsimError, match="a worker process ended without a result"):
        list(in_turn(ending, 1, [1, 2], 2))
