"""Who takes part: learning rules with their choices, each as assignments to the workload."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from archsim.errors import ExploreError
from archsim.registry import RULES
from archsim.study.configurations import Assignments
from archsim.units import close_match

REFERENCE: Final = "BP"
"""The contender that all others are compared with."""
SHIPPED: Final = "DFA as shipped"
BP_READOUT: Final = "BP, read-out's path"


@dataclass(frozen=True)
class Contender:
    """A rule and its choices.

    Parameters
    ----------
    name : str
        In tables.
    rule : str
    choices : tuple of str
        Assignments to the workload, as ``--set`` takes them.
    """

    name: str
    rule: str
    choices: Assignments = ()


def _dfa(name: str, feedback: str, path: str = "readout") -> Contender:
    return Contender(name, "dfa", (f"learning.rules.dfa={{time_path: {path}, feedback: {{kind: {feedback}}}}}",))


CONTENDERS: Final = (
    Contender(REFERENCE, "bp"),
    Contender(BP_READOUT, "bp", ("learning.rules.bp={time_path: readout}",)),
    Contender("BP, no path", "bp", ("learning.rules.bp={time_path: none}",)),
    Contender(SHIPPED, "dfa"),
    _dfa("DFA, read-out's path, signs", "sign_concordant"),
    _dfa("DFA, read-out's path, product", "product"),
    _dfa("DFA, full path, product", "product", "full"),
    Contender("DFA, direct Kolen-Pollack", "direct_kolen_pollack"),
    Contender(
        "DFA, direct Kolen-Pollack from product",
        "direct_kolen_pollack",
        ("learning.rules.direct_kolen_pollack={feedback: {kind: product}}",),
    ),
    Contender("feedback alignment", "feedback_alignment"),
    Contender("Kolen-Pollack", "kolen_pollack"),
    Contender("weight mirror", "weight_mirror"),
    Contender("sign-symmetric", "sign_symmetric"),
    Contender("DRTP", "drtp"),
    Contender("e-prop, random", "eprop"),
    Contender("e-prop, symmetric", "eprop_symmetric"),
    Contender("OTTT", "ottt"),
    Contender("local losses", "local_losses"),
)
"""Each choice that decides: the path through time, the matrices of feedback, what is sent back."""


def chosen(names: Sequence[str] | None) -> tuple[Contender, ...]:
    """Contenders by name, the reference first; all if none is named.

    Raises
    ------
    ExploreError
        There is no such contender, or its rule is not installed.

    Examples
    --------
    >>> [one.name for one in chosen(["DRTP"])]
    ['BP', 'DRTP']
    """
    known = {one.name: one for one in CONTENDERS}
    asked = list(dict.fromkeys([REFERENCE, *(known if names is None else names)]))
    unknown = [name for name in asked if name not in known]
    if unknown:
        hint = close_match(unknown[0], known)
        raise ExploreError(f"no contender is called {', '.join(unknown)}; there are: {'; '.join(known)}{hint}")
    missing = [known[name].rule for name in asked if known[name].rule not in RULES]
    if missing:
        raise ExploreError(f"no learning rule is called {', '.join(missing)}; there are: {', '.join(RULES)}")
    return tuple(known[name] for name in asked)
