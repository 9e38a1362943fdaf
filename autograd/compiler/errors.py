"""The errors of compiled programs."""

from __future__ import annotations

import math
from collections.abc import Sequence


class NumericalError(FloatingPointError):
    """A compiled program met a number at which an operation has no finite result."""


def undefined(operation: str, row: int | None) -> NumericalError:
    """An operation has no finite result, for one row of the batch or for all."""
    where = "" if row is None else f", at row {row} of the batch"
    return NumericalError(
        f"{operation} is not defined, or too large for a float{where}. Keep its "
        f"operands in the domain of the operation. No parameter was changed."
    )


def not_finite_parameter(parameters: Sequence[float]) -> NumericalError | None:
    """The error that names the first parameter that is not finite."""
    for i, number in enumerate(parameters):
        if not math.isfinite(number):
            return NumericalError(
                f"parameter {i} of the program is {number}. Set it to a finite number, "
                f"and take smaller steps if it was a step that led there."
            )
    return None


def undefined_derivative() -> NumericalError:
    """A derivative on the way back does not exist, or is not finite."""
    return NumericalError(
        "a derivative does not exist, or is too large for a float. Run the example in "
        "eager mode, where backward() names the node. No parameter was changed."
    )


def not_finite(batch: Sequence[Sequence[float]]) -> ValueError | None:
    """The error that names the first number of a batch that is not finite."""
    for row, example in enumerate(batch):
        for column, number in enumerate(example):
            if not math.isfinite(number):
                return ValueError(
                    f"the batch holds {number} at row {row}, column {column}. Leave "
                    f"the example out, or replace what is missing."
                )
    return None
