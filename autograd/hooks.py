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
from typing import TYPE_CHECKING, Any, TypeAlias

from autograd.anomaly import notes
from autograd.errors import to_float

if TYPE_CHECKING:
    from autograd.value import Value

Hook: TypeAlias = Callable[[Any], Any]
"""It takes ∂root/∂node, and returns what to put in its place, or None."""

_ever: list[bool] = []
"""Not empty once a hook has been registered: until then no node is asked for one."""


class Handle:
    """What `register_hook` returns: `remove()` takes the hook away."""

    def __init__(self, node: Value, hook: Hook) -> None:
        if not callable(hook):
            raise TypeError(f"register_hook: a function is needed, not {hook!r}")
        self._node: Value | None = node
        node._notes = {**notes(node), "hooks": {**hooks_of(node), self: hook}}
        _ever.append(True)

    def remove(self) -> None:
        """Take the hook away; a second call does nothing."""
        if self._node is not None:
            left = {h: f for h, f in hooks_of(self._node).items() if h is not self}
            self._node._notes = {**notes(self._node), "hooks": left}
            self._node = None


def hooks_of(node: Value) -> dict[Handle, Hook]:
    """The hooks of a node, in the order in which they were registered."""
    found: dict[Handle, Hook] = notes(node).get("hooks", {})
    return found


def any_hooks() -> bool:
    """Whether a hook was ever registered."""
    return bool(_ever)


def run_hooks(node: Value) -> None:
    """Show the gradient of a node, now complete, to its hooks."""
    for hook in hooks_of(node).values():
        replaced: Any = hook(node.grad)
        if replaced is not None:
            is_value = hasattr(replaced, "backward") and hasattr(node.grad, "backward")
            node.grad = replaced if is_value else to_float(replaced, "a hook")
