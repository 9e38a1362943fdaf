"""Tape to tape: the one that computes an output and its derivatives.

`differentiate` goes through the instructions from the last to the first. The derivative
of the output by what an instruction computed, times the local partial by an argument,
is added to the derivative by that argument. The partials are the rules of the table,
over an arithmetic whose operations are written to the tape: what a rule computes has a
name there, and is computed once. The result has operators and primitives alone, and a
length that is proportional to that of the tape.

    >>> from autograd import Value
    >>> from autograd.compiler.trace import trace
    >>> x, w = Value(2.0), Value(3.0)
    >>> print(differentiate(trace([(w * x).sin()], [x], [w])))
    inputs 0..0, parameters 1..1
    2 = mul 1 0
    3 = sin 2
    4 = cos 2
    5 = mul 4 0
    outputs 3 5
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import reduce
from typing import Any

from autograd.compiler.tape import OPERATORS, Tape, Writer, WriterArithmetic, Written


def lower(tape: Tape) -> Tape:
    """The same outputs, by the primitives that the rules of the table are made of."""
    lowering = _Lowering(tape)
    return lowering.finish([lowering.new[i] for i in tape.outputs])


def differentiate(tape: Tape) -> Tape:
    """The first output, and its derivative by each parameter, by primitives."""
    lowering = _Lowering(tape)
    xp, new = lowering.xp, lowering.new
    needed = depends_on_parameters(tape)
    found: dict[int, Any] = {tape.outputs[0]: 1.0}
    kept: list[int] = []
    for number in reversed(range(tape.n_leaves, len(new))):
        slope = found.pop(number, None)
        if slope is None or not needed[number]:
            continue
        op, args = tape.ops[number - tape.n_leaves], tape.args[number - tape.n_leaves]
        operands = [xp.wrapped(new[i]) for i in args]
        wanted = [needed[i] for i in args]
        partials = op.partials_of(xp, operands, xp.wrapped(new[number]), wanted)
        places: dict[int, list[Any]] = {}
        for i, partial in zip(args, partials, strict=True):
            if needed[i]:
                places.setdefault(i, []).append(partial)
        for i, several in places.items():
            # An argument that stands in several places has the sum of their partials.
            partial = reduce(operator.add, several)
            if _is_number(partial, 0.0) and isinstance(slope, Written):
                kept.append(slope.number)  # 0 times what does not exist is not 0
            found[i] = _plus(found.get(i, 0.0), _times(slope, partial))
    parameters = range(tape.n_inputs, tape.n_inputs + tape.n_parameters)
    slopes = [found.get(i, 0.0) for i in parameters]
    outputs = [
        s.number if isinstance(s, Written) else lowering.writer.constant(float(s))
        for s in slopes
    ]
    return lowering.finish([new[tape.outputs[0]], *outputs], kept)


def depends_on_parameters(tape: Tape) -> list[bool]:
    """For each number of the tape, whether a parameter is behind it."""
    found = [False] * tape.n_inputs + [True] * tape.n_parameters
    found += [False] * len(tape.constants)
    for args in tape.args:
        found.append(any(found[i] for i in args))
    return found


class _Lowering:
    """A tape written anew by primitives: `new` has the new number of each."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.writer = Writer(tape)
        self.xp = WriterArithmetic(self.writer)
        self.new = self.writer.leaves(tape)
        for op, args in zip(tape.ops, tape.args, strict=True):
            if op.primitive or op in OPERATORS:
                self.new.append(
                    self.writer.emit(op, tuple([self.new[i] for i in args]))
                )
            else:
                operands = [self.xp.wrapped(self.new[i]) for i in args]
                self.new.append(self.number(self.xp.apply(op, *operands)))

    def number(self, result: Any) -> int:
        """The number of what a rule gave."""
        if isinstance(result, Written):
            return result.number
        return self.writer.constant(float(result))

    def finish(self, outputs: list[int], kept: Sequence[int] = ()) -> Tape:
        """The tape of these outputs, with what was there before as its guards."""
        return self.writer.finish(outputs, self.new[self.tape.n_leaves :], kept)


def _times(slope: Any, partial: Any) -> Any:
    """slope · partial, where that is something to compute."""
    if _is_number(partial, 0.0):
        return slope * 0.0 if isinstance(slope, float) else 0.0
    if _is_number(partial, 1.0):
        return slope
    if _is_number(partial, -1.0):
        return -slope
    return partial if _is_number(slope, 1.0) else slope * partial


def _plus(slope: Any, share: Any) -> Any:
    """slope + share, where that is something to compute."""
    if _is_number(slope, 0.0):
        return share
    return slope if _is_number(share, 0.0) else slope + share


def _is_number(thing: Any, number: float) -> bool:
    return isinstance(thing, float) and thing == number
