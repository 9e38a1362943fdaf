"""The tape: a scalar graph laid out flat.

Numbers stand for nodes: first the inputs, then the parameters, then the constants, then
one node per instruction, in an order in which every argument comes before its use. An
instruction is a row of the table and the numbers of its arguments.

Of some numbers it matters whether they are finite: the tape's `guards`. They are those
that eager mode would have looked at, and not what a rule computes on its way.

Invariant (`verify`): arguments are earlier numbers, as many as the row has; outputs and
guards are numbers of the tape.

    >>> from autograd import Value
    >>> from autograd.compiler.trace import trace
    >>> x, w = Value(2.0), Value(3.0)
    >>> tape = trace([w * x + 1.0], inputs=[x], parameters=[w])
    >>> print(tape)
    inputs 0..0, parameters 1..1
    2 = 1.0
    3 = mul 1 0
    4 = add 3 2
    outputs 4
    >>> tape.run([2.0], [3.0])
    [7.0]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from autograd.arithmetic import Floats
from autograd.errors import is_as_given
from autograd.ops import TABLE, Operation
from autograd.symbol import Arithmetic, Symbol


@dataclass(slots=True)
class Tape:
    """A scalar graph as a list of instructions; without `guards` all are guarded."""

    n_inputs: int
    n_parameters: int
    constants: list[float] = field(default_factory=list)
    ops: list[Operation] = field(default_factory=list)
    args: list[tuple[int, ...]] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    guards: list[int] | None = None

    @property
    def n_leaves(self) -> int:
        """How many numbers are inputs, parameters or constants."""
        return self.n_inputs + self.n_parameters + len(self.constants)

    def run(self, inputs: Sequence[float], parameters: Sequence[float]) -> list[float]:
        """The outputs for one example: what a compiled program must agree with.

        ValueError or ArithmeticError where an operation has no result; OverflowError
        where a guard is not finite, and no operand of it was infinite.
        """
        values = self.numbers(inputs, parameters)
        return [values[i] for i in self.outputs]

    def numbers(
        self, inputs: Sequence[float], parameters: Sequence[float]
    ) -> list[float]:
        """All numbers of the tape for one example. It raises what `run` does."""
        values = [*inputs, *parameters, *self.constants]
        first, last = self.n_leaves, self.n_leaves + len(self.ops)
        guards = {*(range(first, last) if self.guards is None else self.guards)}
        for op, args in zip(self.ops, self.args, strict=True):
            operands = [values[i] for i in args]
            result = op.forward(Floats, *operands)
            if len(values) in guards and not is_as_given(result, operands):
                raise OverflowError(f"{op.name}{tuple(operands)} is not finite")
            values.append(result)
        return values

    def verify(self) -> None:
        """Raise AssertionError unless the invariant of this module holds."""
        for number, (op, args) in enumerate(
            zip(self.ops, self.args, strict=True), start=self.n_leaves
        ):
            _holds(op.arity in (None, len(args)), f"{number}: {op.name} of {len(args)}")
            _holds(not op.n_static, f"{number}: {op.name} without its whole numbers")
            _holds(all(0 <= i < number for i in args), f"{number}: not yet computed")
        last = self.n_leaves + len(self.ops)
        _holds(all(0 <= i < last for i in self.outputs), "an output is no number")
        _holds(all(0 <= i < last for i in self.guards or ()), "a guard is no number")

    def __str__(self) -> str:
        first = self.n_inputs + self.n_parameters
        lines = [
            f"inputs 0..{self.n_inputs - 1}, parameters {self.n_inputs}..{first - 1}"
        ]
        lines += [f"{first + i} = {c!r}" for i, c in enumerate(self.constants)]
        for number, (op, args) in enumerate(
            zip(self.ops, self.args, strict=True), start=self.n_leaves
        ):
            words = [op.name, *map(str, args)]
            if op.static:
                words.append(f"at {' '.join(map(str, op.static))}")
            if op.kind:
                words.append(op.kind)
            lines.append(f"{number} = {' '.join(words)}")
        lines.append(f"outputs {' '.join(map(str, self.outputs))}")
        return "\n".join(lines)


def _holds(condition: bool, otherwise: str) -> None:
    """As `assert`, also where Python leaves those out: what is read is verified."""
    if not condition:
        raise AssertionError(otherwise)


class Writer:
    """A tape in the making, that folds constants and merges equal instructions.

    Constants and instructions get provisional numbers: constants below zero, so that
    new ones can come at any time; `finish` makes them the numbers of a tape.
    """

    def __init__(self, tape: Tape) -> None:
        self.n_inputs = tape.n_inputs
        self.n_parameters = tape.n_parameters
        self.constants: list[float] = []
        self.constant_numbers: dict[tuple[float, float], int] = {}
        self.instructions: list[tuple[Operation, tuple[int, ...]]] = []
        self.numbers: dict[tuple[Operation, tuple[int, ...]], int] = {}

    def leaves(self, tape: Tape) -> list[int]:
        """The provisional numbers of a tape's leaves."""
        first = self.n_inputs + self.n_parameters
        return [*range(first), *map(self.constant, tape.constants)]

    def constant(self, value: float) -> int:
        """The number of a constant."""
        # 0.0 and -0.0 are equal, and are not the same.
        key = (value, 1.0 / value if value else str(value).count("-"))
        if key not in self.constant_numbers:
            self.constants.append(value)
            self.constant_numbers[key] = -len(self.constants)
        return self.constant_numbers[key]

    def value(self, number: int) -> float | None:
        """The value of a constant; None for what is computed."""
        return self.constants[-1 - number] if number < 0 else None

    def emit(self, op: Operation, args: tuple[int, ...]) -> int:
        """The number of an instruction, written where it is new."""
        key = (op, args)
        number = self.numbers.get(key)
        if number is None:
            folded = self._folded(op, args) if args and max(args) < 0 else None
            if folded is not None:
                number = self.constant(folded)
            else:
                number = self.n_inputs + self.n_parameters + len(self.instructions)
                self.instructions.append(key)
            self.numbers[key] = number
        return number

    def _folded(self, op: Operation, args: tuple[int, ...]) -> float | None:
        """The result of an operation on constants, unless it is to be refused."""
        operands = [self.constants[-1 - i] for i in args]
        try:
            result = float(op.forward(Floats, *operands))
        except (ValueError, ArithmeticError):
            return None
        return result if is_as_given(result, operands) else None

    def finish(
        self,
        outputs: Sequence[int],
        guards: Sequence[int] | None = None,
        kept: Sequence[int] = (),
    ) -> Tape:
        """The tape of what the outputs need, and of the guards that are among it.

        What is `kept` is guarded too, though no output needs it.
        """
        first = self.n_inputs + self.n_parameters
        needed = {*outputs, *kept}
        for i in reversed(range(len(self.instructions))):
            if first + i in needed:
                needed.update(self.instructions[i][1])
        used = [i for i in range(len(self.instructions)) if first + i in needed]
        constants = sorted((i for i in needed if i < 0), reverse=True)
        new = {i: i for i in range(first)}
        new.update({c: first + k for k, c in enumerate(constants)})
        start = first + len(constants)
        new.update({first + i: start + k for k, i in enumerate(used)})
        return Tape(
            self.n_inputs,
            self.n_parameters,
            [self.constants[-1 - c] for c in constants],
            [self.instructions[i][0] for i in used],
            [tuple([new[a] for a in self.instructions[i][1]]) for i in used],
            [new[i] for i in outputs],
            None
            if guards is None
            else [new[i] for i in (*guards, *kept) if i in new and i >= first],
        )


class Written(Symbol):
    """A number of a tape in the making."""

    __slots__ = ("number", "xp")

    def __init__(self, xp: WriterArithmetic, number: int) -> None:
        self.xp = xp
        self.number = number


class WriterArithmetic(Arithmetic):
    """The arithmetic `xp` of numbers of a tape: operations are written to it.

    What is no primitive is written as the primitives that its rule is made of.
    """

    def __init__(self, writer: Writer) -> None:
        self.writer = writer

    def apply(self, op: Operation, *operands: Any) -> Any:
        """An operation on numbers of the tape and plain ones."""
        if not (op.primitive or op in OPERATORS):
            return op.forward(self, *operands)
        numbers = [
            a.number if isinstance(a, Written) else self.writer.constant(float(a))
            for a in operands
        ]
        return self.wrapped(self.writer.emit(op, tuple(numbers)))

    def wrapped(self, number: int) -> Any:
        """A number of the tape as rules take it: a constant is a plain number."""
        value = self.writer.value(number)
        return Written(self, number) if value is None else value


OPERATORS = [TABLE[name] for name in ("add", "sub", "mul", "div", "neg")]
"""What is written by a sign, and is as basic as the primitives."""
