"""What a study found, in plain records: to JSON and CSV and back."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from archsim.errors import ExploreError
from archsim.files import write_text
from archsim.texts import as_cell

FORMAT = "archsim study dfa-vs-bp 1"
STUDY, TABLE, ACCURACY, PAGE = "dfa_vs_bp.json", "dfa_vs_bp.csv", "dfa_vs_bp_accuracy.csv", "dfa_vs_bp.md"


@dataclass(frozen=True)
class Published:
    """A published "up to": which figure, its value, and how it reads."""

    figure: str
    value: float
    text: str


PUBLISHED = (
    Published("energy_saving_pct", 64.1, "64.1 % less energy"),
    Published("area_saving_pct", 10.1, "10.1 % less area"),
    Published("speedup", 2.1, "2.1x less latency"),
)
"""DFA_Sim (arXiv 2502.06736), DFA against BP, each "up to", without a published configuration."""

PUBLISHED_ACCURACY = Published("accuracy_gain_pct", 7.55, "7.55 % more accuracy")

TOTALS = ("energy_pj", "latency_ps", "area_um2")


@dataclass(frozen=True)
class Parts:
    """By mechanism, what of a difference BP - DFA it brings; they sum to the difference."""

    energy_pj: dict[str, float]
    latency_ps: dict[str, float]
    area_um2: dict[str, float]


@dataclass(frozen=True)
class Row:
    """One configuration: what one adapted sample takes with each rule, and what makes the difference.

    Parameters
    ----------
    name : str
    settings : dict
        What differs from the base.
    bp, dfa : dict of str to float
        energy_pj and latency_ps per sample, area_um2.
    parts : Parts
    common : dict of str to float
        Energy (pJ per sample) of what both rules do alike: "forward", "outer", "writes".
    note : str
        What is particular; else empty.
    """

    name: str
    settings: dict[str, Any]
    bp: dict[str, float]
    dfa: dict[str, float]
    parts: Parts
    common: dict[str, float] = field(default_factory=dict)
    note: str = ""

    @property
    def energy_saving_pct(self) -> float:
        """Energy that DFA saves, in percent of BP's."""
        return 100 * (1 - self.dfa["energy_pj"] / self.bp["energy_pj"])

    @property
    def area_saving_pct(self) -> float:
        """Area that DFA saves, in percent of BP's."""
        return 100 * (1 - self.dfa["area_um2"] / self.bp["area_um2"])

    @property
    def speedup(self) -> float:
        """BP's latency over DFA's."""
        return self.bp["latency_ps"] / self.dfa["latency_ps"]

    def figure(self, name: str) -> float:
        """One of the three ratios, by name."""
        return float(getattr(self, name))

    def shares(self, total: str) -> dict[str, float]:
        """By mechanism, its part of the difference in percent of BP's total.

        Examples
        --------
        >>> parts = Parts({"reads": 30.0, "feedback": -10.0}, {}, {})
        >>> whole = {"energy_pj": 100.0}, {"energy_pj": 80.0}
        >>> Row("base", {}, *whole, parts).shares("energy_pj")
        {'reads': 30.0, 'feedback': -10.0}
        """
        parts: dict[str, float] = getattr(self.parts, total)
        return {name: 100 * part / self.bp[total] for name, part in parts.items()}

    def to_dict(self) -> dict[str, Any]:
        """Plain types; the ratios too."""
        return {
            "name": self.name,
            "settings": self.settings,
            "bp": self.bp,
            "dfa": self.dfa,
            **{published.figure: self.figure(published.figure) for published in PUBLISHED},
            "parts": {total: getattr(self.parts, total) for total in TOTALS},
            "common_energy_pj": self.common,
            "note": self.note,
        }

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Row:
        """What `to_dict` gave."""
        parts = Parts(**{total: dict(data["parts"][total]) for total in TOTALS})
        whole = dict(data["bp"]), dict(data["dfa"])
        return cls(
            data["name"], dict(data["settings"]), *whole, parts, dict(data["common_energy_pj"]), data["note"]
        )


def rows_of(study: Mapping[str, Any]) -> list[Row]:
    """The configurations of a study."""
    return [Row.of(row) for row in study["configurations"]]


def read_study(path: str | Path) -> dict[str, Any]:
    """Read ``dfa_vs_bp.json``, or the folder that holds it.

    Raises
    ------
    ExploreError
        There is no such file, or it holds something else.
    """
    file = Path(path)
    file = file / STUDY if file.is_dir() else file
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except OSError as cause:
        raise ExploreError(f"{file}: cannot be read: {cause.strerror or cause}") from None
    except ValueError as cause:
        raise ExploreError(f"{file}: not a study of archsim: {cause}") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ExploreError(f"{file}: not a study of archsim (format {FORMAT!r} is read)")
    return data


def table_csv(rows: Sequence[Row]) -> str:
    """One line for each configuration: totals, ratios, and by mechanism the percent of BP's total."""
    names = {total: list(dict.fromkeys(n for row in rows for n in getattr(row.parts, total))) for total in TOTALS}
    short = {"energy_pj": "energy", "latency_ps": "latency", "area_um2": "area"}
    head = [
        "configuration",
        *(f"{rule}_{total}" for total in TOTALS for rule in ("bp", "dfa")),
        *(published.figure for published in PUBLISHED),
        *(f"{short[total]}_{name}_pct" for total in TOTALS for name in names[total]),
        "note",
    ]
    lines: list[list[Any]] = [head]
    for row in rows:
        cells: list[Any] = [as_cell(row.name)]
        cells += [f"{getattr(row, rule)[total]:.8g}" for total in TOTALS for rule in ("bp", "dfa")]
        cells += [f"{row.figure(published.figure):.6g}" for published in PUBLISHED]
        for total in TOTALS:
            shares = row.shares(total)
            cells += [f"{shares[name]:.6g}" if name in shares else "" for name in names[total]]
        lines.append([*cells, as_cell(row.note)])
    return _csv(lines)


def accuracy_csv(accuracy: Mapping[str, Any]) -> str:
    """One line for each noise level, seed and rule."""
    head = ["level", "spread_pct", "seed", "rule", "before", "after", "ideal_after"]
    return _csv([head, *([run[key] for key in head] for run in accuracy["runs"])])


def _csv(lines: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue()


def write_tables(folder: Path, study: Mapping[str, Any]) -> None:
    """JSON and CSV of a study into an existing folder."""
    text = json.dumps(study, indent=1, ensure_ascii=False, allow_nan=False)
    write_text(folder / STUDY, text + "\n")
    write_text(folder / TABLE, table_csv(rows_of(study)))
    if study["accuracy"]:
        write_text(folder / ACCURACY, accuracy_csv(study["accuracy"]))
