"""Tape to tape: the one that computes outputs and their derivatives.

Near a point a computation is a linear map J of the leaves that one differentiates by.
`pullback` goes through the instructions from the last to the first: the derivative by
what an instruction computed, times the local partial by an argument, is added to the
derivative by that argument; of outputs weighted by u that gives Jᵀu. `pushforward` goes
from the first to the last, and gives J·v, how fast outputs move as the leaves move by v
(Griewank & Walther, Evaluating Derivatives, 2008, chapter 3). The partials are the
rules of the table, over an arithmetic whose operations are written to the tape: what a
rule computes has a name there, and is computed once. The result has operators and
primitives alone, and a length that is proportional to that of the tape.

    >>> import math
    >>> from autograd import Value
    >>> from autograd.compiler.trace import trace
    >>> x, w = Value(2.0), Value(3.0)
    >>> tape = trace([(w * x).sin()], [x], [w])
    >>> print(differentiate(tape))
    inputs 0..0, parameters 1..1
    2 = mul 1 0
    3 = sin 2
    4 = cos 2
    5 = mul 4 0
    outputs 3 5

A derivative is a tape in turn: the pushforward of a gradient is the Hessian times v.

    >>> both = pushforward(gradient(tape, by=range(1, 2)), by=range(1, 2), of=[0])
    >>> v, x, w = 1.0, 2.0, 3.0
    >>> round(both.run([v, x], [w])[0], 12) == round(-x * x * math.sin(w * x), 12)
    True
"""

from __future__ import annotations

import operator
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

from autograd.compiler import accelerated
from autograd.compiler.tape import OPERATORS, Tape, Writer, WriterArithmetic, Written


def lower(tape: Tape) -> Tape:
    """The same outputs, by the primitives that the rules of the table are made of."""
    found = accelerated.derive(accelerated.LOWER, tape)
    if found is not None:
        return found
    lowering = _Lowering(tape)
    return lowering.finish(lowering.outputs)


def differentiate(tape: Tape) -> Tape:
    """The first output, and its derivative by each parameter, by primitives."""
    by = range(tape.n_inputs, tape.n_inputs + tape.n_parameters)
    found = accelerated.derive(accelerated.DIFFERENTIATE, tape, by)
    if found is not None:
        return found
    lowering = _Lowering(tape)
    slopes, kept = lowering.reverse({int(tape.outputs[0]): 1.0}, by)
    return lowering.finish([lowering.outputs[0], *slopes], kept)


def gradient(tape: Tape, by: range) -> Tape:
    """The derivative of the first output by each of the leaves `by`.

    Outputs behind these are those of the tape, and numbers that have to be finite where
    nothing reads them: as outputs, no later pass drops them.
    """
    found = accelerated.derive(accelerated.GRADIENT, tape, by)
    if found is not None:
        return found
    lowering = _Lowering(tape)
    slopes, kept = lowering.reverse({int(tape.outputs[0]): 1.0}, by)
    return lowering.finish([*slopes, *lowering.outputs, *kept])


def pullback(tape: Tape, by: range) -> Tape:
    """Jᵀu: the derivative of Σ uₖ · output k by each of the leaves `by`.

    The weights u are new inputs, before the others. Further outputs as in `gradient`.
    """
    found = accelerated.derive(accelerated.PULLBACK, tape, by)
    if found is not None:
        return found
    lowering = _Lowering(tape, n_new=len(tape.outputs))
    weights: dict[int, Any] = {}
    for number, weight in zip(tape.outputs.tolist(), lowering.added, strict=True):
        weights[number] = _plus(weights.get(number, 0.0), weight)
    slopes, kept = lowering.reverse(weights, by)
    return lowering.finish([*slopes, *lowering.outputs, *kept])


def pushforward(tape: Tape, by: range, of: Sequence[int] | None = None) -> Tape:
    """J·v: how fast each output moves as the leaves `by` move by v.

    Where only some are wanted, `of` has their places. The parts of v are new inputs,
    before the others. Further outputs are as in `gradient`.
    """
    found = accelerated.derive(accelerated.PUSHFORWARD, tape, by, of)
    if found is not None:
        return found
    lowering = _Lowering(tape, n_new=len(by))
    wanted = tape.outputs.tolist()
    if of is not None:
        wanted = [wanted[place] for place in of]
    speeds, kept = lowering.forward(dict(zip(by, lowering.added, strict=True)), wanted)
    return lowering.finish([*speeds, *lowering.outputs, *kept])


