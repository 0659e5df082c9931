"""A design: a chip and a workload, as files or as objects, and the same with some values set."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from archsim.advise.move import Sets
from archsim.errors import SpecError, UnusualWarning, WorkloadError
from archsim.spec import Chip
from archsim.spec.library import read_chip
from archsim.units import file_data
from archsim.workload import Workload, load_workload
from archsim.workload.workload import workload_of
from archsim.yaml_reader import Document, fill

FOR_WORKLOAD = "workload."


@dataclass(frozen=True)
class Design:
    """The design that moves start from.

    Parameters
    ----------
    read_chip, read_work : callable
        From assignments to the chip or workload with them.
    """

    read_chip: Callable[[Sequence[str]], Chip]
    read_work: Callable[[Sequence[str]], Workload]
    _works: dict[tuple[str, ...], Workload] = field(default_factory=dict)

    @classmethod
    def of_files(
        cls, chip: Path, work: Path, for_chip: Sequence[str] = (), for_work: Sequence[str] = ()
    ) -> Design:
        """Of files, with assignments that hold in every variant of it; the files are read once."""
        file = read_chip(chip, for_chip)

        def read_work(sets: Sequence[str]) -> Workload:
            return load_workload(work, [*for_work, *sets])

        return cls(lambda sets: fill(Chip, file.override(sets)), read_work)

    @classmethod
    def of(cls, chip: Chip, work: Workload) -> Design:
        """Of what was loaded. A network that was built in Python has no keys of a file that could be set."""
        file = _document(file_data(chip), chip.name, SpecError)
        return cls(lambda sets: fill(Chip, file.override(sets)), lambda sets: _workload(work, sets))

    def changed(self, sets: Sets) -> tuple[Chip, Workload]:
        """Chip and workload with assignments; those for the workload begin with ``workload.``.

        Raises
        ------
        SpecError, WorkloadError
            The file does not take them.

        Examples
        --------
        >>> from pathlib import Path
        >>> given = Path("arch_specs/wearable_rram.yaml"), Path("workloads/watch_mlp.yaml")
        >>> chip, work = Design.of_files(*given).changed(("tile.pes=2", "workload.schedule=sequential"))
        >>> chip.tile.n_pes, work.schedule
        (2, 'sequential')
        """
        for_work = [one.removeprefix(FOR_WORKLOAD) for one in sets if one.startswith(FOR_WORKLOAD)]
        for_chip = [one for one in sets if not one.startswith(FOR_WORKLOAD)]
        with warnings.catch_warnings():  # what is unusual of the base was said when it was read
            warnings.simplefilter("ignore", UnusualWarning)
            return self.read_chip(for_chip), self._work(tuple(for_work))

    def _work(self, sets: tuple[str, ...]) -> Workload:
        """Read once: most moves leave the workload as it is."""
        if sets not in self._works:
            self._works[sets] = self.read_work(sets)
        return self._works[sets]


def _workload(work: Workload, sets: Sequence[str]) -> Workload:
    if not sets:
        return work
    if not work.described:
        raise WorkloadError(f"{work.name}: was not read from a file, so that no key of it can be set")
    return workload_of(_document(work.described, work.name, WorkloadError).override(sets), work.folder)


def _document(data: dict[str, Any], name: str, error: type[Exception]) -> Document:
    return Document(_said(data), Path(name), error, {(): (1, 1)})


def _said(data: Any) -> Any:
    """Without what is left out: keys without a value."""
    if isinstance(data, dict):
        return {key: _said(item) for key, item in data.items() if item is not None}
    return [_said(item) for item in data] if isinstance(data, list) else data
