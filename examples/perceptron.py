"""The perceptron: it learns AND and OR, and goes round in circles on XOR.

Rosenblatt's neuron of 1958 adds up its weighted inputs and a bias, and answers 1 where
the sum is above 0, else 0: it cuts the plane in two along a line. Its rule: after a
wrong answer, add the inputs to the weights and 1 to the bias if the answer should have
been 1, and subtract them if it should have been 0.

Two claims belong to it. Where some line separates the 0s from the 1s, the rule finds
one, after a number of mistakes that is limited beforehand (Novikoff 1962). Where none
does, it never settles: XOR is the famous case (Minsky and Papert 1969).
"""

from itertools import permutations, product

import lesson
import numpy as np
from matplotlib.figure import Figure

import nn

lesson.start(__doc__)
Examples = list[tuple[list[float], float]]  # inputs and the right answer
State = tuple[float, ...]  # both weights and the bias


def examples(name: str) -> Examples:
    """The four rows of a truth table."""
    X, y = nn.data.logic_gate(name)
    return list(zip(X.tolist(), y.tolist(), strict=True))


def train(rows: Examples) -> tuple[list[State], list[State]]:
    """The weights after each mistake, and those that come round again for ever."""
    gate = nn.Perceptron(2)
    path: list[State] = [(0.0, 0.0, 0.0)]
    seen: dict[State, int] = {}
    while path[-1] not in seen:  # the same weights before the same row: a circle
        seen[path[-1]] = len(path)
        for inputs, target in rows:
            if gate.learn([inputs], [target], epochs=1) == [1]:  # one mistake
                path.append(tuple(p.data for p in gate.parameters()))
    return path, path[seen[path[-1]] :]


# Any line that separates a gate limits the mistakes. Scale its w and b so that w·x + b
# is 1 or more where 1 is right and -1 or less where 0 is. Then there are at most
# R² (w·w + b²) mistakes, where R² is the largest x·x + 1: here it is 3, of the row 1 1.
lesson.heading()
paths, circles = {}, {}
for name, w0, w1, b in [("AND", 2.0, 2.0, -3.0), ("OR", 2.0, 2.0, -1.0)]:
    paths[name], circles[name] = train(examples(name))
    signed = [(w0 * x[0] + w1 * x[1] + b) * (2 * y - 1) for x, y in examples(name)]
    assert min(signed) >= 1
    limit = 3 * (w0**2 + w1**2 + b**2)
    lesson.compare(f"{name}: mistakes", f"<= {limit:g}", len(paths[name]) - 1)
    lesson.compare(f"{name}: mistakes after that", 0, len(circles[name]))

# XOR would need b <= 0, w0 + b > 0, w1 + b > 0 and w0 + w1 + b <= 0. The outer two add
# up to w0 + w1 + 2b <= 0, the inner two to w0 + w1 + 2b > 0: no weights can do both.
xor = examples("XOR")
paths["XOR"], circles["XOR"] = train(xor)
lesson.compare("XOR: does it settle?", "no", "no" if circles["XOR"] else "yes")
lesson.compare("XOR: mistakes until its weights are back", "", len(circles["XOR"]))
rounds = max(len(train(list(order))[1]) for order in permutations(xor))
lesson.compare("XOR: at most, in all 24 orders of its rows", "", rounds)

# Halves from -2 to 2 for both weights and the bias draw every way to part four corners.
X, y = nn.data.logic_gate("XOR")
every = product(np.arange(-2.0, 2.5, 0.5), repeat=3)
right = [int(((X @ [w0, w1] + b > 0) == y).sum()) for w0, w1, b in every]
lesson.compare(f"XOR: rows right, the best of {len(right)} lines", 3, max(right))

inputs = [x for x, _ in xor]
tables = [list(zip(inputs, y, strict=True)) for y in product((0.0, 1.0), repeat=4)]
learned = sum(not train(table)[1] for table in tables)
lesson.compare("gates that it learns, of all 16 with two inputs", 14, learned)

# The picture: a gate says 1 in the blue, and 0 on the line itself and beyond.
print()
figure = Figure(figsize=(9.5, 6.2), layout="constrained")
for axes, name in zip(figure.subplots(1, 3, sharey=True), paths, strict=True):
    for answer, marker, color in [(0.0, "s", "#D55E00"), (1.0, "o", "#0072B2")]:
        across, up = zip(*[x for x, y in examples(name) if y == answer], strict=True)
        label = f"{answer:g} is right"
        axes.scatter(across, up, 120, color, marker=marker, label=label, zorder=3)
    lines = circles[name] or paths[name][-1:]
    for style, (w0, w1, b) in zip(["-", "--", "-.", ":"], lines, strict=False):
        point = np.array([w0, w1]) * -b / (w0**2 + w1**2)  # the line's nearest to 0, 0
        end = point + np.array([-w1, w0])
        label = f"weights {w0:g}, {w1:g}; bias {b:g}"
        axes.axline(point, end, color="#1F2933", linestyle=style, label=label)
    if not circles[name]:
        grid = np.mgrid[-0.7:1.7:200j, -2.3:1.7:200j]
        axes.contourf(*grid, w0 * grid[0] + w1 * grid[1] + b, [0, 99], colors="#DCEAF5")
    settled = "never settles" if circles[name] else "learned"
    axes.set_title(f"{name}: {settled}", loc="left", weight="bold")
    axes.set(xlabel="$x_0$", xticks=[0, 1], yticks=[0, 1])
    axes.set(xlim=(-0.7, 1.7), ylim=(-2.3, 1.7), aspect="equal")
    axes.legend(loc="upper left", bbox_to_anchor=(-0.05, -0.12), frameon=False)
figure.axes[0].set_ylabel("$x_1$")
figure.savefig(lesson.picture("lines.png"), dpi=150)

print("\nTry: take one row out of XOR before training. Does it settle then?")
