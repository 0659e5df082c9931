"""A learning run: pre-train in the cloud, program the chip, measure the accuracy lost, adapt, time, price."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np

from archsim.crossbar.cells import pulses_note
from archsim.engine import ENGINES
from archsim.errors import WorkloadError
from archsim.files import inside, path_of, scratch_folder, write_text
from archsim.given import refuse, wrong_kind, wrong_path, wrong_type, wrong_whole
from archsim.learn.checkpoints import RESULT, Checkpoint, arrays_of, fingerprint, open_folder
from archsim.learn.hardware import check_fit, phases_of, timed
from archsim.learn.memory import check_training
from archsim.learn.result import LearningResult, RuleRun, Unadapted
from archsim.learn.shapes import PretrainedShape, ProgrammedShape, RuleRunShape
from archsim.learn.timing import Timing
from archsim.learn.wear import wear_of
from archsim.learn.whole import Plan, n_simulated
from archsim.provenance import files_of, versions
from archsim.registry import RULES
from archsim.snn.data import LearningData
from archsim.snn.learn.adaptation import Adapted, adapt, chip_accuracy
from archsim.snn.learn.epochs import Progress
from archsim.snn.learn.pretraining import Pretrained, data_of, pretrain
from archsim.spec import Chip
from archsim.spec.errors_on import errors_on
from archsim.units import file_data
from archsim.workload import Workload
from archsim.workload.network import Network
from archsim.workload.nir_writer import nir_errors, write_nir

T = TypeVar("T")
BP_AND_DFA = ("bp", "dfa")
"""The two that are compared where nobody chooses."""
MOST_SEEDS = 10_000
"""Each is a training and an adaptation; with so many, a mean is known to a hundredth of the spread."""
Tell = Callable[[str, Progress | None], None]
"""Called with what is going on, and after each training step with where it stands."""


def learn(
    chip: Chip,
    work: Workload,
    rules: Sequence[str] = BP_AND_DFA,
    seeds: int = 1,
    seed: int = 0,
    folder: str | Path | None = None,
    resume: bool = False,
    engine: str = "compiled",
    tell: Tell | None = None,
    max_memory_bytes: int | None = None,
    workers: int = 1,
) -> LearningResult:
    """Let a workload's network learn on a chip, and find out how well and at what cost.

    For every seed: training in ideal arithmetic on the source domain, then for every rule: programming, accuracy,
    adaptation to the target domain in the order of its recordings, accuracy again, and the same in ideal
    arithmetic. The first seed's recorded activity then goes through the event simulation, which times and prices
    the phases of the rules, and inference if the workload names it.

    Parameters
    ----------
    chip, work
        `work.learning` says what is learned, and how.
    rules : sequence of str
        Learning rules by name. May be empty: then nothing adapts, and only inference is timed.
    seeds, seed : int
        How many, and the first one. A seed draws weights, order, splits, feedback and the errors of cells.
    folder : path, optional
        For checkpoints of all finished parts, networks (.nir), recorded activity and the result.
    resume : bool
        Whether `folder` may hold an earlier run: what is finished there is not done again.
    engine : str
        Of the event simulation; all give the same.
    tell : callable, optional
    max_memory_bytes : int, optional
        What training, and each event simulation, may take; half of the free memory if not given.
    workers : int
        Processes that share the batches of the event simulation; the result is the same.

    Returns
    -------
    LearningResult

    Raises
    ------
    WorkloadError
        Something is missing in the workload, data are missing or disagree with the network, learning diverges, or
        the folder holds something else. Parts that are finished stay in the folder.
    DoesNotFitError, TooLargeError
        The chip has too little of something, or the machine memory; found out before anything is trained.

    Examples
    --------
    >>> import archsim
    >>> from archsim.learn import learn
    >>> chip = archsim.load_chip("arch_specs/wearable_rram.yaml")
    >>> short = ["learning.pretrain.epochs=1", "learning.adapt.passes=1", "learning.adapt.simulated=4"]
    >>> work = archsim.load_workload("workloads/watch_adapt.yaml", [*short, "learning.data.step=128"])
    >>> result = learn(chip, work, rules=("dfa",))
    >>> result.accuracy("dfa", "after").mean > result.accuracy("dfa", "before").mean
    True
    >>> sorted(result.hardware)
    ['dfa', 'inference']
    """
    numbers = [
        wrong_whole("seeds", seeds, 1, MOST_SEEDS), wrong_whole("seed", seed), wrong_whole("workers", workers, 1),
    ]  # fmt: skip
    types = [
        wrong_type("chip", chip, Chip, "archsim.load_chip"),
        wrong_type("work", work, Workload, "archsim.load_workload"),
        wrong_type("rules", rules, (list, tuple), "rules=['bp', 'dfa']"),
        wrong_kind("engine", engine, ENGINES),
        wrong_path("folder", folder) if folder is not None else None,
    ]
    if any(types):
        refuse([*types, *numbers], WorkloadError)
    _check_choices(work, rules, numbers)
    phases = phases_of(work, rules)
    check_training(chip, work, max_memory_bytes)
    check_fit(chip, work, phases, max_memory_bytes)
    if folder is None:
        if resume:
            raise WorkloadError("to resume, name the folder of the earlier run")
        with scratch_folder() as place:
            story = _Story(chip, work, tuple(rules), seed, place, engine, tell, max_memory_bytes, workers)
            return story.told(seeds, phases)
    opened = open_folder(path_of(folder), resume)
    story = _Story(chip, work, tuple(rules), seed, opened, engine, tell, max_memory_bytes, workers)
    return story.told(seeds, phases)


def _check_choices(work: Workload, rules: Sequence[str], numbers: Sequence[str | None]) -> None:
    needed = ("data", "pretrain", *(("adapt",) if rules else ()))
    errors = [
        f"{work.name}: learning.{part} is missing; workloads/watch_adapt.yaml shows what it may say"
        for part in needed
        if getattr(work.learning, part) is None
    ]
    if work.schedule == "three_level":
        errors.append(
            f"{work.name}: schedule: three_level has gradients that are one update old, and those here are not; "
            "choose within_batch, layer_parallel, pipelined or sequential"
        )
    errors += [f"rule {rule!r} is unknown; choose of {', '.join(RULES)}" for rule in rules if rule not in RULES]
    if len(set(rules)) < len(rules):
        errors.append("a rule is named twice")
    refuse([*errors, *numbers], WorkloadError)


@dataclass
class _Story:
    """One run, part by part; a part that is finished in the folder is read instead."""

    chip: Chip
    work: Workload
    rules: tuple[str, ...]
    first_seed: int
    folder: Path
    engine: str
    tell: Tell | None
    max_memory_bytes: int | None = None
    n_workers: int = 1

    def told(self, n_seeds: int, phases: Sequence[str]) -> LearningResult:
        seeds = tuple(range(self.first_seed, self.first_seed + n_seeds))
        runs: list[RuleRun] = []
        unadapted: list[Unadapted] = []
        notes = [*self.work.network.notes, *self._nir_notes()]
        notes += [note] if self._has_two_counts and (note := pulses_note(self.chip)) else []
        first: Network | None = None
        for seed in seeds:
            data = _Data(self.work, seed)
            trained, note = self._pretrained(seed, data)
            first = first or trained.network
            own = [self._adapted(seed, rule, trained, data) for rule in self.rules]
            before = own[0].before if own else self._programmed(seed, trained, data)
            unadapted.append(Unadapted(seed, trained.train_accuracy, trained.test_accuracy, before))
            runs += own
            notes += [note] if note and seed == self.first_seed else []
        assert first is not None  # there is a seed at least
        result = LearningResult(
            name=f"{self.chip.name}/{self.work.name}",
            rules=self.rules,
            seeds=seeds,
            runs=tuple(runs),
            unadapted=tuple(unadapted),
            hardware=self._hardware(phases, first, runs),
            notes=tuple(notes),
            provenance=self._provenance(seeds),
            errors=errors_on(self.chip),
        )
        text = json.dumps(result.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
        write_text(inside(self.folder, RESULT), text + "\n")
        return result

    # ---- the parts ----

    def _pretrained(self, seed: int, data: _Data) -> tuple[Pretrained, str]:
        """The trained network, and what its data's split wants to be known."""
        path = self.folder / f"seed_{seed}_pretrained.npz"
        made_from = {"part": "pre-training", "seed": seed, "workload": self._of_training}
        if path.exists():
            found = Checkpoint.load(path, made_from, PretrainedShape)
            network = found.network(path, self.work.network, self.work.n_timesteps)
            record = found.record
            return Pretrained(network, tuple(record["losses"]), *record["accuracies"]), record["note"]
        if self.rules and data.loaded.adapt is None:
            raise WorkloadError(
                f"{self.work.name}: the split {data.loaded.split!r} leaves nothing to adapt to; choose another, "
                "or no rule"
            )
        trained = self._telling(seed, "pre-training", lambda tell: pretrain(self.work, data.loaded, seed, tell))
        record = {
            "losses": list(trained.losses),
            "accuracies": [trained.train_accuracy, trained.test_accuracy],
            "note": data.loaded.note,
        }
        self._save_network(trained.network, f"seed_{seed}_pretrained")
        Checkpoint(made_from, record, arrays_of(trained.network)).save(path)
        return trained, data.loaded.note

    def _adapted(self, seed: int, rule: str, trained: Pretrained, data: _Data) -> RuleRun:
        path = self.folder / f"seed_{seed}_{rule}.npz"
        made_from = {
            "part": "adaptation",
            "seed": seed,
            "rule": rule,
            "chip": file_data(self.chip),
            "workload": self._of_adaptation,
            "pretrained": fingerprint(trained.network),
        }
        if path.exists():
            return RuleRun.of(Checkpoint.load(path, made_from, RuleRunShape).record)

        n, record = self._recording(seed, data)

        def run(tell: Callable[[str, Progress], None]) -> Adapted:
            return adapt(self.chip, self.work, trained.network, data.loaded, rule, seed, record=record, tell=tell)

        done = self._telling(seed, f"adapting with {rule}", run)
        found = replace(self._rule_run(seed, trained, done), n_simulated=n)
        self._save_network(done.network, f"seed_{seed}_{rule}")
        done.activity.save(self._activity_file(seed, rule))
        Checkpoint(made_from, found.to_dict(), arrays_of(done.network)).save(path)
        return found

    def _recording(self, seed: int, data: _Data) -> tuple[int, int | frozenset[int]]:
        """How many batches of a seed are simulated, and what is recorded for it."""
        target = data.loaded.adapt
        if seed != self.first_seed or target is None:
            return 0, timed(self.work)[0]
        n = n_simulated(self.chip, self.work, len(target), self.rules)
        return n, frozenset(Plan.of(self.work, len(target), n, seed).recorded)

    def _rule_run(self, seed: int, trained: Pretrained, done: Adapted) -> RuleRun:
        plan = self.work.learning.adapt
        assert plan is not None  # adapt has said so
        return RuleRun(
            seed=seed,
            rule=done.rule,
            source=trained.train_accuracy,
            ideal_before=trained.test_accuracy,
            before=done.before,
            after=done.after,
            ideal_after=done.ideal_after,
            n_windows=done.n_windows,
            n_steps=done.n_steps,
            written_frac=done.written_frac,
            wear=wear_of(done.cells_by_writes, self.chip.device.errors.endurance, plan.per_day),
            error_density={name: done.activity.error_density(name) for name in done.activity.errors},
            spike_rate={name: done.activity.mean_rate(name) for name in done.activity.spikes},
            counters={key: asdict(counters) for key, counters in done.counters.items()},
            read_errors=done.read_errors,
            pulses_by_update=done.pulses_by_update,
        )

    def _programmed(self, seed: int, trained: Pretrained, data: _Data) -> float:
        """Accuracy on the chip where nothing adapts."""
        path = self.folder / f"seed_{seed}_programmed.npz"
        made_from = {
            "part": "programming",
            "seed": seed,
            "chip": file_data(self.chip),
            "workload": self._of_adaptation,
            "pretrained": fingerprint(trained.network),
        }
        if path.exists():
            return float(Checkpoint.load(path, made_from, ProgrammedShape).record["before"])

        def run(tell: Callable[[str, Progress], None]) -> float:
            del tell  # there are no steps to tell of
            return chip_accuracy(self.chip, self.work, trained.network, data.loaded, seed)

        before = self._telling(seed, "programming", run)
        Checkpoint(made_from, {"before": before}, {}).save(path)
        return before

    def _timing(self, trained: Network) -> Timing:
        allowed, workers = self.max_memory_bytes, self.n_workers
        return Timing(self.chip, self.work, trained, self.folder, self.engine, allowed, workers, self.tell)

    def _hardware(
        self, phases: Sequence[str], trained: Network, runs: Sequence[RuleRun]
    ) -> dict[str, dict[str, Any]]:
        """The event simulation of every phase, of what the first seed's adaptations recorded."""
        seed, timing = self.first_seed, self._timing(trained)
        of_rule = {run.rule: run for run in runs if run.seed == seed}
        plain = self._activity_file(seed, self.rules[0]) if self.rules else self._recorded(seed, trained)
        return {
            phase: timing.adaptation(of_rule[phase], self._activity_file(seed, phase))
            if phase in of_rule
            else timing.first_windows(phase, plain)
            for phase in phases
        }

    def _recorded(self, seed: int, trained: Network) -> Path:
        """Activity of test windows, where no adaptation has recorded any."""
        from archsim.snn.activity import record

        path = self._activity_file(seed, "inference")
        if not path.exists():
            x = _Data(self.work, seed).loaded.test.inputs[:, : timed(self.work)[0]]
            record(trained, np.ascontiguousarray(x.swapaxes(0, 1))).save(path)
        return path

    # ---- helpers ----

    @property
    def _has_two_counts(self) -> bool:
        """Whether updates are priced with other pulses than the arrays count."""
        return bool(self.rules) and not self.chip.counts_pulses

    def _telling(self, seed: int, what: str, part: Callable[[Callable[[str, Progress], None]], T]) -> T:
        """Do a part; what goes wrong says which part it was."""
        if self.tell is not None:
            self.tell(f"seed {seed}: {what}", None)

        def told(doing: str, progress: Progress) -> None:
            if self.tell is not None:
                self.tell(f"seed {seed}: {doing}", progress)

        try:
            return part(told)
        except WorkloadError as error:
            raise WorkloadError(f"seed {seed}, {what}: {error}") from None

    def _save_network(self, network: Network, name: str) -> None:
        if not nir_errors(network):
            write_nir(network, inside(self.folder, f"{name}.nir"))

    def _nir_notes(self) -> list[str]:
        network = self.work.network
        errors = [error for error in nir_errors(network) if "it has no weights" not in error]
        return [f"the networks are not saved as .nir: {'; '.join(errors)}"] if errors else []

    def _activity_file(self, seed: int, rule: str) -> Path:
        return self.folder / f"seed_{seed}_{rule}_activity.npz"

    @cached_property
    def _of_training(self) -> dict[str, Any]:
        """The part of the workload that decides pre-training."""
        kept = {key: self.work.described.get(key) for key in ("name", "network", "weights", "timesteps")}
        learning = cast("dict[str, Any]", self.work.described.get("learning") or {})
        parts = ["loss", "surrogate", "reset_path", "data", "pretrain"]
        if (learning.get("pretrain") or {}).get("rule"):
            parts += ["error", "feedback", "rules"]
        return {
            **kept,
            "learning": {key: learning.get(key) for key in parts},
            "given_weights": fingerprint(self.work.network),
        }

    @cached_property
    def _of_adaptation(self) -> dict[str, Any]:
        keys = ("name", "network", "weights", "timesteps", "input_resolution", "learning")
        samples = {"recorded_samples": timed(self.work)[0]}
        return {**{key: self.work.described.get(key) for key in keys}, **samples}

    def _provenance(self, seeds: Sequence[int]) -> dict[str, Any]:
        inputs = {
            "chip": file_data(self.chip),
            "workload": self.work.described,
            **({"files": files} if (files := files_of(self.work)) else {}),
            "rules": list(self.rules),
            "seeds": list(seeds),
        }
        text = json.dumps(inputs, sort_keys=True, allow_nan=False)
        return {
            **inputs,
            "inputs_sha256": hashlib.sha256(text.encode()).hexdigest(),
            "engine": self.engine,
            "versions": versions("scipy", "numba", "seglearn"),
        }


@dataclass
class _Data:
    """A seed's data, loaded when a part needs them: what is all finished needs none."""

    work: Workload
    seed: int

    @cached_property
    def loaded(self) -> LearningData:
        return data_of(self.work, self.seed)
