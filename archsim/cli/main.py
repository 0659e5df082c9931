"""The console script ``archsim``: Ctrl-C and SIGTERM are answered from here on, before anything heavy is loaded.

A signal is an exception in Python, which is lost where it falls into a finalizer or into a library that swallows
it. So it is noted, raised again if it was lost, and asked for once more at the end.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Any

EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
_WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}
_AGAIN_S = 0.01
_HAS_ALARMS = hasattr(signal, "SIGALRM")  # Windows has none: there a signal that was lost is not asked for again
_noted: list[signal.Signals] = []


class _Signalled(KeyboardInterrupt):
    """Python itself ends by SIGINT, whatever exit code it is given, once a bare one has passed through an exec."""


def main() -> None:
    """Run the command line, and end with the exit code of a signal that came meanwhile."""
    code: Any = 0
    _listen()
    try:
        code = _run()
        _let_go()
    except KeyboardInterrupt:
        _let_go()
    if _noted:
        sys.stderr.write(f"{_WORDS[_noted[0]]}\n")
        code = EXIT_CODES[_noted[0]]
    sys.exit(code)


def _run() -> Any:
    """The exit code of a command; whatever goes wrong after a signal came is of the signal."""
    try:
        from archsim.cli.app import app

        app()
    except SystemExit as ended:
        return ended.code
    except BaseException as error:
        if _noted:
            return None
        from archsim.cli.say import say_full  # --help is printed by typer itself

        if say_full(error):
            return 2
        raise
    return 0


def _listen() -> None:
    for signum in EXIT_CODES:
        if signal.getsignal(signum) is not signal.SIG_IGN:  # a shell may have told background jobs to ignore it
            signal.signal(signum, _note)
    if _HAS_ALARMS:
        signal.signal(signal.SIGALRM, _raise_noted)
    sys.unraisablehook = _was_lost


def _let_go() -> None:
    """From here on a signal ends the process at once, and nothing raises any more."""
    if _HAS_ALARMS:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
    for signum in EXIT_CODES:
        if signal.getsignal(signum) is not signal.SIG_IGN:
            signal.signal(signum, signal.SIG_DFL)


def _note(signum: int, frame: FrameType | None) -> None:
    _noted.append(signal.Signals(signum))
    _raise_noted(signum, frame)


def _raise_noted(signum: int, frame: FrameType | None) -> None:
    del signum, frame
    if _noted:
        raise _Signalled


def _was_lost(lost: sys.UnraisableHookArgs) -> None:
    """An exception that Python could not propagate; a signal is raised again, outside."""
    if _HAS_ALARMS and _noted and isinstance(lost.exc_value, KeyboardInterrupt):
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_S)
    else:
        sys.__unraisablehook__(lost)


if __name__ == "__main__":
    main()
