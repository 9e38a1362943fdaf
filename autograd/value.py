"""Value: one number that remembers how it was made.

An operation on Values makes a new Value whose `op` is a row of the table and whose
`parents` are its operands, in order. That is the whole graph; `backward` walks it.
Read the class first, further down: what is above it makes its operators. In short,
a * b is Value(a.data * b.data) with op = the row "mul" and parents = (a, b).

Invariants: a Value is created after its parents, so the graph has no cycle; parents
are never changed; `data` is a float and never NaN. No node holds a closure or a
reference to its children, so a graph is freed as soon as its root is dropped.

    >>> x = Value(3.0, label="x")
    >>> y = x * x + 2.0
    >>> y.backward()
    >>> y.data, x.grad
    (11.0, 6.0)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, Any, TypeAlias, Union

from autograd.arithmetic import Floats
from autograd.errors import copy_error, forward_error, to_float, trace_error
from autograd.modes import recording, traced
from autograd.ops import TABLE, Operation

if TYPE_CHECKING:
    from autograd.hooks import Handle
    from autograd.reading.derivation import Derivation
    from autograd.reading.explanation import Explanation

Operand: TypeAlias = Union["Value", float]
"""What an operation takes: a Value, or a number, which becomes a Constant."""

NO_GRADIENT = float("0")
"""What `grad` holds until backward() reaches the node: a zero that is an object of its
own, so that `is` tells it from a gradient that is 0."""


# How an operation is applied: compute on the operands' data by the row's forward rule,
# refuse what is no number, make the node that remembers it. `unary` and `binary` are
# `variadic` written out for speed: almost all nodes are made by them. And x - x != 0.0
# is the quickest way to say that x is infinite or NaN.


def unary(name: str) -> Callable[[Any], Any]:
    """The function that evaluates and records a row of one argument."""
    op = TABLE[name]
    forward = op.forward
    of_numbers = variadic(name)

    def apply(a: Any) -> Any:
        if a.__class__ is not Value:
            return of_numbers(a)
        try:
            data = forward(Floats, a.data)
        except (ValueError, ArithmeticError) as error:
            raise forward_error(op, (a,), error) from None
        return record(op, a, None, data)

    return _named(apply, op)


def binary(name: str, operator: bool = False) -> Callable[[Any, Any], Any]:
    """The function that evaluates and records a row of two arguments.

    As an operator it leaves NumPy's arrays of Values to NumPy.
    """
    op = TABLE[name]
    forward = op.forward
    of_numbers = variadic(name)

    def apply(a: Any, b: Any) -> Any:
        if a.__class__ is not Value:
            if b.__class__ is not Value:
                return of_numbers(a, b)
            a = operand(a, name)
        elif b.__class__ is not Value:
            if operator and is_object_array(b):
                return NotImplemented
            b = operand(b, name)
        try:
            data = forward(Floats, a.data, b.data)
        except (ValueError, ArithmeticError) as error:
            raise forward_error(op, (a, b), error) from None
        return record(op, a, b, data)

    return _named(apply, op)


def variadic(name: str) -> Callable[..., Any]:
    """The function that evaluates and records a row of any number of arguments.

    Plain numbers alone give a plain number, and nothing is recorded.
    """
    row = TABLE[name]
    op, forward = row, row.forward

    def apply(*arguments: Any) -> Any:
        if row.n_static:
            return _at(row, arguments)
        parents = tuple(
            [a if a.__class__ is Value else operand(a, name) for a in arguments]
        )
        try:
            data = forward(Floats, *[parent.data for parent in parents])
        except (ValueError, ArithmeticError) as error:
            raise forward_error(op, parents, error) from None
        if op.arity == 1 or op.arity == 2:
            node = record(op, parents[0], parents[-1], data)
        else:
            node = record(op, parents, None, data)
        if not any(isinstance(a, Value) for a in arguments):
            return node.data
        # What is computed from constants alone is a constant: nothing asks for its
        # derivative, such as that of x ** 2 by its exponent, which a negative x lacks.
        constant = all(parent.__class__ is Constant for parent in parents)
        return Constant(data) if constant else node

    return _named(apply, op)


def _at(row: Operation, arguments: tuple[Any, ...]) -> Any:
    """Evaluate and record a row that takes whole numbers after its arguments."""
    n = len(arguments) - row.n_static
    op = row.at(*arguments[n:])
    parents = tuple([operand(a, op.name) for a in arguments[:n]])
    data = op.forward(Floats, *[parent.data for parent in parents])
    first, second = (parents[0], parents[-1]) if op.arity else (parents, None)
    node = record(op, first, second, data)
    return node if any(isinstance(a, Value) for a in arguments) else data


def _named(function: Callable[..., Any], op: Operation) -> Callable[..., Any]:
    """The function with the name and the documentation of its row."""
    function.__name__ = function.__qualname__ = op.name
    function.__doc__ = f"{op.doc}. It takes {op.defined}."
    return function


def is_object_array(thing: Any) -> bool:
    """Whether a thing is NumPy's array of Python objects, such as Values."""
    return getattr(getattr(thing, "dtype", None), "hasobject", False) is True


