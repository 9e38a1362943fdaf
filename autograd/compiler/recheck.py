"""Whether a program computes what the code computes, at other numbers than recorded.

Tracing sees operations on Values. It cannot see what Python does with plain numbers:
`.data` that is read, random numbers, a counter, what a model keeps from call to call.
These are fixed as they were when the code was recorded. So the code is run again, as
plain Python, at some other numbers, and its results are held to the program's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.errors import TraceError

Array = npt.NDArray[Any]

ROUNDINGS = 1e-9
"""By how much of its size a result may differ. The executors may differ by more, where
digits cancel: then the tape decides, which has the operations in the code's order."""


def check_again(
    computed: Iterable[Callable[[], Array]],
    expected: Sequence[float],
    what: str,
    instead: str,
) -> None:
    """TraceError if a program gives something else at an example than is expected.

    `computed` are ways to run it, (1, n_outputs) each, the quickest first. `what` names
    the example, and `instead` says how to do without a program.
    """
    found, agree = np.full(len(expected), math.nan), np.zeros(len(expected), bool)
    for compute in computed:
        try:
            (found,) = compute()
        except (ValueError, ArithmeticError):
            continue
        agree = _agree(found, np.array(expected, float))
        if agree.all():
            return
    off = int(agree.argmin())
    name = f"output {off}" if len(expected) > 1 else "the result"
    raise TraceError(
        f"{what}: {name} is {expected[off]!r}, and {float(found[off])!r} by a program "
        f"that was recorded at other numbers. Something was fixed there that changes: "
        f"a number read by .data or str(), a Python `if` on it, a random number, a "
        f"counter, what is kept from call to call. Write where(x > y, a, b) for a "
        f"choice, make random numbers inputs or use nn.Dropout, or {instead}."
    )


def _agree(found: Array, expected: Array) -> npt.NDArray[np.bool_]:
    """For each number whether it is as expected; infinite ones agree if equal."""
    with np.errstate(invalid="ignore"):
        size = np.maximum(abs(found), abs(expected))
        near = abs(found - expected) <= ROUNDINGS * size
    agree: npt.NDArray[np.bool_] = (found == expected) | near & np.isfinite(size)
    return agree
