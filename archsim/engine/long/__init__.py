"""Long runs: a template played for any number of iterations, with memory for those at hand only.

Where the state at the end of an iteration comes back, the run has become periodic: whole periods are skipped,
exactly, and the end is played out.
"""

from archsim.engine.long.memory import check_memory, default_max_bytes
from archsim.engine.long.outcome import Jump, LongRun
from archsim.engine.long.rolling import run_long

__all__ = ["Jump", "LongRun", "check_memory", "default_max_bytes", "run_long"]
