"""A Python function of numbers as a tape: run once with Values, and held to that.

>>> tape, shape = recorded(lambda x: [x[0] * x[1], x[0]], 2, None)
>>> shape, tape.run([2.0, 3.0], [])
((2,), [6.0, 2.0])
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NoReturn

import numpy as np

from autograd.apply import operand
from autograd.compiler.recheck import check_again
from autograd.compiler.reference import Reference
from autograd.compiler.tape import Tape
from autograd.compiler.trace import trace
from autograd.errors import TraceError, explaining, to_float
from autograd.interop import ValueArray
from autograd.modes import tracing
from autograd.trees import as_array
from autograd.value import Value


class Inputs(ValueArray):
    """What a function is given while it is recorded: an array of Values.

    What people do with lists works too: `len`, `zip`, unpacking, `index`, `count`. What
    means one thing of a list and another of an array is refused, and so is what would
    change its length.
    """

    def index(self, value: Any, *limits: int) -> int:
        """The first place of a Value, as of a list."""
        place: int = self.tolist().index(value, *limits)
        return place

    def count(self, value: Any) -> int:
        """How often a Value is there, as of a list."""
        times: int = self.tolist().count(value)
        return times

    def __add__(self, other: Any) -> Any:
        return _joined() if isinstance(other, list) else super().__add__(other)

    def __radd__(self, other: Any) -> Any:
        return _joined() if isinstance(other, list) else super().__radd__(other)

    def __iadd__(self, other: Any) -> Any:
        return _joined() if isinstance(other, list) else super().__iadd__(other)

    def __getattr__(self, name: str) -> NoReturn:
        if name in CHANGE_A_LIST:
            raise AttributeError(
                f"x.{name}: the numbers that a compiled function is given are an "
                f"array, of one length. Make a list of them first: list(x)."
            )
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")


CHANGE_A_LIST = ("append", "clear", "extend", "insert", "pop", "remove", "reverse")


def _joined() -> NoReturn:
    """Refuse the sum of an array and a list."""
    raise TypeError(
        "x + [...]: the numbers that a compiled function is given are an array. Write "
        "[*x, ...] to put more behind them, or x + np.array([...]) to add to each."
    )


def recorded(
    f: Callable[..., Any], n_inputs: int, at: Sequence[float] | None
) -> tuple[Tape, tuple[int, ...]]:
    """The tape of a function of n_inputs numbers, and the shape of its result."""
    if isinstance(n_inputs, bool) or not isinstance(n_inputs, int) or n_inputs < 1:
        raise ValueError(f"n_inputs must be a whole number from 1 up, not {n_inputs!r}")
    # Any point will do where f is defined; these are positive, and all different.
    point = [(i + 1.0) / (n_inputs + 1.0) for i in range(n_inputs)]
    if at is not None:
        point = [float(number) for number in at]
        if len(point) != n_inputs:
            raise ValueError(f"at has {len(point)} numbers, and n_inputs {n_inputs}")
    leaves = [Value(number) for number in point]
    outputs, shape = _outputs(_called(f, leaves))
    tape = trace(outputs, leaves, [])
    _check_elsewhere(f, tape, shape, point)
    return tape, shape


def _check_elsewhere(
    f: Callable[..., Any], tape: Tape, shape: tuple[int, ...], point: Sequence[float]
) -> None:
    """Hold the tape to f at other points, of all signs, where f is defined at such."""
    n = len(point)
    near = [x * (1.0 + 0.01 * (1 + i % 3)) + 1e-3 for i, x in enumerate(point)]
    # Numbers without a pattern, of either sign, so that no matrix of them is singular.
    spread = [math.modf((i + 1) * 0.6180339887498949)[0] for i in range(n)]
    far = [(0.3 + 2.7 * u) * (1.0 if u > 0.4 else -1.0) for u in spread]
    reference = Reference(tape)
    for other in (far, near, [-x for x in far], [-4.0 * x for x in far]):
        values = [Value(x) for x in other]
        try:
            result = f(as_array(values, (n,)).view(Inputs))
        except (ValueError, ArithmeticError):
            continue  # not a point at which f is defined
        outputs = np.asarray(result, dtype=object)
        if outputs.shape != shape:
            raise TraceError(
                f"compile_function: the result of f has the shape {shape} at one point "
                f"and {outputs.shape} at x = {_shown(other)}. A program has one."
            )
        check_again(
            [partial(reference.outputs, np.array([other]), np.empty(0))],
            [v.data if isinstance(v, Value) else v for v in outputs.ravel().tolist()],
            f"compile_function: at x = {_shown(other)}",
            "do not compile",
        )


def _shown(point: Sequence[float]) -> str:
    numbers = [repr(x) for x in point[:4]] + ["..."] * (len(point) > 4)
    return f"[{', '.join(numbers)}]"


def _called(f: Callable[..., Any], leaves: Sequence[Value]) -> Any:
    """The result of f for these Values, recorded as it is for any numbers."""
    try:
        with tracing(leaves), explaining():
            return f(as_array(leaves, (len(leaves),)).view(Inputs))
    except (ArithmeticError, ValueError) as error:
        raise ValueError(
            f"compile_function: f cannot be recorded at the point that was tried: "
            f"{error} Name one where f is defined: "
            f"compile_function(f, n, at=[...])."
        ) from error
    except IndexError as error:
        raise IndexError(
            f"compile_function: f asks for more than the {len(leaves)} numbers of "
            f"n_inputs: {error}."
        ) from error


def _outputs(result: Any) -> tuple[list[Value], tuple[int, ...]]:
    """The numbers of a result, as Values, and its shape."""
    array = np.asarray(result, dtype=object)
    numbers = array.ravel().tolist()
    if any(isinstance(number, (list, tuple, np.ndarray)) for number in numbers):
        raise ValueError(
            "compile_function: f must return a number, or an array of numbers: the "
            "lists that it returned are of different lengths."
        )
    if not any(isinstance(number, Value) for number in numbers):
        kind = type(result).__name__
        raise TypeError(
            f"compile_function: f must return a Value, or an array of them, not "
            f"{kind}: what it computes does not depend on its numbers, or left the "
            f"graph on its way."
        )
    for number in numbers:
        if not isinstance(number, Value):
            to_float(number, "compile_function: the result of f")
    return [operand(number, "compile_function") for number in numbers], array.shape
