"""Program to program: the one that computes the mean of an output and its gradient.

The adjoint has the instructions of the program, and behind them those of the way back,
one instruction after the other from the last to the first. The gradient of what an
instruction computed, times the local partial by an argument, is added to the gradient
of the rows that were read; the partials are the rules of the table, over an arithmetic
whose numbers are rows of the program and whose operations are instructions. What was
computed on the way there is not computed again. A uniform row read by a varying
instruction gets the sum over the examples. What no parameter needs is left out.

Its first output is the mean of the program's first output over the examples, the others
are the derivatives of that by each parameter.

    >>> from autograd import Value
    >>> from autograd.compiler.group import group
    >>> from autograd.compiler.trace import trace
    >>> x, w = Value(2.0), Value(3.0)
    >>> both = adjoint(group(trace([(w * x).exp()], [x], [w])))
    >>> both.verify()
    >>> both.run([0.0], [3.0]), both.run([2.0], [0.0])
    ([1.0, 0.0], [1.0, 2.0])
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.arithmetic import Floats
from autograd.compiler.arrays import Joined, Stack, each, joined
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
    Part,
    Product,
    Program,
    Reduction,
    Rows,
    Spread,
    Total,
    arguments,
    mapped,
)
from autograd.ops import TABLE, Operation
from autograd.symbol import Arithmetic, Symbol

MUL, DIV, NEG = (TABLE[name] for name in ("mul", "div", "neg"))


def adjoint(program: Program) -> Program:
    """The mean of the first output over the examples, and its gradient, as outputs."""
    return _WayBack(program).result


class Writer:
    """A program to which instructions are added, each at most once."""

    def __init__(self, program: Program) -> None:
        self.program = replace(program, instructions=list(program.instructions))
        self.next = {VARYING: program.n_varying, UNIFORM: program.n_uniform}
        self.known: dict[tuple[Any, ...], Index] = {}
        for it in program.instructions:
            if isinstance(it, (Elementwise, Reduction)):
                self.known[_key(it)] = _result(it)
        # Constants, where they are known to be one number, are plain numbers to rules.
        first = program.n_parameters
        self.constants = np.array(program.constants)
        self.constant_rows = range(first, first + len(program.constants))

    def add(
        self, kind: type[Instruction], varying: bool, size: int, *what: Any
    ) -> Index:
        """Append an instruction; the rows that it computes, as a vector."""
        it = kind(varying, self.next[varying], size, *what)
        self.next[varying] += size
        self.program.instructions.append(it)
        return Index(varying, np.arange(it.first, it.first + size))

    def apply(self, op: Operation, args: Sequence[Number]) -> Number:
        """A row of the table, of rows of one shape and numbers."""
        rows = [arg for arg in args if isinstance(arg, Index)]
        if not rows:
            return _of_numbers(op, [float(arg) for arg in args])  # type: ignore[arg-type]
        shape = max((arg.rows.shape for arg in rows), key=len)
        args = tuple(
            Index(arg.varying, np.broadcast_to(arg.rows, shape))
            if isinstance(arg, Index)
            else arg
            for arg in args
        )
        varying = any(arg.varying for arg in rows)
        it = Elementwise(varying, 0, int(np.prod(shape)), op, args)
        return self._once(it, shape)

    def reduce(self, op: Operation, args: Sequence[Index]) -> Index:
        """A row of any number of arguments, over the columns of matrices of rows."""
        size = args[0].rows.shape[1]
        varying = any(arg.varying for arg in args)
        return self._once(Reduction(varying, 0, size, op, tuple(args)), (size,))

    def _once(self, it: Any, shape: tuple[int, ...]) -> Index:
        key = _key(it)
        if key not in self.known:
            made = self.add(type(it), it.varying, it.size, it.op, it.args)
            self.known[key] = Index(made.varying, made.rows.reshape(shape))
        return self.known[key]

    def number(self, index: Index) -> Number:
        """Rows as a rule takes them: constants of one value are that number."""
        if not index.varying and self.constant_rows:
            first, stop = self.constant_rows.start, self.constant_rows.stop
            rows = index.rows
            if rows.size and rows.min() >= first and rows.max() < stop:
                numbers = self.constants[rows - first]
                x = numbers.flat[0]
                if (numbers == x).all():  # no derivative knows the sign of a zero
                    return float(x)
        return index

    def rows(self, number: Number, shape: tuple[int, ...], varying: bool) -> Index:
        """A number as rows of a space and shape, to be read as such."""
        if not isinstance(number, Index):
            size = int(np.prod(shape))
            part = Part(number, np.arange(size))
            made = self.add(Accumulate, UNIFORM, size, (part,))
            number = Index(UNIFORM, made.rows.reshape(shape))
        if varying and not number.varying:
            made = self.add(
                Spread, VARYING, number.rows.size, Index(UNIFORM, number.rows.ravel())
            )
            number = Index(VARYING, made.rows.reshape(number.rows.shape))
        return Index(number.varying, np.broadcast_to(number.rows, shape))


class Rowed(Symbol):
    """Rows as a number of a rule; a matrix of them is the whole of a `Stack`."""

    __slots__ = ("index", "xp")

    def __init__(self, xp: RowArithmetic, index: Index) -> None:
        self.xp = xp
        self.index = index

    @property
    def ndim(self) -> int:
        """1 for a vector of rows, 2 for a matrix."""
        return self.index.rows.ndim

    def __len__(self) -> int:
        return len(self.index.rows)

    def __getitem__(self, place: Any) -> Any:
        part = Index(self.index.varying, self.index.rows[place])
        return Rowed(self.xp, part) if part.rows.ndim > 1 else self.xp.number(part)


class RowArithmetic(Arithmetic):
    """The arithmetic `xp` of rows: each operation is an instruction."""

    each = staticmethod(each)
    joined = staticmethod(joined)

    def __init__(self, writer: Writer) -> None:
        self.writer = writer

    def apply(self, op: Operation, *operands: Any) -> Any:
        """A row of the table, of rows and plain numbers."""
        return self.wrapped(self.writer.apply(op, list(map(_bare, operands))))

    def wrapped(self, number: Number) -> Any:
        """Rows or a plain number, as rules take them."""
        return Rowed(self, number) if isinstance(number, Index) else number

    def number(self, index: Index) -> Any:
        """Rows as rules take them: constants of one value are that number."""
        return self.wrapped(self.writer.number(index))

    def apply_to_list(self, op: Operation, operands: Any) -> Any:
        """A row of any number of arguments, of a stack or of a list of numbers."""
        writer = self.writer
        if isinstance(operands, Joined):
            halves = [half.whole.index for half in operands.halves]
            return self.wrapped(writer.reduce(op, halves))
        if isinstance(operands, Stack):
            whole = operands.whole.index
            return self.wrapped(writer.reduce(op, _halves(op, whole)))
        numbers = list(map(_bare, operands))
        rows = [a for a in numbers if isinstance(a, Index)]
        if not rows:
            return _of_numbers(op, [float(a) for a in operands])
        shape = max((a.rows.shape for a in rows), key=len)
        varying = any(a.varying for a in rows)
        parts = [writer.rows(a, shape, varying).rows.ravel() for a in numbers]
        made = writer.reduce(op, _halves(op, Index(varying, np.stack(parts))))
        return self.wrapped(Index(made.varying, made.rows.reshape(shape)))


class _WayBack:
    """The gradients of all rows so far, as what is to be added to which of them."""

    def __init__(self, program: Program) -> None:
        self.writer = Writer(program)
        self.xp = RowArithmetic(self.writer)
        self.needed = _needed(program)
        n_leaves = {
            VARYING: program.n_inputs,
            UNIFORM: program.n_parameters + len(program.constants),
        }
        # The blocks of rows: what each instruction computes, and the parameters.
        self.starts = {
            space: np.array(
                [0, n_leaves[space]]
                + [i.first + i.size for i in program.instructions if i.varying == space]
            )
            for space in (VARYING, UNIFORM)
        }
        self.parts: dict[tuple[bool, int], list[Part]] = {}
        self.guards: list[Index] = []
        first = program.outputs[0]
        output = Index(first.varying, first.rows[:1])
        seed: Number = 1.0
        mean = output
        if output.varying:
            count = self.writer.add(Count, UNIFORM, 1)
            total = self.writer.add(Total, UNIFORM, 1, output)
            found, weight = (self.writer.apply(DIV, [x, count]) for x in (total, 1.0))
            assert isinstance(found, Index)
            mean, seed = found, self.writer.add(Spread, VARYING, 1, weight)
        self.contribute(output, seed)
        for it in reversed(program.instructions):
            gradient = self.gradient(it.varying, it.first, it.size)
            if gradient is not None:
                self.pass_on(it, gradient)
        outputs = [mean]
        if program.n_parameters:
            # One instruction for all of them, so that they lie side by side.
            parts = tuple(self.parts.get((UNIFORM, 0), ()))
            made = self.writer.add(Accumulate, UNIFORM, program.n_parameters, parts)
            outputs.append(made)
        both = replace(self.writer.program, outputs=outputs, guards=self.guards)
        self.result = _without_idle(program, both)

    def gradient(self, space: bool, first: int, size: int) -> Number | None:
        """The gradient of consecutive rows; None where the output needs none."""
        parts = self.parts.pop((space, first), None)
        if not parts:
            return parts if parts is None else 0.0
        if len(parts) == 1:
            (part,) = parts
            targets = part.targets.ravel()
            if len(targets) == size and len(np.unique(targets)) == size:
                if not isinstance(part.source, Index):
                    return part.source
                # All of the rows, each once: what is passed on is the gradient.
                order = np.argsort(targets)
                return Index(part.source.varying, part.source.rows.ravel()[order])
        return self.writer.add(Accumulate, space, size, tuple(parts))

    def pass_on(self, it: Instruction, gradient: Number) -> None:
        """Add gradient · partial to the gradients of what an instruction read."""
        if isinstance(it, Elementwise):
            self._pass_on_elementwise(it, gradient)
        elif isinstance(it, Reduction):
            self._pass_on_reduction(it, gradient)
        elif isinstance(it, Product):
            shape = (it.left.rows.shape[0], it.right.rows.shape[1])
            rows = self.writer.rows(gradient, (it.size,), it.varying)
            outer = Index(rows.varying, rows.rows.reshape(shape))
            if self.is_needed(it.left):
                size = it.left.rows.size
                made = self.writer.add(Outer, UNIFORM, size, outer, it.right)
                rows = Index(UNIFORM, made.rows.reshape(it.left.rows.shape))
                self.contribute(it.left, rows)
            if self.is_needed(it.right):
                turned = Index(UNIFORM, it.left.rows.T)
                size = it.right.rows.size
                made = self.writer.add(Product, it.varying, size, turned, outer)
                rows = Index(made.varying, made.rows.reshape(it.right.rows.shape))
                self.contribute(it.right, rows)
        else:
            assert isinstance(it, Spread)
            self.contribute(it.arg, gradient)

    def _pass_on_elementwise(self, it: Elementwise, gradient: Number) -> None:
        places: dict[object, list[int]] = {}
        wanted = [isinstance(arg, Index) and self.is_needed(arg) for arg in it.args]
        for i, arg in enumerate(it.args):
            if wanted[i] and isinstance(arg, Index):
                places.setdefault(arg.key, []).append(i)
        operands = [
            self.xp.number(arg) if isinstance(arg, Index) else arg for arg in it.args
        ]
        out = Rowed(self.xp, _result(it))
        partials = it.op.partials_of(self.xp, operands, out, wanted)
        for found in places.values():
            # An argument that stands in several places has the sum of their partials.
            partial = reduce(operator.add, [partials[i] for i in found])
            target = it.args[found[0]]
            assert isinstance(target, Index)
            self.contribute(target, self.times(gradient, _bare(partial)))

    def _pass_on_reduction(self, it: Reduction, gradient: Number) -> None:
        stacks = [Stack(Rowed(self.xp, arg)) for arg in it.args]
        arguments: Any = Joined(*stacks) if it.op.halves else stacks[0]
        out = Rowed(self.xp, _result(it))
        partials: Any = it.op.partials_of(self.xp, arguments, out)
        halves = [partials]
        if it.op.halves:
            n = len(stacks[0])
            halves = [partials[:n], partials[n:]]
        for arg, found in zip(it.args, halves, strict=True):
            if self.is_needed(arg):
                self._pass_on_column(arg, found, gradient)

    def _pass_on_column(self, arg: Index, partials: Any, gradient: Number) -> None:
        """Add gradient · partial to the gradients of the rows of a matrix."""
        if isinstance(partials, Stack):
            self.contribute(arg, self.times(gradient, partials.whole.index))
            return
        found = list(map(_bare, partials))
        if all(not isinstance(p, Index) and p == found[0] for p in found):
            self.contribute(arg, self.times(gradient, found[0]))
            return
        for j, partial in enumerate(found):
            row = Index(arg.varying, arg.rows[j])
            self.contribute(row, self.times(gradient, partial))

    def times(self, gradient: Number, partial: Number) -> Number:
        """gradient · partial, where that is something to compute."""
        if not isinstance(partial, Index) and partial == 0.0:
            if not isinstance(gradient, Index):
                return gradient * 0.0
            self.guards.append(gradient)  # 0 times what does not exist is not 0
            return 0.0
        if not isinstance(partial, Index) and partial == 1.0:
            return gradient
        if not isinstance(gradient, Index) and gradient == 1.0:
            return partial
        if not isinstance(partial, Index) and partial == -1.0:
            return self.writer.apply(NEG, [gradient])
        return self.writer.apply(MUL, [gradient, partial])

    def is_needed(self, index: Index) -> bool:
        """Whether a parameter is behind any of the rows."""
        return bool(self.needed[index.varying][index.rows].any())

    def contribute(self, target: Index, source: Number) -> None:
        """Note that rows are added to the gradients of the target's rows.

        A plain 0 adds nothing, and the target is reached: its partials are asked for.
        """
        rows = target.rows
        needed = self.needed[target.varying][rows]
        if not needed.any():
            return
        if isinstance(source, Index):
            given = np.broadcast_to(source.rows, rows.shape)
            source = Index(source.varying, given)
        if not needed.all():
            rows = rows[needed]
            if isinstance(source, Index):
                source = Index(source.varying, source.rows[needed])
        if isinstance(source, Index) and source.varying and not target.varying:
            source = self._total(source)
        starts = self.starts[target.varying]
        block = np.searchsorted(starts, rows, side="right") - 1
        for b in np.unique(block).tolist():
            here = block == b
            everything = bool(here.all())
            targets = (rows if everything else rows[here]) - starts[b]
            part = source
            if isinstance(source, Index) and not everything:
                part = Index(source.varying, source.rows[here])
            parts = self.parts.setdefault((target.varying, int(starts[b])), [])
            if isinstance(part, Index) or part != 0.0:
                parts.append(Part(part, targets))

    def _total(self, source: Index) -> Index:
        """The sums over the examples, of each row once."""
        unique, which = np.unique(source.rows, return_inverse=True)
        made = self.writer.add(Total, UNIFORM, len(unique), Index(VARYING, unique))
        return Index(UNIFORM, made.rows[which.reshape(source.rows.shape)])


def _without_idle(program: Program, both: Program) -> Program:
    """The program without what was written behind and no output or guard needs."""
    read = {
        VARYING: np.zeros(both.n_varying, bool),
        UNIFORM: np.zeros(both.n_uniform, bool),
    }
    for index in (*both.outputs, *both.guards):
        read[index.varying][index.rows] = True
    kept = []
    for it in reversed(both.instructions[len(program) :]):
        if read[it.varying][it.first : it.first + it.size].any():
            kept.append(it)
            for arg in arguments(it):
                read[arg.varying][arg.rows] = True
    instructions = list(program.instructions)
    following = {VARYING: program.n_varying, UNIFORM: program.n_uniform}
    new = {space: np.arange(len(rows)) for space, rows in read.items()}

    def renumbered(index: Index) -> Index:
        return Index(index.varying, new[index.varying][index.rows])

    for it in reversed(kept):
        first = following[it.varying]
        following[it.varying] += it.size
        new[it.varying][it.first : it.first + it.size] = np.arange(it.size) + first
        instructions.append(replace(mapped(it, renumbered), first=first))
    return replace(
        both,
        instructions=instructions,
        outputs=list(map(renumbered, both.outputs)),
        guards=list(map(renumbered, both.guards)),
    )


def _needed(program: Program) -> dict[bool, npt.NDArray[np.bool_]]:
    """For each row, whether a parameter is behind it that a derivative reaches."""
    needed = {
        VARYING: np.zeros(program.n_varying, dtype=bool),
        UNIFORM: np.zeros(program.n_uniform, dtype=bool),
    }
    needed[UNIFORM][: program.n_parameters] = True
    for it in program.instructions:
        if isinstance(it, Elementwise) and it.op.stops:
            continue
        if any(needed[arg.varying][arg.rows].any() for arg in arguments(it)):
            needed[it.varying][it.first : it.first + it.size] = True
    return needed


def _key(it: Elementwise | Reduction) -> tuple[Any, ...]:
    """What two instructions that compute the same have in common."""
    args = [arg.key if isinstance(arg, Index) else repr(arg) for arg in it.args]
    return (type(it), it.op, *args)


def _result(it: Instruction) -> Index:
    """The rows of an instruction, in the shape of its arguments."""
    rows: Rows = np.arange(it.first, it.first + it.size)
    if isinstance(it, Elementwise):
        rows = rows.reshape(arguments(it)[0].rows.shape)
    return Index(it.varying, rows)


def _halves(op: Operation, whole: Index) -> list[Index]:
    """The arguments of a reduction: where they are two lists, both of them."""
    if not op.halves:
        return [whole]
    half = len(whole.rows) // 2
    return [
        Index(whole.varying, whole.rows[:half]),
        Index(whole.varying, whole.rows[half:]),
    ]


def _of_numbers(op: Operation, numbers: Sequence[float]) -> float:
    """A row of plain numbers; NaN where it is not defined, which no result survives."""
    try:
        return float(op.forward(Floats, *numbers))
    except (ValueError, ArithmeticError):
        return float("nan")


def _bare(thing: Any) -> Number:
    return thing.index if isinstance(thing, Rowed) else float(thing)
