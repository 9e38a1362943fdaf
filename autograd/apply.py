"""A row of the table as a function: of Values, which it records, and of numbers.

To apply an operation is to compute on the operands' data by the row's forward rule, to
refuse what is no number, and to make the node that remembers it. `unary` and `binary`
are `variadic` written out for speed: almost all nodes are made by them.

    >>> hypot = function_of("hypot")
    >>> hypot(Value(3.0), 4.0).data, hypot(3.0, 4.0)
    (5.0, 5.0)
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from types import MethodType
from typing import Any

from autograd.arithmetic import Floats
from autograd.errors import no_result, to_float
from autograd.leaves import settled
from autograd.native import quick
from autograd.ops import TABLE, Operation
from autograd.value import Constant, Operand, Value, record

_KINDS = {Value, Constant}


def is_array(thing: Any) -> bool:
    """Whether a thing is an array of NumPy's, or of pandas' that goes by its rules."""
    kind = type(thing)
    return hasattr(kind, "__array_ufunc__") and hasattr(kind, "__len__")


def operand(thing: Any, name: str) -> Value:
    """A Value as it is, a number as a Constant; TypeError for anything else."""
    if thing.__class__ is float and thing == thing:
        return Constant(thing)
    return thing if isinstance(thing, Value) else Constant(to_float(thing, name))


def as_values(numbers: Iterable[Operand]) -> list[Value]:
    """Return the numbers as Values: Values as they are, plain numbers as Constants."""
    return [operand(number, "as_values") for number in numbers]


def on_floats(op: Operation) -> Callable[..., float]:
    """The forward rule of a row of one or two arguments, on floats.

    That of a primitive only looks the function up: here this is done once.
    """
    found = getattr(Floats, op.name, None) if op.primitive else None
    of_floats: Callable[..., float] = found or MethodType(op.forward, Floats)
    return of_floats


def unary(name: str) -> Callable[[Any], Any]:
    """The function that evaluates and records a row of one argument."""
    op = TABLE[name]
    compute = on_floats(op)
    of_numbers = variadic(name)

    def apply(a: Any) -> Any:
        if a.__class__ is not Value:
            return of_numbers(a)
        x = a.data
        if x.__class__ is not float or x != x:  # see `leaves`
            (x,) = settled(op, (a,))
        try:
            data = compute(x)
        except (ValueError, ArithmeticError) as error:
            data = no_result(op, (a,), error)
        return record(op, a, None, data)

    return named(apply, op)


def binary(name: str, operator: bool = False) -> Callable[[Any, Any], Any]:
    """The function that evaluates and records a row of two arguments.

    As an operator it leaves arrays to NumPy.
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
            if operator and b.__class__ is not float and is_array(b):
                return NotImplemented
            b = operand(b, name)
        x, y = a.data, b.data
        if x.__class__ is not float or y.__class__ is not float or x != x or y != y:
            x, y = settled(op, (a, b))
        try:
            data = compute(x, y)
        except (ValueError, ArithmeticError) as error:
            data = no_result(op, (a, b), error)
        return record(op, a, b, data)

    return named(apply, op)


def record_all(op: Operation, parents: tuple[Value, ...], data: float) -> Value:
    """Make the node that `op` computed from a tuple of parents, however many."""
    if op.arity == 1 or op.arity == 2:
        return record(op, parents[0], parents[-1], data)
    return record(op, parents, None, data)


def evaluate(op: Operation, parents: tuple[Value, ...]) -> Value:
    """The node of an operation on Values, computed from their numbers.

    Errors are those of the operation.
    """
    numbers = [parent.data for parent in parents]
    if [x for x in numbers if x.__class__ is not float or x != x]:  # see `leaves`
        numbers = settled(op, parents)
    try:
        data = op.forward(Floats, *numbers)
    except (ValueError, ArithmeticError) as error:
        data = no_result(op, parents, error)
    return record_all(op, parents, data)


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
        parents = arguments
        if not _KINDS.issuperset(map(type, arguments)):
            parents = tuple([operand(a, name) for a in arguments])
        node = evaluate(op, parents)
        for parent in parents:
            if parent.__class__ is not Constant:
                return node
        # What is computed from constants alone is a constant: nothing asks for its
        # derivative, such as that of x ** 2 by its exponent, which a negative x lacks.
        given = any(isinstance(a, Value) for a in arguments)
        return Constant(node.data) if given else node.data

    return named(apply, row)


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
            raise no_values(name) from None

    return named(of_values, op)


def no_values(name: str) -> ValueError:
    """The error of a function of many that was given none."""
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

    return named(complete, op)


def function_of(name: str) -> Callable[..., Any]:
    """The function of a row, as everybody calls it."""
    op = TABLE[name]
    if op.arity is None:
        return quick(of_many(name), op)
    if op.n_static:
        return variadic(name)
    kinds: dict[int, Callable[[str], Callable[..., Any]]] = {1: unary, 2: binary}
    apply = kinds.get(op.arity, variadic)(name)
    return quick(with_defaults(apply, op) if op.defaults else apply, op)


def named(function: Callable[..., Any], op: Operation) -> Callable[..., Any]:
    """The function with the name and the documentation of its row."""
    function.__name__ = function.__qualname__ = op.name
    function.__doc__ = f"{op.doc}. It takes {op.defined}."
    return function