def operand(thing: Any, name: str) -> Value:
    """A Value as it is, a number as a Constant; TypeError for anything else."""
    if thing.__class__ is float and thing == thing:
        return Constant(thing)
    if isinstance(thing, Value):
        return thing
    return Constant(to_float(thing, name))


def record(op: Operation, first: Any, second: Any, data: float) -> Value:
    """Make the node that `op` computed from one parent, two, or a tuple of them."""
    if data - data != 0.0:
        refuse(op, _parents(op, first, second), data)
    node = _new(Value)
    node.data = data
    node.grad = NO_GRADIENT
    node.label = ""
    mode = recording()
    if mode is False:
        node.op = node._first = node._second = None
        return node
    node.op = op
    node._first = first
    node._second = second
    if mode is not True:
        mode(node)
    return node


def refuse(op: Operation, parents: tuple[Value, ...], data: float) -> None:
    """Raise for NaN, and for an infinite result unless an operand was infinite."""
    infinite_as_given = any(parent.data - parent.data != 0.0 for parent in parents)
    if data != data or not infinite_as_given:
        raise forward_error(op, parents)


def _parents(op: Operation | None, first: Any, second: Any) -> tuple[Value, ...]:
    """The parents as one tuple, from the two slots that hold them."""
    if op is None:
        return ()
    if op.arity == 2:
        return (first, second)
    parents: tuple[Value, ...] = (first,) if op.arity == 1 else first
    return parents


def operators(
    name: str,
) -> tuple[Callable[[Value, Operand], Value], Callable[[Value, Operand], Value]]:
    """An operation of two arguments, as an operator and its reflection."""
    apply = binary(name, operator=True)

    def reflected(b: Any, a: Any) -> Any:
        return apply(a, b)

    return apply, reflected


def comparison(
    symbol: str, compare: Callable[[float, float], bool]
) -> Callable[[Value, Operand], bool]:
    """Return a comparison of the numbers, as a method."""

    def compared(a: Value, b: Any) -> Any:
        if is_object_array(b):
            return NotImplemented
        if traced():
            raise trace_error(symbol)
        return compare(a.data, operand(b, symbol).data)

    return compared


def no_operators(
    symbol: str, instead: str
) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
    """An operator that numbers have and Values do not, and its reflection."""

    def refuse(a: Value, b: Any) -> Any:
        if is_object_array(b):
            return NotImplemented
        raise TypeError(
            f"{symbol} of a Value has steps, and no useful derivative. Write {instead} "
            f"to compute with the numbers; no gradient flows through floor()."
        )

    return refuse, refuse


