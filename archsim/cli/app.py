"""The command line: a group that reads a command when it is called, and turns errors into messages.

Exit codes: 0 done; 1 the run failed; 2 a wrong call, file, network or folder, or a chip or memory too small;
130 interrupted by Ctrl-C; 143 by SIGTERM. Results go to stdout, everything else to stderr.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

from archsim.cli.command import shown_name, summary
from archsim.cli.options import Version
from archsim.cli.say import say
from archsim.cli.warnings import told_once
from archsim.display import clear
from archsim.errors import ArchsimError, DeadlockError, EngineError, TooLargeError
from archsim.registry import COMMANDS

ABOUT_MEMORY = "ask for fewer timesteps, samples or vectors, smaller layers or fewer workers"
RENAMED = {"explore": "uncertainty"}
"""Former names, which still work."""


class _ByName(Mapping[str, Any]):
    """The commands as typer wants them, each made when it is asked for."""

    def __getitem__(self, name: str) -> Any:
        kind = RENAMED.get(name, name).replace("-", "_")
        made = typer.main.get_command(COMMANDS[kind].app())
        made.name = shown_name(kind)
        return made

    def __iter__(self) -> Iterator[str]:
        return map(shown_name, COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class Group(TyperGroup):
    """Turns what archsim raises on purpose into a message and an exit code; anything else is a bug and shown."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = _ByName()  # type: ignore[assignment]  # nobody adds commands to it

    def make_context(self, *arguments: Any, **more: Any) -> Any:
        with _told():
            return super().make_context(*arguments, **more)

    def invoke(self, ctx: Any) -> Any:
        with _told(), told_once():
            return super().invoke(ctx)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        found = super().resolve_command(ctx, args)
        if args[0] in RENAMED:
            say(f"note: archsim {args[0]} is called archsim {RENAMED[args[0]]} now", err=True)
        return found

    def list_commands(self, ctx: Any) -> list[str]:
        del ctx
        return list(self.commands)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(shown_name(kind), summary(kind)) for kind in COMMANDS])


_WORDS = {
    "Value error, ": "",
    "Input should be a valid integer, unable to parse string as an integer": "must be a whole number",
    "Input should be a valid number, unable to parse string as a number": "must be a number",
    "Input should be greater than or equal to": "must be at least",
    "Input should be less than or equal to": "must be at most",
}


def _in_words(message: str) -> str:
    """What typer says of a number, in the words that archsim has for a number in a file."""
    for start, said in _WORDS.items():
        if message.startswith(start):
            return said + message.removeprefix(start)
    return message


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except ArchsimError as error:
        from archsim.cli.inputs import error_text

        say(error_text(str(error), is_one=isinstance(error, DeadlockError)), err=True)
        failed = isinstance(error, EngineError) and not isinstance(error, TooLargeError)
        raise typer.Exit(1 if failed else 2) from None
    except MemoryError as error:
        said = f": {error}" if str(error) else ""
        say(f"error: there is not enough memory{said}; {ABOUT_MEMORY}", err=True)
        raise typer.Exit(2) from None
    except typer.BadParameter as wrong:
        wrong.message = _in_words(wrong.message)
        raise
    except KeyboardInterrupt:  # typer has words and a code of its own for it; `cli.main` says what came
        raise SystemExit(130) from None
    finally:
        clear()


app = typer.Typer(
    cls=Group,
    help="Evaluate spiking networks on RRAM crossbars: latency, energy and area of inference and learning.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def _options(version: Version = False) -> None:
    del version  # has ended the call by itself
