"""Losses: what does a mistake cost?

A loss turns "how wrong was the answer?" into one number to be made small. The squared
error is the distance from the target, squared. Cross-entropy is -log p, where p is the
probability that was given to the right answer: to be sure and wrong, with p near 0, may
cost any amount. It is claimed that this is why cross-entropy learns from its worst
mistakes and the squared error does not, and that behind a sigmoid or a softmax the
slope of cross-entropy is as simple as can be: p - y, the answer minus the target.

We tabulate the losses, draw them and their slopes, and test p - y on random numbers.
"""

from collections.abc import Callable

import lesson
import numpy as np
from matplotlib.figure import Figure

import nn
from autograd import Value, sigmoid, softmax

BLUE, ORANGE = "#0072B2", "#D55E00"
quick = lesson.start(__doc__)

# One answer that is a probability p; the target is 1.
print("\n  p given to the right answer     (1 - p)²      -log p")
for p in (0.99, 0.9, 0.5, 0.1, 0.01, 0.0001):
    square, log = nn.mse(Value(p), 1), nn.binary_cross_entropy(Value(p), 1)
    print(f"  {p:<27g} {square.data:12.4f} {log.data:11.4f}")

lesson.heading(claim="a mistake made with confidence", claimed="by formula")
worst = nn.mse(Value(0.0001), 1).data
dear = nn.binary_cross_entropy(Value(0.0001), 1).data
dearer = nn.binary_cross_entropy(Value(0.00001), 1).data
lesson.compare("squared error at p = 0.0001: never above 1", 0.9999**2, worst)
lesson.compare("cross-entropy there: log 10000", float(np.log(10_000)), dear)
lesson.compare("... and for p / 10: log 10 more", float(np.log(10)), dearer - dear)


def squared(z: Value, y: float) -> Value:
    """The squared error of a sigmoid neuron whose weighted sum is z."""
    return nn.mse(z.sigmoid(), y)


def entropy(z: Value, y: float) -> Value:
    """The cross-entropy of the same neuron."""
    return nn.binary_cross_entropy(z.sigmoid(), y)


def slope(loss: Callable[[Value, float], Value], number: float, y: float) -> float:
    """How fast the loss rises with z, at z = number."""
    z = Value(number)
    loss(z, y).backward()
    return z.grad


# What does the loss tell the neuron? The neuron computes z, and the sigmoid makes p of
# it. By the chain rule the slope is dL/dz = dL/dp * dp/dz, and dp/dz = p (1 - p) is
# nearly 0 where the neuron is sure. The 1/p in the slope of cross-entropy cancels that
# p; the squared error has nothing to cancel it with.
zs = np.linspace(-8.0, 8.0, 161).tolist()
squared_slopes = [slope(squared, z, 1) for z in zs]
entropy_slopes = [slope(entropy, z, 1) for z in zs]
p = 1 / (1 + float(np.exp(8)))
by_chain_rule = 2 * (p - 1) * p * (1 - p)
lesson.heading(claim="the slope by z, at z = -8: p = 0.0003", claimed="by formula")
lesson.compare("squared error: 2 (p - 1) p (1 - p)", by_chain_rule, squared_slopes[0])
lesson.compare("cross-entropy: p - 1", p - 1, entropy_slopes[0])
print("  The worse the mistake, the less the squared error asks for a change.")

# Several classes. The target is one-hot: 1 for the right class and 0 for the others, so
# that of -(y1 log p1 + y2 log p2 + ...) only the right class's -log p is left.
logits = [Value(z, label=f"z{k}") for k, z in enumerate([2.0, 1.0, -1.0], start=1)]
p_right = np.exp(1) / (np.exp(2) + np.exp(1) + np.exp(-1))  # softmax, written out
one_hot, by_index = nn.cross_entropy(logits, [0, 1, 0]), nn.cross_entropy(logits, 1)
lesson.heading(claim="three classes with logits 2, 1, -1", claimed="by formula")
lesson.compare("-log p2, target [0, 1, 0]", float(-np.log(p_right)), one_hot.data)
lesson.compare("-log p2, target class 1", float(-np.log(p_right)), by_index.data)

# Why p - y: z2 acts on the loss in two ways. Through the sum of exponentials, whose log
# is the first part of the loss, its slope is p2; as the score of the right class, -1.
by_index.label = "loss"
if hasattr(by_index, "explain"):
    print(f"\nWith p2 = {p_right:.4g} and y2 = 1:\n{by_index.explain(logits[1])}")

# The slope is p - y for any logits, any target, and every class. "Fused" takes the
# sigmoid and the logarithm in one step, from z itself.
rng = np.random.default_rng(0)
trials = 50 if quick else 1000
off: dict[str, list[float]] = {"softmax": [], "apart": [], "fused": []}
for _ in range(trials):
    logits = [Value(z) for z in rng.normal(0, 5, 10).tolist()]
    y = nn.data.one_hot(rng.integers(10, size=1), 10)[0]
    nn.cross_entropy(logits, y.tolist()).backward()
    p_minus_y = np.array(softmax([z.data for z in logits])) - y
    off["softmax"].append(np.abs([z.grad for z in logits] - p_minus_y).max())
    number, target = float(rng.normal(0, 5)), int(rng.integers(2))
    apart = slope(entropy, number, target)
    fused = slope(nn.binary_cross_entropy_with_logits, number, target)
    off["apart"].append(abs(apart - (sigmoid(number) - target)))
    off["fused"].append(abs(fused - (sigmoid(number) - target)))
lesson.heading(claim=f"largest |slope - (p - y)|, {trials} random draws")
lesson.compare(
    "softmax and cross-entropy, all of 10 classes", 0, f"{max(off['softmax']):.1e}"
)
lesson.compare("sigmoid and cross-entropy, fused", 0, f"{max(off['fused']):.1e}")
lesson.compare("sigmoid, then cross-entropy of p", 0, f"{max(off['apart']):.1e}")
print(
    "  1e-16 is the rounding of 64-bit numbers. The last line has fewer digits right:\n"
    "  where p is nearly 1, it no longer knows the digits of 1 - p. So give the loss z."
)

figure = Figure(figsize=(9, 4), layout="constrained")
left, right = figure.subplots(1, 2)
p_axis = np.linspace(0.002, 1, 200).tolist()
entropies = [nn.binary_cross_entropy(Value(p), 1).data for p in p_axis]
squares = [nn.mse(Value(p), 1).data for p in p_axis]
left.plot(p_axis, entropies, color=BLUE)
left.plot(p_axis, squares, color=ORANGE, linestyle="--")
left.annotate("cross-entropy", (0.16, 2.1), color=BLUE)
left.annotate("squared error", (0.02, 0.1), color=ORANGE)
left.set(title="The cost of an answer", ylim=(0, 6))
left.set(xlabel="p given to the right answer", ylabel="loss")
right.plot(zs, entropy_slopes, color=BLUE)
right.plot(zs, squared_slopes, color=ORANGE, linestyle="--")
right.annotate("cross-entropy:\nfull strength", (-7.9, -0.88), color=BLUE)
right.annotate("squared error:\nfalls silent", (-7.9, -0.2), color=ORANGE, va="top")
right.set(title="What the neuron is told", ylim=(-1.05, 0.05))
right.set(xlabel="z (sure and wrong ...  ... sure and right)", ylabel="slope by z")
for axes in (left, right):
    axes.spines[["top", "right"]].set_visible(False)
figure.savefig(lesson.picture("curves.png"), dpi=150)

print("\nTry: compare nn.hinge(z, 1), which stops asking once z is above 1.")
