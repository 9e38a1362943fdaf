"""Rolling downhill: how gradient descent finds a minimum.

The gradient points where a function climbs most steeply. A step against it goes
downhill, and many such steps end in a valley. On x² + y² every claim can be checked by
hand: a step of 0.03 times the gradient multiplies x and y by 1 - 2 · 0.03 = 0.94, so
after n steps from (50, 43) we stand at (50 · 0.94^n, 43 · 0.94^n).

We also look at steps that are too large, at a function with several valleys, where the
start decides in which one we end, and at what a gradient of (3, 1) says.
"""

from collections.abc import Callable
from typing import Any

import lesson
import numpy as np

import autograd
from autograd import Value

lesson.start(__doc__)


def descend(f: Callable[..., Value], start: Any, step: float, n: int) -> np.ndarray:
    """Gradient descent: all n + 1 points on the way, one a row."""
    way = [start]
    for _ in range(n):
        way.append(way[-1] - step * autograd.grad(f)(way[-1]))
    return np.array(way)


# A bowl. The gradient of x² + y² is (2x, 2y).
start = np.array([50.0, 43.0])
bowl = descend(lambda p: p[0] ** 2 + p[1] ** 2, start, 0.03, 50)
formula = start * 0.94 ** np.arange(51)[:, None]
rows = {f"{n:4}": (*bowl[n], *formula[n]) for n in range(0, 51, 5)}
lesson.table("step", ["x", "y", "50 · 0.94^n", "43 · 0.94^n"], rows, ".6f")
lengths = np.hypot(*np.diff(bowl, axis=0).T)
shrunk = lengths[-1] / lengths[0]
lesson.heading(claim="a bowl, from (50, 43), 50 steps of 0.03")
lesson.compare("largest distance from the formula", 0.0, abs(bowl - formula).max())
lesson.compare("steps shrink with the slope: the last / first", 0.94**49, shrunk)

# Any other step multiplies by 1 - 2 · step. Above 0.5 we jump over the minimum, at 1
# from side to side for ever, and beyond 1 each jump lands higher up.
jumps = {}
lesson.heading(claim="20 steps on x² from 50: |x| is 50 · |1 - 2 · step|^20")
for step in (0.03, 0.97, 1.0, 1.03):
    jumps[step] = descend(lambda x: x**2, 50.0, step, 20)
    farthest = 50 * abs(1 - 2 * step) ** 20
    lesson.compare(f"step {step}", farthest, abs(jumps[step][-1]))

# Several valleys. With small steps we end in that in which we start.
across = np.linspace(-6.5, 7.0, 1351)
heights = 0.1 * across**2 + 2.0 * np.sin(2.0 * across)
falls = np.diff(heights) < 0
bottoms = across[1:-1][falls[:-1] & ~falls[1:]]  # it falls to there, then rises


def wavy(x: Value) -> Value:
    """A wavy line in a wide bowl."""
    return 0.1 * x**2 + 2.0 * autograd.sin(2.0 * x)


descents = [descend(wavy, start, 0.05, 60) for start in (-5.0, -2.2, 1.2, 4.2)]
lesson.heading(claim="several valleys, 60 steps of 0.05", claimed="its valley")
for way in descents:
    bottom = bottoms[bottoms > way[0]].min()  # all start where it falls to the right
    lesson.compare(f"from {way[0]}", f"{bottom:.2f}", f"{way[-1]:.2f}")

# The gradient (3, 1) of x² + y² at (1.5, 0.5): take a tiny step in every direction.
gradient = autograd.grad(lambda x, y: x**2 + y**2, argnums=(0, 1))(1.5, 0.5)
degrees = np.arange(-180.0, 180.0, 0.1)
east, north = 1e-6 * np.cos(np.radians(degrees)), 1e-6 * np.sin(np.radians(degrees))
climbs = ((1.5 + east) ** 2 + (0.5 + north) ** 2 - 2.5) / 1e-6
steepest = degrees[climbs.argmax()]
lesson.heading(claim="what the gradient (3, 1) says")
lesson.compare("the gradient of x² + y² at (1.5, 0.5)", (3.0, 1.0), gradient)
direction = np.degrees(np.arctan(1 / 3))
lesson.compare("the steepest direction, in degrees", direction, steepest)
lesson.compare("how steep it is: the length of (3, 1)", 10**0.5, climbs.max())
along_x, along_y = np.interp([0, 90], degrees, climbs)
lesson.compare("x matters so many times as much as y", 3.0, along_x / along_y)

ticks = np.linspace(-55, 55, 56)
ground = ticks**2 + ticks[:, None] ** 2
with lesson.drawing("surface.png", "x² + y² as a landscape", projection="3d") as axes:
    axes.plot_surface(*np.meshgrid(ticks, ticks), ground, cmap="Blues", alpha=0.7)
    axes.plot(*bowl.T, (bowl**2).sum(axis=1), "o-", color=lesson.ORANGE)
    axes.set(xlabel="x", ylabel="y")
    axes.set_zlabel("height", labelpad=14)
    axes.view_init(elev=40, azim=250)
with lesson.drawing("contour.png", "The same from above", aspect="equal") as axes:
    lesson.landscape(axes, ticks, ticks, ground, "height")
    axes.set(xlabel="x", ylabel="y")
    axes.plot(*bowl.T, "o-", color=lesson.ORANGE)
titles = "The start decides the valley", "x² from 50: a step too large climbs"
with lesson.drawing("valleys.png", *titles, xlabel="x", ylabel="height") as panels:
    panels[0].plot(across, heights, color=lesson.INK, marker="")
    for way, marker in zip(descents, "os^D", strict=True):
        label = f"from {way[0]:g} to {way[-1]:.2f}"
        height = np.interp(way, across, heights)
        panels[0].plot(way, height, marker, label=label)
    panels[0].set_ylim(-3, 12)
    bowl_x = np.linspace(-75, 75, 61)
    panels[1].plot(bowl_x, bowl_x**2, color=lesson.INK, marker="")
    for step in (0.03, 1.03):
        panels[1].plot(jumps[step][:7], jumps[step][:7] ** 2, label=f"step {step}")
title = "What the gradient (3, 1) says: a tiny step in every direction"
with lesson.drawing("climb.png", title, ylabel="climb per unit of way") as axes:
    axes.plot(degrees, climbs, marker="")
    axes.axvline(direction, color=lesson.INK, linestyle=":", label="direction (3, 1)")
    axes.set(xlabel="direction, in degrees", xticks=range(-180, 181, 45))

print("\nTry: x² + 20 · y² as the bowl. What is the largest step that still descends?")
