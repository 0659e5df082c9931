"""What `make lowest` tries is what pyproject.toml says."""

import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

HERE = Path(__file__).parent


def test_the_lowest_versions_tried_are_those_that_are_promised(root_dir):
    project = tomllib.loads((root_dir / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    promised = {r.name: r for r in map(Requirement, [*project["dependencies"], *extras["data"], *extras["fast"]])}
    lines = (HERE / "versions.txt").read_text(encoding="utf-8").splitlines()
    tried = [Requirement(line) for line in lines if not line.startswith("#")]
    assert {r.name for r in tried} == set(promised)
    for requirement in tried:
        (pin,) = requirement.specifier
        (bound,) = promised[requirement.name].specifier
        assert pin.operator == "=="
        assert bound.operator in (">=", "==")
        assert Version(pin.version) == Version(bound.version), requirement.name
