"""Training: a run of `fit`, where it is, and how it is written down and taken up again.

Invariant: between two steps, what `save` writes is all that decides about the steps to
come, but for the data and the loss. A run that goes on from it ends in the same
parameters, to the bit, as one that was never interrupted.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.files import probe, write_whole
from autograd.leaves import floats_of, set_numbers
from nn.callbacks import Callback
from nn.checkpoints import (
    Arrays,
    CheckpointError,
    Path,
    blueprint,
    packed,
    part,
    read,
    refused,
    under,
)
from nn.history import History
from nn.module import Module
from nn.optimizer import Optimizer
from nn.schedules import schedule_from


@dataclass(slots=True)
class EpochSoFar:
    """What has been done of an epoch."""

    position: int = 0
    """How many examples have been used."""
    loss: float = 0.0
    """The sum of their losses."""
    gradient_norm: float = 0.0
    """The sum of the norms of the steps' gradients."""
    learning_rate: float = 0.0
    """That of the last step, once it is near."""
    seconds: float = 0.0
    """What the steps took."""


class Training:
    """A run of `fit`, as its callbacks see it.

    `epoch` is the number of epochs done, of `epochs`; `history` has an entry for each.
    `measured` are the names of those lists of the history that are filled. `stopped` is
    the reason why a callback has ended the training, or None.
    """

    def __init__(
        self,
        model: Module,
        optimizer: Optimizer,
        callbacks: Sequence[Callback],
        *,
        epochs: int,
        batch_size: int,
        n: int,
        seed: int,
        measured: frozenset[str],
    ) -> None:
        self.model = model
        self.optimizer = optimizer
        self.callbacks = callbacks
        self.epochs = epochs
        self.batch_size = batch_size
        self.n = n
        self.seed = seed
        self.measured = measured
        self.history = History()
        self.epoch = 0
        self.stopped: str | None = None
        self._values = list(dict.fromkeys([*model.parameters(), *optimizer.parameters]))
        self._so_far = EpochSoFar()
        self._shuffling = np.random.default_rng(seed)
        self._before_shuffling: Any = self._shuffling.bit_generator.state

    # --- for callbacks ---

    def stop(self, reason: str) -> None:
        """End the training after this epoch; a run that goes on from it stays ended."""
        self.stopped = str(reason)

    def numbers(self) -> npt.NDArray[np.float64]:
        """A copy of the parameters' numbers, (n_parameters,), for `set_numbers`."""
        return np.array(floats_of(self._values, "fit"))

    def set_numbers(self, numbers: npt.NDArray[np.float64]) -> None:
        """Set the parameters to what `numbers` has given. ValueError for others."""
        if numbers.shape != (len(self._values),):
            raise ValueError(
                f"set_numbers: there are {len(self._values)} parameters, and the "
                f"numbers have the shape {numbers.shape}."
            )
        set_numbers(self._values, numbers.tolist())

    def save(self, path: Path) -> None:
        """Write a checkpoint, from which `fit(..., resume=path)` goes on.

        OSError where that fails; then what was there before is there still.
        """
        try:
            write_whole(path, self._packed())
        except OSError as error:
            raise _retold(
                error,
                f"fit: the checkpoint {self.place()} could not be written to {path}: "
                f"{_unended(error)}. What was there before is whole, and the model has "
                f"its parameters of now: nn.save(model, path) keeps them elsewhere.",
            ) from error

    def try_saving(self, path: Path) -> None:
        """Find out whether `save` would succeed. OSError if not."""
        try:
            probe(path, self._packed())
        except OSError as error:
            raise _retold(
                error,
                f"fit: no checkpoint can be written to {path}: {_unended(error)}. "
                f"Nothing was trained. Choose a place that can be written to.",
            ) from error

    # --- for the loop ---

    @property
    def goes_on(self) -> bool:
        """Whether there is an epoch to come."""
        return self.epoch < self.epochs and self.stopped is None

    @property
    def position(self) -> int:
        """How many examples have been used of the epoch that is not done."""
        return self._so_far.position

    def place(self) -> str:
        """Where training is, in words."""
        if not self.position:
            return f"after epoch {self.epoch} of {self.epochs}"
        return (
            f"in epoch {self.epoch + 1} of {self.epochs}, after {self.position:,} of "
            f"{self.n:,} examples,"
        )

    def batches(self) -> Iterator[npt.NDArray[np.intp]]:
        """The indices of each batch that is left of this epoch, in its random order."""
        so_far, start = self._so_far, time.perf_counter()
        self._shuffling.bit_generator.state = self._before_shuffling
        order = self._shuffling.permutation(self.n)
        try:
            for first in range(so_far.position, self.n, self.batch_size):
                if first + self.batch_size >= self.n:
                    so_far.learning_rate = self.optimizer.learning_rate
                yield order[first : first + self.batch_size]
        finally:  # also where the loop is left early
            so_far.seconds += time.perf_counter() - start

    def add(self, loss: float, examples: int) -> None:
        """Note a step: the sum of the losses of so many examples."""
        so_far = self._so_far
        so_far.loss += loss
        so_far.position += examples
        so_far.gradient_norm += self.optimizer.gradient_norm

    def end_epoch(self, measure: Callable[[], dict[str, float]]) -> None:
        """Note an epoch, and what `measure` finds after it."""
        so_far, start = self._so_far, time.perf_counter()
        found = measure()
        self.history.append(
            loss=so_far.loss / self.n,
            learning_rate=so_far.learning_rate,
            gradient_norm=so_far.gradient_norm / math.ceil(self.n / self.batch_size),
            examples_per_second=self.n / max(so_far.seconds, 1e-9),
            seconds=so_far.seconds + time.perf_counter() - start,
            **found,
        )
        self.epoch += 1
        self._so_far = EpochSoFar()
        self._before_shuffling = self._shuffling.bit_generator.state

    def summary(self) -> dict[str, str]:
        """What progress shows, by name."""
        history, shown = self.history, {}
        if self.position:
            shown["loss"] = f"{self._so_far.loss / self.position:.4f}"
        elif history.loss:
            shown["loss"] = f"{history.loss[-1]:.4f}"
        if history.validation_accuracy:
            shown["validation_accuracy"] = f"{history.validation_accuracy[-1]:.1%}"
        shown["learning_rate"] = f"{self.optimizer.learning_rate:.3g}"
        return shown

    # --- checkpoints ---

    @cached_property
    def _terms(self) -> dict[str, Any]:
        """What has to be the same for a run to go on, by name.

        It is taken once, at the start: a callback may change the learning rate.
        """
        terms = {
            "model": blueprint(self.model),
            "parameters": {
                name: array.shape for name, array in self.model.state_dict().items()
            },
            "optimizer": self.optimizer.settings(),
            "batch_size": int(self.batch_size),
            "number of examples": self.n,
            "seed": None if self.seed is None else int(self.seed),
            "callbacks": [type(c).__name__ for c in self._remembering()],
        }
        found: dict[str, Any] = json.loads(json.dumps(terms))  # no tuples any more
        return found

    def _remembering(self) -> list[Callback]:
        """The callbacks that have a state."""
        usual = Callback.state_dict
        return [c for c in self.callbacks if type(c).state_dict is not usual]

    def _others(self) -> list[Any]:
        """The parameters that the optimizer moves and the model does not list."""
        return self._values[len(self.model.parameters()) :]

    def _packed(self) -> bytes:
        """The archive of a checkpoint."""
        rate = self.optimizer.settings()["learning_rate"]
        header = {
            "model": self._terms["model"],
            "training": {
                "terms": self._terms,
                "learning rate": rate,
                "epoch": self.epoch,
                "so far": asdict(self._so_far),
                "shuffling": self._before_shuffling,
                "stopped": self.stopped,
            },
        }
        history = {k: column for k, column in self.history.columns().items() if column}
        arrays = {
            **under("model", self.model.state_dict()),
            **under("others", {"values": floats_of(self._others(), "fit")}),
            **under("optimizer", self.optimizer.state_dict()),
            **under("history", history),
        }
        for i, callback in enumerate(self._remembering()):
            arrays |= under(f"callbacks/{i}", callback.state_dict())
        return packed(header, arrays)

    def restore(self, path: Path) -> None:
        """Go to where a checkpoint was written.

        CheckpointError for a file that is none, and for one of another training; the
        caller puts back what was changed by then. OSError where it cannot be read.
        """
        header, arrays = read(path)
        found = header["training"]
        if found is None:
            raise CheckpointError(
                f"fit: {path} holds a model and no training to resume. Load it with "
                f"nn.load({str(path)!r})."
            )
        with refused(path):
            self._agree(path, found["terms"])
            self._restore_place(path, found)
            self._restore_arrays(arrays)
            if found["learning rate"] != self.optimizer.settings()["learning_rate"]:
                set_rate(self.optimizer, found["learning rate"])

    def _agree(self, path: Path, theirs: dict[str, Any]) -> None:
        """Refuse a checkpoint that was written on other terms."""
        for name, ours in self._terms.items():
            if theirs[name] != ours:
                raise CheckpointError(
                    f"fit: the checkpoint {path} is of another training: {name} was "
                    f"{theirs[name]} then, and is {ours} now. Use what it was made "
                    f"with, or begin anew without resume."
                )

    def _restore_place(self, path: Path, found: dict[str, Any]) -> None:
        """Go to the epoch, and the place in it, that a checkpoint names."""
        epoch, so_far = found["epoch"], EpochSoFar(**found["so far"])
        place = so_far.position
        numbers = [so_far.loss, so_far.gradient_norm, so_far.learning_rate]
        if not (type(epoch) is type(place) is int and epoch >= 0 <= place <= self.n):
            raise ValueError(f"there is no place {place!r} in epoch {epoch!r}")
        if not all(type(number) is float for number in [*numbers, so_far.seconds]):
            raise ValueError(f"sums are numbers, not {numbers}")
        needed = epoch + (place > 0)
        if self.epochs < needed:
            raise CheckpointError(
                f"fit: the checkpoint {path} is in epoch {needed}, and epochs is "
                f"{self.epochs}. It counts all epochs, from the very first."
            )
        self._shuffling.bit_generator.state = found["shuffling"]
        self._before_shuffling = found["shuffling"]
        self.epoch, self._so_far, self.stopped = epoch, so_far, found["stopped"]

    def _restore_arrays(self, arrays: Arrays) -> None:
        """Give everything that has arrays those of a checkpoint."""
        columns = part("history", arrays).items()
        history = History(**{name: column.tolist() for name, column in columns})
        if {len(column) for column in history.columns().values()} - {0, self.epoch}:
            raise ValueError(f"its history is not that of {self.epoch} epochs")
        others = arrays["others/values"].tolist()
        self.optimizer.load_state_dict(part("optimizer", arrays))
        self.model.load_state_dict(part("model", arrays))
        set_numbers(self._others(), others)
        for i, callback in enumerate(self._remembering()):
            callback.load_state_dict(part(f"callbacks/{i}", arrays))
        self.history = history


@contextmanager
def unchanged_on_error(training: Training) -> Iterator[None]:
    """Inside this block, an error leaves model and optimizer as they were before."""
    optimizer = training.optimizer
    numbers, state = training.numbers(), optimizer.state_dict()
    rate = optimizer.settings()["learning_rate"]
    try:
        yield
    except BaseException:
        training.set_numbers(numbers)
        optimizer.load_state_dict(state)
        if optimizer.settings()["learning_rate"] != rate:
            set_rate(optimizer, rate)
        raise


def set_rate(optimizer: Optimizer, rate: Any) -> None:
    """Set the learning rate to what `settings` has said of one."""
    optimizer.learning_rate = schedule_from(rate) if isinstance(rate, dict) else rate


def _unended(error: OSError) -> str:
    """What an error says, without the full stop at its end."""
    return str(error).rstrip(".")


def _retold(error: OSError, message: str) -> OSError:
    """An error of the same kind with another message."""
    retold = type(error)(message)
    retold.errno = error.errno
    return retold
