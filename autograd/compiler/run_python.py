"""Run a tape as straight-line Python, for graphs that have no width.

A recurrence has one or two nodes at each depth, and an array operation costs more than
they do. Where there is no native core to interpret its tape (see `run_tape`), it is
written out as Python instead: one assignment for each instruction, on the way back too
(see `differentiate`).
"""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from autograd.arithmetic import Floats
from autograd.compiler.differentiate import differentiate, lower
from autograd.compiler.errors import NotFinite
from autograd.compiler.tape import Tape
from autograd.errors import is_as_given
from autograd.ops import Operation

Array = npt.NDArray[Any]

OPERATORS = {
    "add": "{} + {}",
    "sub": "{} - {}",
    "mul": "{} * {}",
    "div": "{} / {}",
    "neg": "-{}",
    "pos": "{}",
}
"""How Python writes operations that are no functions."""


LONGEST = 200
"""What is used once is written where it is used, in expressions of up to so many
characters: a local variable less. Longer ones are beyond some parsers' depth."""


def source(tape: Tape) -> str:
    """A Python function `run(x, p)` of inputs and parameters, as text.

    It returns the list of the outputs. Where a guard is not finite, and no operand of
    it was, it raises.
    """
    first = tape.n_inputs + tape.n_parameters
    names = [f"x{i}" for i in range(tape.n_inputs)]
    names += [f"p{i}" for i in range(tape.n_parameters)]
    lines = [f"{', '.join(names[: tape.n_inputs])}, = x"] if tape.n_inputs else []
    if tape.n_parameters:
        lines.append(f"{', '.join(names[tape.n_inputs : first])}, = p")
    names += [f"({constant!r})" for constant in tape.constants.tolist()]
    guards = tape.guarded()
    uses = Counter(tape.operands.tolist())
    named = guards.union(tape.outputs.tolist())
    infinite = {
        first + i for i, x in enumerate(tape.constants.tolist()) if not math.isfinite(x)
    }
    for number, (op, args) in enumerate(tape.instructions(), tape.n_leaves):
        operands = [names[i] for i in args]
        text = _written(op, operands)
        if number not in named and uses[number] == 1 and len(text) <= LONGEST:
            names.append(f"({text})" if op.name in OPERATORS else text)
        else:
            names.append(f"v{number}")
            lines.append(f"v{number} = {text}")
        if infinite.intersection(args):
            infinite.add(number)
            if number in guards:
                lines.append(f"as_given(v{number}, ({', '.join(operands)},))")
    checked = ", ".join(names[i] for i in sorted(guards - infinite))
    if checked:
        lines.append(f"finite(({checked},))")
    lines.append(f"return [{', '.join(names[i] for i in tape.outputs)}]")
    return "def run(x, p):\n" + "".join(f"    {line}\n" for line in lines)


def _written(op: Operation, operands: Sequence[str]) -> str:
    """An operation on what is written already."""
    if op.name in OPERATORS:
        return OPERATORS[op.name].format(*operands)
    listed = ", ".join(operands)
    given = f"({listed},)" if op.arity is None else listed
    return f"{op.name}({', '.join([given, *map(str, op.static)])})"


class Run(Protocol):
    """A tape made ready to run, on batches (batch, n_inputs), with parameters.

    All arrays are of float64 and in one piece; what is found is written into arrays.
    """

    def rows(
        self, batch: Array, parameters: Array, outputs: Array, finite: Array
    ) -> None:
        """The outputs (batch, n_outputs), and for which examples they are right."""

    def mean(self, batch: Array, parameters: Array, outputs: Array) -> bool:
        """The mean of the outputs, (n_outputs,), and whether it is right."""


