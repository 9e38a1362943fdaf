"""Run a tape as straight-line Python, for graphs that have no width.

A recurrence has one or two nodes at each depth, and an array operation costs more than
they do. Its tape is written out as Python instead: one assignment per node, and one or
two per node on the way back, generated from the table's rules by calling them on names
in place of numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.arithmetic import Floats
from autograd.compiler.errors import (
    NumericalError,
    not_finite,
    not_finite_parameter,
    too_large,
    undefined,
    undefined_derivative,
)
from autograd.compiler.tape import Tape

Array = npt.NDArray[Any]


class Expression:
    """A piece of source text that stands for a number."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __add__(self, other: Any) -> Expression:
        return Expression(f"({self.text} + {_text(other)})")

    def __radd__(self, other: Any) -> Expression:
        return Expression(f"({_text(other)} + {self.text})")

    def __sub__(self, other: Any) -> Expression:
        return Expression(f"({self.text} - {_text(other)})")

    def __rsub__(self, other: Any) -> Expression:
        return Expression(f"({_text(other)} - {self.text})")

    def __mul__(self, other: Any) -> Expression:
        return Expression(f"({self.text} * {_text(other)})")

    def __rmul__(self, other: Any) -> Expression:
        return Expression(f"({_text(other)} * {self.text})")

    def __truediv__(self, other: Any) -> Expression:
        return Expression(f"({self.text} / {_text(other)})")

    def __rtruediv__(self, other: Any) -> Expression:
        return Expression(f"({_text(other)} / {self.text})")

    def __neg__(self) -> Expression:
        return Expression(f"(-{self.text})")


class Source:
    """The arithmetic of expressions: xp.exp(a) is the text `exp(a)`."""

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any) -> Expression:
            return Expression(f"{name}({', '.join(map(_text, arguments))})")

        return call


def _text(thing: Any) -> str:
    """A number or an expression, or several of them, as source."""
    if isinstance(thing, Expression):
        return thing.text
    if isinstance(thing, (list, tuple)):
        return f"({', '.join(map(_text, thing))},)"
    return repr(float(thing))


def source(tape: Tape, gradient: bool) -> str:
    """A Python function `run(x, p)` of inputs and parameters, as text.

    It returns the list of outputs or, with `gradient`, the first output and the list of
    its derivatives by the parameters.
    """
    first = tape.n_inputs + tape.n_parameters
    names = [f"x{i}" for i in range(tape.n_inputs)]
    names += [f"p{i}" for i in range(tape.n_parameters)]
    names += [repr(constant) for constant in tape.constants]
    names += [f"v{i}" for i in range(tape.n_leaves, tape.n_leaves + len(tape.ops))]
    lines = [f"{', '.join(names[: tape.n_inputs])}, = x"] if tape.n_inputs else []
    if tape.n_parameters:
        lines.append(f"{', '.join(names[tape.n_inputs : first])}, = p")
    xp = Source()
    values = [Expression(name) for name in names]
    for number, (op, args) in enumerate(
        zip(tape.ops, tape.args, strict=True), start=tape.n_leaves
    ):
        result = op.forward(xp, *[values[i] for i in args])
        lines.append(f"{names[number]} = {_text(result)}")
    computed = ", ".join(names[tape.n_leaves :])
    if computed:
        lines.append(f"finite(({computed},))")
    if not gradient:
        lines.append(f"return [{', '.join(names[i] for i in tape.outputs)}]")
        return _function(lines)

    needed = tape.needed()
    reached = {tape.outputs[0]}
    lines.append(f"g{tape.outputs[0]} = 1.0")
    for number in reversed(range(tape.n_leaves, len(names))):
        if number not in reached or not needed[number]:
            continue
        op, args = tape.ops[number - tape.n_leaves], tape.args[number - tape.n_leaves]
        arguments = [values[i] for i in args]
        if op.arity is None:
            partials = op.partials[0](xp, arguments, values[number])
        else:
            partials = [
                rule(xp, *arguments, values[number]) if needed[i] else 0.0
                for rule, i in zip(op.partials, args, strict=True)
            ]
        for i, partial in zip(args, partials, strict=True):
            if needed[i] and _text(partial) != "0.0":
                share = f"g{number} * {_text(partial)}"
                share = f"g{number}" if _text(partial) == "1.0" else share
                lines.append(f"g{i} {'+=' if i in reached else '='} {share}")
                reached.add(i)
    found = [f"g{i}" if i in reached else "0.0" for i in range(tape.n_inputs, first)]
    lines.append(f"return {names[tape.outputs[0]]}, [{', '.join(found)}]")
    return _function(lines)


class ScalarExecutor:
    """A tape as straight-line Python, with its parameters; see `executor`."""

    def __init__(self, tape: Tape, parameters: Array) -> None:
        self.tape = tape
        self.parameters = parameters
        self._functions: dict[bool, Callable[..., Any]] = {}

    def outputs(self, batch: Array) -> Array:
        """The outputs (batch, n_outputs) for a batch (batch, n_inputs)."""
        with np.errstate(over="ignore"):
            outputs = np.array(self._each(batch, False), self.parameters.dtype)
        if not np.isfinite(outputs).all():
            row, column = np.argwhere(~np.isfinite(outputs))[0]
            raise too_large(f"output {column}", int(row) if len(batch) > 1 else None)
        return outputs

    def value_and_grad(self, batch: Array) -> tuple[float, Array]:
        """The mean of the first output, and its gradient (n_parameters,)."""
        values, gradients = zip(*self._each(batch, True), strict=True)
        with np.errstate(all="ignore"):
            gradient = np.mean(gradients, axis=0, dtype=self.parameters.dtype)
        if not np.isfinite(gradient).all():
            raise undefined_derivative()
        return math.fsum(value / len(values) for value in values), gradient

    def _each(self, batch: Array, gradient: bool) -> list[Any]:
        """What the generated function returns for each example."""
        if gradient not in self._functions:
            namespace = {name: getattr(Floats, name) for name in dir(Floats)}
            namespace["finite"] = _finite
            exec(compile(source(self.tape, gradient), "<tape>", "exec"), namespace)
            self._functions[gradient] = namespace["run"]
        run = self._functions[gradient]
        parameters = self.parameters.tolist()
        examples = batch.tolist()
        refused = not_finite(examples)
        if refused:
            raise refused
        results = []
        for row, example in enumerate(examples):
            try:
                results.append(run(example, parameters))
            except (ValueError, ArithmeticError) as error:
                cause = not_finite_parameter(parameters)
                place = row if len(examples) > 1 else None
                raise cause or self._named(example, parameters, place) from error
        return results

    def _named(
        self, example: list[float], parameters: list[float], row: int | None
    ) -> NumericalError:
        """The error that names the first operation that has no result."""
        values = [*example, *parameters, *self.tape.constants]
        for op, args in zip(self.tape.ops, self.tape.args, strict=True):
            operands = [values[i] for i in args]
            try:
                values.append(op.forward(Floats, *operands))
                _finite(values[-1:])
            except (ValueError, ArithmeticError):
                return undefined(op, operands, row)
        return undefined_derivative()


def _finite(values: Sequence[float]) -> None:
    """OverflowError where a number is not finite."""
    if not math.isfinite(sum(values)) and not all(map(math.isfinite, values)):
        raise OverflowError("a number is not finite")


def _function(lines: Sequence[str]) -> str:
    return "def run(x, p):\n" + "".join(f"    {line}\n" for line in lines)
