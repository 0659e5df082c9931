"""The wheel and the sdist as strangers meet them, for `make wheel`: a new environment, an empty folder, no clone.

    python tests/wheel/wheel_walk.py PYTHON...

The wheel is built once; for each Python (3.11, 3.12, 3.13) it is installed with all that it needs, and used in an
empty folder: examples by their names, `archsim init`, Python, every command of the pages that name no file
of a clone. Stops at what fails.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SMALL = "--phase inference --set timesteps=2 --set samples=1 --set batch=1"
FIRST = (
    "archsim --version",
    f"archsim run wearable_rram watch_mlp {SMALL}",
    "archsim init my",
    f"archsim run my/arch_specs/wearable_rram.yaml my/workloads/watch_mlp.yaml {SMALL}",
    "archsim check wearable_rram watch_mlp recurrent_cuba tiny my/workloads/studies/watch_tiles.yaml",
    "python -c \"import archsim; print(archsim.load_chip('wearable_rram').name, archsim.__file__)\"",
)
"""What must work before anything else."""


def built(folder: Path, kind: str = "wheel") -> Path:
    """The wheel or sdist of this clone, built into a folder."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env=without_clone())
    (found,) = folder.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return found


def without_clone() -> dict[str, str]:
    """The environment, without a path into the clone."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}


def called(command: str, binaries: Path, folder: Path) -> str:
    """What a command prints, by the programs of an environment; RuntimeError with what it says if it fails."""
    env = {**without_clone(), "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True, check=False, env=env)
    if done.returncode:
        raise RuntimeError(f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


PAGES = ("README.md", "docs/guides/install.md", "docs/guides/commands.md")
"""What a stranger types along, without a clone."""


def of_pages() -> list[str]:
    """The commands of these pages."""
    shell = re.findall(r"^```sh\n(.*?)^```", _text(), re.MULTILINE | re.DOTALL)
    lines = [line.removeprefix(".venv/bin/") for block in shell for line in block.splitlines()]
    return [line for line in lines if line.startswith("archsim ")]


def scripts_of_pages() -> list[str]:
    """Their Python."""
    return re.findall(r"^```python\n(.*?)^```", _text(), re.MULTILINE | re.DOTALL)


def _text() -> str:
    return "\n".join((ROOT / page).read_text(encoding="utf-8") for page in PAGES)


def walk(python: str, wheel: Path, place: Path) -> None:
    """Install a wheel for a Python and use it."""
    subprocess.run([python, "-m", "venv", "--clear", str(place / "env")], check=True)
    binaries = place / "env" / "bin"
    called(f"python -m pip install -q --disable-pip-version-check '{wheel}[data,fast]'", binaries, place)
    (empty := place / "empty").mkdir()
    for command in (*FIRST, *of_pages()):
        called(command, binaries, empty)
        print(f"{python}: {command}", flush=True)
    for number, script in enumerate(scripts_of_pages()):
        (empty / f"page_{number}.py").write_text(script, encoding="utf-8")
        called(f"python page_{number}.py", binaries, empty)


def main(pythons: Sequence[str]) -> None:
    """Try each Python; those that are not installed are named."""
    with tempfile.TemporaryDirectory() as folder:
        wheel = built(Path(folder))
        for python in pythons:
            version = subprocess.run([python, "--version"], capture_output=True, text=True, check=False)
            if version.returncode:
                print(f"{python}: not installed")
                continue
            (place := Path(folder) / python.replace("/", "_")).mkdir()
            walk(python, wheel, place)
            print(f"{python}: all well with {version.stdout.strip()}")


if __name__ == "__main__":
    main(sys.argv[1:] or [sys.executable])
