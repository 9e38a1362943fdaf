"""Files of one's own to learn from: tables as CSV, and arrays as NPZ.

Invariant: what is read is finite numbers, (n, n_inputs), and the name of each one's
class; whatever else is in a file is a ValueError that says where.
"""

from __future__ import annotations

import csv
import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from nn.cli.images import Frame
from nn.examples import Matrix, as_inputs

Numbers: TypeAlias = npt.NDArray[np.float64]
Names: TypeAlias = npt.NDArray[np.str_]

Read: TypeAlias = tuple[Matrix, Names, tuple[Matrix, Names] | None, Frame | None]
"""X and the names of the classes, the same of a test set, and the frame of images."""


def read_numbers(path: Path) -> tuple[Matrix, list[int]]:
    """The numbers in a CSV file, (n, n_inputs), and the line that each row is in.

    ValueError for what is no such file.
    """
    lines: list[int] = []
    rows: list[Numbers] = []
    for line, cells in _rows(path):
        if not lines and not any(map(_is_number, cells)):
            continue
        lines.append(line)
        rows.append(_numbers(cells, path, line))
    return _stacked(rows, path), lines


def read_csv(path: Path) -> Read:
    """The numbers in all columns but the last, and the classes in the last."""
    rows: list[Numbers] = []
    labels: list[str] = []
    for line, (*cells, label) in _rows(path):
        if not rows and not any(map(_is_number, cells)):
            continue
        rows.append(_numbers(cells, path, line))
        labels.append(label)
        if not label:
            raise ValueError(f"{path}, line {line}: there is no class at its end")
    # Names of columns may be numbers, such as those of pixels: then the class tells.
    if not any(map(_is_number, labels[:1])) and all(map(_is_number, labels[1:])):
        del rows[:1], labels[:1]
    return _stacked(rows, path), named(np.array(labels), path), None, None


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The lines of a CSV file that are not empty, all as wide as the first."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        try:
            first = file.readline()
            separator = next((mark for mark in ",;\t" if mark in first), ",")
            file.seek(0)
            reader = csv.reader(file, delimiter=separator)
            width = 0
            for row in reader:
                cells = [cell.strip() for cell in row]
                if not any(cells):
                    continue
                width = width or len(cells)
                if len(cells) != width:
                    raise ValueError(
                        f"line {reader.line_num} has {len(cells)} columns, and the "
                        f"first has {width}"
                    )
                yield reader.line_num, cells
        except (csv.Error, ValueError) as error:  # among them UnicodeDecodeError
            raise ValueError(f"{path} is no table: {error}") from error


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _numbers(cells: list[str], path: Path, line: int) -> Numbers:
    """A row of finite numbers."""
    for column, cell in enumerate(cells, start=1):
        if not (_is_number(cell) and math.isfinite(float(cell))):
            raise ValueError(
                f"{path}, line {line}, column {column}: {cell!r} is no finite number. "
                f"Give columns of numbers, and leave out rows that lack one."
            )
    return np.array(cells, dtype=np.float64)


def _stacked(rows: list[Numbers], path: Path) -> Matrix:
    if not rows or not rows[0].size:
        raise ValueError(
            f"{path} has no examples: give rows of numbers, with commas between and, "
            f"to train and to evaluate, the class last"
        )
    return np.stack(rows)


def read_npz(path: Path) -> Read:
    """The arrays X and y, or x_train and y_train, and perhaps X_test and y_test."""
    arrays = _arrays(path)
    X, frame = _inputs(arrays, ("x", "x_train"), path)
    labels = _labels(arrays, ("y", "y_train"), path)
    _check_lengths(X, labels, path)
    if "x_test" not in arrays and "y_test" not in arrays:
        return X, labels, None, frame
    X_test, _ = _inputs(arrays, ("x_test",), path)
    labels_test = _labels(arrays, ("y_test",), path)
    _check_lengths(X_test, labels_test, path)
    if X_test.shape[1] != X.shape[1]:
        raise ValueError(
            f"{path}: the examples to test on have {X_test.shape[1]} numbers, and the "
            f"others {X.shape[1]}"
        )
    return X, labels, (X_test, labels_test), frame


def _arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays in an archive, by their names in small letters."""
    with open(path, "rb") as file:
        if not zipfile.is_zipfile(file):
            raise ValueError(f"{path} is no .npz file, such as numpy.savez writes")
        file.seek(0)
        try:
            archive = np.load(file, allow_pickle=False)
            return {name.lower(): archive[name] for name in archive.files}
        except Exception as error:  # zipfile and NumPy raise all kinds of it
            raise ValueError(
                f"{path} holds no plain arrays, or it is damaged: "
                f"{type(error).__name__}: {error}"
            ) from error


def _inputs(
    arrays: Mapping[str, npt.NDArray[Any]], names: Sequence[str], path: Path
) -> tuple[Matrix, Frame | None]:
    """Examples, one a row; images, (n, height, width), are flattened.

    Grey levels in bytes become numbers from 0 to 1.
    """
    X = _array(arrays, names, path)
    if X.ndim == 4 and X.shape[3] == 1:
        X = X[..., 0]
    if X.ndim != 3:
        return as_inputs(X, str(path)), None
    if X.dtype == np.uint8:
        X = X / 255
    flat = as_inputs(X.reshape(len(X), -1), str(path))
    return flat, Frame(height=X.shape[1], width=X.shape[2])


def _labels(
    arrays: Mapping[str, npt.NDArray[Any]], names: Sequence[str], path: Path
) -> Names:
    y = _array(arrays, names, path)
    return named(y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y, path)


def _array(
    arrays: Mapping[str, npt.NDArray[Any]], names: Sequence[str], path: Path
) -> npt.NDArray[Any]:
    found = [arrays[name] for name in names if name in arrays]
    if not found:
        raise ValueError(
            f"{path} has no array {' or '.join(names)}, but {', '.join(arrays)}: save "
            f"it with numpy.savez(path, X=X, y=y)"
        )
    return found[0]


def _check_lengths(X: Matrix, labels: Names, path: Path) -> None:
    if len(X) != len(labels):
        raise ValueError(f"{path} has {len(X)} examples and {len(labels)} classes")


def named(labels: npt.NDArray[Any], path: Path) -> Names:
    """Labels as names: texts as they are, and whole numbers as `5`, never `5.0`."""
    if labels.dtype.kind == "U" and all(map(_is_number, labels)):
        return named(labels.astype(np.float64), path)
    if labels.dtype.kind == "U" and labels.ndim == 1:
        return labels
    if labels.dtype.kind not in "biuf" or labels.ndim != 1:
        raise ValueError(
            f"{path}: classes are whole numbers or names, one for each example, not "
            f"{labels.dtype} of {labels.shape}"
        )
    with np.errstate(invalid="ignore"):
        fits = (labels == np.floor(labels)) & (np.abs(labels) < 2**53)
    if not fits.all():
        raise ValueError(
            f"{path} has the class {labels[~fits][0]}: classes are whole numbers or "
            f"names"
        )
    return labels.astype(np.int64).astype(str)
