"""Studies of two learning rules: one configuration with BP and with DFA, many of them, what follows.

`compare` simulates a configuration with both rules and splits the difference by mechanism
(`archsim.whatif.mechanisms`); `crossings` says where a published ratio is passed. :mod:`archsim.study.dfa_vs_bp`
is a whole study, that of ``archsim study dfa-vs-bp``; others are scripts in ``docs/studies``, which also use
`archsim.explore` (jobs on workers, fronts, pairs) and `archsim.report` (record, CSV, page from a template).
"""

from archsim.study.adaptation import NEURRAM, adapted, adapted_ideally, check_learning, trained
from archsim.study.comparison import TOTALS, Comparison, compare, second_copy
from archsim.study.configurations import RULES, UNCHANGED, Base, Configuration, Factor, inputs_of
from archsim.study.crossings import PUBLISHED, PUBLISHED_ACCURACY, Crossing, Published, crossings

__all__ = [
    "NEURRAM",
    "PUBLISHED",
    "PUBLISHED_ACCURACY",
    "RULES",
    "TOTALS",
    "UNCHANGED",
    "Base",
    "Comparison",
    "Configuration",
    "Crossing",
    "Factor",
    "Published",
    "adapted",
    "adapted_ideally",
    "check_learning",
    "compare",
    "crossings",
    "inputs_of",
    "second_copy",
    "trained",
]
