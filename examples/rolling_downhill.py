"""Rolling downhill: how gradient descent finds a minimum.

The gradient points where a function climbs most steeply. A step against it goes
downhill, and many such steps end in a valley. On x² + y² every claim can be checked by
hand: a step of 0.03 times the gradient multiplies x and y by 1 - 2 · 0.03 = 0.94, so
after n steps from (50, 43) we stand at (50 · 0.94^n, 43 · 0.94^n).

We also look at steps that are too large, at a function with several valleys, where the
start decides in which one we end, and at what a gradient of (3, 1) says.
"""

from collections.abc import Callable

import lesson
import numpy as np
from matplotlib.figure import Figure

import autograd
from autograd import Value

lesson.start(__doc__)
BLUE, ORANGE, GREEN, PINK, INK = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#1F2933"


def descend(
    f: Callable[..., Value], start: list[float], step: float, n: int
) -> np.ndarray:
    """Gradient descent: all n + 1 points on the way, one a row."""
    point = [Value(number) for number in start]
    way = [start]
    for _ in range(n):
        for x in point:
            x.zero_grad()
        f(*point).backward()
        for x in point:
            x.data -= step * x.grad
        way.append([x.data for x in point])
    return np.array(way)


# A bowl. The gradient of x² + y² is (2x, 2y).
bowl = descend(lambda x, y: x**2 + y**2, [50.0, 43.0], 0.03, 50)
closed = np.array([50.0, 43.0]) * 0.94 ** np.arange(51)[:, None]
print(f"\n  {'step':>4} {'x':>12} {'50 · 0.94^n':>14} {'y':>12} {'43 · 0.94^n':>14}")
for n in range(0, 51, 5):
    (x, y), (xc, yc) = bowl[n], closed[n]
    print(f"  {n:4} {x:12.6f} {xc:14.6f} {y:12.6f} {yc:14.6f}")
lengths = np.hypot(*np.diff(bowl, axis=0).T)
shrunk = lengths[-1] / lengths[0]
lesson.heading(claim="a bowl, from (50, 43), 50 steps of 0.03")
lesson.compare("x after 50 steps", 50 * 0.94**50, bowl[-1, 0])
lesson.compare("y after 50 steps", 43 * 0.94**50, bowl[-1, 1])
lesson.compare("largest distance from the formula", 0.0, abs(bowl - closed).max())
lesson.compare("steps shrink with the slope: the last / first", 0.94**49, shrunk)

# Any other step multiplies by 1 - 2 · step. Above 0.5 we jump over the minimum, at 1
# from side to side for ever, and beyond 1 each jump lands higher up.
steps = (0.03, 0.97, 1.0, 1.03)
runs = {step: descend(lambda x: x**2, [50.0], step, 20) for step in steps}
lesson.heading(claim="20 steps on x² from 50: |x| is 50 · |1 - 2 · step|^20")
for step, run in runs.items():
    lesson.compare(f"step {step}", 50 * abs(1 - 2 * step) ** 20, abs(run[-1, 0]))


# Several valleys. With small steps we end in that in which we start.
def hills(x: Value) -> Value:
    """A wavy line in a wide bowl."""
    return 0.1 * x**2 + 2.0 * autograd.sin(2.0 * x)


across = np.linspace(-6.5, 7.0, 1351)
heights = 0.1 * across**2 + 2.0 * np.sin(2.0 * across)
inside = heights[1:-1]
bottoms = across[1:-1][(inside < heights[:-2]) & (inside < heights[2:])]
descents = [descend(hills, [start], 0.05, 60)[:, 0] for start in (-5, -2.2, 1.2, 4.2)]
lesson.heading(claim="several valleys, 60 steps of 0.05", claimed="nearest valley")
for way in descents:
    nearest = bottoms[abs(bottoms - way[0]).argmin()]
    lesson.compare(f"from {way[0]}", f"{nearest:.2f}", f"{way[-1]:.2f}")
deepest = across[heights.argmin()]
print(f"  The deepest is that at {deepest:.2f}: only one of the four finds it.")

