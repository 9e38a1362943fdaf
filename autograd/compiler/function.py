"""A Python function of numbers, compiled: its values and its derivatives.

>>> from autograd import compile_function, exp
>>> f = compile_function(lambda x: x[0] * exp(x[1]), n_inputs=2)
>>> f([3.0, 0.0])
3.0
>>> f.grad([3.0, 0.0])
array([1., 3.])
>>> f.hessian([3.0, 0.0])
array([[0., 1.],
       [1., 3.]])
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd import functional
from autograd.apply import evaluate, operand
from autograd.compiler import storage
from autograd.compiler.derivatives import Derivatives
from autograd.compiler.errors import NumericalError
from autograd.compiler.executable import Executable
from autograd.compiler.tape import Tape
from autograd.errors import for_optimizers
from autograd.interop import ValueArray
from autograd.trees import as_array
from autograd.value import Value

Array = npt.NDArray[np.float64]

NO_INPUTS, NO_PARAMETERS = np.empty((1, 0)), np.empty(0)


class CompiledFunction(storage.Saved):
    """What `autograd.compile_function` returns: a function and its derivatives.

    All take a point x, (n_inputs,), or a batch of points, (batch, n_inputs), of which
    the results stand along a first axis; they are new arrays of float64. Where x holds
    Values the results are Values: what was recorded is computed again on them, so that
    they can be differentiated in turn, and errors are those of eager mode. For their
    derivatives, but `hvp`, `on_domain_error` holds as for `autograd.grad`: NaN is no
    Value, so that what is differentiated in turn has to say it, too. Threads may share
    a function.

    ValueError for an x of another shape or that is not finite. NumericalError, a
    FloatingPointError, where an operation is not defined or overflows, and where a
    derivative does not exist; or what `on_domain_error` says.

    It can be pickled, copied, sent to other processes and saved: see `save`.
    """

    def __init__(
        self, recorded: Tape, shape: tuple[int, ...], on_domain_error: str = "raise"
    ) -> None:
        n = recorded.n_inputs
        self.n_inputs = n
        self.shape = shape
        self.on_domain_error = on_domain_error
        self._fill = functional.stand_in("compile_function", on_domain_error)
        self._recorded = recorded
        # At one point the numbers are parameters, the same for all directions. In a
        # batch they are inputs, which differ from row to row.
        point = replace(recorded, n_inputs=0, n_parameters=n)
        self._run = Executable(point)
        self._at_point = Derivatives(point, range(n))
        self._in_batch = Derivatives(recorded, range(n))

    def __call__(self, x: npt.ArrayLike) -> Any:
        """The value of f at x: a float, or an array of the shape of its result.

        Of a batch (batch, n_inputs) it is (batch,), or (batch, *shape).
        """
        at = self._point(x)
        if at.dtype == object:
            return _of_values(self._replay, at)
        try:
            if at.ndim == 1:
                found = self._run.outputs(NO_INPUTS, at, 1, self._fill)[0]
                return found.reshape(self.shape) if self.shape else float(found[0])
            found = self._in_batch.outputs(at, NO_PARAMETERS, self._fill)
        except NumericalError as error:
            raise self._refused(error) from None
        return found.reshape(len(at), *self.shape)

    def grad(self, x: npt.ArrayLike) -> Any:
        """The gradient at x, (n_inputs,); of a batch (batch, n_inputs).

        TypeError where f returns several numbers: see `jacobian`.
        """
        return self.value_and_grad(x)[1]

    def value_and_grad(self, x: npt.ArrayLike) -> tuple[Any, Any]:
        """The value at x and the gradient, as scipy.optimize.minimize(jac=True) wants.

        A float and (n_inputs,); of a batch (batch,) and (batch, n_inputs).
        """
        self._check_scalar("value_and_grad")
        at = self._point(x)
        if at.dtype == object:
            both = self._of_replay(functional.value_and_grad)
            if at.ndim == 1:
                value, slopes = both(at)
                return value, slopes
            values, rows = zip(*map(both, at), strict=True)
            return _stacked(values), _stacked(rows)
        try:
            if at.ndim == 1:
                return self._run.value_and_grad(NO_INPUTS, at)
            if self._fill is None:
                return self._in_batch.value_and_gradient(at, NO_PARAMETERS)
        except NumericalError as error:
            if self._fill is None:
                raise self._refused(error) from None
            return self(at), np.full(self.n_inputs, self._fill)
        _, slopes = self._in_batch.value_and_gradient(at, NO_PARAMETERS, self._fill)
        return self(at), slopes  # a value may exist where its derivative does not

    def jacobian(self, x: npt.ArrayLike) -> Any:
        """All derivatives of all results at x: (n_outputs, n_inputs).

        That is (*shape, n_inputs) for a result of any shape, such as (n_inputs,) for
        one number; of a batch (batch, *shape, n_inputs). It costs as much as f in as
        many directions as f has results, or inputs, whichever are fewer.
        """
        at = self._point(x)
        if at.dtype == object:
            return _of_values(self._of_replay(functional.jacobian), at)
        try:
            found = self._derivatives(at).jacobian(*self._split(at), self._fill)
        except NumericalError as error:
            raise self._refused(error) from None
        n = len(at) if at.ndim == 2 else 1
        found = found.reshape(n, *self.shape, self.n_inputs)
        return found if at.ndim == 2 else found[0]

    def hessian(self, x: npt.ArrayLike) -> Any:
        """All second derivatives at x, (n_inputs, n_inputs); symmetric to the last bit.

        Of a batch (batch, n_inputs, n_inputs). TypeError where f returns several
        numbers. It costs n_inputs times `hvp`.
        """
        self._check_scalar("hessian")
        at = self._point(x)
        if at.dtype == object:
            return _of_values(self._of_replay(functional.hessian), at)
        try:
            found = self._derivatives(at).hessian(*self._split(at), self._fill)
        except NumericalError as error:
            raise self._refused(error) from None
        return found if at.ndim == 2 else found[0]

    def hvp(self, x: npt.ArrayLike, v: npt.ArrayLike) -> Any:
        """The Hessian at x times a vector v, (n_inputs,), as `hessp` of scipy's.

        In a batch v is (n_inputs,), for all points, or (batch, n_inputs). It costs a
        small multiple of f. TypeError where f returns several numbers.
        """
        self._check_scalar("hvp")
        at, along = self._point(x), self._numbers(v)
        if along.shape not in (at.shape, (self.n_inputs,)):
            raise ValueError(
                f"v must be an array of the shape {at.shape}, not {along.shape}"
            )
        along = np.broadcast_to(along, at.shape)
        if object in (at.dtype, along.dtype):
            return _of_values(
                lambda x, v: functional.hvp(self._replay, x, v), at, along
            )
        if not np.isfinite(along).all():
            raise ValueError("v must be finite: a direction to differentiate along.")
        batch, parameters = self._split(at)
        vectors = along.reshape(len(batch), -1)
        try:
            found = self._derivatives(at).hvp(batch, vectors, parameters, self._fill)
        except NumericalError as error:
            raise self._refused(error) from None
        return found if at.ndim == 2 else found[0]

    @classmethod
    def from_content(cls, content: storage.Content) -> CompiledFunction:
        """The function that was saved or pickled as this."""
        shape = tuple(content.more["shape"].tolist())
        (on_domain_error,) = content.more["on_domain_error"]
        tape = content.tape
        if math.prod(shape) != len(tape.outputs) or tape.n_parameters:
            raise ValueError("its outputs are not as many as there should be")
        return cls(tape, shape, str(on_domain_error))

    def content(self) -> storage.Content:
        """What there is to save: the tape, and the shape of its result."""
        more = {
            "shape": np.array(self.shape, np.int64),
            "on_domain_error": np.array([self.on_domain_error]),
        }
        return storage.Content("CompiledFunction", self._recorded, more)

    def __str__(self) -> str:
        return str(self._run)

    def _replay(self, x: Any) -> Any:
        """What was recorded, computed again on Values."""
        outputs = on_values(self._recorded, [*x])
        return as_array(outputs, self.shape) if self.shape else outputs[0]

    def _of_replay(self, transform: Callable[..., Any]) -> Callable[..., Any]:
        """A derivative of what was recorded, by Values, such as `functional.grad`."""
        derived: Callable[..., Any] = transform(
            self._replay, on_domain_error=self.on_domain_error
        )
        return derived

    def _derivatives(self, at: Array) -> Derivatives:
        return self._at_point if at.ndim == 1 else self._in_batch

    def _split(self, at: Array) -> tuple[Array, Array]:
        """A batch and parameters, of which one is the point, or the points."""
        return (NO_INPUTS, at) if at.ndim == 1 else (at, NO_PARAMETERS)

    def _refused(self, error: NumericalError) -> NumericalError:
        """The error, with what an optimizer needs."""
        return NumericalError(f"{error} {for_optimizers('compile_function')}")

    def _check_scalar(self, name: str) -> None:
        if self.shape:
            raise TypeError(
                f"{name}: f must return one number, not an array of the shape "
                f"{self.shape}. Use jacobian for the derivatives of several."
            )

    def _numbers(self, x: Any) -> Any:
        """An array of floats, or of objects where there are Values."""
        if type(x) is np.ndarray and x.dtype == np.float64:
            return x
        if isinstance(x, np.ma.MaskedArray) and x.mask.any():
            raise ValueError("x is masked. Leave masked points out.")
        objects = np.asarray(x, dtype=object)
        if any(isinstance(each, Value) for each in objects.flat):
            return objects.view(ValueArray)
        if np.iscomplexobj(x):
            raise TypeError("x must be an array of real numbers: this is complex")
        return np.asarray(x, dtype=np.float64)

    def _point(self, x: Any) -> Any:
        """A point or a batch of points, of the right shape and finite."""
        at = self._numbers(x)
        n = self.n_inputs
        if at.ndim not in (1, 2) or at.shape[-1] != n or not len(at):
            raise ValueError(
                f"x must be an array of the shape ({n},), or a batch of the shape "
                f"(batch, {n}), not {at.shape}"
            )
        if at.dtype != object and self._fill is None and not np.isfinite(at).all():
            place = np.argwhere(~np.isfinite(at))[0].tolist()
            raise ValueError(f"x[{', '.join(map(str, place))}] is not finite")
        return at


def on_values(tape: Tape, inputs: Sequence[Any]) -> list[Any]:
    """The outputs of a tape of inputs, recorded where an operand is a Value."""
    values = [*inputs, *tape.constants.tolist()]
    for op, args in tape.instructions():
        parents = tuple([operand(values[i], op.name) for i in args])
        values.append(parents[0].detach() if op.stops else evaluate(op, parents))
    return [operand(values[i], "compile_function") for i in tape.outputs.tolist()]


def _of_values(f: Callable[..., Any], *points: Any) -> Any:
    """A function of Values at a point, or at each point of a batch."""
    if points[0].ndim == 1:
        return f(*points)
    return _stacked([f(*each) for each in zip(*points, strict=True)])


def _stacked(results: Sequence[Any]) -> Any:
    """The results at the points of a batch, along a first axis."""
    rows = [np.asarray(each, dtype=object) for each in results]
    return np.stack(rows).view(ValueArray)
