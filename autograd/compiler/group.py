"""Tape to program: nodes of the same operation and depth become one instruction.

The depth of a node is one more than that of its deepest argument, so the nodes of one
depth do not need each other and can be computed side by side. A `Grouping` says which
nodes go together, and which row each of them is: all of a tape at once, on arrays. The
instructions are made from it when they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from autograd.compiler import accelerated
from autograd.compiler.program import (
    UNIFORM,
    VARYING,
    Elementwise,
    Index,
    Instruction,
    Program,
    Reduction,
    Rows,
    Spread,
)
from autograd.compiler.tape import Tape
from autograd.ops import TABLE, Operation

DOT = TABLE["dot"]

Bools = npt.NDArray[np.bool_]


def group(tape: Tape) -> Program:
    """Put the nodes of one operation, depth and shape into one instruction each."""
    return Grouping(tape).program()


class Grouping:
    """Where each node of the tape goes.

    `order` has the instructions of the tape, group after group, the shallow ones first;
    group g is `order[edges[g] : edges[g + 1]]`. A number is the row `row[number]` of
    its space. Uniform rows that a reduction over varying rows reads are spread first,
    each once: `spread[number]` is the varying row then, else -1.
    """

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.start = tape.n_leaves
        self.lengths = np.diff(tape.starts)
        depth, self.varying = layers(tape, tape.n_inputs)
        self.variadic = np.array([op.arity is None for op in tape.table], bool)
        self._find_groups(depth[self.start :])
        self._find_rows()

    # Which nodes go together

    def _find_groups(self, depth: npt.NDArray[np.int32]) -> None:
        """Sort the nodes into groups; of one depth the one that began first is first.

        What nodes of one group share are their depth, operation, number of arguments,
        space, and the spaces of their arguments. Arguments of any number may mix the
        spaces; of dot products it matters whether every term is uniform times varying.
        """
        tape = self.tape
        parts = [depth, tape.codes, self.lengths, self.varying[self.start :]]
        key = np.zeros(len(tape), np.int64)
        for part in (*parts, self._kinds()):
            key = _together(key, part.astype(np.int64))
        order = np.argsort(key, kind="stable")
        edges = _edges(key[order])
        firsts = order[edges[:-1]]
        sequence = np.lexsort((firsts, depth[firsts]))
        sizes = np.diff(edges)[sequence]
        self.edges = np.concatenate([[0], np.cumsum(sizes)])
        moved = np.repeat(edges[:-1][sequence] - self.edges[:-1], sizes)
        self.order = order[moved + np.arange(len(order))]

    def _kinds(self) -> npt.NDArray[np.int64]:
        """The spaces of each instruction's arguments, as one number."""
        tape, kinds = self.tape, np.zeros(len(self.tape), np.int64)
        fixed = ~self.variadic[tape.codes]
        for place in range(max([op.arity or 0 for op in tape.table], default=0)):
            has = np.flatnonzero(fixed & (self.lengths > place))
            varies = self.varying[tape.operands[tape.starts[has] + place]]
            kinds[has] = _together(kinds[has], varies.astype(np.int64))
        for code, op in enumerate(tape.table):
            if op is DOT:
                dots = np.flatnonzero(tape.codes == code)
                lefts, rights, of = self._pairs(dots)
                same = self.varying[lefts] == self.varying[rights]
                kinds[dots] = np.bincount(of[same], minlength=len(dots)) == 0
        return kinds

    def _pairs(self, dots: Rows) -> tuple[Rows, Rows, Rows]:
        """The factors of dot products, and which of the dots each pair belongs to."""
        halves = self.lengths[dots] // 2
        of = np.repeat(np.arange(len(dots)), halves)
        places = np.arange(len(of)) - np.repeat(np.cumsum(halves) - halves, halves)
        lefts = self.tape.starts[dots][of] + places
        operands = self.tape.operands
        return operands[lefts], operands[lefts + halves[of]], of

    # Which row each of them is

    def _find_rows(self) -> None:
        """Number the rows in the order in which they are computed."""
        tape, start, sizes = self.tape, self.start, np.diff(self.edges)
        self.firsts = self.order[self.edges[:-1]]  # a node of each group
        self.is_varying = self.varying[start:][self.firsts]
        self.numbers, spreads = self._find_spreads()
        counts = np.bincount(spreads, minlength=2 * len(sizes)).reshape(-1, 2)
        # Of varying rows those that are spread for a group come before it.
        varying_sizes = np.where(self.is_varying, sizes, 0) + counts.sum(axis=1)
        ends = tape.n_inputs + np.cumsum(varying_sizes)
        n_uniform = start - tape.n_inputs
        uniform_sizes = np.where(self.is_varying, 0, sizes)
        uniform_ends = n_uniform + np.cumsum(uniform_sizes)
        self.spread_edges = np.concatenate([[0], np.cumsum(counts.ravel())])
        self.spread_firsts = (ends - varying_sizes)[:, None] + [0, 1] * counts[:, :1]
        self.row_firsts = np.where(self.is_varying, ends, uniform_ends) - sizes
        self.n_varying = int(ends[-1]) if len(ends) else tape.n_inputs
        self.n_uniform = int(uniform_ends[-1]) if len(ends) else n_uniform
        self.n_instructions = len(sizes) + int((counts > 0).sum())
        self.row = np.empty(start + len(tape), np.intp)
        self.row[:start] = np.arange(start) - tape.n_inputs
        self.row[: tape.n_inputs] = np.arange(tape.n_inputs)
        within = np.arange(len(self.order)) - np.repeat(self.edges[:-1], sizes)
        self.row[start + self.order] = np.repeat(self.row_firsts, sizes) + within
        self.spread = np.full(len(self.row), -1, np.intp)
        place = np.arange(len(self.numbers)) - self.spread_edges[spreads]
        self.spread[self.numbers] = self.spread_firsts.ravel()[spreads] + place

    def _find_spreads(self) -> tuple[Rows, Rows]:
        """The uniform numbers that are spread, and for which list of arguments.

        A reduction reads one list, or two: those of group g are 2 g and 2 g + 1.
        """
        numbers, where = [], []
        codes = self.tape.codes[self.firsts]
        for g in np.flatnonzero(self.is_varying & self.variadic[codes]).tolist():
            for part, (args, varying) in enumerate(self._lists(g)):
                if varying:
                    found = np.unique(args[~self.varying[args]])
                    numbers.append(found)
                    where.append(np.full(len(found), 2 * g + part))
        if not numbers:
            return np.empty(0, np.intp), np.empty(0, np.intp)
        every, first = np.unique(np.concatenate(numbers), return_index=True)
        places = np.concatenate(where)[first]
        order = np.argsort(places, kind="stable")
        return every[order].astype(np.intp), places[order]

    def _lists(self, g: int) -> list[tuple[Rows, bool]]:
        """The lists of arguments of a reduction, and whether each is read varying."""
        nodes = self.order[self.edges[g] : self.edges[g + 1]]
        varying = bool(self.is_varying[g])
        op = self.tape.table[self.tape.codes[nodes[0]]]
        args = self._arguments(nodes)
        half = args.shape[1] // 2
        if op is DOT:
            lefts, rights = self._oriented(args[:, :half], args[:, half:])
            mixed = (self.varying[lefts] != self.varying[rights]).all()
            return [(lefts, varying and not mixed), (rights, varying)]
        if op.halves:
            return [(args[:, :half], varying), (args[:, half:], varying)]
        return [(args, varying)]

    def _arguments(self, nodes: Rows) -> Rows:
        """The numbers of the arguments of nodes of one length, a row each."""
        first = self.tape.starts[nodes][:, None]
        places = first + np.arange(self.lengths[nodes[0]])
        return self.tape.operands[places].astype(np.intp)

    def _oriented(self, lefts: Rows, rights: Rows) -> tuple[Rows, Rows]:
        """The factors of dot products: what varies less, or was there before, left."""
        swap = self._rank[lefts] > self._rank[rights]
        return np.where(swap, rights, lefts), np.where(swap, lefts, rights)

    @cached_property
    def _rank(self) -> npt.NDArray[np.int64]:
        """Uniform before varying; parameters, then constants, then what is computed."""
        tape, size = self.tape, len(self.varying)
        numbers = np.arange(size)
        is_parameter = numbers < tape.n_inputs + tape.n_parameters
        is_parameter[: tape.n_inputs] = False
        rank = 4 * self.varying + 2 * (numbers >= self.start) + ~is_parameter
        found: npt.NDArray[np.int64] = rank.astype(np.int64) * size + numbers
        return found

    # The instructions

    def program(self) -> Program:
        """The instructions, one or more for each group."""
        tape, outputs = self.tape, self.tape.outputs
        edges = _edges(self.varying[outputs].astype(np.int64))
        runs = [outputs[a:b] for a, b in pairwise(edges.tolist())]
        return Program(
            tape.n_inputs,
            tape.n_parameters,
            tape.constants.tolist(),
            [*self._instructions()],
            [Index(bool(self.varying[run[0]]), self.row[run]) for run in runs],
        )

    def _instructions(self) -> Iterator[Instruction]:
        codes = self.tape.codes[self.firsts].tolist()
        spans = zip(
            codes,
            self.is_varying.tolist(),
            self.row_firsts.tolist(),
            self.edges[:-1].tolist(),
            self.edges[1:].tolist(),
            strict=True,
        )
        columns = self._columns()
        for g, (code, varying, first, start, stop) in enumerate(spans):
            op, size = self.tape.table[code], stop - start
            if op.arity is None:
                yield from self._reduction(g, op, varying, first, size)
            else:
                read = []
                for place in range(op.arity):
                    rows, spaces = columns[place]
                    read.append(Index(spaces[start], rows[start:stop]))
                yield Elementwise(varying, first, size, op, tuple(read))

    def _columns(self) -> list[tuple[Rows, Sequence[bool]]]:
        """For each place of an argument its rows, and their spaces, group by group."""
        starts, lengths = self.tape.starts[self.order], self.lengths[self.order]
        found = []
        for place in range(max([op.arity or 0 for op in self.tape.table], default=0)):
            at = np.where(lengths > place, starts + place, 0)
            args = self.tape.operands[at]
            found.append((self.row[args], self.varying[args].tolist()))
        return found

    def _reduction(
        self, g: int, op: Operation, varying: bool, first: int, size: int
    ) -> Iterator[Instruction]:
        """The instruction of a group of any number of arguments, after its spreads."""
        parts = []
        for part, (args, in_varying) in enumerate(self._lists(g)):
            rows = self.row[args]
            if in_varying:
                a, b = self.spread_edges[2 * g + part : 2 * g + part + 2].tolist()
                if b > a:
                    source = Index(UNIFORM, self.row[self.numbers[a:b]])
                    start = int(self.spread_firsts[g, part])
                    yield Spread(VARYING, start, b - a, source)
                spread = self.spread[args]
                rows = np.where(spread >= 0, spread, rows)
            parts.append(Index(in_varying, rows.T))
        yield Reduction(varying, first, size, op, tuple(parts))


