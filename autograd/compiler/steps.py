"""A rule of the table as a list of array operations with their buffers.

Called on arrays, a rule allocates an array for each of its operations. Called once on
placeholders instead, it is recorded as a list of steps; the buffers are then allocated
once, and each run writes into them. NumPy's own protocol does the recording: a ufunc
that meets a placeholder asks it what to do.

    >>> import numpy as np
    >>> a = np.array([0.0, 4.0])
    >>> steps, result = kernel(lambda xp, a: xp.sqrt(a) + 1.0, [a])
    >>> a[:] = 9.0
    >>> for step in steps:
    ...     _ = step.call()()
    >>> result.tolist()
    [4.0, 4.0]
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from autograd.compiler.arrays import Arrays

Array = npt.NDArray[Any]

Call: TypeAlias = "partial[Any]"
"""A function of no arguments: one array operation, with its buffers."""

Computed: TypeAlias = dict[tuple[Any, ...], Array]
"""What was computed already, by operation and inputs, and where it is."""


EXTREMES = (np.maximum, np.minimum)


class Step(NamedTuple):
    """One array operation, with its arguments and the buffer it writes into."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    options: dict[str, Any]
    out: Array

    def call(self) -> Call:
        """The cheapest call that does it.

        On a few hundred numbers most of the time is NumPy's own work around the
        operation; buffers given by position take half as much of it as by name.
        """
        # The extremes of two arrays take their buffer by name only.
        if isinstance(self.function, np.ufunc) and self.function not in EXTREMES:
            return partial(self.function, *self.args, self.out)
        if "axis" not in self.options:
            return partial(self.function, *self.args, out=self.out, **self.options)
        (stack,) = self.args
        fits = stack.flags.c_contiguous and stack.dtype == self.out.dtype
        if self.function == np.add.reduce and fits:
            flat = stack.reshape(len(stack), -1)
            ones = np.ones(len(stack), stack.dtype)
            return partial(np.dot, ones, flat, self.out.reshape(-1))
        return partial(self.function, stack, self.options["axis"], None, self.out)


def product(left: Array, right: Array, out: Array) -> Call:
    """The cheapest call that multiplies two matrices.

    What it computes is not finite where a number of either matrix is not.
    """
    if left.shape[1] == 1:  # BLAS takes longer, and passes over zeros
        return partial(np.multiply, left, right, out)
    whole = all(a.flags.c_contiguous or a.flags.f_contiguous for a in (left, right))
    # np.dot has less to do around the product, but copies what is not in one piece.
    if whole and out.flags.c_contiguous:
        return partial(np.dot, left, right, out)
    return partial(np.matmul, left, right, out)


def kernel(
    rule: Callable[..., Any],
    arguments: Sequence[Any],
    computed: Computed | None = None,
    out: Array | None = None,
    constant: Collection[int] = (),
) -> tuple[list[Step], Any]:
    """The steps that compute rule(arithmetic, *arguments), and where the result is.

    An argument is an array, or a list of arrays. Where nothing has to be computed the
    result is one of the arguments, or a plain number. What is in `computed` is used and
    not computed again. With an `out` the result is written there if it has its size,
    and the steps are added to `computed`: it is to be given only to kernels that run
    before those that use them, on arrays that do not change in between. What depends
    only on the arrays whose id is in `constant` is computed now, once for all.
    """
    recorder = _Recorder({} if computed is None else computed, constant)
    with np.errstate(all="ignore"):
        result = rule(Recording, *map(recorder.placeholder, arguments))
    if not isinstance(result, Placeholder):
        return [], result
    needed = {id(result.array)}
    kept = []
    for key, step in reversed(recorder.steps):
        if id(step.out) in needed:
            needed.update(map(id, step.args))
            kept.append((key, step))
    kept.reverse()
    array = result.array
    if out is not None and kept and array.size == out.size:
        key, last = kept[-1]
        kept[-1] = key, last._replace(out=out.reshape(array.shape))
        array = out
    if out is not None and computed is not None:
        computed.update({key: step.out for key, step in kept})
        # Their ids stand in keys: they have to live as long as those.
        known = recorder.constant.values()
        computed.update({key: recorder.computed[key] for key in known if key})
    return [step for _, step in kept], array


