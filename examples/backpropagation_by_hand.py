"""One step of backpropagation, by hand.

Three sigmoid units in a chain: each multiplies what it gets by its weight, adds its
bias, and squashes the sum into a number between 0 and 1. One training example: for the
input 10 the output should be 1. It is claimed that the chain rule, written out link by
link from the end to the start, gives every derivative, and that one step of gradient
descent along them brings the output nearer to 1.

We do it all with plain numbers, and compare each of them with what the engine computes.
"""

from typing import Any

import lesson

import nn
import viz
from autograd import Value, sigmoid

lesson.start(__doc__)
x, target, rate = 10.0, 1.0, 0.5
start = {"w1": 0.08, "w2": -0.15, "w3": 0.12, "b1": 0.02, "b2": 0.05, "b3": -0.04}
w1, w2, w3, b1, b2, b3 = start.values()


def forwards(w1: Any, w2: Any, w3: Any, b1: Any, b2: Any, b3: Any) -> list[Any]:
    """The outputs of the three units and the cost: of numbers, or of Values."""
    a1 = sigmoid(w1 * x + b1)
    a2 = sigmoid(w2 * a1 + b2)
    a3 = sigmoid(w3 * a2 + b3)
    return [a1, a2, a3, (a3 - target) ** 2 / 2]


# By hand: d_a3 is the derivative of the cost by a3, d_z3 that by the weighted sum
# inside the third sigmoid, and so on. Each is the one before times one local slope:
# a (1 - a) through a sigmoid, 1 through a sum, the other factor through a product.
a1, a2, a3, cost = forwards(w1, w2, w3, b1, b2, b3)
d_a3 = a3 - target
d_z3 = d_a3 * a3 * (1 - a3)
d_w3, d_b3, d_a2 = d_z3 * a2, d_z3 * 1, d_z3 * w3
d_z2 = d_a2 * a2 * (1 - a2)
d_w2, d_b2, d_a1 = d_z2 * a1, d_z2 * 1, d_z2 * w2
d_z1 = d_a1 * a1 * (1 - a1)
d_w1, d_b1 = d_z1 * x, d_z1 * 1

# The step: every weight and bias moves a little against its derivative.
slopes = [d_w1, d_w2, d_w3, d_b1, d_b2, d_b3]
moved = [old - rate * slope for old, slope in zip(start.values(), slopes, strict=True)]
by_hand = [a1, a2, a3, cost, *slopes, *moved, *forwards(*moved)]

# The same with the engine, which goes backwards by itself.
knobs = [Value(number, label=name) for name, number in start.items()]
before = forwards(*knobs)
outputs = ["a1", "a2", "a3", "cost"]
for name, value in zip(outputs, before, strict=True):
    value.label = name
before[-1].backward()
viz.render(viz.graph(before[-1], direction="TB"), lesson.picture("graph.svg"))
engine = [value.data for value in before] + [knob.grad for knob in knobs]
nn.SGD(knobs, learning_rate=rate).step()
engine += [value.data for value in knobs + forwards(*knobs)]

names = [*outputs, *(f"dcost/d{name}" for name in start)]
names += [f"new {name}" for name in [*start, *outputs]]
rows = {n: (h, e) for n, h, e in zip(names, by_hand, engine, strict=True)}
lesson.table("", ["by hand", "engine"], rows, ".12f")

# For a small step the cost falls by the rate times the sum of the squared slopes. Here
# it is not exactly so: on the way, the slopes change.
fall = rate * sum(slope**2 for slope in slopes)
largest = max(abs(h - e) for h, e in rows.values())
lesson.heading()
lesson.compare("largest difference: rounding, some 1e-16", 0, f"{largest:.0e}")
new_a3, new_cost = by_hand[-2:]
away = abs(new_a3 - target)
lesson.compare("one step: nearer to the target than", abs(d_a3), away)
lesson.compare("the cost falls by rate * (sum of slopes²)", fall, cost - new_cost)

print("\nTry: target = 0.51 and rate = 50 go too far. Which rate is just right?")
