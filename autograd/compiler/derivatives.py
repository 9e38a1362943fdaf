"""Derivatives of a recorded tape, for each example of a batch: made when first wanted.

Each is a program of its own, of the size of the tape. A matrix of derivatives is its
program on unit vectors: a Jacobian the pullback of those of the outputs, or the
pushforward of those of the leaves, whichever are fewer; a Hessian the product of the
Hessian with each of the leaves'.

    >>> from autograd import Value
    >>> from autograd.compiler.trace import trace
    >>> x, w = Value(2.0), Value(3.0)
    >>> at = Derivatives(trace([w * x * x], [x], [w]), by=range(0, 1))
    >>> batch, parameters = np.array([[2.0], [5.0]]), np.array([3.0])
    >>> at.gradient(batch, parameters)
    array([[12.], [30.]])
    >>> at.hessian(batch, parameters)
    array([[[6.]], [[6.]]])
"""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.compiler.costs import DIRECTIONS_BYTES
from autograd.compiler.differentiate import gradient, pullback, pushforward
from autograd.compiler.executable import Executable
from autograd.compiler.reference import Pass
from autograd.compiler.tape import Tape

Array = npt.NDArray[Any]


class Derivatives:
    """The derivatives of a tape's outputs by n of its leaves, those in `by`.

    A batch is (batch, n_inputs), and `parameters` is (n_parameters,). With a number to
    `fill` in, that is what all derivatives are of an example that has not all of them;
    else they raise what an `Executable` raises. Threads may share them.
    """

    def __init__(
        self, recorded: Tape, by: range, dtype: npt.DTypeLike = np.float64
    ) -> None:
        self.recorded = recorded
        self.by = by
        self.dtype = np.dtype(dtype)
        self._made: dict[str, Executable] = {}
        self._turn = threading.Lock()

    def outputs(
        self, batch: Array, parameters: Array, fill: float | None = None
    ) -> Array:
        """The outputs themselves, (batch, n_outputs)."""
        return self._executable("outputs").outputs(batch, parameters, 1, fill)

    def value_and_gradient(
        self, batch: Array, parameters: Array, fill: float | None = None
    ) -> tuple[Array, Array]:
        """The first output, (batch,), and ∂(first output)/∂leaf, (batch, n)."""
        run = self._executable("gradient")
        none = np.empty((1, 0), self.dtype)
        found = self._along(run, none, batch, parameters, fill)[:, 0]
        return found[:, -1].copy(), found[:, :-1].copy()

    def gradient(
        self, batch: Array, parameters: Array, fill: float | None = None
    ) -> Array:
        """∂(first output)/∂leaf, (batch, n)."""
        return self.value_and_gradient(batch, parameters, fill)[1]

    def jacobian(
        self, batch: Array, parameters: Array, fill: float | None = None
    ) -> Array:
        """∂output/∂leaf, (batch, n_outputs, n)."""
        m, n = len(self.recorded.outputs), len(self.by)
        if m == 1:
            return self.gradient(batch, parameters, fill)[:, None, :]
        is_reverse = m < n
        run = self._executable("pullback" if is_reverse else "pushforward")
        units = np.eye(m if is_reverse else n, dtype=self.dtype)
        found = self._along(run, units, batch, parameters, fill)
        return found if is_reverse else found.transpose(0, 2, 1)

    def hvp(
        self,
        batch: Array,
        vectors: Array,
        parameters: Array,
        fill: float | None = None,
    ) -> Array:
        """The Hessian of the first output, times a vector each, (batch, n)."""
        run = self._executable("hvp")
        found = run.outputs(np.hstack([vectors, batch]), parameters, 1, fill)
        return _all_or_nothing(found, fill)

    def hessian(
        self, batch: Array, parameters: Array, fill: float | None = None
    ) -> Array:
        """∂²(first output)/∂leaf∂leaf, (batch, n, n): exactly symmetric."""
        units = np.eye(len(self.by), dtype=self.dtype)
        found = self._along(self._executable("hvp"), units, batch, parameters, fill)
        # The two ways to a mixed derivative round differently.
        symmetric: Array = 0.5 * found + 0.5 * found.transpose(0, 2, 1)
        return symmetric

    def _along(
        self,
        run: Executable,
        directions: Array,
        batch: Array,
        parameters: Array,
        fill: float | None,
    ) -> Array:
        """The outputs of each example in k directions, (batch, k, n_outputs)."""
        k = len(directions)
        total = len(batch) * k
        # All of the buffers are written and read in turn: a few that stay in the cache
        # are the faster. A tape has none.
        fitting = DIRECTIONS_BYTES // (self.dtype.itemsize * run.n_varying + 1)
        on_tape = run.executor(total) is run.scalars
        n_chunks = 1 if on_tape else math.ceil(total / max(1, fitting))
        size = math.ceil(total / n_chunks)
        found = np.empty((total, len(run.tape.outputs[: run.n_shown])), self.dtype)
        for start in range(0, total, size):
            start = min(start, total - size)  # buffers are laid out for one size
            rows = np.arange(start, start + size)
            examples = np.hstack([directions[rows % k], batch[rows // k]])
            found[rows] = run.outputs(examples, parameters, k, fill)
        return _all_or_nothing(found.reshape(len(batch), k, -1), fill)

    def _executable(self, name: str) -> Executable:
        """The program of a derivative, made when it is first asked for."""
        with self._turn:
            if name not in self._made:
                self._made[name] = self._make(name)
            return self._made[name]

    def _make(self, name: str) -> Executable:
        by, n, m = self.by, len(self.by), len(self.recorded.outputs)
        passes: dict[str, tuple[int, list[Pass]]] = {
            "outputs": (m, []),
            "gradient": (n + 1, [lambda tape: gradient(tape, by)]),
            "pullback": (n, [lambda tape: pullback(tape, by)]),
            "pushforward": (m, [lambda tape: pushforward(tape, by)]),
            "hvp": (
                n,
                [
                    lambda tape: gradient(tape, by),
                    lambda tape: pushforward(tape, by, of=range(n)),
                ],
            ),
        }
        n_shown, listed = passes[name]
        return Executable(self.recorded, self.dtype, listed, by, n_shown)


def _all_or_nothing(found: Array, fill: float | None) -> Array:
    """The derivatives of each example; all of them filled in where one of them is."""
    if fill is not None:
        rows = found.reshape(len(found), -1)
        rows[~np.isfinite(rows).all(axis=1)] = fill
    return found
