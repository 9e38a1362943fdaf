"""Batch, stochastic, mini-batch: how much to look at before each step?

The slope of the mean loss can be taken over all examples (batch), over one drawn at
random (stochastic), or over a handful (mini-batch). It is claimed that batch descent
goes smoothly down but takes few steps; that stochastic descent is soon near the bottom
and then wanders around it; and that mini-batches are the best of both: many steps,
little noise, and a computer works on a handful of numbers about as fast as on one.

We fit a line to 8,192 noisy points. It has two parameters, so that the surface can be
drawn, and its lowest point is known from a formula. All three take the same step size.
"""

import time
from collections import defaultdict

import lesson
import numpy as np
from matplotlib.figure import Figure

import autograd
import nn
from autograd import Value

BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"
quick = lesson.start(__doc__)
rng = np.random.default_rng(1)
n, rate = 8192, 0.05
x = rng.uniform(-1, 2, n)
y = 1.5 * x - 1 + rng.normal(0, 1, n)
examples = np.column_stack([x, y])

# The loss of one example, recorded and compiled, runs on any number of examples.
w, b = Value(-1.0, label="w"), Value(-1.5, label="b")
one_x, one_y = Value(0.0, label="x"), Value(0.0, label="y")
loss = nn.mse(w * one_x + b, one_y)
program = autograd.compile(loss, inputs=[one_x, one_y], parameters=[w, b])
start = program.parameters.copy()

A = np.column_stack([x, np.ones(n)])
lowest = np.linalg.lstsq(A, y)[0]  # the formula: the least squares


def above_lowest(points: np.ndarray) -> np.ndarray:
    """How far the mean loss at each (w, b), one a row, is above the lowest."""
    away = points - lowest
    heights: np.ndarray = np.sum(away @ (A.T @ A / n) * away, axis=1)
    return heights


def descend(size: int, passes: int) -> tuple[np.ndarray, float]:
    """All points of the way down, (steps + 1, 2), and the usual seconds per step."""
    program.parameters[:] = start
    path, seconds = [start], []
    for _ in range(passes):
        order = rng.permutation(n)
        for first in range(0, n, size):
            batch = examples[order[first : first + size]]
            began = time.perf_counter()
            _, slope = program.value_and_grad(batch)
            program.parameters -= rate * slope
            seconds.append(time.perf_counter() - began)
            path.append(program.parameters.copy())
    return np.array(path), float(np.median(seconds))


# The batch's slope is the mean of the single ones. The mean of a few has noise in it.
_, whole = program.value_and_grad(examples)
singles = np.array([program.value_and_grad(row[None])[1] for row in examples])
draws = 500 if quick else 4000
noise = {}
for size in (1, 16, 256):
    means = [singles[rng.integers(n, size=size)].mean(axis=0) for _ in range(draws)]
    noise[size] = np.std(means, axis=0).mean()
lesson.heading(claim="the slope")
off = np.abs(singles.mean(axis=0) - whole).max()
lesson.compare("mean of the single ones - that of the batch", 0, f"{off:.0e}")
lesson.compare("noise of 1 example / of 16: √16", 4.0, noise[1] / noise[16])
lesson.compare("noise of 16 examples / of 256: √16", 4.0, noise[16] / noise[256])

SIZES = {"batch": n, "mini-batch": 128, "stochastic": 1}
PASSES = {"batch": 200, "mini-batch": 4, "stochastic": 1}
table: dict[str, list[float]] = defaultdict(list)
ways, heights = [], []
for kind, size in SIZES.items():
    path, seconds = descend(size, PASSES[kind])
    height = above_lowest(path)
    near = int(np.argmax(height < 0.2))  # the first step that is so low
    settled = len(height) - int(np.argmax(height[::-1] > 0.02))  # all later ones are
    at_last = settled * seconds * 1e3 if settled < len(height) else np.inf
    table["steps in one pass through the examples"].append(n / size)
    table["loss above the lowest, after one pass"].append(height[n // size])
    table["examples seen until 0.2 above the lowest"].append(near * size)
    table["microseconds per step, usually"].append(seconds * 1e6)
    table["milliseconds until 0.2 above the lowest"].append(near * seconds * 1e3)
    table["milliseconds until below 0.02 for good"].append(at_last)
    table["share of steps that lead up"].append(float(np.mean(np.diff(height) > 0)))
    table["mean height in the second half"].append(height[len(height) // 2 :].mean())
    ways.append(path)
    heights.append(height)
print(f"\n  {'':44}" + "".join(f"{kind:>14}" for kind in SIZES))
for name, row in table.items():
    cells = [f"{cell:,.0f}" if cell > 100 else f"{cell:.3g}" for cell in row]
    print(f"  {name:44}" + "".join(f"{cell:>14}" for cell in cells))
print("  (inf: never)")

lesson.heading()
lesson.compare(
    "batch: steps that lead up", 0.0, table["share of steps that lead up"][0]
)
_, few, one = table["mean height in the second half"]
lesson.compare("wandering of 1 example / of 128: about 128", 128.0, one / few)
first = list(SIZES)[int(np.argmin(table["milliseconds until below 0.02 for good"]))]
lesson.compare("the first to settle, by the clock", "mini-batch", first)

STYLES = [(BLUE, "-", 1.8), (GREEN, "--", 1.8), (ORANGE, ":", 1.2)]
figure = Figure(figsize=(9, 4), layout="constrained")
by_examples, by_clock = figure.subplots(1, 2, sharey=True)
clocks = table["microseconds per step, usually"]
for kind, height, clock, style in zip(SIZES, heights, clocks, STYLES, strict=True):
    color, line, width = style
    steps = np.unique(np.geomspace(1, len(height) - 1, 300).astype(int))
    for axes, unit in ((by_examples, SIZES[kind]), (by_clock, clock / 1e3)):
        axes.loglog(
            steps * unit, height[steps], line, color=color, lw=width, label=kind
        )
        axes.spines[["top", "right"]].set_visible(False)
by_examples.set(title="By examples seen", xlabel="examples seen", ylim=(1e-5, 30))
by_examples.set(ylabel="mean loss above the lowest")
by_clock.set(title="By the clock", xlabel="milliseconds")
by_examples.legend(loc="lower left", frameon=False)
figure.savefig(lesson.picture("loss.png"), dpi=150)

SHOWN = 150  # steps of each way
figure = Figure(figsize=(9, 3.6), layout="constrained")
w_axis, b_axis = np.linspace(-1.6, 2.6, 80), np.linspace(-2.2, 1.6, 80)
grid = np.stack(np.meshgrid(w_axis, b_axis), axis=-1)
surface = above_lowest(grid.reshape(-1, 2)).reshape(grid.shape[:2])
levels = [0.05, 0.5, 1.5, 3, 5, 8, 12]
all_axes = figure.subplots(1, 3, sharey=True)
for axes, kind, path, style in zip(all_axes, SIZES, ways, STYLES, strict=True):
    axes.contour(w_axis, b_axis, surface, levels, colors="#B4BCC4", linewidths=0.8)
    axes.plot(*path[:SHOWN].T, color=style[0], linewidth=0.8, marker=".", markersize=3)
    axes.plot(*start, "s", color="black", markersize=6, label="start")
    axes.plot(*lowest, "*", color="black", markersize=12, label="lowest point")
    axes.set(title=f"{kind}: {SHOWN} steps", xlabel="w")
all_axes[0].set(ylabel="b")
all_axes[0].legend(loc="upper left", frameon=False)
figure.savefig(lesson.picture("paths.png"), dpi=150)

print("\nTry: a rate that falls, rate / (1 + steps / 100). Does the wandering end?")
