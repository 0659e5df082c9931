"""What a study of two learning rules needs: one configuration with BP and with DFA, many of them, what follows.

`compare` simulates a configuration with both rules and splits the difference by mechanism; `crossings` and `fronts`
say what follows from many. :mod:`archsim.study.dfa_vs_bp` is a whole study, that of ``archsim study dfa-vs-bp``; the
others are scripts in ``docs/studies``, which also use `archsim.explore.run_jobs` and `archsim.report.from_template`.
"""

from archsim.study.adaptation import NEURRAM, adapted, adapted_ideally, check_learning, trained
from archsim.study.comparison import TOTALS, Comparison, compare
from archsim.study.configurations import RULES, UNCHANGED, Base, Configuration, Factor, inputs_of
from archsim.study.crossings import PUBLISHED, PUBLISHED_ACCURACY, Crossing, Published, crossings
from archsim.study.fronts import clearly_better, dominated, fronts, losses, may_be_dominated, pairs
from archsim.study.mechanisms import TITLES, mechanisms

__all__ = [
    "NEURRAM",
    "PUBLISHED",
    "PUBLISHED_ACCURACY",
    "RULES",
    "TITLES",
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
    "clearly_better",
    "compare",
    "crossings",
    "dominated",
    "fronts",
    "inputs_of",
    "losses",
    "may_be_dominated",
    "mechanisms",
    "pairs",
    "trained",
]
