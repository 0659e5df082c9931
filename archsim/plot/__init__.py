"""Pictures: one function for each, which returns the data it drew."""

from archsim.plot.adc_range import RangeUse, adc_range
from archsim.plot.breakdown import breakdown
from archsim.plot.canvas import figure, legend_of
from archsim.plot.canvas import save as save_figure
from archsim.plot.crossbar import (
    ColumnErrors,
    ConductanceMap,
    DropMap,
    column_errors,
    conductance_map,
    ir_drop_map,
)
from archsim.plot.error_bars import error_bars
from archsim.plot.floor_plan import FloorPlan, floor_plan
from archsim.plot.inline import Inline, inline
from archsim.plot.lanes import Lane, Lanes, Window
from archsim.plot.latency import latency
from archsim.plot.pipeline import pipeline
from archsim.plot.power import PowerWindows, power
from archsim.plot.scales import PALETTE, component_style, layer_colours, rule_colours, stage_colours
from archsim.plot.timelines import timelines
from archsim.plot.utilisation import utilisation
from archsim.plot.view import Picture
from archsim.units import scale_of

__all__ = [
    "PALETTE",
    "ColumnErrors",
    "ConductanceMap",
    "DropMap",
    "FloorPlan",
    "Inline",
    "Lane",
    "Lanes",
    "Picture",
    "PowerWindows",
    "RangeUse",
    "Window",
    "adc_range",
    "breakdown",
    "column_errors",
    "component_style",
    "conductance_map",
    "error_bars",
    "figure",
    "floor_plan",
    "inline",
    "ir_drop_map",
    "latency",
    "layer_colours",
    "legend_of",
    "pipeline",
    "power",
    "rule_colours",
    "save_figure",
    "scale_of",
    "stage_colours",
    "timelines",
    "utilisation",
]
