"""Who works when: lanes of resources over time."""

from __future__ import annotations

from archsim.plot import Picture, pipeline
from archsim.registry import VIEWS


@VIEWS.register
class PipelinePicture(Picture):
    """The picture of :func:`archsim.plot.pipeline`."""

    kind = "pipeline"
    draw = staticmethod(pipeline)
