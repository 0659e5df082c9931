"""Quantities with units in files, plain numbers inside.

``"100 ns"`` in a file becomes ``100_000`` in a field whose name ends in ``_ps``. Nothing else in
archsim reads a unit.

:mod:`~archsim.units.quantities` reads and writes them; :mod:`~archsim.units.fields` holds what every model
that is filled from a file shares: the field types (`TimePs`, `EnergyPj`, …), the base class `FileModel`
and its inverse `file_data`; :mod:`~archsim.units.errors` says in plain words what is wrong with a file.
"""

from archsim.units.errors import errors_of, only_unit_errors, paths_to, shape_error
from archsim.units.fields import (
    AreaUm2,
    Bits,
    Bytes,
    CapacitanceFf,
    ConductanceSiemens,
    CurrentA,
    EnergyPj,
    FileModel,
    Frac,
    FrequencyMhz,
    LengthUm,
    NodeNm,
    PowerUw,
    Quantity,
    ResistanceOhm,
    TemperatureK,
    TimePs,
    VoltageV,
    file_data,
    file_key,
)
from archsim.units.figures import format_figure, kind_of_figure, without_unit
from archsim.units.kinds import FieldsError, KindName, KindOf
from archsim.units.quantities import (
    close_match,
    factor_between,
    format_metric,
    format_quantity,
    parse_quantity,
    quantities_of,
    scale_of,
    seconds,
    shown_units,
    unit_of,
    whole_step,
)
from archsim.units.settings import SettingsOf
from archsim.units.usual import Usual

__all__ = [
    "AreaUm2",
    "Bits",
    "Bytes",
    "CapacitanceFf",
    "ConductanceSiemens",
    "CurrentA",
    "EnergyPj",
    "FieldsError",
    "FileModel",
    "Frac",
    "FrequencyMhz",
    "KindName",
    "KindOf",
    "LengthUm",
    "NodeNm",
    "PowerUw",
    "Quantity",
    "ResistanceOhm",
    "SettingsOf",
    "TemperatureK",
    "TimePs",
    "Usual",
    "VoltageV",
    "close_match",
    "errors_of",
    "factor_between",
    "file_data",
    "file_key",
    "format_figure",
    "format_metric",
    "format_quantity",
    "kind_of_figure",
    "only_unit_errors",
    "parse_quantity",
    "paths_to",
    "quantities_of",
    "scale_of",
    "seconds",
    "shape_error",
    "shown_units",
    "unit_of",
    "whole_step",
    "without_unit",
]
