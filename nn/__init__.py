"""Neurons, layers and networks made of Values, and what it takes to train them.

>>> model = MLP(2, [4, 1], activation="tanh", seed=0)
>>> len(model.parameters())
17
"""

from nn import data
from nn.layers import MLP, Layer, Neuron, Perceptron
from nn.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    half_squared_error,
    hinge,
    mse,
)
from nn.module import Module
from nn.optimizers import SGD, Adam, Optimizer
from nn.training import History, accuracy, fit, predict

__all__ = [
    "MLP",
    "SGD",
    "Adam",
    "History",
    "Layer",
    "Module",
    "Neuron",
    "Optimizer",
    "Perceptron",
    "accuracy",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "data",
    "fit",
    "half_squared_error",
    "hinge",
    "mse",
    "predict",
]
