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
import numpy.typing as npt
from matplotlib.figure import Figure

import autograd
import nn
import viz

quick = lesson.start(__doc__)
STARTS, steps = 100, 2_000 if quick else 20_000
SOLVED = 0.1  # a smaller loss than this, and all four rows are right
Array = npt.NDArray[np.float64]
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
print("\n  x0 x1 | OR AND | XOR")
for x0, x1 in X.tolist():
    either, both = by_hand.layers[0]([x0, x1])
    output = by_hand([x0, x1]).data
    print(
        f"  {x0:2.0f} {x1:2.0f} | {either.data:2.0f} {both.data:3.0f} | {output:3.0f}"
    )


def network(seed: int, hidden: int = 2) -> nn.MLP:
    """The network that is to learn: sigmoids, which are steps with a slope."""
    return nn.MLP(2, [hidden, 1], "sigmoid", "sigmoid", seed=seed)


def descend(hidden: int) -> tuple[Array, Array, Array]:
    """Train from all starts: the losses after a tenth and at the end, the weights.

    The gradient is a graph like any other. Compiled with the weights as its inputs, it
    takes a row of weights per network, and one call moves all the networks.
    """
    model = network(0, hidden)
    losses = map(nn.binary_cross_entropy, map(model, X.tolist()), y.tolist())
    loss = autograd.sum(losses) / len(X)
    knobs = model.parameters()
    program = autograd.compile([loss, *autograd.gradients(loss, knobs)], inputs=knobs)
    models = [network(seed, hidden) for seed in range(STARTS)]
    weights = np.array([[p.data for p in model.parameters()] for model in models])
    for step in range(steps):
        if step == steps // 10:
            early = program(weights)[:, 0]
        weights -= 1.0 * program(weights)[:, 1:]  # the learning rate is 1
    return early, program(weights)[:, 0], weights


runs = {hidden: descend(hidden) for hidden in ([2, 4] if quick else [1, 2, 3, 4])}
learned = {hidden: run[1] < SOLVED for hidden, run in runs.items()}
lesson.heading()
lesson.compare(
    "rows right, weights by hand", 4, int((nn.predict(by_hand, X) == y).sum())
)
for hidden, claim in [(1, 0), (2, "not all"), (3, "more"), (4, "all or most")]:
    if hidden in runs:
        name = f"2-{hidden}-1: learned, of {STARTS} starts"
        lesson.compare(name, claim, int(learned[hidden].sum()))

# A stuck network leaves two rows undecided, mostly. With the probability 1/2 for each
# of these and the others right, the mean loss is ln(2) / 2. Is it stuck for ever?
early, late, weights = runs[2]
stuck_early = early >= SOLVED
middle = float(np.median(late[~learned[2]]))
lesson.compare("2-2-1: loss of the stuck ones, their median", np.log(2) / 2, middle)
if not quick:
    lesson.compare(f"2-2-1: stuck at step {steps // 10:,}", "", int(stuck_early.sum()))
    freed = int((stuck_early & learned[2]).sum())
    lesson.compare(f"2-2-1: of these, free at step {steps:,}", 0, freed)
    if freed:
        print("  So not all that looks stuck is stuck: some of it is only slow.")

# The first network that learned and the first that got stuck, from their weights.
models = {"by_hand": by_hand}
for name, chosen in [("learned", learned[2]), ("stuck", ~learned[2])]:
    models[name] = network(seed=0)
    row = weights[np.argmax(chosen)].tolist()
    for parameter, number in zip(models[name].parameters(), row, strict=True):
        parameter.data = number
    outputs = " ".join(f"{output:.3f}" for output in nn.predict(models[name], X))
    print(f"\n  start {np.argmax(chosen)} {name}, outputs {outputs}", end="")

# Dashed: where a hidden neuron is undecided, w·x + b = 0.
print("\n")
for name, model in models.items():
    boundary = viz.plots.decision_boundary(model, X, y)
    axes = boundary.axes[0]
    for neuron in model.layers[0].neurons:
        (w0, w1), b = (w.data for w in neuron.weights), neuron.bias.data
        axes.axline((0.0, -b / w1), slope=-w0 / w1, color="#1F2933", linestyle="--")
    title = f"XOR: {name.replace('_', ' ')}"
    axes.set_title(title, loc="left", weight="bold", pad=26)
    axes.set(xlim=(-0.15, 1.15), ylim=(-0.15, 1.15))
    boundary.savefig(lesson.picture(f"{name}.png"), dpi=150)

figure = Figure(figsize=(8, 5), layout="constrained")
axes = figure.subplots()
places = np.random.default_rng(0).uniform(-0.3, 0.3, STARTS)
for hidden, (_, losses, _) in runs.items():
    ok = learned[hidden]
    axes.semilogy(hidden + places[ok], losses[ok], "o", color="#0072B2", alpha=0.6)
    axes.semilogy(hidden + places[~ok], losses[~ok], "x", color="#D55E00")
    stuck = {1: "three rows are\ntreated alike", 2: "two rows are\nundecided"}
    axes.text(hidden, 0.08, stuck.get(hidden, ""), ha="center", va="top")
labels = [
    f"2-{hidden}-1\n{ok.sum()} of {STARTS} learn" for hidden, ok in learned.items()
]
axes.set_xticks(list(runs), labels)
axes.set_title("XOR: how far each start gets", loc="left", weight="bold")
axes.set(xlabel="network", ylabel=f"loss after {steps:,} steps")
axes.grid(axis="y", color="#C4CBD2", linewidth=0.6)
figure.savefig(lesson.picture("losses.png"), dpi=150)

print("\nTry: tanh in place of the first sigmoid. Do more get stuck, or fewer?")
