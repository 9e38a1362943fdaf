"""Module: anything that has parameters.

A subclass keeps its parameters as attributes: a Value, a list of Values, a list of such
lists, another Module, or a list, dict or object array of any of these. The rest
follows, in the order in which the attributes were set. Names and shapes are those that
PyTorch gives the same network.

    >>> from autograd import Value
    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.intercept = Value(2.0), Value(1.0)
    ...
    ...     def __call__(self, x):
    ...         return self.slope * x + self.intercept
    >>> [name for name, parameter in Line().named_parameters()]
    ['slope', 'intercept']
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias, Union

import numpy as np
import numpy.typing as npt

from autograd import Value
from autograd.leaves import floats_of, set_numbers, turn

if TYPE_CHECKING:
    from typing_extensions import Self

Array: TypeAlias = Union[Value, "list[Array]"]
"""Parameters that belong together: a Value, or lists of Values to any depth."""

VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
"""The arguments `*args` and `**kwargs`."""


class Module:
    """The base class of neurons, layers and networks."""

    __call__: Callable[..., Any]
    """What a subclass computes from its inputs: a Value, or a list of them."""

    _settings: dict[str, Any] | None = None

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Note the arguments, which say what to build to have a module like this."""
        module = super().__new__(cls)
        module._settings = _settings_of(cls, args, kwargs)
        return module

    def settings(self) -> dict[str, Any] | None:
        """The arguments that it was made with, in a form that JSON can hold.

        Defaults are there, `seed` is not: the parameters say what came of it. A module
        among the arguments is {"class": its name, "settings": its own}. None where an
        argument is something else than modules, numbers, strings, and lists of these.

        >>> from nn import Layer
        >>> Layer(2, 3, seed=0).settings()
        {'n_inputs': 2, 'n_outputs': 3, 'activation': 'relu'}
        """
        return deepcopy(self._settings)

    def named_arrays(self) -> list[tuple[str, Array]]:
        """The parameters in groups, each with a name such as `layers.0.weight`."""
        return list(_arrays_in(vars(self), ""))

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Every parameter with its name, such as `layers.0.weight[2, 1]`.

        One that is used in several places is there once, by its first name.
        """
        names: dict[Value, str] = {}
        for name, array in self.named_arrays():
            for place, parameter in _elements(array):
                names.setdefault(parameter, name + _subscript(place))
        return [(name, parameter) for parameter, name in names.items()]

    def parameters(self) -> list[Value]:
        """Every parameter, in a fixed order: row by row, array by array."""
        arrays = [_values(array) for _, array in self.named_arrays()]
        return list(dict.fromkeys(itertools.chain.from_iterable(arrays)))

    def zero_grad(self) -> None:
        """Forget the gradient of every parameter."""
        with turn:
            for parameter in self.parameters():
                parameter.zero_grad()

    def state_dict(self) -> dict[str, npt.NDArray[np.float64]]:
        """A copy of the parameters by name, as float64 arrays."""
        with turn:
            return {
                name: np.reshape(floats_of(_values(array), "state_dict"), _shape(array))
                for name, array in self.named_arrays()
            }

    def load_state_dict(self, state: Mapping[str, npt.ArrayLike]) -> None:
        """Set the parameters to those of a `state_dict()` of a module like this one.

        KeyError for a name that is missing or unknown, ValueError for a wrong shape or
        a number that is not finite; then no parameter has changed.
        """
        arrays = dict(self.named_arrays())
        if arrays.keys() != state.keys():
            raise KeyError(
                f"load_state_dict: the state lacks "
                f"{sorted(arrays.keys() - state.keys())} and has the unknown names "
                f"{sorted(state.keys() - arrays.keys())}. Load it into a module built "
                f"like the one that it was taken from."
            )
        given = {name: np.asarray(state[name], dtype=np.float64) for name in arrays}
        for name, array in arrays.items():
            if given[name].shape != _shape(array):
                raise ValueError(
                    f"load_state_dict: {name} has the shape {given[name].shape}, and "
                    f"the module needs {_shape(array)}."
                )
            if not np.isfinite(given[name]).all():
                raise ValueError(
                    f"load_state_dict: {name} holds numbers that are not finite."
                )
        with turn:
            for name, array in arrays.items():
                set_numbers(_values(array), given[name].ravel().tolist())


def description(module: Module) -> dict[str, Any]:
    """A module as JSON can hold it: the name of its class, and its settings."""
    return {"class": type(module).__name__, "settings": module.settings()}


def _settings_of(
    kind: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> dict[str, Any] | None:
    """What `Module.settings` returns for kind(*args, **kwargs)."""
    signature = _signature(kind)
    if any(taken.kind in VARIADIC for taken in signature.parameters.values()):
        return None
    try:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        given = bound.arguments.items()
        return {name: _plain(thing) for name, thing in given if name != "seed"}
    except TypeError:  # where that is a mistake, __init__ will say so
        return None


@lru_cache
def _signature(kind: Any) -> inspect.Signature:
    """The arguments that a class takes: looking them up takes as long as a neuron."""
    return inspect.signature(kind)


def _plain(thing: Any) -> Any:
    """An argument as JSON can hold it. TypeError for what it cannot."""
    if isinstance(thing, np.generic):
        thing = thing.item()
    if thing is None or isinstance(thing, (bool, int, float, str)):
        return thing
    if isinstance(thing, Module):
        return description(thing)
    if isinstance(thing, (list, tuple)):
        return [_plain(part) for part in thing]
    if isinstance(thing, np.ndarray) and thing.dtype != object:
        return thing.tolist()
    raise TypeError(f"JSON cannot hold {thing!r}")


def _arrays_in(things: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Array]]:
    """Every parameter or array of parameters among named things, and in their parts."""
    for name, thing in things.items():
        path = f"{prefix}{name}"
        if isinstance(thing, np.ndarray) and thing.dtype == object:
            thing = thing.tolist()
        if isinstance(thing, Module):
            for inner, array in thing.named_arrays():
                yield f"{path}.{inner}", array
        elif _is_array(thing):
            yield path, thing
        elif isinstance(thing, (list, tuple, dict)):
            pairs = thing.items() if isinstance(thing, dict) else enumerate(thing)
            parts = {str(key): part for key, part in pairs}
            yield from _arrays_in(parts, f"{path}.")


def _is_array(thing: Any) -> bool:
    """Whether a thing is a Value, or lists of them that are not ragged."""
    if isinstance(thing, Value):
        return True
    if not isinstance(thing, (list, tuple)) or not thing:
        return False
    return all(map(_is_array, thing)) and len({_shape(part) for part in thing}) == 1


def _shape(array: Array) -> tuple[int, ...]:
    """The lengths of the lists, from the outside in."""
    return () if isinstance(array, Value) else (len(array), *_shape(array[0]))


def _elements(array: Array) -> Iterator[tuple[tuple[int, ...], Value]]:
    """Every Value with its place, row by row."""
    if isinstance(array, Value):
        yield (), array
    else:
        for i, part in enumerate(array):
            for place, value in _elements(part):
                yield (i, *place), value


def _values(array: Array) -> list[Value]:
    """Every Value, row by row."""
    if isinstance(array, Value):
        return [array]
    return [value for part in array for value in _values(part)]


def _subscript(place: tuple[int, ...]) -> str:
    return str(list(place)) if place else ""
