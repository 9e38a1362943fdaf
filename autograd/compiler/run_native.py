"""Array operations that follow each other, as one call.

A step of a program is a list of calls to NumPy, and where a batch is small most of its
time is spent around the operations, not in them. `_loops`, written in C, keeps NumPy's
own inner loop of each operation, with its pointers and strides, and runs a whole list
of them without Python in between. The numbers are the same, but for the order of some
sums. What it cannot run stays a call to NumPy; without a C compiler at installation all
do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain, groupby
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from autograd.compiler.program import consecutive
from autograd.compiler.steps import Call

try:
    from autograd.compiler._loops import Run
except ImportError:
    Run = None  # type: ignore[assignment, misc]

FEW_COPIES = 32
"""Up to how many runs of rows are copied one by one, instead of by NumPy's take."""

Array: TypeAlias = npt.NDArray[Any]
Steps: TypeAlias = tuple[tuple[Any, ...], ...]
"""Operations as (ufunc, array, ..., array): arrays of one shape, or matrices."""


def can_run() -> bool:
    """Whether calls are joined at all."""
    return Run is not None


def joined(calls: Iterable[Call], moving: Array) -> list[Callable[[], Any]]:
    """Calls that do the same as these, as few as can be.

    Where a call writes what it reads, the two must be the same array. `moving` is an
    array that `move` may replace by another; what else reads it are views of it.
    """
    if not can_run():
        return [*calls]
    result: list[Callable[[], Any]] = []
    translated = [(call, _runnable(call)) for call in calls]
    for is_runnable, group in groupby(translated, lambda pair: pair[1] is not None):
        members = [*group]
        if is_runnable:
            steps = chain.from_iterable(steps for _, steps in members if steps)
            result.append(Run(tuple(steps), moving))
        else:
            result += [call for call, _ in members]
    return result


def move(calls: Iterable[Callable[[], Any]], array: Array) -> None:
    """Have calls that were joined use another array in place of `moving`."""
    for call in calls:
        if isinstance(call, Run):
            call.move(array)


def _runnable(call: Call) -> Steps | None:
    """The operations that a call consists of; None if they cannot be run natively."""
    try:
        steps = _steps(call)
        if steps is not None:
            Run(steps)  # is there a loop for each?
    except (TypeError, ValueError):
        return None
    return steps


def _steps(call: Call) -> Steps | None:
    """The operations that a call would consist of, if there are loops for them."""
    function, args, options = call.func, call.args, call.keywords
    if isinstance(function, np.ufunc) and function is not np.matmul:
        *inputs, out = *args, *options.values()
        return None if options.keys() - {"out"} else _elementwise(function, inputs, out)
    if options:
        return None
    if function is np.copyto:
        return _elementwise(np.positive, args[1:], args[0])
    if function is np.take:
        return _gathering(*args)
    if function in (np.dot, np.matmul):
        return _product(*args)
    ufunc = getattr(function, "__self__", None)
    if isinstance(ufunc, np.ufunc) and function == ufunc.reduce:
        return _reduction(ufunc, *args)
    return None


def _elementwise(ufunc: np.ufunc, inputs: Iterable[Any], out: Any) -> Steps | None:
    """An operation on each number: all arrays in the shape of the result."""
    if not isinstance(out, np.ndarray):
        return None
    if ufunc is np.negative:
        # NumPy 2.2 to 2.4 have a wrong loop for it, where neither array is in one
        # piece: np.negative(np.arange(80.0)[::8], out=np.zeros(20)[::2]).
        ufunc, inputs = np.multiply, [*inputs, -1.0]
    return ((ufunc, *[_like(out, operand) for operand in inputs], out),)


def _like(out: Array, operand: Any) -> Array:
    """An operand in the shape of the result. TypeError if a number may be no float."""
    if not isinstance(operand, np.ndarray):
        if not np.issubdtype(out.dtype, np.floating):
            raise TypeError(f"{operand} as {out.dtype} may be another number")
        operand = np.array(operand, out.dtype)
    return (
        operand if operand.shape == out.shape else np.broadcast_to(operand, out.shape)
    )


def _gathering(
    data: Array, rows: Array, axis: int, out: Array, mode: str
) -> Steps | None:
    """A copy of rows from here and there: one for each run of them, if they are few."""
    assert (axis, mode) == (0, "clip")
    runs = consecutive(rows)
    if len(runs) > FEW_COPIES:
        return None
    copies: list[Steps | None] = []
    for run in runs:
        source = data[rows[run.start] : rows[run.stop - 1] + 1]
        copies.append(_elementwise(np.positive, (source,), out[run]))
    return tuple(chain.from_iterable(copy for copy in copies if copy))


def _product(left: Array, right: Array, out: Array) -> Steps | None:
    """A product of matrices; a vector is a row on the left, a column on the right."""
    left = left[None, :] if left.ndim == 1 else left
    right = right[:, None] if right.ndim == 1 else right
    if left.ndim != 2 or right.ndim != 2:
        return None
    return ((np.matmul, left, right, out.reshape(len(left), right.shape[1])),)


def _reduction(
    ufunc: np.ufunc, stack: Array, axis: int, dtype: None, out: Array
) -> Steps | None:
    """A reduction over the first axis: the first number, then one after the other."""
    assert (axis, dtype) == (0, None)
    first = _elementwise(np.positive, (stack[0, ...],), out)
    if first is None or len(stack) == 1:
        return first
    into = np.lib.stride_tricks.as_strided(
        out, (len(stack) - 1, *out.shape), (0, *out.strides)
    )
    return (*first, (ufunc, into, stack[1:], into))
