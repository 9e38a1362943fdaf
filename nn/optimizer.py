"""The base of all optimizers: a step that is all or nothing, and what it remembers.

A subclass says in `update` what one step does. Around it the base clips the gradient,
looks the rate up, takes the step back where a number would stop being finite, and
gives and takes the state that a checkpoint needs.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from autograd import Value
from autograd.leaves import floats_of, set_numbers, turn
from nn.schedules import (
    Rate,
    as_json,
    check_rate,
    check_real,
    rate_at,
    setting_names,
)

Vector: TypeAlias = npt.NDArray[np.float64]

SAFE_SQUARE = 1e-280
"""A sum of squares from here up has lost no digit to squares that underflow."""

BLOCK = 8192
"""How many numbers BLAS squares and sums at once.

OpenBLAS starts its threads from 10,000 on, which gain little here, and take a hundred
times as long where the processor is busy with something else.
"""


class Optimizer(ABC):
    """The base class: a subclass says in `update` what one step does to the vector.

    The learning rate is a number from 0 up, or a schedule (see `nn.schedules`).

    Before the step, the gradient is clipped on request, as a whole to the L2 norm
    `clip_norm` (Pascanu, Mikolov & Bengio 2013, algorithm 1: times clip_norm / norm,
    where PyTorch divides by norm + 1e-6), and then each component to ±`clip_value`.
    After it, `gradient_norm` is the L2 norm of the gradient as it was given, and 0
    before the first. `weight_decay` is that of an L2 penalty: weight_decay · w is added
    to the gradient, after it is clipped.

    A subclass keeps the arguments of its constructor as attributes of the same names,
    and declares with `remember` the arrays that it keeps from step to step. Settings
    other than `learning_rate` stay what they are.
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: Rate,
        *,
        weight_decay: float = 0.0,
        clip_norm: float | None = None,
        clip_value: float | None = None,
    ) -> None:
        if not isinstance(parameters, Iterable):
            raise TypeError(
                f"an optimizer's parameters are a list of Values: model.parameters(), "
                f"not {parameters!r}"
            )
        self.parameters = list(parameters)
        if not self.parameters:
            raise ValueError("an optimizer needs parameters: model.parameters()")
        if not all(isinstance(parameter, Value) for parameter in self.parameters):
            raise TypeError("an optimizer's parameters are Values: model.parameters()")
        if len(set(self.parameters)) != len(self.parameters):
            raise ValueError("an optimizer's parameters must all be different Values")
        self.learning_rate = learning_rate
        self.weight_decay = self._checked("weight_decay", weight_decay)
        self.clip_norm, self.clip_value = (
            None if bound is None else self._checked(name, bound, zero=False)
            for name, bound in (("clip_norm", clip_norm), ("clip_value", clip_value))
        )
        self.steps = 0
        self.gradient_norm = 0.0
        self.state: dict[str, Vector] = {}
        self.next_state: dict[str, Vector] = {}
        self._doubtful = False
        # Arrays of the size of the parameters are allocated once: the system hands out
        # large ones page by page, which takes longer than the arithmetic.
        self._saved, self._gradient, self._scratch = np.empty((3, len(self.parameters)))

    def remember(self, *names: str) -> None:
        """Keep an array of zeros, (n_parameters,), by each name from step to step.

        One whose name has "square" in it is never negative.
        """
        n = len(self.parameters)
        self.state = {name: np.zeros(n) for name in names}
        self.next_state = {name: np.zeros(n) for name in names}

    @property
    def learning_rate(self) -> float:
        """The rate of the next step. Assign a number from 0 up, or a schedule."""
        return rate_at(self._rate, self.steps)

    @learning_rate.setter
    def learning_rate(self, rate: Rate) -> None:
        self._rate = check_rate(f"{type(self).__name__}: learning_rate", rate)

    @abstractmethod
    def update(self, parameters: Vector, gradient: Vector) -> None:
        """Move the parameters, (n_parameters,), in place by one step.

        `gradient` is clipped, has the weight decay in it, and is only read. Read each
        remembered array from `state`, where it stays as it is, and write all of the
        next one to `next_state`: the two change places once the step has been found
        finite. `steps` counts the steps before this one.
        """

    def step(self) -> None:
        """Move every parameter by its gradient, `grad`; see `apply`."""
        with turn:  # no pass is in the middle of adding gradients up
            vector = np.array(floats_of(self.parameters, type(self).__name__))
            gradient = [parameter.grad for parameter in self.parameters]
            self.apply(vector, np.array(gradient))
            set_numbers(self.parameters, vector.tolist())

    def apply(self, vector: Vector, gradient: Vector) -> None:
        """Move a vector of the parameters, (n_parameters,), in place by one step.

        The gradient, (n_parameters,), is left as it is. OverflowError where it is not
        finite, or where a parameter, or what the optimizer remembers, would stop being
        finite; then all is as it was before the step. ValueError for other shapes.
        """
        gradient = np.asarray(gradient, dtype=np.float64)
        if not vector.shape == gradient.shape == (len(self.parameters),):
            raise ValueError(
                f"{type(self).__name__}: the parameters and the gradient must have the "
                f"shape ({len(self.parameters)},), not {vector.shape} and "
                f"{gradient.shape}."
            )
        doubt = self._doubt
        with turn, np.errstate(over="call", divide="call", invalid="call", call=doubt):
            norm = _norm(gradient)
            if not math.isfinite(norm):
                raise OverflowError(
                    f"{type(self).__name__}: the norm of the gradient is {norm}. Scale "
                    f"the loss down. No parameter was changed."
                )
            np.copyto(self._saved, vector)
            self._doubtful = False
            try:
                self.update(vector, self._prepared(vector, gradient, norm))
                if not self._is_finite(vector):
                    raise OverflowError(
                        f"{type(self).__name__}: a number would no longer be finite "
                        f"after this step; the norm of the gradient is {norm:.3g}. Use "
                        f"a smaller learning_rate than {self.learning_rate}, or scale "
                        f"the loss down. No parameter was changed."
                    )
            except BaseException:  # an interrupt, too, must leave a whole step behind
                np.copyto(vector, self._saved)
                raise
            self.state, self.next_state = self.next_state, self.state
            self.steps += 1
            self.gradient_norm = norm

    def zero_grad(self) -> None:
        """Forget the gradient of every parameter."""
        with turn:
            for parameter in self.parameters:
                parameter.zero_grad()

    def settings(self) -> dict[str, Any]:
        """The name and the constructor's arguments, for JSON; see `optimizer_from`."""
        kind = type(self)
        return {"name": kind.__name__} | {
            name: as_json(
                self._rate if name == "learning_rate" else getattr(self, name)
            )
            for name in setting_names(kind)
        }

    def state_dict(self) -> dict[str, npt.NDArray[Any]]:
        """Copies of `steps`, a 0-d int64 array, and of the remembered arrays."""
        with turn:
            steps = np.array(self.steps, dtype=np.int64)
            return {"steps": steps} | {k: a.copy() for k, a in self.state.items()}

    def load_state_dict(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Go on from the `state_dict()` of an optimizer like this one.

        KeyError for a name that is missing or unknown, TypeError for what is no array
        or has another dtype, ValueError for another shape, a number that is not finite,
        and negative steps or squares; then nothing has changed.
        """
        where = f"{type(self).__name__}.load_state_dict"
        if not isinstance(state, Mapping):
            raise TypeError(f"{where}: the state is a state_dict(), not {state!r}")
        expected = self.state_dict()
        if expected.keys() != state.keys():
            raise KeyError(
                f"{where}: the state lacks {sorted(expected.keys() - state.keys())} "
                f"and has the unknown names "
                f"{sorted(state.keys() - expected.keys(), key=str)}. Load it into an "
                f"optimizer with the settings of the one that it was taken from."
            )
        for name, array in expected.items():
            positive = name == "steps" or "square" in name
            _check_like(f"{where}: {name}", state[name], array, positive)
        with turn:
            self.steps = int(state["steps"])
            for name, array in self.state.items():
                np.copyto(array, state[name])

    def _checked(self, name: str, number: Any, **bounds: Any) -> float:
        """A setting as a float; see `check_real`."""
        return check_real(f"{type(self).__name__}: {name}", number, **bounds)

    def _doubt(self, error: str, flag: int) -> None:
        """Note that the processor has met an overflow, a division by 0 or a NaN."""
        self._doubtful = True

    def _is_finite(self, vector: Vector) -> bool:
        """Whether the parameters and what is remembered are finite after `update`.

        Arithmetic on finite numbers that leaves them says so: the processor's flags,
        which NumPy reads after each operation, spare a look at the arrays. A sum is not
        finite if a term is not; it finds a vector that was not, or infinite settings.
        """
        if math.isfinite(vector.sum()) and not self._doubtful:
            return True
        arrays = (vector, *self.next_state.values())
        return all(bool(np.isfinite(array).all()) for array in arrays)

    def _prepared(self, parameters: Vector, gradient: Vector, norm: float) -> Vector:
        """The gradient that `update` is given: clipped, and with the weight decay."""
        if self.clip_norm is not None and norm > self.clip_norm:
            gradient = np.multiply(gradient, self.clip_norm / norm, self._gradient)
        if self.clip_value is not None:
            bound = self.clip_value
            gradient = np.clip(gradient, -bound, bound, out=self._gradient)
        return self._decayed(parameters, gradient) if self.weight_decay else gradient

    def _decayed(self, parameters: Vector, gradient: Vector) -> Vector:
        """The gradient with that of weight_decay / 2 · ‖w‖² added."""
        penalty = np.multiply(parameters, self.weight_decay, self._scratch)
        return np.add(gradient, penalty, self._gradient)

    def _average(self, name: str, smoothing: float, numbers: Vector) -> Vector:
        """The next running mean: smoothing · mean + (1 - smoothing) · numbers."""
        mean = np.multiply(self.state[name], smoothing, self.next_state[name])
        mean += np.multiply(numbers, 1.0 - smoothing, self._scratch)
        return mean

    def _accumulate(self, momentum: float, numbers: Vector) -> Vector:
        """The next velocity: momentum · velocity + numbers."""
        velocity = self.next_state["velocity"]
        np.multiply(self.state["velocity"], momentum, velocity)
        velocity += numbers
        return velocity


def _sum_of_squares(vector: Vector) -> float:
    """Infinite or NaN if a component is, or if the sum is too large itself."""
    total = 0.0
    for start in range(0, len(vector), BLOCK):
        block = vector[start : start + BLOCK]
        total += float(block.dot(block))
    return total


def _norm(vector: Vector) -> float:
    """The L2 norm; infinite or NaN if a component is, or if it is too large itself."""
    square = _sum_of_squares(vector)
    if SAFE_SQUARE <= square < math.inf:
        return math.sqrt(square)
    largest = float(np.abs(vector).max())
    if largest == 0.0 or not math.isfinite(largest):
        return largest
    return largest * math.sqrt(_sum_of_squares(vector / largest))


def _check_like(name: str, given: Any, array: npt.NDArray[Any], positive: bool) -> None:
    """Refuse what is not an array of this kind and shape, of finite numbers."""
    if not isinstance(given, np.ndarray) or given.dtype != array.dtype:
        kind = type(given).__name__
        if isinstance(given, np.ndarray):
            kind = f"an array of {given.dtype}"
        raise TypeError(f"{name} must be an array of {array.dtype}, not {kind}.")
    if given.shape != array.shape:
        raise ValueError(
            f"{name} must have the shape {array.shape}, not {given.shape}."
        )
    bad = given[~np.isfinite(given) | (positive & (given < 0))]
    if bad.size:
        what = "finite numbers from 0 up" if positive else "finite numbers"
        raise ValueError(f"{name} must hold {what}, not {bad[0]}.")
