"""The errors of compiled programs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autograd.arithmetic import Floats
from autograd.errors import describe, forward_error, one_side
from autograd.ops import Operation
from autograd.value import Value


class NumericalError(FloatingPointError):
    """A compiled program met a number at which an operation has no finite result."""


class NotFinite(Exception):
    """What executors raise where they meet a number that is not finite.

    Of a batch, `rows` are those where that may be, and `outputs` has the others right.
    """

    def __init__(self, outputs: Any = None, rows: Sequence[int] = ()) -> None:
        super().__init__()
        self.outputs = outputs
        self.rows = rows


def undefined(
    op: Operation, operands: Sequence[float], row: int | None
) -> NumericalError:
    """An operation has no finite result at these numbers, as eager mode says it.

    `row` is that of the batch, None if there is only one.
    """
    values = [Value(number) for number in operands]
    try:
        result, cause = op.forward(Floats, *operands), None
    except (ValueError, ArithmeticError) as error:
        result, cause = math.inf, error
    if math.isfinite(result):
        return too_large(describe(op, values), row)
    return NumericalError(_at(row) + str(forward_error(op, values, cause)))


def too_large(what: str, row: int | None) -> NumericalError:
    """A sum, or a number in single precision, has overflowed."""
    return NumericalError(
        f"{_at(row)}{what} is too large for the program's dtype. Scale its operands "
        f"down, or compile with dtype='float64'."
    )


def _at(row: int | None) -> str:
    return "" if row is None else f"at row {row} of the batch: "


def not_finite_parameter(parameters: Sequence[float]) -> NumericalError | None:
    """The error that names the first parameter that is not finite."""
    i = _first_not_finite(parameters)
    if i is None:
        return None
    return NumericalError(
        f"parameter {i} of the program is {parameters[i]}. Set it to a finite number, "
        f"and take smaller steps if it was a step that led there."
    )


def undefined_derivative(
    op: Operation | None = None, operands: Sequence[float] = (), row: int | None = None
) -> NumericalError:
    """A derivative on the way back does not exist, or is not finite."""
    if op is None:
        return NumericalError(
            "the derivatives add up to more than the program's dtype can hold. Scale "
            "the computation down. No parameter was changed."
        )
    values = [Value(number) for number in operands]
    return NumericalError(
        f"{_at(row)}the derivative of {describe(op, values)} does not exist there, or "
        f"is too large for a float. Keep its operands away from this point. "
        f"{one_side(op, values)} No parameter was changed."
    )


def not_finite(
    batch: Sequence[Sequence[float]], rows: Sequence[int]
) -> ValueError | None:
    """The error that names the first number of some rows that is not finite."""
    for row, example in zip(rows, batch, strict=True):
        column = _first_not_finite(example)
        if column is not None:
            return ValueError(
                f"the batch holds {example[column]} at row {row}, column {column}. "
                f"Leave the example out, or replace what is missing."
            )
    return None


def _first_not_finite(numbers: Sequence[float]) -> int | None:
    return next((i for i, x in enumerate(numbers) if not math.isfinite(x)), None)
