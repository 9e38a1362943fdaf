"""Dropout while training and otherwise, and penalties on parameters."""

from __future__ import annotations

import functools
import math
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Value, compile, no_grad
from nn.engines import Compiled, Eager

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 4))
Y = RNG.integers(0, 3, 20)

rates = st.floats(0.0, 0.95)
seeds = st.integers(0, 2**32)


def values(numbers: Any) -> list[Value]:
    return [Value(float(number)) for number in numbers]


def weights(model: nn.Module) -> list[float]:
    return [parameter.data for parameter in model.parameters()]


def network(dropout: float = 0.4) -> nn.MLP:
    return nn.MLP(4, [6, 5, 3], activation="tanh", seed=0, dropout=dropout)


# --- dropout, by itself --------------------------------------------------------------


@given(rates, seeds)
def test_a_signal_is_dropped_or_divided_by_the_share_that_is_kept(
    rate: float, seed: int
) -> None:
    signals = values(range(1, 8))
    with nn.training_mode(np.random.default_rng(seed)):
        after = nn.Dropout(rate)(signals)
    uniform = np.random.default_rng(seed).random(7)
    for before, found, u in zip(signals, after, uniform, strict=True):
        # 1 / (1 - rate) is rounded twice, and the product once.
        kept = 0.0 if u < rate else before.data / (1.0 - rate)
        assert found.data == pytest.approx(kept, rel=4 * 2**-53, abs=0)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_the_expectation_is_that_of_no_dropout(rate: float) -> None:
    n = 20_000
    with nn.training_mode(np.random.default_rng(0)), no_grad():
        after = nn.Dropout(rate)([Value(1.0)] * n)
    # One mask has the variance rate / (1 - rate); six standard errors of the mean.
    error = math.sqrt(rate / (1.0 - rate) / n)
    assert np.mean([signal.data for signal in after]) == pytest.approx(
        1.0, abs=6 * error
    )


@given(seeds)
def test_the_rate_zero_is_the_identity_and_draws_nothing(seed: int) -> None:
    signals, rng = values([1.0, -2.0]), np.random.default_rng(seed)
    with nn.training_mode(rng):
        assert nn.Dropout(0.0)(signals) == signals  # Values are equal if the same
    assert rng.random() == np.random.default_rng(seed).random()


def test_outside_training_it_is_the_identity() -> None:
    signals = values([1.0, -2.0])
    assert nn.Dropout(0.9)(signals) == signals
    with nn.training_mode(np.random.default_rng(0)), nn.training_mode(None):
        assert nn.Dropout(0.9)(signals) == signals


def test_training_ends_with_its_block_also_after_an_error() -> None:
    signals = values([1.0] * 50)
    with pytest.raises(ZeroDivisionError), nn.training_mode(np.random.default_rng(0)):
        _ = 1 / 0
    assert nn.Dropout(0.9)(signals) == signals


def test_training_in_one_thread_is_none_in_another() -> None:
    found: list[list[Value]] = []
    signals = values([1.0] * 50)
    with nn.training_mode(np.random.default_rng(0)):
        other = threading.Thread(target=lambda: found.append(nn.Dropout(0.9)(signals)))
        other.start()
        other.join()
    assert found == [signals]


def test_the_gradient_goes_through_what_is_kept_alone() -> None:
    signals = values([1.0] * 30)
    with nn.training_mode(np.random.default_rng(1)):
        after = nn.Dropout(0.5)(signals)
    functools.reduce(lambda a, b: a + b, after).backward()
    assert [s.grad for s in signals] == [s.data for s in after]
    assert {s.grad for s in signals} == {0.0, 2.0}


def test_masks_may_be_leaves_that_a_program_takes_as_inputs() -> None:
    model, masks = network(), []

    def leaf(rate: float) -> Value:
        masks.append(Value(1.0 / (1.0 - rate)))
        return masks[-1]

    inputs = values(X[0])
    with nn.training_mode(leaf):
        loss = nn.cross_entropy(model(inputs), 1)
    program = compile(loss, [*inputs, *masks], model.parameters())
    drawn = (np.random.default_rng(5).random(len(masks)) >= 0.4) / 0.6
    with nn.training_mode(np.random.default_rng(5)):
        eager = nn.cross_entropy(model(X[0].tolist()), 1)
    # Some hundred operations on numbers near 1, in two orders.
    assert program([[*X[0], *drawn]])[0, 0] == pytest.approx(eager.data, rel=1e-13)


