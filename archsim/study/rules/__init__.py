"""Which learning rule on which chip: `archsim study rules`.

Rules with their choices (contenders) adapt the same networks on the same chip, over depth, bits and quantiser of
errors, and passes over the data. Every run is accuracy and price of one adaptation: the same arrays and writes.
"""

from archsim.study.rules.cells import Case, Cross
from archsim.study.rules.contenders import CONTENDERS, Contender, chosen
from archsim.study.rules.judge import differences, means, to_reach
from archsim.study.rules.page import summary_text, write_study
from archsim.study.rules.run import FORMAT, Question, rules_study

__all__ = [
    "CONTENDERS", "FORMAT", "Case", "Contender", "Cross", "Question", "chosen", "differences", "means",
    "rules_study", "summary_text", "to_reach", "write_study",
]  # fmt: skip
