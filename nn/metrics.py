"""How well a model tells classes apart: accuracy, confusions, precision and recall.

Which class an output names, and a target, is decided here and nowhere else, by
`classes_of`.

    >>> from nn.layers import Perceptron
    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1]
    >>> gate = Perceptron(2)
    >>> mistakes = gate.learn(X, y, epochs=2)
    >>> accuracy(gate, X, y)
    0.5
    >>> matrix = confusion_matrix(gate, X, y)
    >>> matrix.tolist()
    [[1, 2], [0, 1]]
    >>> print(precision_recall(matrix))
    class  precision     recall         F1    support
        0     1.0000     0.3333     0.5000          3
        1     0.3333     1.0000     0.5000          1
    <BLANKLINE>
    2 of 4 right: accuracy 0.5000
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from nn.engines import predict
from nn.examples import Matrix, as_examples
from nn.module import Module

Labels: TypeAlias = npt.NDArray[np.int64]
Vector: TypeAlias = npt.NDArray[np.float64]


def classes_of(
    outputs: Matrix, targets: npt.NDArray[Any], threshold: float | None = None
) -> tuple[Labels, npt.NDArray[Any]]:
    """The class that each output names, (n,), and the class that each target names.

    With several outputs it is the largest one's index, and targets are indices, (n,),
    or rows of which the largest entry counts, (n, n_outputs). With one output it is 1
    above `threshold` and else 0, for output and target alike: by default 0.5, or 0
    where a target is negative. ValueError for shapes that do not go together.
    """
    outputs = outputs[:, 0] if outputs.ndim == 2 and outputs.shape[1] == 1 else outputs
    targets = targets[:, 0] if targets.ndim == 2 and targets.shape[1] == 1 else targets
    if targets.ndim > 1 and targets.shape != outputs.shape:
        raise ValueError(
            f"classes cannot be compared: the model's outputs have the shape "
            f"{outputs.shape}, and y has {targets.shape}. Give class indices, or one "
            f"target per output."
        )
    if outputs.ndim == 1:
        if threshold is None:
            threshold = 0.0 if (targets < 0).any() else 0.5
        return (outputs > threshold).astype(int), (targets > threshold).astype(int)
    true = targets.argmax(axis=1) if targets.ndim == 2 else targets
    return outputs.argmax(axis=1), true


def share_right(
    outputs: Matrix, targets: npt.NDArray[Any], threshold: float | None = None
) -> float:
    """The share of rows whose output and target name the same class: see classes_of."""
    predicted, true = classes_of(outputs, targets, threshold)
    return float(np.mean(predicted == true))


def accuracy(
    model: Module,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    threshold: float | None = None,
    compiled: bool = True,
) -> float:
    """The share of the examples that the model puts in the right class, from 0 to 1.

    With several outputs the class is the largest one's index, and y holds indices,
    (n,), or one-hot rows, (n, n_outputs). With one output the class is whether it is
    above `threshold`: by default 0.5 for targets 0 and 1, and 0 for targets -1 and 1.
    """
    inputs, targets = as_examples(X, y, "accuracy")
    outputs = predict(model, inputs, compiled=compiled)
    return share_right(outputs, targets, threshold)


def confusion_matrix(
    model: Module,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    threshold: float | None = None,
    compiled: bool = True,
) -> Labels:
    """How many examples of each class the model puts in each: (n_classes, n_classes).

    The rows are the true classes, the columns the predicted ones; what is right stands
    on the diagonal. Classes are decided as by `accuracy`; there are as many as the
    model has outputs, and two for a single output. ValueError for a target that is
    none of them.
    """
    inputs, targets = as_examples(X, y, "confusion_matrix")
    outputs = predict(model, inputs, compiled=compiled)
    predicted, true = classes_of(outputs, targets, threshold)
    n_classes = 2 if outputs.ndim == 1 else max(2, outputs.shape[1])
    wrong = np.flatnonzero(~np.isin(true, np.arange(n_classes)))
    if len(wrong):
        raise ValueError(
            f"confusion_matrix: y[{wrong[0]}] is {true[wrong[0]]}, which is not the "
            f"index of one of the {n_classes} classes, 0 to {n_classes - 1}."
        )
    cells = true.astype(np.int64) * n_classes + predicted
    counts = np.bincount(cells, minlength=n_classes**2)
    return counts.reshape(n_classes, n_classes).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class PrecisionRecall:
    """The quality of each class, arrays (n_classes,); printed, it is a table.

    `precision` is the share of what was put in the class that belongs there, `recall`
    the share of what belongs there that was put there, `f1` their harmonic mean
    (van Rijsbergen 1979), `support` the number of examples of the class. A share of
    nothing is 0: the precision of a class that was never predicted, the recall of one
    without examples, and the F1 of a class that neither occurs nor is predicted.
    """

    precision: Vector
    recall: Vector
    f1: Vector
    support: Labels
    right: int
    """How many examples of all classes are right."""

    def __str__(self) -> str:
        lines = ["class  precision     recall         F1    support"]
        for k, (precision, recall, f1, support) in enumerate(
            zip(self.precision, self.recall, self.f1, self.support, strict=True)
        ):
            lines.append(f"{k:5}{precision:11.4f}{recall:11.4f}{f1:11.4f}{support:11}")
        n = int(self.support.sum())
        share = self.right / n if n else 0.0
        return "\n".join(
            [*lines, "", f"{self.right} of {n} right: accuracy {share:.4f}"]
        )


def precision_recall(matrix: npt.ArrayLike) -> PrecisionRecall:
    """Precision, recall, F1 and support of each class of a confusion matrix.

    ValueError for what is no square matrix of counts.
    """
    counts = np.asarray(matrix)
    if (
        counts.ndim != 2
        or counts.shape[0] != counts.shape[1]
        or not counts.size
        or counts.dtype.kind not in "iu"
        or counts.min() < 0
    ):
        raise ValueError(
            f"precision_recall: a square matrix of counts is needed, as "
            f"confusion_matrix gives, not {counts.dtype} of {counts.shape}: {matrix!r}"
        )
    right, support = np.diagonal(counts), counts.sum(axis=1)
    chosen = counts.sum(axis=0)
    return PrecisionRecall(
        precision=_share(right, chosen),
        recall=_share(right, support),
        f1=_share(2 * right, chosen + support),
        support=support.astype(np.int64),
        right=int(right.sum()),
    )


def _share(part: npt.NDArray[Any], whole: npt.NDArray[Any]) -> Vector:
    """Part of whole, and 0 of nothing."""
    shares = np.zeros(len(part))
    np.divide(part, whole, out=shares, where=whole > 0)
    return shares
