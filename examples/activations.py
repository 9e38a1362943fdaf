"""Activations: what bends a neuron's sum, and why something has to.

A neuron's sum goes through a function. Learning moves weights by the slope of what they
lead to, so what counts is the function's derivative: where it is 0, nothing is learned.
We draw five activations with their derivatives, which come from the engine itself.

Two claims are told of them. The sigmoid's derivative is never above 1/4, and a / 4 if
its input is first multiplied by a slope a. And without any activation, layers on layers
are worth no more than a single one: we multiply the matrices and compare.
"""

import lesson
import numpy as np

import autograd
import nn

lesson.start(__doc__)
xs = np.linspace(-5.0, 5.0, 501)
curves, slopes = {}, {}
lesson.heading(claim="the largest derivative, from -5 to 5")
for name, largest, function in [
    ("step", 0.0, autograd.step),
    ("sigmoid", 1 / 4, autograd.sigmoid),
    ("sigmoid, a = 1/2", 1 / 8, lambda x: autograd.sigmoid(0.5 * x)),
    ("sigmoid, a = 4", 1.0, lambda x: autograd.sigmoid(4.0 * x)),
    ("tanh", 1.0, autograd.tanh),
    ("ReLU", 1.0, autograd.relu),
    ("leaky ReLU", 1.0, lambda x: autograd.leaky_relu(x, 0.1)),
]:
    function_and_slope = autograd.value_and_grad(function)
    curves[name], slopes[name] = np.transpose([function_and_slope(x) for x in xs])
    lesson.compare(name, largest, slopes[name].max())

lesson.heading(claim="more that is told of them")
s, slope = curves["sigmoid"], slopes["sigmoid"]
lesson.compare("sigmoid: where its derivative is largest", 0.0, xs[slope.argmax()])
lesson.compare("sigmoid: its derivative at 5, hardly any", "< 0.01", slope[-1])
off = abs(slope - s * (1 - s)).max()
lesson.compare("sigmoid: its derivative is s (1 - s), at most off by", "rounding", off)
lesson.compare(
    "ReLU: its derivative left of 0, where it is dead", 0.0, slopes["ReLU"][0]
)
at_0 = slopes["ReLU"][xs == 0][0]
lesson.compare("ReLU: its derivative at its corner, by custom", 0.0, at_0)
leak = slopes["leaky ReLU"][0]
lesson.compare("leaky ReLU with the slope 0.1: left of 0", 0.1, leak)

# Layers without an activation compute W x + b each. W2 (W1 x + b1) + b2 is the same as
# (W2 W1) x + (W2 b1 + b2): one layer. We multiply all the random matrices of four.
rng = np.random.default_rng(0)
flat, bent = (nn.MLP(4, [8, 8, 8, 3], name, seed=0) for name in (None, "tanh"))
matrix, offset = np.eye(4), np.zeros(4)
for layer in flat.layers:
    weight, bias = layer.state_dict()["weight"], rng.normal(size=len(layer.neurons))
    layer.load_state_dict({"weight": weight, "bias": bias})
    matrix, offset = weight @ matrix, weight @ offset + bias
bent.load_state_dict(flat.state_dict())
X = rng.normal(size=(100, 4))
columns = np.column_stack([X, np.ones(100)])
best = columns @ np.linalg.lstsq(columns, nn.predict(bent, X))[0]
lesson.heading(claim="layers 4-8-8-8-3, on 100 random inputs")
off = abs(nn.predict(flat, X) - (X @ matrix.T + offset)).max()
lesson.compare("no activation: that one layer is at most off by", "rounding", off)
off = abs(nn.predict(bent, X) - best).max()
lesson.compare("tanh: the best such layer is at most off by", "> rounding", off)

with lesson.drawing("curves.png", *curves, columns=4, ylim=(-1.2, 2.2)) as panels:
    for axes, name in zip(panels, curves, strict=True):
        axes.plot(xs, curves[name], marker="", label="function")
        axes.plot(xs, slopes[name], marker="", label="derivative")
        axes.set_xlabel("x")
title = "The same four layers on t times one input"
way = np.linspace(-5.0, 5.0, 201)
with lesson.drawing("layers.png", title, xlabel="t", ylabel="first output") as axes:
    for label, model in (("no activation", flat), ("tanh", bent)):
        axes.plot(way, nn.predict(model, way[:, None] * X[0])[:, 0], label=label)

print("\nTry: put gelu among the curves. Is its largest derivative 1, too?")
