"""A line through points: least squares, learned step by step.

Thirty noisy points lie near a line, and we look for the slope and the intercept that
fit best. The loss of a point is half the squared error, ½(ŷ - y)²: the half is there
because the derivative by ŷ is then the plain error ŷ - y. The loss of a line is the
mean over all points.

For a line there is a formula for the best fit, the normal equations. Gradient descent
does not know it, and is said to end at the same line, from wherever it starts: the loss
is a bowl with a single lowest point.
"""

import lesson
import numpy as np

import autograd
import nn
from autograd import Value

quick = lesson.start(__doc__)
RATE, STEPS = 0.1, 300 if quick else 600
rng = np.random.default_rng(0)
x = rng.uniform(0.0, 4.0, 30)
y = 0.8 * x + 1.0 + rng.normal(0.0, 0.4, 30)


def learn(slope: Value, intercept: Value) -> np.ndarray:
    """Descend; return the slope, the intercept and the loss before each step."""
    history = []
    descent = nn.SGD([slope, intercept], RATE)
    for _ in range(STEPS + 1):
        losses = [
            nn.half_squared_error(slope * xi + intercept, yi)
            for xi, yi in zip(x, y, strict=True)
        ]
        loss = autograd.sum(losses) / len(losses)
        history.append((slope.data, intercept.data, loss.data))
        descent.zero_grad()
        loss.backward()
        descent.step()
    return np.array(history)


error = autograd.derivative(lambda output: nn.half_squared_error(output, 1.0))
lesson.heading(claim="½(ŷ - y)² for the output ŷ = 3 and the target y = 1")
lesson.compare("its derivative by ŷ: the error, 3 - 1", 2.0, error(3.0))

# The formula: AᵀA · parameters = Aᵀy, where the columns of A are x and 1.
A = np.column_stack([x, np.ones_like(x)])
best = np.linalg.solve(A.T @ A, A.T @ y)
least = ((A @ best - y) ** 2).mean() / 2
runs = [learn(Value(-1.0), Value(3.5)), learn(Value(2.5), Value(-2.0))]
names = [f"from ({run[0, 0]:g}, {run[0, 1]:g})" for run in runs]
for name, run in zip(names, runs, strict=True):
    lesson.heading(claim=f"{STEPS} steps {name}", claimed="by the formula")
    lesson.compare("slope", best[0], run[-1, 0])
    lesson.compare("intercept", best[1], run[-1, 1])
    lesson.compare("loss", least, run[-1, 2])

title = "A line learns to go through the points"
with lesson.drawing("fit.png", title, xlabel="x", ylabel="y", below=5) as axes:
    axes.plot(x, y, "o", color=lesson.INK, label="the points")
    for step in (0, 2, 20, STEPS):
        slope, intercept, _ = runs[0][step]
        ends = [intercept, intercept + 4.0 * slope]
        axes.plot([0.0, 4.0], ends, label=f"after {step} steps")
slopes, intercepts = np.linspace(-1.5, 3.0, 91), np.linspace(-2.5, 4.0, 91)
outputs = slopes[:, None] * x + intercepts[:, None, None]
losses = ((outputs - y) ** 2).mean(axis=-1) / 2
levels = [0, 0.1, 0.3, 1, 2, 4, 7, 11, 16, 22]
with lesson.drawing("loss.png", "The loss of every line") as axes:
    lesson.landscape(axes, slopes, intercepts, losses, "loss", levels=levels)
    for name, run in zip(names, runs, strict=True):
        axes.plot(*run[:, :2].T, label=name)
    axes.plot(*best, "*", color=lesson.INK, markersize=15, label="the formula")
    axes.set(xlabel="slope", ylabel="intercept")

print("\nTry: a rate of 0.28, and then 0.3. What happens in the steep direction?")
