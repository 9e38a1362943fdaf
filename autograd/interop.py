"""Values among NumPy's arrays: `np.exp(array_of_values)`, `np.eye(2) * value`.

A Value and an array of numbers make a `ValueArray`: an object array whose elements are
Values and plain numbers. It is also what `grad` and its kin hand to functions of
arrays. Wherever it, or a bare Value, takes part, NumPy asks here:

- A ufunc that means a row of the table is that row, element by element; so equal
  elements of np.maximum share the derivative. NumPy's operators are those of the
  elements. A ufunc that is neither is refused by its name.
- Any other function is NumPy's own code, which is made of ufuncs, indexing and
  comparisons. Where it would turn Values into plain floats it is refused by its name.

An object array that one made oneself, by np.array([x, y]), is NumPy's alone: it calls
the elements' methods, which plain numbers do not have, and np.maximum, np.max and
np.clip compare and choose, as Python's max does, and the derivative is that of the
branch. What it computes together with a ValueArray or a Value is a ValueArray again.

NumPy need not be installed for the rest of autograd: this module is imported only when
NumPy calls, or when there is an array.

    >>> from autograd import Value
    >>> np.float64(2.0) * Value(3.0)
    Value(data=6.0, grad=0.0)
    >>> Value(3.0) * np.array([1.0, 2.0])
    ValueArray([Value(data=3.0, grad=0.0), Value(data=6.0, grad=0.0)],
          dtype=object)
    >>> np.max(np.exp(Value(0.0) * np.ones(2))).partials()
    (0.5, 0.5)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from autograd import functions
from autograd.errors import TraceError, to_float
from autograd.leaves import is_traced
from autograd.modes import called, calling
from autograd.ufuncs import (
    CHOICES,
    IN_GENERAL,
    OF_ELEMENTS,
    QUESTIONS,
    REMEDIES,
    meaning,
)
from autograd.value import Value

IN_ROOMS = {
    "numpy.linalg": "autograd.linalg has solve, inv, det, cholesky and norm.",
    "numpy.fft": "autograd has no such transform: multiply by a matrix of cosines.",
}
"""What to use instead of the functions of a module of NumPy's."""


NO_NUMBERS = {
    "c": "Use its real and imaginary parts, a.real and a.imag, as two arrays.",
    "m": "Make it numbers of a unit: a / np.timedelta64(1, 's').",
    "M": "Make it numbers of a unit: (a - a[0]) / np.timedelta64(1, 's').",
    "S": "Convert it with a.astype(float) first.",
    "U": "Convert it with a.astype(float) first.",
    "V": "Take one of its fields, a['name'].",
}
"""The kinds of NumPy's arrays that are of no real numbers, and what to do with them."""


class Refusal(TypeError):
    """Values were given to a ufunc that has no use for them, and what to do instead."""


class ValueArray(np.ndarray[Any, Any]):
    """An array of Values and plain numbers, on which NumPy's functions are rows.

    It is an object array in all else; so is what is computed from it.
    """

    def __array_ufunc__(
        self, ufunc: Any, method: Any, *inputs: Any, **options: Any
    ) -> Any:
        if any(map(_has_objects, (*inputs, *options.get("out", ())))):
            return apply_ufunc(ufunc, method, inputs, options)
        # What is left of Values by astype(float), or places of them by argsort.
        if "out" in options:
            options["out"] = tuple(map(_plain, options["out"]))
        return getattr(ufunc, method)(*map(_plain, inputs), **options)

    def __array_function__(
        self, function: Any, types: Any, args: Any, kwargs: Any
    ) -> Any:
        return apply_function(function, args, kwargs)


def apply_ufunc(
    ufunc: Any, method: str, inputs: Sequence[Any], options: Mapping[str, Any]
) -> Any:
    """Apply a NumPy ufunc to inputs with a Value or an array of Values among them.

    TypeError for one that is neither a row of the table nor an operator, and where the
    result would be put into an array that cannot hold Values.
    """
    name, out = ufunc.__name__, options.get("out", ())
    changed = [*out, *(inputs[:1] if method == "at" else ())]
    kinds = [array.dtype for array in changed if array is not None]
    _check_kinds(name, [*kinds, np.dtype(options.get("dtype") or object)])
    options = {key: given for key, given in options.items() if key != "dtype"}
    if _has_objects(options.get("where")):
        raise (TraceError if is_traced() else Refusal)(
            f"np.{name}: `where` takes true and false, and no Values. Leave it out, "
            f"and what it leaves out: np.where(x > 0, x, 0.0)."
        )
    if out:
        options["out"] = tuple(map(_plain, out))
    if method == "reduce" and "where" in options and ufunc.identity is not None:
        options.setdefault("initial", ufunc.identity)
    if name in QUESTIONS and method == "__call__":
        options["casting"] = "unsafe"  # true and false go into arrays of bools
    if method in ("at", "reduceat"):  # the second input is where, and not a number
        more = [_of_objects(given, name) for given in inputs[2:]]
        arrays = [_plain(inputs[0]), inputs[1], *more]
    else:
        arrays = [_of_objects(given, name) for given in inputs]
    choice = CHOICES.get(name)
    whole = "initial" not in options and options.get("where", True) is True
    if choice and method == "reduce" and whole and not out:
        axis, keepdims = options.get("axis", 0), options.get("keepdims", False)
        result = _reduce(getattr(functions, choice), arrays[0], axis, keepdims)
    else:
        with np.errstate(all="ignore"):  # the operations raise errors of their own
            result = getattr(_on_elements(ufunc), method)(*arrays, **options)
        if name in QUESTIONS and not is_traced(*_values(arrays)):
            result = np.asarray(result).astype(bool)[()]
    return out[0] if len(out) == 1 else _of_values(result)


