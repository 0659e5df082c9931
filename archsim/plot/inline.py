"""Pictures in a notebook."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from archsim.files import scratch_folder


@dataclass(frozen=True, eq=False)
class Inline:
    """A picture that a notebook shows, and the data in it.

    Parameters
    ----------
    png : bytes
    data : object
        What the picture's function returned.
    """

    png: bytes
    data: Any

    def _repr_png_(self) -> bytes:
        return self.png


def inline(picture: Callable[..., Any], *what: Any, **options: Any) -> Inline:
    """Draw a picture for a notebook instead of into a file.

    Parameters
    ----------
    picture : function
        One of `archsim.plot`.
    what
        Its arguments before the path, such as a result.
    options
        Its arguments by name.

    Returns
    -------
    Inline
        As the last line of a cell it is shown.

    Examples
    --------
    >>> from archsim.plot import conductance_map
    >>> shown = inline(conductance_map, [[1e-6, 4e-6]])
    >>> shown.data.conductance_us.tolist(), shown._repr_png_()[1:4]
    ([[1.0, 4.0]], b'PNG')
    """
    with scratch_folder() as folder:
        file = folder / "picture.png"
        data = picture(*what, path=file, **options)
        return Inline(file.read_bytes(), data)
