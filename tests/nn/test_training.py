"""fit, predict and accuracy: what one step is, and what is refused."""

import math
from typing import Any

import numpy as np
import pytest

import nn
from autograd import TraceError, Value
from nn import (
    MLP,
    SGD,
    Adam,
    History,
    Layer,
    Module,
    Neuron,
    accuracy,
    binary_cross_entropy,
    cross_entropy,
    data,
    fit,
    mse,
    predict,
)

X, Y = data.logic_gate("xor")


def network(seed: int = 0) -> MLP:
    return MLP(2, [3, 1], "tanh", seed=seed)


def train(model: Module, X: Any = X, y: Any = Y, **settings: Any) -> History:
    """fit with what every call needs, and whatever is given on top."""
    defaults: dict[str, Any] = {"loss": mse, "epochs": 3, "progress": False}
    if "optimizer" not in settings:
        defaults["optimizer"] = SGD(model.parameters(), learning_rate=0.1)
    return fit(model, X, y, **{**defaults, **settings})


def weights(model: Module) -> list[float]:
    return [parameter.data for parameter in model.parameters()]


class Scale(Module):
    """w · x₀: outputs are chosen by the inputs."""

    def __init__(self) -> None:
        self.w = Value(1.0)

    def __call__(self, inputs: Any) -> Value:
        return self.w * inputs[0]


class Pick(Module):
    """The inputs themselves as so many outputs, w · xᵢ."""

    def __init__(self) -> None:
        self.w = Value(1.0)

    def __call__(self, inputs: Any) -> list[Value]:
        return [self.w * x for x in inputs]


# --- one step ------------------------------------------------------------------------


def test_one_step_of_fit_is_a_step_on_the_mean_loss_by_hand() -> None:
    model, by_hand = network(), network()
    history = train(model, epochs=1)
    losses = [mse(by_hand(row), target) for row, target in zip(X, Y, strict=True)]
    mean = sum(losses, Value(0.0)) / len(losses)
    mean.backward()
    SGD(by_hand.parameters(), learning_rate=0.1).step()
    # The same four gradients, added in another order: 4 roundings of numbers below 1.
    assert weights(model) == pytest.approx(weights(by_hand), abs=1e-15)
    assert weights(model) != weights(network())
    assert history.loss == [pytest.approx(mean.data, abs=1e-15)]


def test_each_batch_is_one_step_and_each_epoch_uses_every_example_once() -> None:
    for n, batch_size, steps in [(7, 3, 3), (6, 3, 2), (7, 1, 7), (7, 100, 1)]:
        model, seen = Scale(), []

        def noted(output: Any, target: Any, seen: list[Any] = seen) -> Value:
            seen.append(target)
            return mse(output, target)

        optimizer = SGD(model.parameters(), learning_rate=1e-3)
        train(
            model,
            np.ones((n, 1)),
            np.arange(n),
            loss=noted,
            optimizer=optimizer,
            batch_size=batch_size,
            epochs=2,
            compiled=False,  # a compiled loss is called once, to be recorded
        )
        assert optimizer.steps == 2 * steps
        assert sorted(seen[:n]) == sorted(seen[n:]) == list(range(n))
        assert n == 1 or seen[:n] != seen[n:]


def test_a_last_smaller_batch_is_a_step_on_its_own_mean() -> None:
    model, by_hand, seen = network(), network(), []

    def noted(output: Any, target: Any) -> Value:
        seen.append(int(target))
        return mse(output, float(target))

    train(model, y=np.arange(4), loss=noted, batch_size=3, epochs=1, compiled=False)
    optimizer = SGD(by_hand.parameters(), learning_rate=0.1)
    for batch in (seen[:3], seen[3:]):
        optimizer.zero_grad()
        for i in batch:
            (mse(by_hand(X[i].tolist()), float(i)) / len(batch)).backward()
        optimizer.step()
    assert weights(model) == weights(by_hand)


def test_the_history_has_the_mean_loss_of_every_epoch() -> None:
    model, losses = network(), []

    def noted(output: Any, target: Any) -> Value:
        value = mse(output, target)
        losses.append(value.data)
        return value

    history = train(model, loss=noted, batch_size=3, epochs=5, compiled=False)
    means = [math.fsum(losses[4 * k : 4 * k + 4]) / 4 for k in range(5)]
    assert history.loss == pytest.approx(means, rel=1e-15)
    assert len(history.seconds) == 5
    assert min(history.seconds) >= 0
    assert (history.validation_loss, history.validation_accuracy) == ([], [])


def test_gradients_from_before_are_not_used() -> None:
    model, fresh = network(), network()
    for row in X:
        model(row).backward()
    train(model)
    train(fresh)
    assert weights(model) == weights(fresh)


