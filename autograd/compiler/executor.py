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
import operator
from collections.abc import Sequence
from functools import cached_property, partial, reduce
from itertools import chain, pairwise
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from autograd.compiler.adjoint import Pullback, adjoint
from autograd.compiler.errors import (
    not_finite,
    undefined,
    undefined_derivative,
)
from autograd.compiler.kernel import Call, Computed, Step, kernel, product
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

LARGE_BATCH = 64
"""From how many examples on the way in which a batch lies matters to BLAS."""

UNTHREADED = 10_000
"""Up to how many numbers BLAS does not wake its threads for a sum of squares."""

FEW_RUNS = 4
"""Up to how many runs of rows are each added as a slice."""

KEPT_BINDINGS = 8
"""For how many batch sizes the buffers are kept."""


class VectorExecutor:
    """A program with its parameters and constants, ready for batches of any size."""

    def __init__(self, program: Program, dtype: npt.DTypeLike) -> None:
        self.program = program
        self.dtype = np.dtype(dtype)
        self.uniform = np.zeros((program.n_uniform, 1), self.dtype)
        first = program.n_parameters
        self.uniform[first : first + len(program.constants), 0] = program.constants
        self.parameters = self.uniform[:first, 0]
        self._bindings: dict[int, Binding] = {}

    @cached_property
    def pullbacks(self) -> list[Pullback]:
        """The way back, found when it is first wanted."""
        return adjoint(self.program)

    # As a decorator np.errstate costs a quarter of what it does in a with statement.
    @np.errstate(all="ignore")
    def outputs(self, batch: Array) -> Array:
        """The outputs (batch, n_outputs) for a batch (batch, n_inputs)."""
        binding = self._binding(len(batch))
        outputs = np.empty((len(batch), len(self.program.outputs)), self.dtype)
        self._forward(binding, batch)
        for column, (space, row) in enumerate(self.program.outputs):
            outputs[:, column] = binding.data[space][row]
        return outputs

    @np.errstate(all="ignore")
    def value_and_grad(self, batch: Array) -> tuple[float, Array]:
        """The mean of the first output, and its gradient (n_parameters,)."""
        binding = self._binding(len(batch))
        self._forward(binding, batch)
        binding.backward()
        gradient = binding.gradient.copy()
        value = binding.mean()
        if not (math.isfinite(value) and finite(gradient)):
            raise undefined_derivative()
        return value, gradient

    def _binding(self, batch_size: int) -> Binding:
        """The program over buffers of this batch size, made when it is new."""
        binding = self._bindings.get(batch_size)
        if binding is None:
            if len(self._bindings) == KEPT_BINDINGS:
                del self._bindings[next(iter(self._bindings))]
            binding = self._bindings[batch_size] = Binding(self, batch_size)
        return binding

    def _forward(self, binding: Binding, batch: Array) -> None:
        """Compute all rows. What is not finite is an error, and named."""
        binding.load(batch)
        binding.forward()
        for rows in binding.watched:
            if not finite(rows):
                raise self._named(binding, batch)

    def _named(self, binding: Binding, batch: Array) -> Exception:
        """The error that names the first thing that is not finite."""
        refused = not_finite(batch.tolist())
        if refused:
            return refused
        if not finite(self.parameters):
            return undefined("a parameter", None)
        for it in self.program.instructions:
            rows = binding.data[it.varying][it.first : it.first + it.size]
            bad = np.argwhere(~np.isfinite(rows))
            if len(bad):
                return undefined(describe(it), int(bad[0][1]) if it.varying else None)
        raise AssertionError("a row that no instruction computes is not finite")


