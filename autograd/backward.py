"""The reverse sweep: from a root back to the leaves, each node once.

By the chain rule ∂root/∂parent is the sum, over the parent's children, of
∂root/∂child · ∂child/∂parent. In reverse topological order a node's own gradient is
complete before it is passed on, so one visit per node is enough (Linnainmaa 1970;
Griewank & Walther, Evaluating Derivatives, 2008, chapter 3).

There is one sweep. Passing on floats, it is `backward`; passing on Values, where each
partial is an expression of the table's rows, it is `gradients`, whose results can be
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
from autograd.arithmetic import Floats
from autograd.errors import DerivativeError, derivative_error, describe
from autograd.graph import topological_order
from autograd.hooks import any_hooks, run_hooks
from autograd.modes import noted
from autograd.value import NO_GRADIENT, Constant, Value, operand


def backward(root: Value) -> None:
    """Fill in `grad` of every node that the root depends on: see Value.backward."""
    order = topological_order(root)
    leaves = [(node, node.grad) for node in order if node.op is None]
    try:
        sweep(order, pass_on_floats)
        # What is not finite stays so on its way down, so the leaves tell of all.
        if any(leaf.grad - leaf.grad != 0.0 for leaf, _ in leaves):
            raise _first_that_is_not_finite(order)
        totals = [_total(leaf, before) for leaf, before in leaves]
    except BaseException:
        for leaf, before in leaves:
            leaf.grad = before
        raise
    for (leaf, _), total in zip(leaves, totals, strict=True):
        leaf.grad = total


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
    """Set `grad` of all nodes in `order` to the derivative of the last one by them.

    `pass_on(node)` adds node.grad · ∂node/∂parent to the `grad` of each parent. A
    node's hooks see its gradient before it is passed on.
    """
    for node in order:
        node.grad = 0.0
    order[-1].grad = 1.0
    hooked = any_hooks()
    for node in reversed(order):
        if hooked:
            run_hooks(node)
        if node.op is not None:
            pass_on(node)


def pass_on_floats(node: Value) -> None:
    """Add node.grad · ∂node/∂parent to each parent; nothing to a Constant."""
    op = node.op
    assert op is not None
    if op.arity == 2:  # almost all nodes: the general case, written out for speed
        left = node._first
        right = node._second
        a = left.data
        b = right.data
        by_left, by_right = op.partials
        try:
            if left.__class__ is not Constant:
                left.grad += node.grad * by_left(Floats, a, b, node.data)
            if right.__class__ is not Constant:
                right.grad += node.grad * by_right(Floats, a, b, node.data)
        except (ValueError, ArithmeticError) as error:
            raise derivative_error(node) from error
    else:
        gradient = node.grad
        for parent, partial in zip(node.parents, local_partials(node), strict=True):
            if parent.__class__ is not Constant:
                parent.grad += gradient * partial


def pass_on_values(node: Value) -> None:
    """Add node.grad · ∂node/∂parent to each parent, recording how."""
    gradient: Any = node.grad
    partials = _partials(node, functions, node.parents, node)
    try:
        for parent, partial in zip(node.parents, partials, strict=True):
            if parent.__class__ is Constant or _is_number(partial, 0.0):
                continue
            share = gradient if _is_number(partial, 1.0) else gradient * partial
            parent.grad = share if _is_number(parent.grad, 0.0) else parent.grad + share
    except ArithmeticError as error:
        raise derivative_error(node) from error


def _pass_on_and_note(node: Value) -> None:
    """As `pass_on_values`, where what is recorded belongs to the node's line."""
    assert node.op is not None
    with differentiating(node, describe(node.op, node.parents)):
        pass_on_values(node)


def local_partials(node: Value) -> Sequence[float]:
    """∂node/∂parent for each parent, as floats.

    That for a Constant is not asked for, and may be 0. DerivativeError where one does
    not exist or is infinite.
    """
    return _partials(node, Floats, [parent.data for parent in node.parents], node.data)


def _partials(
    node: Value, xp: Any, arguments: Sequence[Any], out: Any
) -> Sequence[Any]:
    """The local partials of a node, by its row's rules over an arithmetic."""
    op = node.op
    if op is None:
        return ()
    try:
        if op.arity is None:
            partials: Sequence[Any] = op.partials[0](xp, arguments, out)
            return partials
        return [
            0.0 if parent.__class__ is Constant else partial(xp, *arguments, out)
            for parent, partial in zip(node.parents, op.partials, strict=True)
        ]
    except (ValueError, ArithmeticError) as error:
        raise derivative_error(node) from error


def _is_number(thing: Any, number: float) -> bool:
    return thing.__class__ is float and thing == number


def _total(leaf: Value, before: float) -> float:
    """A leaf's gradient with this pass added, refused where the sum overflows."""
    fresh = before is NO_GRADIENT or before is None  # PyTorch's way to forget it
    total = leaf.grad if fresh else before + leaf.grad
    if total - total != 0.0:
        raise DerivativeError(
            f"the gradients of the leaf {leaf.label!r} add up to more than a float can "
            f"hold: {before!r} + {leaf.grad!r}. Call zero_grad() between passes. No "
            f"gradient was changed."
        )
    return total


def _first_that_is_not_finite(order: Sequence[Value]) -> DerivativeError:
    """The error that names where the sweep over `order` left the finite numbers."""
    for node in reversed(order):
        for partial in local_partials(node):
            share = node.grad * partial
            if share - share != 0.0:
                return derivative_error(node)
    return DerivativeError(
        "the gradients that reach a node add up to more than a float can hold. Scale "
        "the expression down. No gradient was changed."
    )
