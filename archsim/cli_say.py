"""What commands tell: results on stdout, everything else on stderr, all of it as text."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress

import typer

from archsim.errors import WriteError
from archsim.texts import shown


def say(text: str = "", *, err: bool = False) -> None:
    """Print a text; what a name in it would do to a terminal is spelled out.

    Raises
    ------
    WriteError
        stdout cannot be written. If stderr cannot, there is nobody left to tell.
    """
    try:
        typer.echo(shown(text), err=err)
    except OSError as cause:
        if cause.errno == errno.EPIPE and not err:  # the reader has enough: typer ends quietly
            raise
        _give_up(1 if not err else 2)
        if not err:
            raise WriteError(f"stdout: cannot be written: {cause.strerror or cause}") from None


def _give_up(descriptor: int) -> None:
    """Lose what is still waiting to be written, which would fail once more at the end of the process."""
    stream = sys.stdout if descriptor == 1 else sys.stderr
    with suppress(OSError, ValueError):
        if stream.fileno() == descriptor:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, descriptor)
            os.close(nowhere)
