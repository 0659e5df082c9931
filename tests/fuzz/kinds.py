"""Kinds of cases: what is damaged, and which command then reads it."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from archsim.explore.identity import digest_of
from archsim.explore.log import checksum
from archsim.learn.checkpoints import _checksum
from archsim.yaml_reader import read_yaml

from . import mutate
from .corpus import CHIPS, WORKLOADS

PHASES = ("inference", "bp", "dfa")
Argv = list[str]


@dataclass(frozen=True)
class Case:
    """One case while it is made: its random numbers, whole files, and its own folder, in which ``in`` is ours."""

    rng: Random
    corpus: Path
    folder: Path

    @cached_property
    def inputs(self) -> Path:
        """Where its damaged files are."""
        return self.folder / "in"

    def whole(self, *names: str) -> list[Path]:
        """Copies of files and folders of the corpus."""
        for name in names:
            source, target = self.corpus / name, self.inputs / name
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True)
            else:
                shutil.copyfile(source, target)
        return [self.inputs / name for name in names]

    def other(self) -> Path:
        """Some other file of the corpus."""
        files = sorted(path for path in self.corpus.rglob("*") if path.is_file() and path.stat().st_size < 300_000)
        return self.rng.choice(files)

    def damaged_yaml(self, name: str) -> Path:
        """A YAML file of the corpus, damaged as a tree, as text, or as bytes."""
        (path,) = self.whole(name)
        how = self.rng.random()
        if how < 0.75:
            found = read_yaml(path, ValueError).data
            path.write_text(mutate.written(mutate.tree(self.rng, found)), encoding="utf-8", errors="surrogatepass")
        elif how < 0.93:
            said = mutate.text(self.rng, path.read_text(encoding="utf-8"))
            path.write_text(said, encoding="utf-8", errors="surrogatepass")
        else:
            mutate.file(self.rng, path, self.other())
        return path

    def one_of(self, *ways: Argv) -> Argv:
        """One of some commands."""
        return self.rng.choice(ways)

    def phases(self) -> Argv:
        """Options that choose a phase, or none."""
        return self.one_of([], ["--phase", self.rng.choice(PHASES)])

    def output(self, name: str = "out") -> Argv:
        """An option for output, or none."""
        return self.one_of([], [], ["-o", str(self.folder / name)])


_RUN = ("--max-memory", "100MB")


def _run(case: Case, chip: object, work: object) -> Argv:
    engine = case.rng.choice(("compiled", "compiled", "compiled", "heap", "simpy"))
    small = ["--phase", case.rng.choice(PHASES)] if case.rng.random() < 0.8 else []
    return ["run", f"{chip}", f"{work}", "--engine", engine, *small, *_RUN, *case.one_of([], [], ["--json"])]


def _price(case: Case, chip: object, work: object) -> Argv:
    written = ["-o", str(case.folder / "out")] if case.rng.random() < 0.1 else []
    return case.one_of(
        ["map", f"{chip}", f"{work}", *case.phases()],
        [*_run(case, chip, work), *written],
        _run(case, chip, work),
        _run(case, chip, work),
    )


def chip(case: Case) -> Argv:
    """A chip."""
    work = case.rng.choice(("dense", "conv", "shape"))
    path, *_ = case.damaged_yaml(f"{case.rng.choice(CHIPS)}.yaml"), *case.whole(f"{work}.yaml", "weights.npy")
    return case.one_of(
        ["check", f"{path}"],
        ["components", f"{path}", *case.one_of([], ["--json"])],
        ["crossbar", f"{path}", "--weights", "in/weights.npy", "--vectors", "8", *case.one_of([], ["--json"])],
        _price(case, path, f"in/{work}.yaml"),
        _price(case, path, f"in/{work}.yaml"),
    )


def workload(case: Case) -> Argv:
    """A workload."""
    path = case.damaged_yaml(f"{case.rng.choice(list(WORKLOADS))}.yaml")
    chip_file, *_ = case.whole("chip.yaml", "net.nir", "activity.npz")
    return case.one_of(["check", f"{path}"], *[_price(case, chip_file, path)] * 4)


def assignment(case: Case) -> Argv:
    """A ``--set``."""
    name = f"{case.rng.choice(list(WORKLOADS))}.yaml"
    chip_file, work, *_ = case.whole("chip.yaml", name, "net.nir", "activity.npz", "weights.npy")
    command = case.one_of(["components", f"{chip_file}"], *[_price(case, chip_file, work)] * 4)
    for _ in range(case.rng.choice((1, 1, 2, 3))):
        document = read_yaml(case.rng.choice((chip_file, work)), ValueError)
        *path, key = case.rng.choice(mutate._paths(document.data))
        if case.rng.random() < 0.1:
            key = case.rng.choice(mutate.TEXTS)
        command += ["--set", f"{'.'.join(map(str, [*path, key]))}={_value(case.rng)}".replace("\0", "")]
    return command


def _value(rng: Random) -> str:
    found = mutate.scalar(rng)
    return found if isinstance(found, str) and rng.random() < 0.7 else mutate.written(found)


def study(case: Case) -> Argv:
    """A study."""
    path, *_ = case.damaged_yaml("study.yaml"), *case.whole("chip.yaml", "work.yaml")
    out = ["--workers", "1", "-o", str(case.folder / "out")]
    return case.one_of(["check", f"{path}"], ["sweep", f"{path}", *out], ["search", f"{path}", *out])


def nir(case: Case) -> Argv:
    """A network in a NIR file."""
    name = case.rng.choice(("dense.nir", "conv.nir", "net.nir"))
    path, chip_file, work = case.whole(name, "chip.yaml", "from_nir.yaml")
    mutate.hdf5(case.rng, path, case.other())
    if name == "net.nir" and case.rng.random() < 0.5:
        return _price(case, chip_file, work)
    weights = ["crossbar", f"{chip_file}", "--weights", f"{path}", "--vectors", "4"]
    return case.one_of(weights, ["check", f"{path}"], _price(case, chip_file, path))


def activity(case: Case) -> Argv:
    """A file of activity."""
    path, work, chip_file, _ = case.whole("activity.npz", "measured.yaml", "chip.yaml", "net.nir")
    mutate.npz(case.rng, path, case.other())
    return _run(case, chip_file, work)


def weights(case: Case) -> Argv:
    """A file of weights, or a table of a cell's errors."""
    suffix = case.rng.choice(("npz", "npy", "csv"))
    path, table, chip_file = case.whole(f"weights.{suffix}", "table.json", "chip.yaml")
    more: Argv = []
    if case.rng.random() < 0.3:
        found = mutate.tree(case.rng, json.loads(table.read_text()))
        table.write_text(mutate.written(found), encoding="utf-8", errors="surrogatepass")
        more = ["--set", f"device.errors.programming={{kind: table, device: {table}, scale: window}}"]
    elif path.suffix == ".npz":
        mutate.npz(case.rng, path, case.other())
    else:
        mutate.file(case.rng, path, case.other())
    more += case.one_of([], ["--key", "a"]) if path.suffix == ".npz" else []
    more += case.one_of([], ["--json"])
    return ["crossbar", f"{chip_file}", "--weights", f"{path}", "--vectors", "8", *more]


