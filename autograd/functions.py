"""The operations as functions, and as operators and methods of Value: from the table.

Each function takes Values, numbers, or both. With a Value among its arguments it
records and returns a Value; plain numbers alone give a plain float. Errors are those of
the operations: DomainError, ZeroDivisionError, OverflowError, and TypeError for what is
no real number. `abs`, `sum`, `max`, `min` and `pow` stand in for Python's. Where these
share the derivative among equal ones, Python's own max and min do not: they compare and
return one of the Values, a branch like any `if`.

This module is also the arithmetic `xp` of Values, for the rules of the table: it has a
function for every row, also for rows that are added later. The functions are typed in
the stub beside this file.

    >>> from autograd import Value
    >>> exp(0.0)
    1.0
    >>> maximum(Value(2.0), 3.0).data
    3.0
    >>> Value(-1.0).leaky_relu(slope=0.5).data
    -0.5
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from autograd.apply import binary, function_of, is_array, named, no_values
from autograd.branches import choose
from autograd.errors import is_real, to_float
from autograd.leaves import is_traced
from autograd.logic import LOGIC
from autograd.modes import tracings
from autograd.operators import Operators
from autograd.ops import TABLE, Operation
from autograd.value import Operand, Value

Side: TypeAlias = Operand | Callable[[], Any]
"""A side of a choice: what it is, or a function that computes it."""

# Functions that say more than their rows, and those that are made of several


def where(condition: Operand | bool, a: Side, b: Side) -> Any:
    """Return a where the condition is not zero, else b; recorded, unlike `if`.

    The condition may be a bool, a number or a Value. A comparison such as x > y gives a
    bool, which is fixed once recorded; inside `tracing()`, so also in functions that
    are compiled, it is recorded, as `step(x - y)` always is.

    A side may be a function of no argument, which is called only where it is chosen,
    so that it need not be defined elsewhere. A program computes both, and takes nothing
    from the side that was not chosen, in derivatives neither. compile() refuses what
    was recorded outside `tracing()`, since that has one side alone.

    >>> from autograd import Value
    >>> x = Value(-2.0)
    >>> where(step(x), x, 0.1 * x).data
    -0.2
    >>> where(x > 0, lambda: x.sqrt(), 0.0)
    0.0
    """
    if callable(a) or callable(b):
        return choose(condition, a, b)
    return _where(condition, a, b)


def dot(weights: Iterable[Operand], inputs: Iterable[Operand]) -> Any:
    """Σ wᵢ xᵢ as a single node. ValueError where the lengths differ.

    >>> from autograd import Value
    >>> dot([Value(1.0), Value(2.0)], [3.0, 4.0]).data
    11.0
    """
    weights = list(weights)
    inputs = list(inputs)
    if len(weights) != len(inputs):
        raise ValueError(
            f"dot: the lengths differ, {len(weights)} and {len(inputs)}. "
            f"Give two lists of the same length."
        )
    return _dot(*weights, *inputs)


def softmax(values: Iterable[Any]) -> list[Any]:
    """exp(aᵢ) / Σ exp(aⱼ) for each value: positive numbers that add up to 1.

    >>> softmax([0.0, 0.0])
    [0.5, 0.5]
    """
    return [_exp(a) for a in log_softmax(values)]


def log_softmax(values: Iterable[Any]) -> list[Any]:
    """aᵢ - log Σ exp(aⱼ) for each value, without overflow.

    It is computed as (aᵢ - max a) - (log Σ exp(aⱼ) - max a), each to full accuracy:
    large values and small shares keep their digits.

    >>> log_softmax([0.0, -1000.0])
    [0.0, -1000.0]
    >>> log_softmax([1e15, 1e15 - 5.0])[0]
    -0.006715348489118068
    """
    listed = list(values)
    if not listed:
        raise no_values("log_softmax")
    # The excess comes before the maximum, so that on the way back it comes after: what
    # the two give to the largest value cancels first, and only then a small share, what
    # remains, is added.
    minus_excess = -_log_excess(*listed)
    largest = _max(*listed)
    return [minus_excess + _gap(a, largest) for a in listed]


def cross_entropy(logits: Sequence[Any], shares: Sequence[Any]) -> Any:
    """-Σ yᵢ log pᵢ with p = softmax(logits) as a single node, for shares yᵢ.

    >>> cross_entropy([0.0, 0.0], [1.0, 0.0])
    0.6931471805599453
    """
    return _cross_entropy(*logits, *shares)


def each(f: Callable[..., Any], *lists: Sequence[Any]) -> list[Any]:
    """The results of a function for each of the arguments: see `Operation`."""
    return list(map(f, *lists))


def joined(a: Sequence[Any], b: Sequence[Any]) -> list[Any]:
    """Two lists, one after the other: see `Operation`."""
    return [*a, *b]


_exp = function_of("exp")
_log_excess = function_of("log_excess")
_max = function_of("max")
_gap = function_of("gap")
_cross_entropy = function_of("cross_entropy")
_where = function_of("where")
_dot = function_of("dot")

# All others are their rows.

SIGNS = {
    "neg": "__neg__",
    "pos": "__pos__",
    "abs": "__abs__",
    "floor": "__floor__",
    "ceil": "__ceil__",
}
"""Python's own names for rows of one argument."""

