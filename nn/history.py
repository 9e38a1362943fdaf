"""History: what happened in training, one entry per epoch.

>>> history = History()
>>> history.append(loss=0.9, seconds=1.0)
>>> history.append(loss=0.5, seconds=1.0, validation_loss=0.6)
>>> history.loss, history.validation_loss
([0.9, 0.5], [nan, 0.6])
"""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.files import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS_UP_TO = 30
"""Epochs: a longer curve is drawn without a marker at each."""


@dataclass
class History:
    """What happened, one entry per epoch; all lists are equally long or empty.

    `loss` is the mean over the epoch's examples of the loss at the moment each was
    used. `validation_loss` and `validation_accuracy` are taken after the epoch, and
    stay empty without validation data; so is `training_accuracy`, on request.
    `learning_rate` is that of the epoch's last step, `gradient_norm` the mean over its
    steps of the Euclidean norm of the gradient, before any clipping.
    `examples_per_second` is the speed of the steps alone, `seconds` the time that the
    epoch took, measurements included. An entry that was not taken, in an epoch before
    a run went on with other measurements, is NaN.
    """

    loss: list[float] = field(default_factory=list)
    training_accuracy: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    gradient_norm: list[float] = field(default_factory=list)
    examples_per_second: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def append(self, **measured: float) -> None:
        """Add an epoch, by the names of the lists. What is left out becomes NaN.

        A list that is empty, and of which nothing was measured, stays empty.
        """
        columns = self.columns()
        unknown = measured.keys() - columns.keys()
        if unknown:
            raise TypeError(f"a history has no {sorted(unknown)}")
        epochs = max(map(len, columns.values()))
        for name, column in columns.items():
            if column or name in measured:
                column += [math.nan] * (epochs - len(column))
                column.append(float(measured.get(name, math.nan)))

    def columns(self) -> dict[str, list[float]]:
        """The lists by name, the empty ones too."""
        return {column.name: getattr(self, column.name) for column in fields(self)}

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write a table: `epoch`, then a column for each list that is not empty.

        Numbers have all their digits, and what was not measured is an empty cell. The
        file is there whole or not at all; OSError where it cannot be written.
        """
        taken = {name: column for name, column in self.columns().items() if column}
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(["epoch", *taken])
        for epoch, row in enumerate(zip(*taken.values(), strict=True), start=1):
            table.writerow([epoch, *("" if math.isnan(x) else repr(x) for x in row)])
        write_whole(path, text.getvalue().encode())

    def plot(self) -> Figure:
        """Draw what was measured over the epochs, as a matplotlib Figure.

        A panel each for the loss, the accuracy, the learning rate and the norm of the
        gradient, where there are entries. A notebook shows the figure that is
        returned, and `figure.savefig(path)` writes it. ValueError before the first
        epoch; ImportError without matplotlib.
        """
        panels = [panel for panel in self._panels() if any(panel[2].values())]
        if not panels:
            raise ValueError("plot: the history is empty. Train for an epoch first.")
        figure = _new_figure(len(panels))
        column = figure.subplots(len(panels), sharex=True, squeeze=False)[:, 0]
        for axes, (title, label, curves) in zip(column, panels, strict=True):
            draw_curves(axes, curves, title=title, label=label)
            axes.label_outer()
        return figure

    def _panels(self) -> list[tuple[str, str, dict[str, list[float]]]]:
        """Title, label of the upright axis, and curves."""
        loss = {"training": self.loss, "validation": self.validation_loss}
        accuracy = {
            "training": self.training_accuracy,
            "validation": self.validation_accuracy,
        }
        return [
            ("Loss", "mean loss", loss),
            ("Accuracy", "share right", accuracy),
            ("Learning rate", "at the last step", {"": self.learning_rate}),
            ("Norm of the gradient", "mean over the steps", {"": self.gradient_norm}),
        ]


def draw_curves(
    axes: Axes,
    curves: Mapping[str, Sequence[float]],
    *,
    title: str,
    label: str,
    colors: Sequence[str] = ("C0", "C1"),
) -> None:
    """Draw numbers per epoch as curves by name, one color each, the empty ones not."""
    from matplotlib.ticker import MaxNLocator

    for i, (name, curve) in enumerate(curves.items()):
        if not len(curve):  # but the next one keeps its own color
            continue
        axes.plot(
            np.arange(1, len(curve) + 1),
            np.asarray(curve, dtype=np.float64),
            label=name,
            color=colors[i],
            linestyle="--" if i else "-",
            marker="o" if len(curve) <= MARKERS_UP_TO else "",
            markersize=4,
        )
    axes.set(title=title, xlabel="epoch", ylabel=label)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y", linewidth=0.6)
    if len(axes.lines) > 1:
        axes.legend()


def _new_figure(panels: int) -> Figure:
    """A figure that a notebook shows, whether pyplot was imported or not."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            f'plots need matplotlib ({error}): pip install "valuegrad[plots]"'
        ) from error

    class Shown(Figure):
        def _repr_png_(self) -> bytes:
            file = io.BytesIO()
            self.savefig(file, format="png", dpi=150)
            return file.getvalue()

    size: Any = (6.0, 1.2 + 2.2 * panels)
    return Shown(figsize=size, layout="constrained")