def depends_on(tape: Tape, leaves: Collection[int]) -> list[bool]:
    """For each number of the tape, whether it moves with one of the leaves."""
    found = [i in leaves for i in range(tape.n_leaves)]
    for op, args in tape.instructions():
        found.append(not op.stops and any(found[i] for i in args))
    return found


class _Lowering:
    """A tape written anew by primitives: `new` has the new number of each.

    It has `n_new` inputs more, `added`, before the others.
    """

    def __init__(self, tape: Tape, n_new: int = 0) -> None:
        self.tape = tape
        self.writer = Writer(replace(tape, n_inputs=n_new + tape.n_inputs))
        self.xp = WriterArithmetic(self.writer)
        self.added = [Written(self.xp, i) for i in range(n_new)]
        self.new = self.writer.leaves(tape)[n_new:]
        self.instructions = [*tape.instructions()]
        for op, args in self.instructions:
            if op.primitive or op in OPERATORS:
                self.new.append(
                    self.writer.emit(op, tuple([self.new[i] for i in args]))
                )
            else:
                operands = [self.xp.wrapped(self.new[i]) for i in args]
                self.new.append(self.xp.number(self.xp.apply(op, *operands)))

    @property
    def outputs(self) -> list[int]:
        """The new numbers of the tape's outputs."""
        return [self.new[i] for i in self.tape.outputs.tolist()]

    def reverse(
        self, weights: dict[int, Any], by: range
    ) -> tuple[list[int], list[int]]:
        """The derivative of weighted numbers by each leaf, and what is to be finite."""
        tape, found = self.tape, dict(weights)
        needed = depends_on(tape, by)
        kept: list[int] = []
        for number in reversed(range(tape.n_leaves, len(self.new))):
            slope = found.pop(number, None)
            if slope is None or not needed[number]:
                continue
            for i, partial in self.partials(number, needed).items():
                if _is_number(partial, 0.0) and isinstance(slope, Written):
                    kept.append(slope.number)  # 0 times what does not exist is not 0
                found[i] = _plus(found.get(i, 0.0), _times(slope, partial))
        return [self.xp.number(found.get(i, 0.0)) for i in by], self.computed(kept)

    def forward(
        self, speeds: dict[int, Any], wanted: Sequence[int]
    ) -> tuple[list[int], list[int]]:
        """How fast what is wanted moves with the leaves, and what is to be finite."""
        tape, found = self.tape, dict(speeds)
        moving = depends_on(tape, speeds.keys())
        kept: list[int] = []
        for number in range(tape.n_leaves, len(self.new)):
            if not moving[number]:
                continue
            total: Any = 0.0
            for i, partial in self.partials(number, moving).items():
                speed = found[i]
                if _is_number(partial, 0.0) and isinstance(speed, Written):
                    kept.append(speed.number)
                total = _plus(total, _times(speed, partial))
            found[number] = total
        return [self.xp.number(found.get(i, 0.0)) for i in wanted], self.computed(kept)

    def partials(self, number: int, wanted: Sequence[bool]) -> dict[int, Any]:
        """The partial of what an instruction computed by each number that is wanted."""
        op, args = self.instructions[number - self.tape.n_leaves]
        operands = [self.xp.wrapped(self.new[i]) for i in args]
        out = self.xp.wrapped(self.new[number])
        found = op.partials_of(self.xp, operands, out, [wanted[i] for i in args])
        places: dict[int, list[Any]] = {}
        for i, partial in zip(args, found, strict=True):
            if wanted[i]:
                places.setdefault(i, []).append(partial)
        # An argument that stands in several places has the sum of their partials.
        return {i: reduce(operator.add, several) for i, several in places.items()}

    def computed(self, numbers: Sequence[int]) -> list[int]:
        """Each of them once, without the leaves, which are finite."""
        first = self.writer.n_inputs + self.writer.n_parameters
        return [i for i in dict.fromkeys(numbers) if i >= first]

    def finish(self, outputs: list[int], kept: Sequence[int] = ()) -> Tape:
        """The tape of these outputs; its guards are those that were there before."""
        tape = self.tape
        every = range(tape.n_leaves, len(self.new))
        guards = every if tape.guards is None else tape.guards.tolist()
        return self.writer.finish(outputs, [self.new[i] for i in guards], kept)


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
