"""Array operations that follow each other, as one call.

A step of a program is a list of calls to NumPy, and where a batch is small most of its
time is spent around the operations, not in them. `_loops`, written in C, keeps NumPy's
own inner loop of each operation, with its pointers and strides, and runs a whole list
of them without Python in between. It gives the same numbers. What it cannot run stays a
call to NumPy; without a C compiler at installation all do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain, groupby, pairwise
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from autograd.compiler.kernel import Call

try:
    from autograd.compiler._loops import Run
except ImportError:
    Run = None  # type: ignore[assignment, misc]

MANY_RUNS = 32
"""From how many runs of rows on NumPy's take is the quicker."""

IS_BUILT = Run is not None
"""Whether the native part was built when this was installed."""

Array: TypeAlias = npt.NDArray[Any]
Steps: TypeAlias = tuple[tuple[Any, ...], ...]
"""Operations as (ufunc, array, ..., array): arrays of one shape, or matrices."""


def joined(calls: Iterable[Call]) -> list[Callable[[], Any]]:
    """Calls that do the same as these, as few as can be."""
    if Run is None:
        return [*calls]
    result: list[Callable[[], Any]] = []
    translated = [(call, _runnable(call)) for call in calls]
    for can_run, group in groupby(translated, lambda pair: pair[1] is not None):
        members = [*group]
        if can_run:
            result.append(Run(tuple(chain.from_iterable(s for _, s in members if s))))
        else:
            result += [call for call, _ in members]
    return result


def _runnable(call: Call) -> Steps | None:
    """The operations that a call consists of; None if they cannot be run natively."""
    steps = _steps(call)
    try:
        Run(steps or ())
    except TypeError:
        return None
    return steps


def _steps(call: Call) -> Steps | None:
    function, args = call.func, call.args
    if call.keywords.keys() - {"out"}:
        return None
    if function in (np.dot, np.matmul):
        return _product(*args)
    if isinstance(function, np.ufunc):
        *inputs, out = *args, *call.keywords.values()
        return _elementwise(function, inputs, out)
    if function is np.copyto:
        return _elementwise(np.positive, args[1:], args[0])
    if function is np.take:
        return _gathering(*args)
    ufunc = getattr(function, "__self__", None)
    if isinstance(ufunc, np.ufunc) and function == ufunc.reduce:
        return _reduction(ufunc, *args)
    return None


def _elementwise(ufunc: np.ufunc, inputs: Iterable[Any], out: Array) -> Steps:
    """An operation on each number: all arrays in the shape of the result."""
    arrays = [
        np.asarray(a) if isinstance(a, np.ndarray) else np.asarray(a, out.dtype)
        for a in inputs
    ]
    return ((ufunc, *[np.broadcast_to(a, out.shape) for a in arrays], out),)


def _gathering(data: Array, rows: Array, axis: int, out: Array, _: str) -> Steps | None:
    """A copy of rows from here and there: one for each run of them, if they are few."""
    assert axis == 0
    edges = [0, *(np.flatnonzero(np.diff(rows) != 1) + 1).tolist(), len(rows)]
    if len(edges) > MANY_RUNS:
        return None
    runs = [slice(first, last) for first, last in pairwise(edges)]
    sources = [
        data[rows[run.start] : rows[run.start] + run.stop - run.start] for run in runs
    ]
    copies = [
        _elementwise(np.positive, (a,), out[r])
        for a, r in zip(sources, runs, strict=True)
    ]
    return tuple(chain.from_iterable(copies))


def _product(left: Array, right: Array, out: Array) -> Steps | None:
    """A product of matrices; a vector is a row on the left, a column on the right."""
    left = left[None, :] if left.ndim == 1 else left
    right = right[:, None] if right.ndim == 1 else right
    if left.ndim != 2 or right.ndim != 2:
        return None
    out = out.reshape(len(left), right.shape[1])
    if left.shape[1] == 1:  # each number times each other: quicker without BLAS
        return _elementwise(np.multiply, (left, right), out)
    return ((np.matmul, left, right, out),)


def _reduction(ufunc: np.ufunc, stack: Array, axis: int, _: None, out: Array) -> Steps:
    """A reduction over the first axis: the first number, then one after the other."""
    assert axis == 0
    into = np.lib.stride_tricks.as_strided(
        out, (len(stack) - 1, *out.shape), (0, *out.strides)
    )
    first = _elementwise(np.positive, (stack[0],), out)
    return (*first, (ufunc, into, stack[1:], into)) if len(stack) > 1 else first
