"""Optimisers: how a gradient moves the parameters.

Each keeps its state in flat NumPy arrays, (n_parameters,), so that one rule serves a
list of Values and a compiled program's array of parameters alike.

    >>> from autograd import Value
    >>> w = Value(1.0)
    >>> optimizer = SGD([w], learning_rate=0.1)
    >>> (w * w).backward()
    >>> optimizer.step()
    >>> w.data
    0.8
"""

from __future__ import annotations

import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable
from numbers import Real
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from autograd import Value

Vector: TypeAlias = npt.NDArray[np.float64]


class Optimizer(ABC):
    """The base class: a subclass says in `update` what one step does to the vector."""

    def __init__(self, parameters: Iterable[Value], learning_rate: float) -> None:
        if not isinstance(parameters, Iterable):
            raise TypeError(
                f"an optimizer's parameters are a list of Values: model.parameters(), "
                f"not {parameters!r}"
            )
        self.parameters = list(parameters)
        if not self.parameters:
            raise ValueError("an optimizer needs parameters: model.parameters()")
        if not all(isinstance(parameter, Value) for parameter in self.parameters):
            raise TypeError("an optimizer's parameters are Values: model.parameters()")
        if len(set(self.parameters)) != len(self.parameters):
            raise ValueError("an optimizer's parameters must all be different Values")
        _check("learning_rate", learning_rate, 0.0, math.inf)
        self.learning_rate = learning_rate
        self.steps = 0
        # Arrays of the size of the parameters are allocated once: the system hands out
        # large ones page by page, which takes longer than the arithmetic.
        self._saved: list[Vector] = []
        self._scratch: Vector = np.empty(0)

    @abstractmethod
    def update(self, parameters: Vector, gradient: Vector) -> None:
        """Move the parameters, (n_parameters,), in place by one step."""

    def step(self) -> None:
        """Move every parameter by its gradient, `grad`; see `apply`."""
        vector = np.array([parameter.data for parameter in self.parameters])
        self.apply(vector, np.array([parameter.grad for parameter in self.parameters]))
        for parameter, number in zip(self.parameters, vector.tolist(), strict=True):
            parameter.data = number

    def apply(self, vector: Vector, gradient: Vector) -> None:
        """Move a vector of the parameters, (n_parameters,), in place by one step.

        OverflowError where a parameter, or what the optimiser remembers, would stop
        being finite; then all is as it was before the step.
        """
        state = [
            thing
            for name, thing in vars(self).items()
            if isinstance(thing, np.ndarray) and not name.startswith("_")
        ]
        arrays = [vector, *state]
        if not self._saved:
            self._saved = [np.empty_like(array) for array in arrays]
            self._scratch = np.empty_like(vector)
        for kept, array in zip(self._saved, arrays, strict=True):
            np.copyto(kept, array)
        steps = self.steps
        with np.errstate(over="ignore", invalid="ignore"):
            self.steps += 1
            self.update(vector, gradient)
            # A sum is not finite if a term is not; if only the sum is not, look closer.
            sums = [array.sum() for array in arrays]
        if not (np.isfinite(sums).all() or all(np.isfinite(a).all() for a in arrays)):
            self.steps = steps
            for kept, array in zip(self._saved, arrays, strict=True):
                np.copyto(array, kept)
            raise OverflowError(
                f"{type(self).__name__}: a number would no longer be finite after this "
                f"step; the largest gradient is {np.abs(gradient).max():.3g}. Use a "
                f"smaller learning_rate than {self.learning_rate}, or scale the loss "
                f"down. No parameter was changed."
            )

    def zero_grad(self) -> None:
        """Forget the gradient of every parameter."""
        for parameter in self.parameters:
            parameter.zero_grad()


class SGD(Optimizer):
    """Gradient descent, with momentum on request.

    v ← momentum · v + g, then w ← w - learning_rate · v (Polyak 1964, in the form of
    Sutskever et al. 2013 that PyTorch uses, where the learning rate multiplies v).
    Without momentum, v is the gradient g.
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float = 0.01,
        momentum: float = 0.0,
    ) -> None:
        super().__init__(parameters, learning_rate)
        _check("momentum", momentum, 0.0, 1.0)
        self.momentum = momentum
        self.velocity = np.zeros(len(self.parameters))

    def update(self, parameters: Vector, gradient: Vector) -> None:
        """Move the parameters, (n_parameters,), in place by one step."""
        self.velocity *= self.momentum
        self.velocity += gradient
        parameters -= np.multiply(self.velocity, self.learning_rate, out=self._scratch)


class Adam(Optimizer):
    """Adam (Kingma & Ba 2015, algorithm 1): steps scaled by the gradient's own size.

    m and v are running means of g and g²; divided by 1 - βᵗ they are unbiased, and
    w ← w - learning_rate · m̂ / (√v̂ + epsilon).
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
    ) -> None:
        super().__init__(parameters, learning_rate)
        if len(betas) != 2:
            raise ValueError(f"betas must be two numbers, not {betas!r}")
        for i, beta in enumerate(betas):
            _check(f"betas[{i}]", beta, 0.0, 1.0)
        _check("epsilon", epsilon, sys.float_info.min, math.inf)
        self.betas = betas
        self.epsilon = epsilon
        self.mean = np.zeros(len(self.parameters))
        self.mean_square = np.zeros(len(self.parameters))

    def update(self, parameters: Vector, gradient: Vector) -> None:
        """Move the parameters, (n_parameters,), in place by one step."""
        beta1, beta2 = self.betas
        change = np.subtract(gradient, self.mean, out=self._scratch)
        change *= 1.0 - beta1
        self.mean += change
        np.multiply(gradient, gradient, out=change)
        change -= self.mean_square
        change *= 1.0 - beta2
        self.mean_square += change
        size = np.divide(self.mean_square, 1.0 - beta2**self.steps, out=change)
        np.sqrt(size, out=size)
        size += self.epsilon
        step = np.divide(self.mean, size, out=size)
        step *= self.learning_rate / (1.0 - beta1**self.steps)
        parameters -= step


def _check(name: str, number: float, low: float, high: float) -> None:
    """Refuse a setting outside [low, high)."""
    if not (isinstance(number, Real) and low <= number < high):
        raise ValueError(f"{name} must be in [{low}, {high}), not {number!r}")
