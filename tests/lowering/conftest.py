"""Fixtures of the lowering tests."""

from __future__ import annotations

import pytest
from lowering_support import Lowerer


@pytest.fixture
def lowered(tmp_path, root_dir) -> Lowerer:
    """Lower a small network on a small chip: `lowered("dense", "bp", samples=4)`."""
    return Lowerer(tmp_path, root_dir / "tests" / "chips" / "wearable_rram.yaml")
