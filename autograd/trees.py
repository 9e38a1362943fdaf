"""Numbers in containers: taken out in order, and put back in the same shape.

A container is a list, a tuple (a named one too), a dict or a NumPy array, of numbers or
of further containers. Numbers are Values or real numbers, also one that is in an array
without axes. Its structure is what is left when the numbers are taken out.

    >>> numbers, structure = flatten({"w": [1.0, 2.0], "b": 3.0}, "example")
    >>> numbers
    [1.0, 2.0, 3.0]
    >>> unflatten(structure, [10.0, 20.0, 30.0])
    {'w': [10.0, 20.0], 'b': 30.0}
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from autograd.errors import to_float
from autograd.value import Value

Shape: TypeAlias = tuple[int, ...] | None
"""The shape of an array; None for a number."""


class Structure(NamedTuple):
    """The shape of a container: its kind, and the structures of its parts.

    The kind is `float` for a number, else the class of the container. `keys` are those
    of a dict; of an array they are its shape, and it has no parts.
    """

    kind: type
    keys: tuple[Any, ...] = ()
    parts: tuple[Structure, ...] = ()

    @property
    def size(self) -> int:
        """How many numbers there are."""
        if self.kind is float:
            return 1
        if _is_array_class(self.kind):
            return math.prod(self.keys)
        return sum(part.size for part in self.parts)

    def __str__(self) -> str:
        if self.kind is float:
            return "a number"
        if _is_array_class(self.kind):
            return f"an array of shape {self.keys}"
        keys = f" with the keys {list(self.keys)}" if self.keys else ""
        return f"a {self.kind.__name__} of {len(self.parts)}{keys}"


NUMBER = Structure(float)


def flatten(tree: Any, where: str) -> tuple[list[Any], Structure]:
    """The numbers of a container, Values and floats, and its structure.

    TypeError or ValueError for what is no number, with its place; `where` opens the
    message.
    """
    numbers: list[Any] = []
    return numbers, _take(tree, where, numbers)


def flatten_like(structure: Structure, tree: Any, where: str) -> list[Any]:
    """The numbers of a container that has to be of the given structure.

    Lists, tuples and arrays of one shape stand for each other. ValueError names the
    first place that differs.
    """
    numbers: list[Any] = []
    _take_like(structure, tree, where, numbers)
    return numbers


def assemble(structure: Structure, leaf: Callable[[int, Shape], Any]) -> Any:
    """A container of the structure, with leaf(start, shape) for each number or array.

    `start` is the place of the first of its numbers; `shape` is None for a number.
    """
    return _assemble(structure, leaf, 0)


def unflatten(structure: Structure, numbers: Sequence[Any]) -> Any:
    """The container of the structure that holds these numbers."""

    def leaf(start: int, shape: Shape) -> Any:
        if shape is None:
            return numbers[start]
        return as_array(numbers[start : start + math.prod(shape)], shape)

    return assemble(structure, leaf)


def as_array(numbers: Sequence[Any], shape: tuple[int, ...]) -> Any:
    """Numbers as an array of floats, or of objects where there are Values."""
    # NumPy is there if there are arrays to be made: only who has one asks for one.
    import numpy as np

    from autograd.interop import ValueArray

    if all(number.__class__ is float for number in numbers):
        return np.array(numbers, dtype=np.float64).reshape(shape)
    array = np.empty(len(numbers), dtype=object)
    array[:] = numbers
    return array.reshape(shape).view(ValueArray)


def _take(tree: Any, where: str, numbers: list[Any]) -> Structure:
    if isinstance(tree, dict):
        parts = [_take(tree[key], f"{where}[{key!r}]", numbers) for key in tree]
        return Structure(dict, tuple(tree), tuple(parts))
    if isinstance(tree, (list, tuple)):
        parts = [_take(part, f"{where}[{i}]", numbers) for i, part in enumerate(tree)]
        return Structure(_sequence_class(tree), (), tuple(parts))
    if _is_array_class(type(tree)) and tree.ndim:
        numbers.extend(_number(x, where) for x in tree.ravel().tolist())
        return Structure(type(tree), tree.shape)
    numbers.append(_number(tree, where))
    return NUMBER


def _take_like(structure: Structure, tree: Any, where: str, numbers: list[Any]) -> None:
    if structure.kind is float:
        numbers.append(_number(tree, where))
    elif structure.kind is dict:
        if not isinstance(tree, dict) or tree.keys() != set(structure.keys):
            raise _other_shape(structure, tree, where)
        for key, part in zip(structure.keys, structure.parts, strict=True):
            _take_like(part, tree[key], f"{where}[{key!r}]", numbers)
    elif _is_array_class(structure.kind):
        # There is an array, so NumPy is loaded already.
        import numpy as np

        array = np.asarray(tree, dtype=object)
        if array.shape != structure.keys:
            raise _other_shape(structure, tree, where)
        numbers.extend(_number(x, where) for x in array.ravel().tolist())
    else:
        if (
            not (isinstance(tree, (list, tuple)) or _is_array_class(type(tree)))
        ) or len(tree) != len(structure.parts):
            raise _other_shape(structure, tree, where)
        for i, part in enumerate(structure.parts):
            _take_like(part, tree[i], f"{where}[{i}]", numbers)


def _assemble(
    structure: Structure,
    leaf: Callable[[int, Shape], Any],
    start: int,
) -> Any:
    if structure.kind is float:
        return leaf(start, None)
    if _is_array_class(structure.kind):
        return leaf(start, structure.keys)
    parts = []
    for part in structure.parts:
        parts.append(_assemble(part, leaf, start))
        start += part.size
    if structure.kind is dict:
        return dict(zip(structure.keys, parts, strict=True))
    named = hasattr(structure.kind, "_fields")
    return structure.kind(*parts) if named else structure.kind(parts)


def _number(thing: Any, where: str) -> Any:
    if _is_array_class(type(thing)) and not thing.ndim:
        thing = thing.tolist()  # None for what is masked
    return thing if isinstance(thing, Value) else to_float(thing, where)


def _sequence_class(tree: Any) -> type:
    """Its own class for a named tuple, else list or tuple."""
    if isinstance(tree, list):
        return list
    return type(tree) if hasattr(tree, "_fields") else tuple


def _is_array_class(kind: type) -> bool:
    """Whether it is NumPy's array: there is none unless NumPy is loaded."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and issubclass(kind, numpy.ndarray)


def _other_shape(structure: Structure, tree: Any, where: str) -> ValueError:
    return ValueError(f"{where}: {structure} is needed here, not {tree!r:.100}.")
