"""The order in which a graph can be computed: parents before children.

Invariant: each node that a root depends on is there once, after all its parents. The
order is deterministic (depth first, left parent first), and the walk is iterative, so
the depth of a graph is limited by memory alone.

    >>> from autograd import Value
    >>> a, b = Value(1.0, label="a"), Value(2.0, label="b")
    >>> [node.label or node.op.name for node in topological_order(a * b + a)]
    ['a', 'b', 'mul', 'add']
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograd.value import Value


def topological_order(*roots: Value) -> list[Value]:
    """Every node that the roots depend on, each after its parents."""
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
            op = node.op
            if op is None:
                order.append(node)
            else:
                entered.append(node)
                stack.append(None)
                if op.arity == 2:
                    stack.append(node._second)
                    stack.append(node._first)
                else:
                    stack.extend([p for p in node.parents[::-1] if p not in seen])
    return order
