"""Derivatives of Python functions: grad, jvp, vjp, jacobian, hessian and their kin.

A function here takes numbers, or containers of numbers (lists, tuples, dicts, NumPy
arrays, nested as you like), and computes with the operators of Python and the functions
of `autograd`. It is called with Values in their place, and may branch on them. The
derivative comes back in the same containers. The conventions are JAX's.

    >>> from autograd import log, sin
    >>> grad(lambda x: x[0] * sin(x[1]))([2.0, 0.0])
    [0.0, 2.0]
    >>> derivative(lambda t: t**5, order=3)(2.0)
    240.0

They nest, to any depth and in any order: grad(grad(f)), or a function that calls `grad`
on its way. Each call differentiates by variables of its own, which no other call can
mistake for its own:

    >>> grad(lambda x: x * grad(lambda y: x + y)(1.0))(3.0)
    1.0

Results are floats, unless f depends on Values besides the numbers that it was given:
on those of an enclosing derivative, on Values as arguments, on the weights of a model.
Then results are Values, which can be differentiated by these; but not inside
`no_grad()`, where all results are floats, or cuts in code that is compiled. Hooks
belong to backward() and `gradients`, and are not run here.

A derivative is never 0 because a number left the graph: while f runs, float(), int()
and round() of a Value that depends on its variables are a TypeError, also where a
library calls them. v.data is the number for those who mean it. A result that depends on
no variable at all is warned of.

Where f is not defined, or overflows, or has no derivative, an error says so. For an
optimizer that tries points and steps back from what is not finite, `on_domain_error`
says what stands for it, in values and derivatives: "inf", or "nan".

    >>> value_and_grad(lambda x: x[0] - log(x[0]), on_domain_error="inf")([-1.0])
    (inf, [inf])
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from types import MappingProxyType
from typing import Any, TypeAlias

from autograd import functions
from autograd.anomaly import callers_frame
from autograd.apply import operand
from autograd.arithmetic import Floats
from autograd.errors import DerivativeError, DomainError, describe, explaining
from autograd.leaves import derivative_by, is_traced
from autograd.linearize import Linearization, is_finite, is_number
from autograd.modes import (
    Variables,
    differentiated_by,
    recorded,
    recording,
    undefined,
)
from autograd.ops import TABLE
from autograd.series import taylor
from autograd.trees import (
    NUMBER,
    Shape,
    Structure,
    as_array,
    assemble,
    flatten,
    flatten_like,
    unflatten,
)
from autograd.value import Constant, Operand, Value, topological_order

HIGHEST_ORDER = 170
"""Of a derivative: 170! is the largest factorial that a float can hold."""

Function: TypeAlias = Callable[..., Any]
"""A function of numbers or containers of numbers."""


def grad(
    f: Function, argnums: int | Sequence[int] = 0, *, on_domain_error: str = "raise"
) -> Function:
    """The function that computes the gradient of f, which returns one number.

    It takes the arguments of f and returns, in the container of the first argument, the
    derivative by each of its numbers. `argnums` is the place of another argument, or
    several places for a tuple of gradients. TypeError where f returns no number.
    `on_domain_error` is "raise", or what f and its derivatives are where they, or the
    point, are not defined or not finite: "nan" or "inf", as in `compile_function`.
    """
    _check_function("grad", f, argnums)
    both = value_and_grad(f, argnums, on_domain_error=on_domain_error)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return gradient


def value_and_grad(
    f: Function, argnums: int | Sequence[int] = 0, *, on_domain_error: str = "raise"
) -> Function:
    """The function that computes the pair (f, gradient of f), as in `grad`."""
    substitute = stand_in("grad", on_domain_error)

    def value_and_gradient(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        call = _Call("grad", f, args, argnums, kwargs, substitute)
        if call.output_structure is not NUMBER:
            raise TypeError(
                f"grad: f must return one number, not {call.output_structure}. Use "
                f"jacobian(f) for the derivatives of several."
            )
        return call.value(), call.like_input(call.gradient())

    return value_and_gradient


def derivative(f: Function, order: int = 1) -> Function:
    """The function that computes the derivative dⁿf/dxⁿ of a function of one number.

    f may return a container of numbers. The cost grows with a small power of the order,
    not exponentially: see `autograd.series`. ValueError for an order below 1 or above
    170.

    >>> round(derivative(lambda x: 1 / x, order=20)(1.0) / math.factorial(20), 12)
    1.0
    """
    _check_order(order, "derivative")

    def derived(x: Any) -> Any:
        _, structure = flatten(x, "derivative: x")
        if structure is not NUMBER:
            raise TypeError(
                f"derivative: x must be a number, not {structure}. Use grad(f) or "
                f"directional_derivative(f, x, v) for a function of several."
            )
        return _Call("derivative", f, (x,), 0).derivative_along([1.0], order)

    return derived


def directional_derivative(f: Function, x: Any, v: Any, order: int = 1) -> Any:
    """The derivative dⁿ/dtⁿ f(x + t v) at t = 0, of order n.

    `x` is a number or a container of numbers, and `v` is like it; f takes it as one
    argument, and may return a container. Order 2 is vᵀ H v, with the Hessian H.

    >>> directional_derivative(lambda x: x[0] ** 2 * x[1], [3.0, 1.0], [1.0, 0.0], 2)
    2.0
    """
    _check_order(order, "directional_derivative")
    call = _Call("directional_derivative", f, (x,), 0)
    direction = flatten_like(call.input_structure, v, "directional_derivative: v")
    return call.derivative_along(direction, order)


def linearize(f: Function, *primals: Any) -> tuple[Any, Function]:
    """Forward mode at one point: the value of f, and the function v -> J · v.

    It takes a tangent for each argument, as in `jvp`. f is called once, for any number
    of directions.

    >>> value, pushforward = linearize(lambda a, b: [a * b, a + b], 2.0, 3.0)
    >>> pushforward(1.0, 0.0)
    [3.0, 1.0]
    """
    call = _Call("linearize", f, primals, range(len(primals)))
    linear = call.linearize()

    def pushforward(*tangents: Any) -> Any:
        speeds = flatten_like(call.input_structure, tangents, "the tangents")
        return call.like_output(linear.forward(speeds))

    return call.value(), pushforward


def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """Forward mode: the pair (value of f, J · tangents) at the primals.

    `primals` are the arguments of f, in a tuple or a list, and `tangents` how fast each
    of them moves, in the same containers. How fast the result moves comes in the
    container of the result. ValueError where tangents and primals differ in shape. A
    number whose tangent is 0 does not move, and no derivative by it need exist.

    >>> jvp(lambda a, b: [a * b, a + b], (2.0, 3.0), (1.0, 0.0))
    ([6.0, 5.0], [3.0, 1.0])
    """
    if not all(isinstance(given, (list, tuple)) for given in (primals, tangents)):
        raise TypeError(
            "jvp: primals and tangents must be tuples of arguments of f: "
            "jvp(f, (x,), (v,))."
        )
    call = _Call("jvp", f, primals, range(len(primals)))
    speeds = flatten_like(call.input_structure, tangents, "jvp: the tangents")
    return call.value(), call.derivative_along(speeds, 1)


def vjp(f: Function, *primals: Any) -> tuple[Any, Function]:
    """Reverse mode: the value of f, and the function cotangent -> cotangentᵀ · J.

    The cotangent is in the container of the result; what comes back is a tuple of the
    gradients by all arguments. f is called once, for any number of cotangents.

    >>> value, pullback = vjp(lambda a, b: [a * b, a + b], 2.0, 3.0)
    >>> pullback([1.0, 0.0])
    (3.0, 2.0)
    """
    call = _Call("vjp", f, primals, range(len(primals)))
    linear = call.linearize()

    def pullback(cotangent: Any) -> Any:
        weights = flatten_like(call.output_structure, cotangent, "the cotangent")
        return call.like_input(linear.reverse(weights))

    return call.value(), pullback


def jacobian(
    f: Function, argnums: int | Sequence[int] = 0, *, on_domain_error: str = "raise"
) -> Function:
    """The function that computes all derivatives of all results of f.

    It returns the container of the result, with the container of the argument in the
    place of each number: J[i][j] = ∂fᵢ/∂xⱼ for lists. For an array of shape s by an
    array of shape t it is one array of shape s + t. `argnums` and `on_domain_error` are
    as in `grad`. f is called once, and its graph is swept as many times as it has
    results, or arguments, whichever are fewer.

    >>> jacobian(lambda x: [x[0] * x[1], x[0]])([2.0, 3.0])
    [[3.0, 2.0], [1.0, 0.0]]
    """
    substitute = stand_in("jacobian", on_domain_error)

    def jacobian_of(*args: Any, **kwargs: Any) -> Any:
        return _jacobian(_Call("jacobian", f, args, argnums, kwargs, substitute))

    return jacobian_of


def hessian(
    f: Function, argnums: int | Sequence[int] = 0, *, on_domain_error: str = "raise"
) -> Function:
    """The function that computes all second derivatives of f, which returns one number.

    It is jacobian(grad(f)): the container of the argument, with such a container in the
    place of each number; for an array of shape s, an array of shape s + s. The gradient
    is recorded once and swept once for each of the n numbers, so the cost is n times
    that of `hvp`, less that of the recording. `argnums` and `on_domain_error` are as in
    `grad`.

    >>> hessian(lambda x: x[0] ** 2 * x[1])([3.0, 5.0])
    [[10.0, 6.0], [6.0, 0.0]]
    """
    _check_function("hessian", f, argnums)
    gradient = grad(f, argnums, on_domain_error=on_domain_error)
    return jacobian(gradient, argnums, on_domain_error=on_domain_error)


def hvp(f: Function, x: Any, v: Any) -> Any:
    """The product H · v of the Hessian of f at x with a vector, in the container of x.

    f takes x as one argument and returns one number; `v` is like x. It costs a small
    multiple of f, whatever the size of x: the forward mode of the gradient.

    >>> hvp(lambda x: x[0] ** 2 * x[1], [3.0, 5.0], [1.0, 0.0])
    [10.0, 6.0]
    """
    return jvp(grad(f), (x,), (v,))[1]


class _Call:
    """One call of f by variables of its own, to be differentiated in one way.

    The variables are leaves until then, so that the graph behind them is never walked.
    Where results are to be differentiated in turn, each variable is tied afterwards to
    the number that it stands for.
    """

    def __init__(
        self,
        name: str,
        f: Function,
        args: Sequence[Any],
        argnums: int | Sequence[int],
        kwargs: Mapping[str, Any] = MappingProxyType({}),
        substitute: float | None = None,
    ) -> None:
        self.name, self.substitute = name, substitute
        places = _places(name, args, argnums)
        with self._leniently():
            taken = [flatten(args[i], f"{name}: argument {i}") for i in places]
            self.given = [number for numbers, _ in taken for number in numbers]
            self.variables = [Value(_float(number)) for number in self.given]
        self.input_structure = Structure(tuple, (), tuple(part for _, part in taken))
        moved = list(args)
        values = unflatten(self.input_structure, self.variables)
        for i, value in zip(places, values, strict=True):
            moved[i] = value
        if isinstance(argnums, int):
            (self.input_structure,) = self.input_structure.parts
        by_these = differentiated_by(self.variables, name, substitute is not None)
        with recorded(), by_these as own, self._leniently():
            result = result_of(f, moved, kwargs, own)
            found = flatten(result, f"{name}: the result")
        self.outputs, self.output_structure = found
        met = [*self.given, *self.outputs]
        self.is_defined = substitute is None or all(map(is_finite, met))
        roots = [n for n in self.outputs if isinstance(n, Value)]
        self.order = topological_order(*roots)
        # The derivative of a derivative may well be 0, as that of a linear function is.
        is_constant = own.leaves.isdisjoint(self.order) and not own.nested
        if is_constant and own.leaves and self.is_defined:
            _warn_of_constant(name, f, self.outputs)
        self.nested = self._depends_on_other_values()
        self.xp: Any = functions if self.nested else Floats

    def gradient(self) -> list[Any]:
        """The derivative of the only output by each variable."""
        (row,) = self.rows(lambda: [self.linearize().reverse([1.0])])
        return row

    def rows(self, compute: Callable[[], list[list[Any]]]) -> list[list[Any]]:
        """A row of derivatives for each output, or of what stands for them."""
        if self.substitute is None:
            return compute()
        if self.is_defined:
            with suppress(ValueError, ArithmeticError):
                return compute()
        return [[self.substitute] * len(self.variables) for _ in self.outputs]

    def linearize(self) -> Linearization:
        """The derivative, to be applied in any direction."""
        linear = Linearization(self.order, self.outputs, self.variables, self.xp)
        self._tie()
        return linear

    def derivative_along(self, direction: Sequence[Any], order: int) -> Any:
        """The derivative of the given order in a direction.

        A variable that does not move is a constant: no derivative by it need exist.
        """
        moving = [
            (variable, speed)
            for variable, speed in zip(self.variables, direction, strict=True)
            if not is_number(speed, 0.0)
        ]
        variables, speeds = [v for v, _ in moving], [speed for _, speed in moving]
        if order == 1:
            linear = Linearization(self.order, self.outputs, variables, self.xp)
            self._tie()
            return self.like_output(linear.forward(speeds))
        series = taylor(self.order, self.outputs, variables, speeds, order, self.nested)
        self._tie()
        found = [c[order] * float(math.factorial(order)) for c in series]
        if not all(map(is_finite, found)):
            raise DerivativeError(
                f"the derivative of order {order} is too large for a float, whose "
                f"largest is 1.8e308."
            )
        return self.like_output(found)

    def like_input(self, derivatives: Sequence[Any]) -> Any:
        """One derivative for each variable, in the container of the arguments."""
        return unflatten(self.input_structure, self.finished(derivatives))

    def like_output(self, derivatives: Sequence[Any]) -> Any:
        """One derivative for each number of the result, in its container."""
        return unflatten(self.output_structure, self.finished(derivatives))

    def value(self) -> Any:
        """The result of f."""
        outputs = self.outputs
        if not self.is_defined:
            outputs = [self.substitute] * len(outputs)
        if not self.nested:
            outputs = [_float(number) for number in outputs]
        return unflatten(self.output_structure, self.finished(outputs))

    def finished(self, numbers: Sequence[Any]) -> list[Any]:
        """Floats; or Values, all of them, where they can be differentiated in turn."""
        values = [n for n in numbers if isinstance(n, Value)]  # also of the direction
        if not (self.nested or (values and _are_recorded(values))):
            return [_float(number) for number in numbers]
        self._check_stand_in(numbers)
        found = [operand(number, "derivative") for number in numbers]
        return found if recording() else [value.detach() for value in found]

    def _leniently(self) -> AbstractContextManager[None]:
        """Inside this block what is undefined is NaN, where something stands for it."""
        return nullcontext() if self.substitute is None else undefined()

    def _check_stand_in(self, numbers: Sequence[Any]) -> None:
        """Refuse what stands for an undefined number where that has no derivative."""
        substitute = self.substitute
        if substitute is None or all(map(is_finite, numbers)):
            return
        given = [number for number in self.given if isinstance(number, Value)]
        around = derivative_by(*given, *self.order)
        # Without a derivative around, a Value may be infinite.
        refused = math.isnan(substitute) or is_traced()
        if refused if around is None else not around.lenient:
            undefined_one = next(
                (
                    describe(node.op, node.parents)
                    for node in self.order
                    if node.op is not None and not is_finite(node)
                ),
                "a derivative",
            )
            raise DomainError(
                f"{self.name}: {undefined_one} is not defined, or not finite, and "
                f"on_domain_error='{substitute}' puts {substitute} in its place. But "
                f"the result depends on Values, and is to be differentiated by them: "
                f"{substitute} has no derivative. Give on_domain_error to the outer "
                f"derivative, too; or take this one inside no_grad(), where results "
                f"are floats."
            )

    def _tie(self) -> None:
        """Make the variables what they stand for, +x, to those that come after."""
        if self.nested:
            for variable, number in zip(self.variables, self.given, strict=True):
                variable.op, variable._first = TABLE["pos"], operand(number, "pos")

    def _depends_on_other_values(self) -> bool:
        """Whether a Value came in, and counts, that is no constant and no variable."""
        own = set(self.variables)
        leaves = [n for n in self.order if n.op is None and n not in own]
        given = [n for n in self.given if isinstance(n, Value)]
        others = [n for n in [*given, *leaves] if n.__class__ is not Constant]
        return bool(others) and _are_recorded(others)


def _jacobian(call: _Call) -> Any:
    """All derivatives of a call, by the fewer sweeps."""
    inputs, outputs = call.input_structure, call.output_structure

    def compute() -> list[list[Any]]:
        linear = call.linearize()
        if len(call.variables) > len(call.outputs):
            return [linear.reverse(unit) for unit in _units(len(call.outputs))]
        columns = [linear.forward(unit) for unit in _units(len(call.variables))]
        return [list(row) for row in zip(*columns, strict=True)]

    rows = [call.finished(row) for row in call.rows(compute)]

    def block(i: int, shape: Shape, j: int, other: Shape) -> Any:
        """The derivatives of one number, or array, by another."""
        if shape is None and other is None:
            return rows[i][j]
        height, width = math.prod(shape or ()), math.prod(other or ())
        numbers = [x for row in rows[i : i + height] for x in row[j : j + width]]
        return as_array(numbers, (*(shape or ()), *(other or ())))

    return assemble(
        outputs,
        lambda i, shape: assemble(inputs, lambda j, other: block(i, shape, j, other)),
    )


def _units(n: int) -> list[list[float]]:
    """The n unit vectors."""
    return [[float(i == j) for j in range(n)] for i in range(n)]


def _are_recorded(values: Sequence[Value]) -> bool:
    """Whether what is computed of Values is recorded, as a cut inside no_grad()."""
    return recording() or is_traced(*values)


def _float(number: Operand) -> float:
    return number.data if isinstance(number, Value) else number


def stand_in(name: str, on_domain_error: str) -> float | None:
    """What stands for what is undefined, if anything; ValueError for another word."""
    words = {"raise": None, "nan": math.nan, "inf": math.inf}
    if on_domain_error not in words:
        raise ValueError(
            f"{name}: on_domain_error is 'raise', 'nan' or 'inf', not "
            f"{on_domain_error!r}."
        )
    return words[on_domain_error]


def result_of(
    f: Function, args: Sequence[Any], kwargs: Mapping[str, Any], own: Variables
) -> Any:
    """What f gives. A refusal that a library took for something else is raised."""
    try:
        with explaining():
            result = f(*args, **kwargs)
    except Exception as error:
        if own.refused is None or own.refused is error:
            raise
        raise own.refused from error
    if own.refused is not None:
        raise own.refused
    return result


def _warn_of_constant(name: str, f: Function, outputs: Sequence[Any]) -> None:
    """Warn where all derivatives are 0, unless the results are Constants, as meant."""
    if all(isinstance(number, Constant) for number in outputs):
        return
    frame = callers_frame()
    warnings.warn_explicit(
        f"{name}: the result of {getattr(f, '__qualname__', f)} depends on none of the "
        f"numbers that it is differentiated by: all derivatives are 0. If it is not "
        f"meant to be constant, look for .data, detach() or random numbers in it.",
        UserWarning,
        frame.f_code.co_filename,
        frame.f_lineno,
        module=frame.f_globals.get("__name__"),
        registry=frame.f_globals.setdefault("__warningregistry__", {}),
    )


def _check_function(name: str, f: Any, argnums: Any) -> None:
    """Refuse what is no function, and a point given where an argument's place goes."""
    if not callable(f):
        raise TypeError(f"{name}: f must be a function, not {f!r}")
    places = argnums if isinstance(argnums, (tuple, list)) else [argnums]
    if not places or not all(hasattr(place, "__index__") for place in places):
        raise TypeError(
            f"{name}: argnums is the place of an argument of f, from 0 on, or several "
            f"places, not {argnums!r}. The point comes after: {name}(f)(x)."
        )


def _places(name: str, args: Sequence[Any], argnums: int | Sequence[int]) -> list[int]:
    """The places of the arguments to differentiate by."""
    chosen = [argnums] if isinstance(argnums, int) else list(argnums)
    for place in chosen:
        if not -len(args) <= place < len(args):
            raise ValueError(
                f"{name}: argnums asks for argument {place}, but f was called with "
                f"{len(args)} positional arguments."
            )
    return [place % len(args) for place in chosen]


def _check_order(order: int, name: str) -> None:
    whole = isinstance(order, int) and not isinstance(order, bool)
    if not whole or not 1 <= order <= HIGHEST_ORDER:
        raise ValueError(
            f"{name}: order must be a whole number from 1 to {HIGHEST_ORDER}, not "
            f"{order!r}"
        )
