"""Optimizers: how a gradient moves the parameters.

Each works on flat NumPy arrays, (n_parameters,), so that one rule serves a list of
Values and a compiled program's array of parameters alike. A step is all or nothing:
where a number would stop being finite it is refused, and nothing has changed.

    >>> from autograd import Value
    >>> w = Value(1.0)
    >>> optimizer = SGD([w], learning_rate=0.1)
    >>> (w * w).backward()
    >>> optimizer.step()
    >>> w.data
    0.8

`state_dict()` is what a checkpoint needs to go on to the last bit, and `settings()`
what it takes to build the same optimizer again:

    >>> again = optimizer_from(optimizer.settings(), [w])
    >>> again.load_state_dict(optimizer.state_dict())
    >>> again.steps
    1
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from autograd import Value
from nn.optimizer import Optimizer, Vector
from nn.schedules import (
    Rate,
    rebuild,
)


class SGD(Optimizer):
    """Gradient descent, with momentum on request.

    v ← momentum · v + g, then w ← w - learning_rate · v: Polyak 1964, in the form of
    Sutskever et al. 2013, eqs. 1 and 2, with PyTorch's scale, where the learning rate
    multiplies v. Without momentum, v is the gradient g. With `nesterov` it is
    w ← w - learning_rate · (g + momentum · v), which is eqs. 3 and 4 with w in the
    place where the gradient is taken.
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: Rate = 0.001,
        momentum: float = 0.0,
        *,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        clip_norm: float | None = None,
        clip_value: float | None = None,
    ) -> None:
        super().__init__(
            parameters,
            learning_rate,
            weight_decay=weight_decay,
            clip_norm=clip_norm,
            clip_value=clip_value,
        )
        self.momentum = self._checked("momentum", momentum, below=1.0)
        if not isinstance(nesterov, bool):
            raise TypeError(f"SGD: nesterov must be True or False, not {nesterov!r}")
        if nesterov and not self.momentum:
            raise ValueError("SGD: nesterov needs a momentum above 0, such as 0.9")
        self.nesterov = nesterov
        if self.momentum:
            self.remember("velocity")

    def update(self, parameters: Vector, gradient: Vector) -> None:
        """Move the parameters, (n_parameters,), in place by one step."""
        step = gradient
        if self.momentum:
            step = self._accumulate(self.momentum, gradient)
        if self.nesterov:
            step = np.multiply(step, self.momentum, self._scratch)
            step += gradient
        parameters -= np.multiply(step, self.learning_rate, self._scratch)


class RMSprop(Optimizer):
    """RMSprop (Tieleman & Hinton 2012, lecture 6.5): steps divided by the slope's size.

    s ← smoothing · s + (1 - smoothing) · g², then
    w ← w - learning_rate · g / (√s + epsilon). PyTorch calls the smoothing alpha. With
    momentum, v ← momentum · v + g / (√s + epsilon), then w ← w - learning_rate · v.
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: Rate = 0.01,
        smoothing: float = 0.99,
        epsilon: float = 1e-8,
        *,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        clip_norm: float | None = None,
        clip_value: float | None = None,
    ) -> None:
        super().__init__(
            parameters,
            learning_rate,
            weight_decay=weight_decay,
            clip_norm=clip_norm,
            clip_value=clip_value,
        )
        self.smoothing = self._checked("smoothing", smoothing, below=1.0)
        self.epsilon = self._checked("epsilon", epsilon, zero=False)
        self.momentum = self._checked("momentum", momentum, below=1.0)
        self.remember("mean_square", *(["velocity"] if self.momentum else []))

    def update(self, parameters: Vector, gradient: Vector) -> None:
        """Move the parameters, (n_parameters,), in place by one step."""
        square = np.multiply(gradient, gradient, self._scratch)
        mean_square = self._average("mean_square", self.smoothing, square)
        size = np.sqrt(mean_square, self._scratch)
        size += self.epsilon
        step = np.divide(gradient, size, self._scratch)
        if self.momentum:
            step = self._accumulate(self.momentum, step)
        parameters -= np.multiply(step, self.learning_rate, self._scratch)


class Adagrad(Optimizer):
    """Adagrad (Duchi, Hazan & Singer 2011, eq. 1): rare slopes take larger steps.

    s ← s + g², then w ← w - learning_rate · g / (√s + epsilon).
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: Rate = 0.01,
        epsilon: float = 1e-10,
        *,
        weight_decay: float = 0.0,
        clip_norm: float | None = None,
        clip_value: float | None = None,
    ) -> None:
        super().__init__(
            parameters,
            learning_rate,
            weight_decay=weight_decay,
            clip_norm=clip_norm,
            clip_value=clip_value,
        )
        self.epsilon = self._checked("epsilon", epsilon, zero=False)
        self.remember("sum_of_squares")

    def update(self, parameters: Vector, gradient: Vector) -> None:
        """Move the parameters, (n_parameters,), in place by one step."""
        squares = self.next_state["sum_of_squares"]
        np.multiply(gradient, gradient, squares)
        squares += self.state["sum_of_squares"]
        size = np.sqrt(squares, self._scratch)
        size += self.epsilon
        step = np.divide(gradient, size, self._scratch)
        step *= self.learning_rate
        parameters -= step


