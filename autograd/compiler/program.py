"""The vector form: a few instructions on rows of numbers.

Every scalar node is one row. Rows that depend on an input vary by example and live in
the array `varying`, (n_varying, batch); the others are the same for all examples and
live in `uniform`, (n_uniform, 1). The first varying rows are the inputs, the first
uniform rows the parameters, followed by the constants.

An instruction computes consecutive rows from others:

- `Elementwise`: a row of the table, applied to vectors of rows;
- `Reduction`: sum, max, min, logsumexp or dot, each over a column of rows;
- `Product`: a matrix of uniform rows times a matrix of rows;
- `Spread`: uniform rows made varying.

Invariant (`verify`): the rows of an instruction follow those of the one before it in
the same space, and it reads only rows that are already there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
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

    def __str__(self) -> str:
        return ("v" if self.varying else "u") + _shown(self.rows)


@dataclass(frozen=True, slots=True)
class Instruction:
    """What every instruction has: where its results go."""

    varying: bool
    first: int
    size: int


@dataclass(frozen=True, slots=True)
class Elementwise(Instruction):
    """out[k] = op(args[0][k], args[1][k], ...)."""

    op: Operation
    args: tuple[Index, ...]


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


@dataclass(slots=True)
class Program:
    """Instructions on rows, and where the leaves and the outputs are."""

    n_inputs: int
    n_parameters: int
    constants: list[float]
    instructions: list[Instruction] = field(default_factory=list)
    outputs: list[tuple[bool, int]] = field(default_factory=list)

    @property
    def n_varying(self) -> int:
        """How many rows vary by example."""
        return self.n_inputs + sum(i.size for i in self.instructions if i.varying)

    @property
    def n_uniform(self) -> int:
        """How many rows are the same for all examples."""
        leaves = self.n_parameters + len(self.constants)
        return leaves + sum(i.size for i in self.instructions if not i.varying)

    def run(self, inputs: Sequence[float], parameters: Sequence[float]) -> list[float]:
        """The outputs for one example, one scalar after the other."""
        spaces = {VARYING: [*inputs], UNIFORM: [*parameters, *self.constants]}

        def read(index: Index, *place: int) -> float:
            row: int = index.rows[place]
            return spaces[index.varying][row]

        def columns(arg: Index) -> list[list[float]]:
            length, width = arg.rows.shape
            return [[read(arg, j, k) for j in range(length)] for k in range(width)]

        for it in self.instructions:
            if isinstance(it, Elementwise):
                results = [
                    it.op.forward(Floats, *[read(arg, k) for arg in it.args])
                    for k in range(it.size)
                ]
            elif isinstance(it, Reduction):
                results = [
                    it.op.forward(Floats, *[x for column in parts for x in column])
                    for parts in zip(*map(columns, it.args), strict=True)
                ]
            elif isinstance(it, Product):
                rows = [
                    [read(it.left, i, j) for j in range(it.left.rows.shape[1])]
                    for i in range(it.left.rows.shape[0])
                ]
                results = [
                    sum(a * b for a, b in zip(row, column, strict=True))
                    for row in rows
                    for column in columns(it.right)
                ]
            else:
                assert isinstance(it, Spread)
                results = [read(it.arg, k) for k in range(it.size)]
            spaces[it.varying] += results
        return [spaces[varying][row] for varying, row in self.outputs]

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
                assert it.varying or not arg.varying, f"{it}: uniform from varying"
            assert it.size == _size(it), f"{it}: wrong size"
            ready[it.varying] += it.size
        for varying, row in self.outputs:
            assert 0 <= row < ready[varying], "an output is no row"

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
        lines.append(
            "outputs "
            + " ".join(("v" if v else "u") + f"[{row}]" for v, row in self.outputs)
        )
        return "\n".join(lines)


def arguments(it: Instruction) -> tuple[Index, ...]:
    """What an instruction reads."""
    if isinstance(it, Product):
        return (it.left, it.right)
    if isinstance(it, Spread):
        return (it.arg,)
    assert isinstance(it, (Elementwise, Reduction))
    return it.args


def describe(it: Instruction) -> str:
    """An instruction without its result, as in `tanh v[784:800]`."""
    if isinstance(it, Product):
        left, right = it.left.rows.shape, it.right.rows.shape
        sizes = f"({left[0]}, {left[1]}) @ ({right[0]}, {right[1]})"
        return f"{it.left} @ {it.right}   {sizes}"
    if isinstance(it, Spread):
        return f"spread {it.arg}"
    assert isinstance(it, (Elementwise, Reduction))
    shape = f" over {it.args[0].rows.shape[0]}" if isinstance(it, Reduction) else ""
    return f"{it.op.name} {', '.join(map(str, it.args))}{shape}"


def _size(it: Instruction) -> int:
    if isinstance(it, Product):
        n, length = it.left.rows.shape
        also_length, width = it.right.rows.shape
        assert length == also_length
        return int(n * width)
    sizes = {arg.rows.shape[-1] for arg in arguments(it)}
    assert len(sizes) == 1
    (size,) = map(int, sizes)
    return size


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
