"""`&`, `|` and `^` of comparisons that were recorded, and what they are: 1.0 or 0.0.

Eagerly a comparison is a bool, and Python combines bools. Inside `tracing()` it is a
Value, and so is what is made of several: a product, or 1 - a product. Of other Values,
which are numbers, they are refused; and so is `~`, which of a bool is no `not`.

    >>> from autograd import Value, tracing
    >>> x = Value(2.0)
    >>> with tracing():
    ...     ((x > 0) & (x < 1)).data, ((x > 0) | (x < 1)).data
    (0.0, 1.0)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd.apply import binary, is_array
from autograd.errors import is_real, logic_error
from autograd.value import Constant, Value

_mul = binary("mul")
_sub = binary("sub")


def opposite(a: Any) -> Any:
    """1 where a is 0, and 0 where it is 1."""
    return _sub(1.0, a)


def either(a: Any, b: Any) -> Any:
    """1 where a is or b is, as the opposite of neither."""
    return opposite(_mul(opposite(a), opposite(b)))


def one_of(a: Any, b: Any) -> Any:
    """1 where one of the two is and the other is not."""
    return _mul(either(a, b), opposite(_mul(a, b)))


def is_truth(thing: Any) -> bool:
    """Whether a thing is 1 or 0 at all points: a bool, or made of comparisons.

    These are recorded as a > b, as 1 - c, and as c * d.
    """
    parts = [thing]
    while parts:
        part = parts.pop()
        if not isinstance(part, Value) or part.__class__ is Constant:
            number = part.data if isinstance(part, Value) else part
            if not (is_real(number) and number in (0, 1)):
                return False
        elif part.op is None:
            return False
        elif part.op.name == "mul":
            parts += part.parents
        elif part.op.name == "sub" and _is_one(part.parents[0]):
            parts.append(part.parents[1])
        elif part.op.name != "greater":
            return False
    return True


def _is_one(value: Value) -> bool:
    return value.__class__ is Constant and value.data == 1.0


def of_truths(symbol: str, combine: Callable[..., Any]) -> Callable[..., Any]:
    """The function that combines what is 1 or 0; TypeError for other numbers."""

    def combined(*truths: Any) -> Any:
        if any(map(is_array, truths)):
            return NotImplemented
        for thing in truths:
            if not is_truth(thing):
                raise logic_error(symbol, thing)
        return combine(*truths)

    return combined


LOGIC = {
    "&": ("and", of_truths("&", _mul)),
    "|": ("or", of_truths("|", either)),
    "^": ("xor", of_truths("^", one_of)),
}
"""Python's operators of two truths, and the names of their methods."""