class Adam(Optimizer):
    """Adam (Kingma & Ba 2015, algorithm 1): steps scaled by the gradient's own size.

    m and s are running means of g and g², with the smoothings `betas`; divided by
    1 - βᵗ they are unbiased, and w ← w - learning_rate · m̂ / (√ŝ + epsilon).
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: Rate = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        *,
        weight_decay: float = 0.0,
        clip_norm: float | None = None,
        clip_value: float | None = None,
    ) -> None:
        super().__init__(
            parameters,
            learning_rate,
            weight_decay=weight_decay,
            clip_norm=clip_norm,
            clip_value=clip_value,
        )
        if not isinstance(betas, (tuple, list)) or len(betas) != 2:
            raise ValueError(
                f"{type(self).__name__}: betas must be two numbers, not {betas!r}"
            )
        beta1, beta2 = betas
        self.betas = (
            self._checked("betas[0]", beta1, below=1.0),
            self._checked("betas[1]", beta2, below=1.0),
        )
        self.epsilon = self._checked("epsilon", epsilon, zero=False)
        self.remember("mean", "mean_square")

    def update(self, parameters: Vector, gradient: Vector) -> None:
        """Move the parameters, (n_parameters,), in place by one step.

        In the order that the paper gives at the end of its section 2, which saves a
        division: √(1 - β₂ᵗ) is taken out of the fraction, and epsilon is multiplied by
        it.
        """
        beta1, beta2 = self.betas
        t = self.steps + 1
        mean = self._average("mean", beta1, gradient)
        square = np.multiply(gradient, gradient, self._scratch)
        mean_square = self._average("mean_square", beta2, square)
        root = math.sqrt(1.0 - beta2**t)
        size = np.sqrt(mean_square, self._scratch)
        size += self.epsilon * root
        step = np.divide(mean, size, self._scratch)
        step *= self.learning_rate * root / (1.0 - beta1**t)
        parameters -= step


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019, algorithm 2).

    w ← w - learning_rate · weight_decay · w, then Adam's step with the gradient as it
    is. As in PyTorch, the decay goes with the learning rate; the paper's λ is
    learning_rate · weight_decay, with the schedule as its multiplier η.
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: Rate = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        *,
        weight_decay: float = 0.01,
        clip_norm: float | None = None,
        clip_value: float | None = None,
    ) -> None:
        super().__init__(
            parameters,
            learning_rate,
            betas,
            epsilon,
            weight_decay=weight_decay,
            clip_norm=clip_norm,
            clip_value=clip_value,
        )

    def _decayed(self, parameters: Vector, gradient: Vector) -> Vector:
        """The gradient as it is; the parameters themselves decay."""
        parameters *= 1.0 - self.learning_rate * self.weight_decay
        return gradient


OPTIMIZERS = (SGD, RMSprop, Adagrad, Adam, AdamW)
"""Those that `optimizer_from` knows by name."""


def optimizer_from(
    settings: Mapping[str, Any], parameters: Iterable[Value]
) -> Optimizer:
    """The optimizer whose `settings()` these are, for parameters, without its state.

    ValueError for names that are not known; what the optimizer raises for bad settings.
    """
    return rebuild("optimizer", OPTIMIZERS, settings, parameters)
