"""Figures side by side, what each difference comes from, and the tables of both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

NO_REASON_UP_TO = 0.01
"""A difference of more than this needs a reason."""


@dataclass(frozen=True)
class Line:
    """One figure as the other has it and as archsim has it.

    `low` and `high` stand in place of `theirs` where the other is a band. `why` is why they differ.
    """

    what: str
    ours: float
    theirs: float = float("nan")
    unit: str = ""
    why: str = ""
    low: float | None = None
    high: float | None = None

    @property
    def off(self) -> float:
        """Share by which archsim is above the other; of a band, above its end, and 0 inside."""
        nearest = self.theirs
        if self.low is not None and self.high is not None:
            nearest = min(max(self.ours, self.low), self.high)
        if nearest == self.ours:
            return 0.0
        return self.ours / nearest - 1 if nearest else float("inf")

    @property
    def row(self) -> str:
        """A row of a table."""
        there = f"{self.theirs:.4g}" if self.low is None else f"{self.low:.4g} – {self.high:.4g}"
        off = f"{100 * self.off:+.2f} %" if self.off < float("inf") else "new"
        if self.low is not None and not self.off:
            off = "inside"
        why = self.why if abs(self.off) > NO_REASON_UP_TO else ""
        return f"| {self.what} | {there} | {self.ours:.4g} | {self.unit} | {off} | {why} |"


@dataclass(frozen=True)
class Compared:
    """A peer: the lines of its page, and the row of the summary.

    Parameters
    ----------
    name : str
        Of its page.
    what, against : str
    parts : sequence of (title, lines)
    why_not_better : str
        No row of the summary without it.
    heads : tuple of str
        Of the columns of figures.
    """

    name: str
    what: str
    against: str
    parts: Sequence[tuple[str, Sequence[Line]]]
    why_not_better: str = ""
    heads: tuple[str, str] = ("peer", "archsim")

    @property
    def lines(self) -> list[Line]:
        """Of all parts."""
        return [line for _, lines in self.parts for line in lines]

    @property
    def unexplained(self) -> list[str]:
        """Differences of more than 1 % without a reason."""
        return [
            f"{self.name}: {line.what}: {line.ours:.6g} instead of {line.row.split('|')[2].strip()}"
            for line in self.lines
            if not abs(line.off) <= NO_REASON_UP_TO and not line.why  # not a number is a difference too
        ]

    @property
    def agreement(self) -> str:
        """In one cell: how many lines, how far off at most."""
        offs = [abs(line.off) for line in self.lines]
        close = sum(off <= NO_REASON_UP_TO for off in offs)
        bands = all(line.low is not None for line in self.lines)
        where = "inside their bands" if bands else "within 1 %"
        if close == len(offs):
            return f"all {len(offs)} figures {where}"
        return f"{close} of {len(offs)} figures {where}; the worst {100 * max(offs):.3g} % off"

    @property
    def row(self) -> str:
        """Of the summary."""
        return f"| [{self.what}]({self.name}.md) | {self.against} | {self.agreement} | {self.why_not_better} |"

    def tables(self) -> Iterator[str]:
        """The lines as Markdown."""
        for title, lines in self.parts:
            yield f"**{title}**\n"
            yield f"| | {self.heads[0]} | {self.heads[1]} | unit | off by | why |"
            yield "|---|--:|--:|---|--:|---|"
            yield from (line.row for line in lines)
            yield ""


def summary(compared: Iterable[Compared]) -> Iterator[str]:
    """The table at the top."""
    yield "| what | against what | agreement | why not better |"
    yield "|---|---|---|---|"
    yield from (one.row for one in compared)
