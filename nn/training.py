"""Training: go through the examples, and move the parameters down the loss.

>>> from nn import MLP, Adam, data, mse
>>> X, y = data.logic_gate("and")
>>> model = MLP(2, [1], output_activation="sigmoid", seed=0)
>>> adam = Adam(model.parameters(), learning_rate=0.1)
>>> history = fit(model, X, y, loss=mse, optimizer=adam, epochs=60, progress=False)
>>> accuracy(model, X, y)
1.0
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from nn.engines import Compiled, Eager, Loss, Predictor, eager_outputs
from nn.module import Module
from nn.optimizers import Optimizer

Show: TypeAlias = Callable[[int, int, int, float], None]
"""Called after a step: epoch from 1, examples seen in it and in the step, the loss."""


DIVERGED = 1e6
"""A parameter of this size says that training has diverged."""

WORTH_COMPILING = 8
"""From how many examples on recording one of them for all pays."""


@dataclass
class History:
    """What happened, one entry per epoch.

    `loss` is the mean over the epoch's examples of the loss at the moment each was
    used; `validation_loss` and `validation_accuracy` are taken after the epoch, and
    stay empty without validation data; `seconds` is the time the epoch took.
    """

    loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


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
) -> History:
    """Train the model in place on X, (n, n_inputs), and y, (n,) or (n, n_outputs).

    Each epoch goes once through all examples in a new random order (from `seed`), in
    batches of `batch_size` (all n by default); each batch is one step of the optimizer
    on the mean loss. `loss(outputs, target)` is that of one example. `validation` is a
    pair (X, y) that is measured after each epoch and not trained on; `threshold` is
    that of `accuracy`. `progress` shows a bar on a terminal where tqdm is
    installed, and lines on standard error elsewhere.

    With `compiled` the first example is recorded, and its graph runs as a compiled
    program for all; the model and the loss may not branch on a Value's number then
    (TraceError). Without it each example is recorded anew. Both agree to rounding.

    Raises ValueError for examples that are empty, of different lengths or not finite,
    and what the loss and the engine raise; the parameters are those of the last whole
    step then.
    """
    inputs, targets = _examples(X, y, "fit")
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
    held_out = _examples(*validation, "fit: validation") if validation else None
    _check_count("epochs", epochs)
    n = len(inputs)
    batch_size = n if batch_size is None else batch_size
    _check_count("batch_size", batch_size)
    kind = Compiled if compiled else Eager
    engine = kind(model, loss, optimizer, inputs, targets)
    if held_out is not None and isinstance(engine, Compiled):
        engine.check_targets(held_out[1])
    order = np.random.default_rng(seed)
    history = History()
    try:
        with _progress(epochs, n, progress) as show:
            for epoch in range(1, epochs + 1):
                start = time.perf_counter()
                total = 0.0
                indices = order.permutation(n)
                for first in range(0, n, batch_size):
                    batch = indices[first : first + batch_size]
                    total += engine.step(batch)
                    seen = first + len(batch)
                    show(epoch, seen, len(batch), total / seen)
                history.loss.append(total / n)
                if held_out is not None:
                    history.validation_loss.append(engine.mean_loss(*held_out))
                    found = engine.outputs(held_out[0])
                    right = _share_right(found, held_out[1], threshold)
                    history.validation_accuracy.append(right)
                history.seconds.append(time.perf_counter() - start)
    except ArithmeticError as error:
        engine.write_back()
        largest = max(abs(parameter.data) for parameter in model.parameters())
        if largest < DIVERGED:
            raise
        raise OverflowError(
            f"fit: training diverged in epoch {epoch}, a parameter is {largest:.3g}. "
            f"Use a smaller learning_rate than {optimizer.learning_rate}. The "
            f"parameters are those of the last whole step."
        ) from error
    finally:
        engine.write_back()
    return history


def predict(
    model: Module, X: npt.ArrayLike, *, compiled: bool = True
) -> npt.NDArray[np.float64]:
    """The model's outputs for X, (n, n_inputs): float (n, n_outputs).

    It is (n,) for a model that returns a single Value. The model is compiled where
    that is worth it, from some examples on, unless `compiled` is false.
    """
    inputs = _rows(X, "predict")
    if compiled and len(inputs) >= WORTH_COMPILING:
        return Predictor(model, inputs[0])(inputs)
    return eager_outputs(model, inputs)


def accuracy(
    model: Module,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    threshold: float | None = None,
    compiled: bool = True,
) -> float:
    """The share of the examples that the model puts in the right class, from 0 to 1.

    With several outputs the class is the largest one's index, and y holds indices,
    (n,), or one-hot rows, (n, n_outputs). With one output the class is whether it is
    above `threshold`: by default 0.5 for targets 0 and 1, and 0 for targets -1 and 1.
    """
    inputs, targets = _examples(X, y, "accuracy")
    outputs = predict(model, inputs, compiled=compiled)
    return _share_right(outputs, targets, threshold)


def _share_right(
    outputs: npt.NDArray[np.float64],
    targets: npt.NDArray[np.float64],
    threshold: float | None = None,
) -> float:
    """The share of rows whose output and target name the same class."""
    outputs = outputs[:, 0] if outputs.ndim == 2 and outputs.shape[1] == 1 else outputs
    targets = targets[:, 0] if targets.ndim == 2 and targets.shape[1] == 1 else targets
    if targets.ndim > 1 and targets.shape != outputs.shape:
        raise ValueError(
            f"accuracy: the model's outputs have the shape {outputs.shape}, and y has "
            f"{targets.shape}. Give class indices, or one target per output."
        )
    if outputs.ndim == 1:
        if threshold is None:
            threshold = 0.0 if (targets < 0).any() else 0.5
        return float(np.mean((outputs > threshold) == (targets > threshold)))
    classes = targets.argmax(axis=1) if targets.ndim == 2 else targets
    return float(np.mean(outputs.argmax(axis=1) == classes))


def _rows(X: npt.ArrayLike, where: str) -> npt.NDArray[np.float64]:
    """X as floats; ValueError unless it is a finite, non-empty matrix."""
    try:
        given = np.asarray(X)
    except ValueError:  # ragged
        given = np.empty(0)
    real = given.dtype.kind in "biuf"
    matrix = given.astype(np.float64) if real else np.empty(0)
    if matrix.ndim != 2 or not matrix.size:
        raise ValueError(
            f"{where}: X must be a matrix of real numbers, (n, n_inputs), with at "
            f"least one example and one input, not {given.dtype} of {given.shape}."
        )
    bad = np.argwhere(~np.isfinite(matrix))
    if len(bad):
        row, column = bad[0]
        raise ValueError(
            f"{where}: X[{row}, {column}] is {matrix[row, column]}, not a finite "
            f"number. Leave the example out, or replace what is missing."
        )
    return matrix


def _examples(
    X: npt.ArrayLike, y: npt.ArrayLike, where: str
) -> tuple[npt.NDArray[np.float64], npt.NDArray[Any]]:
    """X and y as arrays of the same length."""
    inputs = _rows(X, where)
    array = np.asarray(y)
    if array.dtype == bool:
        array = array.astype(np.int64)
    if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        raise ValueError(f"{where}: y must hold finite numbers.")
    targets = array if array.ndim else np.empty(0)
    if len(inputs) != len(targets):
        raise ValueError(
            f"{where}: X has {len(inputs)} examples and y has {len(targets)}. There "
            f"must be one target per example."
        )
    return inputs, targets


def _check_count(name: str, count: int) -> None:
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 1:
        raise ValueError(f"{name} must be a whole number from 1 up, not {count!r}")


@contextmanager
def _progress(epochs: int, n: int, wanted: bool) -> Iterator[Show]:
    """How training shows itself: nothing, a bar on a terminal, lines elsewhere."""
    try:
        from tqdm import tqdm
    except ImportError:
        tqdm = None
    if not wanted:
        yield lambda epoch, seen, step, loss: None
    elif tqdm is None or not sys.stderr.isatty():
        yield lambda epoch, seen, step, loss: _line(epoch, epochs, seen == n, loss)
    else:
        with tqdm(total=epochs * n, unit=" examples", unit_scale=True) as bar:

            def show(epoch: int, seen: int, step: int, loss: float) -> None:
                bar.set_postfix(epoch=epoch, loss=f"{loss:.4f}", refresh=False)
                bar.update(step)

            yield show


def _line(epoch: int, epochs: int, done: bool, loss: float) -> None:
    """Say on standard error how an epoch ended, for some twenty of them."""
    if done and (epoch == epochs or epoch % max(1, epochs // 20) == 0):
        print(f"epoch {epoch}/{epochs}: loss {loss:.4f}", file=sys.stderr)
