"""L-BFGS: where it gets to, how it ends, and what it refuses."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import nn
from autograd import DomainError, Value

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
Y = X @ [1.0, -2.0, 0.5] + 0.3 + 0.1 * RNG.normal(size=40)


def linear(n_inputs: int = 3) -> nn.Neuron:
    return nn.Neuron(n_inputs, activation=None, seed=0)


def numbers(model: nn.Module) -> list[float]:
    return [parameter.data for parameter in model.parameters()]


@pytest.fixture(autouse=True)
def _scipy() -> None:
    pytest.importorskip("scipy")


@pytest.mark.parametrize("compiled", [True, False])
def test_it_reaches_the_closed_form_of_least_squares(compiled: bool) -> None:
    model = linear()
    history = nn.fit_lbfgs(model, X, Y, loss=nn.mse, compiled=compiled)
    design = np.column_stack([X, np.ones(40)])
    exact, residual, *_ = np.linalg.lstsq(design, Y, rcond=None)
    # It ends at a gradient of 1e-8; the Hessian's smallest eigenvalue is near 1.
    assert numbers(model) == pytest.approx(exact, abs=1e-7)
    assert history.loss[-1] == pytest.approx(residual[0] / 40, rel=1e-12)
    assert len(history.loss) < 20


def test_it_reaches_the_closed_form_of_ridge_regression() -> None:
    model = linear()
    loss = nn.penalized(nn.mse, model.weights, l2=0.5)
    nn.fit_lbfgs(model, X, Y, loss=loss)
    # (2/n) Aᵀ (A w - y) + l2 w = 0, without the penalty for the bias.
    A = np.column_stack([X, np.ones(40)])
    left = 2.0 / 40 * A.T @ A + np.diag([0.5, 0.5, 0.5, 0.0])
    exact = np.linalg.solve(left, 2.0 / 40 * A.T @ Y)
    assert numbers(model) == pytest.approx(exact, abs=1e-7)


def test_it_learns_xor() -> None:
    X, y = nn.data.logic_gate("xor")
    model = nn.MLP(2, [3, 1], activation="tanh", seed=0)
    nn.fit_lbfgs(model, X, y, loss=nn.mse)
    assert nn.predict(model, X) == pytest.approx(np.ravel(y), abs=1e-6)


def test_the_loss_falls_in_every_iteration_and_is_that_of_the_model() -> None:
    classes = (Y > 0).astype(int)
    model = nn.MLP(3, [4, 2], activation="tanh", seed=0)
    seen = []

    def note(iteration: int, loss: float) -> None:
        with nn.training_mode(None):
            losses = [
                nn.cross_entropy(model(x.tolist()), c).data
                for x, c in zip(X, classes, strict=True)
            ]
        seen.append((iteration, loss, np.mean(losses)))

    history = nn.fit_lbfgs(
        model, X, classes, loss=nn.cross_entropy, iterations=15, callback=note
    )
    assert len(history.loss) == len(history.seconds) == 15
    assert [(i, loss) for i, loss, _ in seen] == list(enumerate(history.loss, start=1))
    assert all(np.diff(history.loss) < 0)
    # The sum of forty losses near 1, in another order.
    assert history.loss == pytest.approx([mean for _, _, mean in seen], rel=1e-13)


def test_iterations_are_the_most_there_are() -> None:
    model = nn.MLP(3, [4, 1], activation="tanh", seed=0)
    history = nn.fit_lbfgs(model, X, Y, loss=nn.mse, iterations=3)
    assert len(history.loss) == 3


def test_it_ends_where_no_gradient_is_above_the_tolerance() -> None:
    losses = {
        tolerance: nn.fit_lbfgs(linear(), X, Y, loss=nn.mse, tolerance=tolerance).loss
        for tolerance in (10.0, 1e-2, 1e-8)
    }
    assert len(losses[10.0]) <= 1 < len(losses[1e-2]) < len(losses[1e-8])


def test_both_engines_go_the_same_way() -> None:
    paths = []
    for compiled in (True, False):
        model = nn.MLP(3, [4, 1], activation="tanh", seed=0)
        history = nn.fit_lbfgs(
            model, X, Y, loss=nn.mse, iterations=5, compiled=compiled
        )
        paths.append((history.loss, numbers(model)))
    # Differences of gradients amplify the roundings of five iterations.
    assert paths[0][0] == pytest.approx(paths[1][0], rel=1e-9)
    assert paths[0][1] == pytest.approx(paths[1][1], abs=1e-8)


def test_a_callback_may_end_it() -> None:
    def stop(iteration: int, loss: float) -> None:
        if iteration == 2:
            raise StopIteration

    model = nn.MLP(3, [4, 1], activation="tanh", seed=0)
    history = nn.fit_lbfgs(model, X, Y, loss=nn.mse, callback=stop)
    assert len(history.loss) == 2


class Fault(Exception):
    """What a callback raises here."""


def test_after_an_error_the_parameters_are_those_of_the_last_iteration() -> None:
    model, kept = nn.MLP(3, [4, 1], activation="tanh", seed=0), []

    def fail(iteration: int, loss: float) -> None:
        kept.append(numbers(model))
        if iteration == 3:
            for parameter in model.parameters():
                parameter.data = 7.0
            raise Fault

    with pytest.raises(Fault):
        nn.fit_lbfgs(model, X, Y, loss=nn.mse, callback=fail)
    assert numbers(model) == kept[2] != kept[1]


class Well(nn.Module):
    """-log(1 - w²) on the way to a place outside (-1, 1), where it is not defined."""

    def __init__(self, w: float) -> None:
        self.w = Value(w)

    def __call__(self, inputs: Any) -> Value:
        return (1.0 - self.w * self.w).log() + 0.0 * inputs[0]


@pytest.mark.parametrize(
    ("compiled", "error"), [(True, FloatingPointError), (False, DomainError)]
)
def test_a_loss_that_stops_being_finite_leaves_the_last_finite_parameters(
    compiled: bool, error: type[Exception]
) -> None:
    model = Well(0.5)

    def falls(output: Value, target: Any) -> Value:
        return output + 0.0 * target  # it falls without end towards w = 1

    with pytest.raises(error, match=r"fit_lbfgs: iteration \d+: X\[0\] and y\[0\]: "):
        nn.fit_lbfgs(model, [[1.0]], [0.0], loss=falls, compiled=compiled)
    assert 0.5 <= model.w.data < 1.0


def test_dropout_is_refused_before_anything_is_changed() -> None:
    model = nn.MLP(3, [4, 1], seed=0, dropout=0.5)
    before = numbers(model)
    with pytest.raises(ValueError, match="fit_lbfgs: the model has dropout"):
        nn.fit_lbfgs(model, X, Y, loss=nn.mse)
    assert numbers(model) == before
    nn.fit_lbfgs(nn.MLP(3, [4, 1], dropout=0.0), X, Y, loss=nn.mse, iterations=1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"iterations": 0}, "iterations must be from 1 up, not 0"),
        ({"iterations": True}, "iterations"),
        ({"memory": 1.5}, "memory must be from 1 up, not 1.5"),
        ({"tolerance": -1.0}, "tolerance must be from 0 up, not -1.0"),
        ({"tolerance": float("nan")}, "tolerance"),
        ({"X": X[1:]}, "X has 39 examples and y has 40"),
        ({"X": X * np.nan}, r"X\[0, 0\] is nan"),
    ],
)
def test_what_cannot_be_is_refused(settings: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"X": X, "y": Y, "loss": nn.mse, **settings}
    with pytest.raises(ValueError, match=f"fit_lbfgs: .*{message}"):
        nn.fit_lbfgs(linear(), **arguments)


def test_without_scipy_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(ImportError, match=r'pip install "valuegrad\[scipy\]"'):
        nn.fit_lbfgs(linear(), X, Y, loss=nn.mse)