OPERATORS = {
    "add": "add",
    "sub": "sub",
    "mul": "mul",
    "div": "truediv",
    "pow": "pow",
    "mod": "mod",
    "floor_divide": "floordiv",
}
"""Python's operators, by their rows: __add__ and its reflection __radd__."""


def make_methods(op: Operation, function: Callable[..., Any]) -> None:
    """Give Value the methods of a row: its name's, Python's and NumPy's."""
    methods = {op.name: function}
    if op.name in SIGNS:
        methods[SIGNS[op.name]] = function
    elif op.name in OPERATORS:
        forward, reflected = _infix(op.name)
        methods[f"__{OPERATORS[op.name]}__"] = forward
        methods[f"__r{OPERATORS[op.name]}__"] = reflected
    elif op.ufunc:
        methods[op.ufunc] = function
    for name, method in methods.items():
        setattr(Operators, name, method)


def make_comparison(
    symbol: str,
    compare: Callable[[Any, Any], bool],
    recorded: Callable[[Any, Any], Any],
) -> Callable[[Any, Any], Any]:
    """A comparison of the numbers, as a method.

    Inside `tracing()` it is `recorded`, 1.0 or 0.0, for `where` and for arithmetic. Two
    Values are equal if they are the same one, and a Value equals what has its number.
    """
    is_equality = symbol in ("==", "!=")

    def compared(a: Value, b: Any) -> Any:
        if isinstance(b, Value):
            if is_equality:
                return NotImplemented  # identity decides
        elif not is_real(b) and (is_equality or hasattr(b, "__array__")):
            return NotImplemented  # NumPy compares the elements of its arrays
        elif not is_equality:
            b = to_float(b, symbol)
        if isinstance(b, Value):
            if tracings and is_traced(a, b):
                return recorded(a, b)
            return compare(a.data, b.data)
        if tracings and is_traced(a):
            return recorded(a, b)
        return compare(a.data, b)

    return compared


def _infix(name: str) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
    """An operation of two arguments, as an operator and its reflection."""
    apply = binary(name, operator=True)

    def reflected(b: Any, a: Any) -> Any:
        if is_array(a):  # np.matrix leaves what is no array to us
            return b.__array_ufunc__(_ufunc(name), "__call__", a, b)
        return apply(a, b)

    return apply, named(reflected, TABLE[name])


def _ufunc(name: str) -> Any:
    """NumPy's function of the elements that is a row."""
    # There is an array, so NumPy is loaded already.
    import numpy as np

    return getattr(np, TABLE[name].ufunc)


def __getattr__(name: str) -> Callable[..., Any]:
    """The function of a row that was added later."""
    if name in TABLE:
        return function_of(name)
    raise AttributeError(f"there is no operation {name!r}")


for _row in list(TABLE.values()):
    if _row.name not in globals():
        globals()[_row.name] = function_of(_row.name)
        if _row.arity is not None and not _row.helper:
            make_methods(_row, globals()[_row.name])

# Comparisons: `greater` is 1.0 where a > b and 0.0 elsewhere, a row of its own.

_greater = function_of("greater")


def _not(a: Any) -> Any:
    return 1.0 - a


COMPARISONS: dict[str, tuple[str, Callable[..., bool], Callable[[Any, Any], Any]]] = {
    "<": ("__lt__", operator.lt, lambda a, b: _greater(b, a)),
    "<=": ("__le__", operator.le, lambda a, b: _not(_greater(a, b))),
    ">": ("__gt__", operator.gt, _greater),
    ">=": ("__ge__", operator.ge, lambda a, b: _not(_greater(b, a))),
    "==": (
        "__eq__",
        operator.eq,
        lambda a, b: _not(_greater(a, b)) * _not(_greater(b, a)),
    ),
    "!=": (
        "__ne__",
        operator.ne,
        lambda a, b: _not(_not(_greater(a, b)) * _not(_greater(b, a))),
    ),
}
"""Python's comparisons: their names, on numbers, and as they are recorded."""

for _symbol, (_name, _compare, _recorded) in COMPARISONS.items():
    setattr(Operators, _name, make_comparison(_symbol, _compare, _recorded))

for _symbol, (_name, _combined) in LOGIC.items():
    setattr(Operators, f"__{_name}__", _combined)
    setattr(Operators, f"__r{_name}__", _combined)  # they are symmetric
