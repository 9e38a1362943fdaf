"""The loss landscape: many valleys, about equally deep, with ridges between them.

All weights of a network are one point in a space of many dimensions, and the loss is a
height above it. Training walks downhill from a random start and ends in a valley. It is
claimed that other starts end in other valleys, but that these are about equally good.

One reason for the many valleys can be proved: let two hidden neurons change places,
with all their weights, and the network computes just the same. We train a network on
small digits from three starts, walk straight from one end to another, and draw the
plane through all three.
"""

import math
from collections.abc import Callable
from itertools import combinations
from typing import Any

import lesson
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

import autograd
import nn
from autograd import Value

BLUE, ORANGE, GREEN, INK = "#0072B2", "#D55E00", "#009E73", "#1F2933"
Array = npt.NDArray[np.float64]
quick = lesson.start(__doc__)
HIDDEN, PENALTY = 8, 1e-3
(X, y), (X_test, y_test) = nn.data.digits()
if quick:
    X, y = X[:400], y[:400]


def penalized(model: nn.MLP) -> Callable[[Any, Any], Value]:
    """The loss; large weights cost a little, or there would be no lowest point."""
    return nn.penalized(nn.cross_entropy, nn.weights(model), l2=PENALTY)


def trained(seed: int) -> nn.MLP:
    """A network at the bottom of the valley that it starts in."""
    model = nn.MLP(64, [HIDDEN, 10], "tanh", seed=seed)
    nn.fit_lbfgs(model, X, y, loss=penalized(model), iterations=400)
    return model


models = [trained(seed) for seed in range(3)]

# The loss of one example, recorded and compiled: it runs on all examples at once, with
# any numbers as weights.
model = models[0]
pixels, digit = [Value(0.0) for _ in range(64)], Value(0.0)
loss = penalized(model)(model(pixels), digit)
program = autograd.compile(loss, inputs=[*pixels, digit], parameters=model.parameters())
training, test = np.column_stack([X, y]), np.column_stack([X_test, y_test])


def height(weights: Array, examples: Array = training) -> float:
    """The mean loss with these weights."""
    program.parameters[:] = weights
    return float(program(examples).mean())


def slope(points: list[Array]) -> float:
    """The length of the gradient, the largest at these points."""
    found = []
    for weights in points:
        program.parameters[:] = weights
        found.append(np.linalg.norm(program.value_and_grad(training)[1]))
    return float(max(found))


def numbers(model: nn.MLP) -> Array:
    """All weights and biases, as one point."""
    return np.array([parameter.data for parameter in model.parameters()])


ends = [numbers(model) for model in models]
starts = [numbers(nn.MLP(64, [HIDDEN, 10], "tanh", seed=seed)) for seed in range(3)]

lesson.heading(claim="three runs")
steps = [float(np.abs(b - a).max()) for a, b in combinations(ends, 2)]
lesson.compare("largest difference of a weight, the closest two", "> 0", min(steps))
lesson.compare(
    "slope at the ends, over that at the starts", "near 0", slope(ends) / slope(starts)
)
print("  From the starts, with the penalty, to the ends:")
for what, examples, images, digits in (
    ("training", training, X, y),
    ("test", test, X_test, y_test),
):
    losses = [height(point, examples) for point in ends]
    begun = float(np.mean([height(point, examples) for point in starts]))
    shares = [nn.accuracy(m, images, digits) for m in models]
    print(f"  {what} loss {begun:.3f} ->", *(f"{loss:.4f}" for loss in losses))
    print(f"  {what} images right      ", *(f"{share:6.1%}" for share in shares))
    way = (max(losses) - min(losses)) / (begun - min(losses))
    lesson.compare(f"{what} loss: spread, of the way down", "little", f"{way:.1%}")
    points = 100 * (max(shares) - min(shares))
    lesson.compare(f"{what} images right: spread, in points", "little", points)

# Number the hidden neurons of the first network the other way round: the rows of the
# first layer, and the columns of the second, which reads them.
state = models[0].state_dict()
turned = nn.MLP(64, [HIDDEN, 10], "tanh")
turned.load_state_dict(
    {
        "layers.0.weight": state["layers.0.weight"][::-1],
        "layers.0.bias": state["layers.0.bias"][::-1],
        "layers.1.weight": state["layers.1.weight"][:, ::-1],
        "layers.1.bias": state["layers.1.bias"],
    }
)
twin = numbers(turned)
off = abs(height(twin) - height(ends[0]))
lesson.heading(claim="the first network, its neurons in another order")
lesson.compare("difference of the loss", "rounding", off)
distance = float(np.linalg.norm(twin - ends[0]) / np.linalg.norm(ends[0]))
lesson.compare("its distance, over the length of all weights", "> 0", distance)
lesson.compare("orders, each with such a twin", "8!", math.factorial(HIDDEN))

