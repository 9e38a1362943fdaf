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
from itertools import chain
from typing import Any

import numpy as np

from autograd.arithmetic import (
    Floats,
    log_excess,
    polygamma,
    pow_factor,
    sinc_from_zero,
    sinc_near_zero,
)

_erf = np.frompyfunc(math.erf, 1, 1)
_erfc = np.frompyfunc(math.erfc, 1, 1)


def _log_gamma(a: float) -> float:
    """log Γ(a), or NaN where `Floats` has an error."""
    try:
        return Floats.lgamma(a)
    except (ValueError, OverflowError):
        return math.nan


_lgamma = np.frompyfunc(_log_gamma, 1, 1)


class Stack:
    """The arguments of a row that takes any number of them, as one array.

    `whole` has them along its first axis. A stack has a length, items and slices as a
    list of them has.
    """

    __slots__ = ("whole",)

    def __init__(self, whole: Any) -> None:
        self.whole = whole

    def __len__(self) -> int:
        return len(self.whole)

    def __getitem__(self, place: Any) -> Any:
        part = self.whole[place]
        return Stack(part) if isinstance(place, slice) else part

    def __iter__(self) -> Iterator[Any]:
        return (self.whole[i] for i in range(len(self)))


class Joined:
    """Two stacks, one after the other: one list, whose halves are slices of it."""

    __slots__ = ("halves",)

    def __init__(self, left: Stack, right: Stack) -> None:
        self.halves = (left, right)

    def __len__(self) -> int:
        return sum(map(len, self.halves))

    def __getitem__(self, place: Any) -> Any:
        left, right = self.halves
        if place == slice(None, len(left)):
            return left
        if place == slice(len(left), None):
            return right
        return list(self)[place]

    def __iter__(self) -> Iterator[Any]:
        return chain(*self.halves)


def each(f: Callable[..., Any], *lists: Any) -> Any:
    """The results of a function for each of the arguments: of stacks, at once."""
    if not all(isinstance(arguments, Stack) for arguments in lists):
        return list(map(f, *lists))
    whole = f(*[arguments.whole for arguments in lists])
    # Else it does not depend on the arguments, and is the same for all.
    varies = getattr(whole, "ndim", 0) == lists[0].whole.ndim
    return Stack(whole) if varies else [whole] * len(lists[0])


def joined(a: Any, b: Any) -> Any:
    """Two lists, one after the other."""
    stacks = isinstance(a, Stack) and isinstance(b, Stack)
    return Joined(a, b) if stacks else [*a, *b]


