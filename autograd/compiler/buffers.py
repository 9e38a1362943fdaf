"""A program over buffers of one batch size: what a step of training runs.

Everything that does not depend on the numbers is settled here, once: buffers are
allocated, reads become views where the rows are evenly spaced and gathers where they
are not, and each instruction becomes a few steps on arrays (see `steps`). They are run
one after the other, or, where that can be, as one (see `run_native`).

The rows of the program lie side by side in one array for each space. On the way back
each instruction has an array of its own, or a part of the one that it is added to: what
is first added to rows is computed there at once.

Invariant: nothing is written that an earlier step of the pass has written, but by an
`Accumulate` into its own rows, before anything reads them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.compiler import run_native, run_numpy
from autograd.compiler.arrays import Joined, Stack
from autograd.compiler.costs import FEW_LOOKS, FEW_RUNS, LARGE_BATCH, UNTHREADED
from autograd.compiler.program import (
    UNIFORM,
    VARYING,
    Accumulate,
    Count,
    Elementwise,
    Index,
    Instruction,
    Number,
    Outer,
    Product,
    Program,
    Reduction,
    Rows,
    Spread,
    Total,
    affine,
    arguments,
    consecutive,
)
from autograd.compiler.steps import Array, Kind, Known, Step, copy, product, recorded

Block = tuple[bool, int]
"""The rows that one instruction computes: their space, and the first of them."""


class Buffers:
    """A program's instructions over buffers of one batch size.

    `way_back` is the adjoint of the program, asked for when a gradient is first wanted.
    """

    def __init__(
        self,
        program: Program,
        way_back: Callable[[], Program],
        uniform: Array,
        batch_size: int,
    ) -> None:
        self.program = program
        self.way_back = way_back
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
        self.is_copied = not run_native.can_run()
        # On the way back: where each block of rows is, and the first rows of all.
        self.homes: dict[Block, Array] = {}
        none = np.empty(0, dtype=np.intp)
        self.firsts: dict[bool, Rows] = {VARYING: none, UNIFORM: none}
        self.read: dict[tuple[object, ...], Array] = {}
        self.known: Known = {}
        self.constant: set[Block] = set()
        # Blocks that are computed in their place among the parts of another one, and
        # these parts.
        self.placed: set[Block] = set()
        self.delivered: set[tuple[Block, int]] = set()
        # Inputs that a product reads where the batch lies, and those that are copied;
        # and uniform rows that a product reads.
        self.direct = np.zeros(program.n_inputs, dtype=bool)
        self.copied = np.zeros(program.n_inputs, dtype=bool)
        self.multiplied = np.zeros(program.n_uniform, dtype=bool)
        self.infinite = _may_be_infinite(program)
        self.backward_calls: Sequence[Callable[[], Any]] | None = None
        self._bind_forward()

    # Settling what is run

    def _bind_forward(self) -> None:
        """Settle how the rows are computed, and which numbers are looked at."""
        program = self.program
        forward = [step for it in program.instructions for step in self._steps(it)]
        # An input that no product reads is copied, so that it is looked at at all.
        for output in program.outputs:
            if output.varying:
                self.copied[output.rows[output.rows < program.n_inputs]] = True
        self.copied |= ~self.direct
        load = [
            copy(self.data[VARYING][r], self.inputs[r]) for r in runs_of(self.copied)
        ]
        # For what a product reads its result tells whether all of it is finite.
        computed = np.ones(program.n_varying - program.n_inputs, dtype=bool)
        looked_at = {
            UNIFORM: ~self.multiplied & ~self.infinite[UNIFORM],
            VARYING: np.concatenate([self.copied, computed]) & ~self.infinite[VARYING],
        }
        self.watch = Watch([a for s in looked_at for a in self._looks(s, looked_at[s])])
        steps = [*load, *forward, *self.watch.steps]
        self.forward_calls = run_native.joined(steps, self.batch)
        self.doubtful = [
            it
            for it in program.instructions
            if self.infinite[it.varying][it.first : it.first + it.size].any()
        ]

    def _bind_backward(self) -> Sequence[Callable[[], Any]]:
        """Settle how the gradient is computed."""
        both = self.way_back()
        behind = both.instructions[len(self.program.instructions) :]
        for space in (VARYING, UNIFORM):
            starts = [it.first for it in behind if it.varying is space]
            self.firsts[space] = np.array(starts, dtype=np.intp)
        self._place(behind)
        steps = [step for it in behind for step in self._steps(it)]
        mean, *slopes = both.outputs
        self.value = self._read(mean, steps).reshape(())
        self.gradient = np.empty(0, self.dtype)
        for output in slopes:  # of all parameters at once, if there are any
            (block,) = self._blocks(output)
            self.gradient = self.homes[block].reshape(-1)
        # What the way forward has computed was looked at already.
        guards = {block for guard in both.guards for block in self._blocks(guard)}
        guarded = [self.homes[block] for block in sorted(guards)]
        self.watch_of_gradient = Watch([self.gradient, *guarded])
        return run_native.joined([*steps, *self.watch_of_gradient.steps], self.batch)

    def _place(self, behind: Sequence[Instruction]) -> None:
        """Give each instruction of the way back the array that it writes.

        What is read by an `Accumulate` alone is a part of its array, if it comes to
        consecutive rows that no other part of it has.
        """
        readers = Counter(
            block for it in behind for a in arguments(it) for block in self._blocks(a)
        )
        sizes = {(it.varying, it.first): it.size for it in behind}
        for it in reversed(behind):
            block = (it.varying, it.first)
            if block not in self.homes:
                width = self.batch_size if it.varying else 1
                self.homes[block] = np.zeros((it.size, width), self.dtype)
            if not isinstance(it, Accumulate):
                continue
            free = np.ones(it.size, dtype=bool)
            for i, part in enumerate(it.parts):
                made = self._whole(part.source, sizes)
                span = affine(part.targets.ravel())
                if (
                    made is not None
                    and made[0] == it.varying
                    and readers[made] == 1
                    and span is not None
                    and span.step == 1
                    and free[span].all()
                ):
                    free[span] = False
                    self.homes[made] = self.homes[block][span]
                    self.placed.add(made)
                    self.delivered.add((block, i))

    def _whole(self, source: Number, sizes: dict[Block, int]) -> Block | None:
        """The block of the way back that rows are all of, in order."""
        if not isinstance(source, Index):
            return None
        rows = source.rows.ravel()
        block = (source.varying, int(rows[0]))
        whole = sizes.get(block) == len(rows) and (np.diff(rows) == 1).all()
        return block if whole else None

    def _blocks(self, index: Index) -> set[Block]:
        """The blocks of the way back that some of the rows belong to."""
        places = np.unique(self._places(index.rows, index.varying))
        starts = self.firsts[index.varying]
        return {(index.varying, int(starts[i])) for i in places if i >= 0}

    def _places(self, rows: Any, space: bool) -> Rows:
        """Which block of the way back each row belongs to; -1 for the way forward."""
        found: Rows = np.searchsorted(self.firsts[space], rows, side="right") - 1
        return found

    def _n_forward(self, space: bool) -> int:
        return len(self.data[space])

    # What an instruction reads and writes

    def _steps(self, it: Instruction) -> list[Step]:
        """The steps that compute the rows of an instruction."""
        steps: list[Step] = []
        out = self._home(it)
        if isinstance(it, Product):
            left = self._read(it.left, steps)[:, :, 0]
            right = self._matrix(it.right, steps)
            out = out.reshape(len(left), -1)
            steps += self._product(left, right, out)
            is_forward = it.first < self._n_forward(it.varying)
            if is_forward:
                self.multiplied[it.left.rows] = True
            if is_forward and left.shape[1] == 1:
                # A sum of one term begins at 0 too, and is never -0.
                steps.append(
                    Step(Kind.MAP, np.add, (out, np.zeros((), self.dtype)), out)
                )
        elif isinstance(it, Outer):
            left, right = self._matrix(it.left, steps), self._matrix(it.right, steps)
            steps.append(product(left, right.T, out.reshape(len(left), -1)))
        elif isinstance(it, Spread):
            source = self._read(it.arg, steps)
            steps.append(copy(out, source))
        elif isinstance(it, Total):
            source = self._read(it.arg, steps)
            steps.append(
                product(source, np.ones((self.batch_size, 1), self.dtype), out)
            )
        elif isinstance(it, Count):
            steps.append(copy(out, float(self.batch_size)))
        elif isinstance(it, Accumulate):
            self._accumulate(it, out, steps)
        else:
            assert isinstance(it, (Elementwise, Reduction))
            if isinstance(it, Elementwise):
                args = [self._operand(arg, steps) for arg in it.args]
                rule = it.op.forward
                out = out.reshape(*arguments(it)[0].rows.shape, -1)
            else:
                rule = _reduction(it)
                args = [Stack(self._read(arg, steps)) for arg in it.args]
            keep = (it.varying, it.first) not in self.placed
            made, result = recorded(rule, args, self.known, out, keep)
            steps += made
            if not made and self._may_move(it, result):  # it was computed already
                self.homes[it.varying, it.first] = result.reshape(it.size, -1)
            elif not (made and made[-1].out is result and _is_there(result, out)):
                steps.append(copy(out, result))
        if self._is_constant(it):
            for step in steps:
                run_numpy.call(step)()
            self.constant.add((it.varying, it.first))
            return []
        return steps

    def _may_move(self, it: Instruction, result: Any) -> bool:
        """Whether an array can be where the rows of an instruction are."""
        block = (it.varying, it.first)
        width = self.batch_size if it.varying else 1
        return (
            block in self.homes
            and block not in self.placed
            and isinstance(result, np.ndarray)
            and result.size == it.size * width
            and result.flags.c_contiguous
        )

    def _home(self, it: Instruction) -> Array:
        """Where the rows of an instruction are."""
        data = self.data[it.varying]
        if it.first + it.size <= len(data):
            return data[it.first : it.first + it.size]
        return self.homes[it.varying, it.first]

    def _operand(self, arg: Number, steps: list[Step]) -> Any:
        """A number as it is; rows in their shape, or in one that is broadcast to it."""
        if not isinstance(arg, Index):
            return arg
        rows = arg.rows
        if rows.ndim == 2 and (rows == rows[0]).all():
            arg = Index(arg.varying, rows[0])
        return self._read(arg, steps)

    def _is_constant(self, it: Instruction) -> bool:
        """Whether what it computes on the way back does not change with the numbers.

        What others are added to does: it has to be written anew.
        """
        added_to = (it.varying, it.first) in self.placed
        if it.first < self._n_forward(it.varying) or added_to:
            return False
        read = arguments(it)
        return all(
            arg.rows.min() >= self._n_forward(arg.varying)
            and self._blocks(arg) <= self.constant
            for arg in read
        ) and (bool(read) or isinstance(it, Count))

    def _read(self, index: Index, steps: list[Step]) -> Array:
        """An array of the rows of an index; `steps` get those that refresh it.

        (k, batch) for a vector of rows, (n, k, batch) for a matrix. Where all rows of a
        vector are the same one, it is (1, batch), or () if that is uniform.
        """
        if index.key not in self.read:  # else as an earlier one of the pass read it
            view = self._view(index, steps)
            self.read[index.key] = (
                self._gathered(index, steps) if view is None else view
            )
        return self.read[index.key]

    def _view(self, index: Index, steps: list[Step]) -> Array | None:
        """The rows of an index as a view, where they are evenly spaced in one array."""
        rows = index.rows
        data, first = self._array_of(int(rows.min()), int(rows.max()), index.varying)
        if data is None:
            return None
        if index.varying and data is self.data[VARYING]:
            self._load(rows[rows < self.program.n_inputs], steps)
        if rows.ndim == 1 and (rows == rows[0]).all():
            row = data[rows[0] - first : rows[0] - first + 1]
            return row if index.varying else row.reshape(())
        return strided(data, rows - first)

    def _array_of(self, low: int, high: int, space: bool) -> tuple[Array | None, int]:
        """The array that holds rows, and which row is its first; None for several."""
        a, b = self._places([low, high], space)
        if a != b:
            return None, 0
        if a < 0:
            return self.data[space], 0
        first = int(self.firsts[space][a])
        return self.homes[space, first], first

    def _load(self, rows: Rows, steps: list[Step]) -> None:
        """See to it that inputs are where instructions read them."""
        if self.homes:  # what the way forward reads is copied at its beginning
            for row in rows[~self.copied[rows]].tolist():
                steps.append(copy(self.data[VARYING][row], self.inputs[row]))
        self.copied[rows] = True

    def _gathered(self, index: Index, steps: list[Step]) -> Array:
        """The rows of an index in a buffer of their own."""
        rows = index.rows.ravel()
        width = self.batch_size if index.varying else 1
        gathered = np.zeros((len(rows), width), self.dtype)
        edges = np.flatnonzero(np.diff(self._places(rows, index.varying))) + 1
        for piece in np.split(np.arange(len(rows)), edges):
            data, first = self._array_of(
                int(rows[piece].min()), int(rows[piece].max()), index.varying
            )
            assert data is not None
            if index.varying and data is self.data[VARYING]:
                here = rows[piece]
                self._load(here[here < self.program.n_inputs], steps)
            out = gathered[piece[0] : piece[-1] + 1]
            steps.append(Step(Kind.GATHER, None, (data,), out, rows[piece] - first))
        return gathered.reshape(*index.rows.shape, width)

    def _matrix(self, index: Index, steps: list[Step]) -> Array:
        """An index as a matrix of columns.

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
            inputs: Array = self.inputs[span]
            return inputs
        array = self._read(index, steps)
        matrix: Array = array.reshape(len(array), -1)
        if not np.may_share_memory(array, matrix):  # a copy, to be made anew
            steps.append(copy(matrix.reshape(array.shape), array))
        return matrix

    def _product(self, left: Array, right: Array, out: Array) -> list[Step]:
        """The steps that multiply two matrices."""
        is_large = self.dtype == np.float32 and self.batch_size > LARGE_BATCH
        if is_large and np.may_share_memory(right, self.batch):
            # A batch lies the other way round, and in single precision BLAS is twice as
            # fast if its product does too.
            turned = np.zeros(out.T.shape, self.dtype)
            return [product(right.T, left.T, turned), copy(out, turned.T)]
        return [product(left, right, out)]

    # Adding up

    def _accumulate(self, it: Accumulate, out: Array, steps: list[Step]) -> None:
        """The steps that add up the parts that were not computed in their place."""
        block = (it.varying, it.first)
        written = np.zeros(it.size, dtype=bool)
        for i, part in enumerate(it.parts):
            if (block, i) in self.delivered:
                written[part.targets.ravel()] = True
        rest = [
            (part.targets, np.asarray(self._operand(part.source, steps), self.dtype))
            for i, part in enumerate(it.parts)
            if (block, i) not in self.delivered
        ]
        if not written.any() and len(rest) > 1:
            whole = np.arange(it.size)
            if all(np.array_equal(targets, whole) for targets, _ in rest[:2]):
                a, b = (source for _, source in rest[:2])
                steps.append(Step(Kind.MAP, np.add, (a, b), out))
                written[:] = True
                rest = rest[2:]
        for targets, source in rest:
            self._add(out, targets, source, written, steps)
        if block in self.placed:  # what the outer one adds to its rows is added anew
            steps += _cleared(out, np.flatnonzero(~written))

    def _add(
        self, out: Array, rows: Rows, source: Array, written: Any, steps: list[Step]
    ) -> None:
        """The steps that add numbers to rows, of which some were written before."""
        flat = rows.ravel()
        distinct = len(np.unique(flat)) == len(flat)
        fresh = ~written[flat]
        place = strided(out, rows) if distinct else None
        if place is None:
            self._scatter(out, rows, source, written, steps)
            return
        written[flat] = True
        if fresh.all():
            steps.append(copy(place, source))
            return
        steps += _cleared(out, flat[fresh])
        steps.append(Step(Kind.MAP, np.add, (place, source), place))

    def _scatter(
        self, out: Array, rows: Rows, source: Array, written: Any, steps: list[Step]
    ) -> None:
        """The steps that add numbers to rows here and there."""
        flat = rows.ravel()
        shape = (*rows.shape, out.shape[1])
        if source.shape != shape or not source.flags.c_contiguous:
            full = np.zeros(shape, self.dtype)
            steps.append(copy(full, source))
            source = full
        source = source.reshape(len(flat), -1)
        runs = consecutive(flat)
        unique, counts = np.unique(flat, return_counts=True)
        if len(runs) <= FEW_RUNS and len(runs) < len(flat):
            for run in runs:
                self._add(out, flat[run], source[run], written, steps)
        elif len(unique) < len(flat):
            sums = np.zeros((len(unique), out.shape[1]), self.dtype)
            if len(unique) == 1:
                steps.append(Step(Kind.REDUCE, np.add, (source,), sums[0]))
            else:
                if (np.diff(flat) < 0).any():
                    order = np.argsort(flat, kind="stable")
                    ordered = np.zeros_like(source)
                    steps.append(Step(Kind.GATHER, None, (source,), ordered, order))
                    source = ordered
                starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
                steps.append(Step(Kind.SEGMENTS, np.add, (source,), sums, starts))
            self._add(out, unique, sums, written, steps)
        else:
            fresh = ~written[flat]
            kind = Kind.PUT if fresh.all() else Kind.ADD
            if kind is Kind.ADD:
                steps += _cleared(out, flat[fresh])
            written[flat] = True
            steps.append(Step(kind, None, (source,), out, flat))

    # Running

    def forward(self, batch: Array) -> None:
        """Compute all rows from a batch, (batch, n_inputs), and the parameters.

        The batch is read where it is, by `backward` too; unless it is copied.
        """
        if self.is_copied:
            np.copyto(self.batch, batch)
        else:
            self.given = batch
            run_native.move(self.forward_calls, batch)
        for each in self.forward_calls:
            each()

    def backward(self) -> None:
        """Compute the mean of the first output and its gradient."""
        if self.backward_calls is None:
            self.backward_calls = self._bind_backward()
        if not self.is_copied:
            run_native.move(self.backward_calls, self.given)
        for each in self.backward_calls:
            each()

    def is_finite(self) -> bool:
        """Whether all rows are finite, but for what an infinite constant has led to."""
        finite = self.watch.is_finite()
        return finite and (
            not self.doubtful or all(map(self._is_as_given, self.doubtful))
        )

    def finite_examples(self) -> npt.NDArray[np.bool_]:
        """For each example whether all of its rows are finite, and all uniform ones."""
        uniform = np.isfinite(self.data[UNIFORM]).all()
        computed = self.data[VARYING][self.program.n_inputs :]
        # Inputs are read where the batch lies, or were copied from there.
        inputs = self.batch if self.is_copied else self.given
        finite: npt.NDArray[np.bool_] = np.isfinite(inputs).all(axis=1) & uniform
        finite &= np.isfinite(computed).all(axis=0)
        return finite

    def _is_as_given(self, it: Instruction) -> bool:
        """Whether what is infinite has an infinite operand, and nothing is NaN."""
        out = self._home(it)
        if np.isfinite(out).all():
            return True
        if np.isnan(out).any():
            return False
        ignored: list[Step] = []
        args: list[Any] = [
            np.isfinite(self._read(arg, ignored)) for arg in arguments(it)
        ]
        if isinstance(it, Product):
            left, right = args[0].all(1)[:, None], args[1].all(0)[None]
            finite = left & right
            out = out.reshape(*finite.shape)
        elif isinstance(it, Reduction):
            finite = np.logical_and.reduce([arg.all(0) for arg in args])
        else:
            finite = np.logical_and.reduce(np.broadcast_arrays(*args))
            out = out.reshape(*arguments(it)[0].rows.shape, -1)
        return not bool((np.isinf(out) & finite).any())

    def _looks(self, space: bool, wanted: npt.NDArray[np.bool_]) -> Iterator[Array]:
        """The rows that are looked at; those between them too if they are many."""
        runs = runs_of(wanted)
        if len(runs) > FEW_LOOKS and not self.infinite[space].any():
            runs = [slice(None)]
        for run in runs:
            yield self.data[space][run]


