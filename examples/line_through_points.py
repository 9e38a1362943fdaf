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
from matplotlib.figure import Figure

import autograd
import nn
from autograd import Value

quick = lesson.start(__doc__)
BLUE, ORANGE, GREEN, INK = "#0072B2", "#D55E00", "#009E73", "#1F2933"
NAMES = ("slope", "intercept", "loss")
RATE, STEPS = 0.1, 300 if quick else 600
rng = np.random.default_rng(0)
x = rng.uniform(0.0, 4.0, 30)
y = 0.8 * x + 1.0 + rng.normal(0.0, 0.4, 30)


def learn(slope: Value, intercept: Value) -> np.ndarray:
    """Descend; return the slope, the intercept and the loss before each step."""
    history = []
    for _ in range(STEPS + 1):
        losses = []
        for xi, yi in zip(x, y, strict=True):
            losses.append(nn.half_squared_error(slope * xi + intercept, yi))
        loss = autograd.sum(losses) / len(losses)
        history.append((slope.data, intercept.data, loss.data))
        slope.zero_grad()
        intercept.zero_grad()
        loss.backward()
        slope.data -= RATE * slope.grad
        intercept.data -= RATE * intercept.grad
    return np.array(history)


output = Value(3.0)
nn.half_squared_error(output, 1.0).backward()
lesson.heading(claim="½(ŷ - y)² for the output ŷ = 3 and the target y = 1")
lesson.compare("its derivative by ŷ: the error, 3 - 1", 2.0, output.grad)

# The formula: AᵀA · parameters = Aᵀy, where the columns of A are x and 1.
A = np.column_stack([x, np.ones_like(x)])
best = np.linalg.solve(A.T @ A, A.T @ y)
least = ((A @ best - y) ** 2).mean() / 2
lesson.heading(claim="the best line", claimed="np.polyfit")
for name, number, fitted in zip(NAMES, best, np.polyfit(x, y, 1), strict=False):
    lesson.compare(f"{name}, by the normal equations", fitted, number)

runs = [learn(Value(-1.0), Value(3.5)), learn(Value(2.5), Value(-2.0))]
for run in runs:
    start = ", ".join(f"{number:g}" for number in run[0, :2])
    lesson.heading(claim=f"{STEPS} steps from ({start})", claimed="by the formula")
    for name, claimed, learned in zip(NAMES, [*best, least], run[-1], strict=False):
        lesson.compare(name, claimed, learned)
    lesson.compare("largest distance", 0.0, abs(run[-1, :2] - best).max())

# How fast? The bowl is steep in one direction and nearly flat in the other, and there
# each step shortens the distance by the factor 1 - rate · curvature.
flat = np.linalg.eigvalsh(A.T @ A / len(x))[0]
before, after = np.hypot(*(runs[0][-2:, :2] - best).T)
lesson.heading(claim="how fast", claimed="1 - rate · c")
lesson.compare("in a step the distance shrinks to", 1 - RATE * flat, after / before)

print()
figure = Figure(figsize=(7, 4.6), layout="constrained")
axes = figure.subplots()
axes.plot(x, y, "o", color=BLUE, label="the points")
ends = np.array([0.0, 4.0])
for step, style in [(0, ":"), (2, "-."), (20, "--"), (STEPS, "-")]:
    slope, intercept, _ = runs[0][step]
    label = f"after {step} steps" if step else "at the start"
    line = slope * ends + intercept
    axes.plot(ends, line, style, color=ORANGE, linewidth=2, label=label)
axes.set(title="A line learns to go through the points", xlabel="x", ylabel="y")
axes.legend(frameon=False)
figure.savefig(lesson.picture("fit.png"), dpi=150)

figure = Figure(figsize=(11, 4.6), layout="constrained")
left, right = figure.subplots(1, 2)
slopes, intercepts = np.meshgrid(np.linspace(-1.5, 3.0, 91), np.linspace(-2.5, 4.0, 91))
errors = slopes[..., None] * x + intercepts[..., None] - y
levels = [0, 0.1, 0.3, 1, 2, 4, 7, 11, 16, 22]
heights = (errors**2).mean(axis=-1) / 2
filled = left.contourf(slopes, intercepts, heights, levels, cmap="Blues", extend="max")
figure.colorbar(filled, ax=left, label="loss")
left.autoscale(False)
for run, color, style in zip(runs, (ORANGE, GREEN), ("o-", "s--"), strict=True):
    start = f"from ({run[0, 0]:g}, {run[0, 1]:g})"
    left.plot(*run[:, :2].T, style, color=color, markersize=4, label=start)
    right.semilogy(run[:, 2] - least, style[1:], color=color, linewidth=2, label=start)
left.plot(*best, "*", color=INK, markersize=15, label="the formula")
left.set(title="The loss of every line", xlabel="slope", ylabel="intercept")
left.legend(loc="upper right", frameon=True)
right.set(title="What is left to learn", xlabel="step", ylabel="loss above the least")
right.legend(frameon=False)
right.grid(color="#C4CBD2", linewidth=0.6)
figure.savefig(lesson.picture("loss.png"), dpi=150)

print("\nTry: a rate of 0.28, and then 0.3. What happens in the steep direction?")
