"""Callbacks: when they are called, what they may do, when training stops early."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from nn import Callback, Checkpoint, EarlyStopping, History, Training
from nn.callbacks import METRICS
from nn.checkpoints import read

X, Y = nn.data.moons(40, 0.2, seed=0)
HELD_OUT = nn.data.moons(20, 0.2, seed=1)


def network(seed: int = 0) -> nn.MLP:
    return nn.MLP(2, [4, 1], "tanh", seed=seed)


def train(model: nn.MLP | None = None, **settings: Any) -> History:
    model = model or network()
    defaults: dict[str, Any] = {
        "loss": nn.binary_cross_entropy_with_logits,
        "optimizer": nn.SGD(model.parameters(), 0.5),
        "epochs": 5,
        "batch_size": 8,
        "threshold": 0.0,
        "progress": False,
    }
    return nn.fit(model, X, Y, **{**defaults, **settings})


def weights(model: nn.Module) -> list[float]:
    return [parameter.data for parameter in model.parameters()]


# --- any function --------------------------------------------------------------------


@pytest.mark.parametrize("compiled", [True, False])
def test_a_function_is_called_after_each_epoch_with_the_training(
    compiled: bool,
) -> None:
    model, seen = network(), []

    def note(training: Training) -> None:
        assert training.model is model
        assert training.epochs == 3
        assert len(training.history.loss) == training.epoch
        seen.append((training.epoch, training.optimizer.steps, weights(model)))

    train(model, epochs=3, callbacks=[note], compiled=compiled)
    assert [(epoch, steps) for epoch, steps, _ in seen] == [(1, 5), (2, 10), (3, 15)]
    for epoch, _, found in seen:
        again = network()
        train(again, epochs=epoch, compiled=compiled)
        assert weights(again) == found


def test_callbacks_are_called_in_their_order() -> None:
    order: list[str] = []
    train(
        epochs=2, callbacks=[lambda t: order.append("a"), lambda t: order.append("b")]
    )
    assert order == ["a", "b", "a", "b"]


def test_a_callback_stops_the_training_after_its_epoch() -> None:
    def enough(training: Training) -> None:
        if training.epoch == 2:
            training.stop("enough")

    model, expected = network(), network()
    history = train(model, callbacks=[enough])
    train(expected, epochs=2)
    assert len(history.loss) == 2
    assert weights(model) == weights(expected)


@pytest.mark.parametrize("compiled", [True, False])
def test_parameters_that_a_callback_changes_are_gone_on_with(compiled: bool) -> None:
    def halve(training: Training) -> None:
        for parameter in training.model.parameters():
            parameter.data *= 0.5

    model, by_hand = network(), network()
    train(model, epochs=1, callbacks=[halve], compiled=compiled)
    train(by_hand, epochs=1, compiled=compiled)
    # Halving is exact.
    assert weights(model) == [0.5 * weight for weight in weights(by_hand)]


def test_callbacks_that_do_nothing_change_nothing() -> None:
    plain, watched = network(), network()
    train(plain)
    train(watched, callbacks=[lambda training: None, Callback()])
    assert weights(plain) == weights(watched)


@pytest.mark.parametrize("compiled", [True, False])
def test_a_callback_that_fails_leaves_the_parameters_of_its_epoch(
    compiled: bool,
) -> None:
    def failing(training: Training) -> None:
        raise LookupError("no such thing")

    model, expected = network(), network()
    with pytest.raises(LookupError, match="no such thing"):
        train(model, callbacks=[failing], compiled=compiled)
    train(expected, epochs=1, compiled=compiled)
    assert weights(model) == weights(expected)


@pytest.mark.parametrize("wrong", [None, "run.npz", 3])
def test_what_cannot_be_called_is_refused(wrong: Any) -> None:
    model = network()
    with pytest.raises(TypeError, match="a callback is a function"):
        train(model, callbacks=[wrong])
    assert weights(model) == weights(network())


def test_numbers_of_another_model_are_refused_and_change_nothing() -> None:
    def swap(training: Training) -> None:
        with pytest.raises(ValueError, match=r"17 parameters, .* shape \(3,\)"):
            training.set_numbers(np.zeros(3))

    model, expected = network(), network()
    train(model, callbacks=[swap])
    train(expected)
    assert weights(model) == weights(expected)


# --- early stopping ------------------------------------------------------------------


class Measured(Callback):
    """Puts given numbers into the history in place of what was measured."""

    def __init__(self, metric: str, numbers: list[float]) -> None:
        self.metric = metric
        self.numbers = numbers
        self.weights: list[list[float]] = []

    def __call__(self, training: Training) -> None:
        getattr(training.history, self.metric)[-1] = self.numbers[training.epoch - 1]
        self.weights.append(weights(training.model))


def stopped(numbers: list[float], **settings: Any) -> tuple[int, int]:
    """After how many epochs it stops, and the epoch whose parameters are there."""
    stopping = EarlyStopping(**settings)
    model, measured = network(), Measured(stopping.metric, numbers)
    history = train(
        model,
        epochs=len(numbers),
        validation=HELD_OUT,
        training_accuracy=True,
        callbacks=[measured, stopping],
    )
    return len(history.loss), measured.weights.index(weights(model)) + 1


@pytest.mark.parametrize(
    ("numbers", "settings", "epochs", "best"),
    [
        ([5, 4, 3, 2, 1], {"patience": 1}, 5, 5),
        ([5, 4, 4, 3, 2], {"patience": 1}, 3, 2),
        ([5, 4, 4, 3, 2], {"patience": 2}, 5, 5),
        ([5, 4, 6, 7, 1], {"patience": 2}, 4, 2),
        ([5, 4, 6, 7, 8], {"patience": 9}, 5, 2),
        ([1, 1, 1, 1, 1], {"patience": 3}, 4, 1),
        # an improvement by min_delta itself is none
        ([5, 4, 3, 2, 1], {"patience": 2, "min_delta": 1.0}, 5, 5),
        ([5, 4.5, 4, 3.5, 3], {"patience": 2, "min_delta": 1.0}, 3, 1),
        ([5, 4.5, 3.5, 3, 2], {"patience": 2, "min_delta": 1.0}, 5, 5),
        # of an accuracy, more is better
        ([0.1, 0.2, 0.3], {"patience": 1, "metric": "validation_accuracy"}, 3, 3),
        ([0.3, 0.2, 0.1], {"patience": 1, "metric": "validation_accuracy"}, 2, 1),
        ([0.3, 0.2, 0.1], {"patience": 1, "metric": "training_accuracy"}, 2, 1),
        ([1, 2, 3], {"patience": 1, "metric": "loss"}, 2, 1),
        # below zero, as a loss may be
        ([-1, -2, -3], {"patience": 1, "metric": "loss"}, 3, 3),
    ],
)
def test_training_stops_without_improvement_and_returns_to_the_best_epoch(
    numbers: list[float], settings: dict[str, Any], epochs: int, best: int
) -> None:
    assert stopped(numbers, **settings) == (epochs, best)


@pytest.mark.parametrize("compiled", [True, False])
def test_the_best_epochs_parameters_are_those_that_were_measured(
    compiled: bool,
) -> None:
    model, stopping = network(), EarlyStopping(patience=3)
    optimizer = nn.SGD(model.parameters(), 20.0)  # too large a rate: up and down
    history = train(
        model,
        epochs=12,
        optimizer=optimizer,
        validation=HELD_OUT,
        callbacks=[stopping],
        compiled=compiled,
    )
    best = min(history.validation_loss)
    assert history.validation_loss[-1] > best
    assert stopping.best == best
    assert stopping.best_epoch == history.validation_loss.index(best) + 1
    inputs, targets = HELD_OUT
    losses = [
        nn.binary_cross_entropy_with_logits(model(x), t).data
        for x, t in zip(inputs.tolist(), targets.tolist(), strict=True)
    ]
    # A mean of 20 positive losses, each to a few roundings.
    assert math.fsum(losses) / 20 == pytest.approx(best, rel=1e-13)


def test_parameters_that_only_the_optimizer_knows_are_returned_to_their_best() -> None:
    hidden = nn.Neuron(1, None, seed=0)

    class Shifted(nn.Module):
        def __init__(self) -> None:
            self.inner = nn.Neuron(2, None, seed=0)

        def __call__(self, inputs: Any) -> Any:
            return self.inner(inputs) + hidden([1.0])

    model, seen = Shifted(), []
    numbers = [1.0, 2.0]

    def measured(training: Training) -> None:
        training.history.loss[-1] = numbers[training.epoch - 1]
        seen.append(weights(hidden))

    optimizer = nn.SGD([*model.parameters(), *hidden.parameters()], 0.5)
    settings: Any = {"callbacks": [measured, EarlyStopping(1, "loss")]}
    nn.fit(model, X, Y, loss=nn.mse, optimizer=optimizer, epochs=2, **settings)
    assert seen[0] != seen[1]
    assert weights(hidden) == seen[0]


def test_a_stopping_used_again_starts_anew() -> None:
    stopping = EarlyStopping(patience=1, metric="loss")
    for worst in (0.0, 10.0):
        numbers, model = [worst + k for k in range(5)], network()
        measured = Measured("loss", numbers)
        history = train(model, callbacks=[measured, stopping])
        assert len(history.loss) == 2
        assert stopping.best == worst


@pytest.mark.parametrize("metric", sorted(METRICS.keys() - {"loss"}))
def test_watching_what_is_not_measured_is_refused_before_training(metric: str) -> None:
    model = network()
    with pytest.raises(ValueError, match=f"{metric} is not measured"):
        train(model, callbacks=[EarlyStopping(3, metric)])
    assert weights(model) == weights(network())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"patience": 0}, "patience must be a whole number from 1 up, not 0"),
        ({"patience": 1.5}, "patience must be a whole number from 1 up, not 1.5"),
        ({"patience": 3, "metric": "los"}, "metric must be one of .*'los'"),
        ({"patience": 3, "min_delta": -1.0}, "min_delta must be from 0 up"),
        ({"patience": 3, "min_delta": math.nan}, "min_delta must be from 0 up"),
    ],
)
def test_settings_without_a_meaning_are_refused(
    settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        EarlyStopping(**settings)


@pytest.mark.parametrize(
    "state", [{}, {"best": np.zeros(2)}, {"best": np.zeros(3), "weights": np.zeros(2)}]
)
def test_a_state_of_something_else_is_refused(state: Any) -> None:
    with pytest.raises(ValueError, match="EarlyStopping remembers"):
        EarlyStopping(3).load_state_dict(state)


def test_a_callback_without_memory_takes_no_state() -> None:
    with pytest.raises(ValueError, match=r"remembers no \['best'\]"):
        Callback().load_state_dict({"best": np.zeros(2)})


# --- checkpoints ---------------------------------------------------------------------


def test_a_checkpoint_is_written_after_every_so_many_epochs_and_the_last(
    tmp_path: Path,
) -> None:
    path, seen = tmp_path / "run.npz", []

    class Looking(Checkpoint):
        def __call__(self, training: Training) -> None:
            super().__call__(training)
            seen.append(len(read(path)[1]["history/loss"]))

    train(epochs=1, checkpoint=path)
    train(epochs=8, callbacks=[Looking(path, every=3)])
    assert seen == [1, 1, 3, 3, 3, 6, 6, 8]


def test_a_checkpoint_is_written_where_training_stops(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"

    def enough(training: Training) -> None:
        if training.epoch == 2:
            training.stop("enough")

    # The checkpoint is written last, though it is named first.
    train(callbacks=[Checkpoint(path, every=100), enough])
    header, arrays = read(path)
    assert len(arrays["history/loss"]) == 2
    assert header["training"]["stopped"] == "enough"


@pytest.mark.parametrize("every", [0, -1, 1.5, True])
def test_an_interval_that_is_no_count_is_refused(every: Any) -> None:
    with pytest.raises(ValueError, match="every must be a whole number from 1 up"):
        Checkpoint("run.npz", every=every)


def test_a_callback_that_is_no_list_of_them_is_refused() -> None:
    with pytest.raises(TypeError, match=r"callbacks is a list, as in callbacks=\["):
        train(network(), callbacks=lambda training: None)
