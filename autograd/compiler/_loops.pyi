class Run:
    """Operations of the form (ufunc, array, ..., array), run by one call.

    TypeError where NumPy has no loop for one of them. The arrays have one shape; those
    of matmul are matrices. Arrays that overlap are the same one.
    """

    def __init__(self, steps: tuple[tuple[object, ...], ...]) -> None: ...
    def __call__(self) -> None: ...
    def __len__(self) -> int: ...
