"""The vector form: a few instructions on rows of numbers.

Every scalar node is one row. Rows that depend on an input vary by example; the others
are uniform, the same for all examples. The first varying rows are the inputs, the first
uniform rows the parameters, followed by the constants.

An instruction computes consecutive rows from others:

- `Elementwise`: a row of the table, applied to vectors of rows and plain numbers;
- `Reduction`: a row of any number of arguments (sum, max, dot, ...) over columns;
- `Product`: a matrix of uniform rows times a matrix of rows;
- `Spread`: uniform rows made varying;

and what only a gradient needs (see `adjoint`):

- `Outer`: a matrix times the transpose of another, added up over the examples;
- `Total`: varying rows added up over the examples;
- `Count`: the number of examples;
- `Accumulate`: rows added up into others, where several may go to the same one.

Invariant (`verify`): the rows of an instruction follow those of the one before it in
the same space, and it reads only rows that are already there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from autograd.arithmetic import Floats
from autograd.ops import Operation

Rows: TypeAlias = npt.NDArray[np.intp]
VARYING, UNIFORM = True, False


@dataclass(frozen=True, slots=True)
class Index:
    """Rows of one space, as a vector or a matrix of row numbers."""

    varying: bool
    rows: Rows

    @property
    def key(self) -> tuple[object, ...]:
        """What two of the same rows in the same shape have in common."""
        return (self.varying, self.rows.shape, self.rows.tobytes())

    def __str__(self) -> str:
        return ("v" if self.varying else "u") + _shown(self.rows)


Number: TypeAlias = "Index | float"
"""What a rule computes with: rows, or a plain number that is the same for all."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """What every instruction has: where its results go."""

    varying: bool
    first: int
    size: int


@dataclass(frozen=True, slots=True)
class Elementwise(Instruction):
    """out[k] = op(args[0][k], args[1][k], ...); all args have one shape."""

    op: Operation
    args: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Reduction(Instruction):
    """out[k] = op(args[0][0, k], args[0][1, k], ...); dot has two args."""

    op: Operation
    args: tuple[Index, ...]


@dataclass(frozen=True, slots=True)
class Product(Instruction):
    """out[i, k] = Σⱼ left[i, j] · right[j, k], row by row; left is uniform."""

    left: Index
    right: Index


@dataclass(frozen=True, slots=True)
class Spread(Instruction):
    """out[k] = the uniform row rows[k], for every example."""

    arg: Index


@dataclass(frozen=True, slots=True)
class Outer(Instruction):
    """out[i, j] = Σ over examples and k of left[i, k] · right[j, k]."""

    left: Index
    right: Index


@dataclass(frozen=True, slots=True)
class Total(Instruction):
    """out[k] = Σ over examples of arg[k]."""

    arg: Index


@dataclass(frozen=True, slots=True)
class Count(Instruction):
    """The number of examples."""


@dataclass(frozen=True, slots=True)
class Part:
    """What is added where: source[k] to the row targets[k] of an Accumulate."""

    source: Number
    targets: Rows


@dataclass(frozen=True, slots=True)
class Accumulate(Instruction):
    """out[j] = Σ over all parts of source[k] where targets[k] = j; 0 where none is."""

    parts: tuple[Part, ...]


def mapped(it: Instruction, f: Callable[[Index], Index]) -> Instruction:
    """The instruction with other rows in the place of those that it reads."""

    def number(arg: Number) -> Number:
        return f(arg) if isinstance(arg, Index) else arg

    if isinstance(it, (Product, Outer)):
        return replace(it, left=f(it.left), right=f(it.right))
    if isinstance(it, (Spread, Total)):
        return replace(it, arg=f(it.arg))
    if isinstance(it, Reduction):
        return replace(it, args=tuple(map(f, it.args)))
    if isinstance(it, Elementwise):
        return replace(it, args=tuple(map(number, it.args)))
    if isinstance(it, Accumulate):
        parts = [replace(part, source=number(part.source)) for part in it.parts]
        return replace(it, parts=tuple(parts))
    return it


@dataclass(slots=True)
class Program:
    """Instructions on rows, and where the leaves and the outputs are."""

    n_inputs: int
    n_parameters: int
    constants: list[float]
    instructions: list[Instruction] = field(default_factory=list)
    outputs: list[Index] = field(default_factory=list)
    """The rows of the outputs, run after run of one space."""
    guards: list[Index] = field(default_factory=list)
    """Rows of which it matters that they are finite, though no output needs them."""

    @property
    def n_varying(self) -> int:
        """How many rows vary by example."""
        return self.n_inputs + sum(i.size for i in self.instructions if i.varying)

    @property
    def n_uniform(self) -> int:
        """How many rows are the same for all examples."""
        leaves = self.n_parameters + len(self.constants)
        return leaves + sum(i.size for i in self.instructions if not i.varying)

    @property
    def n_outputs(self) -> int:
        """How many outputs there are."""
        return sum(output.rows.size for output in self.outputs)

    def showing(self, n: int) -> Program:
        """The same with the first n outputs alone."""
        outputs, left = [], n
        for output in self.outputs:
            rows = output.rows[:left]
            left -= len(rows)
            outputs += [Index(output.varying, rows)] * (len(rows) > 0)
        return replace(self, outputs=outputs)

    def run(self, inputs: Sequence[float], parameters: Sequence[float]) -> list[float]:
        """The outputs for one example, one scalar after the other: see `run_batch`."""
        return self.run_batch([inputs], parameters)[0]

    def run_batch(
        self, batch: Sequence[Sequence[float]], parameters: Sequence[float]
    ) -> list[list[float]]:
        """The outputs for each example: what an executor must agree with.

        ValueError or ArithmeticError where an operation has no result; OverflowError
        where a guard is not finite.
        """
        examples = range(len(batch))
        # A varying row is a list of one number for each example, a uniform one of one.
        data: dict[bool, list[list[float]]] = {
            VARYING: [[example[i] for example in batch] for i in range(self.n_inputs)],
            UNIFORM: [[x] for x in [*parameters, *self.constants]],
        }
        for it in self.instructions:
            if isinstance(it, (Outer, Total, Count)):
                data[UNIFORM] += [[x] for x in _over_examples(it, data, examples)]
            else:
                found = [
                    list(_computed(it, data, e))
                    for e in (examples if it.varying else [0])
                ]
                data[it.varying] += [list(row) for row in zip(*found, strict=True)]
        for guard in self.guards:
            for row in guard.rows.flat:
                if not all(map(math.isfinite, data[guard.varying][row])):
                    raise OverflowError(f"row {row} of {guard} is not finite")
        return [
            [
                data[output.varying][row][e * output.varying]
                for output in self.outputs
                for row in output.rows.tolist()
            ]
            for e in examples
        ]

    def verify(self) -> None:
        """Raise AssertionError unless the invariant of this module holds."""
        ready = {
            VARYING: self.n_inputs,
            UNIFORM: self.n_parameters + len(self.constants),
        }
        for it in self.instructions:
            assert it.first == ready[it.varying], f"{it}: rows out of order"
            for arg in arguments(it):
                assert arg.rows.size
                assert arg.rows.min() >= 0
                assert arg.rows.max() < ready[arg.varying], f"{it}: not yet computed"
                summed = isinstance(it, (Outer, Total))
                assert it.varying or summed or not arg.varying, f"{it}: from varying"
            assert it.size == _size(it), f"{it}: wrong size"
            ready[it.varying] += it.size
        for index in (*self.outputs, *self.guards):
            last = ready[index.varying]
            assert 0 <= index.rows.min() <= index.rows.max() < last, "no such row"

    def __len__(self) -> int:
        return len(self.instructions)

    def __str__(self) -> str:
        lines = [
            f"{self.n_inputs} inputs, {self.n_parameters} parameters, "
            f"{len(self.constants)} constants",
            "v: rows that vary by example, the inputs first; u: rows that do not, "
            "parameters first",
        ]
        for it in self.instructions:
            where = Index(it.varying, np.arange(it.first, it.first + it.size))
            lines.append(f"{where!s:>14} = {describe(it)}")
        outputs = [
            Index(output.varying, output.rows[run])
            for output in self.outputs
            for run in consecutive(output.rows)
        ]
        lines.append(f"outputs {' '.join(map(str, outputs))}")
        if self.guards:
            lines.append(f"to be finite {' '.join(map(str, self.guards))}")
        return "\n".join(lines)


def arguments(it: Instruction) -> tuple[Index, ...]:
    """The rows that an instruction reads."""
    if isinstance(it, (Product, Outer)):
        return (it.left, it.right)
    if isinstance(it, (Spread, Total)):
        return (it.arg,)
    if isinstance(it, Accumulate):
        return tuple([p.source for p in it.parts if isinstance(p.source, Index)])
    if isinstance(it, (Elementwise, Reduction)):
        return tuple([arg for arg in it.args if isinstance(arg, Index)])
    return ()


def describe(it: Instruction) -> str:
    """An instruction without its result, as in `tanh v[784:800]`."""
    if isinstance(it, (Product, Outer)):
        left, right = it.left.rows.shape, it.right.rows.shape
        right = right if isinstance(it, Product) else right[::-1]
        turned = "" if isinstance(it, Product) else "ᵀ, over all examples"
        sizes = f"({left[0]}, {left[1]}) @ ({right[0]}, {right[1]})"
        return f"{it.left} @ {it.right}{turned}   {sizes}"
    if isinstance(it, Spread):
        return f"spread {it.arg}"
    if isinstance(it, Total):
        return f"total {it.arg} over all examples"
    if isinstance(it, Count):
        return "the number of examples"
    if isinstance(it, Accumulate):
        parts = [f"{p.source} to {_shown(p.targets)}" for p in it.parts]
        return f"accumulate {', '.join(parts)}"
    assert isinstance(it, (Elementwise, Reduction))
    shape = f" over {it.args[0].rows.shape[0]}" if isinstance(it, Reduction) else ""
    names = [it.op.name, *map(str, it.op.static), *filter(None, [it.op.kind])]
    return f"{' '.join(names)} {', '.join(map(str, it.args))}{shape}"


def _size(it: Instruction) -> int:
    if isinstance(it, Count):
        return 1
    if isinstance(it, Accumulate):
        for part in it.parts:
            assert part.targets.size
            assert 0 <= part.targets.min() <= part.targets.max() < it.size
            if isinstance(part.source, Index):
                assert part.source.rows.shape == part.targets.shape
        return it.size
    if isinstance(it, (Product, Outer)):
        right = it.right.rows if isinstance(it, Product) else it.right.rows.T
        n, length = it.left.rows.shape
        also_length, width = right.shape
        assert length == also_length
        return int(n * width)
    shapes = {arg.rows.shape for arg in arguments(it)}
    assert len(shapes) == 1, f"{it}: arguments of different shapes"
    (shape,) = shapes
    return int(shape[-1] if isinstance(it, Reduction) else np.prod(shape))


def _computed(
    it: Instruction, data: dict[bool, list[list[float]]], e: int
) -> Iterator[float]:
    """The rows of an instruction for example e, one scalar after the other."""

    def read(arg: Number) -> list[float]:
        if not isinstance(arg, Index):
            return [arg] * it.size
        return [data[arg.varying][row][e * arg.varying] for row in arg.rows.flat]

    if isinstance(it, Elementwise):
        for operands in zip(*map(read, it.args), strict=True):
            yield it.op.forward(Floats, *operands)
    elif isinstance(it, Reduction):
        columns = [read(Index(arg.varying, arg.rows.T)) for arg in it.args]
        n = it.args[0].rows.shape[0]
        for k in range(it.size):
            taken = [x for column in columns for x in column[k * n : (k + 1) * n]]
            yield it.op.forward(Floats, *taken)
    elif isinstance(it, Product):
        rows = [read(Index(UNIFORM, row)) for row in it.left.rows]
        columns = [read(Index(it.right.varying, c)) for c in it.right.rows.T]
        for row in rows:
            for column in columns:
                yield sum(a * b for a, b in zip(row, column, strict=True))
    elif isinstance(it, Spread):
        yield from read(it.arg)
    else:
        assert isinstance(it, Accumulate)
        found = [0.0] * it.size
        for part in it.parts:
            source = part.source
            many = isinstance(source, Index)
            numbers = read(source) if many else [source] * part.targets.size
            for x, target in zip(numbers, part.targets.flat, strict=True):
                found[target] += x
        yield from found


def _over_examples(
    it: Instruction, data: dict[bool, list[list[float]]], examples: range
) -> Iterator[float]:
    """The rows of an instruction that looks at all examples."""

    def read(arg: Index, row: int) -> list[float]:
        found = data[arg.varying][row]
        return found if arg.varying else found * len(examples)

    if isinstance(it, Count):
        yield float(len(examples))
    elif isinstance(it, Total):
        for row in it.arg.rows.flat:
            yield sum(read(it.arg, row))
    else:
        assert isinstance(it, Outer)
        # Where nothing varies there is one example.
        once = slice(None) if it.left.varying or it.right.varying else slice(1)
        for i in it.left.rows:
            for j in it.right.rows:
                yield sum(
                    a * b
                    for left, right in zip(i, j, strict=True)
                    for a, b in zip(
                        read(it.left, left)[once],
                        read(it.right, right)[once],
                        strict=True,
                    )
                )


def _shown(rows: Rows) -> str:
    """Row numbers as a person would write them: `[3]`, `[0:16]`, `[0:64:2]`."""
    if rows.size and (rows == rows.flat[0]).all():
        return f"[{rows.flat[0]}]"
    span = affine(rows.ravel())
    if span is not None:
        start, stop, step = span.start, span.stop, span.step
        return f"[{start}:{stop}]" if step == 1 else f"[{start}:{stop}:{step}]"
    if rows.ndim == 2 and affine(rows.T.ravel()) is not None:
        return _shown(rows.T) + "ᵀ"
    return f"[{rows.size} rows of {rows.min()}:{rows.max() + 1}]"


def consecutive(rows: Rows) -> list[slice]:
    """Where in a vector of row numbers each run of consecutive ones stands."""
    edges = [0, *(np.flatnonzero(np.diff(rows) != 1) + 1).tolist(), len(rows)]
    return [slice(first, last) for first, last in pairwise(edges)]


def affine(rows: Rows) -> slice | None:
    """The slice that selects these rows, where there is one."""
    first, last, size = int(rows[0]), int(rows[-1]), rows.size
    step = int(rows[1]) - first if size > 1 else 1
    # Most that are none are found out without a look at all of them.
    if step <= 0 or last - first != step * (size - 1):
        return None
    if size > 2 and (rows[1:] - rows[:-1] != step).any():
        return None
    return slice(first, last + 1, step)