def apply_function(
    function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Any:
    """Call a NumPy function with a Value or an array of Values among its arguments.

    TypeError where NumPy's code would turn a Value into a plain float, or has no way to
    compute with objects.
    """
    module = function.__module__ or "numpy"
    name = f"{module.replace('numpy', 'np', 1)}.{function.__name__}"
    if function in BY_IDENTITY:
        raise Refusal(
            f"{name} would look for the same Values, and not for the same numbers. "
            f"Compare numbers: np.all(x == y), or np.isin([v.data for v in x], [...])."
        )
    of_elements = FUNCTIONS.get((function, len(args)))
    if of_elements is not None and _has_objects(args[0]):
        objects = [_of_objects(given, function.__name__) for given in args]
        return _of_values(np.frompyfunc(of_elements, len(args), 1)(*objects))
    try:
        with calling(called() or name):
            return _of_values(_implementation(function, args, kwargs))
    except (TypeError, AttributeError, ValueError) as error:
        # Of arrays of objects NumPy says so in many ways, ValueErrors among them.
        of_objects = not isinstance(error, ValueError) or "object" in str(error)
        if called() or isinstance(error, TraceError) or not of_objects:
            raise
        remedy = "" if isinstance(error, Refusal) else IN_ROOMS.get(module, IN_GENERAL)
        reason = f"{name} does not take Values: {str(error).rstrip('.')}. {remedy}"
        raise TypeError(reason.rstrip()) from error


FUNCTIONS: dict[Any, Callable[..., Any]] = {
    (np.where, 3): functions.where,
    (np.sinc, 1): functions.sinc,
}
"""Functions of NumPy's, no ufuncs, that are rows where the first array has Values."""

BY_IDENTITY = (
    *(np.isin, np.setdiff1d, np.setxor1d, np.intersect1d),
    *(np.array_equal, np.array_equiv),
)
"""Functions of NumPy's that compare plain arrays by `==`, which is identity there."""


def _implementation(
    function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Any:
    """What NumPy's function does to arrays of its own."""
    array = np.empty(0)
    return array.__array_function__(function, (np.ndarray,), tuple(args), dict(kwargs))


def _check_kinds(name: str, kinds: Sequence[Any]) -> None:
    """Refuse to put Values where only plain numbers have a place."""
    answers = [np.dtype(bool)] if name in QUESTIONS else []
    for kind in kinds:
        if kind not in [np.dtype(object), *answers]:
            raise Refusal(
                f"np.{name}: no Value can be put into an array of {kind}. Leave out "
                f"`dtype`; make an array that is changed in place one of objects, "
                f"a = a.astype(object), or write a = a + b for a += b."
            )


def _on_elements(ufunc: Any) -> Any:
    """The ufunc that does to Values what a ufunc does to floats."""
    name = ufunc.__name__
    if name in OF_ELEMENTS or all(set(types) <= set("O->") for types in ufunc.types):
        return ufunc
    function = meaning(name)
    if function is None:
        whose = "np." if ufunc is getattr(np, name, None) else "the ufunc "
        raise Refusal(
            f"{whose}{name} is no row of the table of operations, and does not take "
            f"Values. {REMEDIES.get(name, IN_GENERAL)}"
        )
    # Without an identity only choices may be made along several axes in any order.
    ordered = ufunc.identity is None and name not in CHOICES
    start = {} if ordered else {"identity": ufunc.identity}
    return np.frompyfunc(function, ufunc.nin, ufunc.nout, **start)


def _of_objects(thing: Any, name: str) -> Any:
    """A number or an array as an array of objects, Values or Python's own numbers.

    TypeError for an array of what is no real number, and for masked numbers, which
    would be computed with; `name` is the ufunc that was given them.
    """
    array = np.asarray(thing)
    remedy = NO_NUMBERS.get(array.dtype.kind)
    if remedy:
        raise Refusal(
            f"np.{name}: a real number or a Value is needed, not {thing!r:.100} of the "
            f"dtype {array.dtype}. {remedy}"
        )
    if np.ma.is_masked(thing):
        raise Refusal(
            f"np.{name}: numbers of the array a of the shape {array.shape} are masked. "
            f"Leave them out, a.compressed(), or say what they are, a.filled(0.0)."
        )
    objects = array.astype(object)
    if array.dtype.char == "g":  # of a long double NumPy makes no number of Python's
        numbers = [to_float(number, f"np.{name}") for number in objects.flat]
        objects = np.array(numbers, dtype=object).reshape(array.shape)
    return objects


def _values(arrays: Iterable[Any]) -> list[Value]:
    """All Values that there are in arrays."""
    return [v for a in arrays for v in np.asarray(a).flat if isinstance(v, Value)]


def _is_object_array(thing: Any) -> bool:
    """Whether a thing is an array of Python's objects."""
    return isinstance(thing, np.ndarray) and thing.dtype == object


def _has_objects(thing: Any) -> bool:
    """Whether a thing is a Value, or an array in which there can be some."""
    return isinstance(thing, Value) or _is_object_array(thing)


def _of_values(result: Any) -> Any:
    """What was computed: arrays of objects as ValueArrays, one without axes as it is.

    All other arrays are NumPy's own.
    """
    if _is_object_array(result):
        return result.view(ValueArray) if result.ndim else result.item()
    if isinstance(result, ValueArray):
        return _plain(result)
    if isinstance(result, (list, tuple)):
        parts = map(_of_values, result)
        named = hasattr(result, "_fields")
        return type(result)(*parts) if named else type(result)(parts)
    return result


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
