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

import autograd
import nn
from autograd import Value

lesson.start(__doc__)
rng = np.random.default_rng(1)
n, rate = 8192, 0.05
# How many examples each step sees, and how many passes through them are made.
KINDS = {"batch": (n, 200), "mini-batch": (128, 4), "stochastic": (1, 1)}
x = rng.uniform(-1, 2, n)
y = 1.5 * x - 1 + rng.normal(0, 1, n)
examples = np.column_stack([x, y])

# The loss of one example, recorded and compiled, runs on any number of examples.
w, b, one_x, one_y = Value(-1.0), Value(-1.5), Value(0.0), Value(0.0)
loss = nn.mse(w * one_x + b, one_y)
program = autograd.compile(loss, inputs=[one_x, one_y], parameters=[w, b])
A = np.column_stack([x, np.ones(n)])
lowest = np.linalg.lstsq(A, y)[0]  # the formula: the least squares


def above_lowest(points: np.ndarray) -> np.ndarray:
    """How far the mean loss at each (w, b) is above the lowest."""
    away = points - lowest
    heights: np.ndarray = (away @ (A.T @ A / n) * away).sum(axis=-1)
    return heights


def descend(size: int, passes: int) -> tuple[np.ndarray, float]:
    """All points of the way down, (steps + 1, 2), and the usual seconds per step."""
    program.parameters[:] = w.data, b.data  # the start
    path, seconds = [program.parameters.copy()], []
    for _ in range(passes):
        for batch in np.split(rng.permutation(examples), n // size):
            began = time.perf_counter()
            program.parameters -= rate * program.value_and_grad(batch)[1]
            seconds.append(time.perf_counter() - began)
            path.append(program.parameters.copy())
    return np.array(path), float(np.median(seconds))


# The batch's slope is the mean of the single ones. The mean of a few has noise in it.
singles = np.array([program.value_and_grad(row[None])[1] for row in examples])
noise = {}
for size in (1, 16, 256):
    means = [singles[rng.integers(n, size=size)].mean(axis=0) for _ in range(500)]
    noise[size] = float(np.std(means, axis=0).mean())
lesson.heading(claim="the slope")
off = float(abs(singles.mean(axis=0) - program.value_and_grad(examples)[1]).max())
lesson.compare("mean of the single ones - that of the batch", 0, off)
lesson.compare("noise of 1 example / of 16: √16", 4.0, noise[1] / noise[16])
lesson.compare("noise of 16 examples / of 256: √16", 4.0, noise[16] / noise[256])

rows: dict[str, list[float]] = defaultdict(list)
ways, heights, clocks = {}, {}, {}
for kind, (size, passes) in KINDS.items():
    ways[kind], seconds = descend(size, passes)
    heights[kind] = height = above_lowest(ways[kind])
    clocks[kind] = clock = 1e3 * seconds * np.arange(len(height))
    near = int(np.argmax(height < 0.2))  # the first step that is so low
    high = len(height) - 1 - int(np.argmax(height[::-1] > 0.02))  # the last so high
    settled = float(clock[high + 1]) if high + 1 < len(clock) else np.inf
    rows["examples seen until 0.2 above the lowest"].append(near * size)
    rows["microseconds per step"].append(1e6 * seconds)
    rows["ms until below 0.02 for good; inf: never"].append(settled)
    rows["share of steps that lead up"].append(float(np.mean(np.diff(height) > 0)))
    rows["mean height in the second half"].append(height[len(height) // 2 :].mean())
lesson.table("", list(KINDS), rows)
# 128 if all were drawn at random. Here no pass takes one twice: the noise of the mini-
# batches of a pass partly cancels, and they wander even less.
lesson.heading()
_, few, one = rows["mean height in the second half"]
first = list(KINDS)[int(np.argmin(rows["ms until below 0.02 for good; inf: never"]))]
lesson.compare("wandering of 1 example / of 128: 128 or more", 128.0, one / few)
lesson.compare("the first to settle, by the clock", "mini-batch", first)

titles = ["By examples seen", "By the clock"]
with lesson.drawing("loss.png", *titles, xscale="log", yscale="log") as (left, right):
    for kind, height in heights.items():
        steps = np.unique(np.geomspace(1, len(height) - 1, 300).astype(int))
        left.plot(steps * KINDS[kind][0], height[steps], label=kind)
        right.plot(clocks[kind][steps], height[steps], label=kind)
    left.set(xlabel="examples seen", ylabel="mean loss above the lowest")
    right.set_xlabel("milliseconds")
titles = [f"{kind}: 150 steps" for kind in KINDS]
with lesson.drawing("paths.png", *titles, xlabel="w", ylabel="b") as panels:
    w_axis, b_axis = np.linspace(-1.6, 2.6, 80), np.linspace(-2.2, 1.6, 80)
    surface = above_lowest(np.stack(np.meshgrid(w_axis, b_axis), axis=-1))
    for axes, path in zip(panels, ways.values(), strict=True):
        lesson.landscape(axes, w_axis, b_axis, surface, "loss above the lowest")
        axes.plot(*path[:151].T, linewidth=1, label="path")
        axes.plot(*lowest, "*", color=lesson.INK, markersize=15, label="lowest point")

print("\nTry: a rate that falls, rate / (1 + steps / 100). Does the wandering end?")
