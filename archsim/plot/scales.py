"""Axes and colours of pictures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from archsim.components import Look, part_kinds
from archsim.registry import RULES
from archsim.units import kind_of_figure, scale_of, without_unit

# Okabe and Ito's palette, distinguishable with every common colour blindness (jfly.uni-koeln.de/color)
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
GREY = "#999999"
_NO_LAYER = {"": GREY, "input": "#444444"}
_STAGES = {
    "forward": (0, ""), "gradient": (2, "xxxx"), "update": (1, "...."),
    "program": (1, ""), "program_copy": (1, "////"), "program_feedback": (1, "\\\\\\\\"),
}  # fmt: skip
_ERRORS = 5  # the hue of what carries errors, whatever the rule; its hatch tells which
_FLOW_CONTROL = Look(4, "xxxx")


def axis_of(name: str, largest: float) -> tuple[float, str]:
    """Divisor of figures on an axis up to `largest`, and the axis' label.

    Examples
    --------
    >>> axis_of("latency_ps", 2e6), axis_of("throughput_per_s", 10.0)
    ((1000000.0, 'latency (µs)'), (1.0, 'throughput per s'))
    """
    kind = kind_of_figure(name)
    if kind is None:
        return 1.0, without_unit(name)
    factor, unit = scale_of(largest, kind)
    return factor, f"{without_unit(name)} ({unit})"


def layer_colours(names: Sequence[str]) -> dict[str, str]:
    """A colour for each layer: the palette, then the same hues paler, then darker; neighbours differ in hue.

    Examples
    --------
    >>> layer_colours(["fc1", "fc2"])
    {'fc1': '#0072B2', 'fc2': '#E69F00'}
    """
    n_rounds = math.ceil(len(names) / len(PALETTE))
    return {name: _shaded(PALETTE[i % len(PALETTE)], i // len(PALETTE), n_rounds) for i, name in enumerate(names)}


def _shaded(colour: str, step: int, n_steps: int) -> str:
    """The colour at step 0; at odd steps mixed with white, at even ones with black, the more the later."""
    if not step:
        return colour
    weight = 0.6 * ((step + 1) // 2) / math.ceil((n_steps - 1) / 2)
    other = 255 if step % 2 else 0
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(part + weight * (other - part)):02x}" for part in parts)


def stage_colours(names: Sequence[str]) -> dict[str, str]:
    """A fixed colour for each stage of a task; grey for any other name.

    Examples
    --------
    >>> stage_colours(["forward", "update"])
    {'forward': '#0072B2', 'update': '#E69F00'}
    """
    known = _stage_looks()
    return {name: PALETTE[known[name][0]] if name in known else GREY for name in names}


def rule_colours(names: Iterable[str]) -> dict[str, str]:
    """The colour of each learning rule, the same in every picture; grey for a run that does not learn.

    Examples
    --------
    >>> rule_colours(["bp", "inference"])
    {'bp': '#D55E00', 'inference': '#999999'}
    """
    return {name: PALETTE[RULES[name].colour] if name in RULES else GREY for name in names}


def stage_styles(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Colour and hatch of each stage: told apart in a grey print too.

    Examples
    --------
    >>> stage_styles(["forward", "update"])
    {'forward': ('#0072B2', ''), 'update': ('#E69F00', '....')}
    """
    known = _stage_looks()
    return {name: (colour, known.get(name, (0, ""))[1]) for name, colour in stage_colours(names).items()}


def _stage_looks() -> dict[str, tuple[int, str]]:
    """Hue and hatch of each stage; those of errors as the learning rules say."""
    return {**_STAGES, **{rule.error_stage: (_ERRORS, rule.hatch) for rule in RULES.values()}}


def component_style(name: str) -> tuple[str, str]:
    """Colour and hatch of a component, the same in every picture; what the table does not know is dotted.

    Examples
    --------
    >>> component_style("adc"), component_style("gradient_unit")
    (('#0072B2', ''), ('#0072B2', '////'))
    """
    look = _looks().get(name)
    if look is not None:
        return PALETTE[look.hue], look.hatch
    return PALETTE[sum(name.encode()) % len(PALETTE)], "...."


def _looks() -> dict[str, Look]:
    """How each part is drawn; tasks that only order others are drawn like one."""
    return {**{name: part.look for name, part in part_kinds().items()}, "flow_control": _FLOW_CONTROL}


def component_styles(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """The `component_style` of each, but no two alike: a name that the table does not know takes the next free.

    Examples
    --------
    >>> component_styles(["convert", "drive"])
    {'convert': ('#F0E442', '....'), 'drive': ('#0072B2', '....')}
    """
    own = {name: component_style(name) for name in names}
    looks = _looks()
    styles = {name: style for name, style in own.items() if name in looks}
    for name in (name for name in own if name not in looks):
        first = PALETTE.index(own[name][0])
        colours = PALETTE[first:] + PALETTE[:first]
        free = ((colour, hatch) for hatch in ("....", "oo", "**") for colour in colours)
        styles[name] = next((style for style in free if style not in styles.values()), own[name])
    return {name: styles[name] for name in names}


def colours_of_layers(names: Sequence[str]) -> dict[str, str]:
    """`layer_colours`, with those of the input and of no layer."""
    return {**_NO_LAYER, **layer_colours([name for name in names if name not in _NO_LAYER])}