def result(case: Case) -> Argv:
    """The folder of a result."""
    (folder,) = case.whole("result")
    _damage_folder(case, folder, {})
    figure = case.rng.choice(("pipeline", "breakdown", "power", "utilisation", "latency"))
    suffix = case.rng.choice(("json", "kanata", "vcd", "parquet", "csv"))
    return case.one_of(
        ["report", f"{folder}"],
        ["plot", f"{folder}", "--figure", figure, *case.output()],
        ["export", f"{folder}", "-o", str(case.folder / f"out.{suffix}"), *case.phases()],
        ["compare", f"{folder}", *case.one_of([], [str(case.corpus / "result")]), *case.one_of([], ["--json"])],
        ["why", f"{folder}", *case.phases(), *case.one_of([], ["--json"])],
        ["whatif", f"{folder}", *case.phases(), "--top", "3", "--speedup", "adc=2"],
        ["budget", f"{folder}", "--adaptations-per-day", "1", *case.one_of([], ["--json"])],
    )


def study_folder(case: Case) -> Argv:
    """The folder of a study."""
    kind = case.rng.choice(("swept", "searched"))
    folder, path, *_ = case.whole(kind, "study.yaml", "chip.yaml", "work.yaml")
    _damage_folder(case, folder, {"results.jsonl": _signed_line, "study.json": _signed_about})
    again = {"swept": "sweep", "searched": "search"}[kind]
    return case.one_of(
        ["report", f"{folder}"],
        [again, f"{path}", "--workers", "1", "-o", f"{folder}", *case.one_of([], ["--json"])],
        [again, f"{path}", "--workers", "1", "-o", f"{folder}"],
        ["uncertainty", f"{folder}", "--uncertain", "3", *case.one_of([], ["--json"])],
    )


