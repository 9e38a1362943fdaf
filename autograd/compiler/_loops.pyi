from typing import Any

import numpy.typing as npt

class Run:
    """Operations of the form (ufunc, array, ..., array), run by one call.

    TypeError where NumPy has no loop for one of them. The arrays have one shape; those
    of matmul are matrices. Arrays that overlap are the same one. `moving` is an array
    in one piece that may be elsewhere in each run; others may be views of it.
    """

    def __init__(
        self, steps: tuple[tuple[object, ...], ...], moving: npt.NDArray[Any] = ...
    ) -> None: ...
    def move(self, array: npt.NDArray[Any]) -> None:
        """Use an array of the same shape, type and order in place of `moving`."""
    def __call__(self) -> None: ...
    def __len__(self) -> int: ...
