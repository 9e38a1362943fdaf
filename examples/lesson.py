"""What the lessons share: the comparison of claims, the digits, and the pictures.

A lesson starts with `quick = lesson.start(__doc__)`, prints with `lesson.compare` what
it measures beside what is claimed, and draws its pictures with `lesson.drawing`:

    with lesson.drawing("curves.png", "Two curves", xlabel="x") as axes:
        axes.plot(xs, first, label="the first")
        axes.plot(xs, second, label="the second")

The curves get colours, dashes and markers of their own, one after the other, so that
they can be told apart without the colours, too.
"""

import argparse
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from cycler import cycler
from matplotlib import rcParams
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

import nn
from viz.figure import STYLE
from viz.style import BLUE, FAINT, GREEN, INK, ORANGE

OUT = Path(__file__).parent / "out"
PURPLE = "#CC79A7"
DASHES: list[Any] = ["-", "--", "-.", ":", (0, (6, 2, 1, 2, 1, 2))]
CLASSES = [(0, "s", ORANGE), (1, "o", BLUE)]
"""The marker and the colour of an answer of 0 and of 1."""
CURVES = cycler(
    color=[BLUE, ORANGE, GREEN, PURPLE, INK],
    linestyle=DASHES,
    marker=["o", "s", "^", "D", "v"],
)
LOOK: Any = {
    **STYLE,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.prop_cycle": CURVES,
    "figure.constrained_layout.w_pad": 0.1,
    "font.size": 12,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "legend.edgecolor": "white",
    "legend.framealpha": 0.85,
    "legend.frameon": True,
    "lines.linewidth": 2,
    "lines.markersize": 5,
}
SIGNS = LinearSegmentedColormap.from_list("signs", [ORANGE, "white", BLUE])
MARKED = 60
"""Points: a curve through more of them has a marker only now and then."""
WIDTHS = {1: 7.0, 2: 11.0}
"""Of a picture with so many columns, in inches; with more of them it is 13."""


def start(text: str) -> bool:
    """Read the command line, print the lesson's title, return whether to be quick."""
    title, _, rest = text.strip().partition("\n")
    parser = argparse.ArgumentParser(
        description=title,
        epilog=rest.strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="a smaller run")
    quick: bool = parser.parse_args().quick
    rcParams.update(LOOK)
    print(f"{title}\n{'=' * len(title)}")
    return quick


def digits(quick: bool, **options: Any) -> tuple[Any, Any, bool]:
    """Training and test digits, (X, y) each, and whether they are the small ones.

    They are MNIST's, read with these options of `nn.data.mnist`; or scikit-learn's 8x8
    digits where the lesson is to be quick, or where MNIST cannot be had.
    """
    small, name = quick, "MNIST"
    if not quick:
        try:
            training, test = nn.data.mnist(**options)
        except OSError as reason:
            message = f"No MNIST: {reason}\nThe 8x8 digits are used instead."
            print(message, file=sys.stderr)
            small = True
    if small:
        training, test = nn.data.digits()
        name = "the small 8x8 digits, not MNIST"
    print(
        f"\n{len(training[0]):,} images to train with, {len(test[0]):,} others: {name}"
    )
    return training, test, small


# --- figures -------------------------------------------------------------------------


def heading(*, claim: str = "", claimed: str = "claimed") -> None:
    """Print the heading of the columns of `compare`."""
    print(f"\n  {claim:<52} {claimed:>14} {'measured':>14}")


def compare(claim: str, claimed: object, measured: object) -> None:
    """Print what is claimed, and what was measured here."""
    print(f"  {claim:<52} {shown(claimed):>14} {shown(measured):>14}")


def table(
    title: str,
    columns: Sequence[str],
    rows: Mapping[Any, Sequence[object]],
    form: str = ".6g",
) -> None:
    """Print the figures of each row, in this form, below the names of the columns."""
    cells = [[shown(cell, form) for cell in row] for row in rows.values()]
    lines = [[title, *columns]]
    lines += [[str(name), *row] for name, row in zip(rows, cells, strict=True)]
    first, *others = [max(map(len, column)) for column in zip(*lines, strict=True)]
    print()
    for name, *row in lines:
        figures = [f"{cell:>{n}}" for cell, n in zip(row, others, strict=True)]
        print("   ".join([f"  {name:<{first}}", *figures]))