class StraightLine:
    """A tape as a function in Python: a `Run`."""

    def __init__(self, tape: Tape, dtype: npt.DTypeLike) -> None:
        self.is_double = dtype == np.float64
        self.largest = float(np.finfo(dtype).max)
        functions = {name: getattr(Floats, name) for name in dir(Floats)}
        namespace: dict[str, Any] = {
            **functions,
            "inf": math.inf,
            "nan": math.nan,
            "finite": self._finite,
            "as_given": _as_given,
        }
        exec(compile(source(tape), "<tape>", "exec"), namespace)
        self.function = namespace["run"]

    def rows(
        self, batch: Array, parameters: Array, outputs: Array, finite: Array
    ) -> None:
        """The outputs (batch, n_outputs), and for which examples they are right."""
        numbers = parameters.tolist()
        known = all(map(math.isfinite, numbers))
        finite[:] = False
        for row, example in enumerate(batch.tolist()):
            try:
                if known and all(map(math.isfinite, example)):
                    outputs[row] = self.function(example, numbers)
                    finite[row] = True
            except (ValueError, ArithmeticError):
                pass

    def mean(self, batch: Array, parameters: Array, outputs: Array) -> bool:
        """The mean of the outputs, (n_outputs,), and whether it is right."""
        found = np.empty((len(batch), len(outputs)))
        finite = np.empty(len(batch), np.bool_)
        self.rows(batch, parameters, found, finite)
        outputs[:] = 0.0
        if finite.all():
            with np.errstate(over="ignore", invalid="ignore"):
                for row in found:
                    outputs += row / len(batch)
        return bool(finite.all())

    def _finite(self, values: Sequence[float]) -> None:
        """OverflowError where a number is not finite in the program's precision."""
        if self.is_double and math.isfinite(sum(values)):
            return
        if not all(abs(x) <= self.largest for x in values):
            raise OverflowError("a number is not finite")


def _as_given(value: float, operands: Sequence[float]) -> None:
    """OverflowError where a number is NaN, or infinite and no operand was."""
    if not is_as_given(value, operands):
        raise OverflowError("a number is not finite")


class PythonExecutor:
    """A tape as straight-line Python, with its parameters.

    It computes in double precision, with the parameters that it finds when it has the
    `turn`: others who have it change them. Where a number is not finite it raises
    NotFinite, and has no result.
    """

    def __init__(
        self,
        tape: Tape,
        parameters: Array,
        turn: threading.Lock | None = None,
    ) -> None:
        self.tape = tape
        self.parameters = parameters
        self.turn = turn or threading.Lock()
        self._runs: dict[Callable[[Tape], Tape], Run] = {}

    def outputs(self, batch: Array, parameters: Array | None = None) -> Array:
        """The outputs (batch, n_outputs) for a batch (batch, n_inputs).

        With `parameters` they are computed with these.
        """
        found = np.empty((len(batch), len(self.tape.outputs)))
        finite = np.empty(len(batch), np.bool_)
        self._run(lower).rows(*self._copies(batch, parameters), found, finite)
        with np.errstate(over="ignore"):
            array = found.astype(self.parameters.dtype, copy=False)
        finite &= np.isfinite(array).all(axis=1)
        if not finite.all():
            raise NotFinite(array, np.flatnonzero(~finite).tolist())
        return array

    def value_and_grad(
        self, batch: Array, parameters: Array | None = None
    ) -> tuple[float, Array]:
        """The mean of the first output, and its gradient (n_parameters,)."""
        means = np.empty(1 + self.tape.n_parameters)
        run = self._run(differentiate)
        if not run.mean(*self._copies(batch, parameters), means):
            raise NotFinite
        with np.errstate(over="ignore"):
            gradient = means[1:].astype(self.parameters.dtype)
        if not np.isfinite(gradient).all():
            raise NotFinite
        return float(means[0]), gradient

    def compiled(self, tape: Tape) -> Run:
        """A tape made ready to run."""
        return StraightLine(tape, self.parameters.dtype)

    def _run(self, form: Callable[[Tape], Tape]) -> Run:
        """The tape in some form, made ready to run when it is first wanted."""
        if form not in self._runs:
            self._runs[form] = self.compiled(form(self.tape))
        return self._runs[form]

    def _copies(self, batch: Array, parameters: Array | None) -> tuple[Array, Array]:
        """The numbers to run on: others may change theirs in the meantime."""
        if parameters is None:
            with self.turn:
                parameters = np.array(self.parameters, np.float64)
        else:
            parameters = np.array(parameters, np.float64)
        return np.array(batch, np.float64, order="C"), parameters