@pytest.mark.parametrize("rate", [-0.1, 1.0, 1, 2.0, math.nan, True, "0.5", None])
def test_a_rate_that_is_no_share_is_refused(rate: Any) -> None:
    with pytest.raises(ValueError, match=rf"\[0, 1\), not {rate!r}"):
        nn.Dropout(rate)
    with pytest.raises(ValueError, match="rate"):
        nn.MLP(2, [3, 1], dropout=rate)


def test_masks_from_elsewhere_are_refused() -> None:
    masks: Any = 0
    with pytest.raises(TypeError, match="default_rng"), nn.training_mode(masks):
        pass


# --- dropout, in a network -----------------------------------------------------------


def test_dropout_has_no_parameters_and_changes_no_name() -> None:
    plain, dropped = network(0.0), network(0.4)
    assert list(plain.state_dict()) == list(dropped.state_dict())
    assert next(iter(dropped.state_dict())) == "layers.0.weight"
    assert weights(plain) == weights(dropped)
    assert nn.Dropout(0.5).parameters() == []
    assert (repr(plain), repr(dropped)) == (
        "MLP(4, [6, 5, 3], activation='tanh', output_activation=None)",
        "MLP(4, [6, 5, 3], activation='tanh', output_activation=None, dropout=0.4)",
    )


def test_a_network_drops_after_every_layer_but_the_last() -> None:
    asked = []

    def count(rate: float) -> float:
        asked.append(rate)
        return 1.0

    with nn.training_mode(count):
        network()(X[0].tolist())
        nn.MLP(4, [3], dropout=0.5)(X[0].tolist())
    assert asked == [0.4] * (6 + 5)


@pytest.mark.parametrize("compiled", [True, False])
def test_predictions_know_no_dropout_even_inside_training(compiled: bool) -> None:
    plain, dropped = network(0.0), network(0.4)
    expected = nn.predict(plain, X, compiled=compiled)
    with nn.training_mode(np.random.default_rng(0)):
        assert (nn.predict(dropped, X, compiled=compiled) == expected).all()
        share = nn.accuracy(dropped, X, Y, compiled=compiled)
    assert share == nn.accuracy(plain, X, Y, compiled=compiled)
    assert [v.data for v in dropped(X[0].tolist())] == [
        v.data for v in plain(X[0].tolist())
    ]


def fitted(compiled: bool, **settings: Any) -> tuple[list[float], nn.History]:
    model = network()
    arguments: dict[str, Any] = {"epochs": 4, "batch_size": 7, "seed": 3} | settings
    history = nn.fit(
        model,
        X,
        Y,
        loss=nn.cross_entropy,
        optimizer=nn.SGD(model.parameters(), 0.1, momentum=0.9),
        compiled=compiled,
        progress=False,
        validation=(X, Y),
        **arguments,
    )
    return weights(model), history


@pytest.mark.parametrize("batch_size", [7, 20])
def test_both_engines_train_with_the_same_masks(batch_size: int) -> None:
    (fast, fast_history), (slow, slow_history) = (
        fitted(compiled, batch_size=batch_size) for compiled in (True, False)
    )
    # Up to twelve steps, each some roundings of numbers near 1 in another order.
    assert fast == pytest.approx(slow, rel=1e-12, abs=1e-12)
    assert fast_history.loss == pytest.approx(slow_history.loss, rel=1e-12)
    assert fast_history.validation_loss == pytest.approx(
        slow_history.validation_loss, rel=1e-12
    )


def test_dropout_is_at_work_in_training() -> None:
    model = network(0.0)
    nn.fit(
        model, X, Y, loss=nn.cross_entropy, epochs=4, batch_size=7, seed=3,
        optimizer=nn.SGD(model.parameters(), 0.1, momentum=0.9), progress=False,
    )  # fmt: skip
    distance = np.abs(np.subtract(weights(model), fitted(True)[0])).max()
    assert distance > 1e-3


