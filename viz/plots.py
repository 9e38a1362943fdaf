"""Plots of what a model learned: its loss, and where it draws the line.

matplotlib is imported when a plot is made, and its pyplot is not used: no display is
needed, no state is kept, and a figure that is dropped is gone. A notebook shows the
figure that is returned, and `figure.savefig(path)` writes it.

    >>> figure = loss_curve([0.9, 0.5, 0.3])
    >>> figure.axes[0].get_xlabel()
    'epoch'
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from autograd import no_grad
from autograd.files import probe
from nn.history import draw_curves
from viz.render import format_of, write_drawn
from viz.style import BLUE, FAINT, INK, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from viz.figure import Plot

Numbers = npt.NDArray[np.float64]
SHADES = ("#F0A978", "#FFFFFF", "#7DB8DC")
"""The landscape below, at and above the threshold: tints of orange and blue."""


def loss_curve(losses: Any, *, path: str | os.PathLike[str] | None = None) -> Plot:
    """Plot the loss over the epochs, as a matplotlib Figure.

    `losses` is one number per epoch, or a history: an object with the list `loss` and
    perhaps `validation_loss`. With a `path` the figure is also written there, as svg,
    png or pdf. ValueError where there is no loss to plot.
    """
    curves = {
        "training": _losses(getattr(losses, "loss", losses)).tolist(),
        "validation": _losses(getattr(losses, "validation_loss", [])).tolist(),
    }
    if not curves["training"]:
        raise ValueError("loss_curve: there are no losses. Train for an epoch first.")
    with _figure(path) as (figure, axes):
        colors = (BLUE, ORANGE)
        draw_curves(axes, curves, title="Loss", label="mean loss", colors=colors)
        axes.grid(axis="y", color=FAINT)
    return figure


def decision_boundary(
    model: Callable[[list[float]], Any],
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    path: str | os.PathLike[str] | None = None,
    resolution: int = 60,
    threshold: float | None = None,
) -> Plot:
    """Plot a model of two numbers as a landscape, with the examples, as a Figure.

    X is (n, 2), y is (n,). The model takes a list of two numbers and returns a Value, a
    number, or a list of one; it is asked at resolution² points. The line is where its
    output is `threshold`: by default 0.5, or 0 where a target is below 0. For logits
    and targets 0 and 1, give 0. With a `path` the figure is also written there.
    ValueError for other shapes of X and y, and for a model with several outputs.
    """
    points, targets = _examples(X, y)
    if resolution < 2:
        raise ValueError(f"resolution must be 2 or more, not {resolution!r}")
    if threshold is None:
        threshold = 0.0 if (targets < 0).any() else 0.5
    across, up = (_ticks(column, resolution) for column in points.T)
    with _figure(path) as (figure, axes):
        with no_grad():
            rows = [[_output(model([x0, x1])) for x0 in across] for x1 in up]
        _draw_landscape(figure, axes, across, up, np.array(rows), threshold)
        _draw_examples(axes, points, targets, threshold)
        axes.set(xlabel="$x_0$", ylabel="$x_1$")
        axes.set_title("Decision boundary", pad=26)
    return figure


@contextmanager
def _figure(
    path: str | os.PathLike[str] | None,
) -> Iterator[tuple[Plot, Axes]]:
    """A new figure in our style; once it is drawn, it is written to the path, if any.

    A path that cannot be written is an error before.
    """
    if path is not None:
        format = format_of(Path(path))  # noqa: A001
        probe(Path(path), b"")
    try:
        from matplotlib import rc_context

        from viz.figure import STYLE, Plot
    except ImportError as error:
        raise ImportError(
            f'plots need matplotlib ({error}): pip install "valuegrad[plots]"'
        ) from error
    with rc_context(STYLE):
        figure = Plot(figsize=(6, 4.2), layout="constrained")
        yield figure, figure.subplots()
        if path is not None:
            write_drawn(Path(path), lambda: figure.image(format))


def _losses(losses: Any) -> Numbers:
    try:
        curve = np.array([float(loss) for loss in losses])
    except (TypeError, ValueError):
        raise ValueError(
            f"loss_curve: one number per epoch is needed, or an object with the list "
            f"`loss`, not {losses!r:.100}."
        ) from None
    return curve


def _examples(X: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Numbers, Numbers]:
    """X (n, 2) and y (n,) as arrays, or the reason why they are not."""
    try:
        points = np.asarray(X, dtype=np.float64)
        targets = np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"decision_boundary: X and y must be numbers: {error}"
        ) from None
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        raise ValueError(
            f"decision_boundary: X must be (n, 2), two numbers per example, and is "
            f"{points.shape}. Choose two features, and a model of two inputs."
        )
    targets = targets[:, 0] if targets.shape == (len(points), 1) else targets
    if targets.shape != (len(points),):
        raise ValueError(
            f"decision_boundary: y must be ({len(points)},), one target per row of X, "
            f"and is {targets.shape}."
        )
    if not (np.isfinite(points).all() and np.isfinite(targets).all()):
        raise ValueError("decision_boundary: X and y must be finite numbers.")
    return points, targets


def _ticks(column: Numbers, resolution: int) -> list[float]:
    """Where the model is asked: from below the least to above the largest example."""
    low, high = float(column.min()), float(column.max())
    margin = 0.15 * (high - low) or 1.0
    return [float(x) for x in np.linspace(low - margin, high + margin, resolution)]


def _output(result: Any) -> float:
    """The one number that a model returned, as a Value, a number or a list of one."""
    if isinstance(result, (list, tuple, np.ndarray)):
        if len(result) != 1:
            raise ValueError(
                f"decision_boundary: the model returned {len(result)} numbers. Give a "
                f"function of one output, such as lambda x: model(x)[1] - model(x)[0]."
            )
        result = result[0]
    return float(result)


def _draw_landscape(
    figure: Plot,
    axes: Axes,
    across: list[float],
    up: list[float],
    heights: Numbers,
    threshold: float,
) -> None:
    """Fill the plane by the model's output, and draw the line at the threshold."""
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.ticker import MaxNLocator

    # The same distance above and below, so that white is the threshold.
    reach = 1.001 * float(np.abs(heights - threshold).max()) or 1.0
    filled = axes.contourf(
        across,
        up,
        heights,
        levels=np.linspace(threshold - reach, threshold + reach, 21),
        cmap=LinearSegmentedColormap.from_list("outputs", SHADES),
    )
    if heights.min() < threshold < heights.max():
        axes.contour(
            across, up, heights, levels=[threshold], colors=INK, linewidths=1.5
        )
    bar = figure.colorbar(
        filled, ax=axes, label="model output", ticks=MaxNLocator(6), format="%.3g"
    )
    bar.outline.set_visible(False)


def _draw_examples(
    axes: Axes, points: Numbers, targets: Numbers, threshold: float
) -> None:
    """Mark the examples, by colour and by shape, and say which are which."""
    above = targets > threshold
    for chosen, side, marker, color in (
        (~above, "≤", "s", ORANGE),
        (above, ">", "o", BLUE),
    ):
        found = np.unique(targets[chosen])
        if found.size:
            name = f"{found[0]:g}" if found.size == 1 else f"{side} {threshold:g}"
            axes.scatter(
                points[chosen, 0],
                points[chosen, 1],
                marker=marker,
                color=color,
                edgecolors="white",
                linewidths=0.8,
                s=45,
                zorder=3,
                label=f"target {name}",
            )
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)
