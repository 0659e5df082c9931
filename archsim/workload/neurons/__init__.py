"""Neurons: what a workload file says of them, their states and their step in time; the kinds, one in a file."""

from archsim.workload.neurons.kind import LeakyKind, NeuronKind, Numbers

__all__ = ["LeakyKind", "NeuronKind", "Numbers"]