class Value:
    """One number that remembers how it was made.

    - `data`: the number, a float.
    - `grad`: ∂root/∂self, filled in by `root.backward()`.
    - `op`: the row of the table that made it, or None on a leaf.
    - `parents`: the operands, in order; `x * x` has the same parent twice.
    - `label`: a name for people, shown in pictures and in messages.

    Only a leaf's `data` and `grad` are yours to change. A number that meets a Value
    in an operation becomes a Constant. Python's `math` and `float()` see the number
    alone, and no gradient flows through them: write x.sin(), not math.sin(x).

    TypeError for anything that is no real number, ValueError for NaN.
    """

    # One or two parents have a slot each, more are a tuple in the first slot. A tuple
    # on every node would double the objects that Python's garbage collector looks
    # through, and its walks are half the time of building a graph. `_notes` is unset on
    # all but the few nodes that have a hook, or that were made inside `anomaly()`.
    __slots__ = ("_first", "_notes", "_second", "data", "grad", "label", "op")

    data: float
    grad: float
    op: Operation | None
    label: str
    _first: Any
    _second: Any
    _notes: dict[str, Any]

    def __init__(self, data: float, label: str = "") -> None:
        self.data = to_float(data, "Value")
        self.grad = NO_GRADIENT
        self.op = self._first = self._second = None
        if not isinstance(label, str):
            raise TypeError(f"label must be a str, not {type(label).__name__}")
        self.label = label

    @property
    def parents(self) -> tuple[Value, ...]:
        """The operands that made this Value, in order; empty on a leaf."""
        return _parents(self.op, self._first, self._second)

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"{type(self).__name__}(data={self.data}, grad={self.grad}{label})"

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else repr(self)

    # Every operation is a row of the table.

    __add__, __radd__ = operators("add")
    __sub__, __rsub__ = operators("sub")
    __mul__, __rmul__ = operators("mul")
    __truediv__, __rtruediv__ = operators("div")
    __pow__, __rpow__ = operators("pow")
    __neg__ = unary("neg")
    __pos__ = unary("pos")
    __abs__ = abs = unary("abs")
    exp = unary("exp")
    expm1 = unary("expm1")
    log = unary("log")
    log1p = unary("log1p")
    sqrt = unary("sqrt")
    sin = unary("sin")
    cos = unary("cos")
    tan = unary("tan")
    asin = arcsin = unary("asin")
    acos = arccos = unary("acos")
    atan = arctan = unary("atan")
    sinh = unary("sinh")
    cosh = unary("cosh")
    tanh = unary("tanh")
    sigmoid = unary("sigmoid")
    relu = unary("relu")
    gelu = unary("gelu")
    silu = unary("silu")
    softplus = unary("softplus")
    step = unary("step")
    erf = unary("erf")
    erfc = unary("erfc")
    atan2 = arctan2 = binary("atan2")
    hypot = binary("hypot")

    def conjugate(self) -> Value:
        """Return this Value: a real number is its own conjugate."""
        return self

    def leaky_relu(self, slope: Operand = 0.01) -> Value:
        """Return a where a > 0, else slope · a."""
        result: Value = _leaky_relu(self, slope)
        return result

    def elu(self, alpha: Operand = 1.0) -> Value:
        """Return a where a > 0, else alpha · (eᵃ - 1)."""
        result: Value = _elu(self, alpha)
        return result

    # Comparisons look at the numbers; `==` and `hash` stay those of identity, so that
    # Values can live in sets and dicts.

    __lt__ = comparison("<", lt)
    __le__ = comparison("<=", le)
    __gt__ = comparison(">", gt)
    __ge__ = comparison(">=", ge)

    def __bool__(self) -> bool:
        if traced():
            raise trace_error("bool()")
        return self.data != 0.0

    def __float__(self) -> float:
        if traced():
            raise trace_error("float()")
        return self.data

    def __int__(self) -> int:
        if traced():
            raise trace_error("int()")
        return int(self.data)

    # As with floats, rounding gives plain numbers: no gradient flows through them.

    def __floor__(self) -> int:
        return math.floor(float(self))

    def __ceil__(self) -> int:
        return math.ceil(float(self))

    def __trunc__(self) -> int:
        return math.trunc(float(self))

    def __round__(self, digits: int | None = None) -> Any:
        return round(float(self), digits)

    __floordiv__, __rfloordiv__ = no_operators("//", "math.floor(a / b)")
    __mod__, __rmod__ = no_operators("%", "a - b * math.floor(a / b)")
    __divmod__, __rdivmod__ = no_operators("divmod()", "divmod(float(a), float(b))")

    # Derivatives

    def backward(self) -> None:
        """Fill in the gradient of this Value with respect to all it was made from.

        Interior gradients are those of this call; a leaf adds them up until
        `zero_grad()`. DerivativeError names the first node whose derivative is not
        finite; then no leaf has changed.
        """
        from autograd.backward import backward

        backward(self)

    def partials(self) -> tuple[float, ...]:
        """The local partials ∂self/∂parent, one per parent, in their order.

        >>> (Value(3.0) * Value(4.0)).partials()
        (4.0, 3.0)
        """
        from autograd.backward import local_partials

        return tuple(local_partials(self))

    def explain(self, wrt: Value, k: int | None = 10) -> Explanation:
        """Explain ∂self/∂wrt as a sum over paths: print the result.

        Each path from `wrt` to this Value has the product of the local partials along
        it, and these add up to the derivative. The `k` largest in absolute value are
        listed, or all for k=None. No gradient is changed and no hook is run.
        DerivativeError as for backward().

        >>> x = Value(3.0, label="x")
        >>> [path.product for path in (x * x + x.relu()).explain(x)]
        [3.0, 3.0, 1.0]
        """
        from autograd.reading.explanation import explain

        return explain(self, wrt, k)

    def derivation(self, blanks: bool = False, limit: int = 100) -> Derivation:
        """Write out how this Value and its gradients are computed: print the result.

        The values, the local partials and the reverse sweep, each with its formula and
        its numbers; with `blanks`, an exercise with its key. No gradient is changed and
        no hook is run. ValueError for a graph of more than `limit` values, constants
        not counted. DerivativeError as for backward().
        """
        from autograd.reading.derivation import derivation

        return derivation(self, blanks, limit)

    @property
    def has_grad(self) -> bool:
        """Whether backward() has reached this node since it was made or zeroed."""
        return self.grad is not NO_GRADIENT and self.grad is not None

    def zero_grad(self) -> None:
        """Forget the gradient of this Value alone, as before the first backward()."""
        self.grad = NO_GRADIENT

    def register_hook(self, hook: Callable[[Any], Any]) -> Handle:
        """Call `hook` with the gradient of this Value at every sweep that reaches it.

        It is called once per sweep, when the gradient is complete and before it is
        passed on: a float in backward(), a Value or a float in `gradients`. What it
        returns takes the gradient's place; None leaves it. On a leaf it sees the
        gradient of this sweep, before that is added up. `remove()` of the handle that
        is returned takes the hook away. compile() refuses Values with hooks.
        """
        from autograd.hooks import Handle

        return Handle(self, hook)

    def detach(self) -> Value:
        """Return a new leaf with the same data and label: no gradient flows back."""
        return Value(self.data, self.label)

    # Guests: NumPy's functions on arrays of Values, copy and pickle

    def __array_ufunc__(
        self, ufunc: Any, method: str, *inputs: Any, **options: Any
    ) -> Any:
        from autograd.interop import apply_ufunc

        return apply_ufunc(ufunc, method, inputs, options)

    def __reduce__(self) -> tuple[Any, ...]:
        if self.parents:
            raise copy_error(self)
        grad = self.grad if self.has_grad else None
        return _leaf, (type(self), self.data, self.label, grad)


class Constant(Value):
    """A plain number that met a Value: no derivative with respect to it is taken."""

    __slots__ = ()

    def __init__(self, data: float) -> None:
        self.data = data
        self.grad = NO_GRADIENT
        self.op = self._first = self._second = None
        self.label = ""

    def __repr__(self) -> str:
        return f"Constant(data={self.data})"


def as_values(numbers: Iterable[Operand]) -> list[Value]:
    """Return the numbers as Values: Values as they are, plain numbers as Constants."""
    return [v if v.__class__ is Value else operand(v, "as_values") for v in numbers]


def _leaf(kind: type[Value], data: float, label: str, grad: float | None) -> Value:
    """Rebuild a copied or unpickled leaf."""
    leaf = kind.__new__(kind)
    leaf.data = data
    leaf.grad = NO_GRADIENT if grad is None else grad
    leaf.op = leaf._first = leaf._second = None
    leaf.label = label
    return leaf


_new = object.__new__
_leaky_relu = binary("leaky_relu")
_elu = binary("elu")
