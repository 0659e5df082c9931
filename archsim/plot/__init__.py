"""Pictures: one function for each, which returns the data it drew."""

from archsim.plot.breakdown import breakdown
from archsim.plot.drawing import Drawing
from archsim.plot.floor_plan import FloorPlan, floor_plan
from archsim.plot.lanes import Lane, Lanes, Window
from archsim.plot.pipeline import pipeline
from archsim.plot.power import PowerWindows, power
from archsim.plot.scales import component_style, layer_colours, phase_colours, scale_of

__all__ = [
    "Drawing",
    "FloorPlan",
    "Lane",
    "Lanes",
    "PowerWindows",
    "Window",
    "breakdown",
    "component_style",
    "floor_plan",
    "layer_colours",
    "phase_colours",
    "pipeline",
    "power",
    "scale_of",
]
