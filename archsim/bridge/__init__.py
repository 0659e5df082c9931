"""Networks of others: a PyTorch model of snnTorch, SpikingJelly, norse or sinabs, and the spikes that flow in it.

torch and these libraries are the user's: a model is taken as it is, and nothing of them is imported for it.
"""

from archsim.bridge.differences import Difference
from archsim.bridge.library import Cell, Library
from archsim.bridge.record import record
from archsim.bridge.recording import Recording

__all__ = ["Cell", "Difference", "Library", "Recording", "record"]
