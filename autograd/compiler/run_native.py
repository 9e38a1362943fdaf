"""Steps that follow each other, as one call.

Where a batch is small most of the time of a call of NumPy is spent around the
operation, not in it. `_loops`, written in C, keeps NumPy's own inner loop of each step,
with its pointers and strides, and runs a whole list of them without Python in between.
What reads or writes rows here and there is a `Move` between two runs. The numbers are
the same, but for the order of some sums. What neither can run stays a call of NumPy;
without a C compiler at installation all do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain, groupby
from typing import Any, TypeAlias

import numpy as np

from autograd.compiler.costs import FEW_COPIES
from autograd.compiler.program import consecutive
from autograd.compiler.run_numpy import call
from autograd.compiler.steps import Array, Kind, Step

try:
    from autograd.compiler._loops import Run
except ImportError:
    Run = None  # type: ignore[assignment, misc]

try:
    from autograd.native import _scatter
except ImportError:
    _scatter = None  # type: ignore[assignment]

Loops: TypeAlias = tuple[tuple[Any, ...], ...]
"""Operations as (ufunc, array, ..., array): arrays of one shape, or matrices."""


def can_run() -> bool:
    """Whether steps are joined at all."""
    return Run is not None


def joined(steps: Iterable[Step], moving: Array) -> list[Callable[[], Any]]:
    """Calls that do the steps in order, as few as can be.

    Where a step writes what it reads, the two must be the same array. `moving` is an
    array that `move` may replace by another; what else reads it are views of it.
    """
    if not can_run():
        return list(map(call, steps))
    result: list[Callable[[], Any]] = []
    translated = [(step, _runnable(step)) for step in steps]
    for is_runnable, group in groupby(translated, lambda pair: pair[1] is not None):
        if is_runnable:
            result.append(Run(tuple(run for _, run in group if run), moving))
        else:
            result += [_moved(step) or call(step) for step, _ in group]
    return result


def move(calls: Iterable[Callable[[], Any]], array: Array) -> None:
    """Have calls that were joined use another array in place of `moving`."""
    for each in calls:
        if isinstance(each, Run):
            each.move(array)


def _runnable(step: Step) -> Run | None:
    """A step as a run; None if it cannot be run natively."""
    try:
        loops = _loops_of(step)
        return None if loops is None else Run(loops)
    except (TypeError, ValueError):
        return None


def _loops_of(step: Step) -> Loops | None:
    """The loops that a step would consist of, if there are such."""
    kind, function, inputs, out, rows = step
    if kind is Kind.MAP:
        return _map(function, inputs, out)
    if kind is Kind.PRODUCT:
        left, right = inputs
        # A vector is a row on the left, and a column on the right.
        left = left[None, :] if left.ndim == 1 else left
        right = right[:, None] if right.ndim == 1 else right
        return ((np.matmul, left, right, out.reshape(len(left), right.shape[1])),)
    if kind is Kind.GATHER:
        return _gathering(inputs[0], rows, out)
    if kind is Kind.REDUCE:
        return _reduction(function, inputs[0], out)
    return None


def _moved(step: Step) -> Callable[[], Any] | None:
    """A step on rows here and there as a move; None if it cannot be one."""
    kind, function, inputs, out, rows = step
    is_move = kind in (Kind.GATHER, Kind.PUT, Kind.ADD) or (
        kind is Kind.SEGMENTS and function is np.add
    )
    if _scatter is None or not is_move:
        return None
    try:
        return _scatter.Move(getattr(_scatter, kind.name), out, inputs[0], rows)
    except (TypeError, ValueError, BufferError):
        return None


def _map(ufunc: np.ufunc, inputs: Iterable[Any], out: Array) -> Loops:
    """An operation on each number: all arrays in the shape of the result."""
    if ufunc is np.negative:
        # NumPy 2.2 to 2.4 have a wrong loop for it, where neither array is in one
        # piece: np.negative(np.arange(80.0)[::8], out=np.zeros(20)[::2]).
        ufunc, inputs = np.multiply, [*inputs, np.array(-1.0, out.dtype)]
    return ((ufunc, *[_like(out, operand) for operand in inputs], out),)


def _like(out: Array, operand: Array) -> Array:
    """An operand in the shape of the result."""
    same = operand.shape == out.shape
    return operand if same else np.broadcast_to(operand, out.shape)


def _gathering(data: Array, rows: Array, out: Array) -> Loops | None:
    """A copy of rows from here and there: one for each run of them, if they are few."""
    runs = consecutive(rows)
    if len(runs) > FEW_COPIES:
        return None
    copies = []
    for run in runs:
        source = data[rows[run.start] : rows[run.stop - 1] + 1]
        copies.append(_map(np.positive, (source,), out[run]))
    return tuple(chain.from_iterable(copies))


def _reduction(ufunc: np.ufunc, stack: Array, out: Array) -> Loops:
    """Over the first axis: the first number, then one after the other."""
    # Beginning at 0 a sum is never -0.
    zero = np.array(0.0, out.dtype)
    if ufunc is np.add:
        first = _map(np.add, (stack[0, ...], zero), out)
    else:
        first = _map(np.positive, (stack[0, ...],), out)
    if len(stack) == 1:
        return first
    into = np.lib.stride_tricks.as_strided(
        out, (len(stack) - 1, *out.shape), (0, *out.strides)
    )
    return (*first, (ufunc, into, stack[1:], into))
