"""What every command has in common: how it ends, and with what exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from nn.cli.arguments import parsed
from nn.cli.evaluate import evaluate
from nn.cli.predict import predict
from nn.cli.train import train

DONE, FAILED, MISTAKEN, INTERRUPTED = 0, 1, 2, 130
"""The exit codes; `python -m nn --help` says what they mean."""

COMMANDS: dict[str, Callable[[dict[str, Any]], None]] = {
    "train": train,
    "evaluate": evaluate,
    "predict": predict,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Do what a command line says, by default that of this process; the exit code.

    Mistakes are told in one line on standard error: of the command line and of files
    with code 2, training that diverges, or outgrows the memory, with code 1. Ctrl-C is
    130.
    """
    try:
        _do(sys.argv[1:] if argv is None else argv)
        sys.stdout.flush()
    except BrokenPipeError:  # nobody reads on, as in `| head`
        _silence_output()
        return FAILED
    except KeyboardInterrupt as interrupt:
        print(str(interrupt) or "interrupted", file=sys.stderr)
        return INTERRUPTED
    except (ArithmeticError, MemoryError) as error:
        return _told(error, FAILED)
    except (ValueError, OSError, ImportError) as error:
        return _told(error, MISTAKEN)
    return DONE


def _do(argv: Sequence[str]) -> None:
    """Do a command, or show help."""
    with suppress(SystemExit):  # argparse has shown it, and is done
        given = parsed(argv)
        COMMANDS[given.pop("run_command")](given)


def _told(error: Exception, code: int) -> int:
    """Tell an error in one line, and hand back the code."""
    text = str(error) or type(error).__name__
    if isinstance(error, OSError) and error.strerror:  # without the number
        where = f"{error.filename}: " if error.filename else ""
        text = f"{where}{error.strerror}"
    print(f"error: {' '.join(text.split())}", file=sys.stderr)
    return code


def _silence_output() -> None:
    """Have Python not complain once more about the pipe when it closes it at the end.

    From the documentation of the module signal, "Note on SIGPIPE".
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
