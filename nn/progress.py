"""How training shows itself: nothing, a bar on a terminal, lines elsewhere.

All of it goes to standard error. Nothing is formatted but what is shown, and a bar is
drawn at most ten times a second, so that showing costs a step next to nothing.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nn.run import Training

BAR_SECONDS = 0.1
"""The shortest time between two drawings of the bar."""

LINE_SECONDS = 1.0
"""Epochs that end faster than this have no line each where there are many."""

LINES = 20
"""How many lines even the fastest training shows."""


class Silent:
    """Shows nothing; the base of what shows something."""

    def step(self) -> None:
        """A step was taken."""

    def epoch(self) -> None:
        """An epoch ended, and all that is measured after it has been."""


class Lines(Silent):
    """A line an epoch; some twenty of them where epochs are many and fast."""

    def __init__(self, training: Training) -> None:
        self.training = training
        self.shown = time.monotonic()

    def epoch(self) -> None:
        """Say how the epoch ended."""
        training, now = self.training, time.monotonic()
        epoch, epochs = training.epoch, training.epochs
        turn = epoch == epochs or epoch % max(1, epochs // LINES) == 0
        if turn or now - self.shown >= LINE_SECONDS:
            self.shown = now
            numbers = ", ".join(f"{k} {v}" for k, v in training.summary().items())
            print(f"epoch {epoch}/{epochs}: {numbers}", file=sys.stderr, flush=True)


class Bar(Silent):
    """A bar of all the examples that will be used."""

    def __init__(self, training: Training, bar: Any) -> None:
        self.training = training
        self.bar = bar
        self.due = 0.0

    def step(self) -> None:
        """Draw the bar if the last drawing is old enough."""
        now = time.monotonic()
        if now >= self.due:
            self.due = now + BAR_SECONDS
            self.draw()

    def draw(self) -> None:
        """Draw the bar as things stand."""
        training = self.training
        done = training.epoch * training.n + training.position
        epoch = training.epoch + (training.position > 0)
        self.bar.set_postfix({"epoch": epoch, **training.summary()}, refresh=False)
        self.bar.n = done
        self.bar.refresh()


@contextmanager
def shown(training: Training, wanted: bool) -> Iterator[Silent]:
    """What shows the training until the end of the block."""
    try:
        from tqdm import tqdm
    except ImportError:
        tqdm = None
    if not wanted:
        yield Silent()
        return
    if tqdm is None or not sys.stderr.isatty():
        yield Lines(training)
    else:
        bar = tqdm(
            total=training.epochs * training.n,
            initial=training.epoch * training.n + training.position,
            unit=" examples",
            unit_scale=True,
        )
        with bar:
            show = Bar(training, bar)
            yield show
            show.draw()
    if training.stopped:
        print(f"stopped {training.place()}: {training.stopped}", file=sys.stderr)
