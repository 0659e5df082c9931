"""A regression on Murmann's survey of ADCs: energy and area by bits, rate and node.

The model is that of Andrulis, Chen, Lee, Emer, Sze, "ADC energy and area model", arXiv 2404.06553
(coefficients as in the Accelergy ADC plug-in). With B bits, rate f in Hz and node λ in nm::

    SNDR = 20 log10(2) B + 10 log10(1.5)                         dB
    FOM  = min(213.78 - 2.8719 ln f, 128.31 + 3.2205 ceil(B))    dB
    E    = 10^((SNDR-FOM)/10) / 2 · exp(26.050 + 1.8800 ln λ - 2.8291 ln B - 1.4702)   pJ
    A    = exp(1.3462 + 0.99328 ln λ + 0.18072 ln f + 0.29912 ln E)                    um²

80 % of E is spent by each conversion, 20 % leaks whether the ADC works or not (at rate f), as in
hwcomponents-adc. Valid from 4 bits and up to 10 GS/s; optimistic: the best designs of the survey.
"""

from __future__ import annotations

import math

_FOM_INTERCEPT, _FOM_PER_LN_HZ = 213.7806687348118, -2.8719030399529957
_FOM_MAX, _FOM_MAX_PER_BIT = 128.3068287398817, 3.2205115109775617
_E_INTERCEPT, _E_PER_LN_NM, _E_PER_LN_BITS = 26.0496215686518, 1.8800369206815004, -2.8291256050594527
_E_RESIDUAL = -1.4702022133784405
_A_INTERCEPT, _A_PER_LN_NM = 1.3461916439910742, 0.9932794744745022
_A_PER_LN_HZ, _A_PER_LN_PJ = 0.18071538424508238, 0.29912426192653485

MIN_SURVEY_BITS = 4
MAX_SURVEY_RATE_MHZ = 1e4
DYNAMIC_FRAC = 0.8
SURVEY_SOURCE = "regression on Murmann's ADC survey (Andrulis et al., arXiv 2404.06553), best designs"


def survey_energy_pj(bits: int, rate_mhz: float, node_nm: float) -> float:
    """Energy of one conversion in pJ, leakage at full rate included.

    Valid for 4 bits and more and rates of one ADC up to 10 GS/s.

    Examples
    --------
    >>> round(survey_energy_pj(8, 1200, 32), 4)
    1.8486
    """
    sndr_db = 20 * math.log10(2) * bits + 10 * math.log10(1.5)
    by_rate_db = _FOM_INTERCEPT + _FOM_PER_LN_HZ * math.log(rate_mhz * 1e6)
    fom_db = min(by_rate_db, _FOM_MAX + _FOM_MAX_PER_BIT * bits)
    scale = _E_INTERCEPT + _E_PER_LN_NM * math.log(node_nm) + _E_PER_LN_BITS * math.log(bits) + _E_RESIDUAL
    return 10 ** ((sndr_db - fom_db) / 10) / 2 * math.exp(scale)


def survey_area_um2(bits: int, rate_mhz: float, node_nm: float) -> float:
    """Area of one ADC in um²; ISAAC's own ADC is 5.3 times smaller, carry that as uncertainty.

    Examples
    --------
    >>> round(survey_area_um2(8, 1200, 32), 1)
    6313.1
    """
    energy_pj = survey_energy_pj(bits, rate_mhz, node_nm)
    ln_area = _A_INTERCEPT + _A_PER_LN_NM * math.log(node_nm) + _A_PER_LN_HZ * math.log(rate_mhz * 1e6)
    return math.exp(ln_area + _A_PER_LN_PJ * math.log(energy_pj))
