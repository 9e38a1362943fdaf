"""Hooks: functions that see the gradient of a node, and may replace it.

>>> from autograd import Value
>>> x = Value(3.0)
>>> y = x * x
>>> handle = y.register_hook(lambda gradient: min(gradient, 0.5))
>>> (y * 2.0).backward()
>>> x.grad
3.0
>>> handle.remove()
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from autograd.anomaly import notes
from autograd.errors import to_float
from autograd.leaves import refuse_changed, turn

Hook: TypeAlias = Callable[[Any], Any]
"""It takes ∂root/∂node, and returns what to put in its place, or None."""


class Handle:
    """What `register_hook` returns: `remove()` takes the hook away."""

    def __init__(self, node: Any, hook: Hook) -> None:
        if not callable(hook):
            raise TypeError(f"register_hook: a function is needed, not {hook!r}")
        self._node = node
        # By a key of its own: by this handle the node would refer to itself.
        self._key = object()
        with turn:
            hooks = {**hooks_of(node), self._key: hook}
            node._notes = {**notes(node), "hooks": hooks}

    def remove(self) -> None:
        """Take the hook away; a second call does nothing."""
        with turn:
            if self._node is not None:
                left = {**hooks_of(self._node)}
                del left[self._key]
                self._node._notes = {**notes(self._node), "hooks": left}
                self._node = None


def hooks_of(node: Any) -> dict[object, Hook]:
    """The hooks of a node, in the order in which they were registered."""
    found: dict[object, Hook] = notes(node).get("hooks", {})
    return found


def heed_notes(node: Any) -> None:
    """Show the gradient of a node, now complete, to its hooks.

    RuntimeError where `anomaly()` finds that an operand was changed.
    """
    refuse_changed(node)
    node.grad = after_hooks(node, node.grad)


def after_hooks(node: Any, gradient: Any) -> Any:
    """What the hooks of a node make of its gradient, a float or a Value."""
    for hook in hooks_of(node).values():
        replaced: Any = hook(gradient)
        if replaced is not None:
            is_value = hasattr(replaced, "backward") and hasattr(gradient, "backward")
            gradient = replaced if is_value else to_float(replaced, "a hook")
    return gradient
