"""Activations: what bends a neuron's sum, and why something has to.

A neuron's sum goes through a function. Learning moves weights by the slope of what they
lead to, so what counts is the function's derivative: where it is 0, nothing is learned.
We draw five activations with their derivatives, which come from the engine itself.

Two claims are told of them. The sigmoid's derivative is never above 1/4, and a / 4 if
its input is first multiplied by a slope a. And without any activation, layers on layers
are worth no more than a single one: we multiply the matrices and compare.
"""

from collections.abc import Callable

import lesson
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

import autograd
import nn
from autograd import Value

quick = lesson.start(__doc__)
Array = npt.NDArray[np.float64]
xs = np.arange(-500, 501, 20 if quick else 1) / 100  # from -5 to 5, and exactly 0


def curve(function: Callable[[Value], Value]) -> tuple[Array, Array]:
    """The function at all xs, and its derivative there, by one backward pass each."""
    inputs = [Value(x) for x in xs.tolist()]
    outputs = [function(x) for x in inputs]
    for output in outputs:
        output.backward()
    return np.array([y.data for y in outputs]), np.array([x.grad for x in inputs])


curves = {
    "step": curve(autograd.step),
    "sigmoid": curve(autograd.sigmoid),
    "sigmoid, a = 1/2": curve(lambda x: autograd.sigmoid(0.5 * x)),
    "sigmoid, a = 4": curve(lambda x: autograd.sigmoid(4.0 * x)),
    "tanh": curve(autograd.tanh),
    "ReLU": curve(autograd.relu),
    "leaky ReLU": curve(lambda x: autograd.leaky_relu(x, 0.1)),
}
largest = [0.0, 1 / 4, 1 / 8, 1.0, 1.0, 1.0, 1.0]
lesson.heading(claim="the largest derivative, from -5 to 5")
for (name, (_, slopes)), claimed in zip(curves.items(), largest, strict=True):
    lesson.compare(name, claimed, slopes.max())

lesson.heading(claim="more that is told of them")
s, slopes = curves["sigmoid"]
lesson.compare("sigmoid: where its derivative is largest", 0.0, xs[slopes.argmax()])
lesson.compare(
    "sigmoid: its derivative at 5, where it hardly learns", "< 0.01", slopes[-1]
)
off = abs(slopes - s * (1 - s)).max()
lesson.compare("sigmoid: its derivative is s (1 - s), at most off by", "rounding", off)
doubled, _ = curve(lambda x: 2.0 * autograd.sigmoid(2.0 * x) - 1.0)
off = abs(curves["tanh"][0] - doubled).max()
lesson.compare("tanh(x) is 2 sigmoid(2x) - 1, at most off by", "rounding", off)
slopes = curves["ReLU"][1]
lesson.compare("ReLU: its derivative left of 0, where it is dead", 0.0, slopes[0])
lesson.compare("ReLU: its derivative at its corner, by custom", 0.0, slopes[xs == 0][0])
slopes = curves["leaky ReLU"][1]
lesson.compare("leaky ReLU with the slope 0.1: left of 0", 0.1, slopes[0])

# Layers without an activation compute W x + b each. W2 (W1 x + b1) + b2 is the same as
# (W2 W1) x + (W2 b1 + b2): one layer. We write random numbers into the biases too.
rng = np.random.default_rng(0)


def network(activation: str | None, *sizes: int) -> nn.MLP:
    """A network with random weights and biases."""
    model = nn.MLP(sizes[0], sizes[1:], activation, seed=rng)
    for name, parameter in model.named_parameters():
        if "bias" in name:
            parameter.data = float(rng.normal())
    return model


deep = network(None, 4, 8, 8, 8, 3)
matrix, offset = np.eye(4), np.zeros(4)
for layer in deep.layers:
    state = layer.state_dict()
    matrix = state["weight"] @ matrix
    offset = state["weight"] @ offset + state["bias"]

X = rng.normal(size=(100, 4))
off = abs(nn.predict(deep, X) - (X @ matrix.T + offset)).max()
bent = nn.predict(network("tanh", 4, 8, 8, 8, 3), X)
columns = np.column_stack([X, np.ones(100)])
best = columns @ np.linalg.lstsq(columns, bent, rcond=None)[0]
lesson.heading(claim="layers 4-8-8-8-3, on 100 random inputs")
lesson.compare("weights and biases in it", 211, len(deep.parameters()))
lesson.compare("weights and biases in one layer 4-3", 15, matrix.size + offset.size)
lesson.compare("no activation: that one layer is at most off by", "rounding", off)
off = abs(bent - best).max()
lesson.compare("tanh: the best such layer is at most off by", "> rounding", off)

print()
INK, BLUE, ORANGE, GREEN = "#1F2933", "#0072B2", "#D55E00", "#009E73"
figure = Figure(figsize=(13, 5.5), layout="constrained")
above, below = figure.subplots(2, 5, sharex=True, sharey="row")
places = [0, 1, 1, 1, 2, 3, 4]
looks = {"sigmoid, a = 1/2": (ORANGE, "--"), "sigmoid, a = 4": (GREEN, ":")}
for place, (name, (outputs, slopes)) in zip(places, curves.items(), strict=True):
    color, style = looks.get(name, (BLUE, "-"))
    label = name.partition(", ")[2] or "a = 1"
    above[place].plot(xs, outputs, style, color=color, linewidth=2, label=label)
    below[place].plot(xs, slopes, style, color=color, linewidth=2)
    if name not in looks:
        above[place].set_title(name, loc="left", weight="bold")
        below[place].set_xlabel("x")
for axes in [*above, *below]:
    axes.grid(color="#C4CBD2", linewidth=0.6)
above[0].set(ylabel="function", ylim=(-1.2, 2.2))
below[0].set(ylabel="derivative", yticks=[0, 0.25, 0.5, 0.75, 1])
above[1].legend(frameon=False, loc="lower right", labelspacing=0.1)
figure.savefig(lesson.picture("curves.png"), dpi=150)

figure = Figure(figsize=(7, 4.4), layout="constrained")
axes = figure.subplots()
line = np.linspace(-3, 3, 301)
for activation, color, style in [
    ("", INK, "-"),
    ("tanh", BLUE, "--"),
    ("relu", ORANGE, "-."),
]:
    model = network(activation or None, 1, 8, 8, 8, 1)
    outputs = nn.predict(model, line[:, None])
    label = activation or "no activation"
    axes.plot(line, outputs, style, color=color, linewidth=2, label=label)
axes.set_title("Three random networks 1-8-8-8-1", loc="left", weight="bold")
axes.set(xlabel="input", ylabel="output")
axes.grid(color="#C4CBD2", linewidth=0.6)
axes.legend(frameon=False)
figure.savefig(lesson.picture("layers.png"), dpi=150)

print("\nTry: put gelu among the curves. Is its largest derivative 1, too?")
