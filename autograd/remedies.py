"""What makes a remedy fit: which operations made the operands of the one that fails.

A row of the table tells what is usually wanted where it fails: the logarithm of a sum
of exponentials, a square root at zero, a division by a sum that is zero. A `Remedy` is
such a sentence with the predicate that says when it applies.

    >>> from autograd import Value
    >>> combines(SUMS, "exp")([Value(1.0) + Value(2.0).exp()])
    True
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

SUMS = ("add", "sub", "sum", "dot")
SUMS_OF_SQUARES = ("mul", "pow", "dot")


class Remedy(NamedTuple):
    """What to write instead where an operation fails, and for which operands."""

    applies: Callable[[Sequence[Any]], bool]
    sentence: str


def always(operands: Sequence[Any]) -> bool:
    """Any operands."""
    return True


def made_by(*names: str) -> Callable[[Sequence[Any]], bool]:
    """Whether the last operand was made by one of these operations."""
    return lambda operands: _made_by(operands[-1], names)


def combines(outer: Sequence[str], *inner: str) -> Callable[[Sequence[Any]], bool]:
    """Whether the last operand was made by an outer operation from an inner one.

    Sums of sums count as one sum.
    """

    def applies(operands: Sequence[Any]) -> bool:
        if not _made_by(operands[-1], outer):
            return False
        parts = list(operands[-1].parents)
        for part in parts:
            if _made_by(part, inner):
                return True
            if _made_by(part, SUMS) and len(parts) < 1000:
                parts += part.parents
        return False

    return applies


def _made_by(value: Any, names: Sequence[str]) -> bool:
    return value.op is not None and value.op.name in names
