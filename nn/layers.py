"""Neurons, layers and multi-layer perceptrons, made of Values.

>>> neuron = Neuron(2, activation="tanh", seed=0)
>>> neuron([1.0, -1.0]).op.name
'tanh'
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import autograd
from autograd import Operand, Value, as_values, dot
from autograd.leaves import turn
from nn.initializers import Seed, initial_weights
from nn.module import Array, Module
from nn.regularization import Dropout

ACTIVATIONS: dict[str, Callable[[Value], Value]] = {
    "elu": autograd.elu,
    "gelu": autograd.gelu,
    "leaky_relu": autograd.leaky_relu,
    "relu": autograd.relu,
    "sigmoid": autograd.sigmoid,
    "silu": autograd.silu,
    "softplus": autograd.softplus,
    "step": autograd.step,
    "tanh": autograd.tanh,
}


class Neuron(Module):
    """activation(Σ wᵢ xᵢ + b): a weighted sum of the inputs, through a function.

    `activation` is the name of a function of one number, or None for none at all. The
    weights start at random (see `initializers`; `n_outputs` is the number of neurons in
    the layer), the bias at 0.
    """

    def __init__(
        self,
        n_inputs: int,
        activation: str | None = "relu",
        *,
        n_outputs: int = 1,
        seed: Seed = None,
    ) -> None:
        _check_size("n_inputs", n_inputs)
        _check_size("n_outputs", n_outputs)
        _check_activation(activation)
        rng = np.random.default_rng(seed)
        start = initial_weights(n_inputs, n_outputs, activation, rng)
        self.weights = [Value(weight) for weight in start]
        self.bias = Value(0.0)
        self.activation = activation

    def __call__(self, inputs: Sequence[Operand]) -> Value:
        """The output for n_inputs numbers or Values. ValueError for any other count."""
        _check_inputs(inputs)
        if len(inputs) != len(self.weights):
            raise ValueError(
                f"a neuron with {len(self.weights)} inputs was given {len(inputs)}. "
                f"Give it one number per weight."
            )
        total = dot(self.weights, inputs) + self.bias
        return ACTIVATIONS[self.activation](total) if self.activation else total

    def __repr__(self) -> str:
        return f"Neuron({len(self.weights)}, activation={self.activation!r})"


class Layer(Module):
    """n_outputs neurons side by side, all with the same inputs.

    The state holds `weight` (n_outputs, n_inputs) and `bias` (n_outputs,).
    """

    def __init__(
        self,
        n_inputs: int,
        n_outputs: int,
        activation: str | None = "relu",
        *,
        seed: Seed = None,
    ) -> None:
        _check_size("n_outputs", n_outputs)
        rng = np.random.default_rng(seed)
        self.neurons = [
            Neuron(n_inputs, activation, n_outputs=n_outputs, seed=rng)
            for _ in range(n_outputs)
        ]
        self.activation = activation

    def __call__(self, inputs: Sequence[Operand]) -> list[Value]:
        """The list of all neurons' outputs for n_inputs numbers or Values."""
        _check_inputs(inputs)
        inputs = as_values(inputs)
        return [neuron(inputs) for neuron in self.neurons]

    def named_arrays(self) -> list[tuple[str, Array]]:
        """The weights as one matrix, a row per neuron, and the biases as one list."""
        weight: Array = [list[Array](neuron.weights) for neuron in self.neurons]
        bias: Array = [neuron.bias for neuron in self.neurons]
        return [("weight", weight), ("bias", bias)]

    def __repr__(self) -> str:
        n_inputs = len(self.neurons[0].weights)
        return f"Layer({n_inputs}, {len(self.neurons)}, activation={self.activation!r})"


