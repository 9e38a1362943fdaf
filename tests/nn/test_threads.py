"""Threads may share a model and an optimizer: what reads or sets both takes turns."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Value
from autograd.leaves import turn
from nn.engines import Eager
from tests.threads import together

X = np.random.default_rng(0).normal(size=(12, 3))
Y = X.sum(axis=1)


class Sum(nn.Module):
    """w₀ x₀ + w₁ x₁ + w₂ x₂, with many more parameters that are all to be equal."""

    def __init__(self) -> None:
        self.weights = [Value(0.0) for _ in range(200)]

    def __call__(self, inputs: Any) -> Value:
        w = self.weights
        return w[0] * inputs[0] + w[99] * inputs[1] + w[199] * inputs[2]


def all_set_to(number: float) -> dict[str, Any]:
    return {"weights": np.full(200, number)}


def test_engines_that_share_their_leaves_compute_each_its_own_gradient() -> None:
    model = nn.MLP(3, [4, 1], "tanh", seed=0)
    numbers = np.array([value.data for value in model.parameters()])

    def engine(start: float) -> Eager:
        made = Eager(model, nn.mse, nn.SGD(model.parameters(), 0.01), X, Y)
        made.vector[:] = numbers + start
        return made

    def steps(of: Eager) -> list[float]:
        return [of.step(np.arange(12)) for _ in range(10)]

    starts = (0.0, 0.5, 1.0)
    expected = [steps(engine(start)) for start in starts]
    engines = [engine(start) for start in starts]
    assert together(*[lambda of=of: steps(of) for of in engines]) == expected


@pytest.mark.parametrize("optimizer", [nn.SGD, nn.Adam])
def test_no_step_of_a_shared_optimizer_is_lost(optimizer: Any) -> None:
    def stepped(n_threads: int, n_steps: int) -> list[float]:
        values = [Value(1.0), Value(2.0)]
        shared = optimizer(values, learning_rate=0.25)
        for value in values:
            value.grad = 1.0

        def work() -> None:
            for _ in range(n_steps):
                shared.step()

        together(*[work] * n_threads)
        return [shared.steps, *[value.data for value in values]]

    assert stepped(4, 100) == stepped(1, 400)


class Watched(nn.Module):
    """w x₀, which remembers of each call whether another thread could have its turn."""

    def __init__(self) -> None:
        self.weight = Value(2.0)
        self.found: list[bool] = []

    def __call__(self, inputs: Any) -> Value:
        def ask() -> None:
            self.found.append(turn.acquire(blocking=False))
            if self.found[-1]:
                turn.release()

        other = threading.Thread(target=ask)
        other.start()
        other.join()
        return self.weight * inputs[0]


def test_a_model_is_measured_within_one_turn() -> None:
    model = Watched()
    engine = Eager(model, nn.mse, nn.SGD(model.parameters(), 0.01), X, Y)
    engine.mean_loss(X, Y)
    assert model.found == [False] * len(X)


def test_a_model_is_held_to_its_program_within_one_turn() -> None:
    model = Watched()
    nn.predict(model, X)
    held = model.found[1:]  # the first call is that which is recorded
    assert held == [False] * len(held) != []


@pytest.mark.parametrize("compiled", [False, True])
def test_predict_sees_a_model_between_two_changes(compiled: bool) -> None:
    model = Sum()
    numbers = [1.0, 2.0]
    expected = []
    for number in numbers:
        model.load_state_dict(all_set_to(number))
        expected.append(nn.predict(model, X, compiled=compiled).tolist())
    done = threading.Event()

    def predict() -> list[list[float]]:
        found = [nn.predict(model, X, compiled=compiled).tolist() for _ in range(30)]
        done.set()
        return found

    def change() -> None:
        while not done.is_set():
            for number in numbers:
                model.load_state_dict(all_set_to(number))

    assert all(outputs in expected for outputs in together(predict, change)[0])


def test_a_state_is_that_between_two_changes() -> None:
    model = Sum()
    done = threading.Event()

    def read() -> set[int]:
        found = {len(np.unique(model.state_dict()["weights"])) for _ in range(300)}
        done.set()
        return found

    def change(number: float) -> None:
        while not done.is_set():
            model.load_state_dict(all_set_to(number))

    works = [lambda number=number: change(number) for number in (1.0, 2.0)]
    assert together(read, *works)[0] == {1}


def test_models_are_trained_side_by_side_as_one_after_the_other() -> None:
    def train(seed: int) -> Any:
        model = nn.MLP(3, [4, 1], "tanh", seed=seed)
        adam = nn.Adam(model.parameters(), 0.01)
        nn.fit(
            model, X, Y, loss=nn.mse, optimizer=adam, epochs=3, batch_size=5,
            seed=seed, compiled=bool(seed % 2), progress=False,
        )  # fmt: skip
        return [value.data for value in model.parameters()]

    works = [lambda seed=seed: train(seed) for seed in range(4)]
    assert together(*works) == [work() for work in works]
