"""A Python function of numbers, compiled: its value and its gradient.

>>> from autograd import exp
>>> f = CompiledFunction(lambda x: x[0] * exp(x[1]), n_inputs=2)
>>> f([3.0, 0.0])
3.0
>>> f.grad([3.0, 0.0])
array([1., 3.])
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.compiler import compile
from autograd.modes import tracing
from autograd.value import Value

Vector = npt.NDArray[np.float64]


class CompiledFunction:
    """What `autograd.compile_function` returns; see there."""

    def __init__(
        self,
        f: Callable[[list[Value]], Any],
        n_inputs: int,
        at: Sequence[float] | None = None,
    ) -> None:
        if isinstance(n_inputs, bool) or not isinstance(n_inputs, int) or n_inputs < 1:
            raise ValueError(
                f"n_inputs must be a whole number from 1 up, not {n_inputs!r}"
            )
        # Any point will do where f is defined; these are positive, and all different.
        point = [(i + 1.0) / (n_inputs + 1.0) for i in range(n_inputs)]
        if at is not None:
            point = [float(number) for number in at]
            if len(point) != n_inputs:
                raise ValueError(
                    f"at has {len(point)} numbers, and n_inputs {n_inputs}"
                )
        leaves = [Value(number) for number in point]
        try:
            with tracing():
                root = f(leaves)
        except (ArithmeticError, ValueError) as error:
            raise ValueError(
                f"compile_function: f cannot be recorded at the point that was tried: "
                f"{error} Name one where f is defined: "
                f"compile_function(f, n, at=[...])."
            ) from error
        except IndexError as error:
            raise IndexError(
                f"compile_function: f asks for more than the {n_inputs} numbers of "
                f"n_inputs: {error}."
            ) from error
        if not isinstance(root, Value):
            raise TypeError(
                f"compile_function: f must return one Value, not "
                f"{type(root).__name__}. For several outputs use jacobian, or compile."
            )
        self.n_inputs = n_inputs
        self.program = compile([root], parameters=leaves)

    def __call__(self, x: npt.ArrayLike) -> float:
        """The value of f at x, (n_inputs,)."""
        self.program.parameters[:] = self._point(x)
        return float(self.program()[0, 0])

    def grad(self, x: npt.ArrayLike) -> Vector:
        """The gradient of f at x, (n_inputs,), as a new array (n_inputs,)."""
        return self.value_and_grad(x)[1]

    def value_and_grad(self, x: npt.ArrayLike) -> tuple[float, Vector]:
        """The value and the gradient of f at x, (n_inputs,)."""
        self.program.parameters[:] = self._point(x)
        return self.program.value_and_grad()

    def __str__(self) -> str:
        return str(self.program)

    def _point(self, x: npt.ArrayLike) -> Vector:
        """A point as an array of finite numbers, of the right length."""
        point = np.asarray(x, dtype=np.float64)
        if point.shape != (self.n_inputs,):
            raise ValueError(
                f"x must be an array of the shape ({self.n_inputs},), not {point.shape}"
            )
        if not np.isfinite(point).all():
            raise ValueError(f"x[{np.argmin(np.isfinite(point))}] is not finite")
        return point
