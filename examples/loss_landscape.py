"""The loss landscape: many valleys, about equally deep, with ridges between them.

All weights of a network are one point in a space of many dimensions, and the loss is a
height above it. Training walks downhill from a random start and ends in a valley. It is
claimed that other starts end in other valleys, but that these are about equally good.

We train a network on small digits from three starts, walk straight from one end to
another, and draw the plane through all three.
"""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import lesson
import numpy as np

import autograd
import nn
from autograd import Value

quick = lesson.start(__doc__)
(X, y), (X_test, y_test) = nn.data.digits()
X, y = (X[:400], y[:400]) if quick else (X, y)


def network(seed: int) -> nn.MLP:
    """The network at its start."""
    return nn.MLP(64, [8, 10], "tanh", seed=seed)


def penalized(model: nn.MLP) -> Callable[[Any, Any], Value]:
    """The loss; large weights cost a little, or there would be no lowest point."""
    return nn.penalized(nn.cross_entropy, nn.weights(model), l2=1e-3)


# The loss of one example, recorded and compiled: it runs on all examples at once, with
# any numbers as weights.
model, pixels, digit = network(0), [Value(0.0) for _ in range(64)], Value(0.0)
loss = penalized(model)(model(pixels), digit)
program = autograd.compile(loss, inputs=[*pixels, digit], parameters=model.parameters())
training, test = np.column_stack([X, y]), np.column_stack([X_test, y_test])


def height(weights: np.ndarray, examples: np.ndarray = training) -> float:
    """The mean loss with these weights."""
    program.parameters[:] = weights
    return float(program(examples).mean())


ends, rows = [], {}
for seed in range(3):
    model = network(seed)
    start = height(np.array([parameter.data for parameter in model.parameters()]))
    nn.fit_lbfgs(model, X, y, loss=penalized(model), iterations=400)
    end = np.array([parameter.data for parameter in model.parameters()])
    right = [nn.accuracy(model, X, y), nn.accuracy(model, X_test, y_test)]
    rows[f"run {seed + 1}"] = [start, height(end), height(end, test), *right]
    ends.append(end)
columns = ["at the start", "training loss", "test loss", "training right", "test right"]
lesson.table("", columns, rows, ".4f")
lesson.heading(claim="three runs")
figures = np.array(list(rows.values()))
spread = np.ptp(figures, axis=0)
way = (figures[:, 0] - figures[:, 1]).mean()
apart = min(float(abs(b - a).max()) for a, b in combinations(ends, 2))
# To swap two hidden neurons moves the point, but leaves the network as it is: valleys
# have copies, and that the ends differ proves little. The ridges below say more.
lesson.compare("largest difference of a weight, the closest two", "> 0", apart)
lesson.compare(
    "training loss: spread, in % of the fall", "little", 100 * spread[1] / way
)
lesson.compare("test loss: spread, in % of the fall", "little", 100 * spread[2] / way)
lesson.compare("training images right: spread, in points", "little", 100 * spread[3])
lesson.compare("test images right: spread, in points", "little", 100 * spread[4])

# Straight from one end to another: point a + t (b - a), for t from 0 to 1 and beyond.
ts = np.linspace(-0.25, 1.25, 31 if quick else 61)
between = (ts >= 0) & (ts <= 1)
lines = {}
lesson.heading(claim="the ridge between: its loss above the higher end")
for (i, a), (j, b) in combinations(enumerate(ends, start=1), 2):
    lines[f"run {i} to run {j}"] = np.array([height(a + t * (b - a)) for t in ts])
    ridge = lines[f"run {i} to run {j}"][between].max() - max(height(a), height(b))
    lesson.compare(f"run {i} to run {j}", "> 0", float(ridge))
print(f"  (guessing all ten digits alike has the loss ln 10 = {np.log(10):.3f})")

# The plane through three points a, b, c: two directions at right angles, of length 1.
a, b, c = ends
right = (b - a) / np.linalg.norm(b - a)
up = c - a - right * (right @ (c - a))
up /= np.linalg.norm(up)
marks = np.array([[right @ (end - a), up @ (end - a)] for end in ends])
room, cells = 0.3 * np.ptp(marks, axis=0), 25 if quick else 71
us, vs = np.linspace(marks.min(axis=0) - room, marks.max(axis=0) + room, cells).T
plane = np.array([[height(a + u * right + v * up) for u in us] for v in vs])
# A lowest point of the grid is lower than its eight neighbours: than all in a square.
squares = np.lib.stride_tricks.sliding_window_view(plane, (3, 3))
valleys = int((squares.min(axis=(2, 3)) == plane[1:-1, 1:-1]).sum())
lesson.heading(claim="the plane through the three")
lesson.compare("valleys in it", 3, valleys)

top = max(line[between].max() for line in lines.values())
title = "Straight from one valley (t = 0) to another (t = 1)"
with lesson.drawing("lines.png", title, xlabel="t", ylabel="mean loss") as axes:
    for name, line in lines.items():
        axes.plot(ts, line, label=name)
    axes.set_ylim(0, 1.5 * top)
levels = [0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0]
with lesson.drawing("plane.png", "The plane through the ends of three runs") as axes:
    options: Any = {"levels": levels, "norm": "log", "cmap": "Blues"}
    lesson.landscape(axes, us, vs, plane, "mean loss", **options)
    axes.plot(*marks.T, "o", color="white", markeredgecolor="black", markersize=10)
    for name, mark in zip(rows, marks, strict=True):
        axes.annotate(name, mark, (9, 9), textcoords="offset points", weight="bold")
    axes.set(xlabel="from run 1 towards run 2", ylabel="at right angles, to run 3")

print("\nTry: 64 hidden neurons, not 8. Do the ridges between wider networks sink?")
