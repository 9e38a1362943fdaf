"""What can be switched: recording, by `no_grad()`; tracing; what may be undefined.

The switches are context variables, so that a thread or an asynchronous task that turns
recording off does not turn it off for the others; nor does a thread that is started
inside a block inherit what holds there. Of tracings and derivatives that are under way
all threads know the leaves, though: a function may have threads of a pool work for it,
and what depends on these leaves is its own there too. Besides all this, the table, and
the locks by which threads take turns, no module of autograd has a state.

    >>> with no_grad():
    ...     recording()
    False
    >>> recording()
    True
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")

Note: TypeAlias = Callable[[Any], Any]
"""What is called with each Value that is recorded; it returns what stands for it."""


@dataclass(slots=True, eq=False)
class Variables:
    """What a derivative is being taken by, and what it is that takes it."""

    name: str
    leaves: frozenset[Any]
    lenient: bool
    """Whether something stands for it where it is undefined."""
    nested: bool = False
    """Whether another derivative was taken on the way."""
    refused: Exception | None = None
    """What was raised when a Value was to leave the graph."""


derivatives: dict[Variables, None] = {}
"""What derivatives are being taken by, of all threads, the innermost last."""

tracings: dict[object, frozenset[Any]] = {}
"""The leaves that stand for any number, of each `tracing()` under way in any thread."""

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
def _set(switch: ContextVar[T], state: T) -> Iterator[None]:
    """Have a switch in this state inside the block."""
    token = switch.set(state)
    try:
        yield
    finally:
        switch.reset(token)


def noted_by(note: Note) -> AbstractContextManager[None]:
    """Call `note` with each node that is recorded inside this block."""
    outer = current_note()
    return _set(_note, note if outer is None else lambda node: outer(note(node)))


@contextmanager
def with_lines(note: Note) -> Iterator[None]:
    """Have `note` remember the line of each node that is recorded inside this block."""
    with _set(_noted, True), noted_by(note):
        yield


def infinities() -> AbstractContextManager[None]:
    """Let results be infinite inside this block, as on plain floats.

    A rule of partials may come to a finite number by way of infinity: 1 / (1 + a²) is 0
    where a² is too large for a float.
    """
    return _set(_infinite, True)


def originating(line: Any) -> AbstractContextManager[None]:
    """Say of what is recorded inside this block that it comes from a line of source."""
    return _set(_origin, line)


def calling(function: str) -> AbstractContextManager[None]:
    """Refuse to turn Values into floats inside this block, which a library runs."""
    return _set(_called, function)


@contextmanager
def tracing(leaves: Iterable[Any] = ()) -> Iterator[None]:
    """Refuse to decide by a Value's number inside this block, with TraceError.

    What is recorded here will be computed for other numbers too, and a Python branch
    that looks at the number of today would be wrong for them. Comparisons are recorded,
    1.0 or 0.0, and so are `detach()` and `no_grad()`, as cuts. Other threads, such as
    those of a pool, do the same with what depends on the `leaves`, Values that the
    computation begins with.
    """
    key = object()
    tracings[key] = frozenset(leaves)
    try:
        with _set(_traced, True):
            yield
    finally:
        del tracings[key]


def undefined() -> AbstractContextManager[None]:
    """Have what has no result be NaN inside this block, instead of an error."""
    return _set(_undefined, True)


@contextmanager
def differentiated_by(
    leaves: Iterable[Any], name: str, lenient: bool = False
) -> Iterator[Variables]:
    """Inside this block, what depends on these leaves is not to leave the graph."""
    outer = variables()
    if outer is not None:
        outer.nested = True
    own = Variables(name, frozenset(leaves), lenient)
    derivatives[own] = None
    try:
        with _set(_variables, own):
            yield own
    finally:
        del derivatives[own]


@contextmanager
def recorded() -> Iterator[None]:
    """Record inside this block, also where it is within `no_grad()`."""
    note = current_note() if recording() else None
    with _set(_note, note), _set(_recording, True):
        yield


@contextmanager
def no_grad() -> Iterator[None]:
    """Record nothing inside this block: results are leaves, without parents.

    Inside `tracing()` they are recorded, as a program has to compute them for other
    numbers too, and no derivative passes through them: each is a `detach()`.

    A generator that yields inside this block leaves it open for its caller, until it
    goes on or is closed, as Python has it for all such switches: yield outside of it.

    >>> from autograd import Value
    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.data, y.parents
    (9.0, ())
    """
    outer = current_note()

    def unrecorded(node: Any) -> Any:
        if tracings:  # detach() knows whether the node belongs to one of them
            return (node if outer is None else outer(node)).detach()
        node.op = node._first = node._second = None
        return node

    with _set(_recording, False), _set(_note, unrecorded):
        yield
