"""What keeps a network from learning its examples by heart: dropout, and penalties.

Dropout is at work only inside `training_mode`, which `fit` enters for its steps; a
loop of one's own enters it with a random generator.

    >>> from autograd import Value
    >>> dropout = Dropout(0.5)
    >>> signals = [Value(1.0), Value(2.0), Value(3.0)]
    >>> [signal.data for signal in dropout(signals)]
    [1.0, 2.0, 3.0]
    >>> with training_mode(np.random.default_rng(0)):
    ...     [signal.data for signal in dropout(signals)]
    [2.0, 0.0, 0.0]
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from numbers import Real
from typing import Any, TypeAlias

import numpy as np

import autograd
from autograd import Operand, Value, dot
from nn.module import Module

Mask: TypeAlias = Callable[[float], Operand]
"""What gives the next number of a mask, for a rate: 0, or 1 / (1 - rate)."""

_mask: ContextVar[Mask | None] = ContextVar("mask", default=None)


@contextmanager
def training_mode(masks: np.random.Generator | Mask | None) -> Iterator[None]:
    """Have dropout at work inside this block, with masks from a random generator.

    In place of the generator it takes a function of the rate that gives each number of
    a mask: such as one that makes leaves, and keeps them as further inputs for
    `autograd.compile`. None is no training: dropout is the identity inside the block.
    Like recording, the mode is that of a thread or an asynchronous task.
    """
    if isinstance(masks, np.random.Generator):
        masks = drawn_from(masks)
    if masks is not None and not callable(masks):
        raise TypeError(
            f"training_mode: masks come from a np.random.Generator, as in "
            f"training_mode(np.random.default_rng(0)), not from {masks!r}"
        )
    token = _mask.set(masks)
    try:
        yield
    finally:
        _mask.reset(token)


def drawn_from(rng: np.random.Generator) -> Mask:
    """Numbers of a mask that are drawn one by one: 0 with the probability `rate`."""
    return lambda rate: 0.0 if rng.random() < rate else 1.0 / (1.0 - rate)


class Dropout(Module):
    """Each signal, while training, is 0 with the probability `rate`, from 0 to below 1.

    What is kept is divided by 1 - rate, so that the expectation stays what it is
    without dropout (Srivastava et al. 2014, section 10, the scaling done in training).
    Outside of `training_mode` it gives the signals as they are. It has no parameters.
    """

    def __init__(self, rate: float = 0.5) -> None:
        if isinstance(rate, bool) or not isinstance(rate, Real) or not 0.0 <= rate < 1:
            raise ValueError(f"Dropout: the rate must be in [0, 1), not {rate!r}")
        self.rate: float = float(rate)

    def __call__(self, signals: Sequence[Value]) -> list[Value]:
        """The list of the signals, each times a number of the mask while training."""
        mask = _mask.get()
        if mask is None or not self.rate:
            return list(signals)
        return [signal * mask(self.rate) for signal in signals]

    def __repr__(self) -> str:
        return f"Dropout({self.rate:g})"


def weights(model: Module) -> list[Value]:
    """The parameters that are usually penalised: all but those named `bias`."""
    return [
        parameter
        for name, parameter in model.named_parameters()
        if name.partition("[")[0].rpartition(".")[2] != "bias"
    ]


@dataclass(frozen=True, slots=True, eq=False)
class Penalized:
    """A loss of one example plus a penalty on parameters; see `penalized`."""

    loss: Callable[[Any, Any], Value]
    parameters: Sequence[Value]
    l1: float
    l2: float

    def __call__(self, outputs: Any, target: Any) -> Value:
        """The loss of an example plus the penalty, which their mean then has once."""
        return self.loss(outputs, target) + self.penalty()

    def penalty(self) -> Value:
        """l1 Σ |w| + ½ l2 Σ w²."""
        total = Value(0.0)
        if self.l1:
            total = total + self.l1 * autograd.sum(map(autograd.abs, self.parameters))
        if self.l2:
            total = total + 0.5 * self.l2 * dot(self.parameters, self.parameters)
        return total


def penalized(
    loss: Callable[[Any, Any], Value],
    parameters: Iterable[Value],
    *,
    l1: float = 0.0,
    l2: float = 0.0,
) -> Penalized:
    """A loss for `fit`: the given one, plus l1 Σ |w| + ½ l2 Σ w² over the parameters.

    The penalty is counted once for a batch, whatever its size, and is part of every
    loss that `fit` reports. Its gradient is l1 sign(w) + l2 w: for SGD, l2 does what
    PyTorch's `weight_decay` does (Goodfellow, Bengio & Courville 2016, section 7.1).
    Biases are usually left out: `penalized(nn.mse, nn.weights(model), l2=1e-4)`.
    """
    if isinstance(parameters, Value) or not isinstance(parameters, Iterable):
        raise TypeError(
            f"penalized: the parameters are a list of Values, such as "
            f"nn.weights(model), not {parameters!r}"
        )
    listed = list(parameters)
    if not listed or not all(isinstance(w, Value) for w in listed):
        raise TypeError("penalized: the parameters are Values, and at least one")
    for name, factor in (("l1", l1), ("l2", l2)):
        if not (isinstance(factor, Real) and 0.0 <= factor < math.inf):
            raise ValueError(
                f"penalized: {name} must be a number from 0 up, not {factor!r}"
            )
    if not callable(loss):
        raise TypeError(f"penalized: a loss such as nn.mse is needed, not {loss!r}")
    return Penalized(loss, listed, float(l1), float(l2))
