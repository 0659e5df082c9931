"""Of which kind a figure is, by the unit at the end of its name."""

from __future__ import annotations

from typing import Final

from archsim.units.quantities import format_metric

_ENDS: Final = {"_ps": "time", "_pj": "energy", "_um2": "area", "_uw": "power"}


def kind_of_figure(name: str) -> str | None:
    """The kind of quantity of a figure; None for a plain number, a rate or a product.

    Examples
    --------
    >>> kind_of_figure("latency_ps"), kind_of_figure("throughput_per_s"), kind_of_figure("energy_delay_pj_ps")
    ('time', None, None)
    """
    kind = next((kind for end, kind in _ENDS.items() if name.endswith(end)), None)
    return None if kind is None or name.rpartition("_")[0].endswith(tuple(_ENDS)) else kind


def format_figure(value: float, name: str) -> str:
    """A figure for people, in the unit that suits its size.

    Examples
    --------
    >>> format_figure(120_000.0, "area_um2"), format_figure(11, "n_tiles")
    ('0.12 mm²', '11')
    """
    return format_metric(value, kind_of_figure(name))


def without_unit(name: str) -> str:
    """The name of a figure without its unit, in words.

    Examples
    --------
    >>> without_unit("peak_power_uw"), without_unit("throughput_per_s")
    ('peak power', 'throughput per s')
    """
    plain = name.rpartition("_")[0] if kind_of_figure(name) else name
    return plain.replace("_", " ")
