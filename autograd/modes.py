"""What can be switched: recording, by `no_grad()`; tracing; the notes of `anomaly()`.

The switches are context variables, so that a thread or an asynchronous task that turns
recording off does not turn it off for the others. Besides them, and the table, no
module of autograd has a state.

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
_infinite: ContextVar[bool] = ContextVar("infinite", default=False)
_switch: ContextVar[bool | Note] = ContextVar("recording", default=True)

_origin: ContextVar[Any] = ContextVar("origin", default=None)

recording = _switch.get
traced = _traced.get
noted = _noted.get
may_be_infinite = _infinite.get
origin = _origin.get


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
def infinities() -> Iterator[None]:
    """Let results be infinite inside this block, as on plain floats.

    A rule of partials may come to a finite number by way of infinity: 1 / (1 + a²) is 0
    where a² is too large for a float.
    """
    token = _infinite.set(True)
    try:
        yield
    finally:
        _infinite.reset(token)


@contextmanager
def originating(line: Any) -> Iterator[None]:
    """Say of what is recorded inside this block that it comes from a line of source."""
    token = _origin.set(line)
    try:
        yield
    finally:
        _origin.reset(token)


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
