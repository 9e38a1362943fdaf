"""The operations as functions, of Values and of plain numbers alike.

Each takes Values, numbers, or both. With a Value among its arguments it records and
returns a Value; plain numbers alone give a plain float. Errors are those of the
operations: DomainError, ZeroDivisionError, OverflowError, and TypeError for what is no
real number. `abs`, `sum`, `max`, `min` and `pow` stand in for Python's.

This module is also the arithmetic `xp` of Values, for the rules of the table.

    >>> exp(0.0)
    1.0
    >>> maximum(Value(2.0), 3.0).data
    3.0
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, overload

from autograd.ops import TABLE
from autograd.value import Operand, Value, binary, unary, variadic


class Unary(Protocol):
    """A function of one number."""

    @overload
    def __call__(self, a: Value, /) -> Value: ...
    @overload
    def __call__(self, a: float, /) -> float: ...


class Binary(Protocol):
    """A function of two numbers."""

    @overload
    def __call__(self, a: Value, b: Operand, /) -> Value: ...
    @overload
    def __call__(self, a: float, b: Value, /) -> Value: ...
    @overload
    def __call__(self, a: float, b: float, /) -> float: ...


add: Binary = binary("add")
sub: Binary = binary("sub")
mul: Binary = binary("mul")
div: Binary = binary("div")
pow: Binary = binary("pow")
neg: Unary = unary("neg")
pos: Unary = unary("pos")
abs: Unary = unary("abs")
exp: Unary = unary("exp")
expm1: Unary = unary("expm1")
log: Unary = unary("log")
log1p: Unary = unary("log1p")
sqrt: Unary = unary("sqrt")
sin: Unary = unary("sin")
cos: Unary = unary("cos")
tan: Unary = unary("tan")
asin: Unary = unary("asin")
acos: Unary = unary("acos")
atan: Unary = unary("atan")
sinh: Unary = unary("sinh")
cosh: Unary = unary("cosh")
tanh: Unary = unary("tanh")
atan2: Binary = binary("atan2")
hypot: Binary = binary("hypot")
sigmoid: Unary = unary("sigmoid")
relu: Unary = unary("relu")
gelu: Unary = unary("gelu")
silu: Unary = unary("silu")
softplus: Unary = unary("softplus")
step: Unary = unary("step")
erf: Unary = unary("erf")
erfc: Unary = unary("erfc")
maximum: Binary = binary("maximum")
minimum: Binary = binary("minimum")

_leaky_relu: Binary = binary("leaky_relu")
_elu: Binary = binary("elu")
_where = variadic("where")
_sum = variadic("sum")
_dot = variadic("dot")
_max = variadic("max")
_min = variadic("min")
_logsumexp = variadic("logsumexp")


@overload
def leaky_relu(a: Value, slope: Operand = 0.01) -> Value: ...
@overload
def leaky_relu(a: float, slope: Value) -> Value: ...
@overload
def leaky_relu(a: float, slope: float = 0.01) -> float: ...
def leaky_relu(a: Operand, slope: Operand = 0.01) -> Operand:
    """Return a where a > 0, else slope · a (Maas, Hannun & Ng 2013)."""
    return _leaky_relu(a, slope)


@overload
def elu(a: Value, alpha: Operand = 1.0) -> Value: ...
@overload
def elu(a: float, alpha: Value) -> Value: ...
@overload
def elu(a: float, alpha: float = 1.0) -> float: ...
def elu(a: Operand, alpha: Operand = 1.0) -> Operand:
    """Return a where a > 0, else alpha · (eᵃ - 1)."""
    return _elu(a, alpha)


@overload
def where(condition: Operand | bool, a: Value, b: Operand) -> Value: ...
@overload
def where(condition: Operand | bool, a: float, b: Value) -> Value: ...
@overload
def where(condition: Value, a: float, b: float) -> Value: ...
@overload
def where(condition: float | bool, a: float, b: float) -> float: ...
def where(condition: Operand | bool, a: Operand, b: Operand) -> Operand:
    """Return a where the condition is not zero, else b; recorded, unlike `if`.

    The condition may be a bool, a number or a Value. A comparison of Values gives a
    bool, which is fixed once recorded; `step(x - y)` is the condition x > y as a Value.

    >>> x = Value(-2.0)
    >>> where(step(x), x, 0.1 * x).data
    -0.2
    """
    if condition is True or condition is False:
        condition = float(condition)
    chosen: Operand = _where(condition, a, b)
    return chosen


@overload
def sum(values: Iterable[Value]) -> Value: ...
@overload
def sum(values: Iterable[float]) -> float: ...
def sum(values: Iterable[Operand]) -> Operand:
    """Σ aᵢ as a single node; 0.0 for no values.

    >>> sum([Value(1.0), 2.0, 3.0]).data
    6.0
    """
    total: Operand = _sum(*values)
    return total


@overload
def dot(weights: Iterable[Value], inputs: Iterable[Operand]) -> Value: ...
@overload
def dot(weights: Iterable[float], inputs: Iterable[float]) -> float: ...
def dot(weights: Iterable[Operand], inputs: Iterable[Operand]) -> Operand:
    """Σ wᵢ xᵢ as a single node. ValueError where the lengths differ.

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
    product: Operand = _dot(*weights, *inputs)
    return product


