"""What can be switched: recording, by `no_grad()`; tracing; what may be undefined.

The switches are context variables, so that a thread or an asynchronous task that turns
recording off does not turn it off for the others; nor does a thread that is started
inside a block inherit what holds there. Besides them, and the table, no
module of autograd has a state.

    >>> with no_grad():
    ...     recording()
    False
    >>> recording()
    True
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeAlias

Note: TypeAlias = Callable[[Any], Any]
"""What is called with each Value that is recorded; it returns what stands for it."""


@dataclass(slots=True)
class Variables:
    """What a derivative is being taken by, and what it is that takes it."""

    name: str
    leaves: frozenset[Any]
    outer: Variables | None
    """Those of the derivative around it, if there is one."""
    nested: bool = False
    """Whether another derivative was taken on the way."""
    refused: Exception | None = None
    """What was raised when a Value was to leave the graph."""


_traced: ContextVar[bool] = ContextVar("traced", default=False)
_noted: ContextVar[bool] = ContextVar("noted", default=False)
_infinite: ContextVar[bool] = ContextVar("infinite", default=False)
_undefined: ContextVar[bool] = ContextVar("undefined", default=False)
_recording: ContextVar[bool] = ContextVar("recording", default=True)
_note: ContextVar[Note | None] = ContextVar("note", default=None)
_variables: ContextVar[Variables | None] = ContextVar("variables", default=None)

_called: ContextVar[str] = ContextVar("called", default="")
_origin: ContextVar[Any] = ContextVar("origin", default=None)

recording = _recording.get
current_note = _note.get
traced = _traced.get
noted = _noted.get
may_be_infinite = _infinite.get
may_be_undefined = _undefined.get
variables = _variables.get
called = _called.get
origin = _origin.get


@contextmanager
def noted_by(note: Note) -> Iterator[None]:
    """Call `note` with each node that is recorded inside this block."""
    outer = current_note()
    token = _note.set(note if outer is None else lambda node: outer(note(node)))
    try:
        yield
    finally:
        _note.reset(token)


@contextmanager
def with_lines(note: Note) -> Iterator[None]:
    """Have `note` remember the line of each node that is recorded inside this block."""
    is_noted = _noted.set(True)
    try:
        with noted_by(note):
            yield
    finally:
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
def calling(function: str) -> Iterator[None]:
    """Refuse to turn Values into floats inside this block, which a library runs."""
    token = _called.set(function)
    try:
        yield
    finally:
        _called.reset(token)


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
def undefined() -> Iterator[None]:
    """Have what has no result be NaN inside this block, instead of an error."""
    token = _undefined.set(True)
    try:
        yield
    finally:
        _undefined.reset(token)


@contextmanager
def differentiated_by(leaves: Iterable[Any], name: str) -> Iterator[Variables]:
    """Inside this block, what depends on these leaves is not to leave the graph."""
    outer = variables()
    if outer is not None:
        outer.nested = True
    own = Variables(name, frozenset(leaves), outer)
    token = _variables.set(own)
    try:
        yield own
    finally:
        _variables.reset(token)


@contextmanager
def recorded() -> Iterator[None]:
    """Record inside this block, also where it is within `no_grad()`."""
    note = _note.set(current_note() if recording() else None)
    switch = _recording.set(True)
    try:
        yield
    finally:
        _note.reset(note)
        _recording.reset(switch)


@contextmanager
def no_grad() -> Iterator[None]:
    """Record nothing inside this block: results are leaves, without parents.

    Inside `tracing()` they are recorded, as a program has to compute them for other
    numbers too, and no derivative passes through them: each is a `detach()`.

    >>> from autograd import Value
    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.data, y.parents
    (9.0, ())
    """
    outer = current_note()

    def unrecorded(node: Any) -> Any:
        if traced():
            return (node if outer is None else outer(node)).detach()
        node.op = node._first = node._second = None
        return node

    switch, note = _recording.set(False), _note.set(unrecorded)
    try:
        yield
    finally:
        _note.reset(note)
        _recording.reset(switch)
