"""The two ways to run a model and its loss: eager, and compiled.

Both offer the same: a `step` on a batch, the loss and the gradient of a batch, the mean
loss of other examples, the outputs for examples. Eager records each example's graph and
sweeps it; compiled records the first example once, holds that to a few others, and runs
all of them as array instructions (see `autograd.compile`). They agree to rounding,
dropout included: its masks are a function of the seed and of the number of steps that
the optimizer has taken, so that training that is interrupted and goes on later sees the
same ones.

Invariant: an engine computes with `vector`, the numbers of the optimizer's parameters.
They are in the model after `write_back()`.
"""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from autograd import DomainError, Value, compile, no_grad, tracing
from autograd.errors import explaining
from autograd.leaves import floats_of, set_numbers, turn
from nn.examples import Matrix, as_inputs
from nn.module import Module
from nn.optimizer import Optimizer
from nn.regularization import Penalized, drawn_from, training_mode

if TYPE_CHECKING:
    from autograd import CompiledProgram

Loss: TypeAlias = Callable[[Any, Any], Value]
"""A loss of one example: the model's outputs and the target."""

Doubles: TypeAlias = npt.NDArray[np.float64]
Vector: TypeAlias = Doubles
Batch: TypeAlias = npt.NDArray[np.intp]
"""Which examples a batch has: their indices, (batch,)."""

CHUNK = 1024
"""How many examples a compiled program is given at once, when none are trained on."""

TARGETS = 32
"""At how many different targets a compiled loss is held to the loss."""

WORTH_COMPILING = 8
"""From how many examples on recording one of them for all pays."""


class Engine(ABC):
    """A model, its loss and the examples to learn from, (n, n_inputs) and (n, ...).

    `seed` is that of dropout's masks; without one they differ at each run.
    """

    vector: Vector
    """The numbers of the optimizer's parameters, (n_parameters,); assign elements."""

    def __init__(
        self,
        model: Module,
        loss: Loss,
        optimizer: Optimizer,
        X: Matrix,
        y: npt.NDArray[Any],
        *,
        seed: int | None = 0,
    ) -> None:
        self.model = model
        self.loss = loss
        self.optimizer = optimizer
        self.seed = secrets.randbits(64) if seed is None else seed
        self.first = X[0].tolist()
        self.target_shape = y.shape[1:]

    def check_targets(
        self, y: npt.NDArray[Any], name: str = "y"
    ) -> list[tuple[int, float]]:
        """Have the loss look at every target, and say which one of them it refuses.

        A compiled loss looks at none: it is recorded for the first example only. What
        comes back are the places of different targets, in their order, with their
        losses by the outputs for the first example, where there are such.
        """
        found = []
        if y.shape[1:] != self.target_shape:
            raise ValueError(
                f"fit: {name} has the shape {y.shape}, and a target to learn from has "
                f"{self.target_shape}."
            )
        loss = self.loss.loss if isinstance(self.loss, Penalized) else self.loss
        targets, places = np.unique(y, axis=0, return_index=True)
        with no_grad(), training_mode(None):
            outputs = self.first_outputs()
            for target, place in zip(targets.tolist(), places.tolist(), strict=True):
                # With these outputs the loss itself may be undefined.
                with suppress(DomainError, ArithmeticError):
                    try:
                        value = loss(outputs, target)
                    except (TypeError, ValueError) as error:
                        say_of(f"fit: {name}[{place}]", error)
                        raise
                    if not isinstance(value, Value):
                        raise TypeError(
                            f"fit: the loss must return one Value, not "
                            f"{type(value).__name__}"
                        )
                    found.append((place, value.data))
        return found

    def first_outputs(self) -> Any:
        """What the model gives for the first example."""
        return self.model(self.first)

    def step(self, batch: Batch) -> float:
        """One step on the mean loss of some examples. Return the sum of their losses.

        What it raises names the example, where it is a single one's fault.
        """
        loss, gradient = self.loss_and_gradient(batch)
        self.optimizer.apply(self.vector, gradient)
        return loss * len(batch)

    @abstractmethod
    def loss_and_gradient(self, batch: Batch) -> tuple[float, Vector]:
        """The mean loss of some examples, and its gradient by `vector`."""

    @abstractmethod
    def mean_loss(self, X: Matrix, y: npt.NDArray[Any]) -> float:
        """The mean loss of examples, without learning from them."""

    @abstractmethod
    def outputs(self, X: Matrix) -> Doubles:
        """The outputs for examples, (n, n_outputs) or (n,)."""

    def write_back(self) -> None:
        """Put the parameters into the model."""
        set_numbers(self.optimizer.parameters, self.vector.tolist())

    def _random(self) -> np.random.Generator:
        """Where the masks of the next step come from.

        Steps count from 1 here: (seed, 0) would be the numbers of the seed alone, which
        the order of the examples comes from.
        """
        return np.random.default_rng((self.seed, self.optimizer.steps + 1))


