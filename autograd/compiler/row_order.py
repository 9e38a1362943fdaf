"""Program to program: rows in the order in which they are read, where that pays.

A read of evenly spaced rows is a slice, and costs next to nothing; any other read is a
gather, and a scattered addition on the way back. Instructions that read all rows of one
another, one for one, form a block: one order serves them all, and changes nothing among
them. For each block, from the last to the first, the orders in which its rows are
gathered are tried, and one is kept if fewer rows are gathered then, those that the
block itself reads included.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from autograd.compiler.program import (
    UNIFORM,
    VARYING,
    Index,
    Instruction,
    Product,
    Program,
    Rows,
    affine,
    arguments,
    mapped,
)


def in_reading_order(program: Program) -> Program:
    """The same instructions, their rows ordered so that fewer of them are gathered."""
    return _Ordering(program).result


def gathered(instructions: Iterable[Instruction]) -> tuple[int, int]:
    """How many rows are read other than by slices: varying ones, uniform ones."""
    counts = {VARYING: 0, UNIFORM: 0}
    for it in instructions:
        for arg in arguments(it):
            if not _is_slice(arg.rows):
                counts[arg.varying] += arg.rows.size
    return counts[VARYING], counts[UNIFORM]


def connected(size: int, pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """The numbers below `size` in parts: the two numbers of a pair share a part."""
    parent = list(range(size))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for a, b in pairs:
        parent[root(a)] = root(b)
    parts: dict[int, list[int]] = {}
    for i in range(size):
        parts.setdefault(root(i), []).append(i)
    return list(parts.values())


class _Ordering:
    """A program in which blocks are reordered one after the other."""

    def __init__(self, program: Program) -> None:
        self.result = program
        if gathered(program.instructions) == (0, 0):
            return
        self.instructions = list(program.instructions)
        self._find_readers(program)
        sizes = {VARYING: program.n_varying, UNIFORM: program.n_uniform}
        self.place = {space: np.arange(size) for space, size in sizes.items()}
        final = {space: np.arange(size) for space, size in sizes.items()}
        wholes = [
            (maker, n)
            for maker, readers in enumerate(self.readers)
            for n, position in readers
            if self._is_whole(maker, n, position)
        ]
        blocks = connected(len(self.instructions), wholes)
        for block in sorted(blocks, key=lambda block: -block[-1]):
            order = None if self.fixed & {*block} else self._best(block)
            if order is not None:
                for n, it in self._reordered(block, order).items():
                    self.instructions[n] = it
                for space, rows, new in self._moves(block, order):
                    final[space][rows] = new
        self.result = replace(
            program,
            instructions=self.instructions,
            outputs=[renumbered_rows(output, final) for output in program.outputs],
        )

    def _find_readers(self, program: Program) -> None:
        """Find which instructions read the rows of which, by which argument.

        Those that are read along with others stay as they are: no order of the rows of
        one makes a slice of the rows of several.
        """
        self.readers: list[list[tuple[int, int]]] = [[] for _ in self.instructions]
        self.fixed: set[int] = set()
        maker = {
            VARYING: np.full(program.n_varying, -1),
            UNIFORM: np.full(program.n_uniform, -1),
        }
        for n, it in enumerate(self.instructions):
            for position, arg in enumerate(arguments(it)):
                makers = maker[arg.varying][arg.rows.ravel()]
                first = int(makers[0])
                if (makers != first).any():
                    self.fixed.update(makers.tolist())
                elif first >= 0:
                    self.readers[first].append((n, position))
            maker[it.varying][it.first : it.first + it.size] = n

    def _is_whole(self, maker: int, n: int, position: int) -> bool:
        """Whether an argument is all that an instruction made, one for one."""
        made, it = self.instructions[maker], self.instructions[n]
        rows = arguments(it)[position].rows
        return (
            rows.ndim == 1 and it.size == made.size and bool((np.diff(rows) == 1).all())
        )

    def _best(self, block: list[int]) -> Rows | None:
        """The order of a block's rows in which the fewest are gathered, if another."""
        best, fewest = None, None
        for order in self._orders(block):
            new = self._reordered(block, order)
            if not new:
                continue
            if fewest is None:
                fewest = gathered(self.instructions[n] for n in new)
            count = gathered(new.values())
            if count < fewest:
                best, fewest = order, count
        return best

    def _orders(self, block: list[int]) -> Iterator[Rows]:
        """The orders in which a block's rows are gathered: by rows, and by columns."""
        gathers = []
        for maker in block:
            for n, position in self.readers[maker]:
                rows = arguments(self.instructions[n])[position].rows
                if not _is_slice(rows):
                    gathers.append(rows - self.instructions[maker].first)
        if not gathers:
            return
        everything = np.arange(self.instructions[block[0]].size)
        for turned in (False, True):
            read = [(rows.T if turned else rows).ravel() for rows in gathers]
            _, firsts = np.unique(
                np.concatenate([*read, everything]), return_index=True
            )
            yield np.argsort(firsts)

    def _moves(
        self, block: Sequence[int], order: Rows
    ) -> Iterator[tuple[bool, Rows, Rows]]:
        """Where the rows of a block's instructions go: the space, from, to."""
        for n in block:
            it = self.instructions[n]
            yield it.varying, it.first + order, it.first + np.arange(it.size)

    def _reordered(self, block: list[int], order: Rows) -> dict[int, Instruction]:
        """The block in another order, and its readers; nothing if that cannot be."""
        moves = list(self._moves(block, order))
        for space, rows, new in moves:
            self.place[space][rows] = new
        touched = {*block, *[n for maker in block for n, _ in self.readers[maker]]}
        result = {n: renumbered(self.instructions[n], self.place) for n in touched}
        for space, rows, _ in moves:
            self.place[space][rows] = rows
        for n in block:
            made = permuted(result[n], order)
            if made is None:
                return {}
            result[n] = made
        return result


def renumbered(it: Instruction, new_row: dict[bool, Rows]) -> Instruction:
    """The instruction, reading the same rows by their new numbers."""
    return mapped(it, lambda index: renumbered_rows(index, new_row))


def renumbered_rows(index: Index, new_row: dict[bool, Rows]) -> Index:
    """The same rows by their new numbers."""
    return Index(index.varying, new_row[index.varying][index.rows])


def permuted(it: Instruction, order: Rows) -> Instruction | None:
    """The instruction with its rows in another order; None where that is not one."""
    if isinstance(it, Product):
        return _permuted_product(it, order)
    return mapped(it, lambda arg: _taken(arg, order))


def _permuted_product(it: Product, order: Rows) -> Product | None:
    """The product, if the order is one of whole rows and whole columns."""
    width = it.right.rows.shape[1]
    table = order.reshape(-1, width)
    rows, columns = table[:, 0] // width, table[0] % width
    if (table != rows[:, None] * width + columns).any():
        return None
    left = Index(it.left.varying, it.left.rows[rows])
    return replace(it, left=left, right=_taken(it.right, columns))


def _taken(index: Index, order: Rows) -> Index:
    """The columns of an index in another order."""
    return Index(index.varying, index.rows[..., order])


def _is_slice(rows: Rows) -> bool:
    """Whether rows can be read without a copy: evenly spaced, or all the same."""
    flat = rows.ravel()
    return (
        affine(flat) is not None
        or (rows.ndim == 2 and affine(rows.T.ravel()) is not None)
        or bool((flat == flat[0]).all())
    )
