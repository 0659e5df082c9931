"""Warnings on the command line: each once, as one line on stderr."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from archsim.cli.say import say
from archsim.errors import ArchsimWarning


@contextmanager
def told_once() -> Iterator[None]:
    """Within, archsim's warnings are lines of stderr, and no text comes twice."""
    told: set[str] = set()
    with warnings.catch_warnings():
        other = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
            if not issubclass(category, ArchsimWarning):
                other(message, category, *where, **more)
            elif str(message) not in told:
                told.add(str(message))
                say(f"warning: {message}", err=True)

        warnings.showwarning = show
        warnings.simplefilter("always", ArchsimWarning)
        yield
