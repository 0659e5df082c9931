"""Fixtures shared by all rooms."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from chromium_support import chromium  # noqa: F401  # a fixture, one browser for all rooms
from hypothesis import HealthCheck, settings

from archsim.registry import FAMILIES

# before numpy is loaded: where workers of pytest share the cores, threads that wait for each other cost the most
for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")

# how long an example takes to draw or to run says something of the machine, not of the code
settings.register_profile("any_machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any_machine")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root_dir() -> Path:
    """The project's top folder."""
    return ROOT


@pytest.fixture(scope="session")
def reference_dir() -> Path:
    """The folder of facts and real network files; a user's machine may lack it, CI may not."""
    folder = Path(os.environ.get("ARCHSIM_REFERENCE", ROOT.parent / "shared")).resolve()
    if not folder.is_dir():
        message = f"the reference folder {folder} is missing (set ARCHSIM_REFERENCE)"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return folder


@pytest.fixture
def own_kinds(monkeypatch) -> None:
    """What a test registers is forgotten after it."""
    for family in FAMILIES.values():
        monkeypatch.setattr(family, "_kinds", dict(family))  # all are read first: a module is imported only once
