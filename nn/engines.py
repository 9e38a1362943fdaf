"""The two ways to run a model and its loss: eager, and compiled.

Both offer the same three things: `step` on a batch, the loss of examples, the outputs
for examples. Eager records each example's graph and sweeps it; compiled records the
first example once, and runs all of them as array instructions (see
`autograd.compile`). They agree to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from autograd import DomainError, Value, compile, no_grad, tracing
from nn.module import Module
from nn.optimizers import Optimizer

Loss: TypeAlias = Callable[[Any, Any], Value]
"""A loss of one example: the model's outputs and the target."""

Matrix: TypeAlias = npt.NDArray[np.float64]

CHUNK = 1024
"""How many examples a compiled program is given at once, when none are trained on."""


class Eager:
    """A model and its loss, run example by example."""

    def __init__(
        self,
        model: Module,
        loss: Loss,
        optimizer: Optimizer,
        X: Matrix,
        y: npt.NDArray[Any],
    ) -> None:
        self.model = model
        self.loss = loss
        self.optimizer = optimizer
        self.X = X
        self.y = y

    def step(self, batch: npt.NDArray[np.intp]) -> float:
        """One step on the mean loss of some examples. Return the sum of their losses.

        Each example's graph is differentiated and freed before the next is recorded:
        the leaves add the gradients up, and memory stays that of one example.
        """
        self.optimizer.zero_grad()
        total = 0.0
        X, y = self.X[batch].tolist(), self.y[batch].tolist()
        for inputs, target in zip(X, y, strict=True):
            value = self.loss(self.model(inputs), target)
            (value / len(batch)).backward()
            total += value.data
        self.optimizer.step()
        return total

    def mean_loss(self, X: Matrix, y: npt.NDArray[Any]) -> float:
        """The mean loss of examples, without learning from them."""
        with no_grad():
            losses = [
                self.loss(self.model(inputs), target).data
                for inputs, target in zip(X.tolist(), y.tolist(), strict=True)
            ]
        return sum(losses) / len(losses)

    def outputs(self, X: Matrix) -> Matrix:
        """The outputs for examples, (n, n_outputs) or (n,)."""
        return eager_outputs(self.model, X)

    def write_back(self) -> None:
        """Put the parameters into the model, where they are already."""


class Compiled:
    """A model and its loss, recorded on one example and compiled.

    TraceError where the model or the loss branches on a number.
    """

    def __init__(
        self,
        model: Module,
        loss: Loss,
        optimizer: Optimizer,
        X: Matrix,
        y: npt.NDArray[Any],
    ) -> None:
        self.model = model
        self.optimizer = optimizer
        self.X = X
        self.y = y.reshape(len(y), -1)
        self.batches: dict[int, tuple[Matrix, Matrix]] = {}
        self.predictor: Predictor | None = None
        inputs = [Value(number) for number in X[0].tolist()]
        targets = [Value(number) for number in np.atleast_1d(y[0]).tolist()]
        with tracing():
            value = loss(model(inputs), targets if y.ndim > 1 else targets[0])
        if not isinstance(value, Value):
            raise TypeError(
                f"fit: the loss must return one Value, not {type(value).__name__}"
            )
        self.program = compile(value, [*inputs, *targets], optimizer.parameters)
        self.loss = loss
        self.check_targets(y)

    def check_targets(self, y: npt.NDArray[Any]) -> None:
        """Have the loss look at every target, though it is recorded for one only."""
        with no_grad():
            outputs = self.model(self.X[0].tolist())
            for target in np.unique(y, axis=0).tolist():
                # With these outputs the loss itself may be undefined.
                with suppress(DomainError, ArithmeticError):
                    self.loss(outputs, target)

    def step(self, batch: npt.NDArray[np.intp]) -> float:
        """One step on the mean loss of some examples. Return the sum of their losses.

        They are gathered into arrays that are allocated once per batch size.
        """
        n, n_inputs = len(batch), self.X.shape[1]
        if n not in self.batches:
            width = n_inputs + self.y.shape[1]
            self.batches[n] = np.empty((n, n_inputs)), np.empty((n, width))
        gathered, joined = self.batches[n]
        np.take(self.X, batch, axis=0, out=gathered, mode="clip")
        joined[:, :n_inputs] = gathered
        joined[:, n_inputs:] = self.y[batch]
        value, gradient = self.program.value_and_grad(joined)
        self.optimizer.apply(self.program.parameters, gradient)
        return value * n

    def mean_loss(self, X: Matrix, y: npt.NDArray[Any]) -> float:
        """The mean loss of examples, without learning from them."""
        return float(_in_chunks(self.program, _joined(X, y)).mean())

    def outputs(self, X: Matrix) -> Matrix:
        """The outputs for examples, (n, n_outputs) or (n,)."""
        self.write_back()
        if self.predictor is None:
            # The optimizer may move Values that the model uses and does not list.
            moved = self.optimizer.parameters
            self.predictor = Predictor(self.model, X[0], moved)
        return self.predictor(X)

    def write_back(self) -> None:
        """Put the parameters into the model."""
        self.program.write_back()


def eager_outputs(model: Module, X: Matrix) -> Matrix:
    """The model's outputs for X, (n, n_inputs), example by example."""
    with no_grad():
        outputs = [model(row) for row in X.tolist()]
    return np.array(
        [float(v) if isinstance(v, Value) else list(map(float, v)) for v in outputs]
    )


class Predictor:
    """A model recorded on one example and compiled for its outputs alone."""

    def __init__(
        self, model: Module, example: Matrix, moved: Sequence[Value] = ()
    ) -> None:
        inputs = [Value(number) for number in example.tolist()]
        with tracing():
            recorded = model(inputs)
        self.single = isinstance(recorded, Value)
        outputs: Sequence[Value] = [recorded] if self.single else recorded
        self.parameters = list(dict.fromkeys([*model.parameters(), *moved]))
        self.program = compile(list(outputs), inputs, self.parameters)

    def __call__(self, X: Matrix) -> Matrix:
        """The outputs for X, (n, n_inputs), with the parameters of now."""
        self.program.parameters[:] = [value.data for value in self.parameters]
        found = _in_chunks(self.program, X)
        return found[:, 0] if self.single else found


def _joined(X: Matrix, y: npt.NDArray[Any]) -> Matrix:
    """Inputs and targets side by side, one example a row."""
    return np.hstack([X, y.reshape(len(y), -1)])


def _in_chunks(program: Callable[[Matrix], Matrix], batch: Matrix) -> Matrix:
    """A program's outputs for any number of examples, a bounded number at a time."""
    starts = range(0, len(batch), CHUNK)
    return np.concatenate([program(batch[i : i + CHUNK]) for i in starts])
