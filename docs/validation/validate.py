"""Pages of validation from real runs: ``make validate``.

    python docs/validation/validate.py [NAME …] [--check] [--record]

Each file in ``peers/`` compares archsim with one peer, one chip in silicon or one theory. Its figures go into the
page of its name, a row for each peer into the table at the top of README.md. A difference of more than 1 %
without a reason beside it makes it fail, and its page stays as it was. ``--check`` writes nothing; ``--record``
keeps what peers say that are installed here, for where they are not.
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BEGIN, END = "<!-- tables: make validate -->", "<!-- end of what make validate made -->"
PEERS = (
    "neurosim", "macros", "neurram", "spikesim", "isaac", "puma", "mesh", "queueing", "spikes", "wires", "prices",
)  # fmt: skip
RECORDED = ("spikes", "wires")
"""Peers that need not be installed."""


def with_tables(page: str, text: str) -> str:
    """A page with other tables between its marks."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n\n{text.strip()}\n\n{END}{tail}"


def written(name: str, text: str) -> None:
    """Put tables into a page."""
    path = HERE / f"{name}.md"
    path.write_text(with_tables(path.read_text(), text))


def rows_of(page: str) -> dict[str, str]:
    """The rows of the summary by the page that they name."""
    return {found[1]: found[0] for found in re.finditer(r"^\| \[.*\]\((\w+)\.md\).*$", page, re.MULTILINE)}


def record() -> None:
    """Keep what the installed peers say."""
    for name in RECORDED:
        said = importlib.import_module(f"peers.{name}").theirs()
        if said is None:
            sys.exit(f"{name}: the peer is not installed")
        (HERE / "peers" / "recorded" / f"{name}.json").write_text(json.dumps(said) + "\n")


def main() -> None:
    """See above."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(PEERS)}; all if none is given")
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--record", action="store_true", help="keep what installed peers say")
    asked = parser.parse_args()
    sys.path[:0] = [str(HERE), str(ROOT / "benchmarks"), str(ROOT)]
    if unknown := set(asked.names) - set(PEERS):
        parser.error(f"{', '.join(sorted(unknown))}: there are {', '.join(PEERS)}")
    if asked.record:
        record()
    sys.exit("\n".join(_validated(asked.names or list(PEERS), asked.check)) or 0)


def _validated(names: list[str], only_check: bool) -> list[str]:
    """Compare, and write where every difference has its reason; those that have none."""
    from peers.compared import summary

    rows, unexplained = {}, []
    for name in names:
        peer = importlib.import_module(f"peers.{name}")
        found = peer.compared()
        print(f"{name}: {found.agreement}", flush=True)
        unexplained += found.unexplained
        if found.why_not_better:
            rows[name] = found.row
        if not only_check and not found.unexplained:
            peer.write() if hasattr(peer, "write") else written(name, "\n".join(found.tables()))
    if not only_check:
        rows = rows_of((HERE / "README.md").read_text()) | rows
        written("README", "\n".join([*list(summary([]))[:2], *(rows[name] for name in PEERS if name in rows)]))
    return [f"more than 1 % apart, and no reason: {line}" for line in unexplained]


if __name__ == "__main__":
    main()