def test_the_data_are_left_as_they_were() -> None:
    inputs, targets = X.copy(), Y.copy()
    train(network(), inputs, targets, batch_size=1)
    assert np.array_equal(inputs, X)
    assert np.array_equal(targets, Y)


# --- learning ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [SGD, Adam])
def test_the_loss_falls(kind: Any) -> None:
    model = network()
    optimizer = kind(model.parameters(), learning_rate=0.05)
    history = train(model, optimizer=optimizer, epochs=40)
    assert history.loss[-1] < 0.8 * history.loss[0]


@pytest.mark.parametrize("seed", range(10))
def test_a_network_2_4_1_learns_xor(seed: int) -> None:
    model = MLP(2, [4, 1], "tanh", output_activation="sigmoid", seed=seed)
    train(
        model,
        loss=binary_cross_entropy,
        optimizer=Adam(model.parameters(), learning_rate=0.05),
        epochs=500,
    )
    assert np.abs(predict(model, X) - Y).max() < 0.1
    assert accuracy(model, X, Y) == 1.0


def test_several_classes_are_learned_from_indices_and_from_one_hot_rows() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(30) % 3
    centres = np.array([[2.0, 0.0], [-2.0, 1.0], [0.0, -2.0]])
    points = centres[labels] + 0.3 * rng.standard_normal((30, 2))
    trained = []
    for targets in (labels, data.one_hot(labels, 3)):
        model = MLP(2, [4, 3], "tanh", seed=0)
        optimizer = Adam(model.parameters(), learning_rate=0.05)
        train(
            model,
            points,
            targets,
            loss=cross_entropy,
            optimizer=optimizer,
            epochs=20,
            batch_size=8,
        )
        assert accuracy(model, points, targets) == 1.0
        trained.append(weights(model))
    # An index leaves out the products with 0 of a one-hot row: to rounding the same.
    assert trained[0] == pytest.approx(trained[1], abs=1e-9)


# --- seeds ---------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_training() -> None:
    first, second = network(), network()
    histories = [train(model, batch_size=1, seed=5) for model in (first, second)]
    assert weights(first) == weights(second)
    assert histories[0].loss == histories[1].loss


def test_another_seed_gives_another_order() -> None:
    first, second = network(), network()
    train(first, batch_size=1, seed=5)
    train(second, batch_size=1, seed=6)
    assert weights(first) != weights(second)


def test_progress_and_validation_change_nothing() -> None:
    plain, watched = network(), network()
    train(plain, batch_size=1)
    train(watched, batch_size=1, progress=True, validation=(X[:2], Y[:2]))
    assert weights(plain) == weights(watched)


# --- validation ----------------------------------------------------------------------


def test_validation_is_measured_after_each_epoch() -> None:
    model, again = network(), network()
    held_out = (X[:3] + 0.25, Y[:3])
    history = train(model, epochs=4, validation=held_out)
    assert len(history.validation_loss) == len(history.validation_accuracy) == 4
    for epochs in (1, 4):
        again = network()
        train(again, epochs=epochs)
        mean = np.mean((predict(again, held_out[0]) - held_out[1]) ** 2)
        # A mean of three squares, each of a few roundings.
        assert history.validation_loss[epochs - 1] == pytest.approx(mean, rel=1e-14)
        assert history.validation_accuracy[epochs - 1] == accuracy(again, *held_out)


def test_validation_of_several_classes_counts_the_largest_output() -> None:
    model = Pick()
    history = train(
        model,
        [[3.0, 1.0], [0.0, 1.0]],
        [0, 1],
        loss=cross_entropy,
        validation=([[3.0, 1.0], [0.0, 1.0], [2.0, 1.0]], [0, 1, 1]),
        epochs=1,
    )
    assert history.validation_accuracy == [pytest.approx(2 / 3)]


# --- refusals ------------------------------------------------------------------------

