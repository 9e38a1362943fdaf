"""The arithmetic of NumPy arrays, for the rules of the table.

The same rules that give one number on floats give a whole array here. The arguments of
a row that takes any number of them come as a `Stack`, an array with one more axis, that
reductions reduce and `each` treats at once. A list of arrays is a list of numbers.

    >>> import numpy as np
    >>> Arrays.softplus(np.array([-1000.0, 1000.0])).tolist()
    [0.0, 1000.0]
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from typing import Any

import numpy as np

_erf = np.frompyfunc(math.erf, 1, 1)
_erfc = np.frompyfunc(math.erfc, 1, 1)


class Arrays:
    """NumPy's functions under the names of the rules, and the stable forms it lacks."""

    exp = np.exp
    expm1 = np.expm1
    log = np.log
    log1p = np.log1p
    sqrt = np.sqrt
    sin = np.sin
    cos = np.cos
    tan = np.tan
    asin = np.arcsin
    acos = np.arccos
    atan = np.arctan
    sinh = np.sinh
    cosh = np.cosh
    tanh = np.tanh
    atan2 = np.arctan2
    hypot = np.hypot
    abs = np.abs
    pow = np.power
    maximum = np.maximum
    minimum = np.minimum

    @staticmethod
    def erf(a: Any) -> Any:
        """The error function, element by element."""
        return _erf(a).astype(a.dtype)

    @staticmethod
    def erfc(a: Any) -> Any:
        """1 - erf, element by element, without cancellation."""
        return _erfc(a).astype(a.dtype)

    @staticmethod
    def sigmoid(a: Any) -> Any:
        """1 / (1 + exp(-a)), with -a kept from where exp would overflow.

        So it is never below 1e-304 in double and 1e-35 in single precision.
        """
        return np.reciprocal(1.0 + Arrays.bounded_exp(-a))

    @staticmethod
    def bounded_exp(a: Any) -> Any:
        """exp(a), with a kept from where it would overflow."""
        return np.exp(np.minimum(a, 700.0 if a.dtype == np.float64 else 80.0))

    @staticmethod
    def softplus(a: Any) -> Any:
        """log(1 + exp(a)) = max(a, 0) + log(1 + exp(-|a|))."""
        return np.maximum(a, 0.0) + np.log1p(np.exp(-np.abs(a)))

    @staticmethod
    def step(a: Any) -> Any:
        """1 where a > 0, else 0."""
        return np.heaviside(a, 0.0)

    @staticmethod
    def where(condition: Any, a: Any, b: Any) -> Any:
        """Choose a where the condition is not zero, else b."""
        return np.where(condition != 0.0, a, b)

    # Of any number of arguments: those of a stack, or of a list of arrays.

    @staticmethod
    def each(f: Callable[[Any], Any], arguments: Any) -> Any:
        """The results of a function for each of the arguments."""
        if not isinstance(arguments, Stack):
            return [f(a) for a in arguments]
        whole = f(arguments.whole)
        is_stack = np.ndim(getattr(whole, "array", whole)) == arguments.ndim
        return Stack(whole) if is_stack else [whole] * len(arguments)

    @staticmethod
    def sum(values: Stack | Sequence[Any]) -> Any:
        """Their sum."""
        return _reduced(np.add, values)

    @staticmethod
    def dot(values: Stack | Sequence[Any]) -> Any:
        """The sum of the products of the first half with the second half."""
        half = len(values) // 2
        left, right = values[:half], values[half:]
        if isinstance(left, Stack) and isinstance(right, Stack):
            return _reduced(np.add, Stack(left.whole * right.whole))
        return Arrays.sum([a * b for a, b in zip(left, right, strict=True)])

    @staticmethod
    def max(values: Stack | Sequence[Any]) -> Any:
        """The largest of them."""
        return _reduced(np.maximum, values)

    @staticmethod
    def min(values: Stack | Sequence[Any]) -> Any:
        """The smallest of them."""
        return _reduced(np.minimum, values)

    @staticmethod
    def logsumexp(values: Stack | Sequence[Any]) -> Any:
        """log(Σ exp(a)), without overflow."""
        largest = Arrays.max(values)
        powers = Arrays.each(lambda a: np.exp(a - largest), values)
        return largest + np.log(Arrays.sum(powers))


class Stack:
    """The arguments of a row that takes any number of them, as one array.

    `whole` has them along its first axis. A stack has a length, items and slices as a
    list of them has.
    """

    __slots__ = ("whole",)

    def __init__(self, whole: Any) -> None:
        self.whole = whole

    @property
    def ndim(self) -> int:
        """That of the whole array."""
        return np.ndim(getattr(self.whole, "array", self.whole))

    def __len__(self) -> int:
        return len(self.whole)

    def __getitem__(self, place: Any) -> Any:
        part = self.whole[place]
        return Stack(part) if isinstance(place, slice) else part

    def __iter__(self) -> Iterator[Any]:
        return (self.whole[i] for i in range(len(self)))


def _reduced(ufunc: np.ufunc, values: Stack | Sequence[Any]) -> Any:
    """A ufunc over all the values."""
    if isinstance(values, Stack):
        return ufunc.reduce(values.whole, axis=0)
    return reduce(ufunc, values)
