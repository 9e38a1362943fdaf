"""The tape: a scalar graph laid out flat.

Numbers stand for nodes: first the inputs, then the parameters, then the constants, then
one node per instruction, in an order in which every argument comes before its use. An
instruction is a row of the table and the numbers of its arguments.

Invariant (`verify`): arguments are earlier numbers, as many as the row has, and outputs
are numbers of the tape.

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

from autograd.arithmetic import Floats
from autograd.ops import Operation


@dataclass(slots=True)
class Tape:
    """A scalar graph as a list of instructions."""

    n_inputs: int
    n_parameters: int
    constants: list[float] = field(default_factory=list)
    ops: list[Operation] = field(default_factory=list)
    args: list[tuple[int, ...]] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)

    @property
    def n_leaves(self) -> int:
        """How many numbers are inputs, parameters or constants."""
        return self.n_inputs + self.n_parameters + len(self.constants)

    def run(self, inputs: Sequence[float], parameters: Sequence[float]) -> list[float]:
        """The outputs for one example: what a compiled program must agree with."""
        values = [*inputs, *parameters, *self.constants]
        for op, args in zip(self.ops, self.args, strict=True):
            values.append(op.forward(Floats, *[values[i] for i in args]))
        return [values[i] for i in self.outputs]

    def needed(self) -> list[bool]:
        """For each number, whether it depends on a parameter."""
        needed = [False] * self.n_inputs + [True] * self.n_parameters
        needed += [False] * len(self.constants)
        for args in self.args:
            needed.append(any(needed[i] for i in args))
        return needed

    def verify(self) -> None:
        """Raise AssertionError unless the invariant of this module holds."""
        for number, (op, args) in enumerate(
            zip(self.ops, self.args, strict=True), start=self.n_leaves
        ):
            assert op.arity in (None, len(args)), f"{number}: {op.name} of {len(args)}"
            assert all(0 <= i < number for i in args), f"{number}: not yet computed"
        last = self.n_leaves + len(self.ops)
        assert all(0 <= i < last for i in self.outputs), "an output is no number"

    def __str__(self) -> str:
        first = self.n_inputs + self.n_parameters
        lines = [
            f"inputs 0..{self.n_inputs - 1}, parameters {self.n_inputs}..{first - 1}"
        ]
        lines += [f"{first + i} = {c!r}" for i, c in enumerate(self.constants)]
        for number, (op, args) in enumerate(
            zip(self.ops, self.args, strict=True), start=self.n_leaves
        ):
            lines.append(f"{number} = {op.name} {' '.join(map(str, args))}")
        lines.append(f"outputs {' '.join(map(str, self.outputs))}")
        return "\n".join(lines)
