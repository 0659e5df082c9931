"""Search: Optuna asks for a batch of configurations, they are evaluated, and it gets their objectives.

A batch has a fixed size, and each trial a seed of its own, so that what is tried depends neither on the number of
workers nor on interruptions. While the workers have one batch, the next one is asked for: it knows all batches but
that one. A batch is told only when the next one has been asked for: a journal that was cut anywhere tells how to
go on.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import Trial, TrialState

from archsim.display import clear
from archsim.explore.evaluate import limits_of
from archsim.explore.evaluator import Evaluator, Pending, Progress, Tell
from archsim.explore.folder import StudyFolder, open_folder
from archsim.explore.front import CHEAP
from archsim.explore.journal import ASKED, Backend, distribution_of, opened, sampler_of, taking_part
from archsim.explore.log import Record
from archsim.explore.models import Range, Value
from archsim.explore.run import Explored, folder_of, on_terminal, pool_of
from archsim.explore.space import grid, grid_size
from archsim.explore.study import Parameters, Study, is_active
from archsim.explore.study_reader import read_study
from archsim.sources import Source

MOST_TRIALS_EACH = 10  # for each configuration that is wanted: samplers repeat themselves

LARGEST_COUNTED = 100_000


def search(
    study: Source | Study,
    folder: str | Path | None = None,
    workers: int = 1,
    tell: Tell = on_terminal,
    scheduler: str | None = None,
    max_memory_bytes: int | None = None,
) -> Explored:
    """Search the space of a study for its Pareto front, with one of Optuna's samplers.

    Parameters
    ----------
    study, folder, workers, tell, scheduler, max_memory_bytes
        As for :func:`archsim.explore.sweep`.

    Returns
    -------
    Explored
        A record for each configuration, in the order in which they were first tried. Batches are
        whole, so there may be a few more than were asked for.

    Raises
    ------
    ExploreError
        The study is wrong, or the folder is of another study.
    WriteError
        The folder cannot be written.
    SpecError, WorkloadError
        The chip or workload of the study is wrong.

    Notes
    -----
    TPE is the multivariate tree-structured Parzen estimator (Bergstra et al., NeurIPS 2011; Ozaki et al., JAIR 73,
    2022, for several objectives), NSGA-II is of Deb et al., IEEE Trans. Evol. Comp. 6, 2002, NSGA-III of Deb and
    Jain, IEEE Trans. Evol. Comp. 18, 2014, all as Optuna carries them out.

    Examples
    --------
    >>> import tempfile
    >>> from archsim.explore import search
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = search("workloads/studies/tiny.yaml", folder)
    >>> len(found.records)
    4
    """
    given = study if isinstance(study, Study) else read_study(study)
    with (
        closing(pool_of(given, workers, scheduler)) as pool,
        open_folder(given, folder_of(given, folder)) as place,
        taking_part(place.journal),
    ):
        progress = Progress(given.model.search.n_trials, tell)
        evaluator = Evaluator(given, place, pool, progress, max_memory_bytes)
        run = _Search(given, place, evaluator, *opened(given, place.journal))
        run.go()
        evaluator.progress.end()
        clear()
        known = list(run.known.values())
        return Explored(given, place.path, known, evaluator.n_new, tuple(place.log.damaged))


@dataclass
class _Batch:
    """Trials that were asked for together, by number, and what is to be evaluated with them."""

    trials: dict[int, Trial]
    numbers: list[int]
    pending: Pending


@dataclass
class _Search:
    study: Study
    folder: StudyFolder
    evaluator: Evaluator
    optuna: optuna.Study
    backend: Backend
    known: dict[str, Record] = field(default_factory=dict)  # by key, in the order of the trials
    by_number: dict[int, Record] = field(default_factory=dict)
    _ours: set[int] = field(default_factory=set)  # trials that are running

    def go(self) -> None:
        """Batch after batch, until enough configurations are known."""
        self._remember()
        batches = self._batches(self._asked())
        while batches:
            batch = batches.pop(0)
            self.evaluator.submit(batch.pending)
            batches = batches or self._batches(self._asked())  # while it is evaluated
            following = batches[0].pending if batches else None
            records = dict(zip(batch.numbers, self.evaluator.finish(batch.pending, following), strict=True))
            if following is not None:
                self.evaluator.submit(following)
            self._finish(batch, {number: records[number] for number in batch.trials})
            batches = batches or self._batches(self._asked())

    def _finish(self, batch: _Batch, records: dict[int, Record]) -> None:
        with self.backend.together():
            for number, trial in batch.trials.items():
                self._tell(trial, records[number], list(records.values()))
        self.by_number.update(records)
        self.backend.to_disk()
        for number in batch.trials:
            self.folder.claims.give_back(_claim(number))
        self._ours -= set(batch.trials)
        self._remember()

    def _asked(self) -> dict[int, tuple[Trial, Parameters]]:
        """Trials that another process left behind, and new ones to the end of the batch, by number."""
        size = self.study.model.search.n_batch
        asked: dict[int, tuple[Trial, Parameters]] = {}
        with self.backend.together():
            trials = self.optuna.get_trials(deepcopy=False)
            running = {t.number: t for t in trials if t.state == TrialState.RUNNING and t.number not in self._ours}
            for number, left in running.items():
                if self.folder.claims.take(_claim(number)):
                    asked[number] = self._suggested(self._again(number, left._trial_id))
            n = len(trials)
            # a batch that was begun is finished: what is asked for depends on the trials before it alone
            while n % size or (not asked and self._goes_on(n)):
                self.optuna.sampler = sampler_of(self.study, n, self.optuna.sampler)
                trial = self.optuna.ask()
                self.folder.claims.take(_claim(n))
                asked[n] = self._suggested(trial)
                n += 1
        self._ours |= set(asked)
        return asked

    def _batches(self, asked: dict[int, tuple[Trial, Parameters]]) -> list[_Batch]:
        """Ready to be evaluated."""
        size = self.study.model.search.n_batch
        batches = []
        for first in sorted({number - number % size for number in asked}):
            trials = {n: asked[n][0] for n in range(first, first + size) if n in asked}
            wanted = self._together(first, {n: asked[n][1] for n in trials})
            batches.append(_Batch(trials, list(wanted), self.evaluator.prepare(list(wanted.values()))))
        return batches

    def _together(self, first: int, some: dict[int, Parameters]) -> dict[int, Parameters]:
        """Some trials of a batch; with low fidelity all of it, known ones too: they are compared."""
        if self.study.model.fidelity is None:
            return some
        return self._parameters(range(first, first + self.study.model.search.n_batch)) | some

    def _parameters(self, numbers: Container[int]) -> dict[int, Parameters]:
        """Of some trials, as far as they have been asked to their end."""
        trials = [trial for trial in self.optuna.get_trials(deepcopy=False) if trial.number in numbers]
        return {trial.number: decoded(self.study, trial.params) for trial in trials if ASKED in trial.user_attrs}

    def _goes_on(self, n_trials: int) -> bool:
        """Whether a new batch is begun: not if enough is known, or all there is."""
        wanted = min(self.study.model.search.n_trials, self._size)
        return self._n_known(n_trials) < wanted and n_trials < MOST_TRIALS_EACH * wanted

    def _n_known(self, n_trials: int) -> int:
        """How many configurations are known; as long as the last batch is not told whole, none of it is."""
        first = n_trials - self.study.model.search.n_batch
        if all(number in self.by_number for number in range(max(first, 0), n_trials)):
            return len(self.known)
        told = {number: record for number, record in self.by_number.items() if number < first}
        tried = {repr(record["parameters"]) for record in told.values()}
        new = {repr(asked) for asked in self._parameters(set(range(n_trials)) - set(told)).values()} - tried
        return len({self._name_of(record) for record in told.values()}) + len(new)

    @cached_property
    def _size(self) -> float:
        """How many configurations there are."""
        if None in self.study.listed.values() or grid_size(self.study) > LARGEST_COUNTED:
            return math.inf
        return sum(1 for _ in grid(self.study))

    def _again(self, number: int, trial_id: int) -> Trial:
        """A trial that was begun: it draws what it drew then."""
        self.optuna.sampler = sampler_of(self.study, number, self.optuna.sampler)
        return Trial(self.optuna, trial_id)

    def _suggested(self, trial: Trial) -> tuple[Trial, Parameters]:
        raw: dict[str, Any] = {}
        for name, item in self.study.parameters.items():
            if not item.when or is_active(item, decoded(self.study, raw)):
                raw[name] = suggest(trial, self.study, name)
        parameters = decoded(self.study, raw)
        if ASKED not in trial.user_attrs:
            trial.set_user_attr(ASKED, parameters)
        return trial, parameters

    def _tell(self, trial: Trial, record: Record, batch: Sequence[Record]) -> None:
        """The value of a configuration; one without figures counts as the worst that is known, out of bounds.

        Low-fidelity figures are left out: they do not compare with those of full evaluations.
        """
        metrics = record["metrics"]
        values: list[Any] = [
            None if record["state"] == CHEAP else metrics.get(name) for name in self.study.model.objectives
        ]
        if record["state"] == "failed" or any(value is None for value in values):
            worst = self._worst(batch) or values
            values = [w if value is None else value for value, w in zip(values, worst, strict=True)]
        if any(value is None for value in values):
            self.optuna.tell(trial, state=TrialState.FAIL)
            return
        broken = {"failed": 1.0} if record["state"] == "failed" else {}
        for limit in limits_of(self.study):
            value = metrics.get(limit.metric, record.get("bounds", {}).get(limit.metric))
            broken[limit.metric] = limit.violation(value) if value is not None else 1.0
        for name, violation in sorted(broken.items()):
            if name not in trial.constraints:  # a run that was cut short had told it
                trial.set_constraint(name, violation)
        self.optuna.tell(trial, values)

    def _worst(self, batch: Sequence[Record]) -> list[float]:
        done = [r["metrics"] for r in (*self.known.values(), *batch) if r["state"] == "done"]
        worst = []
        for name, aim in self.study.model.objectives.items():
            known = [metrics[name] for metrics in done if metrics.get(name) is not None]
            if not known:
                return []
            worst.append(max(known) if aim == "minimize" else min(known))
        return worst

    def _remember(self) -> None:
        """Records of the trials that are finished, in the order of their numbers."""
        size = self.study.model.search.n_batch
        trials = self.optuna.get_trials(deepcopy=False)
        new = {
            trial.number: decoded(self.study, trial.params)
            for trial in trials
            if trial.state.is_finished() and trial.number not in self.by_number
        }
        for first in sorted({number - number % size for number in new}):
            told = {n: new[n] for n in range(first, first + size) if n in new}
            wanted = self._together(first, told)
            records = dict(zip(wanted, self.evaluator.records(list(wanted.values())), strict=True))
            self.by_number.update({number: records[number] for number in told})
        self.known = {}
        for _, record in sorted(self.by_number.items()):
            name = self._name_of(record)
            if self.known.get(name, {"state": CHEAP})["state"] == CHEAP:  # may be evaluated in full later
                self.known[name] = record

    def _name_of(self, record: Record) -> str:
        """The same for records of the same configuration."""
        return record["key"] if self.study.model.fidelity is None else repr(sorted(record["parameters"].items()))


def _claim(number: int) -> str:
    return f"trial {number}"


def suggest(trial: Trial, study: Study, name: str) -> Any:
    """Let Optuna choose, as `distribution_of` says."""
    of = distribution_of(study, name)
    if isinstance(of, IntDistribution):
        return trial.suggest_int(name, of.low, of.high, step=of.step)
    if isinstance(of, CategoricalDistribution):
        return trial.suggest_categorical(name, of.choices)
    assert isinstance(of, FloatDistribution)
    return trial.suggest_float(name, of.low, of.high, step=of.step, log=of.log)


def decoded(study: Study, raw: Mapping[str, Any]) -> Parameters:
    """Parameters of a configuration, from what Optuna chose."""
    return dict(_decoded(study, raw))


def _decoded(study: Study, raw: Mapping[str, Any]) -> Iterator[tuple[str, Value]]:
    for name, item in study.parameters.items():
        if name in raw:
            even, values = study.even_floats[name], study.ordered[name]
            if even is not None and values is not None:
                yield name, values[_nearest(even, raw[name])]
            elif study.listed[name] is not None:
                yield name, raw[name]
            else:
                assert isinstance(item, Range)
                assert math.isfinite(raw[name])
                yield name, item.value_of(raw[name])


def _nearest(even: Sequence[float], value: float) -> int:
    """The first of the numbers, from small to large, that lies nearest to a value.

    Examples
    --------
    >>> [_nearest([1.0, 2.0, 3.0], value) for value in (0.0, 1.5, 2.6, 9.0)]
    [0, 0, 2, 2]
    """
    above = min(bisect_left(even, value), len(even) - 1)
    below = max(above - 1, 0)
    return below if value - even[below] <= even[above] - value else above
