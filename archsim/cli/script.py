"""What scripts of studies share: their options, and how they end."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from archsim.cli.say import say
from archsim.errors import ArchsimError


def options(about: str | None, name: str) -> argparse.ArgumentParser:
    """Options of a study that writes a record and a page of it.

    Parameters
    ----------
    about : str or None
        The script's docstring.
    name : str
        Of the study; its files are in ``results/NAME`` if not said otherwise.

    Returns
    -------
    argparse.ArgumentParser
        With ``--output`` and ``--from-record``, for a script to add its own.

    Examples
    --------
    >>> options("A study.", "tiles").parse_args(["--from-record"])
    Namespace(output=PosixPath('results/tiles'), from_record=True)
    """
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, default=Path("results") / name)
    parser.add_argument(
        "--from-record", action="store_true", help="read the record in the output folder, run nothing"
    )
    return parser


def options_of_jobs(about: str | None, name: str) -> argparse.ArgumentParser:
    """As `options`, of a study of learning runs: ``--seeds``, ``--workers`` and ``--cache`` too.

    Examples
    --------
    >>> options_of_jobs("A study.", "rules").parse_args(["--seeds", "3", "--workers", "2"]).seeds
    3
    """
    parser = options(about, name)
    parser.add_argument("--seeds", type=int, help="of the learning runs, for their intervals")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--cache", type=Path, help="keeps finished jobs there; the same call resumes")
    return parser


def options_of_base(about: str | None, name: str) -> argparse.ArgumentParser:
    """As `options_of_jobs`, around one workload: ``--set`` and ``--quick`` too.

    Examples
    --------
    >>> options_of_base("A study.", "optimizers").parse_args(["--set", "samples=1"]).set
    ['samples=1']
    """
    parser = options_of_jobs(about, name)
    parser.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", help="in the workload")
    parser.add_argument("--quick", action="store_true", help="few settings, short training: no figures to cite")
    return parser


def ended(main: Callable[[Sequence[str]], None]) -> None:
    """Call a script's `main` with the words of its command line; an error is one line, and exit code 2."""
    try:
        main(sys.argv[1:])
    except ArchsimError as error:
        tell(f"error: {error}")
        sys.exit(2)


def tell(text: str) -> None:
    """Say how far it has come, on stderr."""
    say(text, err=True)
