"""The digital arithmetic of learning, value by value: its additions and multiplications, and of how many bits.

Sums and potentials have the bits of the membrane buffer's `potential`, errors on their way and slopes those of
`execution.error_resolution`. Constant factors (a surrogate's height, a batch's size) belong to the learning rate.
A division is a restoring one, a subtraction for each bit of the quotient (Hennessy, Patterson, Computer
Architecture, appendix on computer arithmetic); a root likewise.
"""

from __future__ import annotations

import numpy as np

from archsim.components import Operations
from archsim.registry import SURROGATES
from archsim.spec import Chip
from archsim.workload import Neuron
from archsim.workload.learning import SurrogateModel
from archsim.workload.update_needs import UpdateNeeds


def potential_bits(chip: Chip) -> int:
    """Bits of a sum, and of a potential."""
    return chip.tile.membrane_buffer.potential_bits


def error_bits(chip: Chip) -> int:
    """Bits of an error on its way, and of a factor that an error is multiplied by."""
    return chip.execution.error_resolution_bits


def division(bits: int) -> Operations:
    """A quotient of so many bits."""
    return Operations(bits)


COMPARE = Operations(1)
"""A comparison with the largest so far."""


DITHER = Operations(2)
"""Stochastic rounding: random bits of a linear feedback shift register are added below the last one. A step of the
register is as much as an addition of the unit, in whose price half the bits of a register change too."""


def scale(chip: Chip) -> tuple[str, Operations]:
    """An error over what the largest code stands for, rounded, for the drivers; and a name for it."""
    kind = chip.execution.quantiser
    found = kind.scaling(potential_bits(chip), error_bits(chip))
    return _named("scale", chip), Operations(found.n_additions, found.factors) + (
        DITHER if kind.is_stochastic else Operations()
    )


def rescale(chip: Chip) -> tuple[str, Operations]:
    """Rescaling: products of scaled errors times their scale; and a name for it."""
    found = chip.execution.quantiser.rescaling(potential_bits(chip), error_bits(chip))
    return _named("rescale", chip), Operations(found.n_additions, found.factors)


def _named(action: str, chip: Chip) -> str:
    """As it was always called where the chip does not say how errors become codes."""
    if chip.execution.errors is None:
        return action
    kind = chip.execution.quantiser
    return f"{action}@{kind.kind}{',stochastic' if kind.is_stochastic else ''}"


def trace_of_row(chip: Chip) -> Operations:
    """A trace times its leak, and the input added."""
    return Operations(1, ((chip.tile.gradients.gradient_bits, error_bits(chip)),))


def trace_of_synapse(chip: Chip) -> Operations:
    """A trace times its leak, and what comes to it: the slope times the trace of the row, or its input."""
    factor = (chip.tile.gradients.gradient_bits, error_bits(chip))
    return Operations(1, (factor, factor))


def exponential(chip: Chip) -> Operations:
    """exp(x - largest), added to the sum of all.

    In integers alone (I-BERT, Kim et al., ICML 2021, arXiv 2101.01321): x = p - z ln 2 by a multiplication by
    1 / ln 2 and one by ln 2; exp(p) by a polynomial of second order, (p + b) p + c; a shift by z.
    """
    factors = ((potential_bits(chip), error_bits(chip)), *[(error_bits(chip), error_bits(chip))] * 2)
    n_additions = 1 + 1 + 2 + 1 + 1  # less the largest, + z ln 2, + b and + c, the shift, to the sum
    return Operations(n_additions, factors)


def less_label(chip: Chip, *, normalised: bool) -> Operations:
    """An output, divided by the sum of the exponentials if it is one of them, less the label's."""
    return Operations(1) + (division(error_bits(chip)) if normalised else Operations())


def step_of(chip: Chip, needs: UpdateNeeds) -> Operations:
    """Operations of an optimizer on one weight, in numbers of the gradient's bits; of half as many for a root."""
    bits = chip.tile.gradients.gradient_bits
    n_others = needs.n_operations - needs.n_multiplications - needs.n_divisions - needs.n_roots
    digits = needs.n_divisions * bits + needs.n_roots * -(-bits // 2)
    return Operations(n_others + digits, ((bits, bits),) * needs.n_multiplications)


def pass_of(chip: Chip, needs: UpdateNeeds) -> Operations:
    """An optimizer's operations on one weight in a pass before."""
    bits, n_multiplications = chip.tile.gradients.gradient_bits, needs.n_multiplications_per_pass
    return Operations(needs.n_operations_per_pass - n_multiplications, ((bits, bits),) * n_multiplications)


def surrogate(chip: Chip, neuron: Neuron, given: SurrogateModel) -> tuple[str, Operations]:
    """The product of a sum of errors and a neuron's slope, and a name for it.

    A neuron that does not spike has slope 1: what arrived goes on as it is.
    """
    if not neuron.spikes:
        return "surrogate@none", Operations()
    times = Operations(0, ((potential_bits(chip), error_bits(chip)),))
    return f"surrogate@{given.kind}", _slope(chip, given) + times


def leak(chip: Chip, neuron: Neuron, *, reset_path: bool) -> Operations:
    """Operations between the error of the later timestep and a neuron's own: leaks, and the reset."""
    factor = (potential_bits(chip), error_bits(chip))
    found = Operations()
    if np.any(np.asarray(neuron.decay) != 0):
        found += Operations(1, () if np.all(np.asarray(neuron.decay) == 1) else (factor,))
        if reset_path and neuron.spikes:
            found += _through_reset(chip, neuron)
    if neuron.has_synapse and np.any(np.asarray(neuron.syn_decay) != 0):
        found += Operations(1, (factor,))
    return found


def _through_reset(chip: Chip, neuron: Neuron) -> Operations:
    """dv/du, and the multiplication by it; without the reset's path a spike only stops the error."""
    sum_by_factor = (potential_bits(chip), error_bits(chip))
    if neuron.reset == "subtract":  # 1 - (threshold - v_reset) s'
        return Operations(1, ((error_bits(chip), error_bits(chip)), sum_by_factor))
    return Operations(2, (sum_by_factor, sum_by_factor))  # (1 - s) + (v_reset - u) s'


def _slope(chip: Chip, given: SurrogateModel) -> Operations:
    """The surrogate derivative at x = u - threshold, but for its constant height."""
    needs = SURROGATES[given.kind].arithmetic
    by_width = ((potential_bits(chip), error_bits(chip)),) * needs.n_by_width
    products = ((error_bits(chip), error_bits(chip)),) * needs.n_products
    n_of_divisions = needs.n_divisions * division(error_bits(chip)).n_additions
    return Operations(needs.n_additions + n_of_divisions, by_width + products)
