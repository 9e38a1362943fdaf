"""The operations as functions, and as operators and methods of Value: from the table.

Each function takes Values, numbers, or both. With a Value among its arguments it
records and returns a Value; plain numbers alone give a plain float. Errors are those of
the operations: DomainError, ZeroDivisionError, OverflowError, and TypeError for what is
no real number. `abs`, `sum`, `max`, `min` and `pow` stand in for Python's. Where these
share the derivative among equal ones, Python's own max and min do not: they compare and
return one of the Values, a branch like any `if`.

This module is also the arithmetic `xp` of Values, for the rules of the table: it has a
function for every row, also for rows that are added later. The functions are typed in
the stub beside this file.

    >>> exp(0.0)
    1.0
    >>> maximum(Value(2.0), 3.0).data
    3.0
    >>> Value(-1.0).leaky_relu(slope=0.5).data
    -0.5
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from types import MethodType
from typing import Any

from autograd.arithmetic import Floats
from autograd.errors import forward_error, to_float
from autograd.methods import is_object_array
from autograd.operators import Operators
from autograd.ops import TABLE, Operation
from autograd.value import Constant, Operand, Value, record

UFUNCS = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "div": "divide",
    "pow": "power",
    "neg": "negative",
    "pos": "positive",
    "abs": "absolute",
    "exp": "exp",
    "expm1": "expm1",
    "log": "log",
    "log1p": "log1p",
    "sqrt": "sqrt",
    "sin": "sin",
    "cos": "cos",
    "tan": "tan",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "atan2": "arctan2",
    "sinh": "sinh",
    "cosh": "cosh",
    "tanh": "tanh",
    "hypot": "hypot",
    "maximum": "maximum",
    "minimum": "minimum",
}
"""The NumPy function, by its name, that means the same as a row."""

# How an operation is applied: compute on the operands' data by the row's forward rule,
# then make the node that remembers it. `unary` and `binary` are `variadic` written out
# for speed: almost all nodes are made by them.


def operand(thing: Any, name: str) -> Value:
    """A Value as it is, a number as a Constant; TypeError for anything else."""
    if thing.__class__ is float and thing == thing:
        return Constant(thing)
    return thing if isinstance(thing, Value) else Constant(to_float(thing, name))


def as_values(numbers: Iterable[Operand]) -> list[Value]:
    """Return the numbers as Values: Values as they are, plain numbers as Constants."""
    return [operand(number, "as_values") for number in numbers]


def on_floats(op: Operation) -> Callable[..., float]:
    """The forward rule on floats: of a primitive, what it stands for."""
    of_floats: Callable[..., float] | None = None
    if op.primitive and op.arity is not None:
        of_floats = getattr(Floats, op.name)
    return of_floats or MethodType(op.forward, Floats)


def unary(name: str) -> Callable[[Any], Any]:
    """The function that evaluates and records a row of one argument."""
    op = TABLE[name]
    compute = on_floats(op)
    of_numbers = variadic(name)

    def apply(a: Any) -> Any:
        if a.__class__ is not Value:
            return of_numbers(a)
        try:
            data = compute(a.data)
        except (ValueError, ArithmeticError) as error:
            raise forward_error(op, (a,), error) from None
        return record(op, a, None, data)

    return _named(apply, op)


def binary(name: str, operator: bool = False) -> Callable[[Any, Any], Any]:
    """The function that evaluates and records a row of two arguments.

    As an operator it leaves NumPy's arrays of Values to NumPy.
    """
    op = TABLE[name]
    compute = on_floats(op)
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
            data = compute(a.data, b.data)
        except (ValueError, ArithmeticError) as error:
            raise forward_error(op, (a, b), error) from None
        return record(op, a, b, data)

    return _named(apply, op)


def variadic(name: str) -> Callable[..., Any]:
    """The function that evaluates and records a row of any number of arguments.

    A row's whole numbers come after its arguments. Plain numbers alone give a plain
    number, and nothing is recorded.
    """
    row = TABLE[name]

    def apply(*arguments: Any) -> Any:
        op = row
        if row.n_static:
            n = len(arguments) - row.n_static
            op = row.at(*arguments[n:])
            arguments = arguments[:n]
        parents = tuple(
            [a if a.__class__ is Value else operand(a, name) for a in arguments]
        )
        try:
            data = op.forward(Floats, *[parent.data for parent in parents])
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

    return _named(apply, row)


def of_many(name: str) -> Callable[..., Any]:
    """The function of values that are given one by one, or as one iterable.

    ValueError for no values, unless the operation is defined for none.
    """
    op = TABLE[name]
    apply = variadic(name)

    def of_values(*values: Any) -> Any:
        if len(values) == 1 and isinstance(values[0], Iterable):
            values = tuple(values[0])
        if values:
            return apply(*values)
        try:
            return op.forward(Floats)
        except (ValueError, ArithmeticError, LookupError, TypeError):
            raise _no_values(name) from None

    return _named(of_values, op)


def _no_values(name: str) -> ValueError:
    return ValueError(f"{name}: there are no values. Give it at least one.")


def argument_names(op: Operation) -> list[str]:
    """The arguments and whole numbers of a row of fixed arity, as its rules name them.

    >>> argument_names(TABLE["leaky_relu"])
    ['a', 'slope']
    """
    _, *names, _ = inspect.signature(op.partials[0]).parameters
    return names


def with_defaults(apply: Callable[..., Any], op: Operation) -> Callable[..., Any]:
    """The function whose last arguments may be left out, or given by their names."""
    names = argument_names(op)
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    signature = inspect.Signature([inspect.Parameter(name, kind) for name in names])

    def complete(*arguments: Any, **named: Any) -> Any:
        if named:
            arguments = signature.bind_partial(*arguments, **named).args
        missing = len(names) - len(arguments)
        if missing:
            arguments += op.defaults[-missing:]
        return apply(*arguments)

    return _named(complete, op)


def function_of(name: str) -> Callable[..., Any]:
    """The function of a row, as everybody calls it."""
    op = TABLE[name]
    if op.arity is None:
        return of_many(name)
    kinds: dict[int, Callable[[str], Callable[..., Any]]] = {1: unary, 2: binary}
    make = variadic if op.n_static else kinds.get(op.arity, variadic)
    return with_defaults(make(name), op) if op.defaults else make(name)


def _named(function: Callable[..., Any], op: Operation) -> Callable[..., Any]:
    """The function with the name and the documentation of its row."""
    function.__name__ = function.__qualname__ = op.name
    function.__doc__ = f"{op.doc}. It takes {op.defined}."
    return function


# Functions that say more than their rows, and those that are made of several


def where(condition: Operand | bool, a: Operand, b: Operand) -> Any:
    """Return a where the condition is not zero, else b; recorded, unlike `if`.

    The condition may be a bool, a number or a Value. A comparison of Values gives a
    bool, which is fixed once recorded; `step(x - y)` is the condition x > y as a Value.

    >>> x = Value(-2.0)
    >>> where(step(x), x, 0.1 * x).data
    -0.2
    """
    if condition is True or condition is False:
        condition = float(condition)
    return _where(condition, a, b)


def dot(weights: Iterable[Operand], inputs: Iterable[Operand]) -> Any:
    """Σ wᵢ xᵢ as a single node. ValueError where the lengths differ.

    >>> dot([Value(1.0), Value(2.0)], [3.0, 4.0]).data
    11.0
    """
    weights = list(weights)
    inputs = list(inputs)
    if len(weights) != len(inputs):
        raise ValueError(
            f"dot: the lengths differ, {len(weights)} and {len(inputs)}. "
            f"Give two lists of the same length."
        )
    return _dot(*weights, *inputs)


def softmax(values: Iterable[Any]) -> list[Any]:
    """exp(aᵢ) / Σ exp(aⱼ) for each value: positive numbers that add up to 1.

    >>> softmax([0.0, 0.0])
    [0.5, 0.5]
    """
    powers = [_exp(a) for a in log_softmax(values)]
    total = _sum(powers)  # 1, but for the rounding of large values
    return [power / total for power in powers]


def log_softmax(values: Iterable[Any]) -> list[Any]:
    """aᵢ - log Σ exp(aⱼ) for each value, without overflow.

    >>> log_softmax([0.0, -1000.0])
    [0.0, -1000.0]
    """
    listed = list(values)
    if not listed:
        raise _no_values("log_softmax")
    total = _logsumexp(listed)
    return [a - total for a in listed]


def each(f: Callable[[Any], Any], arguments: Sequence[Any]) -> list[Any]:
    """The results of a function for each of the arguments: see `Operation`."""
    return [f(a) for a in arguments]


_exp = function_of("exp")
_sum = function_of("sum")
_logsumexp = function_of("logsumexp")
_where = variadic("where")
_dot = variadic("dot")

# All others are their rows.

SIGNS = {
    "neg": "__neg__",
    "pos": "__pos__",
    "abs": "__abs__",
    "floor": "__floor__",
    "ceil": "__ceil__",
}
"""Python's own names for rows of one argument."""

