"""What `compile` returns: a program with its parameters, ready to run on batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.compiler import storage
from autograd.compiler.derivatives import Derivatives
from autograd.compiler.errors import not_finite_parameter
from autograd.compiler.executable import Executable
from autograd.compiler.recheck import check_again
from autograd.compiler.tape import Tape
from autograd.leaves import set_numbers
from autograd.value import Value

Array = npt.NDArray[Any]


class CompiledProgram(storage.Saved):
    """A recorded computation, compiled: fast on batches, with derivatives.

    `parameters` is the flat array, (n_parameters,), that the program computes with; it
    starts with the numbers of the Values, and `write_back()` takes them there again.
    Threads that use a program at the same time take turns.

    It can be pickled, copied, sent to other processes and saved: see `save`. What comes
    back computes the same with the same numbers, and knows no Values.
    """

    def __init__(
        self,
        recorded: Tape,
        numbers: Sequence[float],
        dtype: npt.DTypeLike,
        values: Sequence[Value] | None = None,
    ) -> None:
        self._dtype = np.dtype(dtype)
        if self._dtype not in (np.float32, np.float64):
            raise TypeError(f"compile: dtype is float64 or float32, not {self._dtype}")
        self._recorded = recorded
        self._values = values
        self._run = Executable(recorded, self._dtype)
        n_inputs, n_parameters = recorded.n_inputs, recorded.n_parameters
        self._derivatives = {
            "inputs": Derivatives(recorded, range(n_inputs), self._dtype),
            "parameters": Derivatives(
                recorded, range(n_inputs, n_inputs + n_parameters), self._dtype
            ),
        }
        for kind, given in (
            ("parameter", numbers),
            ("constant", recorded.constants.tolist()),
        ):
            with np.errstate(over="ignore"):
                array = np.array(given, self._dtype)
            wide = np.isinf(array) & np.isfinite(np.array(given))
            if wide.any():
                raise ValueError(
                    f"compile: the {kind} {given[wide.argmax()]!r} is too large for "
                    f"{self._dtype}. Compile with dtype='float64'."
                )
        if not np.isfinite(numbers).all():
            raise ValueError("compile: a parameter is not finite. Set it to a number.")
        self.parameters[:] = numbers

    @property
    def parameters(self) -> Array:
        """The numbers of the parameters, (n_parameters,).

        What is assigned is copied into the array: `program.parameters -= step` works.
        Where several threads use the program, assign a new array: an assignment takes
        its turn, and what is written into this one may come in the middle of a run.
        """
        return self._run.parameters

    @parameters.setter
    def parameters(self, numbers: npt.ArrayLike) -> None:
        self._run.set_parameters(numbers)

    def __call__(self, batch: npt.ArrayLike | None = None) -> Array:
        """The outputs for a batch (batch, n_inputs), as floats (batch, n_outputs).

        Without inputs there is one example, and no batch. ValueError for a batch of
        the wrong shape, or with a number that is not finite; NumericalError, a
        FloatingPointError, where an operation is not defined or overflows.
        """
        return self._run.outputs(self._checked(batch))

    def value_and_grad(self, batch: npt.ArrayLike | None = None) -> tuple[float, Array]:
        """The mean of the output over the batch, and its gradient (n_parameters,).

        The gradient is a new array. ValueError where the program has several outputs,
        and what calling the program raises.
        """
        self._check_single("value_and_grad")
        self._leaves("value_and_grad", "parameters")
        return self._run.value_and_grad(self._checked(batch))

    def per_example_gradients(
        self, batch: npt.ArrayLike | None = None, wrt: str = "parameters"
    ) -> Array:
        """The gradient of the output for each example: (batch, n_parameters).

        With wrt="inputs" it is that by the example's own inputs, (batch, n_inputs), so
        that a leaf may be an input and differentiated by. ValueError where there are
        several outputs, or no such leaves, and what calling the program raises.

        >>> from autograd import Value, compile
        >>> x, w = Value(1.0), Value(3.0)
        >>> program = compile(w * x * x, inputs=[x], parameters=[w])
        >>> program.per_example_gradients([[1.0], [2.0]]).tolist()
        [[1.0], [4.0]]
        >>> program.per_example_gradients([[1.0], [2.0]], wrt="inputs").tolist()
        [[6.0], [12.0]]
        """
        self._check_single("per_example_gradients")
        found = self._leaves("per_example_gradients", wrt)
        return found.gradient(self._checked(batch), self.parameters)

    def jacobian(
        self, batch: npt.ArrayLike | None = None, wrt: str = "parameters"
    ) -> Array:
        """The derivatives of all outputs: (batch, n_outputs, n_parameters).

        With wrt="inputs" those by the example's own inputs, (batch, n_outputs,
        n_inputs). ValueError where there are no such leaves, and what calling the
        program raises.
        """
        found = self._leaves("jacobian", wrt)
        return found.jacobian(self._checked(batch), self.parameters)

    def check_again(
        self,
        example: npt.ArrayLike,
        expected: Sequence[float],
        what: str = "check_again",
        instead: str = "do not compile",
    ) -> None:
        """TraceError if the outputs for an example, (n_inputs,), are not as expected.

        A program has fixed whatever the code looked at as plain numbers: random ones,
        or `.data`. Run the code at another example, and hold the program to what it
        gives, to 1e-9 of each number. `what` names the example in the message, and
        `instead` is what one can do without a program.
        """
        batch = self._checked(np.asarray(example)[np.newaxis])
        run, reference = self._run.outputs, self._run.reference.outputs
        computed = [
            lambda: run(batch),
            lambda: reference(batch, self._run.parameters_now()),
        ]
        check_again(computed, expected, what, instead)

    def write_back(self) -> None:
        """Set the Values given as parameters to the program's numbers.

        NumericalError where one is not finite; then no Value has changed. ValueError
        for a program that was loaded, copied or unpickled: the Values are not there.
        """
        if self._values is None:
            raise ValueError(
                "write_back: the Values that the parameters came from stayed behind, "
                "as this program was loaded or copied. Give its numbers to the program "
                "that has them: original.parameters = this.parameters."
            )
        numbers = self._run.parameters_now().tolist()
        refused = not_finite_parameter(numbers)
        if refused:
            raise refused
        set_numbers(self._values, numbers)

    @classmethod
    def from_content(cls, content: storage.Content) -> CompiledProgram:
        """The program that was saved or pickled as this."""
        parameters, (dtype,) = content.more["parameters"], content.more["dtype"]
        if parameters.shape != (content.tape.n_parameters,):
            raise ValueError("its parameters are not as many as there should be")
        return cls(content.tape, parameters.tolist(), str(dtype))

    def content(self) -> storage.Content:
        """What there is to save: the tape, and the numbers of now."""
        more = {
            "parameters": np.array(self.parameters, np.float64),
            "dtype": np.array([self._dtype.name]),
        }
        return storage.Content("CompiledProgram", self._recorded, more)

    def __len__(self) -> int:
        return len(self._run.program)

    def __str__(self) -> str:
        return str(self._run)

    def _check_single(self, name: str) -> None:
        n_outputs = len(self._recorded.outputs)
        if n_outputs != 1:
            raise ValueError(
                f"{name}: the program has {n_outputs} outputs: program(batch) computes "
                f"them, and program.jacobian(batch) their derivatives. Compile the one "
                f"that is to be differentiated."
            )

    def _leaves(self, name: str, wrt: str) -> Derivatives:
        """The derivatives by inputs or by parameters, of which there are some."""
        if wrt not in self._derivatives:
            raise ValueError(
                f"{name}: wrt is what to differentiate by, 'parameters' or 'inputs', "
                f"not {wrt!r}."
            )
        found = self._derivatives[wrt]
        if not found.by:
            raise ValueError(
                f"{name}: the program has no {wrt} to differentiate by. Name them: "
                f"compile(..., {wrt}=[...])."
            )
        return found

    def _checked(self, batch: npt.ArrayLike | None) -> Array:
        """The batch as an array of the right type and shape."""
        n_inputs = self._recorded.n_inputs
        if batch is None and not n_inputs:
            return np.empty((1, 0), self._dtype)
        if type(batch) is np.ndarray and batch.dtype == self._dtype:
            array = batch
        else:
            array = self._converted(batch)
        if array.ndim != 2 or array.shape[1] != n_inputs or not len(array):
            given = "none" if batch is None else f"one of the shape {array.shape}"
            remedy = "" if n_inputs else " Say what varies: compile(..., inputs=[...])."
            raise ValueError(
                f"a batch of the shape (batch, {n_inputs}) is needed, a column per "
                f"input and at least one row, not {given}.{remedy}"
            )
        return array

    def _converted(self, batch: npt.ArrayLike | None) -> Array:
        """Anything array-like as an array of the program's type."""
        if isinstance(batch, np.ma.MaskedArray) and batch.mask.any():
            raise ValueError("the batch is masked. Leave masked examples out.")
        if isinstance(batch, np.ndarray) and batch.dtype.kind == "c":
            raise ValueError("a batch is a matrix of real numbers: this is complex.")
        try:
            with np.errstate(over="ignore"):
                return np.asarray([] if batch is None else batch, dtype=self._dtype)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"a batch is a matrix of numbers, one row per example, all rows of the "
                f"same length: {str(error).rstrip('.')}."
            ) from error