class Eager(Engine):
    """A model and its loss, run example by example."""

    def __init__(
        self,
        model: Module,
        loss: Loss,
        optimizer: Optimizer,
        X: Matrix,
        y: npt.NDArray[Any],
        *,
        seed: int | None = 0,
    ) -> None:
        super().__init__(model, loss, optimizer, X, y, seed=seed)
        self.X = X
        self.y = y
        self.vector = np.array(floats_of(optimizer.parameters, "fit"))

    def loss_and_gradient(self, batch: Batch) -> tuple[float, Vector]:
        """The mean loss of some examples, and its gradient by `vector`.

        Each example's graph is differentiated and freed before the next is recorded:
        the leaves add the gradients up, and memory stays that of one example. Other
        threads that train the same leaves wait until all is done.
        """
        X, y = self.X[batch].tolist(), self.y[batch].tolist()
        with turn, training_mode(drawn_from(self._random())):
            self.write_back()
            self.optimizer.zero_grad()
            loss, total, n = self.loss, 0.0, len(batch)
            if isinstance(loss, Penalized):
                penalty = loss.penalty()
                penalty.backward()
                loss, total = loss.loss, n * penalty.data
            for i, inputs, target in zip(batch.tolist(), X, y, strict=True):
                try:
                    value = loss(self.model(inputs), target)
                    (value / n).backward()
                except (ArithmeticError, ValueError) as error:
                    say_of(f"X[{i}] and y[{i}]", error)
                    raise
                total += value.data
            gradient = [value.grad for value in self.optimizer.parameters]
        return total / n, np.array(gradient)

    def mean_loss(self, X: Matrix, y: npt.NDArray[Any]) -> float:
        """The mean loss of examples, without learning from them."""
        with turn, training_mode(None):
            self.write_back()
            losses = [
                self.loss(self.model(inputs), target).data
                for inputs, target in zip(X.tolist(), y.tolist(), strict=True)
            ]
        return sum(losses) / len(losses)

    def outputs(self, X: Matrix) -> Doubles:
        """The outputs for examples, (n, n_outputs) or (n,)."""
        with turn:
            self.write_back()
            return eager_outputs(self.model, X)


