"""Run a program on NumPy arrays.

Everything that does not depend on the numbers is settled once per batch size: buffers
are allocated, reads become views where the rows are evenly spaced and gathers where
they are not, and each instruction becomes a function of no arguments. A step then calls
these functions one after the other.

Another executor has to offer what this one does: `parameters`, `outputs` and
`value_and_grad`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from autograd.compiler.adjoint import Pullback, adjoint
from autograd.compiler.errors import NumericalError, undefined, undefined_derivative
from autograd.compiler.kernel import Computed, into, kernel
from autograd.compiler.program import (
    UNIFORM,
    VARYING,
    Elementwise,
    Index,
    Instruction,
    Product,
    Program,
    Reduction,
    Rows,
    Spread,
    affine,
    describe,
)
from autograd.ops import Operation

Array: TypeAlias = npt.NDArray[Any]
Thunk: TypeAlias = "partial[Any]"
"""A function of no arguments: one array operation, with its buffers."""

LARGE_BATCH = 64
"""From how many examples on the way in which a batch lies matters to BLAS."""


class VectorExecutor:
    """A program with its parameters and constants, ready for batches of any size."""

    def __init__(self, program: Program, dtype: npt.DTypeLike) -> None:
        self.program = program
        self.dtype = np.dtype(dtype)
        self.pullbacks = adjoint(program)
        self.uniform = np.zeros((program.n_uniform, 1), self.dtype)
        first = program.n_parameters
        self.uniform[first : first + len(program.constants), 0] = program.constants
        self.parameters = self.uniform[:first, 0]
        self._bindings: dict[int, Binding] = {}

    def outputs(self, batch: Array) -> Array:
        """The outputs (batch, n_outputs) for a batch (batch, n_inputs)."""
        binding = self._run(batch, gradient=False)
        outputs = np.empty((len(batch), len(self.program.outputs)), self.dtype)
        for column, (space, row) in enumerate(self.program.outputs):
            outputs[:, column] = binding.data[space][row]
        return outputs

    def value_and_grad(self, batch: Array) -> tuple[float, Array]:
        """The mean of the first output, and its gradient (n_parameters,)."""
        binding = self._run(batch, gradient=True)
        space, row = self.program.outputs[0]
        gradient = binding.grad[UNIFORM][: self.program.n_parameters, 0].copy()
        return float(binding.data[space][row].mean()), gradient

    def _run(self, batch: Array, gradient: bool) -> Binding:
        """Run the instructions, with every floating point error raised and named."""
        binding = self._bindings.get(len(batch))
        if binding is None:
            binding = self._bindings[len(batch)] = Binding(self, len(batch))
        binding.load(batch)
        try:
            with np.errstate(all="raise", under="ignore"):
                binding.forward()
                if gradient:
                    binding.backward()
        except FloatingPointError as error:
            raise self._named(binding) from error
        # The threads of BLAS raise nothing.
        if not all(map(finite, binding.data.values())):
            raise self._named(binding)
        return binding

    def _named(self, binding: Binding) -> NumericalError:
        """The error that names the first operation with a result not finite."""
        with np.errstate(all="ignore"):
            binding.forward()
        if not np.isfinite(self.parameters).all():
            return undefined("a parameter", None)
        for it in self.program.instructions:
            rows = binding.data[it.varying][it.first : it.first + it.size]
            bad = np.argwhere(~np.isfinite(rows))
            if len(bad):
                return undefined(describe(it), int(bad[0][1]) if it.varying else None)
        return undefined_derivative()


def finite(array: Array) -> bool:
    """Whether every number is finite: a quick sum first, a look at each if needed.

    A sum of squares is the quickest, by BLAS, and not finite if a number is not.
    """
    flat = array.ravel()
    with np.errstate(all="ignore"):
        return math.isfinite(np.dot(flat, flat)) or bool(np.isfinite(array).all())


class Binding:
    """A program's instructions over buffers of one batch size."""

    def __init__(self, executor: VectorExecutor, batch_size: int) -> None:
        program = executor.program
        self.program = program
        self.batch_size = batch_size
        self.dtype = executor.dtype
        self.data = {
            UNIFORM: executor.uniform,
            VARYING: np.zeros((program.n_varying, batch_size), self.dtype),
        }
        self.grad = {space: np.zeros_like(data) for space, data in self.data.items()}
        self.ones = np.ones((batch_size, 1), self.dtype)
        self.inputs = np.zeros((batch_size, program.n_inputs), self.dtype).T
        self.copied = np.zeros(program.n_inputs, dtype=bool)
        self.read: dict[tuple[bool, tuple[int, ...], bytes], Array] = {}
        self.computed: Computed = {}
        self.forward_steps = [
            step for it in program.instructions for step in self._forward(it)
        ]
        # While the pullbacks are bound: rows that nothing was added to yet, and rows
        # that must be zero before something is.
        self.untouched = {s: np.ones(len(d), dtype=bool) for s, d in self.data.items()}
        self.cleared = {s: np.zeros(len(d), dtype=bool) for s, d in self.data.items()}
        self.seed = program.outputs[0]
        self.untouched[self.seed[0]][self.seed[1]] = False
        self.backward_steps = [
            step for p in executor.pullbacks for step in self._backward(p)
        ]
        # What is only needed to bind: the arrays in it live on in the steps.
        self.read, self.computed = {}, {}
        for space, row in program.outputs:
            if space and row < program.n_inputs:
                self.copied[row] = True
        self.copies = _runs(self.copied)
        self.clear = [(self.grad[s], _runs(self.cleared[s])) for s in self.cleared]

    # What an instruction reads and writes

    def _read(self, index: Index) -> tuple[Array, list[Thunk]]:
        """An array of the rows of an index, and the steps that refresh it.

        (k, batch) for a vector of rows, (n, k, batch) for a matrix; (1, batch) where
        all rows are the same one.
        """
        rows = index.rows.ravel()
        key = (index.varying, index.rows.shape, rows.tobytes())
        steps: list[Thunk] = []
        if key not in self.read:  # else as an earlier instruction of the pass read it
            view = self._view(index)
            if view is None:
                data = self.data[index.varying]
                gathered = np.empty((len(rows), data.shape[1]), self.dtype)
                steps.append(partial(np.take, data, rows, 0, gathered, "clip"))
                view = gathered.reshape(*index.rows.shape, -1)
            self.read[key] = view
        return self.read[key], steps

    def _view(self, index: Index) -> Array | None:
        """The rows of an index as a view of the data, where they are evenly spaced."""
        data = self.data[index.varying]
        rows = index.rows.ravel()
        if index.varying:
            self.copied[rows[rows < self.program.n_inputs]] = True
        width = data.shape[1]
        if index.rows.ndim == 1 and len(rows) > 1 and (rows == rows[0]).all():
            return data[rows[0] : rows[0] + 1]
        span = affine(rows)
        if span is not None:
            return data[span].reshape(*index.rows.shape, width)
        turned = affine(index.rows.T.ravel()) if index.rows.ndim == 2 else None
        if turned is not None:
            n, k = index.rows.shape
            view: Array = data[turned].reshape(k, n, width).swapaxes(0, 1)
            return view
        return None

    def _matrix(self, index: Index) -> tuple[Callable[[], Array], list[Thunk]]:
        """What gives an index as a matrix of columns, and the steps that refresh it.

        The inputs are read where the batch lies, if they are read in order.
        """
        span = affine(index.rows.ravel())
        n_inputs = self.program.n_inputs
        if (
            index.varying
            and index.rows.shape[1] == 1
            and span is not None
            and span.stop <= n_inputs
        ):
            return lambda: self.inputs[span], []
        array, refresh = self._read(index)
        matrix = array.reshape(len(array), -1)
        if not np.may_share_memory(array, matrix):  # a copy: make it anew at each run
            return lambda: array.reshape(len(array), -1), refresh
        return lambda: matrix, refresh

    def _forward(self, it: Instruction) -> list[Thunk]:
        """The steps that compute the rows of an instruction."""
        out = self.data[it.varying][it.first : it.first + it.size]
        if isinstance(it, Product):
            left, steps = self._read(it.left)
            right, refresh = self._matrix(it.right)
            product = out.reshape(len(left), -1)
            return [*steps, *refresh, partial(_product, left[:, :, 0], right, product)]
        if isinstance(it, Spread):
            source, steps = self._read(it.arg)
            return [*steps, partial(np.copyto, out, source)]
        assert isinstance(it, (Elementwise, Reduction))
        args, refreshes = zip(*map(self._read, it.args), strict=True)
        steps, result = kernel(it.op.forward, args, self.computed, out)
        if result is not out:
            steps.append(partial(np.copyto, out, result))
        return [*chain.from_iterable(refreshes), *steps]

    def _backward(self, pullback: Pullback) -> list[Thunk]:
        """The steps that add to the gradient of one argument of an instruction."""
        it, position = pullback.instruction, pullback.position
        grad = self.grad[it.varying][it.first : it.first + it.size]
        out = self.data[it.varying][it.first : it.first + it.size]
        if isinstance(it, Product):
            left, steps = self._read(it.left)
            outer = grad.reshape(len(left), -1)
            if position == 0:
                right, steps = self._matrix(it.right)
                pull = partial(_pull_left, outer, right)
                width = 1
            else:
                pull = partial(np.matmul, left[:, :, 0].T, outer)
                width = self.data[it.right.varying].shape[1]
            buffer, deposit = self._place(pullback.target, width)
            return [*steps, partial(pull, out=buffer), *deposit]
        if isinstance(it, Spread):
            return self._deposit(it.arg, grad)
        assert isinstance(it, (Elementwise, Reduction))
        args, refreshes = zip(*map(self._read, it.args), strict=True)
        steps, result = kernel(
            partial(_pulled, isinstance(it, Elementwise), it.op, position),
            [grad, list(args), out],
            self.computed,
        )
        deposit = self._deposit(it.args[position], result)
        if steps and len(deposit) == 1 and deposit[0].func is np.copyto:
            place = deposit[0].args[0]
            if place.shape == result.shape:
                steps[-1] = into(steps[-1], place)
                deposit = []
        return [*chain.from_iterable(refreshes), *steps, *deposit]

    def _deposit(self, target: Index, contributions: Array) -> list[Thunk]:
        """The steps that add contributions, one per row read, to the gradients.

        The contributions may lack the first axis of the rows, where each of them gets
        the same. Where the rows are uniform, they are summed over the batch.
        """
        grad = self.grad[target.varying]
        steps: list[Thunk] = []
        if contributions.shape[-1] != grad.shape[1]:
            summed = np.empty((*contributions.shape[:-1], 1), self.dtype)
            steps.append(partial(np.matmul, contributions, self.ones, out=summed))
            contributions = summed
        rows = target.rows.ravel()
        shape = (*target.rows.shape, grad.shape[1])
        fresh = self.untouched[target.varying][rows]
        self.untouched[target.varying][rows] = False
        span = affine(rows)
        if span is not None and span.step == 1:
            place = grad[span].reshape(shape)
            if fresh.all():
                if steps and summed.shape == shape:
                    return [partial(np.matmul, *steps[0].args, out=place)]
                return [*steps, partial(np.copyto, place, contributions)]
            self.cleared[target.varying][rows[fresh]] = True
            return [*steps, partial(np.add, place, contributions, out=place)]
        self.cleared[target.varying][rows[fresh]] = True
        if contributions.shape != shape or not contributions.flags.c_contiguous:
            spread = np.empty(shape, self.dtype)
            steps.append(partial(np.copyto, spread, contributions))
            contributions = spread
        return [*steps, _scattered(grad, rows, contributions.reshape(-1, shape[-1]))]

    def _place(self, target: Index, width: int) -> tuple[Array, list[Thunk]]:
        """Where to write the gradient of a matrix, and the steps that deliver it."""
        rows = target.rows.ravel()
        span = affine(rows)
        fresh = self.untouched[target.varying][rows].all()
        n, k = target.rows.shape
        if span is not None and span.step == 1 and fresh:
            self.untouched[target.varying][rows] = False
            return self.grad[target.varying][span].reshape(n, k * width), []
        buffer = np.empty((n, k, width), self.dtype)
        return buffer.reshape(n, k * width), self._deposit(target, buffer)

    def load(self, batch: Array) -> None:
        """Take a batch, (batch, n_inputs), as the inputs; it is read, not kept."""
        self.inputs = batch.T
        for run in self.copies:
            self.data[VARYING][run] = self.inputs[run]

    def forward(self) -> None:
        """Compute all rows from the inputs and the parameters."""
        for step in self.forward_steps:
            step()

    def backward(self) -> None:
        """Compute the gradient of the mean of the first output by all rows."""
        for grad, runs in self.clear:
            for run in runs:
                grad[run] = 0.0
        space, row = self.seed
        self.grad[space][row] = 1.0 / self.batch_size if space else 1.0
        for step in self.backward_steps:
            step()