# What a gradient of (3, 1) says. The bowl has it at (1.5, 0.5): from there, take a tiny
# step in each direction, and see how much is climbed per unit of way.
x1, y1 = Value(1.5), Value(0.5)
(x1**2 + y1**2).backward()
degrees = np.arange(-180.0, 180.0, 0.1)
east, north = 1e-6 * np.cos(np.radians(degrees)), 1e-6 * np.sin(np.radians(degrees))
climbs = ((1.5 + east) ** 2 + (0.5 + north) ** 2 - 2.5) / 1e-6
best = degrees[climbs.argmax()]
matters = ((1.5 + 1e-6) ** 2 - 1.5**2) / ((0.5 + 1e-6) ** 2 - 0.5**2)
lesson.heading(claim="what the gradient (3, 1) says")
lesson.compare("the gradient of x² + y² at (1.5, 0.5)", (3.0, 1.0), (x1.grad, y1.grad))
lesson.compare("the steepest direction, in degrees", np.degrees(np.arctan(1 / 3)), best)
lesson.compare("how steep it is: the length of (3, 1)", 10**0.5, climbs.max())
lesson.compare("x matters so many times as much as y", 3.0, matters)

print()
X, Y = np.meshgrid(np.linspace(-55, 55, 56), np.linspace(-55, 55, 56))
figure = Figure(figsize=(11, 4.8), layout="constrained")
space = figure.add_subplot(1, 2, 1, projection="3d", computed_zorder=False)
space.plot_surface(X, Y, X**2 + Y**2, cmap="Blues", alpha=0.8)
space.plot(*bowl.T, (bowl**2).sum(axis=1), "o-", color=ORANGE, markersize=4)
space.view_init(elev=40, azim=250)
space.set(title="x² + y² as a landscape", xlabel="x", ylabel="y")
space.set(xticks=(-50, 0, 50), yticks=(-50, 0, 50), zticks=(0, 2000, 4000, 6000))
space.tick_params(axis="z", pad=8)
space.set_zlabel("height", labelpad=16)
space.set_box_aspect((1, 1, 0.7), zoom=0.85)
plane = figure.add_subplot(1, 2, 2, aspect="equal")
filled = plane.contourf(X, Y, X**2 + Y**2, levels=12, cmap="Blues")
figure.colorbar(filled, ax=plane, label="height")
plane.plot(*bowl.T, "o-", color=ORANGE, markersize=4)
plane.annotate("start (50, 43)", (46, 45), ha="right")
plane.set(title="The same from above", xlabel="x", ylabel="y")
figure.savefig(lesson.picture("bowl.png"), dpi=150)

figure = Figure(figsize=(11, 4.6), layout="constrained")
left, right = figure.subplots(1, 2)
left.plot(across, heights, color=INK)
looks = (BLUE, "o"), (ORANGE, "s"), (GREEN, "^"), (PINK, "D")
for way, (color, marker) in zip(descents, looks, strict=True):
    label = f"from {way[0]:g} to {way[-1]:.2f}"
    left.plot(way, np.interp(way, across, heights), marker, color=color, label=label)
left.set(title="The start decides the valley", xlabel="x", ylabel="height")
left.set_ylim(-3, 11)
left.legend(frameon=False, loc="upper center", ncols=2)
right.plot(np.linspace(-75, 75), np.linspace(-75, 75) ** 2, color=INK)
for step, color, marker in [(0.03, BLUE, "o"), (1.03, ORANGE, "s")]:
    way = runs[step][:7, 0]
    right.plot(way, way**2, marker + "--", color=color, label=f"step {step}")
right.set(title="x² from 50: a step too large climbs", xlabel="x", ylabel="x²")
right.legend(frameon=False, loc="upper center")
figure.savefig(lesson.picture("valleys.png"), dpi=150)

figure = Figure(figsize=(7, 4.6), layout="constrained")
axes = figure.subplots()
axes.plot(degrees, climbs, color=BLUE, linewidth=2.5)
for at, text, side, offset in [
    (best, "along (3, 1): steepest climb", "center", (0, 12)),
    (best + 90, "across it:\nlevel", "left", (12, 4)),
    (best - 90, "across it:\nlevel", "right", (-12, 4)),
    (best - 180, "against it: steepest descent", "left", (0, -22)),
]:
    climb = np.interp(at, degrees, climbs)
    axes.plot(at, climb, "o", color=ORANGE, markersize=9)
    axes.annotate(text, (at, climb), offset, ha=side, textcoords="offset points")
axes.set(title="What the gradient (3, 1) says", ylabel="climb per unit of way")
axes.set(xlabel="direction of the tiny step, in degrees", xticks=range(-180, 181, 45))
axes.set_ylim(-4, 4)
axes.grid(color="#C4CBD2", linewidth=0.6)
figure.savefig(lesson.picture("climb.png"), dpi=150)

print("\nTry: x² + 20 · y² as the bowl. What is the largest step that still descends?")