@overload
def max(*values: Value | Iterable[Value]) -> Value: ...
@overload
def max(*values: float | Iterable[float]) -> float: ...
def max(*values: Operand | Iterable[Operand]) -> Operand:
    """The largest of the values, given one by one or as one iterable.

    Values that tie for it share the derivative equally.

    >>> max([1.0, Value(3.0), 2.0]).data
    3.0
    """
    largest: Operand = _max(*_some(values, "max"))
    return largest


@overload
def min(*values: Value | Iterable[Value]) -> Value: ...
@overload
def min(*values: float | Iterable[float]) -> float: ...
def min(*values: Operand | Iterable[Operand]) -> Operand:
    """The smallest of the values, given one by one or as one iterable.

    Values that tie for it share the derivative equally.

    >>> min(1.0, Value(3.0)).data
    1.0
    """
    smallest: Operand = _min(*_some(values, "min"))
    return smallest


@overload
def logsumexp(values: Iterable[Value]) -> Value: ...
@overload
def logsumexp(values: Iterable[float]) -> float: ...
def logsumexp(values: Iterable[Operand]) -> Operand:
    """log Σ exp(aᵢ), without overflow. ValueError for no values.

    >>> logsumexp([1000.0, 1000.0])
    1000.6931471805599
    """
    result: Operand = _logsumexp(*_some((values,), "logsumexp"))
    return result


@overload
def softmax(values: Iterable[Value]) -> list[Value]: ...
@overload
def softmax(values: Iterable[float]) -> list[float]: ...
def softmax(values: Iterable[Any]) -> list[Any]:
    """exp(aᵢ) / Σ exp(aⱼ) for each value: positive numbers that add up to 1.

    >>> softmax([0.0, 0.0])
    [0.5, 0.5]
    """
    powers = [exp(a) for a in log_softmax(values)]
    total = sum(powers)  # 1, but for the rounding of large values
    return [power / total for power in powers]


@overload
def log_softmax(values: Iterable[Value]) -> list[Value]: ...
@overload
def log_softmax(values: Iterable[float]) -> list[float]: ...
def log_softmax(values: Iterable[Any]) -> list[Any]:
    """aᵢ - log Σ exp(aⱼ) for each value, without overflow.

    >>> log_softmax([0.0, -1000.0])
    [0.0, -1000.0]
    """
    listed: list[Any] = _some((values,), "log_softmax")
    total = logsumexp(listed)
    return [a - total for a in listed]


def _some(values: Sequence[Any], name: str) -> list[Any]:
    """The values as a list that is not empty."""
    (first, *rest) = values or ((),)
    listed = list(values) if rest or not isinstance(first, Iterable) else list(first)
    if not listed:
        raise ValueError(f"{name}: there are no values. Give it at least one.")
    return listed


def each(f: Any, arguments: Iterable[Any]) -> list[Any]:
    """The results of a function for each of the arguments: see `Operation`."""
    return [f(a) for a in arguments]


for _name, _row in TABLE.items():
    globals().setdefault(_name, variadic(_name))
