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

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from autograd.compiler.errors import NumericalError
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.compiler.compiled import CompiledProgram
    from autograd.compiler.function import CompiledFunction

__all__ = ["NumericalError", "compile", "compile_function"]


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
    `dtype` is float64, or float32 on request.

    The program computes what the eager graph computes, to rounding: sums are
    reassociated, as BLAS does. In float32 every operation adds an error of at most 8
    roundings, each 2⁻²⁴ of its result and of its operands' share in it.

    ValueError for an input or a parameter that is not a leaf, or that is given twice;
    TypeError for one that is no Value.
    """
    # Here and not above: without a program to run, NumPy is not needed.
    from autograd.compiler.compiled import CompiledProgram
    from autograd.compiler.group import group
    from autograd.compiler.products import reroll
    from autograd.compiler.simplify import simplify
    from autograd.compiler.trace import trace

    given: Any = outputs
    roots: list[Value] = list(given) if isinstance(given, (list, tuple)) else [given]
    for kind, leaves in (("inputs", inputs), ("parameters", parameters)):
        if isinstance(leaves, Value) or not hasattr(leaves, "__iter__"):
            raise TypeError(f"compile: {kind} must be a list of Values, not {leaves!r}")
    inputs, parameters = list(inputs), list(parameters)
    check_leaves(roots, inputs, parameters)
    traced = trace(roots, inputs, parameters)
    tape = simplify(traced)
    program = reroll(group(tape))
    return CompiledProgram(traced, tape, program, parameters, dtype)


def compile_function(
    f: Callable[[list[Value]], Any], n_inputs: int, at: Sequence[float] | None = None
) -> CompiledFunction:
    """Compile a Python function of a list of n_inputs numbers, by recording it once.

    The result g has g(x), g.grad(x) and g.value_and_grad(x) on float arrays
    (n_inputs,), which is what scipy.optimize.minimize(g.value_and_grad, x0, jac=True)
    wants. f is called once, with Values, at a point of numbers between 0 and 1, or at
    `at`; TraceError where it branches on a Value's number, ValueError where it is not
    defined at that point.
    """
    # As in `compile`: NumPy is not needed until there is something to compile.
    from autograd.compiler.function import CompiledFunction

    return CompiledFunction(f, n_inputs, at)


def on_arrays(rule: Callable[..., Any], arguments: Sequence[Any]) -> Any:
    """A rule of the table on arrays of the same shape, as a program would run it."""
    # As in `compile`: NumPy is not needed until there is something to compile.
    import numpy as np

    from autograd.compiler.arrays import Arrays

    with np.errstate(all="ignore"):
        return rule(Arrays, *arguments)


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
    seen: dict[Value, str] = {}
    for kind, nodes in (("input", inputs), ("parameter", parameters)):
        for place, node in enumerate(nodes):
            name = f"{kind} {place}"
            if not isinstance(node, Value):
                raise TypeError(
                    f"compile: {name} is a {type(node).__name__}, not a Value."
                )
            if node.op is not None:
                raise ValueError(
                    f"compile: {name} was computed by {node.op.name}. Inputs and "
                    f"parameters are leaves: Values that you made from numbers."
                )
            if node in seen:
                raise ValueError(
                    f"compile: {name} is the same Value as {seen[node]}. Give each "
                    f"leaf once."
                )
            seen[node] = name
