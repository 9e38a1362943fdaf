"""The arithmetic of NumPy arrays, for the rules of the table.

The same rules that give one number on floats give a whole array here. A reduction takes
a list of stacks, arrays whose first axis holds its arguments, and reduces over both; so
a rule that treats each of its arguments alike treats a stack of them at once.

    >>> import numpy as np
    >>> Arrays.softplus(np.array([-1000.0, 1000.0])).tolist()
    [0.0, 1000.0]
"""

from __future__ import annotations

import math
from collections.abc import Sequence
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

    @staticmethod
    def sum(stacks: Sequence[Any]) -> Any:
        """The sum over the stacks and over their first axes."""
        total = np.add.reduce(stacks[0], axis=0)
        for stack in stacks[1:]:
            total = total + np.add.reduce(stack, axis=0)
        return total

    @staticmethod
    def dot(stacks: Sequence[Any]) -> Any:
        """The sum of the first stack times the second, over their first axes."""
        left, right = stacks
        return np.add.reduce(left * right, axis=0)

    @staticmethod
    def max(stacks: Sequence[Any]) -> Any:
        """The largest over the first axis of the one stack."""
        return np.maximum.reduce(stacks[0], axis=0)

    @staticmethod
    def min(stacks: Sequence[Any]) -> Any:
        """The smallest over the first axis of the one stack."""
        return np.minimum.reduce(stacks[0], axis=0)

    @staticmethod
    def logsumexp(stacks: Sequence[Any]) -> Any:
        """log(Σ exp(a)) over the first axis of the one stack, without overflow."""
        (stack,) = stacks
        largest = np.maximum.reduce(stack, axis=0)
        return largest + np.log(np.add.reduce(np.exp(stack - largest), axis=0))
