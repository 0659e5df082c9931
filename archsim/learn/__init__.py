"""Learning on the chip, end to end: pre-trained in the cloud, programmed, adapted, timed and priced.

The first file to read is :mod:`archsim.learn.story`.
"""

from archsim.learn.result import Estimate, LearningResult, estimate
from archsim.learn.story import learn
from archsim.learn.wear import Wear

__all__ = ["Estimate", "LearningResult", "Wear", "estimate", "learn"]