def shown(thing: object, form: str = ".6g") -> str:
    """A number in six digits or in another form, anything else as it is."""
    return f"{thing:{form}}" if isinstance(thing, float) else str(thing)


# --- pictures ------------------------------------------------------------------------


def picture(name: str) -> Path:
    """The path of a picture of this lesson, such as out/perceptron_lines.png."""
    OUT.mkdir(parents=True, exist_ok=True)
    path = OUT / f"{Path(sys.argv[0]).stem}_{name}"
    print(f"\nwritten: {path}")
    return path


@contextmanager
def drawing(
    name: str, *titles: str, columns: int = 0, below: int = 0, **settings: Any
) -> Iterator[Any]:
    """Axes to draw in: one, or a list with one for each title. Then write the picture.

    The settings, such as xlabel, yscale and projection, are those of all of them. What
    was drawn with a label gets a legend, in the first axes that have it; or below the
    axes, with room for so many lines.
    """
    columns = columns or len(titles)
    rows = math.ceil(len(titles) / columns)
    width = WIDTHS.get(columns, 13.0)
    height = rows * (min(4.6, 1.0 + 0.6 * width / columns) + 0.25 * below)
    figure = Figure(figsize=(width, height), layout="constrained")
    panels = [
        figure.add_subplot(rows, columns, place, title=title, **settings)
        for place, title in enumerate(titles, start=1)
    ]
    yield panels if len(panels) > 1 else panels[0]
    explained: set[str] = set()
    for axes in panels:
        for curve in axes.lines:
            points = len(curve.get_xdata())
            if points > MARKED and curve.get_linestyle() != "None":
                curve.set_markevery(points // 10)
        labels = {*axes.get_legend_handles_labels()[1]}
        if below:
            axes.legend(loc="upper left", bbox_to_anchor=(-0.02, -0.18))
        elif not labels <= explained and axes.get_legend() is None:
            axes.legend()
        explained |= labels
    figure.savefig(picture(name), dpi=150)


def landscape(
    axes: Any, x: Any, y: Any, heights: Any, label: str, **options: Any
) -> None:
    """Shade the plane by the height over each x and y; what is drawn next lies on it.

    The heights are (len(y), len(x)), and the label says what they are. The options,
    such as levels, are those of matplotlib's contourf.
    """
    options = {"cmap": "Blues", "levels": 12, "extend": "max"} | options
    shades = axes.contourf(x, y, heights, **options)
    axes.figure.colorbar(shades, ax=axes, label=label, format="%g")
    axes.set_prop_cycle(CURVES[1:])  # blue is the ground
    axes.grid(False)
    axes.autoscale(False)


def line(axes: Any, weights: Sequence[float], bias: float, **options: Any) -> None:
    """The line where a neuron of two inputs is undecided: w · x + b = 0."""
    w = np.array(weights, dtype=float)
    nearest = -bias * w / (w @ w)  # of the line's points to (0, 0)
    another = nearest + np.array([-w[1], w[0]])
    axes.autoscale(False)
    axes.axline(nearest, another, **{"color": INK, "linestyle": "--"} | options)


def images(
    name: str,
    title: str,
    pictures: npt.ArrayLike,
    captions: Sequence[str],
    columns: int,
) -> None:
    """A picture of square pictures, each with its caption.

    They are rows of pixels: ink from 0 to 1, or numbers of both signs where there are
    negative ones, in blue and orange.
    """
    pixels = np.asarray(pictures, dtype=float).reshape(len(captions), -1)
    side, rows = math.isqrt(pixels.shape[1]), math.ceil(len(captions) / columns)
    signed = pixels.min() < 0
    reach = float(np.quantile(np.abs(pixels), 0.995)) if signed else 1.0
    low, colors = (-reach, SIGNS) if signed else (0.0, "gray_r")
    size = 1.25 * columns + 0.8 * signed, 1.55 * rows + 0.5
    figure = Figure(figsize=size, layout="constrained")
    for place, (image, caption) in enumerate(zip(pixels, captions, strict=True), 1):
        axes = figure.add_subplot(rows, columns, place)
        square = image.reshape(side, side)
        drawn = axes.imshow(square, cmap=colors, vmin=low, vmax=reach)
        axes.set_title(caption, loc="center", fontsize=10, fontweight="normal")
        axes.set_axis_off()
    if signed:
        figure.colorbar(drawn, ax=figure.axes, label="weight", extend="both")
    figure.suptitle(title, weight="bold")
    figure.savefig(picture(name), dpi=150)
