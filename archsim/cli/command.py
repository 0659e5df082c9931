"""A command: a name and a function whose signature typer reads."""

from __future__ import annotations

import ast
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from importlib.util import find_spec
from inspect import cleandoc
from typing import Any, ClassVar, cast

import typer

from archsim.cli.kinds import KindsCommand
from archsim.errors import PluginError
from archsim.registry import COMMANDS

PLAIN: dict[str, Any] = {
    "rich_markup_mode": None, "pretty_exceptions_enable": False, "add_completion": False
}  # fmt: skip


class Command(ABC):
    """A command of ``archsim``; a plug-in derives from it, or uses :func:`command`.

    Its name is ``kind``, with ``-`` in place of ``_``.
    """

    kind: ClassVar[str] = ""
    help: ClassVar[str] = ""
    """A sentence for the list of commands, a blank line, and the rest."""

    @classmethod
    @abstractmethod
    def app(cls) -> typer.Typer:
        """The command for typer."""


def command(function: Callable[..., None]) -> type[Command]:
    """Make a command of a function and register it; what it does stands in its docstring, or in its module's.

    The command has the name of the function, without a last ``_``.

    Examples
    --------
    >>> @command
    ... def hello_doctest(name: str) -> None:
    ...     "Greet somebody."
    >>> hello_doctest.kind, hello_doctest.help
    ('hello_doctest', 'Greet somebody.')
    """
    name = function.__name__.removesuffix("_")
    text = cleandoc(function.__doc__ or sys.modules[function.__module__].__doc__ or "")

    def app() -> typer.Typer:
        made = typer.Typer(**PLAIN)
        made.command(shown_name(name), cls=KindsCommand, help=text)(function)
        return made

    about = {"kind": name, "help": text, "app": staticmethod(app), "__module__": function.__module__}
    made = cast("type[Command]", type(f"Command_{name}", (Command,), about))
    return COMMANDS.register(made)


def shown_name(kind: str) -> str:
    """The command line."""
    return kind.replace("_", "-")


def summary(kind: str) -> str:
    """One sentence on a command; the package's own are not imported for it."""
    module = COMMANDS.module_of(kind)
    try:
        text = COMMANDS[kind].help if module is None else _docstring(module)
    except PluginError as error:
        text = str(error)
    return text.split("\n\n")[0].replace("\n", " ")


def _docstring(module: str) -> str:
    found: Any = find_spec(module)
    return ast.get_docstring(ast.parse(found.loader.get_source(module))) or ""
