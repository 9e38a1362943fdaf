"""Leaves: what users set, and what the graphs of several threads share.

A leaf's `data` and `grad` are plain attributes, so that reading them costs nothing, and
anything may be put there. It is made a float, or refused by name, where it is next
used: a number of single precision would lead to more of its kind.

    >>> from autograd import Value
    >>> w = Value(2.0, label="w")
    >>> w.data = "3"
    >>> w * 2.0
    Traceback (most recent call last):
    TypeError: mul: the data of the leaf 'w' was set to '3' (str), which is no real
    number. Write w.data = float(...).

Passes over graphs take turns, `with turn:`, and so does all that changes several leaves
or reads them as one. The lock is one for all graphs, which may share any leaf, and can
be entered again, by a hook that calls backward(). Whoever has the turn must not wait
for a thread that needs it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence
from typing import Any

from autograd.anomaly import in_order, notes, parents_of, where_made
from autograd.errors import describe, forward_error, to_float
from autograd.modes import (
    Variables,
    derivatives,
    may_be_undefined,
    traced,
    tracings,
)
from autograd.ops import Operation

turn = threading.RLock()
"""What a thread holds while it goes over a graph, or sets leaves."""

if hasattr(os, "register_at_fork"):  # a child would wait for a thread that it lacks
    os.register_at_fork(
        before=turn.acquire, after_in_parent=turn.release, after_in_child=turn.release
    )


def float_of(value: Any, where: str) -> float:
    """The data of a Value, made a float if it was set to another real number.

    TypeError for what is none, as text; ValueError for NaN. `where` is who asks.
    """
    data = value.data
    if data.__class__ is not float or data != data:
        try:
            value.data = data = to_float(data, f"{where}: {_name(value, 'data')}")
        except TypeError:
            raise _no_number(value, "data", where) from None
    number: float = data
    return number


def floats_of(values: Iterable[Any], where: str) -> list[float]:
    """The data of Values, which belong together: see `float_of`."""
    with turn:
        return [float_of(value, where) for value in values]


def set_numbers(values: Iterable[Any], numbers: Iterable[float]) -> None:
    """Set the data of Values, which belong together. ValueError for other lengths."""
    with turn:
        for value, number in zip(values, numbers, strict=True):
            value.data = number


def settled(op: Operation, operands: Sequence[Any]) -> list[float]:
    """The data of operands, as floats. Errors as for `float_of`, DomainError for NaN.

    It is called where some of it is no float, or NaN.
    """
    is_nan = any(v.data.__class__ is float and v.data != v.data for v in operands)
    if is_nan and not may_be_undefined():
        raise forward_error(op, operands)
    return [float_of(value, op.name) for value in operands]


def leaves_of(order: Sequence[Any]) -> list[tuple[Any, float | None]]:
    """The leaves among nodes, and the gradient that each has before a pass.

    That is a float, or None, as PyTorch has it before the first one.
    """
    leaves = [(node, node.grad) for node in order if node.op is None]
    strange = [
        leaf
        for leaf, grad in leaves
        if grad.__class__ is not float or leaf.data.__class__ is not float
    ]
    if len(order) == 1:  # no operation would meet a NaN
        strange = [leaf for leaf, _ in leaves]
    for leaf in strange:
        float_of(leaf, "backward")
        if leaf.grad is not None:
            try:
                leaf.grad = to_float(leaf.grad, f"backward: {_name(leaf, 'grad')}")
            except TypeError:
                raise _no_number(leaf, "grad", "backward") from None
    return [(leaf, leaf.grad) for leaf, _ in leaves] if strange else leaves


def derivative_by(*values: Any) -> Variables | None:
    """The innermost derivative under way, in any thread, that Values depend on."""
    behind = in_order(values, lambda node: node.parents)  # through no cut
    for own in reversed(list(derivatives)):
        if not own.leaves.isdisjoint(behind):
            return own
    return None


def is_traced(*values: Any) -> bool:
    """Whether Values stand for any number: inside `tracing()`, of any thread's.

    In the thread that traces all of them do, in others what depends on its leaves.
    """
    if traced():
        return True
    leaves = frozenset[Any]().union(*list(tracings.values()))
    return bool(leaves) and not leaves.isdisjoint(in_order(values, parents_of))


def refuse_changed(node: Any, what: str = "derivative", free: Any = ()) -> None:
    """RuntimeError if an operand has another number now than when the node was made.

    `anomaly()` remembers the numbers; where it was not there, nothing is known. `what`
    is being made of the node, and `free` are operands that may have any number.
    """
    remembered = notes(node).get("numbers")
    if remembered is None:
        return
    for operand, before in zip(node.parents, remembered, strict=True):
        now = operand.data
        changed = now is not before and repr(now) != repr(before)
        if changed and operand not in free:
            call, line = describe(node.op, node.parents), where_made(node)
            raise RuntimeError(
                f"{_name(operand, 'data')} was {before!r} when {node.op.name} was "
                f"computed and is {now!r} now, so that the {what} of {call} would be "
                f"that of neither. Change data after backward() or compile(), not "
                f"before, or compute again with the new number.\n  at {line}"
            )


def _name(value: Any, attribute: str) -> str:
    """What messages call an attribute of a Value."""
    label = f" {value.label!r}" if value.label else ""
    if value.op is not None:
        return f"the {attribute} of the Value{label} that {value.op.name} computed"
    return f"the {attribute} of {f'the leaf{label}' if label else 'an unnamed leaf'}"


def _no_number(value: Any, attribute: str, where: str) -> TypeError:
    """An attribute was set to what is no real number."""
    given = getattr(value, attribute)
    leaf = value.label if value.label.isidentifier() else "leaf"
    number = "other.data" if isinstance(given, type(value)) else "float(...)"
    return TypeError(
        f"{where}: {_name(value, attribute)} was set to {given!r:.80} "
        f"({type(given).__name__}), which is no real number. "
        f"Write {leaf}.{attribute} = {number}."
    )
