"""Value: one number that remembers how it was made. This is the page to read first.

An operation on Values makes a new Value whose `op` is a row of the table and whose
`parents` are its operands, in order: a * b is Value(a.data * b.data) with op = the row
"mul" and parents = (a, b). That is the whole graph, and `backward` walks it. The
operators are made from the table, in `functions`; the other methods are in `methods`.

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
from typing import Any, TypeAlias, Union

from autograd.arithmetic import Floats
from autograd.errors import derivative_error, not_finite_error, refuse, to_float
from autograd.hooks import run_hooks
from autograd.methods import Methods
from autograd.modes import recording
from autograd.ops import Operation

Operand: TypeAlias = Union["Value", float]
"""What an operation takes: a Value, or a number, which becomes a Constant."""

NO_GRADIENT = float("0")
"""What `grad` holds until backward() reaches the node: a zero that is an object of its
own, so that `is` tells it from a gradient that is 0."""


class Value(Methods):
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

    # One or two parents have a slot each, more are a tuple in the first slot: a tuple
    # on every node would double the objects that Python's garbage collector walks
    # through. `_notes` are those of hooks and of `anomaly()`, None on almost all nodes.
    __slots__ = ("_first", "_notes", "_second", "data", "grad", "label", "op")

    def __init__(self, data: float, label: str = "") -> None:
        if not isinstance(label, str):
            raise TypeError(f"label must be a str, not {type(label).__name__}")
        self.data: float = to_float(data, "Value")
        self.grad: float = NO_GRADIENT
        self.op: Operation | None = None
        self._first: Any = None
        self._second: Any = None
        self._notes: dict[str, Any] | None = None
        self.label: str = label

    @property
    def parents(self) -> tuple[Value, ...]:
        """The operands that made this Value, in order; empty on a leaf."""
        if self.op is None:
            return ()
        if self.op.arity == 2:
            return (self._first, self._second)
        parents: tuple[Value, ...] = self._first
        return (self._first,) if self.op.arity == 1 else parents

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"{type(self).__name__}(data={self.data}, grad={self.grad}{label})"

    def backward(self) -> None:
        """Fill in the gradient of this Value with respect to all it was made from.

        Interior gradients are those of this call; a leaf adds them up until
        `zero_grad()`. DerivativeError names the first node whose derivative is not
        finite; then no leaf has changed.
        """
        backward(self)

    def partials(self) -> tuple[float, ...]:
        """∂self/∂parent for each parent, in order; by a Constant it may be 0.0."""
        if self.op is None:
            return ()
        arguments = [parent.data for parent in self.parents]
        wanted = [parent.__class__ is not Constant for parent in self.parents]
        try:
            return tuple(self.op.partials_of(Floats, arguments, self.data, wanted))
        except (ValueError, ArithmeticError) as error:
            raise derivative_error(self) from error

    @property
    def has_grad(self) -> bool:
        """Whether backward() has reached this node since it was made or zeroed."""
        return self.grad is not NO_GRADIENT and self.grad is not None

    def zero_grad(self) -> None:
        """Forget the gradient of this Value alone, as before the first backward()."""
        self.grad = NO_GRADIENT

    def detach(self) -> Value:
        """Return a new leaf with the same data and label: no gradient flows back."""
        return Value(self.data, self.label)


class Constant(Value):
    """A plain number that met a Value: no derivative with respect to it is taken."""

    __slots__ = ()

    def __init__(self, data: float) -> None:
        self.data = data
        self.grad = NO_GRADIENT
        self.op = self._first = self._second = self._notes = None
        self.label = ""

    def __repr__(self) -> str:
        return f"Constant(data={self.data})"


_new = object.__new__


def record(op: Operation, first: Any, second: Any, data: float) -> Value:
    """Make the node that `op` computed from one parent, two, or a tuple of them."""
    node = _new(Value)
    node.data = data
    node.grad = NO_GRADIENT
    node.op = op
    node._first = first
    node._second = second
    node._notes = None
    node.label = ""
    if data - data != 0.0:  # the quickest way to say: infinite or NaN
        refuse(op, node.parents, data)
    mode = recording()
    if mode is not True:
        if mode is False:
            node.op = node._first = node._second = None
        else:
            mode(node)
    return node


def topological_order(*roots: Value) -> list[Value]:
    """Every node that the roots depend on, once, and after all its parents.

    The order is deterministic (depth first, left parent first), and the walk is
    iterative, so the depth of a graph is limited by memory alone.
    """
    order: list[Value] = []
    seen: set[Value] = set()
    entered: list[Value] = []
    # A None on the stack says: all parents of the node last entered are in place.
    stack: list[Value | None] = list(reversed(roots))
    while stack:
        node = stack.pop()
        if node is None:
            order.append(entered.pop())
        elif node not in seen:
            seen.add(node)
            if node.op is None:
                order.append(node)
                continue
            entered.append(node)
            stack.append(None)
            if node.op.arity == 2:
                stack.append(node._second)
                stack.append(node._first)
            else:
                stack.extend([p for p in node.parents[::-1] if p not in seen])
    return order


# By the chain rule ∂root/∂parent is the sum, over the parent's children, of
# ∂root/∂child · ∂child/∂parent. In reverse topological order a node's own gradient is
# complete before it is passed on, so one visit per node is enough (Linnainmaa 1970;
# Griewank & Walther, Evaluating Derivatives, 2008, chapter 3).


def backward(root: Value) -> None:
    """Fill in `grad` of every node that the root depends on: see Value.backward."""
    order = topological_order(root)
    leaves = [(node, node.grad) for node in order if node.op is None]
    try:
        for node in order:
            node.grad = 0.0
        root.grad = 1.0
        for node in reversed(order):
            if node._notes is not None:
                run_hooks(node)
            if node.op is not None:
                pass_on(node)
        # A leaf that was never reached has 0.0, or None by the habit of PyTorch.
        totals = [(before or 0.0) + leaf.grad for leaf, before in leaves]
        # What is not finite stays so on its way down, so the leaves tell of all.
        if not all(map(math.isfinite, totals)):
            raise not_finite_error(order, leaves)
    except BaseException:
        for leaf, before in leaves:
            leaf.grad = before
        raise
    for (leaf, _), total in zip(leaves, totals, strict=True):
        leaf.grad = total


def pass_on(node: Value) -> None:
    """Add node.grad · ∂node/∂parent to each parent; nothing to a Constant."""
    op, grad, out, a, b = node.op, node.grad, node.data, node._first, node._second
    assert op is not None
    # Almost all nodes have one or two parents: the last case, written out for speed.
    try:
        if op.arity == 2:
            if a.__class__ is not Constant:
                a.grad += grad * op.partials[0](Floats, a.data, b.data, out)
            if b.__class__ is not Constant:
                b.grad += grad * op.partials[1](Floats, a.data, b.data, out)
            return
        if op.arity == 1:
            a.grad += grad * op.partials[0](Floats, a.data, out)
            return
    except (ValueError, ArithmeticError) as error:
        raise derivative_error(node) from error
    for parent, partial in zip(node.parents, node.partials(), strict=True):
        if parent.__class__ is not Constant:
            parent.grad += grad * partial
