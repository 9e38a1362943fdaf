"""Operations of one's own: a new row of the table, checked before it is added.

>>> cube = operation("cube", lambda xp, a: a * a * a, [lambda xp, a, out: 3.0 * a * a])
>>> from autograd import Value
>>> x = Value(2.0)
>>> cube(x).backward()
>>> x.grad
12.0

A rule is written over an arithmetic `xp`, with operators and with the functions of the
table: xp.exp, xp.where and so on. The same rule then runs on floats, on Values (for
derivatives of derivatives) and on arrays (in compiled programs), and so must not branch
on a number or call Python's `math`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

from autograd import functions
from autograd.arithmetic import Floats
from autograd.backward import gradients
from autograd.checking.judges import finite_difference
from autograd.errors import GradientMismatch, TraceError
from autograd.functions import binary, unary, variadic
from autograd.modes import tracing
from autograd.ops import REALS, TABLE, Interval, Operation, Rule, row
from autograd.value import Value

FRACTIONS = (0.13, 0.41, 0.67, 0.89)
"""Where in its interval each argument is tried."""

TOLERANCE = 1e-6
"""Relative. Differences are good to 1e-9 or so, a wrong rule is off by more."""

_added: set[str] = set()


def operation(
    name: str,
    forward: Rule,
    partials: Sequence[Rule],
    *,
    domain: Sequence[tuple[float, float]] = (),
    kink: Callable[..., float] | None = None,
    symbol: str = "",
    doc: str = "",
) -> Callable[..., Any]:
    """Add a row to the table, and return the function that evaluates and records it.

    `forward(xp, *arguments)` computes it, `partials` has one rule per argument,
    `(xp, *arguments, out)`, the derivative of the result `out` by that argument.
    `domain` has an open interval (low, high) per argument, by default all numbers.
    `kink(*arguments)` is 0 where there is no derivative. `symbol` labels pictures.

    The rules are checked at points of the domain: the partials and their own
    derivatives against finite differences (GradientMismatch), and the forward rule on
    arrays against that on floats. ValueError for the name of a row that is not one's
    own, TraceError for a rule that branches on a number. Registered again under its
    name, an operation of one's own is replaced.
    """
    if not (isinstance(name, str) and name.isidentifier()):
        raise ValueError(f"operation: the name must be an identifier, not {name!r}")
    if name in TABLE and name not in _added:
        raise ValueError(
            f"operation: {name!r} is an operation of the table already. Choose another "
            f"name."
        )
    if (
        callable(partials)
        or not partials
        or not all(map(callable, [forward, *partials]))
    ):
        raise TypeError(
            "operation: forward must be a function, and partials a list of functions, "
            "one per argument."
        )
    intervals = tuple(Interval(float(low), float(high)) for low, high in domain)
    intervals = intervals or (REALS,) * len(partials)
    if len(intervals) != len(partials):
        raise ValueError(
            f"operation: {len(partials)} partials and {len(intervals)} intervals. Give "
            f"one of each per argument."
        )
    before = TABLE.get(name)
    row(
        name,
        symbol or name,
        doc or f"{name}, an operation of one's own",
        forward,
        *partials,
        domain=intervals,
        kink=kink,
    )
    try:
        check_row(TABLE[name])
    except BaseException:
        if before is None:
            del TABLE[name]
        else:
            TABLE[name] = before
        raise
    _added.add(name)
    kinds: dict[int, Callable[[str], Callable[..., Any]]] = {1: unary, 2: binary}
    return kinds.get(len(partials), variadic)(name)


def check_row(op: Operation) -> None:
    """Raise unless the row's rules agree with each other, at points of its domain."""
    tried = 0
    for point in points(op):
        if op.kink is not None and abs(op.kink(*point)) < 1e-3:
            continue
        tried += 1
        out = _on_floats(op, op.forward, point)
        for i, rule in enumerate(op.partials):
            name = f"partial {i}"
            slope = _on_floats(op, rule, [*point, out])
            _compare(op, name, point, slope, _difference(op, op.forward, point, i))
            recorded = _on_values(op, rule, point)
            for j, second in enumerate(recorded):

                def partial(xp: Any, *args: Any, rule: Rule = rule) -> Any:
                    return rule(xp, *args, op.forward(xp, *args))

                name = f"the derivative of partial {i} by argument {j}"
                _compare(op, name, point, second, _difference(op, partial, point, j))
        _check_on_arrays(op, point, out)
    if not tried:
        raise ValueError(f"operation {op.name}: every point of the domain is a kink")


