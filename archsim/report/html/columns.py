"""Columns of whole numbers as text in a page: the narrowest type, bytes of one rank together, zlib, base64."""

from __future__ import annotations

import base64
import zlib
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

LEVEL = 6  # zlib's default: 9 takes three times as long for a few percent


class Column(TypedDict):
    """A column as the page reads it: `n` numbers of `bytes` bytes each, to which `base` is added.

    A few numbers that 32 bits do not hold stand in `far`, as places and values, and as 0 in `data`. A `bytes` of 8
    means float64, where there are many of them.
    """

    n: int
    bytes: int
    base: int
    far: tuple[list[int], list[int]]
    data: str


def packed(values: NDArray[Any]) -> Column:
    """Pack whole numbers below 2**53.

    Examples
    --------
    >>> import numpy as np
    >>> column = packed(np.array([-1, 300]))
    >>> column["n"], column["bytes"], column["base"]
    (2, 2, -1)
    >>> unpacked(column).tolist()
    [-1, 300]
    """
    values = np.asarray(values)
    base = int(values.min()) if len(values) else 0
    above = values.astype(np.int64) - base
    places = np.flatnonzero(above >= 256**4)
    if len(places) > len(values) // 100:
        places = places[:0]
    far = (places.tolist(), (above[places] + base).tolist())
    above[places] = 0
    largest = int(above.max()) if len(above) else 0
    width = next((n for n in (1, 2, 4) if largest < 256**n), 8)
    raw = above.astype("<f8" if width == 8 else f"<u{width}")
    planes = raw.view(np.uint8).reshape(-1, width).T if len(raw) else np.zeros(0, np.uint8)
    data = base64.b64encode(zlib.compress(np.ascontiguousarray(planes).tobytes(), LEVEL)).decode()
    return {"n": len(values), "bytes": width, "base": base, "far": far, "data": data}


def unpacked(column: Column) -> NDArray[np.int64]:
    """The arguments of `packed`."""
    width = column["bytes"]
    flat = np.frombuffer(zlib.decompress(base64.b64decode(column["data"])), np.uint8)
    raw = np.ascontiguousarray(flat.reshape(width, -1).T).reshape(-1)
    values = raw.view("<f8" if width == 8 else f"<u{width}")
    whole: NDArray[np.int64] = values.astype(np.int64) + column["base"]
    places, given = column["far"]
    whole[places] = given
    return whole


def steps(values: NDArray[np.int64], first: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Differences of neighbours; where a new run of numbers begins, the number itself.

    Examples
    --------
    >>> import numpy as np
    >>> steps(np.array([5, 9, 2]), np.array([True, False, True])).tolist()
    [5, 4, 2]
    """
    change = np.diff(values, prepend=0)
    change[first] = values[first]
    return change
