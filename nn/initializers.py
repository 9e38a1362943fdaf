"""The random weights that a neuron starts with.

He et al. (2015), eq. 10: for the relu family, normal with the standard deviation
√(2 / n_inputs). Glorot & Bengio (2010), eq. 16: for the rest, uniform between
±√(6 / (n_inputs + n_outputs)). Both keep the size of signals the same from layer to
layer. The generator is NumPy's, so that a seed gives the same weights everywhere.

    >>> len(initial_weights(3, 1, "relu", np.random.default_rng(0)))
    3
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np

Seed: TypeAlias = int | np.random.Generator | None
"""A seed, a generator to draw from, or None for weights that differ at each run."""

RELU_FAMILY = frozenset({"relu", "leaky_relu", "elu", "gelu", "silu", "softplus"})


def initial_weights(
    n_inputs: int, n_outputs: int, activation: str | None, rng: np.random.Generator
) -> list[float]:
    """Draw the n_inputs weights of one neuron in a layer of n_outputs neurons."""
    if activation in RELU_FAMILY:
        weights = rng.normal(0.0, math.sqrt(2.0 / n_inputs), n_inputs)
    else:
        bound = math.sqrt(6.0 / (n_inputs + n_outputs))
        weights = rng.uniform(-bound, bound, n_inputs)
    drawn: list[float] = weights.tolist()
    return drawn
