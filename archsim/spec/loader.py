"""Reading a chip file."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from archsim.errors import UnusualWarning
from archsim.sources import Source
from archsim.spec.chip import Chip
from archsim.spec.library import read_chip
from archsim.spec.usual import unusual
from archsim.yaml_reader import fill


def load_chip(path: Source, overrides: Sequence[str] = ()) -> Chip:
    """Read a chip: from a YAML file, by the name of one that comes with archsim, or from what a file holds.

    Parameters
    ----------
    path : path, text or dict
        A file as in ``arch_specs/``, the name of an example (:mod:`archsim.examples`; a file of that name wins), a
        file's text, or its content as a dict. What it leaves out stands in the ``library`` that it names.
    overrides : sequence of str
        Assignments ``key.key=value`` that replace values of the file, as ``--set`` does; a single text is one.

    Raises
    ------
    SpecError
        With every error of the file, one per line: ``file:line:col: path: message``.
    UnitError
        If all errors are quantities without a unit or with a wrong one.

    Warns
    -----
    UnusualWarning
        A value is far outside of the published range (:mod:`archsim.spec.usual`); the message names both.

    Examples
    --------
    >>> chip = load_chip("arch_specs/wearable_rram.yaml", ["crossbar.rows=64"])
    >>> chip.crossbar.n_rows
    64
    >>> load_chip({"version": 1, "name": "mine", "library": "rram_22nm", "crossbar": {"rows": 32}}).name
    'mine'
    """
    chip = fill(Chip, read_chip(path, overrides))
    for message in unusual(chip):
        warnings.warn(message, UnusualWarning, stacklevel=2)
    return chip
