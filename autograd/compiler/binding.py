"""A program bound to buffers of one batch size: what a step runs, call by call.

Everything that does not depend on the numbers is settled here, once: buffers are
allocated, reads become views where the rows are evenly spaced and gathers where they
are not, and each instruction becomes a few calls without arguments. A step then makes
these calls one after the other, or, where it can, as one (see `native`).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import partial, reduce
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from autograd.compiler import run_native as native
from autograd.compiler.adjoint import Pullback
from autograd.compiler.gradients import Gradients, evenly, runs_of
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
from autograd.compiler.steps import Call, Computed, kernel, product
from autograd.compiler.watch import Watch
from autograd.ops import Operation

Array: TypeAlias = npt.NDArray[Any]

LARGE_BATCH = 64
"""From how many examples on the way in which a batch lies matters to BLAS."""

FEW_LOOKS = 8
"""Up to how many runs of rows are looked at one by one, and not all rows at once."""


class Binding:
    """A program's instructions over buffers of one batch size."""

    def __init__(self, program: Program, uniform: Array, batch_size: int) -> None:
        self.program = program
        self.batch_size = batch_size
        self.dtype = uniform.dtype
        self.data = {
            UNIFORM: uniform,
            VARYING: np.zeros((program.n_varying, batch_size), self.dtype),
        }
        # It stands for the batch of each step. What runs natively reads that where it
        # is; else it is copied here.
        self.batch = np.empty((batch_size, program.n_inputs), self.dtype)
        self.inputs = self.batch.T
        self.is_copied = not native.can_run()
        self.ones = np.ones(batch_size, self.dtype)
        # What is only needed to bind.
        self.read: dict[tuple[bool, tuple[int, ...], bytes], Array] = {}
        self.computed: Computed = {}
        self.constant: set[int] = set()
        # Inputs that a product reads where the batch lies, and those that are copied;
        # and uniform rows that a product reads.
        self.direct = np.zeros(program.n_inputs, dtype=bool)
        self.copied = np.zeros(program.n_inputs, dtype=bool)
        self.multiplied = np.zeros(program.n_uniform, dtype=bool)
        self._bind_forward()
        self.backward_calls: Sequence[Callable[[], Any]] | None = None

    def _bind_forward(self) -> None:
        """Settle how the rows are computed."""
        program = self.program
        forward = [call for it in program.instructions for call in self._forward(it)]
        space, row = program.outputs[0]
        self.value = self.data[space][row]
        # An input that no product reads is copied, so that it is looked at at all.
        for output_space, output in program.outputs:
            if output_space and output < program.n_inputs:
                self.copied[output] = True
        self.copied |= ~self.direct
        runs = runs_of(self.copied)
        load = [partial(np.copyto, self.data[VARYING][r], self.inputs[r]) for r in runs]
        # For what a product reads its result tells whether all of it is finite.
        computed = np.ones(program.n_varying - program.n_inputs, dtype=bool)
        varying = np.concatenate([self.copied, computed])
        self.watch = Watch(
            [*self._runs(UNIFORM, ~self.multiplied), *self._runs(VARYING, varying)]
        )
        calls = [*load, *forward, *self.watch.calls]
        self.forward_calls = native.joined(calls, self.batch)

    def _bind_backward(self, pullbacks: Sequence[Pullback]) -> list[Callable[[], Any]]:
        """Settle how the gradient is computed."""
        space, row = self.program.outputs[0]
        gradients = Gradients(self.program, self.data, pullbacks)
        gradients.start(space, row, 1.0 / self.batch_size if space else 1.0)
        backward = [call for p in pullbacks for call in self._backward(p, gradients)]
        self.gradient = gradients.of_parameters
        self.watch_of_gradient = Watch([self.gradient])
        calls = [*gradients.to_clear(), *backward, *self.watch_of_gradient.calls]
        return native.joined(calls, self.batch)

    def _runs(self, space: bool, wanted: npt.NDArray[np.bool_]) -> list[Array]:
        """The rows that are wanted, or all if they are here and there."""
        runs = runs_of(wanted)
        if len(runs) > FEW_LOOKS:
            runs = [slice(None)]
        return [self.data[space][run] for run in runs]

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

    def _matrix(self, index: Index) -> tuple[Array, list[Call]]:
        """An index as a matrix of columns, and the calls that refresh it.

        Inputs that are read in order are read where the batch lies.
        """
        span = affine(index.rows.ravel())
        if (
            index.varying
            and index.rows.shape[1] == 1
            and span is not None
            and span.stop <= self.program.n_inputs
        ):
            self.direct[span] = True
            return self.inputs[span], []
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
            self.multiplied[it.left.rows] = True
            right, refresh = self._matrix(it.right)
            return [*calls, *refresh, *self._product(left[:, :, 0], right, out)]
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

    def _product(self, left: Array, right: Array, out: Array) -> list[Call]:
        """The calls that multiply two matrices."""
        out = out.reshape(len(left), -1)
        is_large = self.dtype == np.float32 and self.batch_size > LARGE_BATCH
        if is_large and np.may_share_memory(right, self.batch):
            # A batch lies the other way round, and in single precision BLAS is twice as
            # fast if its product does too.
            turned = np.empty(out.T.shape, self.dtype)
            return [
                product(right.T, left.T, turned),
                partial(np.copyto, out, turned.T),
            ]
        return [product(left, right, out)]

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
                return [*refresh, product(outer, right.T, buffer), *deposit]
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

    def forward(self, batch: Array) -> None:
        """Compute all rows from a batch, (batch, n_inputs), and the parameters.

        The batch is read where it is, by `backward` too; unless it is copied.
        """
        if self.is_copied:
            np.copyto(self.batch, batch)
        else:
            self.given = batch
            native.move(self.forward_calls, batch)
        for call in self.forward_calls:
            call()

    def backward(self, pullbacks: Sequence[Pullback]) -> None:
        """Compute the gradient of the mean of the first output by all rows."""
        if self.backward_calls is None:
            self.backward_calls = self._bind_backward(pullbacks)
        if not self.is_copied:
            native.move(self.backward_calls, self.given)
        for call in self.backward_calls:
            call()

    def mean(self) -> float:
        """The mean of the first output over the batch."""
        if len(self.value) == 1:
            return float(self.value[0])
        return float(np.dot(self.value, self.ones)) / len(self.value)


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
