"""A short walk through archsim, for `make lowest`: it runs with the lowest versions that pyproject.toml allows.

Every chip and workload that ships is read; one small run of each phase gives the same on every engine; the
commands price, map, draw and read a crossbar. Stops at the first thing that fails.
"""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import tempfile
from pathlib import Path

import archsim

ROOT = Path(__file__).resolve().parents[2]
CHIPS = sorted((ROOT / "arch_specs").glob("*.yaml"))
WORKLOADS = sorted(path for path in (ROOT / "workloads").iterdir() if path.suffix in (".yaml", ".nir"))
CHIP, WORK = ROOT / "arch_specs/wearable_rram.yaml", ROOT / "workloads/nmnist_mlp.yaml"
ENGINES = ("simpy", "heap", "compiled")
NAMES = (
    *("simpy", "numpy", "scipy", "matplotlib", "pydantic", "ruamel.yaml", "typer", "nir", "jinja2"),
    *("filelock", "rich", "numba"),
)


def read_everything() -> None:
    """Chips and workloads that ship; what a wrong one says."""
    for path in CHIPS:
        archsim.load_chip(path)
    for path in WORKLOADS:
        archsim.load_workload(path)
    try:
        archsim.load_chip(CHIP, ["adc.kind=banana", "crossbar.rows=0"])
    except archsim.SpecError as error:
        if len(str(error).splitlines()) != 2:
            sys.exit(f"a wrong chip is told otherwise: {error}")
    else:
        sys.exit("a wrong chip was taken")


def run_every_phase() -> None:
    """All engines give the same."""
    chip, work = archsim.load_chip(CHIP), archsim.load_workload(WORK, ["timesteps=3"])
    for phase in ("inference", "bp", "dfa"):
        results = [archsim.simulate(chip, work, engine=engine, phase=phase) for engine in ENGINES]
        figures = {(result.latency_ps, result.energy_pj, result.area_um2) for result in results}
        if len(figures) != 1:
            sys.exit(f"{phase}: engines differ: {figures}")
        print(f"{phase}: {figures.pop()}")


def call(*arguments: object) -> None:
    """One command; what it says is shown only where it fails."""
    command = [sys.executable, "-m", "archsim", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"archsim {' '.join(command[3:])}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    print("archsim", arguments[0])


def call_commands(folder: Path) -> None:
    """One run written, drawn and put into pages; one array."""
    (folder / "weights.csv").write_text("0.5,-1\n1,0.25\n", encoding="utf-8")
    call("check", *CHIPS)
    call("run", CHIP, WORK, "--set", "timesteps=2", "--set", "phases=[inference]", "-o", folder / "run")
    call("plot", folder / "run")
    call("report", folder / "run")
    call("map", CHIP, WORK)
    call("components", CHIP)
    call("schema", "chip")
    call("crossbar", CHIP, "--weights", folder / "weights.csv", "-o", folder / "crossbar")


if __name__ == "__main__":
    read_everything()
    run_every_phase()
    with tempfile.TemporaryDirectory() as folder:
        call_commands(Path(folder))
    print("all well with", ", ".join(f"{name} {importlib.metadata.version(name)}" for name in NAMES))
