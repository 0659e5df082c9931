"""Signals end a command with their exit code wherever they fall, and a stdout that is full is one line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SIGNALS = [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]

# each sends itself the signal of its first argument, somewhere in what it does in place of a command
PLACES = {
    "in the open": "def app():\n    os.kill(os.getpid(), how)\n    time.sleep(60)\n",
    "in a finalizer": """
class Late:
    def __del__(self):
        os.kill(os.getpid(), how)
        for _ in range(1000): pass
def app():
    Late()
    for _ in range(600): time.sleep(0.1)
""",
    "in two finalizers, one behind the other": """
class Late:
    def __del__(self):
        os.kill(os.getpid(), how)
        time.sleep(0.05)
def app():
    Late(), Late()
    for _ in range(600): time.sleep(0.1)
""",
    "in text that is executed": """
def app():
    exec("os.kill(os.getpid(), how); time.sleep(60)")
""",
    "in a library that swallows everything": """
def app():
    try:
        os.kill(os.getpid(), how)
        time.sleep(60)
    except BaseException:
        pass
""",
    "in one that makes another error of it": """
def app():
    try:
        os.kill(os.getpid(), how)
        time.sleep(60)
    except BaseException:
        raise RuntimeError("what now?") from None
""",
}


def run(code: str, *arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT), **options},  # type: ignore[dict-item]
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip


@pytest.mark.parametrize(("how", "code", "said"), SIGNALS)
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_signal_ends_a_command_wherever_it_falls(how, code, said, place):
    head = "import os, sys, time, types\nhow = int(sys.argv[1])\n"
    tail = (
        "sys.modules['archsim.cli.app'] = types.SimpleNamespace(app=app)\n"
        "from archsim.cli.main import main\nmain()\n"
    )
    done = run(head + place + tail, int(how))
    assert (done.returncode, done.stderr) == (code, f"{said}\n")


@pytest.mark.parametrize(("how", "code", "said"), SIGNALS)
def test_a_signal_while_the_program_loads_is_answered_too(tmp_path, how, code, said):
    (tmp_path / "typer.py").write_text(f"import os, time\nos.kill(os.getpid(), {int(how)})\ntime.sleep(60)\n")
    code_ = "from archsim.cli.main import main\nmain()"
    done = run(code_, PYTHONPATH=f"{tmp_path}:{ROOT}")
    assert (done.returncode, done.stderr) == (code, f"{said}\n")


def test_the_console_script_listens_before_it_loads_anything_heavy():
    assert 'archsim = "archsim.cli.main:main"' in (ROOT / "pyproject.toml").read_text()
    done = run("import sys, archsim.cli.main\nprint([n for n in ('typer', 'click', 'numpy') if n in sys.modules])")
    assert done.stdout == "[]\n"


def test_what_is_told_to_be_ignored_stays_ignored():
    code = (
        "import signal, sys, types\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "sys.modules['archsim.cli.app'] = types.SimpleNamespace(app=lambda: signal.raise_signal(signal.SIGINT))\n"
        "from archsim.cli.main import main\nmain()\n"
    )
    assert run(code).returncode == 0


def archsim(*arguments: object, stdout: int | str = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "archsim", *map(str, arguments)]
    with open(stdout, "w") if isinstance(stdout, str) else open(os.devnull) as file:
        return subprocess.run(
            command, stdout=file if isinstance(stdout, str) else stdout, stderr=subprocess.PIPE, text=True,
            cwd=ROOT, check=False, timeout=120,
        )  # fmt: skip


COMMANDS = ["--help", "run --help", "--version", "components tests/chips/wearable_rram.yaml"]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_stdout_is_one_line(command):
    done = archsim(*command.split(), stdout="/dev/full")
    assert (done.returncode, done.stderr) == (2, "error: stdout: cannot be written: No space left on device\n")


def test_escapes_in_a_name_are_spelled_out():
    done = archsim("check", "no\x1b[31m\u202efile")
    assert done.returncode == 2
    assert "\x1b" not in done.stderr
    assert "no\\x1b[31m\\u202efile" in done.stderr
