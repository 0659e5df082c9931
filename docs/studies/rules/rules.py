"""Which learning rule on the wearable chip: ``rules.yaml`` says where the rules meet.

Other questions are files like it, in ``docs/studies/rules_*`` (``--question``). The same as
``archsim study rules``, which takes any chip and workload, with several crosses in one record. With
``--from-record`` it writes table, page and pictures from the record again, without a simulation.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from archsim import ExploreError
from archsim.cli.inputs import split_assignments
from archsim.cli.script import ended, options_of_jobs, tell
from archsim.report import read_record
from archsim.study import Base
from archsim.study.rules import FORMAT, Case, Cross, Question, chosen, rules_study, summary_text, write_study

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]


NEEDED = ("chip", "workload", "set", "seeds", "priced", "rates", "tuning", "crosses")


def read_question(path: Path) -> dict[str, Any]:
    """A file such as ``rules.yaml``, with all that it has to say."""
    try:
        said = YAML(typ="safe").load(path)
    except (OSError, UnicodeDecodeError, YAMLError) as cause:
        raise ExploreError(f"{path}: cannot be read: {cause}") from None
    given = set(said) if isinstance(said, dict) else set()
    missing, unknown = [key for key in NEEDED if key not in given], sorted(given - {*NEEDED, "contenders"})
    if missing or unknown:
        told = [f"{path}: missing: {', '.join(missing)}"] if missing else []
        told += [f"{path}: unknown: {', '.join(map(str, unknown))}"] if unknown else []
        raise ExploreError("\n".join([*told, f"docs/studies/rules/rules.yaml says {', '.join(NEEDED)}"]))
    return dict(said)


def cross(said: dict[str, Any]) -> Cross:
    """One of ``crosses``; a case is a name and what it sets in the chip and in the workload."""
    cases = [Case(name, *map(tuple, split_assignments(given))) for name, given in said.get("cases", {}).items()]
    lists = {name: tuple(values) for name, values in said.items() if name not in ("cases", "priced", "seeds")}
    more = {"cases": tuple(cases)} if cases else {}
    return Cross(**lists, **more, n_seeds=said.get("seeds"), n_priced=said.get("priced"))


def question(said: dict[str, Any], seeds: int, workers: int) -> Question:
    """What the YAML asks."""
    base = Base(ROOT / said["chip"], ROOT / said["workload"], (), tuple(said["set"]))
    crosses = tuple(cross(one) for one in said["crosses"])
    tuning = said["tuning"]
    return Question(
        base,
        chosen(said["contenders"]) if "contenders" in said else (),
        crosses,
        tuple(said["rates"]),
        tuning["split"],
        tuning["seeds"],
        seeds,
        n_priced=said["priced"],
        workers=workers,
    )


def main(arguments: Sequence[str]) -> None:
    """Run the study, or write its files from the record again."""
    parser = options_of_jobs(__doc__, "rules")
    parser.add_argument("--question", type=Path, default=HERE / "rules.yaml", help="a file such as rules.yaml")
    asked = parser.parse_args(arguments)
    said = read_question(asked.question)
    seeds = asked.seeds or said["seeds"]
    if asked.from_record:
        study = read_record(asked.output / "rules.json", FORMAT)
        seeds = study["provenance"]["seeds"]
    else:
        study = rules_study(question(said, seeds, asked.workers), asked.cache, tell)
    which = "" if asked.question == parser.get_default("question") else f" --question {asked.question}"
    script = f"python docs/studies/rules/rules.py{which}"
    write_study(asked.output, study, f"{script} --seeds {seeds} -o {asked.output}")
    print(summary_text(study))


if __name__ == "__main__":
    ended(main)
