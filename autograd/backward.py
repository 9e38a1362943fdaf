"""Gradients as Values: the reverse sweep over the arithmetic of Values.

Each partial is then an expression of the table's rows, and so the results can be
differentiated again.

    >>> from autograd import Value
    >>> x = Value(2.0)
    >>> (slope,) = gradients(x**3, [x])
    >>> (curvature,) = gradients(slope, [x])
    >>> slope.data, curvature.data
    (12.0, 12.0)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd import functions
from autograd.anomaly import differentiating
from autograd.errors import derivative_error, describe
from autograd.functions import operand
from autograd.hooks import run_hooks
from autograd.modes import noted
from autograd.value import Constant, Value, topological_order


def gradients(root: Value, inputs: Sequence[Value]) -> list[Value]:
    """The derivatives of the root with respect to each input, as Values.

    They are recorded from the same rules, so they have a graph of their own and can be
    differentiated in turn, to any order. `grad` of every node stays as it was. An input
    that the root does not depend on has the derivative 0. An operation on the way that
    has no derivative there is a DerivativeError.
    """
    if not isinstance(root, Value):
        raise TypeError("gradients: the root must be a Value: gradients(y, [x1, x2])")
    if isinstance(inputs, Value) or not all(isinstance(v, Value) for v in inputs):
        raise TypeError("gradients: the inputs must be Values: gradients(y, [x1, x2])")
    order = topological_order(root)
    before = [(node, node.grad) for node in {*order, *inputs}]
    try:
        for node in inputs:
            node.grad = 0.0
        sweep(order, _pass_on_and_note if noted() else pass_on_values)
        found: list[Any] = [node.grad for node in inputs]
    finally:
        for node, grad in before:
            node.grad = grad
    return [operand(gradient, "gradients") for gradient in found]


def sweep(order: Sequence[Value], pass_on: Callable[[Value], None]) -> None:
    """Set `grad` of all nodes in `order` to the derivative of the last one by them."""
    for node in order:
        node.grad = 0.0
    order[-1].grad = 1.0
    for node in reversed(order):
        if node._notes is not None:
            run_hooks(node)
        if node.op is not None:
            pass_on(node)


def pass_on_values(node: Value) -> None:
    """Add node.grad · ∂node/∂parent to each parent, recording how."""
    assert node.op is not None
    gradient: Any = node.grad
    wanted = [parent.__class__ is not Constant for parent in node.parents]
    try:
        partials = node.op.partials_of(functions, node.parents, node, wanted)
        for parent, partial in zip(node.parents, partials, strict=True):
            if parent.__class__ is Constant or _is_number(partial, 0.0):
                continue
            share = gradient if _is_number(partial, 1.0) else gradient * partial
            parent.grad = share if _is_number(parent.grad, 0.0) else parent.grad + share
    except (ValueError, ArithmeticError) as error:
        raise derivative_error(node) from error


def _pass_on_and_note(node: Value) -> None:
    """As `pass_on_values`, where what is recorded belongs to the node's line."""
    assert node.op is not None
    with differentiating(node, describe(node.op, node.parents)):
        pass_on_values(node)


def _is_number(thing: Any, number: float) -> bool:
    return thing.__class__ is float and thing == number
