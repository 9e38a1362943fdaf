"""The data that a network learns from: nn's sets by name, and files of one's own.

Invariant: classes are the indices of `classes`, their names, which are what the data
call them: `5`, `iris`. The names of nn's own digits are the digits. What part of the
data is held out depends on nothing but the data and the shares, so that runs with
different seeds are tested on the same examples.

    >>> data = load("xor")
    >>> data.n_inputs, data.classes
    (2, ('0', '1'))
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

import nn
from nn.cli.images import DIGITS, MNIST, Frame
from nn.cli.tables import Names, read_csv, read_npz
from nn.examples import Matrix

Examples: TypeAlias = tuple[Matrix, npt.NDArray[np.int64]]
"""X, (n, n_inputs), and the index of each one's class, (n,)."""

VALIDATION, TEST = 0.1, 0.2
"""The shares that are held out unless others are asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """Examples, and what is known of them."""

    name: str
    """How the command line names them; the absolute path of a file."""
    examples: Examples
    test: Examples | None
    """The test set that the data bring along."""
    classes: tuple[str, ...]
    frame: Frame | None
    """How they were prepared, if they are images."""
    divisible: bool = True
    """False for a truth table: without one of its rows there is nothing to learn."""
    fingerprint: str = ""
    """The SHA-256 of the file."""

    @property
    def n_inputs(self) -> int:
        """How many numbers an example has."""
        return int(self.examples[0].shape[1])

    @property
    def title(self) -> str:
        """What people call them."""
        return Path(self.name).name


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Data, divided: to learn from, to watch while learning, and to test on."""

    training: Examples
    validation: Examples | None
    test: Examples


def load(name: str, classes: Sequence[str] | None = None) -> Data:
    """The data of a name, or in a file; with indices of `classes`, if they are given.

    ValueError for names and files that are no data; OSError where a file, or MNIST,
    cannot be had.
    """
    if name in SETS:
        data = SETS[name]()
        return data if classes is None else _renamed(data, tuple(classes))
    path = Path(name)
    readers = {".csv": read_csv, ".npz": read_npz}
    if path.suffix.lower() not in readers:
        raise ValueError(
            f"there are no data named {path.name!r}: choose from {', '.join(SETS)}, or "
            f"give a file, .csv or .npz"
        )
    X, labels, test, frame = readers[path.suffix.lower()](path)
    found = _class_names([labels, *([test[1]] if test else [])], path)
    known = tuple(classes) if classes is not None else found
    held_out = (test[0], _indices(test[1], known, path)) if test else None
    return Data(
        os.path.abspath(path),
        (X, _indices(labels, known, path)),
        held_out,
        known,
        frame,
        fingerprint=hashlib.sha256(path.read_bytes()).hexdigest(),
    )


def divided(data: Data, validation: float | None, test: float | None) -> Parts:
    """The data in parts, by these shares or the usual ones; see `Parts`."""
    X, y = data.examples
    if not data.divisible:
        if validation or test:
            raise ValueError(
                f"{data.title} has {len(X)} rows, and all of them are needed to learn "
                f"it: leave --validation and --test out"
            )
        return Parts(data.examples, None, data.examples)
    if data.test is not None and test is not None:
        raise ValueError(f"{data.title} has a test set of its own: leave --test out")
    n = len(X)
    order = np.random.default_rng(0).permutation(n)
    n_test = 0 if data.test else _held_out(n, TEST if test is None else test)
    share = VALIDATION if validation is None else validation
    n_validation = _held_out(n - n_test, share) if share else 0
    if n_test + n_validation >= n:
        raise ValueError(
            f"{data.title} has {n} examples: after {n_test} to test on and "
            f"{n_validation} to validate none is left to learn from"
        )
    tested, watched, learned = np.split(order, [n_test, n_test + n_validation])
    return Parts(
        (X[learned], y[learned]),
        (X[watched], y[watched]) if n_validation else None,
        data.test or (X[tested], y[tested]),
    )


def _held_out(n: int, share: float) -> int:
    """So many of n examples: at least one."""
    return max(1, round(share * n))


# --- nn's own sets -------------------------------------------------------------------

TEN = tuple("0123456789")


def _mnist() -> Data:
    training, test = nn.data.mnist()
    return Data("mnist", training, test, TEN, MNIST)


def _digits() -> Data:
    training, test = nn.data.digits()
    return Data("digits", training, test, TEN, DIGITS)


def _moons() -> Data:
    return Data("moons", nn.data.moons(1000, noise=0.2), None, ("0", "1"), None)


def _gate(name: str) -> Callable[[], Data]:
    def truth_table() -> Data:
        X, y = nn.data.logic_gate(name)
        table = X, y.astype(np.int64)
        return Data(name, table, None, ("0", "1"), None, divisible=False)

    return truth_table


GATES = ("and", "or", "xor", "nand", "nor", "xnor")
SETS: Mapping[str, Callable[[], Data]] = {
    "mnist": _mnist,
    "digits": _digits,
    "moons": _moons,
    **{gate: _gate(gate) for gate in GATES},
}
"""What reads, or computes, the set of a name."""


# --- classes -------------------------------------------------------------------------


def _class_names(labels: Sequence[Names], path: Path) -> tuple[str, ...]:
    """All names that occur, numbers in their order and before other names."""
    found = {str(name) for part in labels for name in np.unique(part)}
    if len(found) < 2:
        raise ValueError(
            f"{path} has the class {', '.join(found)} only: there have to be two or "
            f"more to tell apart"
        )
    return tuple(sorted(found, key=_order))


def _order(name: str) -> tuple[bool, int, str]:
    """Where a name belongs: numbers first, by size."""
    try:
        return False, int(name), name
    except ValueError:
        return True, 0, name


def _indices(
    labels: Names, classes: tuple[str, ...], path: Path
) -> npt.NDArray[np.int64]:
    """The index of each label among the classes."""
    names, places = np.unique(labels, return_inverse=True)
    unknown = [str(name) for name in names if name not in classes]
    if unknown:
        raise ValueError(
            f"{path} has the class {unknown[0]!r}, and the network knows "
            f"{', '.join(classes)}"
        )
    index = np.array([classes.index(str(name)) for name in names], dtype=np.int64)
    return index[places]


def _renamed(data: Data, classes: tuple[str, ...]) -> Data:
    """One of nn's own sets, with the indices of these classes."""

    def indices(examples: Examples) -> Examples:
        X, y = examples
        return X, _indices(np.array(data.classes)[y], classes, Path(data.name))

    test = None if data.test is None else indices(data.test)
    return Data(
        data.name,
        indices(data.examples),
        test,
        classes,
        data.frame,
        data.divisible,
    )
