"""A tape run example by example, as eager mode would: slowly, and with its errors.

Where an executor meets a number that is not finite, this decides. Sums that were
reassociated, and numbers that are too large for single precision on the way, overflow
where eager mode does not: then the results are those found here. Else the operation
that has no result is named, with its operands and the row of the batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from autograd.arithmetic import Floats
from autograd.compiler.differentiate import depends_on, differentiate
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

Pass: TypeAlias = Callable[[Tape], Tape]
"""From a tape to that of a derivative, whose new inputs come before the others."""


class Reference:
    """A tape as it was recorded, or a derivative of it by the leaves `by`.

    `passes` lead from the tape to that of the derivative, which is its first `n_shown`
    outputs. ValueError or NumericalError where eager mode raises an error.
    """

    def __init__(
        self,
        tape: Tape,
        passes: Sequence[Pass] = (),
        by: range | None = None,
        n_shown: int | None = None,
    ) -> None:
        self.tape = tape
        self.passes = passes
        parameters = range(tape.n_inputs, tape.n_inputs + tape.n_parameters)
        self.by = parameters if by is None else by
        self.n_shown = n_shown

    @cached_property
    def tapes(self) -> list[Tape]:
        """The tape, and what each pass makes of it in turn."""
        found = [self.tape]
        for each in self.passes:
            found.append(each(found[-1]))
        return found

    @cached_property
    def both(self) -> Tape:
        """The first output of the tape, and its derivatives by the parameters."""
        return differentiate(self.tape)

    def outputs(
        self,
        batch: Array,
        parameters: Array,
        rows: Sequence[int] | None = None,
        repeats: int = 1,
    ) -> Array:
        """The outputs (batch, n_outputs) for a batch (batch, n_inputs).

        Of the given `rows` alone, if there are any given. An error names an example,
        which stands in `repeats` rows.
        """
        rows = range(len(batch)) if rows is None else rows
        found = []
        for row, values in self._each(batch, parameters, rows, repeats):
            tape, place = self.tape, self._place(row, batch, repeats)
            for following in self.tapes[1:]:
                example = batch[row, batch.shape[1] - following.n_inputs :].tolist()
                values = self._derived(
                    tape, values, following, example, parameters, place
                )
                tape = following
            found.append([values[i] for i in tape.outputs[: self.n_shown]])
        return _in_dtype(found, parameters.dtype, rows if len(batch) > 1 else None)

    def value_and_grad(self, batch: Array, parameters: Array) -> tuple[float, Array]:
        """The mean of the first output, and its gradient (n_parameters,)."""
        n, means = len(batch), np.zeros(1 + self.tape.n_parameters)
        for row, values in self._each(batch, parameters, range(n), 1):
            place = self._place(row, batch, 1)
            example = batch[row].tolist()
            both = self._derived(
                self.tape, values, self.both, example, parameters, place
            )
            means += np.array([both[i] for i in self.both.outputs]) / n
        with np.errstate(over="ignore"):
            gradient = means[1:].astype(parameters.dtype)
        if not np.isfinite(gradient).all():
            raise undefined_derivative()
        return float(means[0]), gradient

    def _each(
        self, batch: Array, parameters: Array, rows: Sequence[int], repeats: int
    ) -> Iterator[tuple[int, list[float]]]:
        """For each row all numbers of the tape."""
        numbers = parameters.tolist()
        largest = float(np.finfo(parameters.dtype).max)
        n_inputs = self.tape.n_inputs
        examples = batch[list(rows), batch.shape[1] - n_inputs :].tolist()
        places = [row // repeats for row in rows]
        refused = not_finite(examples, places) or not_finite_parameter(numbers)
        if refused:
            raise refused
        for row, example in zip(rows, examples, strict=True):
            place = self._place(row, batch, repeats)
            yield row, self._values(example, numbers, largest, place)

    def _place(self, row: int, batch: Array, repeats: int) -> int | None:
        """The example that an error names; None where there is only one."""
        return row // repeats if len(batch) > repeats else None

    def _values(
        self,
        example: list[float],
        parameters: list[float],
        largest: float,
        row: int | None,
    ) -> list[float]:
        """All numbers of the tape, each looked at as eager mode does."""
        values = [*example, *parameters, *self.tape.constants.tolist()]
        for op, args in self.tape.instructions():
            operands = [values[i] for i in args]
            try:
                result = op.forward(Floats, *operands)
            except (ValueError, ArithmeticError):
                raise undefined(op, operands, row) from None
            if not is_as_given(result, operands, largest):
                raise undefined(op, operands, row)
            values.append(result)
        return values

    def _derived(
        self,
        tape: Tape,
        values: list[float],
        following: Tape,
        example: list[float],
        parameters: Array,
        row: int | None,
    ) -> list[float]:
        """All numbers of the tape of a derivative, from those of the tape before it."""
        try:
            found = following.numbers(example, parameters.tolist())
            if all(math.isfinite(found[i]) for i in following.outputs):
                return found
        except (ValueError, ArithmeticError):
            pass
        raise self._derivative_error(tape, values, row)

    def _derivative_error(
        self, tape: Tape, values: Sequence[float], row: int | None
    ) -> NumericalError:
        """The error that names the last operation that has no finite derivative."""
        needed = depends_on(tape, self.by)
        instructions = [*enumerate(tape.instructions(), tape.n_leaves)]
        for number, (op, args) in reversed(instructions):
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


def _in_dtype(
    rows: list[list[float]], dtype: Any, places: Sequence[int] | None
) -> Array:
    """Rows as an array; an error names the place of a number that is too large."""
    with np.errstate(over="ignore"):
        array = np.array(rows, dtype)
    too_wide = np.isinf(array) & np.isfinite(np.array(rows))
    if too_wide.any():
        row, column = np.argwhere(too_wide)[0].tolist()
        raise too_large(f"output {column}", places[row] if places else None)
    return array
