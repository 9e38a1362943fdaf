"""The tape: a scalar graph laid out flat.

Numbers stand for nodes: first the inputs, then the parameters, then the constants, then
one node per instruction, in an order in which every argument comes before its use. An
instruction is a row of the table and the numbers of its arguments. All lie in flat
arrays: instruction i is `table[codes[i]]` of `operands[starts[i] : starts[i + 1]]`.

Of some numbers it matters whether they are finite: the tape's `guards`. They are those
that eager mode would have looked at, and not what a rule computes on its way.

Invariant (`verify`): arguments are earlier numbers, as many as the row has; outputs and
guards are numbers of the tape. No array of a tape is ever written to.

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

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from autograd.arithmetic import Floats
from autograd.errors import is_as_given
from autograd.ops import TABLE, Operation
from autograd.symbol import Arithmetic, Symbol

Numbers: TypeAlias = npt.NDArray[np.int32]
"""Numbers of a tape."""

Instruction: TypeAlias = tuple[Operation, tuple[int, ...]]
"""A row of the table, and the numbers of its arguments."""


@dataclass(frozen=True, slots=True, eq=False)
class Tape:
    """A scalar graph of n instructions as flat arrays.

    - `constants`, (n_constants,), floats;
    - `table`: the operations that occur, each once, in the order in which they do;
    - `codes`, (n,): the place of each instruction's operation in the table;
    - `starts`, (n + 1,): where the arguments of each instruction begin in `operands`;
    - `operands`: the numbers of all arguments, one instruction after the other;
    - `outputs`, (n_outputs,), and `guards`: numbers; without guards all are guarded.
    """

    n_inputs: int
    n_parameters: int
    constants: npt.NDArray[np.float64]
    table: tuple[Operation, ...]
    codes: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]
    operands: Numbers
    outputs: Numbers
    guards: Numbers | None = None

    @classmethod
    def of(
        cls,
        n_inputs: int,
        n_parameters: int,
        constants: Sequence[float],
        instructions: Iterable[Instruction],
        outputs: Sequence[int],
        guards: Sequence[int] | None = None,
    ) -> Tape:
        """The tape of these instructions, one by one.

        >>> square = Tape.of(1, 0, [], [(TABLE["mul"], (0, 0))], [1])
        >>> square.run([3.0], [])
        [9.0]
        """
        listed = [*instructions]
        places: dict[Operation, int] = {}
        codes = [places.setdefault(op, len(places)) for op, _ in listed]
        return cls(
            n_inputs,
            n_parameters,
            np.array(constants, np.float64),
            tuple(places),
            np.array(codes, np.int32),
            np.cumsum([0, *[len(args) for _, args in listed]], dtype=np.int64),
            np.array([*chain.from_iterable(args for _, args in listed)], np.int32),
            np.array(outputs, np.int32),
            None if guards is None else np.array(guards, np.int32),
        )

    @property
    def n_leaves(self) -> int:
        """How many numbers are inputs, parameters or constants."""
        return self.n_inputs + self.n_parameters + len(self.constants)

    def __len__(self) -> int:
        return len(self.codes)

    def ops(self) -> list[Operation]:
        """The operation of each instruction."""
        return [self.table[code] for code in self.codes.tolist()]

    def args(self) -> Iterator[tuple[int, ...]]:
        """The numbers of the arguments of each instruction, one after the other."""
        operands, starts = self.operands.tolist(), self.starts.tolist()
        return (tuple(operands[first:last]) for first, last in pairwise(starts))

    def instructions(self) -> Iterator[Instruction]:
        """The instructions one by one."""
        return zip(self.ops(), self.args(), strict=True)

    def guarded(self) -> set[int]:
        """The numbers that are to be finite."""
        every = range(self.n_leaves, self.n_leaves + len(self))
        return {*(every if self.guards is None else self.guards.tolist())}

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
        values = [*inputs, *parameters, *self.constants.tolist()]
        guards = self.guarded()
        for op, args in self.instructions():
            operands = [values[i] for i in args]
            result = op.forward(Floats, *operands)
            if len(values) in guards and not is_as_given(result, operands):
                raise OverflowError(f"{op.name}{tuple(operands)} is not finite")
            values.append(result)
        return values

    def verify(self) -> None:
        """Raise AssertionError unless the invariant of this module holds."""
        n, lengths = len(self), np.diff(self.starts)
        _holds(
            len(self.starts) == n + 1
            and self.starts[0] == 0
            and self.starts[-1] == len(self.operands)
            and bool((lengths >= 0).all()),
            "arguments begin where there are none",
        )
        _holds(self._are_below(self.codes, len(self.table)), "not in its table")
        for number, (code, length) in enumerate(
            zip(self.codes.tolist(), lengths.tolist(), strict=True), self.n_leaves
        ):
            op = self.table[code]
            _holds(op.arity in (None, length), f"{number}: {op.name} of {length}")
            _holds(not op.n_static, f"{number}: {op.name} without its whole numbers")
        of = np.repeat(np.arange(self.n_leaves, self.n_leaves + n), lengths)
        wrong = (self.operands < 0) | (self.operands >= of)
        _holds(not wrong.any(), f"{of[wrong][:1]}: not yet computed")
        last = self.n_leaves + n
        _holds(self._are_below(self.outputs, last), "an output is no number")
        if self.guards is not None:
            _holds(self._are_below(self.guards, last), "a guard is no number")

    @staticmethod
    def _are_below(numbers: Numbers, last: int) -> bool:
        return bool(((numbers >= 0) & (numbers < last)).all())

    def __str__(self) -> str:
        first = self.n_inputs + self.n_parameters
        lines = [
            f"inputs 0..{self.n_inputs - 1}, parameters {self.n_inputs}..{first - 1}"
        ]
        constants = enumerate(self.constants.tolist(), first)
        lines += [f"{number} = {c!r}" for number, c in constants]
        for number, (op, args) in enumerate(self.instructions(), self.n_leaves):
            words = [op.name, *map(str, args)]
            if op.static:
                words.append(f"at {' '.join(map(str, op.static))}")
            if op.kind:
                words.append(op.kind)
            lines.append(f"{number} = {' '.join(words)}")
        lines.append(f"outputs {' '.join(map(str, self.outputs.tolist()))}")
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
        self.instructions: list[Instruction] = []
        self.numbers: dict[Instruction, int] = {}

    def leaves(self, tape: Tape) -> list[int]:
        """The provisional numbers of a tape's leaves."""
        first = self.n_inputs + self.n_parameters
        return [*range(first), *map(self.constant, tape.constants.tolist())]

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
            folded = None
            if args and max(args) < 0:
                folded = self.folded(op, [self.constants[-1 - i] for i in args])
            if folded is not None:
                number = self.constant(folded)
            else:
                number = self.n_inputs + self.n_parameters + len(self.instructions)
                self.instructions.append(key)
            self.numbers[key] = number
        return number

    @staticmethod
    def folded(op: Operation, operands: Sequence[float]) -> float | None:
        """The result of an operation on constants, unless it is to be refused."""
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
        read = chain(*[self.instructions[i][1] for i in used], outputs)
        constants = dict.fromkeys([i for i in read if i < 0])  # in the order of use
        new = {i: i for i in range(first)}
        new.update({c: first + k for k, c in enumerate(constants)})
        start = first + len(constants)
        new.update({first + i: start + k for k, i in enumerate(used)})
        if guards is not None:
            guards = [new[i] for i in (*guards, *kept) if i in new and i >= first]
        places: dict[Operation, int] = {}
        codes, starts, operands = array("i"), array("q", [0]), array("i")
        for i in used:
            op, args = self.instructions[i]
            codes.append(places.setdefault(op, len(places)))
            operands.extend([new[a] for a in args])
            starts.append(len(operands))
        return Tape(
            self.n_inputs,
            self.n_parameters,
            np.array([self.constants[-1 - c] for c in constants], np.float64),
            tuple(places),
            np.frombuffer(codes, np.int32),
            np.frombuffer(starts, np.int64),
            np.frombuffer(operands, np.int32),
            np.array([new[i] for i in outputs], np.int32),
            None if guards is None else np.array(guards, np.int32),
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
        return self.wrapped(self.writer.emit(op, tuple(map(self.number, operands))))

    def number(self, result: Any) -> int:
        """The number of what a rule gave."""
        if isinstance(result, Written):
            return result.number
        return self.writer.constant(float(result))

    def wrapped(self, number: int) -> Any:
        """A number of the tape as rules take it: a constant is a plain number."""
        value = self.writer.value(number)
        return Written(self, number) if value is None else value


OPERATORS = [TABLE[name] for name in ("add", "sub", "mul", "div", "neg")]
"""What is written by a sign, and is as basic as the primitives."""
