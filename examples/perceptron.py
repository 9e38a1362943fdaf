"""The perceptron: it learns AND and OR, and goes round in circles on XOR.

Rosenblatt's neuron of 1958 adds up its weighted inputs and a bias, and answers 1 where
the sum is above 0, else 0: it cuts the plane in two along a line, and on the line it
answers 0. Its rule: after a wrong answer, add the inputs to the weights and 1 to the
bias if the answer should have been 1, and subtract them if it should have been 0.

Two claims belong to it. Where some line separates the 0s from the 1s, the rule finds
one, after a number of mistakes that is limited beforehand (Novikoff 1962). Where none
does, it never settles: XOR is the famous case (Minsky and Papert 1969).
"""

from itertools import product

import lesson
import numpy as np

import nn

lesson.start(__doc__)
State = tuple[float, ...]  # both weights and the bias
X = nn.data.logic_gate("XOR")[0].tolist()  # the rows of every gate: 00, 01, 10, 11


def train(answers: list[float]) -> tuple[list[State], list[State]]:
    """The weights after each mistake, and those that come round again for ever."""
    gate = nn.Perceptron(2)
    path: list[State] = [(0.0, 0.0, 0.0)]
    seen: dict[State, int] = {}
    while path[-1] not in seen:  # the same weights before the same row: a circle
        seen[path[-1]] = len(path)
        for inputs, answer in zip(X, answers, strict=True):
            if gate.learn([inputs], [answer], epochs=1) == [1]:  # one mistake
                path.append(tuple(p.data for p in gate.parameters()))
    return path, path[seen[path[-1]] :]


gates = {name: nn.data.logic_gate(name)[1] for name in ("AND", "OR", "XOR")}
runs = {name: train(answers.tolist()) for name, answers in gates.items()}

# Any line that separates a gate limits the mistakes. Scale its w and b so that w·x + b
# is 1 or more where 1 is right and -1 or less where 0 is. Then there are at most
# R² (w·w + b²) mistakes, where R² is the largest x·x + 1: here it is 3, of the row 1 1.
lesson.heading()
for name, w, b in [("AND", [2, 2], -3), ("OR", [2, 2], -1)]:
    assert min((X @ np.array(w) + b) * (2 * gates[name] - 1)) >= 1
    limit = 3 * (w[0] ** 2 + w[1] ** 2 + b**2)
    path, circle = runs[name]
    lesson.compare(f"{name}: mistakes", f"<= {limit}", len(path) - 1)
    lesson.compare(f"{name}: mistakes after that", 0, len(circle))

# XOR would need b <= 0, w0 + b > 0, w1 + b > 0 and w0 + w1 + b <= 0. The outer two add
# up to w0 + w1 + 2b <= 0, the inner two to w0 + w1 + 2b > 0: no weights can do both.
circle = runs["XOR"][1]
lesson.compare("XOR: does it settle?", "no", "no" if circle else "yes")
lesson.compare("XOR: mistakes until its weights are back", "", len(circle))
tables = [train(list(answers)) for answers in product((0.0, 1.0), repeat=4)]
learned = sum(not circle for _, circle in tables)
lesson.compare("gates that it learns, of all 16 with two inputs", 14, learned)
rows = {f"mistake {k}": state for k, state in enumerate(circle, start=1)}
lesson.table("XOR's circle", ["weight 0", "weight 1", "bias"], rows)

titles = "AND: learned (on the line: 0)", "OR: learned", "XOR: never settles"
with lesson.drawing(
    "lines.png", *titles, below=6, xlabel="x0", ylabel="x1", ylim=(-2.5, 1.5)
) as panels:
    for axes, (name, answers) in zip(panels, gates.items(), strict=True):
        for answer, marker, color in lesson.CLASSES:
            points = np.array(X)[answers == answer].T
            axes.plot(*points, marker, color=color, ms=12, label=f"{answer} is right")
        path, circle = runs[name]
        for (w0, w1, bias), style in zip(
            circle or path[-1:], lesson.DASHES, strict=False
        ):
            label = f"weights {w0:g}, {w1:g}; bias {bias:g}"
            lesson.line(axes, (w0, w1), bias, linestyle=style, label=label)
        axes.set(xlim=(-0.5, 1.5), xticks=[0, 1], yticks=[-2, -1, 0, 1])

print("\nTry: train on zip(X[1:], answers[1:]) alone. Does XOR settle then?")
