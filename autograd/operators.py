"""The operators and methods of a Value that are operations of the table.

The class is empty until `functions` has made them, a method for each row of one or two
arguments. They are typed, for an editor and for mypy, in the stub beside this file.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any


def no_operators(
    symbol: str, instead: str
) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
    """An operator that numbers have and Values do not, and its reflection."""

    def refuse(a: Any, b: Any) -> Any:
        if getattr(getattr(b, "dtype", None), "hasobject", False) is True:
            return NotImplemented
        raise TypeError(
            f"{symbol} of a Value has steps, and no useful derivative. Write {instead} "
            f"to compute with the numbers; no gradient flows through floor()."
        )

    return refuse, refuse


class Operators:
    """Python's operators, and x.exp() and its kin: one method for each row."""

    __slots__ = ()

    def __floor__(self: Any) -> int:
        return math.floor(float(self))

    def __ceil__(self: Any) -> int:
        return math.ceil(float(self))

    __floordiv__, __rfloordiv__ = no_operators("//", "math.floor(a / b)")
    __mod__, __rmod__ = no_operators("%", "a - b * math.floor(a / b)")
    __divmod__, __rdivmod__ = no_operators("divmod()", "divmod(float(a), float(b))")
