"""The starting weights: drawn from the distributions of He and of Glorot."""

import math

import numpy as np
import pytest

from nn import Layer
from nn.initializers import RELU_FAMILY, initial_weights
from nn.layers import ACTIVATIONS

OTHERS = [None, *sorted(ACTIVATIONS.keys() - RELU_FAMILY)]
N_INPUTS, N_OUTPUTS = 200, 50
N = N_INPUTS * N_OUTPUTS


def draw(activation: str | None) -> np.ndarray:
    """10,000 weights: those of one layer, from a fixed seed."""
    rng = np.random.default_rng(0)
    rows = [
        initial_weights(N_INPUTS, N_OUTPUTS, activation, rng) for _ in range(N_OUTPUTS)
    ]
    return np.array(rows).ravel()


def test_every_activation_is_of_one_family_or_the_other() -> None:
    assert ACTIVATIONS.keys() >= RELU_FAMILY
    assert OTHERS == [None, "sigmoid", "step", "tanh"]


@pytest.mark.parametrize("activation", [*sorted(RELU_FAMILY), *OTHERS])
def test_the_mean_weight_is_zero(activation: str | None) -> None:
    weights = draw(activation)
    # The mean of n draws is off by σ/√n: five of these happen once in two million.
    assert abs(weights.mean()) < 5 * weights.std() / math.sqrt(N)


@pytest.mark.parametrize("activation", sorted(RELU_FAMILY))
def test_relus_weights_are_normal_with_hes_deviation(activation: str) -> None:
    deviation = math.sqrt(2 / N_INPUTS)
    weights = draw(activation)
    # A normal sample's deviation is off by 1/√(2n) of itself: five of these.
    assert weights.std() == pytest.approx(deviation, rel=5 / math.sqrt(2 * N))
    # Within one, two, three deviations: shares p, each off by √(p (1 - p) / n).
    for distance, share in [(1, 0.682689), (2, 0.954500), (3, 0.997300)]:
        inside = np.mean(np.abs(weights) < distance * deviation)
        assert inside == pytest.approx(
            share, abs=5 * math.sqrt(share * (1 - share) / N)
        )


@pytest.mark.parametrize("activation", OTHERS)
def test_the_other_weights_are_uniform_between_glorots_bounds(
    activation: str | None,
) -> None:
    bound = math.sqrt(6 / (N_INPUTS + N_OUTPUTS))
    weights = draw(activation)
    assert np.abs(weights).max() <= bound
    # That the outermost 1/1000 stays empty has the probability 0.999^10000 = 5e-5.
    assert np.abs(weights).max() > 0.999 * bound
    shares = np.histogram(weights, bins=10, range=(-bound, bound))[0] / N
    assert shares == pytest.approx([0.1] * 10, abs=5 * math.sqrt(0.1 * 0.9 / N))


@pytest.mark.parametrize(
    ("activation", "deviation"),
    [
        ("relu", math.sqrt(2 / 200)),
        ("tanh", math.sqrt(2 / 250)),
        (None, math.sqrt(2 / 250)),
    ],
)
def test_a_layers_weights_are_drawn_for_its_own_size(
    activation: str | None, deviation: float
) -> None:
    weight = Layer(200, 50, activation, seed=1).state_dict()["weight"]
    # Glorot's ±√(6 / (n + m)) has the deviation √(2 / (n + m)). Five deviations of the
    # estimate, 3.5 %, tell √(2/200), √(2/250) and √(2/50) apart.
    assert weight.std() == pytest.approx(deviation, rel=5 / math.sqrt(2 * N))


def test_signals_keep_their_size_through_ten_layers() -> None:
    rng = np.random.default_rng(0)
    for activation, bend in [("relu", lambda a: np.maximum(a, 0)), (None, lambda a: a)]:
        signal = rng.standard_normal((100, 1000))
        before = np.mean(signal**2)
        for _ in range(10):
            rows = [initial_weights(100, 100, activation, rng) for _ in range(100)]
            signal = np.array(rows) @ bend(signal)
        # E[(W relu(a))²] = E[a²] with He, E[(W a)²] = E[a²] with Glorot. A layer
        # changes the mean by a factor with the deviation √(5/n) at most, n = 100: ten
        # of them by 0.7 on a log scale. Without the 2 of He it would be 2^-10.
        assert abs(math.log(np.mean(signal**2) / before)) < 2.5
