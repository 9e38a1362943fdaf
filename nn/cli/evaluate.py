"""`evaluate`: how good a trained network is on examples that it has not seen."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import nn
from nn.cli.datasets import Examples, divided, load
from nn.cli.runs import MODEL, Run, read_run
from nn.metrics import PrecisionRecall


def evaluate(given: dict[str, Any]) -> None:
    """Print the figures of a run on its test set, or on other data."""
    run = read_run(Path(given["run"]))
    model = run.network()
    title, examples = _examples(run, given.get("data"))
    if not run.path(MODEL).exists():
        print(
            f"the training is not done, this is the network so far; to go on: "
            f"{run.command('train', '--resume')}",
            file=sys.stderr,
        )
    X, y = examples
    figures = measured(run, model, (run.inputs(X, title), y))
    print(f"{title}: {len(y):,} examples\n{figures.text(run.classes)}")


def _examples(run: Run, other: str | None) -> tuple[str, Examples]:
    """What to test on, and what it is called."""
    options = run.options
    data = load(other or options.data, run.classes if other else None)
    if other is None:
        run.check_same(data)
    same = (data.fingerprint or data.name) == (run.fingerprint or options.data)
    if same:  # by whatever name
        parts = divided(data, options.validation, options.test)
        return f"{data.title}, test set", parts.test
    if data.test is not None:
        return f"{data.title}, test set", data.test
    return data.title, data.examples


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """How good a network is on n examples of K classes."""

    loss: float
    """Cross-entropy."""
    probabilities: npt.NDArray[np.float64]
    """(n, K)."""
    confusion: npt.NDArray[np.int64]
    """(K, K); rows are the true classes."""
    classes: PrecisionRecall

    @property
    def n(self) -> int:
        """How many examples there are."""
        return len(self.probabilities)

    @property
    def accuracy(self) -> float:
        """The share that is right."""
        return self.classes.right / self.n

    def text(self, names: Sequence[str]) -> str:
        """All of it as a person reads it."""
        return (
            f"accuracy  {self.accuracy:.2%}, {self.classes.right:,} right\n"
            f"loss      {self.loss:.4f}\n\n"
            f"confusion matrix, true classes down, predicted ones across\n"
            f"{_table(['', *names], self._confusion_rows(names))}\n\n"
            f"{_table(HEADINGS, self.rows(names))}"
        )

    def rows(self, names: Sequence[str]) -> list[list[str]]:
        """The quality of each class, a row each, under HEADINGS."""
        found = self.classes
        shares = zip(found.precision, found.recall, found.f1, strict=True)
        return [
            [name, *(f"{share:.4f}" for share in three), f"{support:,}"]
            for name, three, support in zip(names, shares, found.support, strict=True)
        ]

    def _confusion_rows(self, names: Sequence[str]) -> list[list[str]]:
        rows = zip(names, self.confusion.tolist(), strict=True)
        return [[name, *(str(number or ".") for number in row)] for name, row in rows]


HEADINGS = ["class", "precision", "recall", "F1", "examples"]


def measured(run: Run, model: nn.Module, examples: Examples) -> Figures:
    """The figures of a network on examples, scaled as it takes them."""
    X, y = examples
    compiled = not run.options.eager
    confusion = nn.confusion_matrix(model, X, y, compiled=compiled)
    logarithms = log_probabilities(nn.predict(model, X, compiled=compiled))
    return Figures(
        loss=float(-logarithms[np.arange(len(y)), y].mean()),
        probabilities=np.exp(logarithms),
        confusion=confusion,
        classes=nn.precision_recall(confusion),
    )


def log_probabilities(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Logarithms of the softmax of each row: z - log Σ exp z, (n, K).

    The largest is subtracted first, so that nothing overflows.
    """
    shifted = logits - logits.max(axis=1, keepdims=True)
    result: npt.NDArray[np.float64] = shifted - np.log(
        np.exp(shifted).sum(axis=1, keepdims=True)
    )
    return result


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns, aligned at their right."""
    lines = [headings, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    )
