"""Studies: many configurations, the same question to each. What a script about two learning rules needs.

============================  ==============================================================================
`Base`, `Configuration`       two files and what is set in them; what one configuration sets besides
`Factor`                      settings of one thing that is varied, in order
`compare`, `Comparison`       one configuration with BP and with DFA: totals, ratios, by mechanism
`mechanisms`, `TITLES`        what each mechanism brings of the difference between two runs
`crossings`, `Published`      where a ratio passes a published one along a factor
`fronts`                      Pareto front, its part that survives error bars, knee, hypervolume
`dominated`, `pairs`          which of these points others dominate; equal settings, another rule
`Job`, `run_jobs`             many function calls on worker processes, their outcomes kept and resumed
`adapted`, `trained`          accuracy of one adaptation on the chip; the network it starts from
============================  ==============================================================================

:mod:`archsim.study.dfa_vs_bp` is a whole study made of these: the command ``archsim study dfa-vs-bp``. Those in
``docs/studies`` are made of the same.
"""

from archsim.study.adaptation import NEURRAM, adapted, adapted_ideally, check_learning, trained
from archsim.study.comparison import TOTALS, Comparison, compare
from archsim.study.configurations import RULES, UNCHANGED, Base, Configuration, Factor, inputs_of
from archsim.study.crossings import PUBLISHED, PUBLISHED_ACCURACY, Crossing, Published, crossings
from archsim.study.fronts import clearly_better, dominated, fronts, losses, may_be_dominated, pairs
from archsim.study.jobs import Job, all_done, error_in_words, kept_in, run_jobs
from archsim.study.mechanisms import TITLES, mechanisms
from archsim.study.records import csv_text, from_template, json_text, read_record, write_texts

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
    "Job",
    "Published",
    "adapted",
    "adapted_ideally",
    "all_done",
    "check_learning",
    "clearly_better",
    "compare",
    "crossings",
    "csv_text",
    "dominated",
    "error_in_words",
    "from_template",
    "fronts",
    "inputs_of",
    "json_text",
    "kept_in",
    "losses",
    "may_be_dominated",
    "mechanisms",
    "pairs",
    "read_record",
    "run_jobs",
    "trained",
    "write_texts",
]