def points(op: Operation) -> Iterator[tuple[float, ...]]:
    """Some points of the domain: a few for each argument, in all combinations."""
    places = []
    for interval in op.domain:
        low, high = max(interval.low, -3.0), min(interval.high, 3.0)
        if not low < high:  # beyond the ordinary numbers
            low = interval.low if math.isfinite(interval.low) else interval.high - 6.0
            high = min(interval.high, low + 6.0)
        places.append([low + (high - low) * f for f in FRACTIONS])
    yield from list(product(*places))[:64]


def _on_floats(op: Operation, rule: Rule, arguments: Sequence[float]) -> float:
    """A rule on floats. ValueError where it gives no number inside the domain."""
    try:
        result = rule(Floats, *arguments)
    except TypeError as error:
        raise TypeError(
            f"operation {op.name}: {error}. The rules are forward(xp, *arguments) and "
            f"partial(xp, *arguments, out)."
        ) from error
    except (ValueError, ArithmeticError) as error:
        raise ValueError(
            f"operation {op.name}: a rule fails at {arguments}: {error}. Say in "
            f"`domain` where the operation is defined."
        ) from error
    if not (isinstance(result, (int, float)) and math.isfinite(result)):
        raise ValueError(
            f"operation {op.name}: a rule gives {result!r} at {arguments}, and must "
            f"give a number: forward(xp, *arguments), partial(xp, *arguments, out)."
        )
    return result


def _on_values(op: Operation, rule: Rule, point: Sequence[float]) -> list[float]:
    """The derivatives of a partial by each argument, through what it records."""
    leaves = [Value(x) for x in point]
    try:
        with tracing():
            out = op.forward(functions, *leaves)
            slope = rule(functions, *leaves, out)
    except TraceError as error:
        raise TraceError(
            f"operation {op.name}: a rule looks at a number, by a branch or by the "
            f"module math. It also runs on Values and on arrays: write xp.where and "
            f"xp.sin for `if` and math.sin."
        ) from error
    if not isinstance(slope, Value):
        return [0.0] * len(leaves)
    return [float(g) for g in gradients(slope, leaves)]


def _difference(op: Operation, rule: Rule, point: Sequence[float], i: int) -> float:
    """The derivative of a rule on floats by one argument, by finite differences."""

    def along(x: Any) -> float:
        arguments = [*point[:i], float(x), *point[i + 1 :]]
        if float(x) not in op.domain[i]:
            raise ValueError("outside the domain")
        result: float = rule(Floats, *arguments)
        return result

    return finite_difference(along, point[i])


def _check_on_arrays(op: Operation, point: Sequence[float], out: float) -> None:
    """The forward rule on arrays, as compiled programs run it."""
    # NumPy is not needed until somebody adds an operation.
    import numpy as np

    from autograd.compiler import on_arrays

    try:
        found = on_arrays(op.forward, [np.array([x, x]) for x in point])
    except (TypeError, AttributeError, ValueError) as error:
        raise TypeError(
            f"operation {op.name}: the forward rule fails on arrays: {error}. Write it "
            f"with operators and the functions of xp, as in xp.exp(a)."
        ) from error
    _compare(op, "the forward rule on arrays", point, float(found.ravel()[-1]), out)


def _compare(
    op: Operation, what: str, point: Sequence[float], found: float, expected: float
) -> None:
    if abs(found - expected) > TOLERANCE * max(1.0, abs(expected)):
        raise GradientMismatch(
            f"operation {op.name}: {what} is {found!r} at {tuple(point)}, and should "
            f"be {expected!r}. A partial is ∂out/∂argument alone, written with the "
            f"functions of xp so that it can be differentiated in turn."
        )
