"""Ctrl-C, so that it ends work between two steps and not within one.

    with noted_interrupt() as interrupt:
        for step in steps:
            step()
            if interrupt.asked:
                break

The first Ctrl-C sets `asked`; the second raises KeyboardInterrupt at once, as does the
first outside the block.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass(slots=True)
class Interrupt:
    """Whether Ctrl-C has been pressed."""

    asked: bool = False

    def handle(self, signum: int, frame: FrameType | None) -> None:
        """What a signal does: the first is noted, the second is raised."""
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


@contextmanager
def noted_interrupt() -> Iterator[Interrupt]:
    """Note the first Ctrl-C instead of raising it, until the end of the block.

    Only the main thread may, and only Python's own handler is replaced: a program that
    handles or ignores the signal itself keeps doing so.
    """
    interrupt = Interrupt()
    usual = signal.default_int_handler
    ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is usual
    )
    if not ours:
        yield interrupt
        return
    signal.signal(signal.SIGINT, interrupt.handle)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, usual)
