"""Schedules: a learning rate that depends on the step.

`rate = schedule(step)`, where step counts the optimizer steps taken so far, from 0. A
schedule is immutable and its rate a closed form in the step, so that a run that is
resumed needs the step alone. One of a given length keeps its last rate afterwards.

    >>> rate = WarmUp(Cosine(0.1, steps=100), steps=5)
    >>> [round(rate(step), 4) for step in (0, 4, 50, 100, 1000)]
    [0.02, 0.0996, 0.05, 0.0, 0.0]

A schedule of your own is a subclass of Schedule with a `__call__`.
"""

from __future__ import annotations

import inspect
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, TypeAlias, TypeVar

Kind = TypeVar("Kind")


class Schedule(ABC):
    """The base class: a subclass says in `__call__` what the rate of a step is."""

    __slots__ = ()

    @abstractmethod
    def __call__(self, step: int) -> float:
        """The learning rate, from 0 up, after `step` steps have been taken."""

    def settings(self) -> dict[str, Any]:
        """The name and the arguments, for JSON; `schedule_from` takes them."""
        names = setting_names(type(self))
        return {
            "name": type(self).__name__,
            **{name: as_json(getattr(self, name)) for name in names},
        }


Rate: TypeAlias = float | Schedule
"""A learning rate: a number from 0 up, or a schedule."""


@dataclass(frozen=True, slots=True)
class Constant(Schedule):
    """The same rate at every step."""

    rate: float

    def __post_init__(self) -> None:
        check_real("Constant: rate", self.rate)

    def __call__(self, step: int) -> float:
        """The learning rate after `step` steps."""
        return self.rate


