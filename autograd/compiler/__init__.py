"""Compile: a recorded scalar graph to the few array operations that it is.

The graph is laid out flat (a tape), simplified, grouped into array instructions (a
program), and its sums of products become matrix products. Each form runs, slowly and
obviously, verifies itself and prints; each pass is a function from one to the next.

    >>> from autograd import Value
    >>> x, w = Value(1.0), Value(3.0)
    >>> program = compile((w * x - 1.0) ** 2, inputs=[x], parameters=[w])
    >>> program.value_and_grad([[1.0], [2.0]])
    (14.5, array([12.]))
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from autograd.compiler.errors import NumericalError
from autograd.leaves import floats_of
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.compiler.compiled import CompiledProgram
    from autograd.compiler.function import CompiledFunction
    from autograd.compiler.tape import Tape

__all__ = [
    "CompiledFunction",
    "CompiledProgram",
    "NumericalError",
    "compile",
    "compile_function",
    "load_program",
]


def __getattr__(name: str) -> Any:
    """The classes of what is compiled, which come with NumPy: when they are asked for.

    AttributeError for other names.
    """
    if name not in ("CompiledFunction", "CompiledProgram"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Whoever asks for one of them has something compiled, or is about to.
    from autograd.compiler.compiled import CompiledProgram
    from autograd.compiler.function import CompiledFunction

    return CompiledFunction if name == "CompiledFunction" else CompiledProgram


def compile(  # noqa: A001
    outputs: Value | Sequence[Value],
    inputs: Sequence[Value] = (),
    parameters: Sequence[Value] = (),
    dtype: Any = "float64",
) -> CompiledProgram:
    """Compile a recorded Value, or a list of them, to run on batches.

    `inputs` are leaves that differ from example to example: a batch is (batch,
    n_inputs), its columns in their order. `parameters` are leaves to differentiate by;
    the program keeps their numbers in one flat array. All other leaves are constants.
    The derivatives by inputs are those of `program.jacobian(batch, wrt="inputs")`.
    `dtype` is float64, or float32 on request.

    The program computes what the eager graph computes, to rounding: sums are
    reassociated, as BLAS does. In float32 every operation adds an error of at most 8
    roundings, each 2⁻²⁴ of its result and of its operands' share in it.

    ValueError for an input or a parameter that is not a leaf, or that is given twice;
    TypeError for one that is no Value.
    """
    # Here and not above: without a program to run, NumPy is not needed.
    from autograd.compiler.compiled import CompiledProgram
    from autograd.compiler.trace import trace

    given: Any = outputs
    roots: list[Value] = list(given) if isinstance(given, (list, tuple)) else [given]
    for kind, leaves in (("inputs", inputs), ("parameters", parameters)):
        if isinstance(leaves, Value) or not hasattr(leaves, "__iter__"):
            raise TypeError(f"compile: {kind} must be a list of Values, not {leaves!r}")
    inputs, parameters = list(inputs), list(parameters)
    check_leaves(roots, inputs, parameters)
    recorded = trace(roots, inputs, parameters)
    if inputs or parameters:
        check_outputs(recorded)
    numbers = floats_of(parameters, "compile")
    return CompiledProgram(recorded, numbers, dtype, parameters)


def compile_function(
    f: Callable[..., Any],
    n_inputs: int,
    at: Sequence[float] | None = None,
    on_domain_error: str = "raise",
) -> CompiledFunction:
    """Compile a Python function of an array of n_inputs numbers, by recording it once.

    f returns a number, or an array or a list of numbers, nested as one likes. The
    result g takes a point (n_inputs,), or a batch of points (batch, n_inputs):

    - g(x), a float or an array of the shape of f's result;
    - g.grad(x), (n_inputs,), and g.value_and_grad(x), which is what
      scipy.optimize.minimize(g.value_and_grad, x0, jac=True) wants;
    - g.jacobian(x), (n_outputs, n_inputs), as for scipy.optimize.least_squares;
    - g.hessian(x), (n_inputs, n_inputs), and g.hvp(x, v), the Hessian times a vector.

    Of a batch, results have (batch, ...) in front. Values among the numbers of x are
    computed with, and differentiated through, as by f itself.

    f is recorded with an array of Values, at a point of numbers between 0 and 1, or at
    `at`, and called at some more points to see that it does the same there. TraceError
    where it does not, or branches on a Value's number, ValueError where it is not
    defined at that point, TypeError where it returns anything else.

    `on_domain_error` says what g gives where an operation is not defined or overflows,
    or a derivative does not exist: "raise" is NumericalError. Optimizers try such
    points, and turn back where the result says so. With "nan" the value and all its
    derivatives are nan there, as scipy.optimize.least_squares takes it. With "inf" they
    are inf, larger than anywhere else, as minimisers take it: all methods of
    scipy.optimize.minimize but three. L-BFGS-B and TNC stop where they are, the former
    as if it were a success, unless bounds keep them inside the domain; trust-exact
    takes no infinite Hessian. "nan" stops most of them. In a batch only the rows of
    these points are concerned.

    >>> g = compile_function(lambda x: x[1:] * x[:-1], 3)
    >>> g([1.0, 2.0, 3.0])
    array([2., 6.])
    >>> g.jacobian([1.0, 2.0, 3.0])
    array([[2., 1., 0.],
           [0., 3., 2.]])
    >>> h = compile_function(lambda x: x[0].log(), 1, on_domain_error="nan")
    >>> h([[1.0], [-1.0]])
    array([ 0., nan])
    """
    # As in `compile`: NumPy is not needed until there is something to compile.
    from autograd.compiler.function import CompiledFunction
    from autograd.compiler.recording import recorded

    return CompiledFunction(*recorded(f, n_inputs, at), on_domain_error)


def load_program(path: str | os.PathLike[str]) -> CompiledProgram | CompiledFunction:
    """Read what `CompiledProgram.save` or `CompiledFunction.save` has written.

    Nothing in the file is executed, and it is compiled anew for this machine.
    ValueError for a file that is damaged, that something else or a newer version has
    written, or that needs an operation which this process has not registered. OSError
    where it cannot be read.
    """
    # As in `compile`: NumPy is not needed until there is something to compile.
    from autograd.compiler import storage
    from autograd.compiler.compiled import CompiledProgram
    from autograd.compiler.function import CompiledFunction

    content = storage.read(path)
    kinds = {each.__name__: each for each in (CompiledProgram, CompiledFunction)}
    try:
        return kinds[content.kind].from_content(content)
    except (KeyError, ValueError, TypeError) as error:
        raise storage.damaged(str(path), error) from error


def on_arrays(rule: Callable[..., Any], arguments: Sequence[Any]) -> Any:
    """A rule of the table on arrays of the same shape, as a program would run it."""
    # As in `compile`: NumPy is not needed until there is something to compile.
    import numpy as np

    from autograd.compiler.arrays import Arrays

    with np.errstate(all="ignore"):
        return rule(Arrays, *arguments)


def check_outputs(recorded: Tape) -> None:
    """Refuse an output that is the same whatever the inputs and parameters are."""
    # As in `compile`: NumPy is not needed until there is something to compile.
    from autograd.compiler.group import layers

    moves = layers(recorded, recorded.n_inputs + recorded.n_parameters)[1]
    for place, is_moved in enumerate(moves[recorded.outputs].tolist()):
        if not is_moved:
            raise ValueError(
                f"compile: output {place} depends on none of the inputs and "
                f"parameters, and would be a constant. If it was computed inside "
                f"no_grad(), or from what detach() gave, record it inside tracing(), "
                f"where these are recorded."
            )


def check_leaves(
    roots: Sequence[Value], inputs: Sequence[Value], parameters: Sequence[Value]
) -> None:
    """Refuse what cannot be an output, an input or a parameter."""
    if not roots:
        raise ValueError("compile: there are no outputs. Give a Value, or several.")
    for place, root in enumerate(roots):
        if not isinstance(root, Value):
            raise TypeError(
                f"compile: output {place} is a {type(root).__name__}, not a Value. "
                f"Nothing was recorded, perhaps inside no_grad()."
            )
    seen: dict[Value, int] = {}
    for kind, nodes in (("input", inputs), ("parameter", parameters)):
        for place, node in enumerate(nodes):
            if not isinstance(node, Value):
                raise TypeError(
                    f"compile: {kind} {place} is a {type(node).__name__}, not a Value."
                )
            if node.op is not None:
                raise ValueError(
                    f"compile: {kind} {place} was computed by {node.op.name}. Inputs "
                    f"and parameters are leaves: Values that you made from numbers."
                )
            if node in seen:
                first = seen[node]
                is_input = first < len(inputs)
                other = (
                    f"input {first}" if is_input else f"parameter {first - len(inputs)}"
                )
                raise ValueError(
                    f"compile: {kind} {place} is the same Value as {other}. Give each "
                    f"leaf once: the derivatives by inputs are those of "
                    f"program.jacobian(batch, wrt='inputs')."
                )
            seen[node] = len(seen)