class Watch:
    """Whether all numbers of some arrays are finite, told by a sum of their squares.

    A sum of squares by BLAS is the quickest way to read an array, and it is not finite
    if a number is not. If it is not, each number is looked at: large ones overflow too.
    """

    def __init__(self, arrays: Sequence[Array]) -> None:
        flat = [array.reshape(-1) for array in arrays]
        pieces = [
            a[i : i + UNTHREADED] for a in flat for i in range(0, len(a), UNTHREADED)
        ]
        self.arrays = arrays
        self.sums = np.zeros(len(pieces), arrays[0].dtype if arrays else float)
        self.steps = [
            Step(
                Kind.PRODUCT,
                np.matmul,
                (piece, piece),
                self.sums[i : i + 1].reshape(()),
            )
            for i, piece in enumerate(pieces)
        ]

    def is_finite(self) -> bool:
        """Whether all numbers were finite when the steps were run."""
        return math.isfinite(self.sums.sum()) or all(
            bool(np.isfinite(array).all()) for array in self.arrays
        )


def strided(data: Array, rows: Rows) -> Array | None:
    """Rows of the data as a view, in the shape of their numbers, if evenly spaced."""
    if rows.ndim == 1:
        span = affine(rows)
        return None if span is None else data[span]
    first = int(rows[0, 0])
    down = int(rows[1, 0]) - first if len(rows) > 1 else 0
    along = int(rows[0, 1]) - first if rows.shape[1] > 1 else 0
    if down < 0 or along < 0:
        return None
    n, k = rows.shape
    even = first + down * np.arange(n)[:, None] + along * np.arange(k)
    if (rows != even).any():
        return None
    row, column = data.strides
    view: Array = np.lib.stride_tricks.as_strided(
        data[first:], (n, k, data.shape[1]), (down * row, along * row, column)
    )
    return view


