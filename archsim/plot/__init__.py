"""Pictures: one function for each, which returns the data it drew."""

from archsim.plot.breakdown import breakdown
from archsim.plot.drawing import Drawing
from archsim.plot.floor_plan import FloorPlan, floor_plan
from archsim.plot.pipeline import Lanes, pipeline
from archsim.plot.power import PowerWindows, power
from archsim.plot.scales import layer_colours, scale_of

__all__ = [
    "Drawing",
    "FloorPlan",
    "Lanes",
    "PowerWindows",
    "breakdown",
    "floor_plan",
    "layer_colours",
    "pipeline",
    "power",
    "scale_of",
]
