"""Where a node was made: `with anomaly():` remembers the line of every operation.

An error while computing or differentiating then says which line made the node, and
which lines made its operands. Outside the block nothing is remembered, and it costs
nothing.

    >>> from autograd import Value
    >>> with anomaly():
    ...     y = Value(0.0, label="x").sqrt()
    >>> where_made(y).splitlines()[0].endswith("line 2, in <module>")
    True
"""

from __future__ import annotations

import linecache
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from autograd.modes import origin, originating, with_lines

PACKAGE = str(Path(__file__).parent) + os.sep
"""Where the files are whose lines are not shown: this package, with all its rooms."""

LIBRARY = os.path.dirname(os.__file__) + os.sep
"""Where Python's own modules are."""

INSTALLED = f"{os.sep}site-packages{os.sep}"
"""What is in the path of all modules that were installed."""


class Line(NamedTuple):
    """A line of source, and the derivative that was being taken there, if any."""

    file: str
    number: int
    function: str
    derivative_of: str = ""

    def __str__(self) -> str:
        text = linecache.getline(self.file, self.number).strip()
        place = f"{self.file}, line {self.number}, in {self.function}"
        if self.derivative_of:
            place = f"the derivative of {self.derivative_of}, made at {place}"
        return f"{place}\n    {text}" if text else place


@contextmanager
def anomaly() -> Iterator[None]:
    """Remember, inside this block, the line of source that makes each node.

    Errors then show the line, the operation, the operands with the lines that made
    them, and the usual remedy; backward() may come after the block. What `gradients()`
    records belongs to the line of the operation that is differentiated. Recording takes
    several times as long meanwhile.

    The operands' numbers are remembered too. Where the data of one was changed between
    its use and backward() or gradients(), which would differentiate at neither number,
    these raise RuntimeError and name it; so does compile(), where it is a constant.

    >>> from autograd import Value
    >>> x = Value(3.0, label="x")
    >>> with anomaly():
    ...     y = x * x
    >>> x.data = 10.0
    >>> y.backward()  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    RuntimeError: the data of the leaf 'x' was 3.0 when mul was computed and is 10.0
    now, so that ...
    """
    with with_lines(note):
        yield


def note(node: Any) -> Any:
    """Remember the line that is making a node, and the numbers of its operands."""
    node._notes = {
        **notes(node),
        "line": origin() or _line(callers_frame()),
        "numbers": tuple([parent.data for parent in node.parents]),
    }
    return node


def notes(node: Any) -> dict[str, Any]:
    """What is remembered about a node beside its operation: most have nothing."""
    found: dict[str, Any] = node._notes or {}
    return found


def detached_from(node: Any) -> Any:
    """What a leaf was detached from inside `tracing()`; None for all else."""
    return None if node.op is not None else notes(node).get("detached")


def parents_of(node: Any) -> tuple[Any, ...]:
    """What a node is computed from, also if it is detached from that."""
    source = detached_from(node)
    parents: tuple[Any, ...] = node.parents if source is None else (source,)
    return parents


def in_order(
    roots: Sequence[Any], behind: Callable[[Any], Sequence[Any]] = parents_of
) -> list[Any]:
    """The roots and all that is `behind` them, each once and after what is behind it.

    It is `value.topological_order`, slower, for other ideas of what is behind a node.
    """
    order: list[Any] = []
    seen: set[Any] = set()
    stack = [(node, False) for node in reversed(roots)]
    while stack:
        node, is_entered = stack.pop()
        if is_entered:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack += [(parent, False) for parent in reversed(behind(node))]
    return order


@contextmanager
def differentiating(node: Any, description: str) -> Iterator[None]:
    """Inside this block, what is recorded belongs to the derivative of the node."""
    line = notes(node).get("line")
    if isinstance(line, Line):
        line = line._replace(derivative_of=line.derivative_of or description)
    with originating(line):
        yield


def where_made(node: Any) -> str:
    """The line that made a node; empty where it was not remembered."""
    line = notes(node).get("line")
    return str(line) if line else ""


def here() -> str:
    """The line that is being run, outside this package."""
    return str(origin() or _line(callers_frame()))


def users_line() -> str:
    """The line that is being run of the user's own: of no package that is installed."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if not (file.startswith((PACKAGE, LIBRARY, "<frozen")) or INSTALLED in file):
            return str(_line(frame))
        frame = frame.f_back
    return here()


def callers_frame() -> FrameType:
    """The innermost frame that is not this package's own."""
    frame = sys._getframe(1)
    while frame.f_code.co_filename.startswith(PACKAGE) and frame.f_back:
        frame = frame.f_back
    return frame


def _line(frame: FrameType) -> Line:
    """The line that a frame is at."""
    return Line(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)
