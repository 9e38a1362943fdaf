"""One neuron: multiply, add, bend.

A neuron is said to be three things done in a row: multiply each input by a weight, add
the products and a bias, and bend the sum with a simple function. Here the function is
the leaky ReLU: a positive sum stays as it is, a negative one is multiplied by 0.01.

We build the same neuron as code, as a formula, as a graph of Values and with nn, and
all four have to agree. Then one backward pass says how fast the output changes with
every number in it, and we compare that with the chain rule worked out by hand.
"""

import lesson
import numpy as np

import nn
import viz
from autograd import Value, leaky_relu

lesson.start(__doc__)
inputs, weights, bias = [2.0, -1.0], [1.5, 0.5], 0.5

# As code: plain numbers and a loop.
total = bias
for w, x in zip(weights, inputs, strict=True):
    total += w * x
as_code = total if total > 0 else 0.01 * total

# As a formula: leaky_relu(w · x + b), where w · x is the dot product of two vectors.
as_formula = leaky_relu(float(np.dot(weights, inputs)) + bias)

# As a graph: the same arithmetic on Values, which remember what they are made of.
x1, x2 = (Value(x, label=f"x{i}") for i, x in enumerate(inputs, start=1))
w1, w2 = (Value(w, label=f"w{i}") for i, w in enumerate(weights, start=1))
b = Value(bias, label="b")
weighted_sum = x1 * w1 + x2 * w2 + b
weighted_sum.label = "sum"
output = weighted_sum.leaky_relu()
output.label = "output"

# As nn has it. It starts from random weights, so we put ours in.
neuron = nn.Neuron(2, "leaky_relu")
neuron.load_state_dict({"weights": weights, "bias": bias})

lesson.heading(claim="2 · 1.5 - 1 · 0.5 + 0.5 = 3: no bend", claimed="by hand")
lesson.compare("the output, as code", 3.0, as_code)
lesson.compare("the output, as a formula", 3.0, as_formula)
lesson.compare("the output, as a graph", 3.0, output.data)
lesson.compare("the output, from nn.Neuron", 3.0, neuron(inputs).data)

# Backwards: each gradient is the slope of the bend times what its number is multiplied
# by. The sum is positive, so that slope is 1.
output.backward()
lesson.heading(claim="how fast the output rises with ...", claimed="by hand")
for value, by_hand in [(w1, 2.0), (w2, -1.0), (b, 1.0), (x1, 1.5), (x2, 0.5)]:
    lesson.compare(f"... {value.label}", by_hand, value.grad)

# A bias of -3.5 makes the sum -1. Now the slope of the bend is 0.01, and with it every
# gradient is 100 times smaller. With the plain ReLU it would be zero, and a neuron
# without a gradient cannot learn anything from this example.
neuron.bias.data = -3.5
bent = neuron(inputs)
bent.backward()
plain = nn.Neuron(2, "relu")
plain.load_state_dict(neuron.state_dict())
plain(inputs).backward()
lesson.heading(claim="with the bias -3.5 the sum is -1", claimed="by hand")
lesson.compare("the output", -0.01, bent.data)
lesson.compare("how fast it rises with w1", 0.02, neuron.weights[0].grad)
lesson.compare("the same with a plain ReLU", 0.0, plain.weights[0].grad)

viz.render(output, lesson.picture("graph.png"))
title = "The leaky ReLU: the neuron's bend"
with lesson.drawing("bend.png", title, xlabel="weighted sum", ylabel="output") as axes:
    sums = np.linspace(-3.0, 4.0, 141)
    axes.plot(sums, [leaky_relu(float(s)) for s in sums], marker="")
    axes.plot(3.0, output.data, "o", label="sum 3 → output 3")
    axes.plot(-1.0, bent.data, "s", label="sum -1 → output -0.01")

print("\nTry: change leaky_relu to tanh, for which the slope is 1 - output².")
