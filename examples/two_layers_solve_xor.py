"""Two layers solve XOR: first by hand, then by learning, which can get stuck.

No single line separates the answers of XOR, but two do: XOR is "OR, and not AND". One
neuron computes OR, one computes AND, and a third takes the first without the second. We
write these weights down, and nothing has to be learned.

Can gradient descent find such weights by itself? Two hidden neurons are enough to hold
a solution, but it is often told that training them can get stuck. So we train the same
network from 100 random starts and count. Spare neurons are said to help: we count again
with other numbers of hidden neurons.
"""

import lesson
import numpy as np

import autograd
import nn
import viz

quick = lesson.start(__doc__)
STARTS, steps = 100, 2_000 if quick else 20_000
SOLVED = 0.1  # a smaller loss than this, and all four rows are right
X, y = nn.data.logic_gate("xor")

# By hand. Each row of "weight" is one neuron, and a step answers 1 above 0.
by_hand = nn.MLP(2, [2, 1], "step", "step")
by_hand.load_state_dict(
    {
        "layers.0.weight": [[1.0, 1.0], [1.0, 1.0]],
        "layers.0.bias": [-0.5, -1.5],  # more than half a 1: OR; more than 1.5: AND
        "layers.1.weight": [[1.0, -1.0]],
        "layers.1.bias": [-0.5],  # OR minus AND
    }
)
rows = {}
for inputs in X.tolist():
    signals = [*by_hand.layers[0](inputs), by_hand(inputs)]
    rows["{:.0f} {:.0f}".format(*inputs)] = [round(s.data) for s in signals]
lesson.table("inputs", ["OR", "AND", "XOR"], rows)


def network(hidden: int, seed: int = 0) -> nn.MLP:
    """The network that is to learn: sigmoids, which are steps with a slope."""
    return nn.MLP(2, [hidden, 1], "sigmoid", "sigmoid", seed=seed)


def descend(hidden: int) -> tuple[np.ndarray, np.ndarray]:
    """Train from all starts: the losses and the weights at the end, a row for each.

    The gradient is a graph like any other. Compiled with the weights as its inputs, it
    takes a row of weights per network, and one call moves all the networks.
    """
    model = network(hidden)
    losses = map(nn.binary_cross_entropy, map(model, X.tolist()), y.tolist())
    loss = autograd.sum(losses) / len(X)
    knobs = model.parameters()
    program = autograd.compile([loss, *autograd.gradients(loss, knobs)], inputs=knobs)
    models = [network(hidden, seed) for seed in range(STARTS)]
    weights = np.array([[p.data for p in model.parameters()] for model in models])
    for _ in range(steps):
        weights -= 1.0 * program(weights)[:, 1:]  # the learning rate is 1
    return program(weights)[:, 0], weights


runs = {hidden: descend(hidden) for hidden in ([2, 4] if quick else [1, 2, 3, 4])}
lesson.heading()
lesson.compare("rows right, weights by hand", 4, round(4 * nn.accuracy(by_hand, X, y)))
for hidden, (losses, _) in runs.items():
    claim = {1: "0", 2: "not all", 3: "more", 4: "all or most"}[hidden]
    solved = int((losses < SOLVED).sum())
    lesson.compare(f"2-{hidden}-1: learned, of {STARTS} starts", claim, solved)

# A stuck network leaves two rows undecided, mostly. With the probability 1/2 for each
# of these and the others right, the mean loss is ln(2) / 2.
losses, weights = runs[2]
learned = losses < SOLVED
middle = float(np.median(losses[~learned]))
lesson.compare("2-2-1: loss of the stuck ones, their median", np.log(2) / 2, middle)

# The first network that learned and the first that got stuck, from their weights. In
# the pictures a hidden neuron is undecided on its dashed line, the output on the solid.
models = {"by_hand": by_hand, "learned": network(2), "stuck": network(2)}
for name, start in (("learned", learned.argmax()), ("stuck", learned.argmin())):
    knobs = models[name].parameters()
    for knob, number in zip(knobs, weights[start].tolist(), strict=True):
        knob.data = number
    outputs = " ".join(f"{output:.3f}" for output in nn.predict(models[name], X))
    print(f"\n  start {start} {name}, outputs {outputs}", end="")
print()
for name, model in models.items():
    boundary = viz.plots.decision_boundary(model, X, y)
    for neuron in model.layers[0].neurons:
        w0, w1 = (weight.data for weight in neuron.weights)
        lesson.line(boundary.axes[0], (w0, w1), neuron.bias.data)
    boundary.axes[0].set_title(f"XOR: {name.replace('_', ' ')}; dashed: hidden", pad=26)
    boundary.savefig(lesson.picture(f"{name}.png"), dpi=150)

title = f"XOR: how far each of {STARTS} starts gets"
with lesson.drawing("losses.png", title, yscale="log", ylabel="final loss") as axes:
    for hidden, (losses, _) in runs.items():
        axes.plot(np.sort(losses), label=f"2-{hidden}-1")
    axes.set_xlabel("start, the best first")

print("\nTry: tanh in place of the first sigmoid. Do more get stuck, or fewer?")