BAD_DATA: dict[str, tuple[Any, Any, str]] = {
    "no examples": ([], [], "at least one example"),
    "no rows": (np.zeros((0, 2)), [], "at least one example"),
    "no columns": (np.zeros((4, 0)), Y, "one input"),
    "more rows": (X, Y[:3], "X has 4 examples and y has 3"),
    "more targets": (X[:3], Y, "X has 3 examples and y has 4"),
    "a single target": (X, 1.0, "X has 4 examples and y has 0"),
    "a NaN": (
        [[0.0, 1.0], [1.0, math.nan], [math.nan, 0.0], [1.0, 1.0]],
        Y,
        r"X\[1, 1\] is nan",
    ),
    "an infinity": ([[0.0, 1.0]] * 3 + [[-math.inf, 0.0]], Y, r"X\[3, 0\] is -inf"),
    "a NaN target": (X, [0.0, 1.0, math.nan, 0.0], "y must hold finite numbers"),
    "an infinite target": (X, [0.0, 1.0, math.inf, 0.0], "y must hold finite numbers"),
    "a vector": ([1.0, 2.0], [0, 1], r"\(n, n_inputs\).*\(2,\)"),
    "a cube": (np.zeros((4, 1, 2)), Y, r"\(n, n_inputs\).*\(4, 1, 2\)"),
    "words": ([["a", "b"]] * 4, Y, "X must be"),
    "words as targets": (X, list("abcd"), "y must hold"),
    "complex numbers": (X + 0j, Y, "X must be"),
    "complex targets": (X, Y + 0j, "y must hold"),
    "ragged rows": ([[1.0, 2.0], [3.0]], [0, 1], "X must be"),
    "nothing": (None, Y, "X must be"),
    "no targets": (X, None, "y must hold"),
}


@pytest.mark.parametrize("fault", BAD_DATA)
def test_bad_examples_are_refused_before_anything_is_learned(fault: str) -> None:
    bad_X, bad_y, message = BAD_DATA[fault]
    model = network()
    with pytest.raises(ValueError, match=f"fit: .*{message}"):
        train(model, bad_X, bad_y)
    with pytest.raises(ValueError, match=f"fit: validation: .*{message}"):
        train(model, validation=(bad_X, bad_y))
    with pytest.raises(ValueError, match=f"accuracy: .*{message}"):
        accuracy(model, bad_X, bad_y)
    assert weights(model) == weights(network())


@pytest.mark.parametrize(
    "bad_X", [[], [1.0, 2.0], [[1.0, math.nan]], [["a", "b"]], [[1.0, 2.0], [3.0]]]
)
def test_predict_refuses_inputs_that_are_no_matrix_of_numbers(bad_X: Any) -> None:
    with pytest.raises(ValueError, match="predict: X"):
        predict(network(), bad_X)


@pytest.mark.parametrize("name", ["epochs", "batch_size"])
@pytest.mark.parametrize("count", [0, -1, 1.0, 1.5, True, "3", math.nan])
def test_a_count_that_is_none_is_refused(name: str, count: Any) -> None:
    model = network()
    with pytest.raises(ValueError, match=f"{name} must be a whole number from 1 up"):
        train(model, **{name: count})
    assert weights(model) == weights(network())


def test_the_optimizer_of_another_model_is_refused() -> None:
    with pytest.raises(ValueError, match="optimizer"):
        train(network(), optimizer=SGD(network().parameters()))


def test_rows_of_the_wrong_width_are_refused_by_the_model() -> None:
    with pytest.raises(ValueError, match="2 inputs was given 3"):
        train(network(), np.zeros((4, 3)), Y)


def test_counts_may_be_numpys_integers() -> None:
    assert len(train(network(), epochs=np.int64(2), batch_size=np.int32(3)).loss) == 2


@pytest.mark.parametrize(
    ("inputs", "targets"),
    [
        (X.tolist(), Y.tolist()),
        (X.astype(int), Y.astype(np.uint8)),
        (X.astype(bool), Y.astype(bool)),
        (X.astype(np.float32), Y[:, np.newaxis]),
    ],
)
def test_lists_and_other_kinds_of_numbers_train_the_same(
    inputs: Any, targets: Any
) -> None:
    model, expected = network(), network()
    train(model, inputs, targets)
    train(expected)
    assert weights(model) == weights(expected)


class FaultError(Exception):
    """An error that nobody else raises."""


def test_a_loss_that_fails_leaves_the_parameters_of_the_last_whole_step() -> None:
    model, by_hand, seen = network(), network(), []

    def failing(output: Any, target: Any) -> Value:
        if len(seen) == 3:
            raise FaultError
        seen.append(int(target))
        return mse(output, float(target))

    with pytest.raises(FaultError):
        train(model, y=np.arange(4), loss=failing, batch_size=2, compiled=False)
    optimizer = SGD(by_hand.parameters(), learning_rate=0.1)
    for i in seen[:2]:
        (mse(by_hand(X[i].tolist()), float(i)) / 2).backward()
    optimizer.step()
    assert weights(model) == weights(by_hand)


@pytest.mark.parametrize("compiled", [True, False])
def test_a_step_that_overflows_leaves_the_parameters_of_the_last_whole_step(
    compiled: bool,
) -> None:
    model = Scale()
    optimizer = SGD(model.parameters(), learning_rate=1e200)
    with pytest.raises((OverflowError, FloatingPointError)):
        train(model, [[1.0]], [0.0], optimizer=optimizer, epochs=10, compiled=compiled)
    assert math.isfinite(model.w.data)
    assert model.w.data != 1.0


