"""Numbers that stand for others in the rules of the table.

A rule is run over floats, but also over numbers of a tape in the making, over rows of a
program, over power series: each is a `Symbol` of an `Arithmetic` xp. Its operators are
the functions of that arithmetic by the names of the rows: a + b is xp.add(a, b), and
that is xp.apply(the row, a, b).

    >>> class Names(Arithmetic):
    ...     def apply(self, op, *operands):
    ...         return op.name
    >>> class Name(Symbol):
    ...     xp = Names()
    >>> Name() + 1.0, -Name(), Names().tanh(Name())
    ('add', 'neg', 'tanh')
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from autograd.arithmetic import Floats
from autograd.ops import TABLE, Operation


class Symbol:
    """A number of an arithmetic: its operators are what `xp` knows by their names."""

    __slots__ = ()

    xp: Any

    def __add__(self, other: Any) -> Any:
        return self.xp.add(self, other)

    def __radd__(self, other: Any) -> Any:
        return self.xp.add(other, self)

    def __sub__(self, other: Any) -> Any:
        return self.xp.sub(self, other)

    def __rsub__(self, other: Any) -> Any:
        return self.xp.sub(other, self)

    def __mul__(self, other: Any) -> Any:
        return self.xp.mul(self, other)

    def __rmul__(self, other: Any) -> Any:
        return self.xp.mul(other, self)

    def __truediv__(self, other: Any) -> Any:
        return self.xp.div(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self.xp.div(other, self)

    def __pow__(self, other: Any) -> Any:
        return self.xp.pow(self, other)

    def __rpow__(self, other: Any) -> Any:
        return self.xp.pow(other, self)

    def __mod__(self, other: Any) -> Any:
        return self.xp.mod(self, other)

    def __rmod__(self, other: Any) -> Any:
        return self.xp.mod(other, self)

    def __floordiv__(self, other: Any) -> Any:
        return self.xp.floor_divide(self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return self.xp.floor_divide(other, self)

    def __neg__(self) -> Any:
        return self.xp.neg(self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return self.xp.abs(self)


class Arithmetic(ABC):
    """The functions of symbols: xp.name applies the row of the table of that name."""

    each = staticmethod(Floats.each)
    joined = staticmethod(Floats.joined)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        row = TABLE.get(name)
        if row is None:
            raise AttributeError(f"there is no operation {name!r} in the table")

        def function(*arguments: Any) -> Any:
            n = len(arguments) - row.n_static
            op = row.at(*arguments[n:])
            if op.arity is None:
                return self.apply_to_list(op, arguments[0])
            return self.apply(op, *arguments[:n])

        setattr(self, name, function)  # found at once the next time
        return function

    @abstractmethod
    def apply(self, op: Operation, *operands: Any) -> Any:
        """A row of symbols and plain numbers."""

    def apply_to_list(self, op: Operation, operands: Any) -> Any:
        """A row of any number of arguments, which are given as one list."""
        return self.apply(op, *operands)
