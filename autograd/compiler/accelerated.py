"""The passes over a tape that are written in C too, where they are there.

`fold`, `collect_sums` and the derivatives of a tape are sequential: each instruction
needs to know what was written before it. In Python that costs microseconds each, in C
some tens of nanoseconds. The passes in Python say what is to come out; here they find
their twins, None where Python has to do it, and these find what is not theirs to know:
what the rules of the table write.

A rule is run once for each number of arguments and each choice of those that one
differentiates by, over the arithmetic of a tape in the making, with numbers that stand
for the arguments and the result. What it writes is a template, which C writes again
for each instruction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.compiler.tape import OPERATORS, Tape, Writer, WriterArithmetic, Written
from autograd.native import WANTED
from autograd.ops import TABLE

try:
    from autograd.native import _compiler
except ImportError:
    _compiler = None  # type: ignore[assignment]

NATIVE = _compiler if WANTED else None
"""The passes in C, where they are there and wanted."""

KNOWN = tuple(
    TABLE[name] for name in ("add", "sub", "neg", "mul", "sum", "dot", "atan2")
)
"""The operations that the passes know, in the order in which C numbers them."""

FORWARD, PARTIALS = 0, 1
"""The rules that there are templates of, beside shortcuts."""

LOWER, DIFFERENTIATE, GRADIENT, PULLBACK, PUSHFORWARD = range(5)
"""What can be derived from a tape."""


class Rules:
    """What C asks of the table, by the codes that operations have in a pass."""

    def __init__(self, tape: Tape) -> None:
        self.ops = [*dict.fromkeys([*KNOWN, *tape.table])]
        self.places = {op: place for place, op in enumerate(self.ops)}

    def given(self, tape: Tape) -> tuple[Any, ...]:
        """The tape as C takes it, with these codes."""
        codes = np.array([self.places[op] for op in tape.table], np.int32)
        return (
            tape.n_inputs,
            tape.n_parameters,
            tape.constants,
            codes[tape.codes],
            tape.starts,
            tape.operands,
            tape.outputs,
            tape.guards,
        )

    def made(
        self, tape: Tape, arrays: Sequence[Any] | None, n_new: int = 0
    ) -> Tape | None:
        """The tape that C has written, of another and new inputs; None for none."""
        if arrays is None:
            return None
        constants, codes, starts, operands, outputs, guards, table = arrays
        return Tape(
            n_new + tape.n_inputs,
            tape.n_parameters,
            np.frombuffer(constants, np.float64),
            tuple([self.ops[code] for code in table]),
            np.frombuffer(codes, np.int32),
            np.frombuffer(starts, np.int64),
            np.frombuffer(operands, np.int32),
            np.frombuffer(outputs, np.int32),
            None if guards is None else np.frombuffer(guards, np.int32),
        )

    # What C calls

    def flags(self, code: int) -> int:
        """What a pass has to know of an operation, a bit each."""
        op = self.ops[code]
        told = (
            op.commutative and op.arity == 2,
            bool(op.shortcuts),
            op.stops,
            op.primitive or op in OPERATORS,
            op.arity is None,
        )
        return sum(is_so << place for place, is_so in enumerate(told))

    def folded(self, code: int, operands: tuple[float, ...]) -> float | None:
        """The result of an operation on constants, unless it is to be refused."""
        return Writer.folded(self.ops[code], operands)

    def template(
        self, kind: int, code: int, n: int, choice: Any
    ) -> tuple[bytes, ...] | None:
        """What a rule of an operation writes, of n numbers that it is given.

        The `choice` of partials has a bit for each argument that is wanted; that of a
        shortcut is the last argument, and None is returned where there is none for it.
        """
        op = self.ops[code]
        writer = Writer(Tape.of(n, 0, [], [], []))
        xp = WriterArithmetic(writer)
        given = [Written(xp, i) for i in range(n)]
        if kind == FORWARD:
            found = [op.forward(xp, *given)]
        elif kind == PARTIALS:
            *arguments, out = given
            wanted = [bool(choice >> i & 1) for i in range(n - 1)]
            found = [*op.partials_of(xp, arguments, out, wanted)]
        else:
            rule = op.shortcuts.get(choice)
            if rule is None:
                return None
            found = [rule(xp, *given)]
        results = [xp.number(result) for result in found]
        tape = Tape.of(n, 0, [], writer.instructions, results)
        for each in tape.table:
            if each not in self.places:
                self.places[each] = len(self.ops)
                self.ops.append(each)
        codes = np.array([self.places[each] for each in tape.table], np.int32)
        arrays: list[npt.NDArray[Any]] = [
            codes[tape.codes],
            tape.starts,
            tape.operands,
            np.array(writer.constants, np.float64),
            tape.outputs,
        ]
        return tuple([array.tobytes() for array in arrays])


def fold(tape: Tape) -> Tape | None:
    """The twin of `simplify.fold`."""
    if NATIVE is None:
        return None
    rules = Rules(tape)
    return rules.made(tape, NATIVE.fold(rules.given(tape), rules))


def collect_sums(tape: Tape) -> Tape | None:
    """The twin of `simplify.collect_sums`."""
    if NATIVE is None:
        return None
    rules = Rules(tape)
    return rules.made(tape, NATIVE.collect_sums(rules.given(tape), rules))


def derive(
    mode: int, tape: Tape, by: range = range(0), of: Sequence[int] | None = None
) -> Tape | None:
    """The twin of the functions of `differentiate`, each of which is a mode."""
    if NATIVE is None:
        return None
    rules = Rules(tape)
    n_new = {PULLBACK: len(tape.outputs), PUSHFORWARD: len(by)}.get(mode, 0)
    wanted = np.array(range(len(tape.outputs)) if of is None else of, np.int32)
    arrays = NATIVE.derive(
        rules.given(tape), rules, mode, by.start, by.stop, wanted.tobytes()
    )
    return rules.made(tape, arrays, n_new)
