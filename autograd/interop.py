"""Values among NumPy's arrays: `np.exp(array_of_values)`, `np.float64(2) * value`.

NumPy computes on object arrays element by element, with the elements' own operators
and methods. Where it would compare and choose instead, as in np.maximum, the row of the
table that means the same is applied, so that equal elements share the derivative.

NumPy asks for that wherever a bare Value takes part, or a `ValueArray`, which is what
`grad` and its kin hand to functions of arrays. On an object array that one made oneself
np.maximum, np.max and np.clip are NumPy's own: they compare and choose, as Python's max
does, and the derivative is that of the branch. NumPy need not be installed for the rest
of autograd: this module is imported only when NumPy calls, or when there is an array.

    >>> from autograd import Value
    >>> np.float64(2.0) * Value(3.0)
    Value(data=6.0, grad=0.0)
    >>> values = np.array([Value(1.0), Value(1.0)]).view(ValueArray)
    >>> np.max(values).partials()
    (0.5, 0.5)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from autograd.apply import function_of
from autograd.functions import OPERATORS, SIGNS
from autograd.ops import TABLE

CHOICES = {"maximum": "max", "fmax": "max", "minimum": "min", "fmin": "min"}
"""NumPy's choices of two, and the rows that choose from any number."""


class ValueArray(np.ndarray[Any, Any]):
    """An array of Values, on which NumPy's functions are rows of the table.

    It is an object array in all else; so is what is computed from it.
    """

    def __array_ufunc__(
        self, ufunc: Any, method: str, *inputs: Any, **options: Any
    ) -> Any:
        return on_objects(ufunc, method, inputs, options)


def apply_ufunc(
    ufunc: Any, method: str, inputs: Sequence[Any], options: Mapping[str, Any]
) -> Any:
    """Apply a NumPy ufunc to inputs of which at least one is a bare Value.

    An array of numbers is refused with TypeError: the result would be an array of
    Values that nobody asked for.
    """
    for thing in inputs:
        if isinstance(thing, np.ndarray) and thing.ndim and thing.dtype != object:
            raise TypeError(
                f"{ufunc.__name__}: a Value meets an array of {thing.dtype} of shape "
                f"{thing.shape}. Use the elements one by one, or make it an array of "
                f"objects with array.astype(object)."
            )
    # NumPy's own scalars become Python's, or they would call NumPy again.
    numbers = [t.item() if isinstance(t, np.generic) else t for t in inputs]
    objects = [np.asarray(number).astype(object) for number in numbers]
    result = on_objects(ufunc, method, objects, options)
    if isinstance(result, (int, float)) and not isinstance(result, bool):
        raise TypeError(
            f"np.{ufunc.__name__} of a Value is a plain number, through which no "
            f"gradient flows. Use the functions of autograd, or float(value)."
        )
    return result


def on_objects(
    ufunc: Any, method: str, inputs: Sequence[Any], options: Mapping[str, Any]
) -> Any:
    """Apply a NumPy ufunc to arrays of Values and numbers, by the rows of the table."""
    out = options.get("out", ())
    if out:
        options = {**options, "out": tuple(map(_plain, out))}
    arrays = [_plain(thing) for thing in inputs]
    choice = CHOICES.get(ufunc.__name__)
    whole = "initial" not in options and options.get("where", True) is True
    if choice and method == "reduce" and whole and not out:
        axis, keepdims = options.get("axis", 0), options.get("keepdims", False)
        result = _reduce(function_of(choice), arrays[0], axis, keepdims)
    else:
        function = _row(ufunc)
        if function is not None:
            ufunc = np.frompyfunc(function, ufunc.nin, ufunc.nout)
        result = getattr(ufunc, method)(*arrays, **options)
    if len(out) == 1:
        return out[0]
    if isinstance(result, np.ndarray) and result.dtype == object:
        return result.view(ValueArray)
    return result


def _row(ufunc: Any) -> Callable[..., Any] | None:
    """The function of the row that means a ufunc, where it is not left to NumPy.

    NumPy's operators are left to it: they are those of the elements.
    """
    named = {"fmax": "maximum", "fmin": "minimum"}.get(ufunc.__name__, ufunc.__name__)
    for name, op in list(TABLE.items()):  # a thread may add one meanwhile
        if op.ufunc == named and name not in OPERATORS and name not in SIGNS:
            return function_of(name)
    return None


def _reduce(
    function: Callable[[Sequence[Any]], Any],
    array: Any,
    axis: int | tuple[int, ...] | None,
    keepdims: bool,
) -> Any:
    """A function of a list, along the axes of an array."""
    if axis is None:
        axis = tuple(range(array.ndim))
    axes = axis if isinstance(axis, tuple) else (axis,)
    n_kept = array.ndim - len(axes)
    moved = np.moveaxis(array, axes, range(n_kept, array.ndim))
    kept, reduced = moved.shape[:n_kept], moved.shape[n_kept:]
    rows = moved.reshape(math.prod(kept), math.prod(reduced))
    results = np.empty(len(rows), dtype=object)
    results[:] = [function(row) for row in rows.tolist()]
    shape = list(kept)
    if keepdims:
        shape = list(array.shape)
        for place in axes:
            shape[place] = 1
    return results.reshape(shape)[()]


def _plain(thing: Any) -> Any:
    """An array of Values as NumPy's own array."""
    return thing.view(np.ndarray) if isinstance(thing, ValueArray) else thing