class Recording(Arrays):
    """The arithmetic of placeholders: that of arrays, but for what it can reuse."""

    @staticmethod
    def sigmoid(a: Any) -> Any:
        """σ(a); and σ(-b) as exp(-b) σ(b), both of which σ(b) has computed."""
        b = a.recorder.negated.get(id(a.array))
        if b is None:
            return Arrays.sigmoid(a)
        return Arrays.bounded_exp(a) * Arrays.sigmoid(b)


class _Recorder:
    """The steps so far, each under the operation and the inputs that identify it."""

    def __init__(self, computed: Computed, constant: Collection[int]) -> None:
        self.steps: list[tuple[tuple[Any, ...], Step]] = []
        self.computed = ChainMap[tuple[Any, ...], Array]({}, computed)
        self.constant: dict[int, Any] = dict.fromkeys(constant)
        self.negated: dict[int, Placeholder] = {}

    def placeholder(self, argument: Any) -> Any:
        """A stand-in for an array, or for each array of a list."""
        if not isinstance(argument, np.ndarray):
            return [self.placeholder(array) for array in argument]
        self.dtype = argument.dtype
        return Placeholder(self, argument)

    def record(
        self, function: Callable[..., Any], inputs: Sequence[Any], options: Any
    ) -> Placeholder:
        """Add a step; its first run makes the buffer that later ones write into."""
        arrays = [i.array if isinstance(i, Placeholder) else i for i in inputs]
        key = (
            getattr(function, "__self__", function),
            function.__name__,
            *[id(a) if isinstance(a, np.ndarray) else repr(a) for a in arrays],
            *options.items(),
        )
        if key not in self.computed:
            # A number is read faster where it is an array already, and of this type.
            arrays = [
                np.array(a, self.dtype) if isinstance(a, float) else a for a in arrays
            ]
            result = np.asarray(function(*arrays, **options))
            if getattr(function, "types", None) == ["O->O"]:  # also for one number
                result = result.astype(object)
            if all(id(i.array) in self.constant for i in inputs if not _number(i)):
                self.constant[id(result)] = key
            else:
                self.steps.append((key, Step(function, tuple(arrays), options, result)))
            self.computed[key] = result
        return Placeholder(self, self.computed[key])

    def choose(self, condition: Any, a: Any, b: Any) -> Placeholder:
        """np.where; where the condition is known, what it chooses."""
        if id(condition.array) in self.constant:
            chosen = a if condition.array.all() else b
            known = condition.array.all() or not condition.array.any()
            shapes = [np.shape(i) if _number(i) else i.array.shape for i in (a, b)]
            shape = np.broadcast_shapes(condition.array.shape, *shapes)
            if known and not _number(chosen) and chosen.array.shape == shape:
                found: Placeholder = chosen
                return found
        return self.record(_where, (condition, a, b), {})


class Placeholder(np.lib.mixins.NDArrayOperatorsMixin):
    """An array that a step will have computed."""

    def __init__(self, recorder: _Recorder, array: Array) -> None:
        self.recorder = recorder
        self.array = array
        self.dtype = array.dtype

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any
    ) -> Placeholder:
        negated = self.recorder.negated
        if ufunc is np.negative and id(self.array) in negated:
            return negated[id(self.array)]  # -(-a) is a
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        result = self.recorder.record(function, inputs, options)
        if ufunc is np.negative:
            negated[id(result.array)] = self
        return result

    def __array_function__(
        self, function: Any, types: Any, inputs: Sequence[Any], options: Any
    ) -> Placeholder:
        assert function is np.where
        return self.recorder.choose(*inputs)

    def astype(self, dtype: npt.DTypeLike) -> Placeholder:
        """The array converted to another type."""
        return self.recorder.record(_convert, [self], {"dtype": dtype})


def _number(thing: Any) -> bool:
    return not isinstance(thing, Placeholder)


def _where(condition: Any, a: Any, b: Any, out: Any = None) -> Any:
    """np.where, into a buffer."""
    if out is None:
        return np.where(condition, a, b)
    np.copyto(out, b)
    np.copyto(out, a, where=condition)
    return out


def _convert(array: Array, dtype: npt.DTypeLike, out: Any = None) -> Any:
    """array.astype, into a buffer."""
    if out is None:
        out = np.empty(array.shape, dtype)
    np.copyto(out, array, casting="unsafe")
    return out
