"""What a run of training is made with, and how the command line writes it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import nn

OPTIMIZERS: dict[str, tuple[type[nn.Optimizer], float]] = {
    "sgd": (nn.SGD, 0.1),
    "rmsprop": (nn.RMSprop, 0.002),
    "adagrad": (nn.Adagrad, 0.03),
    "adam": (nn.Adam, 0.003),
    "adamw": (nn.AdamW, 0.003),
}
"""By name: the class, and the learning rate that is used unless one is given."""

WITH_MOMENTUM = ("sgd", "rmsprop")

SCHEDULES: dict[str, Callable[[float, int], nn.Schedule]] = {
    "constant": lambda rate, steps: nn.Constant(rate),
    "cosine": nn.Cosine,
    "exponential": lambda rate, steps: nn.Exponential(rate, 0.01 ** (1 / steps)),
    "one-cycle": nn.OneCycle,
    "step": lambda rate, steps: nn.StepDecay(rate, math.ceil(steps / 3)),
}
"""By name: the schedule of a rate for so many steps."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a run of training is made with. None is what the command decides itself."""

    data: str
    validation: float | None = None
    test: float | None = None
    standardize: bool = False
    layers: tuple[int, ...] = (16, 16)
    activation: str = "relu"
    dropout: float = 0.0
    optimizer: str = "adam"
    learning_rate: float | None = None
    momentum: float | None = None
    schedule: str = "constant"
    weight_decay: float | None = None
    label_smoothing: float = 0.0
    batch_size: int = 32
    epochs: int = 10
    early_stopping: int | None = None
    seed: int = 0
    eager: bool = False

    def arguments(self) -> list[str]:
        """The arguments of `train` that say the same, defaults included."""
        found = []
        for field in fields(self):
            value = getattr(self, field.name)
            if value is True:
                found.append(flag(field.name))
            elif value is not None and value is not False:
                found.append(f"{flag(field.name)}={shown(value)}")
        return found


DEFAULTS = Options(data="")
"""What an option is unless it is given."""


def flag(name: str) -> str:
    """How the name of an option is written on the command line."""
    return f"--{name.replace('_', '-')}"


def shown(value: Any) -> str:
    """How the value of an option is written on the command line."""
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "none"
    return str(value)