def _runs(wanted: npt.NDArray[np.bool_]) -> list[slice]:
    """The runs of True, as slices."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], wanted.view(np.int8), [0]])))
    return [slice(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _product(left: Array, right: Callable[[], Array], out: Array) -> None:
    """Left times right, into a buffer."""
    matrix = right()
    turned = matrix.strides[0] < matrix.strides[1]
    if turned and matrix.dtype == np.float32 and matrix.shape[1] > LARGE_BATCH:
        # A batch lies the other way round, and in single precision BLAS is twice as
        # fast if its product does too.
        np.copyto(out, (matrix.T @ left.T).T)
    else:
        np.matmul(left, matrix, out=out)


def _pulled(
    elementwise: bool,
    op: Operation,
    position: int,
    xp: Any,
    grad: Any,
    args: Any,
    out: Any,
) -> Any:
    """The incoming gradient times the local partial by one argument."""
    if elementwise:
        local = op.partials[position](xp, *args, out)
    else:
        local = op.partials[0](xp, args, out)[position]
    return grad if isinstance(local, float) and local == 1.0 else grad * local


def _pull_left(outer: Array, right: Callable[[], Array], out: Array) -> None:
    """The gradient of the left matrix: the outer gradient times the right, turned."""
    turned = right().T
    if len(turned) == 1:  # BLAS takes its time over a single column
        np.multiply(outer, turned, out=out)
    else:
        np.matmul(outer, turned, out=out)


def _scattered(grad: Array, rows: Rows, contributions: Array) -> Thunk:
    """The step that adds to rows that are no slice, or that come several times."""
    unique, counts = np.unique(rows, return_counts=True)
    if len(unique) == len(rows):
        return partial(_add_rows, grad, rows, contributions)
    if len(unique) == 1:
        return partial(_add_sum, grad[unique[0] : unique[0] + 1], contributions)
    order = np.argsort(rows, kind="stable")
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    return partial(_add_sums, grad, unique, order, starts, contributions)


def _add_rows(grad: Array, where: Rows, rows: Array) -> None:
    grad[where] += rows


def _add_sum(place: Array, rows: Array) -> None:
    place += np.add.reduce(rows, axis=0)


def _add_sums(
    grad: Array, unique: Rows, order: Rows, starts: Rows, rows: Array
) -> None:
    grad[unique] += np.add.reduceat(rows[order], starts, axis=0)
