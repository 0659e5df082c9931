"""Every design move on a chip, lowered and simulated anew, and the best pairs of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from archsim.advise.accuracy import Accuracies, Accuracy, check_learns
from archsim.advise.design import Design
from archsim.advise.goal import Budget
from archsim.advise.move import Move, Sets
from archsim.advise.outcome import Outcome
from archsim.advise.runs import Runs
from archsim.errors import ArchsimError
from archsim.files import scratch_folder
from archsim.given import refuse, wrong_type
from archsim.metrics import Result
from archsim.registry import MOVES
from archsim.units import close_match
from archsim.workload import Phase

PAIRED = 5
"""So many of the best moves, each of another kind, are tried in pairs."""
Tell = Callable[[int, int, str], None]
Try = tuple[tuple[type[Move], ...], Sets]


@dataclass(frozen=True)
class Asked:
    """A request for advice.

    Parameters
    ----------
    phase : str, optional
        The first of the workload's phases if not given.
    seed : int
    goal : str
        A metric that is to be as small as possible.
    budgets : tuple of Budget
    moves : tuple of str
        Kinds of moves to try; all if none is named.
    max_memory_bytes : int, optional
        What each run may take.
    accuracy : bool
        Whether to find the accuracy too, with changes that touch the network's results: an adaptation on the
        chip for each, minutes rather than seconds.
    """

    phase: Phase | None = None
    seed: int = 0
    goal: str = "latency_ps"
    budgets: tuple[Budget, ...] = ()
    moves: tuple[str, ...] = ()
    max_memory_bytes: int | None = None
    accuracy: bool = False


@dataclass(frozen=True)
class Advice:
    """Changes of a design, the best first.

    Attributes
    ----------
    asked : Asked
    base : Result
        The design as it is.
    figures : mapping of str to float
        Its metrics.
    outcomes : tuple of Outcome
        Of single moves that change something: those that keep to the budgets first, by what they do for the goal.
    pairs : tuple of Outcome
        The best moves two by two, in the same order.
    idle : tuple of Outcome
        Moves that change no figure.
    refused : tuple of Outcome
        Moves that the chip or the workload refuses, with the reason.
    untried : mapping of str to str
        By kind: why there was nothing to try.
    accuracy : Accuracy or None
        Of the design as it is, where it was asked for.
    """

    asked: Asked
    base: Result
    figures: Mapping[str, float]
    outcomes: tuple[Outcome, ...]
    pairs: tuple[Outcome, ...]
    idle: tuple[Outcome, ...]
    refused: tuple[Outcome, ...]
    untried: Mapping[str, str]
    accuracy: Accuracy | None = None

    def rows(self) -> list[dict[str, object]]:
        """Single moves as plain data, the best first."""
        return self._rows(self.outcomes)

    def pair_rows(self) -> list[dict[str, object]]:
        """Pairs as plain data, the best first."""
        return self._rows(self.pairs)

    def _rows(self, outcomes: Sequence[Outcome]) -> list[dict[str, object]]:
        base = None if self.accuracy is None else self.accuracy.value
        return [outcome.row(self.figures, base) for outcome in outcomes]

    def record(self) -> dict[str, object]:
        """All of it as plain data, as a saved run holds it (:mod:`archsim.advise`)."""
        return {
            "advice": self.rows(),
            "advice_pairs": self.pair_rows(),
            "advice_goal": self.asked.goal,
            "advice_budgets": [budget.text for budget in self.asked.budgets],
            "advice_moves": list(self.asked.moves),
            "advice_accuracy": None if self.accuracy is None else self.accuracy._asdict(),
            "advice_idle": [one.named() for one in self.idle],
            "advice_refused": [{**one.named(), "why": one.refused} for one in self.refused],
            "advice_untried": dict(self.untried),
        }


def advise(design: Design, asked: Asked | None = None, tell: Tell | None = None) -> Advice:
    """Try every move on a design, then the best pairs.

    Each change is made in the files' data, as ``--set`` makes it, and goes the whole way of
    :func:`archsim.simulate`: so a figure is exactly that of a run of the changed files.

    Parameters
    ----------
    design : Design
        ``Design.of(chip, work)`` or ``Design.of_files(...)``.
    asked : Asked, optional
    tell : callable, optional
        Is told how many are done, how many there are, and what comes next.

    Returns
    -------
    Advice

    Raises
    ------
    ArchsimError
        The design itself cannot be simulated, a kind of move is not known, or accuracy is asked of a workload that
        does not say how it learns.

    Examples
    --------
    >>> import archsim
    >>> chip = archsim.load_chip("arch_specs/wearable_rram.yaml")
    >>> work = archsim.load_workload("workloads/watch_mlp.yaml", ["timesteps=2", "samples=1", "batch=1"])
    >>> found = advise(Design.of(chip, work), Asked(moves=("columns_per_adc",)))
    >>> [outcome.sets for outcome in found.outcomes]
    [('adc.columns_per_adc=4',), ('adc.columns_per_adc=16',)]
    """
    refuse([
        wrong_type("design", design, Design, "Design.of(chip, work) of archsim.advise"),
        None if asked is None else wrong_type("asked", asked, Asked, "archsim.advise.Asked"),
    ])  # fmt: skip
    asked = asked or Asked()
    kinds = _kinds(asked.moves)
    runs = Runs(design, asked.phase, asked.seed, asked.goal, asked.budgets, asked.max_memory_bytes)
    if asked.accuracy:
        check_learns(runs.given.work)
    tries = [((kind,), sets) for kind in kinds for sets in kind.tries(runs.given)]
    found = list(_made(runs, tries, tell))
    useful = _ranked(asked, (one for one in found if not one.refused and one.changes(runs.figures)))
    pairs = list(_made(runs, _pairs(_best_of_kinds(asked, useful, runs.figures)), tell))
    advice = Advice(
        asked, runs.base, runs.figures, tuple(useful),
        tuple(_ranked(asked, (pair for pair in pairs if not pair.refused))),
        tuple(one for one in found if not one.refused and not one.changes(runs.figures)),
        tuple(one for one in (*found, *pairs) if one.refused),
        {kind.kind: kind.nothing for kind in kinds if (kind,) not in {of for of, _ in tries}},
    )  # fmt: skip
    return _with_accuracy(design, advice, tell) if asked.accuracy else advice


def _with_accuracy(design: Design, advice: Advice, tell: Tell | None) -> Advice:
    """Of the base, and of what touches the network's results."""
    wanted = [one for one in (*advice.outcomes, *advice.pairs) if one.touches]
    with scratch_folder() as cache:
        if tell is not None:
            tell(0, len(wanted) + 1, "accuracy of the design as it is")
        accuracies = Accuracies(design, advice.base.phase, advice.asked.seed, cache)
        found = {}
        for n, one in enumerate(wanted, 1):
            if tell is not None:
                tell(n, len(wanted) + 1, f"accuracy with {' '.join(one.sets)}")
            found[one.sets] = accuracies.told(one)
    told = [tuple(found.get(one.sets, one) for one in ones) for ones in (advice.outcomes, advice.pairs)]
    return replace(advice, outcomes=told[0], pairs=told[1], accuracy=accuracies.base)


