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
    ...     _ = step()
    >>> result.tolist()
    [4.0, 4.0]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from autograd.compiler.arrays import Arrays

Array = npt.NDArray[Any]


Step: TypeAlias = "partial[Any]"
"""One array operation, with its arguments and the buffer it writes into."""


Computed: TypeAlias = dict[tuple[Any, ...], Array]
"""What was computed already, by operation and inputs, and where it is."""


def kernel(
    rule: Callable[..., Any],
    arguments: Sequence[Any],
    computed: Computed | None = None,
    out: Array | None = None,
) -> tuple[list[Step], Any]:
    """The steps that compute rule(arithmetic, *arguments), and where the result is.

    An argument is an array, or a list of arrays. Where nothing has to be computed the
    result is one of the arguments, or a plain number. What is in `computed` is used and
    not computed again. With an `out` the result is written there if it has its shape,
    and the steps are added to `computed`: it is to be given only to kernels that run
    before those that use them, on arrays that do not change in between.
    """
    recorder = _Recorder({} if computed is None else computed)
    with np.errstate(all="ignore"):
        result = rule(Recording, *map(recorder.placeholder, arguments))
    if not isinstance(result, Placeholder):
        return [], result
    needed = {id(result.array)}
    kept = []
    for key, step in reversed(recorder.steps):
        if id(step.keywords["out"]) in needed:
            needed.update(map(id, step.args))
            kept.append((key, step))
    kept.reverse()
    array = result.array
    if out is not None and kept and array.shape == out.shape:
        key, last = kept[-1]
        kept[-1] = key, into(last, out)
        array = out
    if out is not None and computed is not None:
        computed.update({key: step.keywords["out"] for key, step in kept})
    return [step for _, step in kept], array


def into(step: Step, out: Array) -> Step:
    """A step with another array to write into."""
    return partial(step.func, *step.args, **{**step.keywords, "out": out})


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

    def __init__(self, computed: Computed) -> None:
        self.steps: list[tuple[tuple[Any, ...], Step]] = []
        self.computed = dict(computed)
        self.negated: dict[int, Placeholder] = {}

    def placeholder(self, argument: Any) -> Any:
        """A stand-in for an array, or for each array of a list."""
        if isinstance(argument, np.ndarray):
            return Placeholder(self, argument)
        return [Placeholder(self, array) for array in argument]

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
            result = np.asarray(function(*arrays, **options))
            self.steps.append((key, partial(function, *arrays, out=result, **options)))
            self.computed[key] = result
        return Placeholder(self, self.computed[key])


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
        result = self.recorder.record(getattr(ufunc, method), inputs, options)
        if ufunc is np.negative:
            negated[id(result.array)] = self
        return result

    def __array_function__(
        self, function: Any, types: Any, inputs: Sequence[Any], options: Any
    ) -> Placeholder:
        assert function is np.where
        return self.recorder.record(_where, inputs, options)

    def astype(self, dtype: npt.DTypeLike) -> Placeholder:
        """The array converted to another type."""
        return self.recorder.record(_convert, [self], {"dtype": dtype})


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
