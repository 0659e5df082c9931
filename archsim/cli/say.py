"""Output of commands: results on stdout, everything else on stderr, all of it as text."""

from __future__ import annotations

import errno
import json
import os
import sys
from contextlib import suppress
from typing import TextIO

import typer

from archsim.display import clear
from archsim.errors import WriteError
from archsim.texts import shown

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def say(text: str = "", *, err: bool = False) -> None:
    """Print a text; what a name in it would do to a terminal is spelled out.

    Raises
    ------
    WriteError
        stdout cannot be written. If stderr cannot, there is no place left to report it.
    """
    clear()
    try:
        typer.echo(shown(text), err=err)
    except OSError as cause:
        if cause.errno == errno.EPIPE and not err:  # the reader has enough: typer ends quietly
            raise
        _give_up(sys.stderr if err else sys.stdout)
        if not err:
            raise WriteError(f"stdout: cannot be written: {cause.strerror or cause}") from None


def say_json(data: object) -> None:
    """Print plain data as JSON, to be the only thing on stdout."""
    say(json.dumps(data, indent=1, allow_nan=False))


def say_full(error: BaseException) -> bool:
    """Whether an error is that of a full stdout that other code wrote to; it is reported then."""
    if not isinstance(error, OSError) or error.filename is not None or error.errno not in _FULL:
        return False
    _give_up(sys.stdout)
    say(f"error: stdout: cannot be written: {error.strerror}", err=True)
    return True


def _give_up(stream: TextIO) -> None:
    """Lose what is still waiting to be written, which would fail once more at the end of the process."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