def learned(case: Case) -> Argv:
    """The folder of a learning run."""
    folder, path, chip_file = case.whole("learned", "adapt.yaml", "chip.yaml")
    _damage_folder(case, folder, {})
    return ["learn", f"{chip_file}", f"{path}", "--rule", "dfa", "--resume", "-o", f"{folder}"]


def learning(case: Case) -> Argv:
    """A workload that learns."""
    (chip_file,) = case.whole("chip.yaml")
    path = case.damaged_yaml("adapt.yaml")
    return ["learn", f"{chip_file}", f"{path}", "--rule", case.rng.choice(("bp", "dfa", "none"))]


_OPTIONS = {
    "budget": ("--inferences-per-second", "--adaptations-per-day", "--limit", "--cell", "--capacity", "--voltage",
               "--usable", "--sleep", "--rest"),
    "whatif": ("--speedup", "--capacity", "--top", "--phase"),
    "why": ("--top", "--phase"),
    "plot": ("--figure", "--phase", "--format"),
    "export": ("--format", "--phase"),
    "report": (),
    "compare": ("--by", "--phase"),
}  # fmt: skip


def option(case: Case) -> Argv:
    """Values of options, on a whole result."""
    (folder,) = case.whole("result")
    command = case.rng.choice(list(_OPTIONS))
    argv = [command, f"{folder}", *(["-o", str(case.folder / "out.json")] if command == "export" else [])]
    for name in case.rng.sample(_OPTIONS[command], min(len(_OPTIONS[command]), case.rng.choice((1, 1, 2, 3)))):
        unit = case.rng.choice(("", " mW", " mAh", " V", " %", " uW"))
        said = case.rng.choice((f"{case.rng.choice(mutate.NUMBERS)}{unit}", case.rng.choice(mutate.TEXTS)))
        if command == "whatif":
            said = f"{case.rng.choice(('adc', 'tile.*.adc', '*', said))}={said}"
        argv.append(f"{name}={said}".replace("\0", "")[:2000])
    return argv


KINDS: dict[str, Callable[[Case], Argv]] = {
    made.__name__: made
    for made in (
        chip, workload, assignment, study, nir, activity, weights, result, study_folder, learned, learning, option
    )
}  # fmt: skip
# of 100 cases
SHARES = dict(zip(KINDS, (20, 18, 10, 6, 10, 5, 6, 10, 7, 3, 2, 3), strict=True))

Signed = Callable[[Any], Any]


