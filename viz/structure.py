"""What a network is made of: layers of neurons.

A model is read by its shape alone: a neuron has `weights` and perhaps a `bias` and an
`activation`, a layer has `neurons`, a network has `layers`. So a network of your own
can be drawn as well as one of `nn`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograd import Value


@dataclass(frozen=True, slots=True)
class Neuron:
    """One neuron of a model: its name, that of its layer, and its parameters."""

    name: str
    layer: str
    weights: Sequence[Value]
    bias: Value | None
    activation: str | None

    @property
    def parameters(self) -> list[Value]:
        """The weights and the bias."""
        return [*self.weights, *([] if self.bias is None else [self.bias])]


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of a model: its name and its neurons."""

    name: str
    neurons: Sequence[Neuron]

    @property
    def activation(self) -> str | None:
        """The activation of its neurons, where all have the same."""
        found = {neuron.activation for neuron in self.neurons}
        return found.pop() if len(found) == 1 else None


def layers_of(model: Any) -> list[Layer]:
    """The layers of a network, of a single layer or of a single neuron.

    TypeError for what is none of these.
    """
    if hasattr(model, "layers"):
        named = [(f"layers[{i}]", layer) for i, layer in enumerate(model.layers)]
    else:
        named = [("", model)]
    return [_layer(name, layer) for name, layer in named]


def _layer(name: str, layer: Any) -> Layer:
    if hasattr(layer, "neurons"):
        shown = name or "layer"
        neurons = [
            _neuron(f"{name} neuron {i}".strip(), shown, neuron)
            for i, neuron in enumerate(layer.neurons)
        ]
    elif hasattr(layer, "weights"):
        shown = name or "neuron"
        neurons = [_neuron(shown, shown, layer)]
    else:
        raise TypeError(
            f"a {type(layer).__name__} has no neurons that could be drawn. Give "
            f"something with `layers`, with `neurons` or with `weights`."
        )
    return Layer(shown, neurons)


def _neuron(name: str, layer: str, neuron: Any) -> Neuron:
    return Neuron(
        name,
        layer,
        tuple(neuron.weights),
        getattr(neuron, "bias", None),
        getattr(neuron, "activation", None),
    )
