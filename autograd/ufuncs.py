"""NumPy's ufuncs by their names: which row each of them is, or what to write instead.

A ufunc computes on arrays element by element. Here is the function of the
elements, which takes Values and plain numbers alike:

    >>> from autograd import Value
    >>> meaning("arctan2")(Value(0.0), 1.0).op
    <operation atan2>
    >>> meaning("nextafter") is None
    True
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from autograd import functions
from autograd.logic import LOGIC, either, of_truths, one_of, opposite
from autograd.ops import TABLE

CHOICES = {"maximum": "max", "fmax": "max", "minimum": "min", "fmin": "min"}
"""NumPy's choices of two, and the rows that choose from any number."""

OF_ELEMENTS = frozenset(
    {"add", "subtract", "multiply", "negative", "positive", "absolute", "square"}
    | {"reciprocal", "conjugate", "matmul", "vecdot", "matvec", "vecmat"}
)
"""The ufuncs that are left to NumPy, which applies the operators of the elements."""

DEGREE = math.pi / 180.0
LOG_2 = math.log(2.0)

ROWS: dict[str, Callable[..., Any]] = {
    **{op.ufunc: getattr(functions, op.name) for op in TABLE.values() if op.ufunc},
    **{op.special: getattr(functions, op.name) for op in TABLE.values() if op.special},
    # and what is made of rows
    "fmax": functions.maximum,
    "fmin": functions.minimum,
    "fabs": functions.abs,
    "float_power": functions.pow,
    "deg2rad": lambda a: a * DEGREE,
    "radians": lambda a: a * DEGREE,
    "rad2deg": lambda a: a / DEGREE,
    "degrees": lambda a: a / DEGREE,
    "logaddexp2": lambda a, b: functions.logaddexp(a * LOG_2, b * LOG_2) / LOG_2,
    "divmod": divmod,
}
"""The ufuncs that are rows, by NumPy's and scipy.special's names."""


def same(a: Any, b: Any) -> Any:
    """Whether two elements are the same number, be they Values or not."""
    return (a <= b) * (a >= b)


def true(a: Any) -> Any:
    """Whether a number is true: not 0."""
    return 1 - same(a, 0.0)


QUESTIONS: dict[str, Callable[..., Any]] = {
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "equal": same,
    "not_equal": lambda a, b: 1 - same(a, b),
    "isfinite": lambda a: (a > -math.inf) * (a < math.inf),
    "isinf": lambda a: either(same(a, math.inf), same(a, -math.inf)),
    "isnan": lambda a: 1 - same(a, a),
    "signbit": lambda a: a < 0.0,
    "logical_not": lambda a: same(a, 0.0),
    "logical_and": lambda a, b: true(a) * true(b),
    "logical_or": lambda a, b: 1 - same(a, 0.0) * same(b, 0.0),
    "logical_xor": lambda a, b: one_of(true(a), true(b)),
    # Of arrays of bools, which comparisons are eagerly, ~ is the opposite.
    **{f"bitwise_{name}": combined for name, combined in LOGIC.values()},
    "invert": of_truths("~", opposite),
}
"""The ufuncs that are true or false: products and sums of comparisons."""

IN_GENERAL = (
    "Write it with functions that have a row, such as np.exp, np.sqrt and np.where, or "
    "give it a derivative by autograd.operation or autograd.opaque. Where no "
    "derivative is needed, take the numbers: np.array([x.data for x in values])."
)

REMEDIES = {
    "rint": "np.floor(x + 0.5) has a row.",
    "trunc": "np.sign(x) * np.floor(np.abs(x)) is made of rows.",
    "fmod": "x % y has a row, with the sign of y.",
    "heaviside": "autograd.step and np.where have rows.",
    "copysign": "np.abs(x) * np.where(y < 0, -1.0, 1.0) is made of rows.",
}
"""What to write for a ufunc without a row, where it is known."""


def meaning(name: str) -> Callable[..., Any] | None:
    """The function of the elements that a ufunc means; None for one without a row."""
    return ROWS.get(name) or QUESTIONS.get(name)