def _damage_folder(case: Case, folder: Path, signed: dict[str, Signed]) -> None:
    """Change one file of a folder, or take it away, or put another in its place."""
    suffixes = (".json", ".jsonl", ".npz", ".nir", ".yaml")
    names = sorted(path.name for path in folder.iterdir() if path.suffix in suffixes)
    for _ in range(case.rng.choice((1, 1, 1, 2))):
        path, how = folder / case.rng.choice(names), case.rng.random()
        if how < 0.05:
            path.unlink(missing_ok=True)
        elif how < 0.1:
            shutil.copyfile(case.other(), path)
        elif path.exists():
            _damage_file(case, path, signed.get(path.name, lambda found: found))


def _damage_file(case: Case, path: Path, sign: Signed) -> None:
    rng, how = case.rng, case.rng.random()
    if path.suffix == ".npz":
        mutate.npz(rng, path, case.other(), _sign_checkpoint)
    elif path.suffix == ".nir":
        mutate.hdf5(rng, path, case.other())
    elif how < 0.2 or path.suffix == ".yaml" or not _is_text(path):
        mutate.file(rng, path, case.other())
    elif path.suffix == ".jsonl":
        lines = path.read_text(encoding="utf-8").split("\n")
        k = rng.randrange(max(1, len(lines) - 1))
        lines[k] = _said(rng, lines[k], sign)
        path.write_text("\n".join(lines), encoding="utf-8", errors="surrogatepass")
    else:
        said = _said(rng, path.read_text(encoding="utf-8"), sign)
        path.write_text(said, encoding="utf-8", errors="surrogatepass")


def _is_text(path: Path) -> bool:
    """Whether an earlier damage has left text."""
    try:
        path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _said(rng: Random, said: str, sign: Signed) -> str:
    """Other JSON; its checksum is made good again, more often than not."""
    try:
        found = mutate.tree(rng, json.loads(said))
        return mutate.written(sign(found)) if rng.random() < 0.8 else mutate.written(found)
    except (ValueError, TypeError, KeyError, RecursionError, AttributeError):
        return mutate.text(rng, said)


def _plain(found: Any) -> Any:
    return json.loads(mutate.written(found))


def _signed_line(found: Any) -> Any:
    return {**found, "sha256": checksum(_plain(found))}


def _signed_about(found: Any) -> Any:
    return {**found, "sha256": digest_of(_plain(found["study"]))}


def _sign_checkpoint(arrays: dict[str, Any]) -> None:
    """A good checksum of a checkpoint's parts; other archives have none."""
    header = mutate.json_of(arrays["header"]) if "header" in arrays else None
    if not isinstance(header, dict) or "sha256" not in header:
        return
    rest = {name.removeprefix("array_"): np.asarray(array) for name, array in arrays.items() if name != "header"}
    with suppress(ValueError):  # infinity and what is none: no checksum holds for them
        header["sha256"] = _checksum(header.get("made_from", {}), header.get("record", {}), rest)
    arrays["header"] = mutate.as_array(json.dumps(header), arrays["header"])


def made(kind: str, seed: int, corpus: Path, folder: Path) -> Argv:
    """Write the files of a case into an empty folder; its command. The same for the same kind and seed."""
    (folder / "in").mkdir(parents=True)
    (folder / "canary").mkdir()
    (folder / "canary" / "file").write_bytes(b"canary")
    start = int(hashlib.sha256(f"{kind} {seed}".encode()).hexdigest()[:16], 16)
    return _shortened(KINDS[kind](Case(Random(start), corpus, folder)))


def _shortened(argv: Sequence[str]) -> Argv:
    return [item.encode("utf-8", "replace").decode()[:100_000] for item in argv]


def kind_of(seed: int) -> str:
    """The kind of a case of a long row of them, so that each kind has its share."""
    at = seed * 37 % 100  # 37 has no factor of 100: each hundred seeds meet every place once
    for kind, share in SHARES.items():
        at -= share
        if at < 0:
            return kind
    raise AssertionError(seed)
