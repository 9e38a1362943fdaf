"""Training: go through the examples, and move the parameters down the loss.

>>> from nn import MLP, Adam, accuracy, data, mse
>>> X, y = data.logic_gate("and")
>>> model = MLP(2, [1], output_activation="sigmoid", seed=0)
>>> adam = Adam(model.parameters(), learning_rate=0.1)
>>> history = fit(model, X, y, loss=mse, optimizer=adam, epochs=60, progress=False)
>>> accuracy(model, X, y)
1.0
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy.typing as npt

from autograd.leaves import floats_of
from nn.callbacks import Callback, Checkpoint, FunctionCallback, check_count
from nn.engines import Compiled, Eager, Engine, Loss
from nn.examples import Matrix, as_examples
from nn.history import History
from nn.interrupt import noted_interrupt
from nn.metrics import share_right
from nn.module import Module
from nn.optimizer import Optimizer
from nn.progress import shown
from nn.run import Training, unchanged_on_error

Examples: TypeAlias = tuple[Matrix, npt.NDArray[Any]]
"""X, (n, n_inputs), and y, (n,) or (n, n_outputs)."""

DIVERGED = 1e6
"""A parameter of this size says that training has diverged."""


def fit(
    model: Module,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    loss: Loss,
    optimizer: Optimizer,
    epochs: int,
    batch_size: int | None = None,
    validation: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    threshold: float | None = None,
    compiled: bool = True,
    progress: bool = True,
    seed: int = 0,
    training_accuracy: bool = False,
    callbacks: Sequence[Callback | Callable[[Training], Any]] = (),
    checkpoint: str | os.PathLike[str] | None = None,
    resume: str | os.PathLike[str] | None = None,
) -> History:
    """Train the model in place on X, (n, n_inputs), and y, (n,) or (n, n_outputs).

    Each epoch goes once through all examples in a new random order (from `seed`), in
    batches of `batch_size` (all n by default); each batch is one step of the optimizer
    on the mean loss. `loss(outputs, target)` is that of one example. `validation` is a
    pair (X, y) that is measured after each epoch and not trained on; with
    `training_accuracy` the accuracy on X and y is, too. `threshold` is that of
    `accuracy`. `progress` shows a bar on a terminal where tqdm is installed, and lines
    on standard error elsewhere.

    With `compiled` the first example is recorded, and its graph runs as a compiled
    program for all. The model and the loss are run again at up to three other examples,
    spread over X, and the loss at up to 32 different targets, and held to the program:
    TraceError where it gives something else, as something was fixed that changes, and
    where they branch on a Value's number (write `where`). What plain numbers decide in
    a small part of X alone, or at a later call, such as a counter, is not seen. Without
    `compiled` each example is recorded anew. Both agree to rounding.

    `callbacks` are called after each epoch, in their order; see `nn.callbacks`.
    `checkpoint` is a path at which a checkpoint is written after each epoch, short for
    the callback `Checkpoint(path)`. With `resume`, the path of a checkpoint, the run
    goes on from it: given the same arguments otherwise (`epochs` may be larger, and
    counts from the very start), the parameters end up the same, to the bit, as if
    nothing had happened, and the history has all epochs. (The bits are those of one
    machine: with another number of threads, BLAS adds up in another order.) What is in
    the model and the optimizer is replaced. The path is only read: give `checkpoint`,
    too.

    Ctrl-C ends the training after the step that is under way, with the parameters of
    that step in the model and, where there is a checkpoint's path, a checkpoint of
    that moment. In a notebook and at a prompt the history so far is returned then, so
    that work can go on; a script is ended by KeyboardInterrupt, so that it does not
    take an unfinished model for a finished one. A second Ctrl-C is immediate.

    Raises ValueError for examples that are empty, of different lengths or not finite,
    CheckpointError (a ValueError) for a checkpoint that is damaged or of another
    training, OSError where one cannot be read or written, and what the loss and the
    engine raise. The parameters are those of the last whole step then, and a checkpoint
    that was there before is whole.
    """
    examples = as_examples(X, y, "fit")
    if validation is not None and not isinstance(validation, (tuple, list)):
        raise TypeError(f"fit: validation is a pair (X, y), not {validation!r}")
    held_out = as_examples(*validation, "fit: validation") if validation else None
    _check_learners(model, loss, optimizer)
    check_count("epochs", epochs)
    n = len(examples[0])
    batch_size = n if batch_size is None else batch_size
    check_count("batch_size", batch_size)
    measured = _Measured(examples if training_accuracy else None, held_out, threshold)
    training = Training(
        model,
        optimizer,
        _in_order(callbacks, checkpoint),
        epochs=epochs,
        batch_size=batch_size,
        n=n,
        seed=seed,
        measured=measured.names(),
    )
    for callback in training.callbacks:
        callback.at_start(training)
    with unchanged_on_error(training) if resume is not None else nullcontext():
        if resume is not None:
            training.restore(resume)
        kind = Compiled if compiled else Eager
        engine: Engine = kind(model, loss, optimizer, *examples, seed=seed)
        if held_out is not None:
            engine.check_targets(held_out[1], "the validation's y")
    try:
        with noted_interrupt() as interrupt, shown(training, progress) as show:
            while training.goes_on and not interrupt.asked:
                for batch in training.batches():
                    training.add(engine.step(batch), len(batch))
                    show.step()
                    if interrupt.asked:
                        break
                else:
                    training.end_epoch(lambda: measured.by(engine))
                    _call_back(training, engine)
                    show.epoch()
    except ArithmeticError as error:
        engine.write_back()
        _name_divergence(training, error)
        raise
    finally:
        engine.write_back()
    return _interrupted(training) if interrupt.asked else _finished(training)


@dataclass(frozen=True, slots=True)
class _Measured:
    """What is measured after each epoch."""

    examples: Examples | None
    held_out: Examples | None
    threshold: float | None

    def names(self) -> frozenset[str]:
        """The lists of the history that are filled and may be watched."""
        names = {"loss"}
        names |= set() if self.examples is None else {"training_accuracy"}
        if self.held_out is not None:
            names |= {"validation_loss", "validation_accuracy"}
        return frozenset(names)

    def by(self, engine: Engine) -> dict[str, float]:
        """The measurements, by name."""
        found = {}
        if self.examples is not None:
            found["training_accuracy"] = self._accuracy(engine, self.examples)
        if self.held_out is not None:
            found["validation_loss"] = engine.mean_loss(*self.held_out)
            found["validation_accuracy"] = self._accuracy(engine, self.held_out)
        return found

    def _accuracy(self, engine: Engine, examples: Examples) -> float:
        return share_right(engine.outputs(examples[0]), examples[1], self.threshold)


def _check_learners(model: Module, loss: Loss, optimizer: Optimizer) -> None:
    """Refuse what is no loss or no optimizer, and an optimizer of another model."""
    if not isinstance(optimizer, Optimizer) or not callable(loss):
        raise TypeError(
            f"fit: loss must be a function such as nn.mse, and optimizer an optimizer "
            f"such as nn.Adam(model.parameters()), not {loss!r} and {optimizer!r}."
        )
    if not {*optimizer.parameters} & {*model.parameters()}:
        raise ValueError(
            "fit: the optimizer has none of the model's parameters. Make it from "
            "model.parameters() of this very model."
        )


def _in_order(
    callbacks: Sequence[Callback | Callable[[Training], Any]],
    checkpoint: str | os.PathLike[str] | None,
) -> list[Callback]:
    """All callbacks, the checkpoints last: they hold what the others have done."""
    if callable(callbacks):
        raise TypeError("fit: callbacks is a list, as in callbacks=[callback].")
    wrong = [callback for callback in callbacks if not callable(callback)]
    if wrong:
        raise TypeError(
            f"fit: a callback is a function of the training, not {wrong[0]!r}."
        )
    found = [c if isinstance(c, Callback) else FunctionCallback(c) for c in callbacks]
    if checkpoint is not None:
        found.append(Checkpoint(checkpoint))
    return sorted(found, key=lambda callback: isinstance(callback, Checkpoint))


def _call_back(training: Training, engine: Engine) -> None:
    """Call what is to be called after an epoch, and take over what it has changed."""
    if training.callbacks:
        engine.write_back()
        for callback in training.callbacks:
            callback(training)
        engine.vector[:] = floats_of(training.optimizer.parameters, "fit")


def _name_divergence(training: Training, error: ArithmeticError) -> None:
    """OverflowError that says so where the parameters have grown beyond measure."""
    largest = max(abs(parameter.data) for parameter in training.model.parameters())
    if largest >= DIVERGED:
        raise OverflowError(
            f"fit: training diverged in epoch {training.epoch + 1}, a parameter is "
            f"{largest:.3g}. Use a smaller learning_rate than "
            f"{training.optimizer.learning_rate}. The parameters are those of the last "
            f"whole step."
        ) from error


def _finished(training: Training) -> History:
    for callback in training.callbacks:
        callback.at_end(training)
    return training.history


def _interrupted(training: Training) -> History:
    """What Ctrl-C comes to: a return at a prompt, KeyboardInterrupt in a script."""
    for callback in training.callbacks:
        callback.at_interrupt(training)
    paths = [c.path for c in training.callbacks if isinstance(c, Checkpoint)]
    way_on = (
        f"To go on, call fit with the same arguments and resume={paths[-1]!r}."
        if paths
        else "There is no checkpoint to go on from: give fit checkpoint='run.npz'."
    )
    message = f"fit: stopped by Ctrl-C {training.place().rstrip(',')}. {way_on}"
    if not hasattr(sys, "ps1"):  # Python and IPython have it where there is a prompt
        raise KeyboardInterrupt(message)
    print(message, file=sys.stderr)
    return training.history