def layers(tape: Tape, n_varying: int) -> tuple[npt.NDArray[np.int32], Bools]:
    """For each number its depth, and whether one of the first is behind it, or itself.

    These are the first `n_varying` numbers, such as the inputs, which vary by example.
    """
    if accelerated.NATIVE is not None:
        depths, varying = accelerated.NATIVE.layers(
            n_varying, tape.n_leaves, tape.starts, tape.operands
        )
        return np.frombuffer(depths, np.int32), np.frombuffer(varying, bool)
    depth = [0] * tape.n_leaves
    varies = [number < n_varying for number in range(tape.n_leaves)]
    for _, args in tape.instructions():
        depth.append(1 + max([depth[i] for i in args], default=0))
        varies.append(any(varies[i] for i in args))
    return np.array(depth, np.int32), np.array(varies, bool)


def _together(
    a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """One number for each pair, in their order: a first."""
    if not len(a):
        return a
    width = int(b.max()) + 1
    if int(a.max()) >= 2**62 // width:
        a = np.unique(a, return_inverse=True)[1]
    return a * width + b


def _edges(ordered: npt.NDArray[np.int64]) -> Rows:
    """Where each run of equal numbers begins, and where the last one ends."""
    if not len(ordered):
        return np.zeros(1, np.intp)
    found = np.flatnonzero(np.diff(ordered)) + 1
    return np.concatenate([[0], found, [len(ordered)]])
