"""Array operations as plain data, and the rules of the table as lists of them.

A `Step` says what is computed from which arrays into which; who runs it is told
elsewhere: by calls of NumPy (`run_numpy`) or natively (`run_native`). Called on arrays,
a rule allocates an array for each of its operations. Called once on placeholders
instead, it is recorded as a list of steps; the buffers are then allocated once, and
each run writes into them. NumPy's own protocol does the recording: a ufunc that meets a
placeholder asks it what to do.

    >>> import numpy as np
    >>> from autograd.compiler.run_numpy import call
    >>> a = np.array([0.0, 4.0])
    >>> steps, result = recorded(lambda xp, a: xp.sqrt(a) + 1.0, [a])
    >>> a[:] = 9.0
    >>> for step in steps:
    ...     _ = call(step)()
    >>> result.tolist()
    [4.0, 4.0]
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from autograd.compiler.arrays import Arrays, Stack

Array: TypeAlias = npt.NDArray[Any]

Known: TypeAlias = dict[tuple[Any, ...], Array]
"""What was computed already, by operation and inputs, and where it is."""


class Kind(Enum):
    """What a step does with its `function`, `inputs` and `rows`."""

    MAP = "out = function(*inputs), number by number"
    OBJECTS = "the same, by a function of Python's numbers"
    CHOOSE = "out = the second input where the first is true, else the third"
    REDUCE = "out = function over the first axis of the input; sums begin at 0"
    SEGMENTS = "out[i] = function over input[rows[i] : rows[i + 1]]"
    PRODUCT = "out = the first matrix times the second"
    GATHER = "out[i] = input[rows[i]]"
    PUT = "out[rows[i]] = input[i]"
    ADD = "out[rows[i]] += input[i]; no row is there twice"


class Step(NamedTuple):
    """One array operation: where it reads, and the buffer that it writes."""

    kind: Kind
    function: Any
    inputs: tuple[Any, ...]
    out: Array
    rows: Any = None


def copy(out: Array, source: Any) -> Step:
    """The step that copies, and broadcasts."""
    return Step(Kind.MAP, np.positive, (np.asarray(source, out.dtype),), out)


def product(left: Array, right: Array, out: Array) -> Step:
    """The step that multiplies two matrices.

    What it computes is not finite where a number of either matrix is not.
    """
    if left.shape[1] == 1:  # BLAS takes longer, and passes over zeros
        return Step(Kind.MAP, np.multiply, (left, right), out)
    return Step(Kind.PRODUCT, np.matmul, (left, right), out)


def recorded(
    rule: Callable[..., Any],
    arguments: Sequence[Any],
    known: Known | None = None,
    out: Array | None = None,
    keep: bool = True,
) -> tuple[list[Step], Any]:
    """The steps that compute rule(arithmetic, *arguments), and where the result is.

    An argument is an array, a `Stack` of them, or a number. Where nothing has to be
    computed the result is one of the arguments, or a plain number. What is `known` is
    used and not computed again. With an `out` the result is written there if it has its
    size. The steps become known where they are to be kept: rules that use them have to
    run later, on arrays that do not change, and live, in between.
    """
    recorder = _Recorder({} if known is None else known)
    with np.errstate(all="ignore"):
        result = rule(Arrays, *map(recorder.placeholder, arguments))
    if not isinstance(result, Placeholder):
        return [], result
    needed = {id(result.array)}
    kept: list[tuple[tuple[Any, ...], Step]] = []
    for key, step in reversed(recorder.steps):
        if id(step.out) in needed:
            needed.update(map(id, step.inputs))
            kept.append((key, step))
    kept.reverse()
    array = result.array
    last = kept[-1] if kept else None
    if last and out is not None and last[1].out is array and array.size == out.size:
        kept[-1] = last[0], last[1]._replace(out=out.reshape(array.shape))
        array = kept[-1][1].out
    if known is not None:
        known.update({key: step.out for key, step in (kept if keep else kept[:-1])})
    return [step for _, step in kept], array


class _Recorder:
    """The steps so far, each under the operation and the inputs that identify it."""

    def __init__(self, known: Known) -> None:
        self.steps: list[tuple[tuple[Any, ...], Step]] = []
        self.known = ChainMap[tuple[Any, ...], Array]({}, known)
        self.dtype: Any = np.float64

    def placeholder(self, argument: Any) -> Any:
        """A stand-in for an array, or for a stack; a number as it is."""
        if isinstance(argument, Stack):
            return Stack(self.placeholder(argument.whole))
        if not isinstance(argument, np.ndarray):
            return argument
        self.dtype = argument.dtype
        return Placeholder(self, argument)

    def record(self, kind: Kind, function: Any, inputs: Sequence[Any]) -> Placeholder:
        """Add a step; its first run makes the buffer that later ones write into."""
        arrays = [i.array if isinstance(i, Placeholder) else i for i in inputs]
        names = [_place(a) if isinstance(a, np.ndarray) else repr(a) for a in arrays]
        key = (kind, function, *names)
        if key not in self.known:
            # A number is read faster where it is an array already, and of this type.
            arrays = [
                np.array(a, None if isinstance(a, bool) else self.dtype)
                if isinstance(a, (int, float))
                else a
                for a in arrays
            ]
            result = self._first_run(kind, function, arrays)
            self.steps.append((key, Step(kind, function, tuple(arrays), result)))
            self.known[key] = result
        return Placeholder(self, self.known[key])

    def _first_run(self, kind: Kind, function: Any, arrays: Sequence[Any]) -> Array:
        """What the step computes on what is in the arrays now."""
        if kind is Kind.REDUCE:
            return np.asarray(function.reduce(arrays[0], axis=0))
        if kind is Kind.CHOOSE:
            return np.asarray(np.where(*arrays))
        if kind is Kind.OBJECTS:
            return np.empty(np.broadcast_shapes(*map(np.shape, arrays)), self.dtype)
        return np.asarray(function(*arrays))


def _place(array: Array) -> tuple[Any, ...]:
    """Where an array lies in memory: what is there as long as it lives."""
    strides = zip(array.shape, array.strides, strict=True)
    steps = [stride if length > 1 else 0 for length, stride in strides]
    return (array.__array_interface__["data"][0], array.shape, *steps)


class Placeholder(np.lib.mixins.NDArrayOperatorsMixin):
    """An array that a step will have computed."""

    def __init__(self, recorder: _Recorder, array: Array) -> None:
        self.recorder = recorder
        self.array = array
        self.dtype = array.dtype
        self.ndim = array.ndim

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any
    ) -> Placeholder:
        if method == "reduce":
            assert options == {"axis": 0}
            return self.recorder.record(Kind.REDUCE, ufunc, inputs)
        assert method == "__call__"
        assert not options
        # A function of Python's numbers gives objects, which `astype` makes floats.
        objects = getattr(ufunc, "types", None) == [f"{'O' * ufunc.nin}->O"]
        kind = Kind.OBJECTS if objects else Kind.MAP
        return self.recorder.record(kind, ufunc, inputs)

    def __array_function__(
        self, function: Any, types: Any, inputs: Sequence[Any], options: Any
    ) -> Any:
        assert function is np.where
        if isinstance(inputs[0], bool):  # of a plain number
            return inputs[1] if inputs[0] else inputs[2]
        return self.recorder.record(Kind.CHOOSE, np.where, inputs)

    def __getitem__(self, place: Any) -> Placeholder:
        return Placeholder(self.recorder, self.array[place])

    def __len__(self) -> int:
        return len(self.array)

    def astype(self, dtype: npt.DTypeLike) -> Placeholder:
        """The array as it is: its buffer is of the type of its operands."""
        assert np.dtype(dtype) == self.recorder.dtype
        return self
