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

import nn

quick = lesson.start(__doc__)
WIDTH, networks = 16, 5 if quick else 50
depths = [1, 4, 7, 10] if quick else list(range(1, 11))
ACTIVATIONS = ["sigmoid", "tanh", "relu"]


def gradients(activation: str, depth: int, seed: int) -> tuple[list[float], float]:
    """The size of the gradient in each hidden layer, and the stretch of the weights.

    The size is the root of the sum of squares; the input has the size 1. The stretch is
    the most by which the weights behind the first layer can lengthen a vector.
    """
    model = nn.MLP(WIDTH, [WIDTH] * depth + [1], activation, seed=seed)
    x = np.random.default_rng(seed).normal(size=WIDTH)
    model(x / np.linalg.norm(x)).backward()
    behind = [layer.state_dict()["weight"] for layer in model.layers[1:]]
    stretch = float(np.prod([np.linalg.norm(weight, 2) for weight in behind]))
    grads = [[w.grad for w in nn.weights(layer)] for layer in model.layers[:-1]]
    return [float(np.linalg.norm(grad)) for grad in grads], stretch


runs = {
    (name, depth): [gradients(name, depth, seed) for seed in range(networks)]
    for name in ACTIVATIONS
    for depth in depths
}
first = {key: float(np.median([run[0][0] for run in runs[key]])) for key in runs}
rows = {str(d): [0.25**d, *(first[n, d] for n in ACTIVATIONS)] for d in depths}
lesson.table("hidden layers", ["(1/4)^layers", *ACTIVATIONS], rows, ".2e")
lesson.heading(claim="what each further layer multiplies it by")
for name, claimed in zip(ACTIVATIONS, ["1/4", "near 1", "near 1"], strict=True):
    ratio = first[name, depths[-1]] / first[name, depths[0]]
    lesson.compare(name, claimed, ratio ** (1 / (depths[-1] - depths[0])))

# The first layer's inputs have the size 1, and those of later sigmoids the size 2 or
# so: this doubles the gradients of their weights.
layers = {n: np.median([run[0] for run in runs[n, 10]], axis=0) for n in ACTIVATIONS}
lesson.heading(claim="ten layers: the last one's gradient over the first's")
for name, claimed in zip(ACTIVATIONS, [f"> {4**9:,}", "near 1", "near 1"], strict=True):
    lesson.compare(name, claimed, float(layers[name][-1] / layers[name][0]))

# Is 1/4 a layer a bound? Only together with the weights: they can stretch a vector too.
# So for weights that do not stretch it is a bound, and here it is a rule of thumb.
lesson.heading(claim="sigmoid networks with a larger gradient than ...")
pairs = [(0.25**d, *run) for d in depths for run in runs["sigmoid", d]]
alone = sum(sizes[0] > quarter for quarter, sizes, _ in pairs)
bound = sum(sizes[0] > quarter * stretch for quarter, sizes, stretch in pairs)
total = f"of {len(pairs)}"
lesson.compare("... 1/4 per layer alone", 0, f"{alone} {total}")
lesson.compare("... 1/4 per layer times its weights' stretch", 0, f"{bound} {total}")

titles = "First layer, networks of 1 to 10 layers", "Each layer, networks of ten layers"
with lesson.drawing("sizes.png", *titles, yscale="log") as (left, right):
    for name in ACTIVATIONS:
        left.plot(depths, [first[name, depth] for depth in depths], label=name)
        right.plot(range(1, 11), layers[name], label=name)
    ten = np.arange(1, 11)
    left.plot(ten, 0.25**ten, marker="", label="1/4 per layer")
    right.plot(ten, 0.25 ** (11.0 - ten), marker="", label="1/4 per layer")
    left.set(xlabel="number of hidden layers", ylabel="size of the gradient")
    right.set(xlabel="hidden layer, counted from the input")

print("\nTry: multiply all weights by 4 before model(x). Who vanishes, who explodes?")
