"""Constants of the hashes and polynomials, which the plain and the compiled loops share."""

from __future__ import annotations

GOLDEN = 0x9E3779B97F4A7C15
"""2^64 over the golden ratio: counters go in steps of it."""
SPLIT_MIX = (30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), 31
ROUNDS = (16, 0x7FEB352D), (15, 0x846CA68B), (17, 0xED5AD4BB), (11, 0xAC4C1B51)
"""Shift and factor of each round, two for the first number of a pair and two more for the second."""
LAST_SHIFT, COLUMN = 16, 0x9E3779B9
APART = 0x5BD1E995
"""Sets the second number of a pair apart from the first."""
# least squares with Lawson's weights: 2 ln(1 + m) of m in 0 .. 1; cos and sin of w quarter turns, |w| <= 1
LN = (3.84376226e-07, 1.99994624, -0.998759951, 0.655575519, -0.449510718, 0.266291583, -0.108216268, 0.0209679541)
COS = (0.999999953, -1.23369821, 0.253650744, -0.0208106271, 0.000858190368)
SIN = (1.57079101, -0.64589285, 0.07943434, -0.00433309)
TWO_LN_2 = 1.3862943611198906
