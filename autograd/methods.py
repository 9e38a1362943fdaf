"""What a Value can do besides being a node of a graph.

It stands for its number among Python's own: it is converted, rounded, printed and
copied; what looks at the number alone lets no gradient through. That is refused inside
`tracing()`, where the number of today would decide for all others, and inside `grad`
and its kin, where the derivative would be lost. And it opens the doors to what reads a
graph: its explanation and its derivation.

    >>> from autograd import Value
    >>> Value(2.5) > 2, int(Value(2.5)), f"{Value(2.5):.2f}"
    (True, 2, '2.50')
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from autograd.errors import (
    copy_error,
    index_error,
    left_graph,
    logic_error,
    ratio_error,
    trace_error,
)
from autograd.hooks import Handle
from autograd.leaves import derivative_by, float_of, is_traced, turn
from autograd.modes import called, derivatives, tracings
from autograd.operators import Operators

if TYPE_CHECKING:
    from autograd.reading.derivation import Derivation
    from autograd.reading.explanation import Explanation
    from autograd.value import Value

Self = TypeVar("Self")

NO_GRADIENT = float("0")
"""What `grad` holds until backward() reaches the node: a zero that is an object of its
own, so that `is` tells it from a gradient that is 0."""


class Methods(Operators):
    """The methods of a Value that are no operations of the table."""

    __slots__ = ()

    data: float
    grad: float

    @property
    def has_grad(self) -> bool:
        """Whether backward() has reached this node since it was made or zeroed."""
        return self.grad is not NO_GRADIENT and self.grad is not None

    def zero_grad(self) -> None:
        """Forget the gradient of this Value alone, as before the first backward()."""
        with turn:  # not in the middle of a pass
            self.grad = NO_GRADIENT

    def _look(self, asked: str) -> float:
        """The number; TraceError where it stands for any number."""
        if tracings and is_traced(self):
            raise trace_error(asked, self)
        return float_of(self, asked)

    def _leave(self, asked: str) -> float:
        """The number, out of the graph; TypeError where its derivative is wanted."""
        number = self._look(asked)
        wanted = derivative_by(self) if derivatives else None
        if wanted is not None:
            wanted.refused = left_graph(asked, wanted.name)
            raise wanted.refused
        return number

    def __bool__(self) -> bool:
        return self._look("bool()") != 0.0

    def __float__(self) -> float:
        if called():
            raise TypeError("it asks a Value for a plain float, which has no gradient")
        return self._leave("float()")

    def __int__(self) -> int:
        return int(self._leave("int()"))

    def __index__(self) -> int:
        raise index_error()

    def __invert__(self) -> NoReturn:
        raise logic_error("~", self)

    def __divmod__(self, other: Any) -> tuple[Any, Any]:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> tuple[Any, Any]:
        return other // self, other % self

    def __trunc__(self) -> int:
        return math.trunc(self._leave("trunc()"))

    def __round__(self, digits: int | None = None) -> Any:
        return round(self._leave("round()"), digits)

    def as_integer_ratio(self) -> NoReturn:
        """TypeError: Python's statistics would compute with plain fractions."""
        raise ratio_error(self)

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else repr(self)

    def conjugate(self: Self) -> Self:
        """Return this Value: a real number is its own conjugate."""
        return self

    def __reduce__(self: Any) -> tuple[Any, ...]:
        if self.parents:
            raise copy_error(self.op)
        self._leave("copying")
        grad = self.grad if self.has_grad else None
        return _leaf, (type(self), self.data, self.label, grad)

    def __array_ufunc__(
        self, ufunc: Any, method: str, *inputs: Any, **options: Any
    ) -> Any:
        # Here and not above: NumPy is not needed unless it calls.
        from autograd.interop import apply_ufunc

        if any(hasattr(thing, "iloc") for thing in inputs):  # pandas asks us in turn
            return NotImplemented
        return apply_ufunc(ufunc, method, inputs, options)

    def __array_function__(
        self, function: Any, types: Any, args: Any, kwargs: Any
    ) -> Any:
        # As above: NumPy is not needed unless it calls.
        from autograd.interop import apply_function

        return apply_function(function, args, kwargs)

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