def runs_of(wanted: npt.NDArray[np.bool_]) -> list[slice]:
    """The runs of True, as slices."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], wanted.view(np.int8), [0]])))
    return [slice(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _is_there(result: Array, out: Array) -> bool:
    """Whether a result was written where it belongs."""
    same_place = result.__array_interface__["data"] == out.__array_interface__["data"]
    return same_place and result.size == out.size


def _cleared(out: Array, rows: Rows) -> list[Step]:
    """The steps that set rows to zero."""
    wanted = np.zeros(len(out), dtype=bool)
    wanted[rows] = True
    return [copy(out[run], 0.0) for run in runs_of(wanted)]


def _reduction(it: Reduction) -> Callable[..., Any]:
    """The rule of a reduction, of one stack or of two."""
    op = it.op
    if op.listed is None:
        return lambda xp, *stacks: op.forward(xp, *chain(*stacks))
    listed = op.listed
    if op.halves:
        return lambda xp, *stacks: listed(xp, Joined(*stacks))
    return lambda xp, stack: listed(xp, stack)


def _may_be_infinite(program: Program) -> dict[bool, npt.NDArray[np.bool_]]:
    """For each row, whether an infinite constant is behind it."""
    found = {
        VARYING: np.zeros(program.n_varying, dtype=bool),
        UNIFORM: np.zeros(program.n_uniform, dtype=bool),
    }
    first = program.n_parameters
    constants = np.array(program.constants)
    found[UNIFORM][first : first + len(constants)] = ~np.isfinite(constants)
    if np.isfinite(constants).all():
        return found
    for it in program.instructions:
        behind: list[Any] = [found[arg.varying][arg.rows] for arg in arguments(it)]
        if isinstance(it, Product):
            rows = (behind[0].any(1)[:, None] | behind[1].any(0)).ravel()
        elif isinstance(it, Reduction):
            rows = np.logical_or.reduce([b.any(0) for b in behind])
        else:
            rows = np.logical_or.reduce(behind).ravel()
        found[it.varying][it.first : it.first + it.size] = rows
    return found
