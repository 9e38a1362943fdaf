"""Program to program: sums of products become matrix products.

A dot product is a row of node numbers times another. Among the dot products of one
instruction, collect the distinct left rows and the distinct right rows. Where every
pair of them occurs, the whole instruction is one matrix product: a dense layer has one
left row per neuron and one right row, a convolution one left row per channel and one
right row per position, a recorded batch one right row per example. Where only some
pairs occur, the parts that are connected are looked at one by one, and what is no
product stays a reduction.

On the way the rows of each instruction are put in the order of what they read, so that
most reads become slices.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

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
)
from autograd.ops import TABLE

DOT = TABLE["dot"]


def reroll(program: Program) -> Program:
    """Find the matrix products, and order all rows by what they read."""
    result = Program(program.n_inputs, program.n_parameters, list(program.constants))
    n_leaves = {
        VARYING: program.n_inputs,
        UNIFORM: program.n_parameters + len(program.constants),
    }
    sizes = {VARYING: program.n_varying, UNIFORM: program.n_uniform}
    new_row = {space: np.arange(size) for space, size in sizes.items()}
    following = dict(n_leaves)
    for it in program.instructions:
        for made, order in _rewritten(_renumbered(it, new_row)):
            first = following[it.varying]
            following[it.varying] += made.size
            new_row[it.varying][it.first + order] = first + np.arange(made.size)
            result.instructions.append(replace(made, first=first))
    result.outputs = [
        (space, int(new_row[space][row])) for space, row in program.outputs
    ]
    return result


def _renumbered(it: Instruction, new_row: dict[bool, Rows]) -> Instruction:
    """The instruction, reading the same rows by their new numbers."""

    def new(index: Index) -> Index:
        return Index(index.varying, new_row[index.varying][index.rows])

    if isinstance(it, (Elementwise, Reduction)):
        return replace(it, args=tuple(map(new, it.args)))
    assert isinstance(it, Spread)
    return replace(it, arg=new(it.arg))


def _rewritten(it: Instruction) -> Iterator[tuple[Instruction, Rows]]:
    """What computes the same rows, and which of them: positions in `it`, in order."""
    if isinstance(it, Reduction) and it.op is DOT:
        yield from _products(it)
    elif isinstance(it, Reduction):
        (arg,) = it.args
        rows = np.sort(arg.rows, axis=0)
        order = np.lexsort(rows[::-1])
        yield replace(it, args=(Index(arg.varying, rows[:, order]),)), order
    elif isinstance(it, Elementwise):
        # What varies first: a slice of it is worth more than one of the uniform rows.
        keys = sorted(it.args, key=lambda arg: not arg.varying)
        order = np.lexsort([arg.rows for arg in reversed(keys)])
        args = tuple(Index(arg.varying, arg.rows[order]) for arg in it.args)
        yield replace(it, args=args), order
    else:
        yield it, np.arange(it.size)


def _products(it: Reduction) -> Iterator[tuple[Instruction, Rows]]:
    """The dot products of one instruction as matrix products where that is possible."""
    left, right = it.args
    # The order of the terms is free: sort them, so that equal rows look equal.
    terms = np.lexsort([left.rows, right.rows], axis=0)
    lefts = np.take_along_axis(left.rows, terms, axis=0)
    rights = np.take_along_axis(right.rows, terms, axis=0)
    alone: list[Rows] = []
    if left.varying:
        alone.append(np.arange(it.size))
    else:
        l_rows, l_of = _distinct(lefts)
        r_rows, r_of = _distinct(rights)
        for part in _connected(l_of, r_of):
            l_part, r_part = np.unique(l_of[part]), np.unique(r_of[part])
            pairs = set(zip(l_of[part].tolist(), r_of[part].tolist(), strict=True))
            whole = len(l_part) * len(r_part) == len(part) == len(pairs)
            if not whole or (len(part) == 1 and it.size > 1):
                alone.append(part)
                continue
            order = part[np.lexsort([r_of[part], l_of[part]])]
            yield (
                Product(
                    it.varying,
                    0,
                    len(part),
                    Index(UNIFORM, l_rows[:, l_part].T),
                    Index(right.varying, r_rows[:, r_part]),
                ),
                order,
            )
    if alone:
        rest = np.concatenate(alone)
        parts = (
            Index(left.varying, lefts[:, rest]),
            Index(right.varying, rights[:, rest]),
        )
        yield Reduction(it.varying, 0, len(rest), DOT, parts), rest


def _distinct(rows: Rows) -> tuple[Rows, Rows]:
    """The distinct columns, and for each column which of them it is."""
    found, which = np.unique(rows, axis=1, return_inverse=True)
    return found, which.ravel()


def _connected(l_of: Rows, r_of: Rows) -> Iterator[Rows]:
    """Positions of the pairs, part by part, that share a left or a right row."""
    parent = list(range(int(l_of.max()) + 1 + int(r_of.max()) + 1))
    offset = int(l_of.max()) + 1

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for a, b in zip(l_of.tolist(), (r_of + offset).tolist(), strict=True):
        parent[root(a)] = root(b)
    parts: dict[int, list[int]] = {}
    for k, a in enumerate(l_of.tolist()):
        parts.setdefault(root(a), []).append(k)
    for part in parts.values():
        yield np.array(part, dtype=np.intp)
