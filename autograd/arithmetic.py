"""What the rules of the table compute on.

A rule in `ops` is written once, over an arithmetic `xp`: operators for the four
basic operations and `xp.name` for everything else. `Floats` is the arithmetic of
plain Python floats. The arithmetic of Values is the module `functions`, whose
functions have the same names and record what they compute.

Invariant: a function here returns the correctly signed, accurate result for every
finite argument in its domain, or raises ValueError (outside the domain),
ZeroDivisionError or OverflowError, as Python's own `math` does.

    >>> Floats.sigmoid(0.0)
    0.5
    >>> Floats.softplus(1000.0)
    1000.0
"""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Callable, Sequence


class Floats:
    """The arithmetic of plain floats: `math`, and the stable forms it lacks."""

    exp = staticmethod(math.exp)
    log = staticmethod(math.log)
    log1p = staticmethod(math.log1p)
    expm1 = staticmethod(math.expm1)
    sqrt = staticmethod(math.sqrt)
    sin = staticmethod(math.sin)
    cos = staticmethod(math.cos)
    tan = staticmethod(math.tan)
    asin = staticmethod(math.asin)
    acos = staticmethod(math.acos)
    atan = staticmethod(math.atan)
    sinh = staticmethod(math.sinh)
    cosh = staticmethod(math.cosh)
    tanh = staticmethod(math.tanh)
    erf = staticmethod(math.erf)
    erfc = staticmethod(math.erfc)
    atan2 = staticmethod(math.atan2)
    hypot = staticmethod(math.hypot)
    abs = staticmethod(math.fabs)

    @staticmethod
    def pow(a: float, b: float) -> float:
        """a ** b as a float: a negative base takes whole exponents only."""
        if a == 0.0 and b < 0.0:
            raise ZeroDivisionError("zero to a negative power")
        return math.pow(a, b)

    @staticmethod
    def sigmoid(a: float) -> float:
        """1 / (1 + exp(-a)), from the side where exp cannot overflow."""
        if a >= 0.0:
            return 1.0 / (1.0 + math.exp(-a))
        exp_a = math.exp(a)
        return exp_a / (1.0 + exp_a)

    @staticmethod
    def softplus(a: float) -> float:
        """log(1 + exp(a)) = max(a, 0) + log(1 + exp(-|a|))."""
        return (a if a > 0.0 else 0.0) + math.log1p(math.exp(-math.fabs(a)))

    @staticmethod
    def step(a: float) -> float:
        """1 where a > 0, else 0."""
        return 1.0 if a > 0.0 else 0.0

    @staticmethod
    def maximum(a: float, b: float) -> float:
        """The larger of a and b."""
        return a if a > b else b

    @staticmethod
    def minimum(a: float, b: float) -> float:
        """The smaller of a and b."""
        return a if a < b else b

    @staticmethod
    def where(condition: float, a: float, b: float) -> float:
        """Return a where the condition is not zero, else b."""
        return a if condition else b

    @staticmethod
    def each(f: Callable[[float], float], arguments: Sequence[float]) -> list[float]:
        """The results of a function for each of the arguments."""
        return [f(a) for a in arguments]

    @staticmethod
    def sum(values: Sequence[float]) -> float:
        """The sum of the values; 0.0 when there are none."""
        return builtins.sum(values, 0.0)

    @staticmethod
    def dot(values: Sequence[float]) -> float:
        """The dot product of the first half of `values` with the second half."""
        half = len(values) // 2
        return builtins.sum(map(operator.mul, values[:half], values[half:]), 0.0)

    @staticmethod
    def max(values: Sequence[float]) -> float:
        """The largest of the values."""
        return builtins.max(values)

    @staticmethod
    def min(values: Sequence[float]) -> float:
        """The smallest of the values."""
        return builtins.min(values)

    @staticmethod
    def logsumexp(values: Sequence[float]) -> float:
        """log(Σ exp(aᵢ)) = m + log(1 + Σ' exp(aᵢ - m)), m the largest, Σ' the rest."""
        top = builtins.max(range(len(values)), key=values.__getitem__)
        largest = values[top]
        rest = (math.exp(a - largest) for i, a in enumerate(values) if i != top)
        return largest + math.log1p(builtins.sum(rest))
