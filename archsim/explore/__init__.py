"""Which chip: how sure an answer is, sweeps and searches on measured objectives.

:mod:`archsim.explore.run` is the first file to read.
"""

from archsim.explore.log import Record
from archsim.explore.run import Explored, sweep
from archsim.explore.study import Study, read_study

__all__ = ["Explored", "Record", "Study", "read_study", "sweep"]
