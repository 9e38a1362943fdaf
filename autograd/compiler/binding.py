"""A program bound to buffers of one batch size: what a step runs, call by call.

Everything that does not depend on the numbers is settled here, once: buffers are
allocated, reads become views where the rows are evenly spaced and gathers where they
are not, and each instruction becomes a few calls without arguments. A step then makes
these calls one after the other.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import partial, reduce
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from autograd.compiler.adjoint import Pullback
from autograd.compiler.gradients import Gradients, evenly, runs_of
from autograd.compiler.kernel import Call, Computed, kernel, product
from autograd.compiler.program import (
    UNIFORM,
    VARYING,
    Elementwise,
    Index,
    Instruction,
    Product,
    Program,
    Reduction,
    Spread,
    affine,
)
from autograd.ops import Operation

Array: TypeAlias = npt.NDArray[Any]

LARGE_BATCH = 64
"""From how many examples on the way in which a batch lies matters to BLAS."""


class Binding:
    """A program's instructions over buffers of one batch size."""

    def __init__(
        self,
        program: Program,
        uniform: Array,
        pullbacks: Sequence[Pullback],
        batch_size: int,
    ) -> None:
        self.program = program
        self.batch_size = batch_size
        self.dtype = uniform.dtype
        self.data = {
            UNIFORM: uniform,
            VARYING: np.zeros((program.n_varying, batch_size), self.dtype),
        }
        self.inputs = np.zeros((batch_size, program.n_inputs), self.dtype).T
        self.ones = np.ones(batch_size, self.dtype)
        # What is only needed to bind; the arrays live on in the calls.
        self.read: dict[tuple[bool, tuple[int, ...], bytes], Array] = {}
        self.computed: Computed = {}
        self.constant: set[int] = set()
        # Inputs that a product reads where the batch lies, and those that are copied.
        self.direct = np.zeros(program.n_inputs, dtype=bool)
        self.copied = np.zeros(program.n_inputs, dtype=bool)
        self._bind(pullbacks)
        del self.read, self.computed, self.constant, self.direct, self.copied

    def _bind(self, pullbacks: Sequence[Pullback]) -> None:
        """Settle everything that does not depend on the numbers."""
        program = self.program
        self.forward_calls = [
            call for it in program.instructions for call in self._forward(it)
        ]
        space, row = program.outputs[0]
        self.value = self.data[space][row]
        gradients = Gradients(program, self.data, pullbacks)
        gradients.start(space, row, 1.0 / self.batch_size if space else 1.0)
        self.backward_calls = [
            call for p in pullbacks for call in self._backward(p, gradients)
        ]
        self.clear = gradients.to_clear()
        self.gradient = gradients.of_parameters
        # An input that no product reads is copied, so that it is looked at at all; for
        # what a product reads its result tells whether all of it is finite.
        for output_space, output in program.outputs:
            if output_space and output < program.n_inputs:
                self.copied[output] = True
        self.copied |= ~self.direct
        self.copies = [(self.data[VARYING][r], r) for r in runs_of(self.copied)]
        computed = np.ones(program.n_varying - program.n_inputs, dtype=bool)
        watched = runs_of(np.concatenate([self.copied, computed]))
        self.watched = [self.data[UNIFORM].ravel()]
        self.watched += [self.data[VARYING][run].ravel() for run in watched]

    # What an instruction reads and writes

    def _read(self, index: Index) -> tuple[Array, list[Call]]:
        """An array of the rows of an index, and the calls that refresh it.

        (k, batch) for a vector of rows, (n, k, batch) for a matrix. Where all rows of a
        vector are the same one, it is (1, batch), or () if that is uniform.
        """
        rows = index.rows.ravel()
        key = (index.varying, index.rows.shape, rows.tobytes())
        calls: list[Call] = []
        if key not in self.read:  # else as an earlier instruction of the pass read it
            view = self._view(index)
            if view is None:
                data = self.data[index.varying]
                gathered = np.take(data, rows, 0)
                calls.append(partial(np.take, data, rows, 0, gathered, "clip"))
                view = gathered.reshape(*index.rows.shape, -1)
            self.read[key] = view
            first = self.program.n_parameters
            beyond = first + len(self.program.constants)
            if not index.varying and rows.min() >= first and rows.max() < beyond:
                self.constant.add(id(view))
                calls = []
        return self.read[key], calls

    def _view(self, index: Index) -> Array | None:
        """The rows of an index as a view of the data, where they are evenly spaced."""
        data = self.data[index.varying]
        rows = index.rows.ravel()
        if index.varying:
            self.copied[rows[rows < self.program.n_inputs]] = True
        if index.rows.ndim == 1 and (rows == rows[0]).all():
            row = data[rows[0] : rows[0] + 1]
            return row if index.varying else row.reshape(())
        return evenly(data, index.rows)

    def _matrix(self, index: Index) -> tuple[Array | slice, list[Call]]:
        """An index as a matrix of columns, and the calls that refresh it.

        Inputs that are read in order are read where the batch lies: then it is the
        slice of them.
        """
        span = affine(index.rows.ravel())
        if (
            index.varying
            and index.rows.shape[1] == 1
            and span is not None
            and span.stop <= self.program.n_inputs
        ):
            self.direct[span] = True
            return span, []
        array, calls = self._read(index)
        matrix = array.reshape(len(array), -1)
        if not np.may_share_memory(array, matrix):  # a copy, to be made anew
            calls = [*calls, partial(np.copyto, matrix.reshape(array.shape), array)]
        return matrix, calls

    def _forward(self, it: Instruction) -> list[Call]:
        """The calls that compute the rows of an instruction."""
        out = self.data[it.varying][it.first : it.first + it.size]
        if isinstance(it, Product):
            left, calls = self._read(it.left)
            right, refresh = self._matrix(it.right)
            return [*calls, *refresh, self._product(left[:, :, 0], right, out)]
        if isinstance(it, Spread):
            source, calls = self._read(it.arg)
            return [*calls, partial(np.copyto, out, source)]
        assert isinstance(it, (Elementwise, Reduction))
        args, refreshes = zip(*map(self._read, it.args), strict=True)
        steps, result = kernel(it.op.forward, args, self.computed, out, self.constant)
        calls = [step.call() for step in steps]
        if result is not out:
            calls.append(partial(np.copyto, out, result))
        return [*chain.from_iterable(refreshes), *calls]

    def _product(self, left: Array, right: Array | slice, out: Array) -> Call:
        """The call that multiplies the left matrix by a matrix, or by the inputs."""
        out = out.reshape(len(left), -1)
        if not isinstance(right, slice):
            return product(left, right, out)
        if self.batch_size == 1:
            return partial(self._times_inputs, np.dot, left, right, out)
        if self.dtype == np.float32 and self.batch_size > LARGE_BATCH:
            # A batch lies the other way round, and in single precision BLAS is twice as
            # fast if its product does too.
            turned = np.empty(out.T.shape, self.dtype)
            return partial(self._times_inputs_turned, left.T, right, turned, out)
        return partial(self._times_inputs, np.matmul, left, right, out)

    def _times_inputs(self, times: Any, left: Array, span: slice, out: Array) -> None:
        times(left, self.inputs[span], out)

    def _times_inputs_turned(
        self, turned_left: Array, span: slice, turned: Array, out: Array
    ) -> None:
        np.matmul(self.inputs[span].T, turned_left, turned)
        np.copyto(out, turned.T)

    def _backward(self, pullback: Pullback, gradients: Gradients) -> list[Call]:
        """The calls that add to the gradient of one argument of an instruction."""
        it = pullback.instruction
        where = slice(it.first, it.first + it.size)
        grad = gradients.of(it)
        if isinstance(it, Product):
            left, calls = self._read(it.left)
            outer = grad.reshape(len(left), -1)
            if pullback.positions == (0,):
                right, refresh = self._matrix(it.right)
                buffer, deposit = gradients.place(pullback.target, 1)
                pull = self._pull_left(outer, right, buffer)
                return [*refresh, pull, *deposit]
            width = self.data[it.right.varying].shape[1]
            buffer, deposit = gradients.place(pullback.target, width)
            return [*calls, product(left[:, :, 0].T, outer, buffer), *deposit]
        if isinstance(it, Spread):
            return gradients.deposit(it.arg, grad)
        assert isinstance(it, (Elementwise, Reduction))
        args, refreshes = zip(*map(self._read, it.args), strict=True)
        steps, result = kernel(
            partial(_pulled, isinstance(it, Elementwise), it.op, pullback.positions),
            [grad, list(args), self.data[it.varying][where]],
            self.computed,
            constant=self.constant,
        )
        return [
            *chain.from_iterable(refreshes),
            *gradients.deposit(pullback.target, result, steps),
        ]

    def _pull_left(self, outer: Array, right: Array | slice, out: Array) -> Call:
        """The call for the gradient of a left matrix: outer times the right, turned."""
        if not isinstance(right, slice):
            return product(outer, right.T, out)
        times = np.dot if self.batch_size == 1 else np.matmul
        return partial(self._times_turned_inputs, times, outer, right, out)

    def _times_turned_inputs(
        self, times: Any, outer: Array, span: slice, out: Array
    ) -> None:
        times(outer, self.inputs[span].T, out)

    def load(self, batch: Array) -> None:
        """Take a batch, (batch, n_inputs), as the inputs; it is read, not kept."""
        self.inputs = batch.T
        for rows, run in self.copies:
            np.copyto(rows, self.inputs[run])

    def forward(self) -> None:
        """Compute all rows from the inputs and the parameters."""
        for call in self.forward_calls:
            call()

    def backward(self) -> None:
        """Compute the gradient of the mean of the first output by all rows."""
        for rows in self.clear:
            rows.fill(0.0)
        for call in self.backward_calls:
            call()

    def mean(self) -> float:
        """The mean of the first output over the batch."""
        return float(np.dot(self.value, self.ones[: len(self.value)])) / len(self.value)


def _pulled(
    elementwise: bool,
    op: Operation,
    positions: Sequence[int],
    xp: Any,
    grad: Any,
    args: Any,
    out: Any,
) -> Any:
    """The incoming gradient times the local partial by one argument.

    An argument that stands in several positions has the sum of their partials.
    """
    if elementwise:
        partials = [op.partials[i](xp, *args, out) for i in positions]
    else:
        found = op.partials[0](xp, args, out)
        partials = [found[i] for i in positions]
    local = reduce(operator.add, partials)
    return grad if isinstance(local, float) and local == 1.0 else grad * local
