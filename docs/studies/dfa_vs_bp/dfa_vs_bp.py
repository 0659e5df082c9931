"""What DFA saves against BP on the wearable chip: ``dfa_vs_bp.yaml`` says of which files.

The same as ``archsim study dfa-vs-bp``, which takes any chip and workload. With ``--from-record`` it writes
tables, page and pictures from the record again, without a simulation.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ruamel.yaml import YAML

from archsim.cli.script import ended, options_of_base, tell
from archsim.study import Base
from archsim.study.dfa_vs_bp import Question, dfa_vs_bp, read_study, summary_text, write_study

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]


def main(arguments: Sequence[str]) -> None:
    """Run the study, or write its files from the record again."""
    asked = options_of_base(__doc__, "dfa_vs_bp").parse_args(arguments)
    said = YAML(typ="safe").load(HERE / "dfa_vs_bp.yaml")
    n_seeds = asked.seeds or said["seeds"]
    if asked.from_record:
        study = read_study(asked.output)
    else:
        base = Base(ROOT / said["chip"], ROOT / said["workload"], (), tuple(asked.set))
        question = Question(base, asked.quick, n_seeds=n_seeds, workers=asked.workers)
        study = dfa_vs_bp(question, asked.cache, tell)
    more = "".join(f" --set {item}" for item in asked.set) + (" --quick" if asked.quick else "")
    command = f"archsim study dfa-vs-bp {said['chip']} {said['workload']}{more} --seeds {n_seeds}"
    write_study(asked.output, study, f"{command} --write {asked.output}")
    print(summary_text(study))


if __name__ == "__main__":
    ended(main)
