"""Steps as calls of NumPy, with their buffers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from autograd.compiler.steps import Array, Kind, Step

Call: TypeAlias = Callable[[], Any]
"""A function of no arguments: one array operation, with its buffers."""

EXTREMES = (np.maximum, np.minimum)


def call(step: Step) -> Call:
    """The cheapest call that does it.

    On a few hundred numbers most of the time is NumPy's own work around the operation;
    buffers given by position take half as much of it as by name.
    """
    kind, function, inputs, out, rows = step
    if kind is Kind.MAP:
        if function is np.positive:
            return partial(np.copyto, out, *inputs)
        if function in EXTREMES:  # of two arrays they take their buffer by name only
            return partial(function, *inputs, out=out)
        return partial(function, *inputs, out)
    if kind is Kind.PRODUCT:
        return _product(inputs[0], inputs[1], out)
    if kind is Kind.REDUCE:
        return _reduction(function, inputs[0], out)
    if kind is Kind.SEGMENTS:
        return partial(function.reduceat, inputs[0], rows, 0, None, out)
    if kind is Kind.GATHER:
        return partial(np.take, inputs[0], rows, 0, out, "clip")
    if kind is Kind.PUT:
        return partial(out.__setitem__, rows, inputs[0])
    if kind is Kind.ADD:
        return partial(_add_rows, out, rows, inputs[0])
    if kind is Kind.CHOOSE:
        return partial(_choose, inputs, out)
    assert kind is Kind.OBJECTS
    return partial(_by_objects, function, inputs, out)


def _product(left: Array, right: Array, out: Array) -> Call:
    whole = all(a.flags.c_contiguous or a.flags.f_contiguous for a in (left, right))
    # np.dot has less to do around the product, but copies what is not in one piece.
    if whole and out.flags.c_contiguous:
        return partial(np.dot, left, right, out)
    return partial(np.matmul, left, right, out)


def _reduction(ufunc: np.ufunc, stack: Array, out: Array) -> Call:
    """Over the first axis. A sum begins at 0, so it is -0 only where nothing is."""
    if ufunc is not np.add:
        return partial(ufunc.reduce, stack, 0, None, out)
    if len(stack) == 1:
        return partial(np.add, stack[0], 0.0, out)
    if stack.flags.c_contiguous and out.flags.c_contiguous and out.ndim:
        flat = stack.reshape(len(stack), -1)
        return partial(np.dot, np.ones(len(stack), stack.dtype), flat, out.reshape(-1))
    return partial(ufunc.reduce, stack, 0, None, out, False, 0.0)


def _add_rows(out: Array, rows: Any, numbers: Array) -> None:
    out[rows] += numbers


def _choose(inputs: tuple[Any, ...], out: Array) -> None:
    condition, a, b = inputs
    np.copyto(out, b)
    np.copyto(out, a, where=condition)


def _by_objects(function: Any, inputs: tuple[Any, ...], out: Array) -> None:
    """A function of Python's numbers; NaN where it has no result."""
    try:
        out[...] = function(*inputs)
    except (ValueError, ArithmeticError):
        out[...] = np.nan
