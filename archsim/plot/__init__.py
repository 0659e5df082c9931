"""Pictures: one function for each, which returns the data it drew."""

from archsim.plot.adc_range import RangeUse, adc_range
from archsim.plot.breakdown import breakdown
from archsim.plot.crossbar import (
    ColumnErrors,
    ConductanceMap,
    DropMap,
    column_errors,
    conductance_map,
    ir_drop_map,
)
from archsim.plot.drawing import Drawing
from archsim.plot.error_bars import error_bars
from archsim.plot.floor_plan import FloorPlan, floor_plan
from archsim.plot.lanes import Lane, Lanes, Window
from archsim.plot.pipeline import pipeline
from archsim.plot.power import PowerWindows, power
from archsim.plot.scales import component_style, layer_colours, phase_colours, scale_of
from archsim.plot.timelines import timelines

__all__ = [
    "ColumnErrors",
    "ConductanceMap",
    "Drawing",
    "DropMap",
    "FloorPlan",
    "Lane",
    "Lanes",
    "PowerWindows",
    "RangeUse",
    "Window",
    "adc_range",
    "breakdown",
    "column_errors",
    "component_style",
    "conductance_map",
    "error_bars",
    "floor_plan",
    "ir_drop_map",
    "layer_colours",
    "phase_colours",
    "pipeline",
    "power",
    "scale_of",
    "timelines",
]
