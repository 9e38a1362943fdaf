"""Whether all numbers of some arrays are finite, told by a sum of their squares.

A sum of squares by BLAS is the quickest way to read an array, and it is not finite if a
number is not. If it is not, each number is looked at: large ones overflow it too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from autograd.compiler.steps import Call

Array: TypeAlias = npt.NDArray[Any]

UNTHREADED = 10_000
"""Up to how many numbers BLAS does not wake its threads for a sum of squares."""


class Watch:
    """Arrays in one piece, and the calls that read them."""

    def __init__(self, arrays: Sequence[Array]) -> None:
        flat = [array.reshape(-1) for array in arrays]
        pieces = [
            a[i : i + UNTHREADED] for a in flat for i in range(0, len(a), UNTHREADED)
        ]
        self.arrays = arrays
        self.sums = np.zeros(len(pieces), arrays[0].dtype if arrays else float)
        self.calls: list[Call] = [
            partial(np.dot, piece, piece, self.sums[i : i + 1].reshape(()))
            for i, piece in enumerate(pieces)
        ]

    def is_finite(self) -> bool:
        """Whether all numbers were finite when the calls were made."""
        return math.isfinite(self.sums.sum()) or all(
            bool(np.isfinite(array).all()) for array in self.arrays
        )