class Compiled(Engine):
    """A model and its loss, recorded on one example and compiled.

    `examples` has the inputs and the targets of an example side by side in a row. The
    program's inputs are these and a column for each number of dropout's masks, which
    the recorded graph has as leaves. TraceError where the model or the loss branches on
    a number, or gives something else than the program at another example.
    """

    def __init__(
        self,
        model: Module,
        loss: Loss,
        optimizer: Optimizer,
        X: Matrix,
        y: npt.NDArray[Any],
        *,
        seed: int | None = 0,
    ) -> None:
        super().__init__(model, loss, optimizer, X, y, seed=seed)
        inputs = [Value(number) for number in self.first]
        targets = [Value(number) for number in np.atleast_1d(y[0]).tolist()]
        masks: list[Value] = []
        rates: list[float] = []

        def mask(rate: float) -> Value:
            rates.append(rate)
            masks.append(Value(1.0))
            return masks[-1]

        with tracing([*inputs, *targets]), explaining(), training_mode(mask):
            outputs = model(inputs)
        self._first_outputs = _detached(outputs)
        losses = self.check_targets(y)
        given = [*inputs, *targets, *masks]
        with tracing(given), explaining(), training_mode(mask):
            value = loss(outputs, targets if y.ndim > 1 else targets[0])
        leaves = [*inputs, *targets, *masks]
        self.program = compile(value, leaves, optimizer.parameters)
        self.vector = self.program.parameters
        self.rates = np.array(rates)
        self._check_again(X, y, self._doubtful(y, losses))
        self.examples = np.empty((len(X), len(inputs) + len(targets)))
        _join(X, y, self.examples)
        self.buffer = np.empty((0, len(leaves)))
        self.predictor: Predictor | None = None

    def _doubtful(
        self, y: npt.NDArray[Any], losses: Sequence[tuple[int, float]]
    ) -> list[int]:
        """The places of some targets whose losses are not as the program has them.

        They are computed with the outputs for the first example, as is: what else the
        loss looks at may be the reason.
        """
        if not losses:
            return []
        chosen = np.linspace(0, len(losses) - 1, min(len(losses), TARGETS)).astype(int)
        places, expected = zip(*[losses[i] for i in chosen], strict=True)
        rows = np.ones((len(places), len(self.first) + y[0].size + len(self.rates)))
        rows[:, : len(self.first)] = self.first
        rows[:, len(self.first) :][:, : y[0].size] = y[[*places]].reshape(len(rows), -1)
        try:
            found = self.program(rows)[:, 0]
        except ArithmeticError:
            return []
        if isinstance(self.loss, Penalized):
            found = found - self.loss.penalty().data
        doubtful = np.flatnonzero(~np.isclose(found, expected, 1e-6, 1e-9))
        return [places[i] for i in doubtful[:2]]

    def _check_again(
        self, X: Matrix, y: npt.NDArray[Any], doubtful: Sequence[int]
    ) -> None:
        """Hold the program to the model and the loss on some other examples.

        Among them is the first one, with targets that are doubtful.
        """
        n_inputs = X.shape[1]

        def code(example: Sequence[Any]) -> list[Any]:
            outputs, targets = self.model(example[:n_inputs]), example[n_inputs:]
            return [self.loss(outputs, targets if y.ndim > 1 else targets[0])]

        examples = {
            f"fit: X[{i}] and y[{j}]": [*X[i].tolist(), *np.atleast_1d(y[j]).tolist()]
            for i, j in [
                *[(i, i) for i in _some_others(len(X))],
                *[(0, j) for j in doubtful],
            ]
        }
        _hold(
            self.program,
            self.optimizer.parameters,
            code,
            examples,
            [1.0] * len(self.rates),
            "fit(..., compiled=False)",
        )

    def first_outputs(self) -> Any:
        """What the model gave for the first example as it was recorded."""
        return self._first_outputs

    def loss_and_gradient(self, batch: Batch) -> tuple[float, Vector]:
        """The mean loss of some examples, and its gradient by `vector`."""
        if not len(self.rates) and _is_all_once(batch, len(self.examples)):
            # A mean knows no order: the examples are used where they are.
            batch, rows = np.arange(len(batch)), self.examples
        else:
            rows = self._gathered(batch)
        try:
            return self.program.value_and_grad(rows)
        except ArithmeticError:
            self._raise_for_one(rows, batch)
            raise

    def _gathered(self, batch: Batch) -> Doubles:
        """The rows of the examples, and new masks, in a buffer that is used again."""
        n = len(batch)
        if n > len(self.buffer):
            self.buffer = np.empty((n, self.buffer.shape[1]))
        rows = self.buffer[:n]
        if not len(self.rates):
            # Without "clip" NumPy gathers into a copy. The indices are in range.
            self.examples.take(batch, 0, rows, "clip")
            return rows
        n_data = self.examples.shape[1]
        rows[:, :n_data] = self.examples[batch]
        kept = self._random().random((n, len(self.rates))) >= self.rates
        np.divide(kept, 1.0 - self.rates, out=rows[:, n_data:])
        return rows

    def _raise_for_one(self, rows: Matrix, batch: Batch) -> None:
        """Raise the error of the first example that has one by itself, and name it."""
        for i, row in zip(batch.tolist(), rows, strict=True):
            try:
                self.program.value_and_grad(row[np.newaxis])
            except ArithmeticError as error:
                say_of(f"X[{i}] and y[{i}]", error)
                raise

    def mean_loss(self, X: Matrix, y: npt.NDArray[Any]) -> float:
        """The mean loss of examples, without learning from them.

        A mask of ones is no dropout.
        """
        n_data = self.examples.shape[1]
        rows = np.ones((min(len(X), CHUNK), self.buffer.shape[1]))
        total = 0.0
        for start in range(0, len(X), CHUNK):
            chunk = slice(start, start + CHUNK)
            part = rows[: len(X[chunk])]
            _join(X[chunk], y[chunk], part[:, :n_data])
            total += float(self.program(part).sum())
        return total / len(X)

    def outputs(self, X: Matrix) -> Doubles:
        """The outputs for examples, (n, n_outputs) or (n,)."""
        self.write_back()
        if self.predictor is None:
            # The optimizer may move Values that the model uses and does not list.
            moved = self.optimizer.parameters
            self.predictor = Predictor(self.model, X, moved)
        return self.predictor(X)


def predict(model: Module, X: npt.ArrayLike, *, compiled: bool = True) -> Doubles:
    """The model's outputs for X, (n, n_inputs): float (n, n_outputs).

    It is (n,) for a model that returns a single Value. The model is compiled where
    that is worth it, from some examples on, unless `compiled` is false. TraceError
    where it branches on a number, or the program gives something else at another
    example.
    """
    inputs = as_inputs(X, "predict")
    if compiled and len(inputs) >= WORTH_COMPILING:
        return Predictor(model, inputs)(inputs)
    return eager_outputs(model, inputs)


