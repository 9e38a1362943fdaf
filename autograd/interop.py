"""NumPy's functions on Values: `np.exp(array_of_values)`, `np.float64(2) * value`.

NumPy computes on object arrays element by element, with the elements' own operators
and methods. Nothing here is needed, nor NumPy imported, unless NumPy calls.

    >>> import numpy as np
    >>> from autograd import Value
    >>> np.float64(2.0) * Value(3.0)
    Value(data=6.0, grad=0.0)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autograd import functions


def apply_ufunc(
    ufunc: Any, method: str, inputs: Sequence[Any], options: Mapping[str, Any]
) -> Any:
    """Apply a NumPy ufunc to inputs of which at least one is a bare Value.

    An array of numbers is refused with TypeError: the result would be an array of
    Values that nobody asked for.
    """
    import numpy as np

    for thing in inputs:
        if isinstance(thing, np.ndarray) and thing.ndim and thing.dtype != object:
            raise TypeError(
                f"{ufunc.__name__}: a Value meets an array of {thing.dtype} of shape "
                f"{thing.shape}. Use the elements one by one, or make it an array of "
                f"objects with array.astype(object)."
            )
    if ufunc.__name__ in ("maximum", "minimum") and method == "__call__":
        return getattr(functions, ufunc.__name__)(*inputs)
    # NumPy's own scalars become Python's, or they would call NumPy again.
    numbers = [t.item() if isinstance(t, np.generic) else t for t in inputs]
    objects = [np.asarray(number).astype(object) for number in numbers]
    result = getattr(ufunc, method)(*objects, **options)
    if isinstance(result, (int, float)) and not isinstance(result, bool):
        raise TypeError(
            f"np.{ufunc.__name__} of a Value is a plain number, through which no "
            f"gradient flows. Use the functions of autograd, or float(value)."
        )
    return result
