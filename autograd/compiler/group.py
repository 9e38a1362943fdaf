"""Tape to program: nodes of the same operation and depth become one instruction.

The depth of a node is one more than that of its deepest argument, so the nodes of one
depth do not need each other and can be computed side by side.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

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


def group(tape: Tape) -> Program:
    """Put the nodes of one operation, depth and shape into one instruction each."""
    return _Grouping(tape).program


class _Grouping:
    """Where each node of the tape has gone so far."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.start = tape.n_leaves
        self.instructions = [*tape.instructions()]
        self.program = Program(
            tape.n_inputs, tape.n_parameters, tape.constants.tolist()
        )
        n_uniform = self.start - tape.n_inputs
        self.varying = [True] * tape.n_inputs + [False] * n_uniform
        self.row = [*range(tape.n_inputs), *range(n_uniform)]
        self.next = {VARYING: tape.n_inputs, UNIFORM: n_uniform}
        self.spread: dict[int, int] = {}
        for nodes in self._groups():
            self._write(nodes)
        self.program.outputs = [
            (self.varying[i], self.row[i]) for i in tape.outputs.tolist()
        ]

    def _groups(self) -> list[list[int]]:
        """The nodes in groups, the shallow ones first."""
        depth = [0] * self.start
        groups: dict[tuple[object, ...], list[int]] = {}
        for number, (op, args) in enumerate(self.instructions, self.start):
            depth.append(1 + max([depth[i] for i in args], default=0))
            spaces = tuple([self.varying[i] for i in args])
            self.varying.append(any(spaces))
            self.row.append(-1)
            # Arguments of any number may mix the spaces; the kind says how.
            kind = self._kind(op, args) if op.arity is None else spaces
            key = (depth[number], op, len(args), any(spaces), kind)
            groups.setdefault(key, []).append(number)
        return [groups[key] for key in sorted(groups, key=lambda key: key[0])]  # type: ignore[arg-type,return-value]

    def _kind(self, op: Operation, args: Sequence[int]) -> object:
        """Whether every term of a dot product is uniform times varying."""
        if op is not DOT:
            return None
        half = len(args) // 2
        return all(
            self.varying[a] != self.varying[b]
            for a, b in zip(args[:half], args[half:], strict=True)
        )

    def _write(self, nodes: list[int]) -> None:
        """Add the instruction of one group."""
        op = self.instructions[nodes[0] - self.start][0]
        args = [self.instructions[i - self.start][1] for i in nodes]
        varying = self.varying[nodes[0]]
        if op is DOT:
            lefts, rights = zip(*[self._oriented(a) for a in args], strict=True)
            mixed = varying and not self._kind(op, args[0])
            parts = (self._index(lefts, mixed), self._index(rights, varying))
            self._place(Reduction, nodes, varying, op, parts)
        elif op.halves:
            half = len(args[0]) // 2
            parts = (
                self._index([a[:half] for a in args], varying),
                self._index([a[half:] for a in args], varying),
            )
            self._place(Reduction, nodes, varying, op, parts)
        elif op.arity is None:
            self._place(Reduction, nodes, varying, op, (self._index(args, varying),))
        else:
            columns = tuple(
                Index(self.varying[column[0]], self._rows(column))
                for column in zip(*args, strict=True)
            )
            self._place(Elementwise, nodes, varying, op, columns)

    def _rows(self, numbers: Sequence[int]) -> Rows:
        return np.array([self.row[i] for i in numbers], dtype=np.intp)

    def _place(
        self, kind: type[Instruction], nodes: list[int], varying: bool, *what: object
    ) -> None:
        """Append the instruction that computes these nodes; its rows come next."""
        first = self.next[varying]
        self.next[varying] += len(nodes)
        self.program.instructions.append(kind(varying, first, len(nodes), *what))
        rows = self.spread if kind is Spread else self.row
        for k, number in enumerate(nodes):
            rows[number] = first + k

    def _oriented(self, args: Sequence[int]) -> tuple[list[int], list[int]]:
        """The factors of a dot product: what varies less, or was there before, left."""
        half = len(args) // 2
        pairs = [
            sorted(pair, key=self._rank)
            for pair in zip(args[:half], args[half:], strict=True)
        ]
        return [a for a, _ in pairs], [b for _, b in pairs]

    def _rank(self, number: int) -> tuple[bool, bool, bool, int]:
        """Uniform before varying; parameters, then constants, then what is computed."""
        n_inputs, n_parameters = self.tape.n_inputs, self.tape.n_parameters
        return (
            self.varying[number],
            number >= self.start,
            not n_inputs <= number < n_inputs + n_parameters,
            number,
        )

    def _index(self, lists: Sequence[Sequence[int]], varying: bool) -> Index:
        """The rows of several nodes' arguments, a column each, all in one space."""
        row = self.row
        if varying:
            needed = {i for numbers in lists for i in numbers if not self.varying[i]}
            new = sorted(needed - self.spread.keys())
            if new:
                self._place(Spread, new, VARYING, Index(UNIFORM, self._rows(new)))
            spread = self.spread
            where = [[spread.get(i, row[i]) for i in numbers] for numbers in lists]
        else:
            where = [[row[i] for i in numbers] for numbers in lists]
        return Index(varying, np.array(where, dtype=np.intp).T)
