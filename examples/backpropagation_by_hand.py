"""One step of backpropagation, by hand.

Three sigmoid units in a chain: each multiplies what it gets by its weight, adds its
bias, and squashes the sum into a number between 0 and 1. One training example: for the
input 10 the output should be 1. It is claimed that the chain rule, written out link by
link from the end to the start, gives every derivative, and that one step of gradient
descent along them brings the output nearer to 1.

We do it all with plain numbers, and compare each of them with what the engine computes.
"""

import lesson

import nn
import viz
from autograd import Value, sigmoid

lesson.start(__doc__)
x, target, rate = 10.0, 1.0, 0.5
w1, w2, w3 = 0.08, -0.15, 0.12
b1, b2, b3 = 0.02, 0.05, -0.04

# Forwards: weight, bias, sigmoid, three times, and what the answer costs.
a1 = sigmoid(w1 * x + b1)
a2 = sigmoid(w2 * a1 + b2)
a3 = sigmoid(w3 * a2 + b3)
cost = (a3 - target) ** 2 / 2

# Backwards: d_a3 is the derivative of the cost by a3, d_z3 that by the weighted sum
# inside the third sigmoid, and so on. Each is the one before times one local slope:
# a (1 - a) through a sigmoid, 1 through a sum, the other factor through a product.
d_a3 = a3 - target
d_z3 = d_a3 * a3 * (1 - a3)
d_w3, d_b3, d_a2 = d_z3 * a2, d_z3 * 1, d_z3 * w3
d_z2 = d_a2 * a2 * (1 - a2)
d_w2, d_b2, d_a1 = d_z2 * a1, d_z2 * 1, d_z2 * w2
d_z1 = d_a1 * a1 * (1 - a1)
d_w1, d_b1 = d_z1 * x, d_z1 * 1

# The step: every weight and bias moves a little against its derivative.
new_w1, new_w2, new_w3 = w1 - rate * d_w1, w2 - rate * d_w2, w3 - rate * d_w3
new_b1, new_b2, new_b3 = b1 - rate * d_b1, b2 - rate * d_b2, b3 - rate * d_b3
new_a1 = sigmoid(new_w1 * x + new_b1)
new_a2 = sigmoid(new_w2 * new_a1 + new_b2)
new_a3 = sigmoid(new_w3 * new_a2 + new_b3)
new_cost = (new_a3 - target) ** 2 / 2

# The same with the engine, where only the way forwards is written.
weights = [Value(w, label=f"w{i}") for i, w in enumerate((w1, w2, w3), start=1)]
biases = [Value(b, label=f"b{i}") for i, b in enumerate((b1, b2, b3), start=1)]


def forwards() -> list[Value]:
    """The outputs of the three units, and the cost."""
    signals = [Value(x, label="x")]
    for i, (w, b) in enumerate(zip(weights, biases, strict=True), start=1):
        signals.append(sigmoid(w * signals[-1] + b))
        signals[-1].label = f"a{i}"
    loss = (signals[-1] - target) ** 2 / 2
    loss.label = "cost"
    return [*signals[1:], loss]


before = forwards()
before[-1].backward()
viz.render(viz.graph(before[-1], direction="TB"), lesson.picture("graph.svg"))
slopes = [knob.grad for knob in weights + biases]
nn.SGD(weights + biases, learning_rate=rate).step()
after = forwards()

knobs, outputs = ["w1", "w2", "w3", "b1", "b2", "b3"], ["a1", "a2", "a3", "cost"]
names = outputs + [f"dcost/d{name}" for name in knobs]
names += [f"new {name}" for name in knobs + outputs]
by_hand = [a1, a2, a3, cost, d_w1, d_w2, d_w3, d_b1, d_b2, d_b3]
by_hand += [new_w1, new_w2, new_w3, new_b1, new_b2, new_b3]
by_hand += [new_a1, new_a2, new_a3, new_cost]
engine = [value.data for value in before] + slopes
engine += [value.data for value in weights + biases + after]
rows = {n: (h, e) for n, h, e in zip(names, by_hand, engine, strict=True)}
lesson.table("", ["by hand", "engine"], rows, ".12f")

# For a small step the cost falls by the rate times the sum of the squared slopes. Here
# it is not exactly so: on the way, the slopes change.
fall = rate * sum(slope**2 for slope in slopes)
largest = max(abs(h - e) for h, e in rows.values())
lesson.heading()
lesson.compare("largest difference: rounding, some 1e-16", 0, f"{largest:.0e}")
lesson.compare("one step brings the output nearer to 1", f"above {a3:.4f}", new_a3)
lesson.compare("the cost falls by rate * (sum of slopes²)", fall, cost - new_cost)

print("\nTry: target = 0.51 and rate = 50 go too far. Which rate is just right?")