class MLP(Module):
    """A multi-layer perceptron: each layer's outputs are the next one's inputs.

    `layer_sizes` are the numbers of neurons, the last one being the number of outputs.
    `activation` is that of all layers but the last, which has `output_activation`.
    `dropout` is the rate at which the signals between the layers are dropped while
    training (see `Dropout`).

    >>> model = MLP(2, [16, 16, 1], seed=0)
    >>> model
    MLP(2, [16, 16, 1], activation='relu', output_activation=None)
    >>> len(model.parameters())
    337
    """

    def __init__(
        self,
        n_inputs: int,
        layer_sizes: Sequence[int],
        activation: str | None = "relu",
        output_activation: str | None = None,
        seed: Seed = None,
        *,
        dropout: float = 0.0,
    ) -> None:
        if isinstance(layer_sizes, (int, np.integer)) or not len(layer_sizes):
            raise ValueError(
                f"an MLP needs a list of layer sizes, as in MLP(2, [16, 1]), not "
                f"{layer_sizes!r}"
            )
        rng = np.random.default_rng(seed)
        sizes = [n_inputs, *layer_sizes]
        activations = [activation] * (len(layer_sizes) - 1) + [output_activation]
        self.layers = [
            Layer(n, m, function, seed=rng)
            for n, m, function in zip(sizes, sizes[1:], activations, strict=False)
        ]
        self.activation = activation
        self.output_activation = output_activation
        self.dropout = Dropout(dropout)

    def __call__(self, inputs: Sequence[Operand]) -> Any:
        """The last layer's outputs: a list, or one Value where it has one neuron."""
        first, *others = self.layers
        outputs = first(inputs)
        for layer in others:
            outputs = layer(self.dropout(outputs))
        return outputs[0] if len(outputs) == 1 else outputs

    def __repr__(self) -> str:
        n_inputs = len(self.layers[0].neurons[0].weights)
        sizes = [len(layer.neurons) for layer in self.layers]
        dropout = f", dropout={self.dropout.rate:g}" if self.dropout.rate else ""
        return (
            f"MLP({n_inputs}, {sizes}, activation={self.activation!r}, "
            f"output_activation={self.output_activation!r}{dropout})"
        )


class Perceptron(Neuron):
    """Rosenblatt's neuron: 1 where Σ wᵢ xᵢ + b > 0, else 0. It starts at zero.

    The step has no slope to descend, so it learns by Rosenblatt's rule instead: a
    wrong answer moves the weights by ± the inputs (Rosenblatt 1958; Novikoff 1962 for
    why it ends where a line separates the classes).

    >>> gate = Perceptron(2)
    >>> gate.learn([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1])
    [1, 3, 3, 2, 1, 0]
    """

    def __init__(self, n_inputs: int) -> None:
        super().__init__(n_inputs, activation="step")
        for weight in self.weights:
            weight.data = 0.0

    def __repr__(self) -> str:
        return f"Perceptron({len(self.weights)})"

    def learn(
        self,
        X: Sequence[Sequence[float]],
        y: Sequence[float],
        *,
        epochs: int = 100,
        learning_rate: float = 1.0,
    ) -> list[int]:
        """Apply the rule to each example in turn: w += learning_rate · (y - ŷ) · x.

        X is (n, n_inputs), y is (n,) of 0 and 1. Return the number of mistakes in each
        epoch; it stops after an epoch without any. ValueError for other targets.
        """
        if not 0.0 < learning_rate < math.inf:
            raise ValueError(f"learning_rate must be above 0, not {learning_rate!r}")
        if len(X) != len(y):
            raise ValueError(f"{len(X)} examples and {len(y)} targets: give one each")
        examples = list(zip(X, y, strict=True))
        wrong = [target for _, target in examples if target not in (0, 1)]
        if wrong:
            raise ValueError(f"a perceptron's targets are 0 and 1, not {wrong[0]!r}")
        mistakes = []
        for _ in range(epochs):
            mistakes.append(0)
            for inputs, target in examples:
                with turn:
                    error = float(target) - self(inputs).data
                    if error:
                        mistakes[-1] += 1
                        for weight, x in zip(self.weights, inputs, strict=True):
                            weight.data += learning_rate * error * float(x)
                        self.bias.data += learning_rate * error
            if not mistakes[-1]:
                break
        return mistakes


def _check_size(name: str, size: int) -> None:
    if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
        raise ValueError(f"{name} must be a whole number from 1 up, not {size!r}")


def _check_activation(name: str | None) -> None:
    if name is not None and not (isinstance(name, str) and name in ACTIVATIONS):
        raise ValueError(
            f"unknown activation {name!r}: choose None or the name of one of "
            f"{', '.join(ACTIVATIONS)}"
        )


def _check_inputs(inputs: Sequence[Operand]) -> None:
    if not hasattr(inputs, "__len__"):
        raise TypeError(
            f"the inputs of a neuron, a layer or a network are a list of numbers, as "
            f"in model([1.0, 2.0]), not {inputs!r}"
        )
    first = next(iter(inputs), None)
    if isinstance(first, (list, tuple)) or (
        isinstance(first, np.ndarray) and first.ndim
    ):
        raise TypeError(
            "a neuron, a layer or a network takes one example, a list of numbers. For "
            "the outputs of many examples write nn.predict(model, X)."
        )
