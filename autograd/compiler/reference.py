"""A tape run example by example, as eager mode would: slowly, and with its errors.

Where an executor meets a number that is not finite, this decides. Sums that were
reassociated, and numbers that are too large for single precision on the way, overflow
where eager mode does not: then the results are those found here. Else the operation
that has no result is named, with its operands and the row of the batch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.arithmetic import Floats
from autograd.compiler.differentiate import depends_on_parameters, differentiate
from autograd.compiler.errors import (
    NumericalError,
    not_finite,
    not_finite_parameter,
    too_large,
    undefined,
    undefined_derivative,
)
from autograd.compiler.tape import Tape
from autograd.errors import is_as_given

Array = npt.NDArray[Any]


class Reference:
    """A tape as it was recorded.

    ValueError or NumericalError where eager mode raises an error.
    """

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self._both: Tape | None = None

    def outputs(self, batch: Array, parameters: Array) -> Array:
        """The outputs (batch, n_outputs) for a batch (batch, n_inputs)."""
        rows = [
            [values[i] for i in self.tape.outputs]
            for _, values in self._each(batch, parameters)
        ]
        return _in_dtype(rows, parameters.dtype)

    def value_and_grad(self, batch: Array, parameters: Array) -> tuple[float, Array]:
        """The mean of the first output, and its gradient (n_parameters,)."""
        if self._both is None:
            self._both = differentiate(self.tape)
        n, means = len(batch), np.zeros(1 + self.tape.n_parameters)
        for row, values in self._each(batch, parameters):
            try:
                found = self._both.run(
                    values[: self.tape.n_inputs], parameters.tolist()
                )
            except (ValueError, ArithmeticError):
                found = [math.nan]
            if not all(map(math.isfinite, found)):
                raise self._derivative_error(values, row if n > 1 else None)
            means += np.array(found) / n
        with np.errstate(over="ignore"):
            gradient = means[1:].astype(parameters.dtype)
        if not np.isfinite(gradient).all():
            raise undefined_derivative()
        return float(means[0]), gradient

    def _each(self, batch: Array, parameters: Array) -> Any:
        """For each example its row and all numbers of the tape."""
        examples, numbers = batch.tolist(), parameters.tolist()
        largest = float(np.finfo(parameters.dtype).max)
        refused = not_finite(examples) or not_finite_parameter(numbers)
        if refused:
            raise refused
        for row, example in enumerate(examples):
            place = row if len(examples) > 1 else None
            yield row, self._values(example, numbers, largest, place)

    def _values(
        self,
        example: list[float],
        parameters: list[float],
        largest: float,
        row: int | None,
    ) -> list[float]:
        """All numbers of the tape, each looked at as eager mode does."""
        values = [*example, *parameters, *self.tape.constants]
        for op, args in zip(self.tape.ops, self.tape.args, strict=True):
            operands = [values[i] for i in args]
            try:
                result = op.forward(Floats, *operands)
            except (ValueError, ArithmeticError):
                raise undefined(op, operands, row) from None
            if not is_as_given(result, operands, largest):
                raise undefined(op, operands, row)
            values.append(result)
        return values

    def _derivative_error(
        self, values: Sequence[float], row: int | None
    ) -> NumericalError:
        """The error that names the last operation that has no finite derivative."""
        needed = depends_on_parameters(self.tape)
        start = self.tape.n_leaves
        for number in reversed(range(start, len(values))):
            op, args = self.tape.ops[number - start], self.tape.args[number - start]
            wanted = [needed[i] for i in args]
            if not any(wanted):
                continue
            operands = [values[i] for i in args]
            try:
                found = op.partials_of(Floats, operands, values[number], wanted)
                if all(map(math.isfinite, found)):
                    continue
            except (ValueError, ArithmeticError):
                pass
            return undefined_derivative(op, operands, row)
        return undefined_derivative()


def _in_dtype(rows: list[list[float]], dtype: Any) -> Array:
    with np.errstate(over="ignore"):
        array = np.array(rows, dtype)
    too_wide = np.isinf(array) & np.isfinite(np.array(rows))
    if too_wide.any():
        row, column = np.argwhere(too_wide)[0].tolist()
        raise too_large(f"output {column}", row if len(rows) > 1 else None)
    return array
