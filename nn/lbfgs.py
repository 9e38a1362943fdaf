"""L-BFGS: a quasi-Newton method for small problems, with all examples in every step.

It estimates the curvature from the last gradients and takes far fewer steps than
gradient descent where the loss is smooth, and there are few enough examples and
parameters to use all of them each time. SciPy does the arithmetic.

    >>> from nn.data import logic_gate
    >>> from nn.layers import MLP
    >>> from nn.losses import mse
    >>> X, y = logic_gate("xor")
    >>> model = MLP(2, [3, 1], activation="tanh", seed=0)
    >>> history = fit_lbfgs(model, X, y, loss=mse)  # doctest: +SKIP
    >>> history.loss[-1] < 1e-9  # doctest: +SKIP
    True
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from numbers import Real
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from autograd import DomainError, no_grad
from nn.engines import Compiled, Eager, Engine, Loss, Vector, say_of
from nn.examples import Matrix, as_examples
from nn.history import History
from nn.module import Module
from nn.optimizers import SGD
from nn.regularization import training_mode


def fit_lbfgs(
    model: Module,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    loss: Loss,
    iterations: int = 100,
    memory: int = 10,
    tolerance: float = 1e-8,
    compiled: bool = True,
    callback: Callable[[int, float], Any] | None = None,
) -> History:
    """Train the model in place on X, (n, n_inputs), and y, by the L-BFGS method.

    Each of at most `iterations` is one step for the mean loss of all examples, along
    the direction of Nocedal & Wright (2006), algorithms 7.4 and 7.5, from the last
    `memory` changes of the gradient, with a line search: the loss never rises. It ends
    earlier where no component of the gradient is above `tolerance`, or where the loss
    no longer falls. `loss` and `compiled` are those of `fit`.

    After each iteration `callback(iteration, loss)` is called, from 1, with the model
    up to date; it may raise StopIteration to end the training. The history has an
    entry per iteration: `loss` after it, and `seconds`.

    ValueError for a model with dropout, whose loss is another function each time;
    ImportError without SciPy; ValueError for examples as in `fit`, and an
    ArithmeticError or a DomainError where the loss stops being finite. However it
    ends, the parameters are those of the last whole iteration.
    """
    try:
        from scipy.optimize import minimize  # type: ignore[import,unused-ignore]
    except ImportError as error:
        raise ImportError(
            f'fit_lbfgs needs SciPy ({error}): pip install "valuegrad[scipy]"'
        ) from error
    inputs, targets = as_examples(X, y, "fit_lbfgs")
    for name, count in (("iterations", iterations), ("memory", memory)):
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise ValueError(f"fit_lbfgs: {name} must be from 1 up, not {count!r}")
    if not (isinstance(tolerance, Real) and 0.0 <= tolerance < math.inf):
        raise ValueError(f"fit_lbfgs: tolerance must be from 0 up, not {tolerance!r}")
    _refuse_dropout(model, inputs)
    kind = Compiled if compiled else Eager
    # An engine takes its parameters from an optimizer; this one makes no step.
    engine: Engine = kind(model, loss, SGD(model.parameters()), inputs, targets)
    everything = np.arange(len(inputs))
    reached = engine.vector.copy()
    history = History()
    start = time.perf_counter()

    def loss_and_gradient(vector: Vector) -> tuple[float, Vector]:
        engine.vector[:] = vector
        return engine.loss_and_gradient(everything)

    def after_iteration(intermediate_result: Any) -> None:
        nonlocal start
        reached[:] = engine.vector[:] = intermediate_result.x
        now = time.perf_counter()
        history.loss.append(float(intermediate_result.fun))
        history.seconds.append(now - start)
        start = now
        if callback is not None:
            engine.write_back()
            callback(len(history.loss), history.loss[-1])

    try:
        minimize(
            loss_and_gradient,
            engine.vector.copy(),
            jac=True,
            method="L-BFGS-B",
            callback=after_iteration,
            options={
                "maxiter": iterations,
                "maxfun": 100 * iterations,
                "maxcor": memory,
                "gtol": tolerance,
                "ftol": 0.0,
            },
        )
    except (ArithmeticError, DomainError) as error:
        say_of(f"fit_lbfgs: iteration {len(history.loss) + 1}", error)
        raise
    finally:
        engine.vector[:] = reached
        engine.write_back()
    return history


def _refuse_dropout(model: Module, X: Matrix) -> None:
    """ValueError if the model asks for a mask."""

    def refuse(rate: float) -> NoReturn:
        raise ValueError(
            "fit_lbfgs: the model has dropout, which makes the loss another function "
            "at each evaluation. Build it without dropout, or use fit."
        )

    with no_grad(), training_mode(refuse):
        model(X[0].tolist())