def _kinds(names: Sequence[str]) -> list[type[Move]]:
    """Those that are named, each once; all if none is."""
    unknown = [name for name in names if name not in MOVES]
    if unknown:
        hint = close_match(unknown[0], MOVES.names())
        raise ArchsimError(f"no move is called {', '.join(unknown)}{hint}; there are: {', '.join(MOVES)}")
    return [MOVES[name] for name in (dict.fromkeys(names) or MOVES)]


def _made(runs: Runs, tries: Sequence[Try], tell: Tell | None) -> Iterator[Outcome]:
    """Moves made one after the other."""
    for n, (kinds, sets) in enumerate(tries):
        if tell is not None:
            tell(n, len(tries), " ".join(sets))
        yield runs.outcome(kinds, sets)


def _ranked(asked: Asked, outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Those that keep to the budgets first, then by the goal; in a tie by energy, then as they were tried."""
    return sorted(outcomes, key=lambda one: (len(one.broken), one.figures[asked.goal], one.figures["energy_pj"]))


def _best_of_kinds(asked: Asked, ranked: Sequence[Outcome], base: Mapping[str, float]) -> list[Outcome]:
    """The best of each kind of move that brings the goal down, the first few."""
    found: dict[tuple[str, ...], Outcome] = {}
    for one in ranked:
        if one.figures[asked.goal] < base[asked.goal]:
            found.setdefault(one.moves, one)
    return list(found.values())[:PAIRED]


def _pairs(best: Sequence[Outcome]) -> list[Try]:
    """Two moves at once, where they do not set the same."""
    return [
        (tuple(MOVES[kind] for one in pair for kind in one.moves), pair[0].sets + pair[1].sets)
        for pair in combinations(best, 2)
        if not _paths(pair[0].sets) & _paths(pair[1].sets)
    ]


def _paths(sets: Sets) -> set[str]:
    return {one.partition("=")[0] for one in sets}