# --- predict and accuracy ------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        (MLP(2, [3, 1]), (4,)),
        (Neuron(2), (4,)),
        (MLP(2, [3, 2]), (4, 2)),
        (Layer(2, 1), (4, 1)),
        (Layer(2, 5), (4, 5)),
    ],
)
def test_predictions_have_a_row_per_example(model: Any, shape: tuple[int, ...]) -> None:
    outputs = predict(model, X)
    assert (outputs.shape, outputs.dtype) == (shape, np.float64)
    assert predict(model, X[:1]).shape == (1, *shape[1:])


def test_predictions_are_the_models_outputs_and_leave_no_trace() -> None:
    model = network()
    assert predict(model, X).tolist() == [model(row).data for row in X.tolist()]
    assert not any(parameter.has_grad for parameter in model.parameters())


def outputs(*numbers: float) -> list[list[float]]:
    """Inputs for which `Scale` gives these outputs."""
    return [[number] for number in numbers]


@pytest.mark.parametrize(
    ("scores", "targets", "threshold", "share"),
    [
        # targets 0 and 1: from 0.5 on, exclusive
        ((0.4, 0.6, 0.9, 0.1), (0, 1, 0, 1), None, 0.5),
        ((0.5, 0.5000001), (0, 1), None, 1.0),
        # targets -1 and 1: from 0 on, exclusive
        ((-0.1, 0.1, 0.4, -3.0), (-1, 1, 1, 1), None, 0.75),
        ((0.0,), (-1,), None, 1.0),
        # logits for targets 0 and 1
        ((-0.1, 0.1, 0.4), (0, 1, 1), 0.0, 1.0),
        ((-0.1, 0.1, 0.4), (0, 1, 1), None, 1 / 3),
        # another threshold
        ((0.2, 0.8), (0, 1), 0.9, 0.5),
    ],
)
def test_one_output_is_compared_with_a_threshold(
    scores: Any, targets: Any, threshold: float | None, share: float
) -> None:
    settings = {} if threshold is None else {"threshold": threshold}
    X = outputs(*scores)
    for y in (list(targets), np.array(targets), np.array(targets)[:, np.newaxis]):
        assert accuracy(Scale(), X, y, **settings) == pytest.approx(share)


def test_a_list_of_one_output_is_that_output() -> None:
    assert accuracy(Pick(), outputs(0.2, 0.8, 0.7), [0, 1, 0]) == pytest.approx(2 / 3)


def test_several_outputs_vote_for_the_largest() -> None:
    X = [[3.0, 1.0, 2.0], [0.0, -1.0, 0.5], [0.0, 5.0, 1.0], [1.0, 2.0, 3.0]]
    labels = np.array([0, 2, 1, 0])
    for y in (labels, labels.tolist(), labels[:, np.newaxis], data.one_hot(labels, 3)):
        assert accuracy(Pick(), X, y) == 0.75


@pytest.mark.parametrize(
    ("model", "y"),
    [
        (Scale(), [[1, 0], [0, 1]]),
        (Pick(), [[1, 0, 0], [0, 1, 0]]),
        (Pick(), [[[1, 0]], [[0, 1]]]),
    ],
)
def test_targets_of_another_shape_than_the_outputs_are_refused(
    model: Any, y: Any
) -> None:
    with pytest.raises(ValueError, match="shape"):
        accuracy(model, [[1.0, 2.0], [3.0, 4.0]], y)


def test_a_share_is_no_validation_set():
    model = MLP(2, [1], seed=0)
    X, y = data.logic_gate("and")
    with pytest.raises(TypeError, match=r"validation is a pair \(X, y\), not 0\.2"):
        fit(
            model,
            X,
            y,
            loss=mse,
            optimizer=SGD(model.parameters()),
            epochs=1,
            validation=0.2,
        )


@pytest.mark.parametrize("inside", ["model", "loss"])
def test_a_key_while_fit_records_names_what_works_instead(inside: str) -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            self.w = Value(1.0)

        def parameters(self) -> list[Value]:
            return [self.w]

        def __call__(self, x: Any) -> Any:
            return self.w * ({0.0: 1.0}[x[0]] if inside == "model" else x[0])

    def loss(output: Any, target: Any) -> Any:
        return output * ({0.0: 1.0}[target] if inside == "loss" else target)

    X, y = [[0.0], [0.0]], [0.0, 0.0]
    model = Model()
    optimizer = nn.SGD(model.parameters(), 0.1)
    with pytest.raises(TraceError, match=r"As a key .*cross_entropy"):
        nn.fit(model, X, y, loss=loss, optimizer=optimizer, epochs=1)
    if inside == "model":
        with pytest.raises(TraceError, match=r"As a key"):
            nn.predict(model, X * 5000)
