"""Callbacks: what is done after each epoch of training, besides training.

A callback is any function of one argument, the `Training`. It may read `epoch`,
`epochs`, `model`, `optimizer` and `history`, change the parameters, and end the
training:

    def stop_when_done(training):
        if training.history.loss[-1] < 0.01:
            training.stop("the loss is below 0.01")

    fit(..., callbacks=[stop_when_done, EarlyStopping(patience=5)])

One that has to remember something, or to do something at other times, is a subclass of
`Callback`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from nn.schedules import check_real

if TYPE_CHECKING:
    from nn.run import Training

State: TypeAlias = dict[str, npt.NDArray[np.float64]]

METRICS = {
    "loss": -1.0,
    "training_accuracy": 1.0,
    "validation_loss": -1.0,
    "validation_accuracy": 1.0,
}
"""What of a history can be watched: 1 where more is better, -1 where less is."""


class Callback:
    """The base class of what does more than a function called after each epoch.

    Whatever is not overridden does nothing. A subclass that remembers something from
    one epoch to the next puts it into `state_dict`, so that checkpoints keep it.
    """

    def at_start(self, training: Training) -> None:
        """Get ready, before the first step of a call of `fit`. Errors end it here."""

    def __call__(self, training: Training) -> None:
        """Do something after an epoch."""

    def at_interrupt(self, training: Training) -> None:
        """Do something after Ctrl-C, between two steps."""

    def at_end(self, training: Training) -> None:
        """Do something after the last epoch, unless an error or Ctrl-C has ended it."""

    def state_dict(self) -> State:
        """What is remembered, as float arrays by name."""
        return {}

    def load_state_dict(self, state: Mapping[str, npt.NDArray[np.float64]]) -> None:
        """Remember what a `state_dict` holds. ValueError, and no change, if unfit."""
        if state:
            raise ValueError(f"{type(self).__name__} remembers no {sorted(state)}.")


class FunctionCallback(Callback):
    """A function that is called after each epoch."""

    def __init__(self, function: Callable[[Training], Any]) -> None:
        self.function = function

    def __call__(self, training: Training) -> None:
        """Call the function."""
        self.function(training)


class EarlyStopping(Callback):
    """End the training after `patience` epochs without improvement (Prechelt 1998).

    `metric` is what is watched: `validation_loss`, `validation_accuracy`, `loss` or
    `training_accuracy`. It has improved where it is better than ever before by more
    than `min_delta`. In the end the model has the parameters of the best epoch, also
    where the training ran through. After Ctrl-C it has those of the last step.
    """

    def __init__(
        self, patience: int, metric: str = "validation_loss", min_delta: float = 0.0
    ) -> None:
        check_count("EarlyStopping: patience", patience)
        if metric not in METRICS:
            raise ValueError(
                f"EarlyStopping: metric must be one of {', '.join(METRICS)}, not "
                f"{metric!r}"
            )
        self.patience = patience
        self.metric = metric
        self.min_delta = check_real("EarlyStopping: min_delta", min_delta)
        self.best_epoch = 0
        self.best = math.nan
        self._weights: npt.NDArray[np.float64] = np.empty(0)

    def at_start(self, training: Training) -> None:
        """Forget earlier trainings. ValueError if what is watched is not measured."""
        if self.metric not in training.measured:
            raise ValueError(
                f"EarlyStopping: {self.metric} is not measured in this training. Give "
                f"fit validation=(X, y), or training_accuracy=True, or watch another "
                f"metric."
            )
        self.best_epoch, self.best, self._weights = 0, math.nan, np.empty(0)

    def __call__(self, training: Training) -> None:
        """Note the best epoch, and stop where it is too long ago."""
        number = getattr(training.history, self.metric)[-1]
        gain = METRICS[self.metric] * (number - self.best)
        if not self.best_epoch or gain > self.min_delta:
            self.best_epoch, self.best = training.epoch, number
            self._weights = training.numbers()
        elif training.epoch - self.best_epoch >= self.patience:
            training.stop(
                f"{self.metric} was best in epoch {self.best_epoch}, {self.best:.6g}, "
                f"and has not improved in {self.patience} epochs"
            )

    def at_end(self, training: Training) -> None:
        """Give the model the parameters of the best epoch."""
        if self.best_epoch:
            training.set_numbers(self._weights)

    def state_dict(self) -> State:
        """The best epoch, what was measured in it, and its parameters."""
        best = np.array([self.best_epoch, self.best])
        return {"best": best, "weights": self._weights}

    def load_state_dict(self, state: Mapping[str, npt.NDArray[np.float64]]) -> None:
        """Remember what a `state_dict` holds. ValueError, and no change, if unfit."""
        if state.keys() != {"best", "weights"} or state["best"].shape != (2,):
            raise ValueError(
                f"EarlyStopping remembers best and weights, not {sorted(state)}."
            )
        epoch, best = state["best"].tolist()
        self.best_epoch, self.best = int(epoch), best
        self._weights = state["weights"].copy()


class Checkpoint(Callback):
    """Write a checkpoint after each `every`-th epoch, at the end, and at Ctrl-C.

    It replaces the file at `path`, which is whole at any moment. `fit(...,
    resume=path)` goes on from it, and `nn.load(path)` reads its model. Other callbacks
    are called first, so that it holds what they have done.
    """

    def __init__(self, path: str | os.PathLike[str], every: int = 1) -> None:
        check_count("Checkpoint: every", every)
        self.path = os.fspath(path)
        self.every = every

    def at_start(self, training: Training) -> None:
        """Find out now whether a checkpoint can be written. OSError if not."""
        training.try_saving(self.path)

    def __call__(self, training: Training) -> None:
        """Write a checkpoint, if it is time."""
        last = training.stopped or training.epoch == training.epochs
        if last or training.epoch % self.every == 0:
            training.save(self.path)

    def at_interrupt(self, training: Training) -> None:
        """Write a checkpoint of the midst of an epoch."""
        training.save(self.path)


def check_count(name: str, count: int) -> None:
    """ValueError for anything but a whole number from 1 up."""
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 1:
        raise ValueError(f"{name} must be a whole number from 1 up, not {count!r}")
