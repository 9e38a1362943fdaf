"""Rows of matrices taken from here and there, and put or added there: see scatter.c."""

from typing import Any

import numpy as np
import numpy.typing as npt

GATHER: int
PUT: int
ADD: int
SEGMENTS: int

class Move:
    """One operation on the rows of two matrices, run by calling it.

    ValueError where a matrix is not of float64 or float32 or its rows are not in one
    piece, where the two overlap or differ in width, or have not the rows.
    """

    def __init__(
        self,
        kind: int,
        out: npt.NDArray[Any],
        source: npt.NDArray[Any],
        rows: npt.NDArray[np.intp],
    ) -> None: ...
    def __call__(self) -> None: ...
