"""Program to program: sums of products become matrix products.

A dot product is a row of node numbers times another. Among the dot products of one
instruction, collect the distinct left rows and the distinct right rows. Where every
pair of them occurs, the whole instruction is one matrix product: a dense layer has one
left row per neuron and one right row, a convolution one left row per channel and one
right row per position, a recorded batch one right row per example. Where only some
pairs occur, the parts that are connected are looked at one by one. What is no product
stays a reduction, and so do parts so small that a product for each would take longer.
Dot products of several lengths are looked at together first, with zeros in place of
what the shorter ones have not (see `padding`): a triangular matrix is one product.

On the way the rows of each instruction are put in the order of what they read, and at
last in that of their readers where it pays, so that most reads become slices.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograd.compiler.costs import (
    LONG,
    LOOKUP_EXAMPLES,
    NARROW,
    PRODUCT_SECONDS,
    REDUCTION_SECONDS,
    TERM_SECONDS,
    TYPICAL_BATCH,
)
from autograd.compiler.padding import Padded, families, padded
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
    arguments,
)
from autograd.compiler.row_order import (
    connected,
    gathered,
    in_reading_order,
    renumbered,
    renumbered_rows,
)
from autograd.ops import TABLE

DOT = TABLE["dot"]


def reroll(program: Program) -> Program:
    """Find the matrix products, and order all rows by what they read.

    A long recurrence has neither, and is left as it is: looking at each of its
    thousands of instructions would take longer than all of compiling it.
    """
    n_rows = sum([it.size for it in program.instructions])
    if len(program) > LONG and n_rows < NARROW * len(program):
        return program
    zero = program.n_uniform  # a row of its own, for what is padded
    found = [
        (family, padded(family, zero) if len(family) > 1 else None)
        for family in families(program.instructions)
    ]
    constants = list(program.constants)
    new_row = {VARYING: np.arange(program.n_varying), UNIFORM: np.arange(zero + 1)}
    if any(both for _, both in found):
        new_row[UNIFORM][zero] = program.n_parameters + len(constants)
        constants.append(0.0)
    result = Program(program.n_inputs, program.n_parameters, constants)
    following = {VARYING: result.n_varying, UNIFORM: result.n_uniform}
    for family, both in found:
        space, start = family[0].varying, family[0].first
        family = [renumbered(it, new_row) for it in family]
        if both:
            dots: Any = renumbered(both.dots, new_row)
            both = both._replace(dots=dots)
        for made, order in _rewritten_family(family, both):
            first = following[space]
            following[space] += made.size
            new_row[space][start + order] = first + np.arange(made.size)
            result.instructions.append(replace(made, first=first))
    result.outputs = [renumbered_rows(each, new_row) for each in program.outputs]
    return in_reading_order(result)


def _rewritten_family(
    family: Sequence[Instruction], both: Padded | None
) -> Iterator[tuple[Instruction, Rows]]:
    """What computes the same rows, and which of them, in the order of the family."""
    alone = np.ones(sum([it.size for it in family]), dtype=bool)
    if both:
        for made, order in _products(both.dots, both.lengths):
            if isinstance(made, Product):
                alone[both.places[order]] = False
                yield made, both.places[order]
    start = 0
    for it in family:
        size = it.size
        rest = np.flatnonzero(alone[start : start + size])
        if len(rest) < size and isinstance(it, Reduction):
            args = [Index(arg.varying, arg.rows[:, rest]) for arg in it.args]
            it = replace(it, size=len(rest), args=tuple(args))
        if len(rest):
            for made, order in _rewritten(it):
                yield made, start + rest[order]
        start += size


def _rewritten(it: Instruction) -> Iterator[tuple[Instruction, Rows]]:
    """What computes the same rows, and which of them: positions in `it`, in order."""
    if isinstance(it, Reduction) and it.op is DOT:
        yield from _products(it)
    elif isinstance(it, Reduction) and it.op.commutative:
        (arg,) = it.args
        rows = np.sort(arg.rows, axis=0)
        order = np.lexsort(rows[::-1])
        yield replace(it, args=(Index(arg.varying, rows[:, order]),)), order
    elif isinstance(it, Elementwise) and it.size > 1:
        yield _best_sorted(it)
    else:
        yield it, np.arange(it.size)


def _best_sorted(it: Elementwise) -> tuple[Instruction, Rows]:
    """The instruction with its rows in the order that gathers the fewest of them."""
    found = []
    for made, order in _sorted(it):
        found.append((gathered([made]), made, order))
        if found[-1][0] == (0, 0):
            break
    _, made, order = min(found, key=lambda each: each[0])
    return made, order


def _sorted(it: Elementwise) -> Iterator[tuple[Elementwise, Rows]]:
    """The instruction with its rows in the order of one argument, for each of them."""
    # What varies first: of equals the first is taken.
    keys = sorted(arguments(it), key=lambda arg: not arg.varying)
    for key in keys:
        order = np.lexsort([*[arg.rows for arg in reversed(keys)], key.rows])
        args = tuple(Index(arg.varying, arg.rows[order]) for arg in arguments(it))
        yield replace(it, args=args), order


def _products(
    it: Reduction, lengths: Rows | None = None
) -> Iterator[tuple[Instruction, Rows]]:
    """The dot products of one instruction as matrix products where that is possible.

    With the `lengths` of each without its padding, where that is not most of it either.
    """
    n_terms = len(it.args[0].rows)
    if lengths is None:
        lengths = np.full(it.size, n_terms)
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
        parts = list(_connected(l_of, r_of))
        counts = [int(lengths[part].sum()) for part in parts]
        saved = [_saved(it, n) for n in counts]
        # The reduction has its price too.
        together = sum([s for s in saved if s > 0.0]) > REDUCTION_SECONDS
        for part, n, seconds in zip(parts, counts, saved, strict=True):
            if (together and seconds > 0.0) or 2 * n < len(part) * n_terms:
                alone.append(part)
                continue
            l_part, r_part = np.unique(l_of[part]), np.unique(r_of[part])
            pairs = set(zip(l_of[part].tolist(), r_of[part].tolist(), strict=True))
            if not len(l_part) * len(r_part) == len(part) == len(pairs):
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
        args = (
            Index(left.varying, lefts[:, rest]),
            Index(right.varying, rights[:, rest]),
        )
        yield Reduction(it.varying, 0, len(rest), DOT, args), rest


def _saved(it: Reduction, n_terms: int) -> float:
    """How many seconds terms save in a reduction, against a product of their own."""
    batch = TYPICAL_BATCH if it.varying else 1
    return PRODUCT_SECONDS - TERM_SECONDS * n_terms * (batch + LOOKUP_EXAMPLES)


def _distinct(rows: Rows) -> tuple[Rows, Rows]:
    """The distinct columns, in order, and for each column which of them it is."""
    # By their bytes, the highest first: they have the order of the numbers.
    columns = np.ascontiguousarray(rows.T, ">i8")
    whole = columns.view(np.dtype((np.void, len(rows) * columns.itemsize)))
    keys = whole.ravel().tolist()
    where = {key: i for i, key in enumerate(keys)}
    distinct = sorted(where)
    place = {key: k for k, key in enumerate(distinct)}
    which = np.array([place[key] for key in keys], np.intp)
    return rows[:, [where[key] for key in distinct]], which


def _connected(l_of: Rows, r_of: Rows) -> Iterator[Rows]:
    """Positions of the pairs, part by part, that share a left or a right row."""
    offset = int(l_of.max()) + 1
    size = offset + int(r_of.max()) + 1
    pairs = zip(l_of.tolist(), (r_of + offset).tolist(), strict=True)
    part_of = np.empty(size, dtype=np.intp)
    for number, part in enumerate(connected(size, pairs)):
        part_of[part] = number
    where = part_of[l_of]
    order = np.argsort(where, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(where[order])) + 1)
