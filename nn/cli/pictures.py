"""The pictures of a run, as PNG files: the history, the confusions, what it got wrong.

matplotlib is imported when they are drawn, without its pyplot: no display is needed.
"""

from __future__ import annotations

import io
import sys
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nn.cli.runs import PICTURES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nn.cli.summary import Outcome

DPI = 150
WRONG_ROWS, WRONG_COLUMNS = 4, 8
"""How many wrong images are shown: the first of those that it was surest of."""

MOST_NUMBERS = 20
"""Classes: with more of them a confusion matrix is drawn without numbers."""


def drawn(outcome: Outcome) -> dict[str, bytes]:
    """The pictures of what came of a run, by the names of their files.

    None, and a note on standard error, without matplotlib.
    """
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        print(
            f"no pictures are drawn, they need matplotlib ({error}): "
            f'pip install "valuegrad[plots]", then train --resume',
            file=sys.stderr,
        )
        return {}
    history, confusion, wrong = PICTURES
    found = {
        history: _png(outcome.history.plot()),
        confusion: _png(
            _confusion_figure(outcome.figures.confusion, outcome.run.classes)
        ),
    }
    if outcome.run.frame is not None:
        figure = _wrong_figure(outcome)
        if figure is not None:
            found[wrong] = _png(figure)
    return found


def _png(figure: Figure) -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings():  # of letters that the font lacks
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(file, format="png", dpi=DPI)
    return file.getvalue()


def _confusion_figure(counts: npt.NDArray[np.int64], names: tuple[str, ...]) -> Figure:
    """The confusion matrix, shaded by the share of each true class."""
    from matplotlib.figure import Figure

    k = len(names)
    side = 2.2 + 0.42 * min(max(k, 4), MOST_NUMBERS)
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    # A few confusions of hundreds would be white: the root shows them.
    axes.imshow(np.sqrt(shares), cmap="Blues", vmin=0, vmax=1)
    axes.set(title="Confusion matrix", xlabel="predicted class", ylabel="true class")
    axes.spines[:].set_visible(False)
    if k <= MOST_NUMBERS:
        labels = [_plain(name) for name in names]
        turned: Any = {"rotation": 45, "ha": "right"} if _long(names) else {}
        axes.set_xticks(range(k), labels, **turned)
        axes.set_yticks(range(k), labels)
        axes.tick_params(length=0)
        for row, column in np.argwhere(counts):
            _write_number(axes, row, column, counts[row, column], shares[row, column])
    return figure


def _write_number(axes: Axes, row: int, column: int, n: int, share: float) -> None:
    axes.text(
        column,
        row,
        str(n),
        ha="center",
        va="center",
        fontsize=8 if n < 10_000 else 6,
        fontweight="bold" if row == column else "normal",
        color="white" if share > 0.4 else "black",
    )


def _wrong_figure(outcome: Outcome) -> Figure | None:
    """Images that were put in a wrong class, the surest first; None if there are none.

    They are those to look at first: either the network has a gap, or the image is
    hard, or its class is wrong.
    """
    from matplotlib.figure import Figure

    run, (X, y) = outcome.run, outcome.parts.test
    probabilities = outcome.figures.probabilities
    said = probabilities.argmax(axis=1)
    sure = probabilities.max(axis=1)
    wrong = np.flatnonzero(said != y)
    if not len(wrong):
        return None
    wrong = wrong[np.argsort(-sure[wrong], kind="stable")]
    wrong = wrong[: WRONG_ROWS * WRONG_COLUMNS]
    rows = -(-len(wrong) // WRONG_COLUMNS)
    figure = Figure(figsize=(WRONG_COLUMNS, 0.5 + 1.35 * rows), layout="constrained")
    figure.suptitle("Wrong, the surest first: true class → predicted class")
    panels = figure.subplots(rows, WRONG_COLUMNS, squeeze=False).ravel()
    assert run.frame is not None
    for axes in panels:
        axes.set_axis_off()
    for i, axes in zip(wrong, panels, strict=False):
        image = X[i].reshape(run.frame.height, run.frame.width)
        axes.imshow(image, cmap="gray_r", interpolation="nearest")
        names = _plain(run.classes[y[i]]), _plain(run.classes[said[i]])
        axes.set_title(f"{names[0]} → {names[1]}\n{sure[i]:.1%}", fontsize=8)
    return figure


def _plain(name: str) -> str:
    """A name in which matplotlib sees no formula, and which is not too long."""
    return (name if len(name) <= 16 else name[:15] + "…").replace("$", r"\$")


def _long(names: tuple[str, ...]) -> bool:
    return max(map(len, names)) > 3
