"""Choices of which one side alone is computed: `where` of two functions.

Eagerly the side that the condition chooses is called, and the other is not. Inside
`tracing()`, where a program has to do for all numbers, both are recorded, and what
enters a side from outside is replaced, where that side is not chosen, by a number at
which it can be computed: where(d > 0, lambda: sqrt(d), 0.0) is recorded as

    where(d > 0, sqrt(where(d > 0, d, safe)), 0.0)

So nothing undefined is ever computed, and nothing of it comes through, in values and in
derivatives of any order: the slope behind `safe` is 0.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any

from autograd.anomaly import (
    detached_from,
    in_order,
    notes,
    parents_of,
    users_line,
)
from autograd.apply import evaluate, operand, record_all, variadic
from autograd.arithmetic import Floats
from autograd.errors import TraceError
from autograd.leaves import is_traced
from autograd.modes import noted_by, undefined
from autograd.ops import TABLE
from autograd.value import Constant, Value

GENERIC = (0.7, 1.3, 2.9, 0.13, -0.7, -1.9, 7.1, -5.3, 0.017, 31.0, -29.0)
"""Numbers at which most functions are defined, or one of them at least."""

TRIES = 300
"""How many random points are tried where none of these does."""

LARGEST = 1e30
"""Of the numbers on the way: single precision holds their products."""

_where = variadic("where")


def choose(condition: Any, a: Any, b: Any) -> Any:
    """a where the condition is not 0, else b, of which functions are called."""
    if not isinstance(condition, Value):
        return _of(a if condition else b)
    if not is_traced(condition):
        result = operand(_of(a if condition.data != 0.0 else b), "where")
        # As a node, since a program would compute this side for all numbers.
        return record_all(TABLE["chosen"], (condition, result), result.data)
    is_a = condition.data != 0.0
    return _where(
        condition,
        _side(condition, a, is_a, lambda x, safe: _where(condition, x, safe)),
        _side(condition, b, not is_a, lambda x, safe: _where(condition, safe, x)),
    )


def _of(side: Any) -> Any:
    return side() if callable(side) else side


def _side(
    condition: Value, side: Any, is_chosen: bool, gate: Callable[[Value, float], Value]
) -> Any:
    """What one side computes, recorded behind gates."""
    if not callable(side):
        return side
    # Of the side that is not chosen the operations are recorded, whatever they give.
    with noted_by(_note), nullcontext() if is_chosen else undefined():
        result = side()
    if not isinstance(result, Value):
        return result
    inside, outer = _inside(result)
    if not inside:
        return result
    # Copies, as the side may have put a Value where code outside uses it, ungated.
    copies: dict[Value, Value] = {}
    for x, safe in zip(outer, _safe_point(inside, outer), strict=True):
        copies[x] = gate(x, safe)
    for node in inside:
        parents = tuple([copies.get(parent, parent) for parent in parents_of(node)])
        op = node.op
        copies[node] = parents[0].detach() if op is None else evaluate(op, parents)
    return copies[result]


def _note(node: Value) -> Value:
    """Remember that a node was made by a side: another one may use it, too."""
    node._notes = {**notes(node), "side": True}
    return node


def _inside(result: Value) -> tuple[list[Value], list[Value]]:
    """The nodes of a side, after what they are computed from, and what enters them."""
    order = in_order([result], lambda v: parents_of(v) if _is_inside(v) else ())
    inside = [node for node in order if _is_inside(node)]
    entering = set(order).difference(inside)
    return inside, [v for v in order if v in entering and v.__class__ is not Constant]


def _is_inside(node: Value) -> bool:
    return "side" in notes(_stands_for(node))


def _stands_for(node: Value) -> Value:
    """What a node was detached from, or is a derivative's variable for, if anything."""
    while "side" not in notes(node):
        if detached_from(node) is None and node.op is not TABLE["pos"]:
            break
        (node,) = parents_of(node)
    return node


def _safe_point(nodes: Sequence[Value], outer: Sequence[Value]) -> list[float]:
    """Numbers for what enters, at which all nodes and their partials are finite."""
    for point in _points(outer):
        if _is_finite(nodes, dict(zip(outer, point, strict=True))):
            return point
    called = ", ".join(dict.fromkeys(n.op.name for n in nodes if n.op is not None))
    raise TraceError(
        f"where: a side that is not chosen for all examples has to be computed for a "
        f"program, at any numbers, and none were found at which {called} can be, at\n  "
        f"{users_line()}\nRecord an example that chooses this side, such as with "
        f"compile_function(f, n, at=[...]), or split it into smaller choices."
    )


def _points(outer: Sequence[Value]) -> Iterator[list[float]]:
    """Points to try: that of the example, general ones, random ones, the same ever."""
    here = [x.data for x in outer]
    # At a zero a derivative of some order may not exist.
    if all(here):
        yield here
    for number in GENERIC:
        yield [number * (1.0 + 0.03 * (i % 7)) for i in range(len(outer))]
    rng = random.Random(0)
    for _ in range(TRIES):
        yield [rng.choice((-1, 1)) * 10.0 ** rng.uniform(-2, 2) for _ in outer]
    yield here


def _is_finite(nodes: Sequence[Value], numbers: dict[Value, float]) -> bool:
    """Whether nodes and partials are finite where others have these numbers.

    The numbers of the nodes are put there, too.
    """
    for node in nodes:
        op = node.op
        operands = [numbers.get(parent, parent.data) for parent in parents_of(node)]
        if op is None:  # it was detached
            (numbers[node],) = operands
            continue
        wanted = [parent.__class__ is not Constant for parent in node.parents]
        try:
            out = op.forward(Floats, *operands)
            partials = op.partials_of(Floats, operands, out, wanted)
        except (ValueError, ArithmeticError):
            return False
        sizes = map(abs, itertools.chain([out], partials))
        if not all(size <= LARGEST for size in sizes if size != 0.0):
            return False
        numbers[node] = out
    return True