def finite(array: Array) -> bool:
    """Whether every number is finite: a quick sum first, a look at each if needed.

    A sum of squares is the quickest, by BLAS, and not finite if a number is not.
    """
    flat = array.ravel()
    for first in range(0, len(flat), UNTHREADED):
        piece = flat[first : first + UNTHREADED]
        if not (math.isfinite(np.dot(piece, piece)) or np.isfinite(piece).all()):
            return False
    return True


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
        self.gradient = self.grad[UNIFORM][: program.n_parameters, 0]
        self.ones = np.ones((batch_size, 1), self.dtype)
        self.inputs = np.zeros((batch_size, program.n_inputs), self.dtype).T
        self._bind(executor.pullbacks)

    def _bind(self, pullbacks: list[Pullback]) -> None:
        """Settle everything that does not depend on the numbers."""
        program = self.program
        # What is only needed to bind; the arrays live on in the steps.
        self.read: dict[tuple[bool, tuple[int, ...], bytes], Array] = {}
        self.computed: Computed = {}
        self.constant: set[int] = set()
        # Inputs that a product reads where the batch lies, and those that are copied.
        self.direct = np.zeros(program.n_inputs, dtype=bool)
        self.copied = np.zeros(program.n_inputs, dtype=bool)
        self.forward_calls = [
            call for it in program.instructions for call in self._forward(it)
        ]
        # Rows that nothing was added to yet, and rows that must be zero before
        # something is; how often something is added to each, and where the gradient of
        # an instruction is, if it is that of another one.
        self.untouched = {s: np.ones(len(d), dtype=bool) for s, d in self.data.items()}
        self.cleared = {s: np.zeros(len(d), dtype=bool) for s, d in self.data.items()}
        self.additions = {s: np.zeros(len(d), dtype=int) for s, d in self.data.items()}
        for pullback in pullbacks:
            target = pullback.target
            np.add.at(self.additions[target.varying], target.rows.ravel(), 1)
        self.sizes = {(it.varying, it.first): it.size for it in program.instructions}
        self.shared: dict[tuple[bool, int], Array] = {}
        space, row = program.outputs[0]
        self.untouched[space][row] = False
        self.grad[space][row] = 1.0 / self.batch_size if space else 1.0
        self.backward_calls = [call for p in pullbacks for call in self._backward(p)]
        self.clear = [
            self.grad[space][run]
            for space in (VARYING, UNIFORM)
            for run in _runs(self.cleared[space])
        ]
        # An input that no product reads is copied, so that it is looked at at all; for
        # what a product reads its result tells whether all of it is finite.
        for output_space, output in program.outputs:
            if output_space and output < program.n_inputs:
                self.copied[output] = True
        self.copied |= ~self.direct
        self.copies = [(self.data[VARYING][r], r) for r in _runs(self.copied)]
        computed = np.ones(program.n_varying - program.n_inputs, dtype=bool)
        self.watched = [
            self.data[UNIFORM].ravel(),
            *[
                self.data[VARYING][run].ravel()
                for run in _runs(np.concatenate([self.copied, computed]))
            ],
        ]
        self.value = self.data[space][row]
        del self.read, self.computed, self.constant, self.shared
        del self.direct, self.copied, self.untouched, self.cleared, self.additions

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
        return _evenly(data, index.rows)

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

    def _backward(self, pullback: Pullback) -> list[Call]:
        """The calls that add to the gradient of one argument of an instruction."""
        it = pullback.instruction
        where = slice(it.first, it.first + it.size)
        grad = self.shared.get((it.varying, it.first), self.grad[it.varying][where])
        if isinstance(it, Product):
            left, calls = self._read(it.left)
            outer = grad.reshape(len(left), -1)
            if pullback.positions == (0,):
                right, refresh = self._matrix(it.right)
                buffer, deposit = self._place(pullback.target, 1)
                pull = self._pull_left(outer, right, buffer)
                return [*refresh, pull, *deposit]
            width = self.data[it.right.varying].shape[1]
            buffer, deposit = self._place(pullback.target, width)
            return [*calls, product(left[:, :, 0].T, outer, buffer), *deposit]
        if isinstance(it, Spread):
            return self._deposit(it.arg, grad)
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
            *self._deposit(pullback.target, result, steps),
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

    def _deposit(
        self, target: Index, contributions: Array, steps: Sequence[Step] = ()
    ) -> list[Call]:
        """The calls that add contributions, one per row read, to the gradients.

        `steps` compute them. They may lack the first axis of the rows, where each of
        them gets the same. Where the rows are uniform, they are summed over the batch.
        """
        grad = self.grad[target.varying]
        calls = [step.call() for step in steps]
        rows = target.rows.ravel()
        shape = (*target.rows.shape, grad.shape[1])
        untouched = self.untouched[target.varying][rows]
        place = _evenly(grad, target.rows)
        empty = place if untouched.all() else None
        whole = empty if empty is not None and empty.flags.c_contiguous else None
        if contributions.shape[-1] != grad.shape[1]:
            summed = np.empty((*contributions.shape[:-1], 1), self.dtype)
            if whole is not None and summed.shape == shape:
                summed = whole
            calls.append(self._summed(contributions, summed))
            contributions = summed
        elif whole is not None and contributions.shape == shape:
            if steps:
                calls[-1] = steps[-1]._replace(out=whole).call()
                contributions = whole
            elif self._is_sole(target):
                self.shared[target.varying, int(rows[0])] = contributions
                contributions = whole
        if place is None:
            contributions, spread = self._spread(contributions, shape)
            contributions = contributions.reshape(-1, shape[-1])
            return [*calls, *spread, *self._scattered(target, contributions)]
        self.untouched[target.varying][rows] = False
        if contributions is whole:
            return calls
        if empty is not None:
            return [*calls, partial(np.copyto, empty, contributions)]
        self.cleared[target.varying][rows[untouched]] = True
        return [*calls, partial(np.add, place, contributions, place)]

    def _scattered(self, target: Index, contributions: Array) -> list[Call]:
        """The calls that add contributions, a row each, to rows here and there."""
        grad, rows = self.grad[target.varying], target.rows.ravel()
        edges = [0, *(np.flatnonzero(np.diff(rows) != 1) + 1).tolist(), len(rows)]
        if len(edges) <= FEW_RUNS + 1:
            runs = [slice(a, b) for a, b in pairwise(edges)]
            parts = [(Index(target.varying, rows[r]), contributions[r]) for r in runs]
            return [call for part in parts for call in self._deposit(*part)]
        if len(np.unique(rows)) < len(rows):
            return self._combined(target, contributions)
        untouched = self.untouched[target.varying][rows]
        self.untouched[target.varying][rows] = False
        if untouched.all():
            return [partial(grad.__setitem__, rows, contributions)]
        self.cleared[target.varying][rows[untouched]] = True
        return [partial(_add_rows, grad, rows, contributions)]

    def _spread(
        self, contributions: Array, shape: tuple[int, ...]
    ) -> tuple[Array, list[Call]]:
        """The contributions in full, one per row, and the calls that write them out."""
        if contributions.shape == shape and contributions.flags.c_contiguous:
            return contributions, []
        spread = np.empty(shape, self.dtype)
        return spread, [partial(np.copyto, spread, contributions)]

    def _combined(self, target: Index, contributions: Array) -> list[Call]:
        """The calls that add contributions where a row gets several of them."""
        rows = target.rows.ravel()
        unique, counts = np.unique(rows, return_counts=True)
        sums = np.empty((len(unique), contributions.shape[1]), self.dtype)
        deposit = self._deposit(Index(target.varying, unique), sums)
        if len(unique) == 1:
            total = Step(np.add.reduce, (contributions,), {"axis": 0}, sums[0])
            return [total.call(), *deposit]
        calls: list[Call] = []
        if (np.diff(rows) < 0).any():
            order = np.argsort(rows, kind="stable")
            ordered = np.empty_like(contributions)
            calls = [partial(np.take, contributions, order, 0, ordered, "clip")]
            contributions = ordered
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        total_of_each = partial(np.add.reduceat, contributions, starts, 0, None, sums)
        return [*calls, total_of_each, *deposit]

    def _is_sole(self, target: Index) -> bool:
        """Whether these are the rows of one instruction, added to this once only."""
        first = int(target.rows.flat[0])
        size = self.sizes.get((target.varying, first))
        additions = self.additions[target.varying][target.rows]
        return size == target.rows.size and bool((additions == 1).all())

    def _summed(self, contributions: Array, out: Array) -> Call:
        """The call that sums over the batch."""
        if contributions.flags.c_contiguous and out.flags.c_contiguous:
            flat = contributions.reshape(-1, contributions.shape[-1])
            return partial(np.dot, flat, self.ones, out.reshape(-1, 1))
        return partial(np.matmul, contributions, self.ones, out)

    def _place(self, target: Index, width: int) -> tuple[Array, list[Call]]:
        """Where to write the gradient of a matrix, and the calls that deliver it."""
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
        return float(np.dot(self.value, self.ones[: len(self.value), 0])) / len(
            self.value
        )


def _evenly(data: Array, rows: Rows) -> Array | None:
    """Rows of the data as a view, in the shape of their numbers, if evenly spaced."""
    span = affine(rows.ravel())
    if span is not None:
        return data[span].reshape(*rows.shape, -1)
    turned = affine(rows.T.ravel()) if rows.ndim == 2 else None
    if turned is not None:
        view: Array = data[turned].reshape(*rows.T.shape, -1).swapaxes(0, 1)
        return view
    return None


def _runs(wanted: npt.NDArray[np.bool_]) -> list[slice]:
    """The runs of True, as slices."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], wanted.view(np.int8), [0]])))
    return [slice(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


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


def _add_rows(grad: Array, where: Rows, rows: Array) -> None:
    grad[where] += rows
