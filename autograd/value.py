"""Value: one number that remembers how it was made. This is the page to read first.

a * b is a new Value whose `op` is the row "mul" of the table and whose `parents` are
(a, b). That is the whole graph, and `backward` walks it. The operators are made from
the table, in `functions`; what else a Value can do is in `methods`.

Invariants: a Value is made after its parents, which never change, so there is no cycle;
`data` is a float and never NaN; no node knows its children or holds a closure, so a
graph is freed as soon as its root is dropped.

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
from autograd.hooks import heed_notes
from autograd.leaves import is_traced, leaves_of, turn
from autograd.methods import NO_GRADIENT, Methods
from autograd.modes import current_note, tracings
from autograd.native import twins
from autograd.ops import Operation

Operand: TypeAlias = Union["Value", float]
"""What an operation takes: a Value, or a number, which becomes a Constant."""


class Value(Methods):
    """One number that remembers how it was made.

    - `data`: the number, a float.
    - `grad`: ∂root/∂self, filled in by `root.backward()`.
    - `op`: the row of the table that made it, or None on a leaf.
    - `parents`: the operands, in order; `x * x` has the same parent twice.
    - `label`: a name for people, shown in pictures and in messages.

    Only a leaf's `data` and `grad` are yours to change, between backward() and the next
    computation: a graph keeps its operands, not their numbers (`anomaly()` finds out).
    Python's `math` and `float()` see the number alone: write x.sin(), not math.sin(x),
    which lets no gradient flow.

    TypeError for anything that is no real number, ValueError for NaN.
    """

    # One or two parents have a slot each, more are a tuple in the first slot, since a
    # tuple on each node doubles what Python's garbage collector walks through. `_notes`
    # are those of hooks and of `anomaly()`.
    __slots__ = ("_first", "_notes", "_second", "data", "grad", "label", "op")

    def __init__(self, data: float, label: str = "") -> None:
        if not isinstance(label, str):
            raise TypeError(f"label must be a str, not {type(label).__name__}")
        self.data: float = to_float(data, "Value")
        self.grad: float = NO_GRADIENT
        self.label: str = label
        self.op: Operation | None = None
        self._first: Any = None
        self._second: Any = None
        self._notes: dict[str, Any] | None = None

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
        finite; then no leaf has changed. The leaves must have the data that this Value
        was computed with. Passes of several threads take turns.
        """
        order = topological_order(self)
        with turn:
            leaves = leaves_of(order)
            try:
                for node in order:
                    node.grad = 0.0
                self.grad = 1.0
                for node in reversed(order):
                    if node._notes is not None:
                        heed_notes(node)
                    if node.op is not None:
                        pass_on(node)
                # A leaf that was never reached has 0.0, or None as in PyTorch.
                totals = [(before or 0.0) + leaf.grad for leaf, before in leaves]
                # What is not finite stays so on its way down: the leaves tell of all.
                if not all(map(math.isfinite, totals)):
                    raise not_finite_error(order, leaves)
            except BaseException:
                for leaf, before in leaves:
                    leaf.grad = before
                raise
            for (leaf, _), total in zip(leaves, totals, strict=True):
                leaf.grad = total

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

    def detach(self) -> Value:
        """Return a new leaf with the same data and label: no gradient flows back.

        Inside `tracing()` it remembers this Value, which a program has to compute.
        """
        leaf = Value(0.0, self.label)
        leaf.data = self.data  # not above: it may be NaN where nothing else was chosen
        if tracings and is_traced(self):
            leaf._notes = {"detached": self}
        return leaf


class Constant(Value):
    """A plain number that met a Value: no derivative with respect to it is taken."""

    __slots__ = ()

    def __init__(self, data: float) -> None:
        self.data, self.grad, self.label = data, NO_GRADIENT, ""
        self.op = self._first = self._second = self._notes = None

    def __repr__(self) -> str:
        return f"Constant(data={self.data})"


_new = object.__new__


def record(op: Operation, first: Any, second: Any, data: float) -> Value:
    """Make the node that `op` computed from one parent, two, or a tuple of them."""
    node = _new(Value)
    node.data, node.grad = data, NO_GRADIENT
    node.op, node.label = op, ""
    node._first, node._second, node._notes = first, second, None
    if data - data != 0.0:  # the quickest way to say: infinite or NaN
        refuse(op, node.parents, data)
    note = current_note()
    return node if note is None else note(node)


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


def pass_on(node: Value) -> None:
    """Add node.grad · ∂node/∂parent to each parent; nothing to a Constant.

    By the chain rule ∂root/∂parent is the sum of ∂root/∂child · ∂child/∂parent over the
    parent's children. They come first in reverse topological order, so one visit per
    node is enough (Griewank & Walther, Evaluating Derivatives, 2008, chapter 3).
    """
    op, a, b = node.op, node._first, node._second
    grad, out = node.grad, node.data
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


if twins is not None:  # the same in C
    Value, Constant, record, topological_order = twins(globals())  # type: ignore[misc]
