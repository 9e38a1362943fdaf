"""Losses: what does a mistake cost?

A loss turns "how wrong was the answer?" into one number to be made small. The squared
error is the distance from the target, squared. Cross-entropy is -log p, where p is the
probability that was given to the right answer: to be sure and wrong, with p near 0, may
cost any amount. It is claimed that this is why cross-entropy learns from its worst
mistakes and the squared error does not, and that behind a sigmoid or a softmax the
slope of cross-entropy is as simple as can be: p - y, the answer minus the target.
"""

import lesson
import numpy as np

import autograd
import nn
from autograd import Value

lesson.start(__doc__)
# One answer that is a probability p; the target is 1.
costs = {}
for p in [0.99, 0.9, 0.5, 0.1, 0.01, 0.0001]:
    costs[p] = nn.mse(Value(p), 1).data, nn.binary_cross_entropy(Value(p), 1).data
lesson.table("p of the right answer", ["(1 - p)²", "-log p"], costs, ".4f")

# What does the loss tell the neuron? The neuron computes z, and the sigmoid makes p of
# it. By the chain rule the slope is dL/dz = dL/dp * dp/dz, and dp/dz = p (1 - p) is
# nearly 0 where the neuron is sure. The 1/p in the slope of cross-entropy cancels that
# p; the squared error has nothing to cancel it with.
entropy = autograd.value_and_grad(
    lambda z, y: nn.binary_cross_entropy(autograd.sigmoid(z), y)
)
squared = autograd.value_and_grad(lambda z, y: nn.mse(autograd.sigmoid(z), y))
p = autograd.sigmoid(-8.0)
lesson.heading(claim="the slope by z, at z = -8: p = 0.0003", claimed="by formula")
slope = 2 * (p - 1) * p * (1 - p)
lesson.compare("squared error: 2 (p - 1) p (1 - p)", slope, squared(-8.0, 1)[1])
lesson.compare("cross-entropy: p - 1", p - 1, entropy(-8.0, 1)[1])

# Several classes. The target is one-hot: 1 for the right class and 0 for the others, so
# that of -(y1 log p1 + y2 log p2 + ...) only the right class's -log p is left.
logits = [Value(z, label=f"z{k}") for k, z in enumerate([2.0, 1.0, -1.0], start=1)]
loss = autograd.logsumexp(logits) - logits[1]  # -log p2, written out
loss.label, found = "loss", nn.cross_entropy(logits, [0, 1, 0]).data
p2 = float(np.exp(1) / (np.exp(2) + np.exp(1) + np.exp(-1)))  # softmax, written out
lesson.heading(claim="three classes with logits 2, 1, -1", claimed="by formula")
lesson.compare("-log p2, target [0, 1, 0]", float(-np.log(p2)), found)

# Why p - y: z2 acts on the loss in two ways. Through the logarithm of the sum of the
# exponentials its slope is p2; as the right class's score, -1. Shares ignore signs.
print(f"\nWith p2 = {p2:.4g} and y2 = 1:\n{loss.explain(logits[1])}")

# The slope is p - y for any logits, any target, and every class. "Fused" takes the
# sigmoid and the logarithm in one step, from z itself. Apart they have fewer digits
# right: where p is nearly 1, it no longer knows the digits of 1 - p.
rng = np.random.default_rng(0)
off = []
fused = autograd.grad(nn.binary_cross_entropy_with_logits)
for _ in range(200):
    zs, k = rng.normal(0, 5, 10).tolist(), int(rng.integers(10))
    p_minus_y = np.array(autograd.softmax(zs)) - np.eye(10)[k]
    several = abs(autograd.grad(nn.cross_entropy)(zs, k) - p_minus_y).max()
    z, y = zs[0], k % 2
    slopes = np.array([fused(z, y), entropy(z, y)[1]])
    off.append([several, *abs(slopes - (autograd.sigmoid(z) - y))])
largest = np.max(off, axis=0)
lesson.heading(claim="largest |slope - (p - y)|, 200 random draws")
lesson.compare("softmax and cross-entropy, all of 10 classes", 0, largest[0])
lesson.compare("sigmoid and cross-entropy, fused", 0, largest[1])
lesson.compare("sigmoid, then cross-entropy of p", 0, largest[2])

titles = "The loss by the weighted sum z", "Its slope: what the neuron is told"
with lesson.drawing("curves.png", *titles, xlabel="z; the target is 1") as panels:
    line = np.linspace(-8.0, 8.0, 161)
    for name, both in (("cross-entropy", entropy), ("squared error", squared)):
        values, slopes = np.transpose([both(z, 1) for z in line])
        panels[0].plot(line, values, label=name)
        panels[1].plot(line, slopes, label=name)

print("\nTry: compare nn.hinge(z, 1), which stops asking once z is above 1.")
