"""Play cases: ``python -m tests.fuzz.case KIND SEED`` plays one and shows it, ``--rows FIRST N`` a row of them.

A case is a file or folder that is damaged in a random way and a command that reads it. It must end with exit code
0, 1 or 2 and a message, without a traceback, in ten seconds of CPU and two gigabytes, and change nothing but its
output.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_threads] = "1"  # before numpy: a process with threads is not to be forked

from archsim.explore.evaluate import evaluate  # noqa: E402

from . import corpus  # noqa: E402
from .kinds import KINDS, kind_of  # noqa: E402
from .play import Played, clear, play  # noqa: E402


class HerePool:
    """Evaluates the configurations of a study in this process, in place of worker processes."""

    def __init__(self, n_workers: int, limit_s: float | None, function: Any) -> None:
        del n_workers, limit_s
        self.function, self.found = function, []

    n_workers = 1

    @property
    def n_free(self) -> int:
        """Whether the last answer was fetched."""
        return int(not self.found)

    def submit(self, jobs: Any) -> None:
        """Do it at once."""
        outcomes = self.function(jobs)
        self.found += [(job.key, outcome) for job, outcome in zip(jobs, outcomes, strict=True)]

    def wait(self, timeout_s: float) -> list[Any]:
        """What was done."""
        del timeout_s
        found, self.found = self.found, []
        return found

    def close(self) -> None:
        """Nothing is left to end."""


def rows(first: int, n: int, folder: Path) -> Iterator[tuple[str, int, Played]]:
    """Play a row of cases."""
    for seed in range(first, first + n):
        kind = kind_of(seed)
        yield kind, seed, play(kind, seed, folder / "corpus", clear(folder / "case"))


def begin(folder: Path) -> None:
    """Build the corpus; studies do without worker processes."""
    from archsim.explore import run

    assert evaluate  # imported before the fork
    run.LocalPool = HerePool  # type: ignore[assignment,misc]
    corpus.build(folder / "corpus")


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.case", description=__doc__)
    parser.add_argument("kind", nargs="?", choices=list(KINDS))
    parser.add_argument("seed", nargs="?", type=int)
    row = parser.add_argument("--rows", nargs=2, type=int, metavar=("FIRST", "N"))
    row.help = "play N cases; one line of JSON for each that fails"
    parser.add_argument("--keep", type=Path, help="leave the files of the case in this new folder")
    asked = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place).resolve()
        begin(folder)
        if asked.rows:
            for kind, seed, played in rows(*asked.rows, folder):
                if played.errors:
                    print(json.dumps({"kind": kind, "seed": seed, **asdict(played)}), flush=True)
            print(json.dumps({"done": asked.rows[1]}))
            return 0
        played = play(asked.kind, asked.seed, folder / "corpus", clear(folder / "case"))
        if asked.keep:
            shutil.copytree(folder / "case", asked.keep)
    print(f"archsim {shlex.join(played.argv)}\n--- stdout\n{played.out}--- stderr\n{played.err}---")
    print(f"exit code {played.code}, {played.cpu_s:.2f} s, {played.peak_bytes / 1e6:.0f} MB")
    print("\n".join(f"ERROR: {error}" for error in played.errors) or "as wanted")
    return int(bool(played.errors))


if __name__ == "__main__":
    sys.exit(main())
