"""Neurons, layers and networks made of Values, and what it takes to train them.

>>> model = MLP(2, [4, 1], activation="tanh", seed=0)
>>> len(model.parameters())
17
"""

from nn import data
from nn.callbacks import Callback, Checkpoint, EarlyStopping
from nn.checkpoints import CheckpointError, load, load_state, save
from nn.engines import predict
from nn.exchange import export_onnx, from_torch, to_torch
from nn.history import History
from nn.layers import MLP, Layer, Neuron, Perceptron
from nn.lbfgs import fit_lbfgs
from nn.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    half_squared_error,
    hinge,
    mse,
)
from nn.metrics import accuracy, confusion_matrix, precision_recall
from nn.module import Module
from nn.optimizer import Optimizer
from nn.optimizers import (
    SGD,
    Adagrad,
    Adam,
    AdamW,
    RMSprop,
    optimizer_from,
)
from nn.preprocessing import StandardScaler
from nn.regularization import Dropout, penalized, training_mode, weights
from nn.run import Training
from nn.schedules import (
    Constant,
    Cosine,
    Exponential,
    OneCycle,
    Schedule,
    StepDecay,
    WarmUp,
    schedule_from,
)
from nn.training import fit

__all__ = [
    "MLP",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Callback",
    "Checkpoint",
    "CheckpointError",
    "Constant",
    "Cosine",
    "Dropout",
    "EarlyStopping",
    "Exponential",
    "History",
    "Layer",
    "Module",
    "Neuron",
    "OneCycle",
    "Optimizer",
    "Perceptron",
    "RMSprop",
    "Schedule",
    "StandardScaler",
    "StepDecay",
    "Training",
    "WarmUp",
    "accuracy",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "confusion_matrix",
    "cross_entropy",
    "data",
    "export_onnx",
    "fit",
    "fit_lbfgs",
    "from_torch",
    "half_squared_error",
    "hinge",
    "load",
    "load_state",
    "mse",
    "optimizer_from",
    "penalized",
    "precision_recall",
    "predict",
    "save",
    "schedule_from",
    "to_torch",
    "training_mode",
    "weights",
]