@pytest.mark.parametrize("kind", [Eager, Compiled])
def test_the_mean_loss_knows_no_dropout(kind: Any) -> None:
    model, plain = network(), network(0.0)
    found, expected = (
        kind(m, nn.cross_entropy, nn.SGD(m.parameters()), X, Y).mean_loss(X, Y)
        for m in (model, plain)
    )
    # The mask is 1, and a product with 1 is exact.
    assert found == expected


class Masked(nn.Module):
    """Its output is w · x, dropped: its gradient by w shows the masks."""

    def __init__(self, n: int) -> None:
        self.w = values([0.0] * n)
        self.dropout = nn.Dropout(0.5)

    def __call__(self, inputs: Any) -> list[Value]:
        return self.dropout([w * x for w, x in zip(self.w, inputs, strict=True)])


def total(outputs: list[Value], target: Any) -> Value:
    return functools.reduce(lambda a, b: a + b, outputs) + 0.0 * target


def masks_of(kind: Any, seed: int | None, steps: int, batch: list[int]) -> Any:
    """The sum over a batch of the masks of 40 signals, in a step after others."""
    model = Masked(40)
    sgd = nn.SGD(model.parameters(), 1.0)
    engine = kind(model, total, sgd, np.ones((9, 40)), np.zeros(9), seed=seed)
    for _ in range(steps):
        engine.step(np.array(batch))
    gradient = engine.loss_and_gradient(np.array(batch))[1]
    return (gradient * len(batch)).tolist()


@pytest.mark.parametrize("kind", [Eager, Compiled])
def test_masks_differ_by_seed_by_step_and_by_example(kind: Any) -> None:
    first = masks_of(kind, 0, 0, [0])
    assert set(first) == {0.0, 2.0}
    assert masks_of(kind, 1, 0, [0]) != first
    assert masks_of(kind, 0, 1, [0]) != first
    second = np.subtract(masks_of(kind, 0, 0, [0, 0]), first).tolist()
    assert set(second) == {0.0, 2.0}
    assert second != first


@pytest.mark.parametrize("kind", [Eager, Compiled])
def test_masks_are_a_function_of_the_seed_and_the_number_of_the_step(kind: Any) -> None:
    uniform = np.random.default_rng((8, 4)).random((2, 40))
    expected = (uniform >= 0.5).sum(axis=0) * 2.0
    assert masks_of(kind, 8, 3, [4, 1]) == expected.tolist()


def test_without_a_seed_masks_differ_at_each_run() -> None:
    assert masks_of(Compiled, None, 0, [0]) != masks_of(Compiled, None, 0, [0])


def test_the_loss_of_a_batch_may_be_asked_for_twice() -> None:
    model = network()
    sgd = nn.SGD(model.parameters())
    engine = Compiled(model, nn.cross_entropy, sgd, X, Y)
    batch = np.arange(5)
    first, again = (engine.loss_and_gradient(batch) for _ in range(2))
    assert first[0] == again[0]
    assert (first[1] == again[1]).all()


# --- penalties -----------------------------------------------------------------------

factors = st.floats(0.0, 10.0)
some_weights = st.lists(st.floats(-10, 10), min_size=1, max_size=5)


@given(some_weights, factors, factors)
def test_the_gradient_of_the_penalty_is_sign_and_weight(
    numbers: list[float], l1: float, l2: float
) -> None:
    parameters = values(numbers)
    loss = nn.penalized(nn.mse, parameters, l1=l1, l2=l2)(Value(3.0), 1.0)
    penalty = sum(l1 * abs(w) + 0.5 * l2 * w * w for w in numbers)
    # Terms of one sign, at most ten of them, each some roundings.
    assert loss.data == pytest.approx(4.0 + penalty, rel=16 * 2**-53)
    loss.backward()
    for parameter in parameters:
        expected = l1 * np.sign(parameter.data) + l2 * parameter.data
        # w · w hands on w twice: half of l2 w each.
        assert parameter.grad == pytest.approx(expected, rel=8 * 2**-53, abs=1e-300)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("batch_size", [7, 20])