def eager_outputs(model: Module, X: Matrix) -> Doubles:
    """The model's outputs for X, (n, n_inputs), example by example."""
    # Graphs are recorded, and freed at once: a model may differentiate by its inputs.
    with turn, training_mode(None):
        return np.array([_floats(model(row)) for row in X.tolist()])


def _floats(outputs: Any) -> Any:
    """The numbers of a model's outputs, one or several."""
    if isinstance(outputs, (Value, float)):
        return float(outputs)
    return list(map(float, outputs))


class Predictor:
    """A model recorded on one example and compiled for its outputs alone.

    TraceError as for `Compiled`.
    """

    def __init__(self, model: Module, X: Matrix, moved: Sequence[Value] = ()) -> None:
        inputs = [Value(number) for number in X[0].tolist()]
        with tracing(inputs), explaining(), training_mode(None):
            recorded = model(inputs)
        self.single = isinstance(recorded, Value)
        outputs: Sequence[Value] = [recorded] if self.single else recorded
        self.parameters = list(dict.fromkeys([*model.parameters(), *moved]))
        self.program = compile(list(outputs), inputs, self.parameters)

        def code(example: Sequence[Any]) -> Any:
            found = model(example)
            return [found] if self.single else found

        examples = {f"predict: X[{i}]": X[i].tolist() for i in _some_others(len(X))}
        instead = "predict(..., compiled=False)"
        _hold(self.program, self.parameters, code, examples, [], instead)

    def __call__(self, X: Matrix) -> Doubles:
        """The outputs for X, (n, n_inputs), with the parameters of now."""
        self.program.parameters = np.array(floats_of(self.parameters, "predict"))
        starts = range(0, len(X), CHUNK)
        found = np.concatenate([self.program(X[i : i + CHUNK]) for i in starts])
        return found[:, 0] if self.single else found


def _some_others(n: int) -> list[int]:
    """Some examples, spread over n, besides the first: the last one, and two more."""
    return sorted({n // 3, 2 * n // 3, n - 1} - {0})


def _hold(
    program: CompiledProgram,
    values: Sequence[Value],
    code: Callable[[Sequence[Any]], Sequence[Any]],
    examples: Mapping[str, Sequence[float]],
    masks: Sequence[float],
    instead: str,
) -> None:
    """Hold a program to the code at examples, with the parameters moved a little.

    So what is fixed at a parameter's number is seen as well. The code is given floats,
    as without a program, or Values where it asks for their `.data`. TraceError if they
    differ.
    """
    with turn, training_mode(None):
        before = program.parameters.copy()
        moved = before * (1.01 + 0.01 * (np.arange(len(before)) % 3))
        program.parameters = moved
        try:
            set_numbers(values, moved.tolist())
            for what, example in examples.items():
                # Where they are undefined there is nothing to be held to.
                with suppress(ValueError, ArithmeticError):
                    try:
                        found = code(example)
                    except AttributeError:
                        found = code(list(map(Value, example)))
                    expected = [v.data if isinstance(v, Value) else v for v in found]
                    program.check_again([*example, *masks], expected, what, instead)
        finally:
            program.parameters = before
            set_numbers(values, before.tolist())


def _detached(outputs: Any) -> Any:
    """The outputs of a model without its graph."""
    if isinstance(outputs, Value):
        return outputs.detach()
    if isinstance(outputs, str) or not hasattr(outputs, "__iter__"):
        return outputs  # the loss will say what is wrong with it
    return list(map(_detached, outputs))


def _is_all_once(batch: Batch, n: int) -> bool:
    """Whether a batch has each of n examples, once."""
    return len(batch) == n and bool((np.bincount(batch, minlength=n) == 1).all())


def _join(X: Matrix, y: npt.NDArray[Any], rows: Matrix) -> None:
    """Write inputs and targets side by side, one example a row."""
    targets = y.reshape(len(y), -1)
    if X.shape[1] + targets.shape[1] != rows.shape[1]:
        raise ValueError(
            f"fit: the loss was recorded for {rows.shape[1]} inputs and targets, and "
            f"these examples have {X.shape[1]} and {targets.shape[1]}."
        )
    rows[:, : X.shape[1]] = X
    rows[:, X.shape[1] :] = targets


def say_of(what: str, error: Exception) -> None:
    """Put what an error is about before its message."""
    error.args = (f"{what}: {error}",)
