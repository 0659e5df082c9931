"""Numbers as word-line voltages.

An input of ``B`` bits is the code ``round(|x| / maximum (2^B - 1))``; its bits go out ``b`` at a time, the least
significant first, as digits in 0 .. 2^b - 1: fractions of the full read voltage. Results of the cycles are
merged by shift-and-add. 1 bit is a spike; 0 bit is analogue: one cycle with the voltage itself.

Signs: "two_phase" drives the cycles of the positive parts and then those of the negative parts, subtracted
digitally; "bipolar" drives voltages of both signs in the same cycle.

Sources: A. Shafiee et al., "ISAAC", ISCA 2016 (bit-serial inputs with shift-and-add); W. Wan et al., "A
compute-in-memory chip based on resistive random-access memory", Nature 608, 2022 (inputs of both signs).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import isfinite
from typing import Any, assert_never

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archsim.compiling import loops_of
from archsim.errors import SpecError
from archsim.spec.values import InputRules

Floats = NDArray[np.float64]
# signed integers, or float64 of analogue inputs
Digits = NDArray[Any]

# an input counts as clipped where it is this part of the maximum above it: rounding of sums is less
_SLACK = 1e-12
# numbers that are encoded at a time: they stay in the cache
_AT_ONCE = 1 << 14


@dataclass(frozen=True)
class Drive:
    """Voltages of all word lines in all cycles: ``x ~ unit sum_c cycle_weight[c] digits[c]``.

    Parameters
    ----------
    codes : ndarray (n, n_in)
        Inputs in units, with their signs: whole numbers, or floats for analogue inputs.
    rules : InputRules
    n_clipped : int
        Inputs beyond the maximum, driven as the maximum.
    """

    codes: Digits
    rules: InputRules
    n_clipped: int

    @cached_property
    def digits(self) -> Digits:
        """(n_cycles, n, n_in) over `digit_max`: fractions of the full read voltage.

        Integers, or floats for analogue inputs. Order: least significant cycle first; with "two_phase" all cycles
        of the positive polarity before the negative.
        """
        if self.rules.resolution_bits == 0:
            if self.rules.signed == "two_phase":
                return np.stack([np.maximum(self.codes, 0.0), np.maximum(-self.codes, 0.0)])
            return self.codes[None]
        return _digits(self.codes, self.rules)

    @cached_property
    def digit_max(self) -> int:
        """Digit of the full read voltage."""
        return digit_max_of(self.rules)

    @cached_property
    def cycle_weight(self) -> Floats:
        """(n_cycles,): worth of a cycle, negative in the negative polarity."""
        return _cycle_weight(*_cycles(self.rules))

    @property
    def unit(self) -> float:
        """Input that a digit 1 of weight 1 stands for."""
        bits = self.rules.resolution_bits
        return self.rules.maximum / (2**bits - 1) if bits else self.rules.maximum

    @cached_property
    def n_cycles(self) -> int:
        """Cycles, polarities included."""
        return n_cycles_of(self.rules)

    @property
    def n(self) -> int:
        """Vectors."""
        return len(self.codes)

    @property
    def n_active(self) -> int:
        """Digits that are not zero, over all cycles."""
        if _n_cycles_of_polarity(self.rules) == 1:
            return int(np.count_nonzero(self.codes))
        active, _ = _tables(self.rules.resolution_bits, self.rules.per_cycle_bits)
        fast = loops_of("crossbar.mvm.driven")
        if fast is not None:
            return int(fast.count_active(self.codes, active))
        return int(np.take(active, np.abs(self.codes)).sum(dtype=np.int64))

    def squares(self, bend: Callable[[Floats], Floats] | None = None) -> tuple[NDArray[np.float32], float]:
        """(n, n_in): squared digits of all cycles with the squares of their weights, over the largest weight.

        The second number is the sum of the squares of all weights, over the largest, too. `bend` gives the digits
        as the cells see them.
        """
        relative = self.cycle_weight / np.abs(self.cycle_weight).max()
        if bend is not None:
            bent = np.square(bend(self.digits.astype(np.float64)))
            merged = np.tensordot(np.square(relative), bent, axes=1)
            return merged.astype(np.float32), float(np.square(relative).sum())
        if self.codes.dtype.kind == "f" or _n_cycles_of_polarity(self.rules) == 1:
            found = np.square(self.codes, dtype=np.float32)
        else:
            _, squared = _tables(self.rules.resolution_bits, self.rules.per_cycle_bits)
            found = np.take(squared, np.abs(self.codes))
        return found, float(np.square(relative).sum())

    def is_bits(self) -> bool:
        """Whether every digit is 0 or 1."""
        if self.codes.dtype.kind != "i" or self.digit_max != 1:
            return False
        return self.rules.signed != "bipolar" or int(self.codes.min(initial=0)) >= 0

    def numbers(self) -> Floats:
        """(n, n_in): the inputs that these voltages stand for."""
        return np.asarray(self.unit * self.codes.astype(np.float64))


def n_cycles_of(rules: InputRules) -> int:
    """Cycles that one input takes, polarities included.

    Examples
    --------
    >>> n_cycles_of(InputRules(resolution="8 bit", per_cycle="3 bit", signed="two_phase"))
    6
    """
    return _n_cycles_of_polarity(rules) * (2 if rules.signed == "two_phase" else 1)


def digit_max_of(rules: InputRules) -> int:
    """Digit of the full read voltage."""
    return int(2 ** min(rules.per_cycle_bits, rules.resolution_bits) - 1) if rules.resolution_bits else 1


def encode(x: ArrayLike, rules: InputRules) -> Drive:
    """Voltages for a batch of inputs.

    Parameters
    ----------
    x : array_like (n, n_in)
        Numbers, |x| <= `rules.maximum`; larger ones are driven as the maximum, and counted.
    rules : InputRules

    Returns
    -------
    Drive

    Raises
    ------
    SpecError
        Inputs that are no finite numbers in two dimensions, or negative ones under "unsigned".

    Examples
    --------
    >>> drive = encode([[5.0, 0.0, 7.0]], InputRules(resolution="3 bit", maximum=7.0))
    >>> drive.digits[:, 0, :].tolist(), drive.cycle_weight.tolist(), drive.unit
    ([[1, 0, 1], [0, 0, 1], [1, 0, 1]], [1.0, 2.0, 4.0], 1.0)
    """
    return encode_checked(checked_inputs(x, rules), rules)


def encode_checked(numbers: Floats, rules: InputRules, *, compiled: bool = True) -> Drive:
    """`encode` of what `checked_inputs` gave, in one compiled pass or in several of numpy, with the same bits."""
    maximum, bits = rules.maximum, rules.resolution_bits
    fast = loops_of("crossbar.mvm.driven") if compiled and bits and numbers.dtype == np.float64 else None
    if fast is not None:
        codes = np.empty(numbers.shape, _smallest_type(2**bits - 1))
        given = np.ascontiguousarray(numbers), float(maximum), float(2**bits - 1), float(maximum) * (1 + _SLACK)
        return Drive(codes, rules, int(fast.encode(*given, codes)))
    reach = max(float(numbers.max()), -float(numbers.min())) if numbers.size else 0.0
    n_clipped = 0
    if reach > maximum * (1 + _SLACK):
        most = maximum * (1 + _SLACK)
        n_clipped = int(np.count_nonzero((numbers > most) | (numbers < -most)))
    codes = np.empty(numbers.shape, np.float64 if bits == 0 else _smallest_type(2**bits - 1))
    step = max(1, _AT_ONCE // max(1, numbers.shape[1]))
    for first in range(0, len(numbers), step):
        part = numbers[first : first + step] / maximum
        if reach > maximum:
            np.clip(part, -1.0, 1.0, out=part)
        if bits:
            part *= 2**bits - 1
            np.rint(part, out=part)
        codes[first : first + step] = part
    return Drive(codes, rules, n_clipped)


def checked_inputs(
    x: ArrayLike, rules: InputRules, n_in: int | None = None, *, name: str = "x", entries: str = "n_in"
) -> Floats:
    """A batch of inputs, in double precision or as the long integers that they are.

    Raises
    ------
    SpecError
        All that is wrong: no numbers, dimensions, a width that is not `n_in`, NaN or infinity, negative inputs
        under "unsigned".
    """
    try:
        numbers = np.asarray(x)
    except ValueError:
        numbers = np.empty((), dtype=object)
    if numbers.dtype.kind not in "biuf":
        raise SpecError(f"{name}: must be real numbers of shape (n, {entries}); got {type(x).__name__}")
    if numbers.dtype != np.int64:
        numbers = numbers.astype(np.float64, copy=False)
    errors = []
    if numbers.ndim != 2:
        errors.append(f"{name}: must have 2 dimensions (vectors, inputs); got shape {numbers.shape}")
    elif n_in is not None and numbers.shape[1] != n_in:
        errors.append(f"{name}: must have {n_in} inputs per vector; got {numbers.shape[1]}")
    # the least and the largest are NaN where any number is
    least, largest = (float(numbers.min()), float(numbers.max())) if numbers.size else (0.0, 0.0)
    if not (isfinite(least) and isfinite(largest)):
        errors.append(f"{name}: {_named(numbers, ~np.isfinite(numbers))} not finite")
    negative = np.isfinite(numbers) & (numbers < 0) if not least >= 0 else None
    if rules.signed == "unsigned" and negative is not None and negative.any():
        said = f"{name}: {_named(numbers, negative)} negative, and inputs.signed is unsigned"
        errors.append(f"{said}; choose two_phase or bipolar")
    if errors:
        raise SpecError("\n".join(errors))
    return numbers


def _named(numbers: Floats, bad: NDArray[np.bool_]) -> str:
    first = tuple(np.argwhere(bad)[0])
    where = ", ".join(map(str, first))
    return f"{np.count_nonzero(bad)} of {numbers.size} (the first, at [{where}]: {numbers[first]:g})"


def _n_cycles_of_polarity(rules: InputRules) -> int:
    return -(-rules.resolution_bits // rules.per_cycle_bits) if rules.resolution_bits else 1


def _cycles(rules: InputRules) -> tuple[int, int, bool]:
    return _n_cycles_of_polarity(rules), rules.per_cycle_bits, rules.signed == "two_phase"


@lru_cache(maxsize=64)
def _cycle_weight(n_of_polarity: int, shift: int, two_phase: bool) -> Floats:
    weight = np.array([2.0 ** (shift * c) for c in range(n_of_polarity)])
    if two_phase:
        weight = np.concatenate([weight, -weight])
    weight.setflags(write=False)
    return weight


def _digits(codes: Digits, rules: InputRules) -> Digits:
    digit_max, n_of_polarity = digit_max_of(rules), _n_cycles_of_polarity(rules)
    kind = _smallest_type(digit_max)
    if rules.signed == "unsigned" and n_of_polarity == 1:
        return codes[None].astype(kind, copy=False)
    size = codes if rules.signed == "unsigned" else np.abs(codes)
    digits = np.empty((n_cycles_of(rules), *codes.shape), dtype=kind)
    for c in range(n_of_polarity):
        part = (size >> (c * rules.per_cycle_bits)) & digit_max if n_of_polarity > 1 else size
        if rules.signed == "unsigned":
            digits[c] = part
        elif rules.signed == "bipolar":
            digits[c] = np.sign(codes) * part
        elif rules.signed == "two_phase":
            digits[c] = part * (codes > 0)
            digits[n_of_polarity + c] = part * (codes < 0)
        else:
            assert_never(rules.signed)
    return digits


@lru_cache(maxsize=16)
def _tables(bits: int, per_cycle: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Of every code: how many of its digits are not zero; `Drive.squares` of it."""
    codes, n_cycles = np.arange(2**bits), -(-bits // per_cycle)
    active, squares = np.zeros(2**bits, np.uint8), np.zeros(2**bits)
    for c in range(n_cycles):
        digit = (codes >> (c * per_cycle)) & (2**per_cycle - 1)
        active += digit != 0
        squares += np.square(digit * 2.0 ** (per_cycle * (c - n_cycles + 1)))
    return active, squares.astype(np.float32)


def _smallest_type(digit_max: int) -> type[np.int8] | type[np.int16] | type[np.int32]:
    if digit_max < 1 << 7:
        return np.int8
    return np.int16 if digit_max < 1 << 15 else np.int32
