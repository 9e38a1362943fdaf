"""Turning the knobs: what a gradient is, and why nobody nudges.

The gradient says how fast the loss rises with each parameter. There is a way to find
that out without any theory: nudge one parameter by a little (h = 1e-6), watch the loss,
and divide its change by the nudge. Nudging up only is the forward difference; up and
down is the central difference, which is said to be far more exact.

Backpropagation finds the same numbers for all parameters in one sweep. A network
784-16-16-10 has 13,002 of them: nudging each up and down takes 26,004 evaluations of
the loss for a single step of learning, and backpropagation the time of a few.
"""

import time
from collections.abc import Callable, Sequence

import lesson
import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

import autograd
import nn
from autograd import Value

quick = lesson.start(__doc__)
Loss = Callable[[], Value]
ORANGE, BLUE, GREEN, INK = "#D55E00", "#0072B2", "#009E73", "#1F2933"
mpl.rcParams.update({"axes.grid": True, "grid.color": "#C4CBD2"})


def nudged(loss: Loss, knob: Value, change: float) -> float:
    """The loss with one knob turned by so much; the knob is put back."""
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


def worst(f: Callable[..., float], loss: Loss, knobs: list[Value], *h: float) -> float:
    """The largest distance of a difference from the gradient of backpropagation."""
    return max(abs(f(loss, knob, *h) - knob.grad) for knob in knobs)


def show(loss: Loss, named: Sequence[tuple[str, Value]]) -> None:
    """Print the gradient in three ways, and how far the first two are off."""
    loss().backward()
    print(f"\n  {'knob':<22} {'forward':>14} {'central':>14} {'backpropagation':>16}")
    for name, knob in named:
        up, both = forward(loss, knob), central(loss, knob)
        print(f"  {name:<22} {up:14.9f} {both:14.9f} {knob.grad:16.9f}")
    knobs = [knob for _, knob in named]
    lesson.heading(claim="the largest distance from backpropagation")
    lesson.compare("forward difference: h", 1e-6, worst(forward, loss, knobs))
    lesson.compare("central difference: nearly 0", 0.0, worst(central, loss, knobs))


# Since (x + h)² = x² + 2xh + h², the forward difference of x² is too large by h. In the
# central difference the two h² cancel, and all that is left is rounding.
print("\nx² + y² has two knobs.")
x, y = Value(3.0), Value(-4.0)
show(lambda: x**2 + y**2, [("x = 3", x), ("y = -4", y)])

print("\nA network 2-3-1 has 13. This is its loss on one example.")
model = nn.MLP(2, [3, 1], "tanh", seed=1)


def small() -> Value:
    """The loss of the small network."""
    return nn.mse(model([1.0, -0.5]), 0.7)


show(small, model.named_parameters())

# Is a smaller nudge a better one? Only up to a point. Then the two losses have nearly
# all their digits in common, and their difference is mostly rounding.
print()
hs = 10.0 ** np.arange(-1.0, -12.5, -0.5)
figure = Figure(figsize=(7, 4.6), layout="constrained")
axes = figure.subplots()
for f, style, color in [(forward, "s--", ORANGE), (central, "o-", BLUE)]:
    errors = [worst(f, small, model.parameters(), h) for h in hs.tolist()]
    axes.loglog(hs, errors, style, color=color, label=f"{f.__name__} difference")
axes.axvline(1e-6, color=INK, linewidth=1, linestyle=":", label="h = 1e-6")
axes.set_title("A nudge can be too large, and too small")
axes.set(xlabel="size of the nudge, h", ylabel="distance from backpropagation")
axes.legend(frameon=False)
figure.savefig(lesson.picture("nudge.png"), dpi=150)


# What it costs. The image is noise, because the cost does not depend on its pixels.
def network(sizes: Sequence[int]) -> tuple[list[Value], Loss]:
    """The knobs of a classifier, and its loss on one image."""
    model = nn.MLP(sizes[0], sizes[1:], seed=0)
    image = np.random.default_rng(0).uniform(size=sizes[0]).tolist()
    return model.parameters(), lambda: nn.cross_entropy(model(image), 3)


def seconds(*works: Callable[[], object]) -> list[float]:
    """The median time of each work; they take turns, as often as fits in a moment."""
    times: list[list[float]] = [[] for _ in works]
    end = time.perf_counter() + (0.1 if quick else 1.0)
    while len(times[0]) < 3 or time.perf_counter() < end:
        for work, measured in zip(works, times, strict=True):
            start = time.perf_counter()
            work()
            measured.append(time.perf_counter() - start)
    return [float(np.median(measured)) for measured in times]


def cost(sizes: Sequence[int]) -> tuple[int, float, float]:
    """Knobs, and backpropagation in evaluations: of scalar code, and compiled."""
    knobs, loss = network(sizes)
    evaluation, sweep = seconds(
        lambda: nudged(loss, knobs[0], 0.0), lambda: loss().backward()
    )
    program = autograd.compile(loss(), parameters=knobs)
    fast_evaluation, fast_sweep = seconds(program, program.value_and_grad)
    return len(knobs), sweep / evaluation, fast_sweep / fast_evaluation


layouts = [(16, 10), (64, 16, 16, 10), (784, 16, 16, 10), (784, 64, 64, 10)]
costs = [cost(sizes) for sizes in (layouts[:3] if quick else layouts)]
figure = Figure(figsize=(7, 4.6), layout="constrained")
axes = figure.subplots()
ns, scalars, compileds = zip(*costs, strict=True)
axes.loglog(ns, [2 * n for n in ns], "s--", color=ORANGE, label="nudging up and down")
axes.loglog(ns, scalars, "o-", color=BLUE, label="backpropagation, scalar code")
axes.loglog(ns, compileds, "^-", color=GREEN, label="backpropagation, compiled")
axes.axvline(13_002, color=INK, linewidth=1, linestyle=":", label="784-16-16-10")
axes.set_title("The cost of one step of learning")
axes.set(xlabel="parameters", ylabel="evaluations of the loss", ylim=(1, 1e7))
axes.legend(frameon=False, loc="upper left")
figure.savefig(lesson.picture("cost.png"), dpi=150)

# To nudge all 13,002 would take minutes: nudge some of them, and extrapolate.
knobs, loss = network((784, 16, 16, 10))
loss().backward()
picked = np.random.default_rng(1).permutation(len(knobs))[: 10 if quick else 50]
some = [knobs[k] for k in picked]
evaluations = 0


def counted() -> Value:
    """The loss; and it is counted how often it was asked for."""
    global evaluations
    evaluations += 1
    return loss()


distance = worst(central, counted, some)
share = len(some) / len(knobs)
sampled, sweep = seconds(lambda: worst(central, loss, some), lambda: loss().backward())
nudging = sampled / share
lesson.heading(claim=f"784-16-16-10, from a sample of {len(some)} knobs")
lesson.compare("knobs", 13002, len(knobs))
lesson.compare("evaluations to nudge them all", 26004, round(evaluations / share))
lesson.compare("largest distance from backpropagation: nearly 0", 0.0, distance)
lesson.compare("backpropagation, in evaluations: scalar code", "a few", costs[2][1])
lesson.compare("backpropagation, in evaluations: compiled", "a few", costs[2][2])
lesson.compare("nudging takes so many times as long", "thousands", nudging / sweep)
print(f"""
One step by nudging: {nudging:.0f} s. By backpropagation: {sweep:.3f} s.
(Scalar code records its graph anew each time; the compiled program knows it already.)

Try: call `forward` and `central` with h = 1e-12. How many digits survive?""")
