"""Turning the knobs: what a gradient is, and why nobody nudges.

The gradient says how fast the loss rises with each parameter. There is a way to find
that out without any theory: nudge one parameter by a little (h = 1e-6), watch the loss,
and divide its change by the nudge. Nudging up only is the forward difference; up and
down is the central difference, which is said to be far more exact.

Backpropagation finds the same numbers for all parameters in one sweep. A network
784-16-16-10 has 13,002 of them: nudging each up and down takes 26,004 evaluations of
the loss for a single step of learning, and backpropagation the time of a few.
"""

import timeit
from collections.abc import Callable

import lesson
import numpy as np

import autograd
import nn
from autograd import Value

quick = lesson.start(__doc__)
Loss = Callable[[], Value]
evaluations = 0  # of a loss, for nudging


def nudged(loss: Loss, knob: Value, change: float) -> float:
    """The loss with one knob turned by so much; the knob is put back."""
    global evaluations
    evaluations += 1
    here = knob.data
    knob.data = here + change
    with autograd.no_grad():  # all we want is a number: record nothing
        result = loss().data
    knob.data = here
    return result


def forward(loss: Loss, knob: Value, h: float = 1e-6) -> float:
    """Nudge up: the change of the loss per unit of nudge."""
    return (nudged(loss, knob, h) - nudged(loss, knob, 0.0)) / h


def central(loss: Loss, knob: Value, h: float = 1e-6) -> float:
    """Nudge up and down: the change between the two per unit of nudge."""
    return (nudged(loss, knob, h) - nudged(loss, knob, -h)) / (2.0 * h)


def show(title: str, loss: Loss, knobs: dict[str, Value]) -> None:
    """Print the gradient in three ways, and how far the first two are off."""
    loss().backward()
    rows = {k: (forward(loss, v), central(loss, v), v.grad) for k, v in knobs.items()}
    lesson.table(title, ["forward", "central", "backpropagation"], rows, ".9f")
    up, both, exact = np.array(list(rows.values())).T
    lesson.heading(claim="the largest distance from backpropagation")
    lesson.compare("forward difference: h", 1e-6, float(abs(up - exact).max()))
    lesson.compare("central difference: nearly 0", 0.0, float(abs(both - exact).max()))


# Since (x + h)² = x² + 2xh + h², the forward difference of x² is too large by h. In the
# central difference the two h² cancel, and all that is left is rounding. The network's
# loss is the square of its last bias plus something: there, too, the largest is h.
x, y = Value(3.0), Value(-4.0)
show("x² + y²", lambda: x**2 + y**2, {"x = 3": x, "y = -4": y})
small = nn.MLP(2, [3, 1], "tanh", seed=1)
knobs = dict(small.named_parameters())
show("a network 2-3-1", lambda: nn.mse(small([1.0, -0.5]), 0.7), knobs)

# Is a smaller nudge a better one? Only up to a point. Then the two losses have nearly
# all their digits in common, and their difference is mostly rounding.
title = "The slope of sin x at 3: a nudge can be too large, and too small"
with lesson.drawing("nudge.png", title, xscale="log", yscale="log") as axes:
    hs = 10.0 ** np.arange(-1.0, -12.5, -0.5)
    for difference in (forward, central):
        slopes = [difference(lambda: autograd.sin(x), x, h) for h in hs.tolist()]
        axes.plot(hs, abs(np.array(slopes) - np.cos(3.0)), label=difference.__name__)
    axes.set(xlabel="size of the nudge, h", ylabel="distance from cos 3")

# What a step costs. The image is noise: the cost does not depend on its pixels.
model = nn.MLP(784, [16, 16, 10], seed=0)
image = np.random.default_rng(0).uniform(size=784).tolist()
parameters = model.parameters()


def loss() -> Value:
    """The loss of the large network on one image."""
    return nn.cross_entropy(model(image), 3)


def seconds(work: Callable[[], object]) -> float:
    """How long it takes, where nothing else disturbs it."""
    return min(timeit.repeat(work, number=1, repeat=20 if quick else 100))


# To nudge all 13,002 would take minutes: nudge some of them, and extrapolate.
loss().backward()
evaluations = 0
picked = np.random.default_rng(1).permutation(len(parameters))
some = [parameters[k] for k in picked[: 10 if quick else 50]]
distance = max(abs(central(loss, knob) - knob.grad) for knob in some)
needed = round(evaluations * len(parameters) / len(some))
program = autograd.compile(loss(), parameters=parameters)
evaluation = seconds(lambda: nudged(loss, parameters[0], 0.0))
sweep = seconds(lambda: loss().backward())
costs = [sweep / evaluation, seconds(program.value_and_grad) / seconds(program)]
lesson.heading(claim=f"784-16-16-10, from a sample of {len(some)} knobs")
lesson.compare("knobs", 13002, len(parameters))
lesson.compare("evaluations to nudge them all", 26004, needed)
lesson.compare("largest distance from backpropagation: nearly 0", 0.0, distance)
lesson.compare("backpropagation, in evaluations: scalar code", "a few", costs[0])
lesson.compare("backpropagation, in evaluations: compiled", "a few", costs[1])
longer = needed * evaluation / sweep
lesson.compare("nudging takes so many times as long", "thousands", longer)

title = "The cost of a step of learning"
with lesson.drawing("cost.png", title, xlabel="evaluations of the loss") as axes:
    names = ["nudging", "backpropagation,\nscalar code", "backpropagation,\ncompiled"]
    bars = axes.barh(names, [needed, *costs], log=True)
    axes.bar_label(bars, fmt="{:,.0f}", padding=4)
    axes.set_xlim(0.1, 1e6)

print("\nTry: call `forward` and `central` with h = 1e-12. How many digits survive?")
