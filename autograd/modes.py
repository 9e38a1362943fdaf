"""Whether operations are recorded: everywhere, except inside `no_grad()`.

Recording may also take notes on each node (see `anomaly`). The switch is a context
variable, so that a thread or an asynchronous task that turns recording off does not
turn it off for the others.

    >>> with no_grad():
    ...     recording()
    False
    >>> recording()
    True
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeAlias

Note: TypeAlias = Callable[[Any], None]
"""What is called with each Value that is recorded."""

_traced: ContextVar[bool] = ContextVar("traced", default=False)
_noted: ContextVar[bool] = ContextVar("noted", default=False)
_switch: ContextVar[bool | Note] = ContextVar("recording", default=True)

recording = _switch.get
traced = _traced.get
noted = _noted.get


@contextmanager
def noting(note: Note) -> Iterator[None]:
    """Call `note` with each node that is recorded inside this block."""
    is_noted = _noted.set(True)
    switch = _switch.set(note if recording() else False)
    try:
        yield
    finally:
        _switch.reset(switch)
        _noted.reset(is_noted)


@contextmanager
def tracing() -> Iterator[None]:
    """Refuse to decide by a Value's number inside this block, with TraceError.

    What is recorded here will be computed for other numbers too, and a Python branch
    that looks at the number of today would be wrong for them.
    """
    token = _traced.set(True)
    try:
        yield
    finally:
        _traced.reset(token)


@contextmanager
def recorded() -> Iterator[None]:
    """Record inside this block, also where it is within `no_grad()`."""
    token = _switch.set(recording() or True)
    try:
        yield
    finally:
        _switch.reset(token)


@contextmanager
def no_grad() -> Iterator[None]:
    """Record nothing inside this block: results are leaves, without parents.

    >>> from autograd import Value
    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.data, y.parents
    (9.0, ())
    """
    token = _switch.set(False)
    try:
        yield
    finally:
        _switch.reset(token)