# Straight from one end to another: point a + t (b - a), for t from 0 to 1 and beyond.
ts = np.linspace(-0.25, 1.25, 31 if quick else 61)
between = (ts >= 0) & (ts <= 1)


def line(a: Array, b: Array, examples: Array = training) -> Array:
    """The loss along the line."""
    return np.array([height(a + t * (b - a), examples) for t in ts])


lines = {
    f"run {i + 1} to run {j + 1}": line(ends[i], ends[j])
    for i, j in combinations(range(3), 2)
}
lines["run 1 to its twin"] = line(ends[0], twin)
lesson.heading(claim="the ridge between: its loss above the higher end")
for what, along in lines.items():
    foot = along[between][[0, -1]].max()
    lesson.compare(what, "> 0", float(along[between].max() - foot))
print(f"  (guessing all ten digits alike has the loss ln 10 = {math.log(10):.3f})")

# The plane through three points a, b, c: two directions at right angles, of length 1.
origin = ends[0]
right = (ends[1] - origin) / np.linalg.norm(ends[1] - origin)
up = ends[2] - origin - right * (right @ (ends[2] - origin))
up /= np.linalg.norm(up)
marks = np.array([[right @ (end - origin), up @ (end - origin)] for end in ends])
low, high = marks.min(axis=0), marks.max(axis=0)
room, cells = 0.3 * (high - low), 25 if quick else 71
us, vs = np.linspace(low - room, high + room, cells).T
plane = np.array([[height(origin + u * right + v * up) for u in us] for v in vs])
# A lowest point of the grid is lower than its eight neighbours.
shifts = [(i, j) for i in range(3) for j in range(3) if (i, j) != (1, 1)]
inner, size = plane[1:-1, 1:-1], cells - 2
around = np.min([plane[i : i + size, j : j + size] for i, j in shifts], axis=0)
lesson.heading(claim="the plane through the three")
lesson.compare("valleys in it", 3, int((inner < around).sum()))

print()
figure = Figure(figsize=(8.5, 5), layout="constrained")
axes = figure.subplots()
looks = [(BLUE, "-"), (ORANGE, "--"), (GREEN, "-."), (INK, ":")]
for (what, along), (color, style) in zip(lines.items(), looks, strict=True):
    axes.plot(ts, along, style, color=color, linewidth=2, label=what)
top = max(float(along[between].max()) for along in lines.values())
for t, text in ((0, "one end"), (1, "the other end")):
    axes.axvline(t, color="#56616C", linewidth=1)
    axes.annotate(text, (t, 1.25 * top), (5, 0), textcoords="offset points", va="top")
axes.set(ylim=(0, 1.27 * top), xlabel="t", ylabel="mean loss on the training images")
axes.set_title("Straight from one valley to another", loc="left", weight="bold")
axes.grid(color="#C4CBD2", linewidth=0.6)
axes.spines[["top", "right"]].set_visible(False)
figure.legend(loc="outside right upper", frameon=False)
figure.savefig(lesson.picture("lines.png"), dpi=150)

figure = Figure(figsize=(9, 6), layout="constrained")
axes = figure.subplots()
levels = [0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0]
ground = axes.contourf(us, vs, plane, levels, cmap="viridis", norm="log", extend="max")
axes.contour(us, vs, plane, levels, colors="white", linewidths=0.5)
axes.plot(*marks[[0, 1, 2, 0]].T, "--", color="white", linewidth=1.5)
axes.plot(*marks.T, "o", color="white", markeredgecolor="black", markersize=10)
for number, mark in enumerate(marks, start=1):
    away = (0, 14 if number == 3 else -24)
    name = axes.annotate(f"run {number}", mark, away, textcoords="offset points")
    name.set(ha="center", weight="bold", bbox={"fc": "white", "ec": "none", "pad": 2})
bar = figure.colorbar(ground, label="mean loss on the training images", shrink=0.85)
bar.set_ticks(levels, labels=[f"{level:g}" for level in levels])
bar.minorticks_off()
axes.set(xlabel="from run 1 towards run 2", ylabel="at right angles, towards run 3")
axes.set(aspect="equal")
axes.set_title("The plane through the ends of three runs", loc="left", weight="bold")
figure.savefig(lesson.picture("plane.png"), dpi=150)

print("\nTry: 64 hidden neurons, not 8. Do the ridges between wider networks sink?")
