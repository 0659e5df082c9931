"""Value change dump (IEEE 1364-2005, clause 18), for GTKWave: units in use of every resource."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from archsim.export.arrows import ranks
from archsim.export.format import Format
from archsim.export.levels import Level, levels_of
from archsim.export.writing import packed_file
from archsim.registry import EXPORTS

if TYPE_CHECKING:
    from archsim.metrics import Result

_FIRST, _LAST = 33, 126  # printable characters that an identifier code is made of
_PLAIN = re.compile(r"[^0-9A-Za-z_\[\]]")
CHUNK = 65_536


@EXPORTS.register
class Vcd(Format):
    """For GTKWave and other wave viewers."""

    kind = "vcd"
    suffixes = (".vcd",)
    writes = "changes"

    def write(self, result: Result, path: str | Path) -> int:
        return write_vcd(result, path)


def write_vcd(result: Result, path: str | Path) -> int:
    """Write a VCD file with one variable for each resource that tasks use or reserve.

    A resource is a scope within a scope for each part of its name between dots; in it, `busy` is one bit
    (one unit), or `in_use` counts units. They stand in the order of the chip. Time is in picoseconds.

    Returns
    -------
    int
        How many changes were written.

    Raises
    ------
    ArchsimError
        The file cannot be written.
    """
    names, capacity = result.graph.resource_names, result.graph.capacity.tolist()
    place = ranks(names)
    levels = sorted(levels_of(result), key=lambda level: place[level.resource])
    head = [
        "$version archsim $end",
        f"$comment run {scope_name(result.name)} phase {scope_name(result.phase)} $end",
        "$timescale 1 ps $end",
        "$scope module chip $end",
    ]
    codes = [code_of(i) for i in range(len(levels))]
    widths = [max(capacity[level.resource], int(level.units.max())).bit_length() or 1 for level in levels]
    for level, code, width in zip(levels, codes, widths, strict=True):
        scopes = [scope_name(part) for part in names[level.resource].split(".")]
        variable = f"$var wire {width} {code} {'busy' if width == 1 else 'in_use'} $end"
        head += [*(f"$scope module {scope} $end" for scope in scopes), variable, *["$upscope $end"] * len(scopes)]
    head += ["$upscope $end", "$enddefinitions $end"]
    with packed_file(path) as file:
        file.write("\n".join(head).encode() + b"\n")
        lines = _changes(levels, codes, widths, max(result.latency_ps, 0))
        for low in range(0, len(lines), CHUNK):
            file.write("\n".join(lines[low : low + CHUNK]).encode() + b"\n")
    return sum(len(level.time_ps) for level in levels)


def _changes(levels: list[Level], codes: list[str], widths: list[int], end_ps: int) -> list[str]:
    """Values at 0 within ``$dumpvars``, then every instant at which something changes."""
    if not levels:
        return ["#0"]
    which = np.repeat(np.arange(len(levels)), [len(level.time_ps) for level in levels])
    time = np.concatenate([level.time_ps for level in levels])
    units = np.concatenate([level.units for level in levels])
    order = np.lexsort((which, time))
    lines, now = ["#0", "$dumpvars"], 0
    for at, i, value in zip(time[order].tolist(), which[order].tolist(), units[order].tolist(), strict=True):
        if at != now:
            if not now:
                lines.append("$end")
            now = at
            lines.append(f"#{at}")
        lines.append(f"{value}{codes[i]}" if widths[i] == 1 else f"b{value:b} {codes[i]}")
    if not now:
        lines.append("$end")
    if now < end_ps:
        lines.append(f"#{end_ps}")
    return lines


def code_of(number: int) -> str:
    """The identifier code of a variable.

    Examples
    --------
    >>> code_of(0), code_of(93), code_of(94)
    ('!', '~', '"!')
    """
    high, digit = divmod(number, _LAST - _FIRST + 1)
    return (code_of(high) if high else "") + chr(_FIRST + digit)


def scope_name(text: str) -> str:
    """A name in letters, digits, ``_`` and brackets; any other character as ``$`` hexadecimal ``$``.

    Examples
    --------
    >>> scope_name("tile[3]"), scope_name("space[error of fc1]"), scope_text("a$20$b")
    ('tile[3]', 'space[error$20$of$20$fc1]', 'a b')
    """
    return _PLAIN.sub(lambda found: f"${ord(found[0]):x}$", text) or "$$"


def scope_text(name: str) -> str:
    """The text that `scope_name` made a name of."""
    return re.sub(r"\$([0-9a-f]*)\$", lambda found: chr(int(found[1], 16)) if found[1] else "", name)