OPERATORS = {
    "add": "add",
    "sub": "sub",
    "mul": "mul",
    "div": "truediv",
    "pow": "pow",
    "mod": "mod",
    "floor_divide": "floordiv",
}
"""Python's operators, by their rows: __add__ and its reflection __radd__."""


def make_methods(op: Operation, function: Callable[..., Any]) -> None:
    """Give Value a method for a row of one or two arguments."""
    methods = {op.name: function}
    if op.name in SIGNS:
        methods[SIGNS[op.name]] = function
    elif op.name in OPERATORS:
        forward, reflected = _infix(op.name)
        methods[f"__{OPERATORS[op.name]}__"] = forward
        methods[f"__r{OPERATORS[op.name]}__"] = reflected
    elif op.name in UFUNCS:
        methods[UFUNCS[op.name]] = function  # which NumPy calls
    for name, method in methods.items():
        setattr(Operators, name, method)


def _infix(name: str) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
    """An operation of two arguments, as an operator and its reflection."""
    apply = binary(name, operator=True)

    def reflected(b: Any, a: Any) -> Any:
        return apply(a, b)

    return apply, _named(reflected, TABLE[name])


def __getattr__(name: str) -> Callable[..., Any]:
    """The function of a row that was added later."""
    if name in TABLE:
        return function_of(name)
    raise AttributeError(f"there is no operation {name!r}")


for _row in list(TABLE.values()):
    _function = globals().setdefault(_row.name, function_of(_row.name))
    if _row.arity == 1 or _row.arity == 2:
        make_methods(_row, _function)
