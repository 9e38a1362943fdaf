from typing import Any

import numpy.typing as npt

class Run:
    """Operations of the form (ufunc, array, ..., array), or runs of some, as one call.

    TypeError where NumPy has no loop for one of them that needs no GIL. The arrays have
    one shape; those of matmul are matrices. TypeError too where one is written that
    overlaps another, unless they are the same numbers in the same places. `moving` is
    an array in one piece that may be elsewhere in each run; others may be views of it,
    to be read.

    Threads may share a run: its calls and moves take turns.
    """

    def __init__(
        self,
        steps: tuple[tuple[object, ...] | Run, ...],
        moving: npt.NDArray[Any] = ...,
    ) -> None: ...
    def move(self, array: npt.NDArray[Any]) -> None:
        """Use an array of the same shape, type and order in place of `moving`."""
    def __call__(self) -> None: ...
    def __len__(self) -> int: ...
