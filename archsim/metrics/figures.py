"""Figures that follow from the ledger of a run, whether or not its trace is kept."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import cached_property
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from archsim.components import AreaItem
from archsim.errors import EngineError
from archsim.files import fresh_folder, inside, write_text
from archsim.metrics.activity import RunActivity, activity_record
from archsim.metrics.idle import idle_of
from archsim.metrics.ledger import Ledger, Part
from archsim.metrics.notebook import Shown
from archsim.metrics.power import MIN_WINDOW_PS, PJ_PER_PS_IN_UW
from archsim.metrics.spans import pandas_module
from archsim.names import BREAKDOWNS, NONE

if TYPE_CHECKING:
    import pandas as pd

N_TOP = 10
RESULT_FILE = "result.json"


class Busiest(NamedTuple):
    """The resource with the highest utilisation; ``("(none)", 0.0)`` if tasks use none."""

    name: str
    utilisation: float


class Figures(Shown):
    """Totals and breakdowns of a run; the base of `Result` and `LongResult`."""

    totals: ClassVar[tuple[str, ...]]
    """Properties under ``totals`` in `to_dict`."""

    advice: Mapping[str, object] | None = None

    if TYPE_CHECKING:  # fields of the one, properties of the other

        @property
        def name(self) -> str: ...
        @property
        def phase(self) -> str: ...
        @property
        def n_samples(self) -> int: ...
        @property
        def n_tasks(self) -> int: ...
        @property
        def latency_ps(self) -> int: ...
        @property
        def items(self) -> tuple[AreaItem, ...]: ...
        @property
        def ledger(self) -> Ledger: ...
        @property
        def provenance(self) -> dict[str, object]: ...
        @property
        def activity(self) -> RunActivity | None: ...

    def utilisation(self) -> dict[str, float]:
        """Utilisation of every resource that tasks use (space that tasks only reserve is left out).

        Returns
        -------
        dict of str to float
            ``sum(units x time held) / (capacity x latency)``, 0 to 1; time after the end of the run, where the
            occupancy of a task outlasts its latency, does not count.
        """
        raise NotImplementedError

    @property
    def throughput_per_s(self) -> float:
        """Samples / latency, in samples per second; infinite if the run took no time."""
        return self.n_samples * 1e12 / self.latency_ps if self.latency_ps else math.inf

    @property
    def energy_pj(self) -> float:
        """Dynamic energy and leakage together."""
        return self.ledger.energy_pj

    @property
    def dynamic_energy_pj(self) -> float:
        """Sum over tasks of count x energy of the action."""
        return self.ledger.dynamic_energy_pj

    @property
    def leakage_energy_pj(self) -> float:
        """Leakage power of the whole chip x latency."""
        return self.ledger.leakage_energy_pj

    @property
    def leakage_uw(self) -> float:
        """Leakage power of the whole chip."""
        return math.fsum(item.n * item.leakage_uw for item in self.items)

    @property
    def area_um2(self) -> float:
        """Area of the whole chip, whether it is in use or not."""
        return self.ledger.area_um2

    @property
    def busy_ps(self) -> int:
        """Sum of the occupancies of all tasks."""
        return self.ledger.busy_ps

    @property
    def average_power_uw(self) -> float:
        """Energy / latency (over 1 ns if the run took no time)."""
        return self.energy_pj / (self.latency_ps or MIN_WINDOW_PS) * PJ_PER_PS_IN_UW

    @cached_property
    def busiest_resource(self) -> Busiest:
        """The resource of the highest utilisation; the first of them if several are equal."""
        return Busiest(*max(self.utilisation().items(), key=itemgetter(1), default=(NONE, 0.0)))

    def breakdown(self, by: str) -> dict[str, Part]:
        """Totals by part.

        Parameters
        ----------
        by : {"component", "layer", "stage", "action"}

        Returns
        -------
        dict of str to dict
            By name: ``energy_pj``, ``busy_ps``, ``latency_ps`` and ``area_um2``, which each sum to the total of
            the same name exactly (of a long run the latency stands in the line "(not followed)"); ``count``, how
            often actions were done; and ``throughput_per_s``, what the busiest resource of these tasks alone
            would sustain (infinite if they use none), which sums to nothing.

        Raises
        ------
        EngineError
            There is no such breakdown.
        """
        if by not in BREAKDOWNS:
            raise EngineError(f"unknown breakdown {by!r}; there are: {', '.join(BREAKDOWNS)}")
        return {name: part.copy() for name, part in self.ledger.parts[by].items()}

    def breakdown_frame(self, by: str) -> pd.DataFrame:
        """The breakdown as a pandas data frame, a row for each name.

        Raises
        ------
        ArchsimError
            There is no such breakdown, or pandas is not installed.
        """
        frame = pandas_module().DataFrame.from_dict(self.breakdown(by), orient="index")
        return frame.rename_axis(by)

    def _found(self) -> dict[str, object]:
        """Entries of `to_dict` that not every run has."""
        raise NotImplementedError

    def to_dict(self) -> dict[str, object]:
        """Every figure, in plain Python types that JSON can hold; an infinite throughput is None.

        Returns
        -------
        dict
            ``name``, ``phase``, ``totals``, ``busiest_resource``, ``top_resources``, ``links``, ``critical_path``,
            ``breakdown`` (the four), ``idle`` (:func:`archsim.metrics.idle.idle_of`), ``activity``,
            ``warnings`` (:mod:`archsim.metrics.activity`) and ``provenance``. Of a long run some are None, and
            ``not_available`` says why.
        """
        top = sorted(self.utilisation().items(), key=lambda pair: -pair[1])[:N_TOP]
        data = {
            "name": self.name,
            "phase": self.phase,
            "totals": {name: getattr(self, name) for name in self.totals},
            "busiest_resource": self.busiest_resource._asdict(),
            "top_resources": [Busiest(*pair)._asdict() for pair in top],
            **self._found(),
            "breakdown": {by: self.breakdown(by) for by in BREAKDOWNS},
            "idle": idle_of(self.items),
            **activity_record(self.activity),
            **(self.advice or {}),
            "provenance": self.provenance,
        }
        return {key: _plain(value) for key, value in data.items()}

    def save(self, folder: str | Path) -> Path:
        """Write ``result.json``, and of a run with a trace the run itself (`archsim.load_result`).

        Parameters
        ----------
        folder : str or Path
            Made if it does not exist; the file of an earlier result is replaced. All is written or nothing.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        ArchsimError
            The folder cannot be written; nothing has changed then.
        """
        with fresh_folder(folder) as temporary:
            self.write(temporary)
        return Path(folder) / RESULT_FILE

    def write(self, folder: str | Path) -> None:
        """As `save`, into an existing folder, such as one of `fresh_folder`.

        Raises
        ------
        ArchsimError
            It is no folder, or cannot be written.
        """
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
        write_text(inside(folder, RESULT_FILE), text + "\n")

    def __repr__(self) -> str:
        kind = type(self).__name__
        return f"{kind}({self.name!r}, {self.phase!r}: {self.latency_ps} ps, {self.energy_pj:.6g} pJ)"


def _plain(value: object) -> object:
    """The same in types that JSON can hold."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic | np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | bool | int) else str(value)
