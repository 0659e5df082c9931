"""Random graphs of the engine's tests."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest

from archsim.taskgraph import TaskGraph


@pytest.fixture(scope="session")
def make_random_graph() -> Callable[[int], TaskGraph]:
    """seed -> graph with ties, tasks of length zero, several units, buffers; deadlocks occur."""
    file = Path(__file__).parent.parent / "engine" / "conftest.py"
    spec = importlib.util.spec_from_file_location("engine_conftest", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Callable[[int], TaskGraph] = module.random_graph
    return found