@dataclass(frozen=True, slots=True)
class StepDecay(Schedule):
    """The rate times `factor` after each `every` steps: PyTorch's StepLR.

    rate · factor^⌊step / every⌋.
    """

    rate: float
    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        check_real("StepDecay: rate", self.rate)
        check_steps("StepDecay: every", self.every)
        check_real("StepDecay: factor", self.factor, zero=False)

    def __call__(self, step: int) -> float:
        """The learning rate after `step` steps."""
        return self.rate * float(self.factor) ** (step // self.every)


@dataclass(frozen=True, slots=True)
class Exponential(Schedule):
    """The rate times `factor` after each step: rate · factor^step.

    PyTorch's ExponentialLR. With a factor above 1 it is the sweep through the rates
    that finds where training diverges.
    """

    rate: float
    factor: float

    def __post_init__(self) -> None:
        check_real("Exponential: rate", self.rate)
        check_real("Exponential: factor", self.factor, zero=False)

    def __call__(self, step: int) -> float:
        """The learning rate after `step` steps."""
        return self.rate * float(self.factor) ** step


@dataclass(frozen=True, slots=True)
class Cosine(Schedule):
    """Half a cosine, from `rate` down to `final` in so many steps.

    final + (rate - final) / 2 · (1 + cos(π · step / steps)): Loshchilov & Hutter 2017
    (SGDR), eq. 5, without restarts; PyTorch's CosineAnnealingLR up to its T_max.
    """

    rate: float
    steps: int
    final: float = 0.0

    def __post_init__(self) -> None:
        check_real("Cosine: rate", self.rate)
        check_steps("Cosine: steps", self.steps)
        check_real("Cosine: final", self.final)
        if self.final > self.rate:
            raise ValueError(
                f"Cosine: final must be at most the rate, {self.rate!r}, not "
                f"{self.final!r}"
            )

    def __call__(self, step: int) -> float:
        """The learning rate after `step` steps."""
        return _half_cosine(self.rate, self.final, min(step / self.steps, 1.0))


@dataclass(frozen=True, slots=True)
class OneCycle(Schedule):
    """One rise to a large rate and one long fall: Smith & Topin 2018.

    In the form of fastai and of PyTorch's OneCycleLR, whose defaults these are: half a
    cosine from rate / div_factor up to `rate` in the first `warm_up` of the steps (a
    share, PyTorch's pct_start), then half a cosine down to rate / div_factor /
    final_div_factor at the last of the steps. Momentum is left as it is.
    """

    rate: float
    steps: int
    warm_up: float = 0.3
    div_factor: float = 25.0
    final_div_factor: float = 1e4

    def __post_init__(self) -> None:
        check_real("OneCycle: rate", self.rate)
        check_steps("OneCycle: steps", self.steps)
        check_real("OneCycle: warm_up", self.warm_up, below=1.0)
        check_real("OneCycle: div_factor", self.div_factor, zero=False)
        check_real("OneCycle: final_div_factor", self.final_div_factor, zero=False)

    def __call__(self, step: int) -> float:
        """The learning rate after `step` steps."""
        first = self.rate / self.div_factor
        peak = self.warm_up * self.steps - 1.0
        if step < peak:
            return _half_cosine(first, self.rate, step / peak)
        done = min((step - peak) / (self.steps - 1.0 - peak), 1.0)
        return _half_cosine(self.rate, first / self.final_div_factor, done)


@dataclass(frozen=True, slots=True)
class WarmUp(Schedule):
    """Another schedule or rate, reached in a straight line over the first `steps`.

    schedule(step) · min(1, (step + 1) / steps): the gradual warm-up of Goyal et al.
    2017, section 2.2, from nearly 0. The other schedule counts from step 0 too, so that
    its end stays where it is. PyTorch's LinearLR, chained with another scheduler.
    """

    schedule: Rate
    steps: int

    def __post_init__(self) -> None:
        check_rate("WarmUp: schedule", self.schedule)
        check_steps("WarmUp: steps", self.steps)

    def __call__(self, step: int) -> float:
        """The learning rate after `step` steps."""
        return rate_at(self.schedule, step) * min((step + 1) / self.steps, 1.0)


SCHEDULES = (Constant, StepDecay, Exponential, Cosine, OneCycle, WarmUp)
"""Those that `schedule_from` knows by name."""


def schedule_from(settings: Mapping[str, Any]) -> Schedule:
    """The schedule whose `settings()` these are.

    ValueError for names that are not known; what the schedule raises for bad settings.
    """
    return rebuild("schedule", SCHEDULES, settings)


def rate_at(rate: Rate, step: int) -> float:
    """The learning rate after `step` steps; ValueError unless it is finite, from 0."""
    if not isinstance(rate, Schedule):
        return rate
    try:
        number = float(rate(step))
    except OverflowError:
        number = math.inf
    if not 0.0 <= number < math.inf:
        raise ValueError(
            f"the learning rate of step {step} is {number} by {rate!r}. It must be a "
            f"finite number from 0 up."
        )
    return number


def _half_cosine(start: float, end: float, done: float) -> float:
    """From start to end as `done` goes from 0 to 1, level at both ends."""
    return end + (start - end) / 2.0 * (1.0 + math.cos(math.pi * done))


# --- settings: how they are checked, listed and read back ----------------------------


def check_real(
    name: str, number: Any, *, zero: bool = True, below: float = math.inf
) -> float:
    """A setting as a float, refused unless it is from 0 (or above it) to `below`."""
    if isinstance(number, bool) or not isinstance(number, Real):
        raise TypeError(f"{name} must be a number, not {number!r}")
    value = float(number)
    if not (0.0 < value < below or (zero and value == 0.0)):
        start = "from 0 up" if zero else "above 0"
        end = "finite" if below == math.inf else f"below {below:g}"
        raise ValueError(f"{name} must be {start} and {end}, not {number!r}")
    return value


def check_rate(name: str, rate: Any) -> Rate:
    """A learning rate, refused unless it is a number from 0 up, or a schedule."""
    if isinstance(rate, Schedule):
        return rate
    if callable(rate):
        raise TypeError(
            f"{name} is a number or a schedule such as nn.Cosine(0.1, steps=1000), not "
            f"{rate!r}. Make a schedule of your own a subclass of nn.Schedule."
        )
    return check_real(name, rate)


def check_steps(name: str, steps: Any) -> None:
    """Refuse a number of steps that is not a whole number from 1 up."""
    if isinstance(steps, bool) or not isinstance(steps, Integral):
        raise TypeError(f"{name} must be a whole number, not {steps!r}")
    if steps < 1:
        raise ValueError(f"{name} must be a whole number from 1 up, not {steps!r}")


def setting_names(kind: type) -> dict[str, bool]:
    """The arguments of a schedule's or an optimizer's constructor, its settings.

    Each with whether it must be given. The parameters to optimize are not among them.
    """
    return {
        name: argument.default is argument.empty
        for name, argument in inspect.signature(kind).parameters.items()
        if name != "parameters"
    }


def as_json(setting: Any) -> Any:
    """A setting as JSON has it: numbers, lists, and dicts for schedules."""
    if isinstance(setting, Schedule):
        return setting.settings()
    if isinstance(setting, tuple):
        return [as_json(part) for part in setting]
    if setting is None or isinstance(setting, bool):
        return setting
    return int(setting) if isinstance(setting, Integral) else float(setting)


def rebuild(
    what: str, kinds: Iterable[type[Kind]], settings: Mapping[str, Any], *given: Any
) -> Kind:
    """One of the kinds, made from the `settings()` of such a thing."""
    if not isinstance(settings, Mapping):
        raise TypeError(f"the settings of a {what} are a dict, not {settings!r}")
    known = {kind.__name__: kind for kind in kinds}
    name = settings.get("name")
    if not isinstance(name, str) or name not in known:
        raise ValueError(
            f"there is no {what} named {name!r} to rebuild, only {', '.join(known)}"
        )
    names = setting_names(known[name])
    unknown = settings.keys() - {"name", *names}
    missing = {key for key, required in names.items() if required} - settings.keys()
    if unknown or missing:
        raise ValueError(
            f"the settings of {name} are {', '.join(names)}; these have the unknown "
            f"{sorted(unknown, key=str)} and lack {sorted(missing)}"
        )
    arguments = {
        key: schedule_from(setting) if isinstance(setting, Mapping) else setting
        for key, setting in settings.items()
        if key != "name"
    }
    return known[name](*given, **arguments)
