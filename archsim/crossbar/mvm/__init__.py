"""A product on crossbars, step by step: weights to conductances, inputs to voltages, sums to codes, and back.

:mod:`~archsim.crossbar.mvm.weights`, :mod:`~archsim.crossbar.mvm.inputs` and
:mod:`~archsim.crossbar.mvm.readout` are the steps; :func:`~archsim.crossbar.mvm.plain.plain_mvm` puts them
together in the plainest way, which defines what any faster way has to give.
"""

from archsim.crossbar.mvm.inputs import Drive, encode
from archsim.crossbar.mvm.plain import plain_mvm, plain_sums
from archsim.crossbar.mvm.readout import adc_for, full_range, range_of
from archsim.crossbar.mvm.weights import WeightMap, map_weights, weights_of
from archsim.crossbar.readouts.converter import Adc, adc_of

__all__ = [
    "Adc",
    "Drive",
    "WeightMap",
    "adc_for",
    "adc_of",
    "encode",
    "full_range",
    "map_weights",
    "plain_mvm",
    "plain_sums",
    "range_of",
    "weights_of",
]
