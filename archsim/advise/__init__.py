"""Advice on a design: which change to a chip or workload brings what, each found by simulating the changed files.

A saved run holds it as ``advice``, the best move first; a row is::

    move                    kind of the move; two with " + " between them in ``advice_pairs``
    title                   what it changes, for people
    set                     list of assignments, as ``--set`` takes them
    delta_latency_frac      change as a part of the base's figure: -0.25 is a quarter less; None if that is zero
    delta_energy_frac, delta_area_frac, delta_peak_power_frac
    figures                 the figures themselves, by the names of metrics
    over_budget             budgets that the changed design does not keep to, as they were written
    notes                   what the figures do not tell
    accuracy                None where the network's results stay the same; else why they are others, the accuracy
                            and its change, where they were asked for: {"why", "value", "change"}

Beside it stand ``advice_pairs`` (rows of the best pairs), ``advice_goal`` (a metric), ``advice_budgets`` (texts),
``advice_moves`` (kinds that were asked for; none means all), ``advice_accuracy`` (of the design as it is: value,
rule, when; None if not asked for), ``advice_idle`` (moves that change nothing), ``advice_refused`` (with ``why``)
and ``advice_untried`` (by kind, why there was nothing to try).
"""

from archsim.advise.advise import Advice, Asked, advise
from archsim.advise.design import Design
from archsim.advise.goal import Budget, goal_of
from archsim.advise.move import Given, Move, Sets
from archsim.advise.outcome import Outcome

__all__ = ["Advice", "Asked", "Budget", "Design", "Given", "Move", "Outcome", "Sets", "advise", "goal_of"]
