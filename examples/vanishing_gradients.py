"""Vanishing gradients: why the first layers of deep sigmoid networks hardly learn.

Backpropagation multiplies. On its way from the output to the first layer, the gradient
is multiplied at each layer by the weights and by the derivative of the activation, and
that of a sigmoid is at most 1/4. So it is said that every layer costs a factor of 4:
ten of them a million. The derivatives of tanh and ReLU reach 1, and theirs should last.

We build networks of 1 to 10 hidden layers, 16 neurons each, with the random weights
that nn starts from, and measure how fast the output changes with each layer's weights.
"""

import lesson
import numpy as np
from matplotlib.figure import Figure

import nn

quick = lesson.start(__doc__)
WIDTH, networks = 16, 5 if quick else 50
depths = [1, 4, 7, 10] if quick else list(range(1, 11))
STYLES = {
    "sigmoid": ("o-", "#D55E00"),
    "tanh": ("s-", "#0072B2"),
    "relu": ("^-", "#009E73"),
}


def gradients(activation: str, depth: int, seed: int) -> tuple[list[float], float]:
    """The size of the gradient in each hidden layer, and the stretch of the weights.

    The size is the root of the sum of squares; the input has the size 1. The stretch is
    the most by which the weights behind the first layer can lengthen a vector.
    """
    model = nn.MLP(WIDTH, [WIDTH] * depth + [1], activation, seed=seed)
    x = np.random.default_rng(seed).normal(size=WIDTH)
    model(x / np.linalg.norm(x)).backward()
    layers = [[n.weights for n in layer.neurons] for layer in model.layers]
    grads = [np.array([[w.grad for w in row] for row in rows]) for rows in layers]
    stretch = [
        np.linalg.norm(layer.state_dict()["weight"], 2) for layer in model.layers[1:]
    ]
    return [float(np.linalg.norm(grad)) for grad in grads[:-1]], float(np.prod(stretch))


runs = {
    (activation, depth): [
        gradients(activation, depth, seed) for seed in range(networks)
    ]
    for activation in STYLES
    for depth in depths
}
first = {
    key: float(np.median([sizes[0] for sizes, _ in run])) for key, run in runs.items()
}

print(f"\n  The first layer's gradient, median of {networks} networks and inputs")
print(f"  hidden layers {'(1/4)^layers':>14}", *(f"{name:>12}" for name in STYLES))
for depth in depths:
    row = [0.25**depth, *(first[name, depth] for name in STYLES)]
    print(f"  {depth:13d} {row[0]:14.2e}", *(f"{size:12.2e}" for size in row[1:]))

lesson.heading(claim="what each further layer multiplies it by")
steps = depths[-1] - depths[0]
for name, claimed in zip(STYLES, ["1/4", "near 1", "near 1"], strict=True):
    factor = (first[name, depths[-1]] / first[name, depths[0]]) ** (1 / steps)
    lesson.compare(name, claimed, factor)

# Is 1/4 a layer a bound? Only together with the weights: they can stretch a vector too.
lesson.heading(claim="sigmoid networks with a larger gradient than ...")
sigmoids = [(d, sizes[0], w) for d in depths for sizes, w in runs["sigmoid", d]]
alone = sum(size > 0.25**d for d, size, _ in sigmoids)
bound = sum(size > 0.25**d * w for d, size, w in sigmoids)
total = len(sigmoids)
lesson.compare("... 1/4 per layer alone", 0, f"{alone} of {total}")
lesson.compare(
    "... 1/4 per layer, times the stretch of its weights", 0, f"{bound} of {total}"
)

if alone:
    print(
        "  So it is a bound for weights that do not stretch, and here a rule of thumb."
    )

# The first layer's inputs have the size 1, and those of later sigmoids the size 2 or
# so: this doubles the gradients of their weights.
by_layer = {n: np.median([sizes for sizes, _ in runs[n, 10]], axis=0) for n in STYLES}
lesson.heading(claim="ten layers: the last one's gradient over the first's")
for name, claimed in zip(STYLES, [f">= {4**9:,}", "near 1", "near 1"], strict=True):
    lesson.compare(name, claimed, float(by_layer[name][-1] / by_layer[name][0]))

print()
figure = Figure(figsize=(12, 5), layout="constrained")
left, right = figure.subplots(1, 2, sharey=True)
for name, (style, color) in STYLES.items():
    sizes = [first[name, depth] for depth in depths]
    left.semilogy(depths, sizes, style, color=color, label=name)
    right.semilogy(range(1, 11), by_layer[name], style, color=color, label=name)
deep = np.arange(1, 11)
left.semilogy(deep, 0.25**deep, "--", color="#1F2933", label="1/4 per layer")
right.semilogy(
    deep, 0.25 ** (11.0 - deep), "--", color="#1F2933", label="1/4 per layer"
)
left.set_title("First layer, networks of any depth", loc="left", weight="bold")
left.set(xlabel="number of hidden layers", ylabel="size of the gradient", xticks=deep)
right.set_title("Each layer, networks of ten", loc="left", weight="bold")
right.set(xlabel="hidden layer, the first at the left", xticks=deep)
for axes in (left, right):
    axes.grid(color="#C4CBD2", linewidth=0.6)
left.legend(frameon=False)
figure.savefig(lesson.picture("sizes.png"), dpi=150)

print(
    "\nTry: multiply all weights by 4 before model(x). Who vanishes now, who explodes?"
)