class Arrays:
    """NumPy's functions under the names of the rules, and the stable forms it lacks.

    What is an error on floats is NaN or infinite here.
    """

    exp = np.exp
    expm1 = np.expm1
    exp2 = np.exp2
    log = np.log
    log1p = np.log1p
    log2 = np.log2
    log10 = np.log10
    sqrt = np.sqrt
    cbrt = np.cbrt
    sin = np.sin
    cos = np.cos
    tan = np.tan
    asin = np.arcsin
    acos = np.arccos
    atan = np.arctan
    sinh = np.sinh
    cosh = np.cosh
    tanh = np.tanh
    asinh = np.arcsinh
    acosh = np.arccosh
    atanh = np.arctanh
    atan2 = np.arctan2
    hypot = np.hypot
    abs = np.abs
    pow = np.power
    maximum = np.maximum
    minimum = np.minimum
    logaddexp = np.logaddexp
    floor = np.floor
    ceil = np.ceil
    floor_divide = np.floor_divide
    mod = np.mod

    @staticmethod
    def erf(a: Any) -> Any:
        """The error function, element by element."""
        return _erf(a).astype(a.dtype)

    @staticmethod
    def erfc(a: Any) -> Any:
        """1 - erf, element by element, without cancellation."""
        return _erfc(a).astype(a.dtype)

    @staticmethod
    def lgamma(a: Any) -> Any:
        """log Γ(a), element by element."""
        return _lgamma(a).astype(a.dtype)

    @staticmethod
    def polygamma(a: Any, n: int) -> Any:
        """The derivative of order n + 1 of log Γ(a), for positive numbers."""
        return np.where(a > 0.0, polygamma(np.log, a, n), np.nan)

    @staticmethod
    def pow_derivative(a: Any, b: Any, i: int, j: int) -> Any:
        """∂ⁱ⁺ʲ aᵇ / ∂aⁱ ∂bʲ: 0 where `Floats` finds it so, though a factor is not."""
        factor, power = pow_factor(np.log, a, b, i, j), np.power(a, b - i)
        is_zero = (a == 0.0) & (power == 0.0) if j else factor == 0.0
        return np.where(is_zero, 0.0, factor * power)

    @staticmethod
    def sigmoid(a: Any) -> Any:
        """1 / (1 + exp(-a)) where a ≥ 0, exp(a) / (1 + exp(a)) elsewhere."""
        return np.minimum(np.exp(a), 1.0) / (1.0 + _decay(a))

    @staticmethod
    def sigmoid_slope(a: Any) -> Any:
        """σ(a) σ(-a) = e / (1 + e)², with e = exp(-|a|)."""
        e = _decay(a)
        return e / (1.0 + e) / (1.0 + e)

    @staticmethod
    def tanh_slope(a: Any) -> Any:
        """1 / cosh²(a): the square of 2e / (1 + e²), with e = exp(-|a|)."""
        e = _decay(a)
        sech = 2.0 * e / (1.0 + e * e)
        return sech * sech

    @staticmethod
    def softplus(a: Any) -> Any:
        """log(1 + exp(a)) = max(a, 0) + log(1 + exp(-|a|))."""
        return np.maximum(a, 0.0) + np.log1p(_decay(a))

    @staticmethod
    def gaussian(a: Any) -> Any:
        """exp(-a²)."""
        return np.exp(-a * a)

    @staticmethod
    def asin_slope(a: Any) -> Any:
        """1 / √(1 - a²)."""
        return 1.0 / np.sqrt((1.0 - a) * (1.0 + a))

    @staticmethod
    def cosine(a: Any, b: Any) -> Any:
        """a / √(a² + b²), where neither square may leave the floats."""
        scale = np.maximum(abs(a), abs(b))
        x, y = a / scale, b / scale
        return x / np.sqrt(x * x + y * y)

    @staticmethod
    def atan2_slope(a: Any, b: Any) -> Any:
        """b / (a² + b²), where neither square may leave the floats."""
        scale = np.maximum(abs(a), abs(b))
        x, y = a / scale, b / scale
        return y / (x * x + y * y) / scale

    @staticmethod
    def sinc_derivative(a: Any, n: int) -> Any:
        """dⁿ/daⁿ of sin(πa) / (πa)."""
        whole = np.rint(a)
        sign = 1.0 - 2.0 * np.mod(whole, 2.0)
        sine = sign * np.sin(math.pi * (a - whole))
        cosine = sign * np.sin(math.pi * (0.5 - abs(a - whole)))
        is_near = abs(math.pi * a) < n + 1.0
        far = sinc_from_zero(np.where(is_near, 1.0, a), n, sine, cosine)
        return np.where(is_near, sinc_near_zero(a, n), far)

    @staticmethod
    def step(a: Any) -> Any:
        """1 where a > 0, else 0."""
        # As quick as two passes can be: np.heaviside takes three times as long.
        return np.sign(np.maximum(a, 0.0))

    @staticmethod
    def greater(a: Any, b: Any) -> Any:
        """1 where a > b, else 0; their difference is 0 only if they are equal."""
        # Equal infinities have no difference, which fmax passes over.
        return np.sign(np.fmax(a - b, 0.0))

    @staticmethod
    def stop_gradient(a: Any) -> Any:
        """The numbers themselves."""
        return np.positive(a)

    @staticmethod
    def where(condition: Any, a: Any, b: Any) -> Any:
        """Choose a where the condition is not zero, else b."""
        return np.where(condition != 0.0, a, b)

    # Of any number of arguments: those of a stack, or of a list of arrays.

    each = staticmethod(each)
    joined = staticmethod(joined)

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
        return Arrays.max(values) + log_excess(Arrays, values)


def _reduced(ufunc: np.ufunc, values: Stack | Sequence[Any]) -> Any:
    """A ufunc over all the values."""
    if isinstance(values, Stack):
        return ufunc.reduce(values.whole, axis=0)
    return reduce(ufunc, values)


def _decay(a: Any) -> Any:
    """exp(-|a|), which cannot overflow."""
    return np.exp(-np.abs(a))
