"""Optimizers: their keys in a workload file, their numbers, and what each needs on the chip; one in a file."""

from archsim.snn.learn.optimizers.kind import Optimizer, OptimizerKind
from archsim.snn.learn.optimizers.kinds.adam import Adam
from archsim.snn.learn.optimizers.kinds.momentum import Momentum
from archsim.snn.learn.optimizers.kinds.sgd import SGD
from archsim.snn.learn.optimizers.kinds.sink import SinkGD

__all__ = ["SGD", "Adam", "Momentum", "Optimizer", "OptimizerKind", "SinkGD"]