def test_an_l2_penalty_does_what_pytorchs_weight_decay_does(
    compiled: bool, batch_size: int
) -> None:
    torch: Any = pytest.importorskip("torch")
    model = nn.MLP(4, [5, 3], activation="tanh", seed=0)
    twin = torch.nn.Sequential(
        torch.nn.Linear(4, 5), torch.nn.Tanh(), torch.nn.Linear(5, 3)
    ).double()
    names = ["0.weight", "0.bias", "2.weight", "2.bias"]
    twin.load_state_dict(
        dict(zip(names, map(torch.tensor, model.state_dict().values()), strict=True))
    )
    nn.fit(
        model, X, Y, loss=nn.penalized(nn.cross_entropy, model.parameters(), l2=0.03),
        optimizer=nn.SGD(model.parameters(), 0.2), epochs=2, batch_size=batch_size,
        seed=1, compiled=compiled, progress=False,
    )  # fmt: skip
    sgd = torch.optim.SGD(twin.parameters(), lr=0.2, weight_decay=0.03)
    order = np.random.default_rng(1)
    for _ in range(2):
        indices = order.permutation(20)
        for first in range(0, 20, batch_size):
            batch = indices[first : first + batch_size]
            sgd.zero_grad()
            torch.nn.functional.cross_entropy(
                twin(torch.tensor(X[batch])), torch.tensor(Y[batch])
            ).backward()
            sgd.step()
    for (name, ours), theirs in zip(
        model.state_dict().items(), twin.parameters(), strict=True
    ):
        # Up to forty steps, each some roundings of numbers near 1.
        assert ours == pytest.approx(theirs.detach().numpy(), abs=1e-12), name


@pytest.mark.parametrize("kind", [Eager, Compiled])
@pytest.mark.parametrize("batch", [[0], [3, 1, 4, 1, 5]])
def test_the_penalty_counts_once_for_a_batch_of_any_size(
    kind: Any, batch: list[int]
) -> None:
    model = network(0.0)
    w = nn.weights(model)
    sgd = nn.SGD(model.parameters())
    with_penalty, without = (
        kind(model, loss, sgd, X, Y).loss_and_gradient(np.array(batch))
        for loss in (
            nn.penalized(nn.cross_entropy, w, l1=0.1, l2=0.2),
            nn.cross_entropy,
        )
    )
    penalty = sum(0.1 * abs(v.data) + 0.1 * v.data**2 for v in w)
    assert with_penalty[0] - without[0] == pytest.approx(penalty, rel=1e-13)
    expected = [
        0.1 * math.copysign(1.0, p.data) + 0.2 * p.data if p in set(w) else 0.0
        for p in model.parameters()
    ]
    assert with_penalty[1] - without[1] == pytest.approx(expected, abs=1e-14)


def test_the_weights_of_a_model_are_all_but_its_biases() -> None:
    model = nn.MLP(2, [3, 1], seed=0)
    names = {v: name for name, v in model.named_parameters()}
    found = [names[v] for v in nn.weights(model)]
    assert len(found) == 9
    assert all(".weight[" in name for name in found)
    neuron = nn.Neuron(2, seed=0)
    assert nn.weights(neuron) == neuron.weights


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"l1": -1.0}, ValueError, "l1 must be a number from 0 up, not -1.0"),
        ({"l2": math.nan}, ValueError, "l2 must be a number from 0 up, not nan"),
        ({"l2": math.inf}, ValueError, "l2"),
        ({"parameters": []}, TypeError, "parameters"),
        ({"parameters": Value(1.0)}, TypeError, r"nn\.weights"),
        ({"parameters": [1.0]}, TypeError, "Values"),
        ({"loss": 1.0}, TypeError, r"nn\.mse"),
    ],
)
def test_what_makes_no_penalty_is_refused(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    given = {"loss": nn.mse, "parameters": [Value(1.0)], **arguments}
    make: Callable[..., Any] = nn.penalized
    with pytest.raises(error, match=f"penalized: .*{message}"):
        make(given.pop("loss"), given.pop("parameters"), **given)
