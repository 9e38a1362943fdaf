"""What a Value can do besides being a node of a graph.

It stands for its number among Python's own: it is compared, converted, rounded,
printed and copied; what looks at the number alone lets no gradient through, and is
refused inside `tracing()`, where the number of today would decide for all others. And
it opens the doors to what reads a graph: its explanation and its derivation.

    >>> from autograd import Value
    >>> Value(2.5) > 2, int(Value(2.5)), f"{Value(2.5):.2f}"
    (True, 2, '2.50')
"""

from __future__ import annotations

import math
from collections.abc import Callable
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, Any, TypeVar

from autograd.errors import copy_error, to_float, trace_error
from autograd.hooks import Handle
from autograd.modes import traced
from autograd.operators import Operators

if TYPE_CHECKING:
    from autograd.reading.derivation import Derivation
    from autograd.reading.explanation import Explanation
    from autograd.value import Value

Self = TypeVar("Self")

NO_GRADIENT = float("0")
"""What `grad` holds until backward() reaches the node: a zero that is an object of its
own, so that `is` tells it from a gradient that is 0."""


def is_object_array(thing: Any) -> bool:
    """Whether a thing is NumPy's array of Python objects, such as Values."""
    return getattr(getattr(thing, "dtype", None), "hasobject", False) is True


def comparison(
    symbol: str, compare: Callable[[float, float], bool]
) -> Callable[[Any, Any], bool]:
    """Return a comparison of the numbers, as a method."""

    def compared(a: Methods, b: Any) -> Any:
        if is_object_array(b):
            return NotImplemented
        other = b.data if isinstance(b, Methods) else to_float(b, symbol)
        return compare(a._look(symbol), other)

    return compared


class Methods(Operators):
    """The methods of a Value that are no operations of the table.

    `==` and `hash` are not among them: they stay those of identity, so that Values can
    live in sets and dicts.
    """

    __slots__ = ()

    data: float
    grad: float

    @property
    def has_grad(self) -> bool:
        """Whether backward() has reached this node since it was made or zeroed."""
        return self.grad is not NO_GRADIENT and self.grad is not None

    def zero_grad(self) -> None:
        """Forget the gradient of this Value alone, as before the first backward()."""
        self.grad = NO_GRADIENT

    __lt__ = comparison("<", lt)
    __le__ = comparison("<=", le)
    __gt__ = comparison(">", gt)
    __ge__ = comparison(">=", ge)

    def _look(self, asked: str) -> float:
        """The number; TraceError where it stands for any number."""
        if traced():
            raise trace_error(asked)
        return self.data

    def __bool__(self) -> bool:
        return self._look("bool()") != 0.0

    def __float__(self) -> float:
        return self._look("float()")

    def __int__(self) -> int:
        return int(self._look("int()"))

    def __divmod__(self, other: Any) -> tuple[Any, Any]:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> tuple[Any, Any]:
        return other // self, other % self

    def __trunc__(self) -> int:
        return math.trunc(float(self))

    def __round__(self, digits: int | None = None) -> Any:
        return round(float(self), digits)

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else repr(self)

    def conjugate(self: Self) -> Self:
        """Return this Value: a real number is its own conjugate."""
        return self

    def __reduce__(self: Any) -> tuple[Any, ...]:
        if self.parents:
            raise copy_error(self.op)
        grad = self.grad if self.has_grad else None
        return _leaf, (type(self), self.data, self.label, grad)

    def __array_ufunc__(
        self, ufunc: Any, method: str, *inputs: Any, **options: Any
    ) -> Any:
        # Here and not above: NumPy is not needed unless it calls.
        from autograd.interop import apply_ufunc

        return apply_ufunc(ufunc, method, inputs, options)

    def register_hook(self: Any, hook: Callable[[Any], Any]) -> Handle:
        """Call `hook` with the gradient of this Value at every sweep that reaches it.

        It is called once per sweep, when the gradient is complete and before it is
        passed on: a float in backward(), a Value or a float in `gradients`. What it
        returns takes the gradient's place; None leaves it. On a leaf it sees the
        gradient of this sweep, before that is added up. `remove()` of the handle that
        is returned takes the hook away. compile() refuses Values with hooks.
        """
        return Handle(self, hook)

    def explain(self: Any, wrt: Value, k: int | None = 10) -> Explanation:
        """Explain ∂self/∂wrt as a sum over paths: print the result.

        Each path from `wrt` to this Value has the product of the local partials along
        it, and these add up to the derivative. The `k` largest in absolute value are
        listed, or all for k=None. No gradient is changed and no hook is run.
        DerivativeError as for backward().

        >>> from autograd import Value
        >>> x = Value(3.0, label="x")
        >>> [path.product for path in (x * x + x.relu()).explain(x)]
        [3.0, 3.0, 1.0]
        """
        # A door: what reads graphs is built upon Values, and not the other way round.
        from autograd.reading.explanation import explain

        return explain(self, wrt, k)

    def derivation(self: Any, blanks: bool = False, limit: int = 100) -> Derivation:
        """Write out how this Value and its gradients are computed: print the result.

        The values, the local partials and the reverse sweep, each with its formula and
        its numbers; with `blanks`, an exercise with its key. No gradient is changed and
        no hook is run. ValueError for a graph of more than `limit` values, constants
        not counted. DerivativeError as for backward().
        """
        # A door: what reads graphs is built upon Values, and not the other way round.
        from autograd.reading.derivation import derivation

        return derivation(self, blanks, limit)


def _leaf(kind: Callable[[float], Any], data: float, label: str, grad: Any) -> Any:
    """Rebuild a copied or unpickled leaf, as its user has set it."""
    leaf = kind(0.0)
    leaf.data = data
    leaf.label = label
    if grad is not None:
        leaf.grad = grad
    return leaf
