"""Runs that commands tell of: saved ones, and those that are simulated now."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from archsim.cli.inputs import load_both, progress, refuse_other_kind
from archsim.errors import ArchsimError
from archsim.report import load_result, read_results
from archsim.spec import Chip
from archsim.workload import Workload

if TYPE_CHECKING:
    from archsim.metrics import Result


class RunOptions(NamedTuple):
    """How a chip and a workload are simulated; see :func:`archsim.simulate`.

    Parameters
    ----------
    phases : sequence of str
        Each is a run; those of the workload if there are none.
    engine : str
    seed : int
    policy : str
    timesteps : int, optional
    max_memory_bytes : int, optional
    """

    phases: Sequence[str] = ()
    engine: str = "compiled"
    seed: int = 0
    policy: str = "fifo"
    timesteps: int | None = None
    max_memory_bytes: int | None = None


def simulated(chip: Chip, work: Workload, options: RunOptions) -> list[Result]:
    """A run of each phase, each phase once.

    Raises
    ------
    ArchsimError
        Before the first run if a phase cannot have that many timesteps.
    """
    from archsim.long_simulation import check_timesteps
    from archsim.simulate import simulate

    phases = list(dict.fromkeys(options.phases or work.phases))
    if options.timesteps is not None:
        for phase in phases:
            check_timesteps(work, phase, options.timesteps)
    results = []
    for phase in phases:
        progress(f"{chip.name}, {phase} ...")
        start = time.perf_counter()
        result = simulate(
            chip, work, options.engine, options.seed, phase, policy=options.policy,
            timesteps=options.timesteps, max_memory_bytes=options.max_memory_bytes,
        )  # fmt: skip
        results.append(cast("Result", result))  # or a LongResult, which whoever asks for timesteps can handle
        progress(f"{chip.name}, {phase}: {results[-1].n_tasks} tasks in {time.perf_counter() - start:.1f} s")
    return results


class Asked(NamedTuple):
    """A saved result, or a chip and a workload to be simulated."""

    item: Path
    workload: Path | None
    phase: str | None
    seed: int
    assignments: Sequence[str]

    @property
    def is_saved(self) -> bool:
        """Whether it names a result.

        Raises
        ------
        ArchsimError
            The call fits neither a saved result nor a chip with its workload.
        """
        if is_result(self.item):
            given = [*([str(self.workload)] if self.workload else []), *(f"--set {a}" for a in self.assignments)]
            if given:
                raise ArchsimError(f"{given[0]}: {self.item} is a saved result; leave it out, or name a chip file")
            return True
        if self.workload is None:
            refuse_other_kind(self.item, "chip", "; name a result folder, or a chip and a workload")
            raise ArchsimError(f"{self.item}: is no result folder; name one, or a chip and a workload")
        return False

    def inputs(self) -> tuple[Chip, Workload]:
        """Chip and workload, if it is not saved."""
        assert self.workload is not None
        return load_both(self.item, self.workload, self.assignments)


def is_result(item: Path) -> bool:
    """Whether a file or folder is a saved result, by its name."""
    return item.is_dir() or item.suffix == ".json"


def result_of(asked: Asked) -> Result:
    """The run that is asked about."""
    if asked.is_saved:
        phase = asked.phase or next(iter(read_results(asked.item).results), None)
        return load_result(asked.item, phase)
    chip, work = asked.inputs()
    return simulated(chip, work, RunOptions([asked.phase or work.phases[0]], seed=asked.seed))[0]
