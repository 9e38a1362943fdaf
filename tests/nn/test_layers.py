"""Neurons, layers, networks and the perceptron."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from mpmath import mp

from autograd import Value
from nn import MLP, Layer, Neuron, Perceptron, data
from nn.layers import ACTIVATIONS

FORMULAS: dict[str | None, Callable[[Any], Any]] = {
    None: lambda a: a,
    "elu": lambda a: a if a > 0 else mp.exp(a) - 1,
    "gelu": lambda a: a * (1 + mp.erf(a / mp.sqrt(2))) / 2,
    "leaky_relu": lambda a: a if a > 0 else a / 100,
    "relu": lambda a: max(a, 0),
    "sigmoid": lambda a: 1 / (1 + mp.exp(-a)),
    "silu": lambda a: a / (1 + mp.exp(-a)),
    "softplus": lambda a: mp.log(1 + mp.exp(a)),
    "step": lambda a: mp.mpf(a > 0),
    "tanh": mp.tanh,
}
"""The activations as their papers define them."""


def set_weights(neuron: Neuron, weights: list[float], bias: float) -> None:
    neuron.load_state_dict({"weights": weights, "bias": bias})


def numbers(module: Any) -> list[float]:
    return [parameter.data for parameter in module.parameters()]


# --- a neuron ------------------------------------------------------------------------


def test_every_activation_has_a_formula_here() -> None:
    assert FORMULAS.keys() == {None, *ACTIVATIONS}


@pytest.mark.parametrize("activation", FORMULAS)
@pytest.mark.parametrize("bias", [-0.75, 2.5])
def test_a_neuron_bends_its_weighted_sum(activation: str | None, bias: float) -> None:
    neuron = Neuron(3, activation)
    weights, inputs = [0.5, -1.25, 2.0], [1.5, 1.0, -0.25]
    set_weights(neuron, weights, bias)
    leaves = [Value(x) for x in inputs]
    output = neuron(leaves)
    output.backward()

    bend = FORMULAS[activation]
    total = sum(w * x for w, x in zip(weights, inputs, strict=True)) + bias  # exact
    with mp.workdps(50):
        value = float(bend(mp.mpf(total)))
        slope = float(mp.diff(bend, mp.mpf(total)))
    # The sum is exact; an activation of numbers of this size has a few roundings.
    assert output.data == pytest.approx(value, rel=1e-15, abs=0)
    gradient = [parameter.grad for parameter in neuron.parameters()]
    assert gradient == pytest.approx([slope * x for x in [*inputs, 1.0]], rel=4e-15)
    assert [leaf.grad for leaf in leaves] == pytest.approx(
        [slope * w for w in weights], rel=4e-15
    )


def test_a_neuron_takes_numbers_values_and_numpy_rows() -> None:
    neuron = Neuron(2, "tanh", seed=0)
    expected = neuron([1.0, 2.0]).data
    for inputs in [(1, 2), [Value(1.0), 2.0], np.array([1.0, 2.0]), np.array([1, 2])]:
        assert neuron(inputs).data == expected


def test_a_neuron_starts_with_the_bias_zero_and_is_relu_by_default() -> None:
    neuron = Neuron(3, seed=0)
    assert (neuron.bias.data, neuron.activation) == (0.0, "relu")
    assert repr(neuron) == "Neuron(3, activation='relu')"


@pytest.mark.parametrize("n", [0, 1, 3])
@pytest.mark.parametrize(
    "model",
    [Neuron(2), Layer(2, 3), MLP(2, [3, 1]), Perceptron(2)],
    ids=lambda model: type(model).__name__,
)
def test_a_wrong_number_of_inputs_is_refused_with_both_numbers(
    model: Any, n: int
) -> None:
    with pytest.raises(ValueError, match=f"2 inputs was given {n}"):
        model([1.0] * n)


@pytest.mark.parametrize("model", [Neuron(2), Layer(2, 3), MLP(2, [3, 1])])
@pytest.mark.parametrize("inputs", [1.0, None, "ab", [1.0, None], [1.0, "2"]])
def test_inputs_that_are_no_numbers_are_a_type_error(model: Any, inputs: Any) -> None:
    with pytest.raises(TypeError):
        model(inputs)


# --- settings ------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, -1, True, 1.5, 2.0, "3", None])
@pytest.mark.parametrize(
    "make",
    [
        Neuron,
        Perceptron,
        lambda size: Layer(size, 2),
        lambda size: Layer(2, size),
        lambda size: MLP(size, [2]),
        lambda size: MLP(2, [size]),
        lambda size: MLP(2, [2, size, 1]),
    ],
)
def test_a_size_that_is_no_count_is_refused(
    make: Callable[[Any], Any], size: Any
) -> None:
    with pytest.raises(ValueError, match=f"whole number from 1 up, not {size!r}"):
        make(size)


def test_sizes_may_be_numpys_integers() -> None:
    assert len(MLP(np.int64(2), [np.int32(3), 1]).parameters()) == 13


@pytest.mark.parametrize("sizes", [[], (), 3])
def test_a_network_without_a_list_of_layers_is_refused(sizes: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"MLP\(2, \[16, 1\]\)"):
        MLP(2, sizes)


def test_layer_sizes_may_be_a_numpy_array() -> None:
    assert len(MLP(2, np.array([3, 1])).parameters()) == 13


@pytest.mark.parametrize("name", ["Relu", "", "softmax", 3, math.tanh])
@pytest.mark.parametrize(
    "make",
    [
        lambda name: Neuron(2, name),
        lambda name: Layer(2, 3, activation=name),
        lambda name: MLP(2, [3, 1], name),
        lambda name: MLP(2, [3, 1], output_activation=name),
    ],
)
def test_an_unknown_activation_is_refused_with_the_known_ones(
    make: Callable[[Any], Any], name: Any
) -> None:
    with pytest.raises(ValueError, match=r"unknown activation .*relu.*tanh"):
        make(name)


# --- layers and networks -------------------------------------------------------------


def test_a_layer_is_its_neurons_side_by_side() -> None:
    layer = Layer(2, 3, "tanh", seed=0)
    inputs = [0.5, -1.0]
    assert [v.data for v in layer(inputs)] == [n(inputs).data for n in layer.neurons]
    state = layer.state_dict()
    # Two products and two sums of numbers of size 1.
    assert [v.data for v in layer(inputs)] == pytest.approx(
        np.tanh(state["weight"] @ inputs + state["bias"]), abs=1e-15
    )


@pytest.mark.parametrize("n_outputs", [1, 2, 5])
def test_a_layer_always_returns_a_list(n_outputs: int) -> None:
    outputs = Layer(2, n_outputs, seed=0)([1.0, 2.0])
    assert isinstance(outputs, list)
    assert len(outputs) == n_outputs
    assert all(isinstance(output, Value) for output in outputs)


@pytest.mark.parametrize("sizes", [[1], [1, 1], [3, 1], [1, 1, 1]])
def test_a_network_of_one_output_returns_that_value(sizes: list[int]) -> None:
    assert isinstance(MLP(2, sizes, seed=0)([1.0, 2.0]), Value)


@pytest.mark.parametrize("sizes", [[2], [1, 3], (4, 2)])
def test_a_network_of_several_outputs_returns_a_list(sizes: list[int]) -> None:
    outputs = MLP(2, sizes, seed=0)([1.0, 2.0])
    assert isinstance(outputs, list)
    assert len(outputs) == sizes[-1]


def test_a_network_is_matrix_products_with_bends_between() -> None:
    model = MLP(3, [4, 5, 2], "sigmoid", "tanh", seed=0)
    model.load_state_dict(
        {  # biases start at 0, and would not be seen
            name: array + 0.1 for name, array in model.state_dict().items()
        }
    )
    state = model.state_dict()
    signal = inputs = [0.5, -1.0, 2.0]
    for k, bend in enumerate(
        [lambda a: 1 / (1 + np.exp(-a)), lambda a: 1 / (1 + np.exp(-a)), np.tanh]
    ):
        total = state[f"layers.{k}.weight"] @ signal + state[f"layers.{k}.bias"]
        signal = bend(total)
    # Sums of at most 5 products of size 1, three times over.
    assert [v.data for v in model(inputs)] == pytest.approx(signal, abs=1e-14)


def test_the_last_layer_is_linear_unless_told() -> None:
    model = MLP(2, [3, 3, 1], "tanh", seed=0)
    assert [layer.activation for layer in model.layers] == ["tanh", "tanh", None]
    model = MLP(2, [3, 1], output_activation="sigmoid", seed=0)
    assert [layer.activation for layer in model.layers] == ["relu", "sigmoid"]


def test_a_network_is_shown_as_it_is_written() -> None:
    model = MLP(2, [16, 16, 1], "tanh", "sigmoid")
    written = "MLP(2, [16, 16, 1], activation='tanh', output_activation='sigmoid')"
    assert repr(model) == written
    assert repr(eval(repr(model), {"MLP": MLP})) == written
    assert repr(Layer(2, 3)) == "Layer(2, 3, activation='relu')"


@pytest.mark.parametrize("activation", [*ACTIVATIONS, None])
def test_every_activation_reaches_every_weight(activation: str | None) -> None:
    model = MLP(3, [4, 4, 2], activation, seed=0)
    outputs = model([0.5, -0.25, 1.0])
    sum(outputs, Value(0.0)).backward()
    assert all(math.isfinite(parameter.grad) for parameter in model.parameters())
    reached = [parameter.has_grad for parameter in model.parameters()]
    assert all(reached)
    hidden = [p.grad for p in model.layers[0].parameters()]
    assert any(hidden) == (activation != "step")


# --- seeds ---------------------------------------------------------------------------

MAKERS: list[Callable[[Any], Any]] = [
    lambda seed: Neuron(3, seed=seed),
    lambda seed: Layer(3, 4, seed=seed),
    lambda seed: MLP(3, [4, 2], seed=seed),
]


@pytest.mark.parametrize("make", MAKERS)
def test_the_same_seed_gives_the_same_weights(make: Callable[[Any], Any]) -> None:
    assert numbers(make(7)) == numbers(make(7))


@pytest.mark.parametrize("make", MAKERS)
def test_another_seed_gives_other_weights(make: Callable[[Any], Any]) -> None:
    assert numbers(make(7)) != numbers(make(8))


@pytest.mark.parametrize("make", MAKERS)
def test_no_seed_gives_other_weights_each_time(make: Callable[[Any], Any]) -> None:
    assert numbers(make(None)) != numbers(make(None))


def test_a_generator_is_drawn_from_and_moves_on() -> None:
    rng = np.random.default_rng(0)
    first, second = MLP(2, [3, 1], seed=rng), MLP(2, [3, 1], seed=rng)
    assert numbers(first) == numbers(MLP(2, [3, 1], seed=0))
    assert numbers(first) != numbers(second)


def test_the_neurons_of_a_layer_differ() -> None:
    weight = Layer(2, 10, seed=0).state_dict()["weight"]
    assert len(np.unique(weight)) == 20


def test_the_global_random_state_is_neither_used_nor_moved() -> None:
    np.random.seed(0)
    before = numbers(MLP(2, [3, 1], seed=0))
    drawn = np.random.random()
    np.random.seed(0)
    assert numbers(MLP(2, [3, 1], seed=0)) == before
    assert np.random.random() == drawn


# --- the perceptron ------------------------------------------------------------------


@pytest.mark.parametrize("gate", ["and", "or", "nand", "nor"])
def test_a_perceptron_learns_a_gate_that_a_line_separates(gate: str) -> None:
    X, y = data.logic_gate(gate)
    perceptron = Perceptron(2)
    mistakes = perceptron.learn(X, y)
    assert mistakes[-1] == 0
    assert min(mistakes[:-1]) > 0
    assert [perceptron(row).data for row in X] == y.tolist()


@pytest.mark.parametrize("gate", ["xor", "xnor"])
def test_a_perceptron_never_settles_on_xor(gate: str) -> None:
    mistakes = Perceptron(2).learn(*data.logic_gate(gate), epochs=200)
    assert len(mistakes) == 200
    assert min(mistakes) > 0


def test_a_perceptron_makes_no_more_mistakes_than_novikoff_allows() -> None:
    # With a column of ones for the bias, R is the longest row and γ the distance of the
    # nearest one from a line that separates them: at most (R/γ)² mistakes in all.
    rng = np.random.default_rng(0)
    normal = np.array([0.6, -0.8, 0.0])
    X = np.column_stack([rng.uniform(-1, 1, (200, 2)), np.ones(200)])
    X = X[np.abs(X @ normal) > 0.1]
    y = (X @ normal > 0).astype(float)
    mistakes = Perceptron(2).learn(X[:, :2], y, epochs=10_000)
    gap = np.abs(X @ normal).min()
    assert 0 < sum(mistakes) <= np.max(np.sum(X * X, axis=1)) / gap**2
    assert mistakes[-1] == 0


def test_a_perceptron_moves_by_the_inputs_where_it_is_wrong() -> None:
    perceptron = Perceptron(2)
    assert numbers(perceptron) == [0.0, 0.0, 0.0]
    perceptron.learn([[2.0, -3.0]], [1], epochs=1, learning_rate=0.5)
    assert numbers(perceptron) == [1.0, -1.5, 0.5]
    perceptron.learn([[2.0, -3.0]], [1], epochs=1)
    assert numbers(perceptron) == [1.0, -1.5, 0.5]


def test_a_perceptron_says_0_on_the_line_itself() -> None:
    assert Perceptron(2)([1.0, 1.0]).data == 0.0


@pytest.mark.parametrize("target", [-1, 2, 0.5, math.nan, "1", None])
def test_a_perceptron_refuses_other_targets_and_learns_nothing(target: Any) -> None:
    perceptron = Perceptron(2)
    with pytest.raises(ValueError, match=f"targets are 0 and 1, not {target!r}"):
        perceptron.learn([[1.0, 1.0], [1.0, 0.0]], [1, target])
    assert numbers(perceptron) == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(("n", "m"), [(2, 1), (1, 2)])
def test_a_perceptron_refuses_rows_and_targets_of_different_numbers(
    n: int, m: int
) -> None:
    perceptron = Perceptron(2)
    with pytest.raises(ValueError):  # noqa: PT011 - any words will do
        perceptron.learn([[1.0, 1.0]] * n, [1] * m)
    assert numbers(perceptron) == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("X", [np.ones((3, 2)), [[1.0, 2.0], [3.0, 4.0]], [(1.0, 2.0)]])
@pytest.mark.parametrize("model", [Neuron(2), Layer(2, 3), MLP(2, [3, 1])])
def test_a_whole_batch_is_told_where_to_go(model: Any, X: Any) -> None:
    with pytest.raises(TypeError, match=r"one example.*nn.predict\(model, X\)"):
        model(X)
