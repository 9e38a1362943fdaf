"""Dot products of several lengths as those of one, with zeros for what is missing.

The rows of a triangular matrix times a vector are dot products of lengths 1, 2, ... d,
each an instruction of its own. Where the factors of each are among those of one that is
longer, they can be written as dot products of its length, and are then rows of one
matrix product, in which `products` finds them.

    w₀ x₀ + w₁ x₁             w₀ x₀ + w₁ x₁ + 0 x₂
    w₂ x₀ + w₃ x₁ + w₄ x₂     w₂ x₀ + w₃ x₁ + w₄ x₂
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from autograd.compiler.program import (
    UNIFORM,
    Index,
    Instruction,
    Reduction,
    Rows,
    arguments,
)
from autograd.ops import TABLE

DOT = TABLE["dot"]


class Padded(NamedTuple):
    """Dot products of one length: one instruction, and where each was before.

    `places` are positions among all rows of a family, one instruction after the other;
    `lengths` says how many terms of each are no padding.
    """

    dots: Reduction
    places: Rows
    lengths: Rows


def families(instructions: Sequence[Instruction]) -> Iterator[list[Instruction]]:
    """The instructions in order; neighbours of dot products of one kind together.

    Those of a family read uniform rows on the left, and none of them reads another.
    """
    family: list[Instruction] = []
    for it in instructions:
        if family and not _is_of(family, it):
            yield family
            family = []
        family.append(it)
    if family:
        yield family


def _is_of(family: list[Instruction], it: Instruction) -> bool:
    first = family[0]
    if not (_is_dot(first) and _is_dot(it)):
        return False
    (left, right), (_, first_right) = arguments(it), arguments(first)
    read = [arg.rows.max() for arg in (left, right) if arg.varying == first.varying]
    return (
        it.varying == first.varying
        and right.varying == first_right.varying
        and max(read, default=-1) < first.first
    )


def _is_dot(it: Instruction) -> bool:
    return isinstance(it, Reduction) and it.op is DOT and not it.args[0].varying


def padded(family: Sequence[Instruction], zero: int) -> Padded | None:
    """The dot products of a family that can be of one length; None where it is none.

    `zero` is a uniform row, of the number 0.
    """
    factors = [arguments(it) for it in family]
    if len({len(left.rows) for left, *_ in factors}) < 2:
        return None
    _, longest = max(factors, key=lambda pair: len(pair[0].rows))
    columns = np.unique(np.sort(longest.rows, axis=0), axis=1)
    n_terms = len(columns)
    size = 1 + max(int(right.rows.max()) for _, right in factors)
    owner, position = np.full(size, -1), np.zeros(size, np.intp)
    if len(np.unique(columns)) < columns.size:
        return None  # of a factor of several it would have to be found which is meant
    owner[columns] = np.arange(columns.shape[1])
    position[columns] = np.arange(n_terms)[:, None]
    lefts, rights, places, lengths = [], [], [], []
    start = 0
    for left, right in [(a.rows, b.rows) for a, b in factors]:
        of = owner[right]
        distinct = (np.diff(np.sort(right, axis=0), axis=0) > 0).all(axis=0)
        fitting = np.flatnonzero(distinct & (of[0] >= 0) & (of == of[0]).all(axis=0))
        filled = np.full((n_terms, len(fitting)), zero)
        filled[position[right[:, fitting]], np.arange(len(fitting))] = left[:, fitting]
        lefts.append(filled)
        rights.append(columns[:, of[0, fitting]])
        places.append(start + fitting)
        lengths.append(np.full(len(fitting), len(left)))
        start += left.shape[1]
    if sum(len(each) > 0 for each in places) < 2:
        return None
    args = (
        Index(UNIFORM, np.hstack(lefts)),
        Index(longest.varying, np.hstack(rights)),
    )
    where = np.concatenate(places)
    dots = Reduction(family[0].varying, 0, len(where), DOT, args)
    return Padded(dots, where, np.concatenate(lengths))
