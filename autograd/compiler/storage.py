"""Recorded computations as bytes: a NumPy archive, in which nothing is executed.

An archive is an `.npz` file of plain arrays, which np.load(allow_pickle=False) reads:

- `format`, the number of the format, and `kind`, the class of what was saved;
- `counts`, how many inputs and parameters the tape has, and its `constants`;
- `operations`, the rows of the table that occur, by name and with their whole numbers;
- of each instruction `op`, its place among these, and `arity`, how many arguments it
  has; `args`, the numbers of all arguments one after the other; `outputs`;
- and what the class has to add.

A computation is what was recorded, not what it was compiled to: it is compiled anew
when it is read, for the machine that reads it.

    >>> from autograd.ops import TABLE
    >>> square = Tape.of(1, 0, [], [(TABLE["mul"], (0, 0))], [1])
    >>> content = unpacked(packed(Content("an example", square, {})), "it")
    >>> content.kind, content.tape.run([3.0], [])
    ('an example', [9.0])
"""

from __future__ import annotations

import io
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from autograd.compiler.tape import Tape
from autograd.files import write_whole
from autograd.ops import TABLE, Operation

if TYPE_CHECKING:
    from typing_extensions import Self

FORMAT = 1
"""The number of the format that is written, and the highest that is read."""


class Content(NamedTuple):
    """What an archive holds: the class that was saved, its tape, and what it adds."""

    kind: str
    tape: Tape
    more: Mapping[str, npt.NDArray[Any]]


class Saved(ABC):
    """What can be saved, pickled and copied, as it has a `content` and comes of one."""

    @abstractmethod
    def content(self) -> Content:
        """What there is to save."""

    @classmethod
    @abstractmethod
    def from_content(cls, content: Content) -> Self:
        """What was saved or pickled as this."""

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file, for `autograd.load_program`.

        The file is a NumPy archive (.npz) of the recorded operations, by name, and of
        numbers: nothing in it is executed when it is read, and no Python function is in
        it. It is there whole or not at all; OSError where it cannot be written.

        >>> import autograd, tempfile
        >>> f = autograd.compile_function(lambda x: x[0] * x[1].sin(), 2)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     f.save(f"{folder}/f.npz")
        ...     autograd.load_program(f"{folder}/f.npz").grad([3.0, 0.0])
        array([0., 3.])
        """
        write_whole(path, packed(self.content()))

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return _unpickled, (type(self), packed(self.content()))


def _unpickled(kind: type[Saved], archive: bytes) -> Saved:
    return kind.from_content(unpacked(archive, "the pickled program"))


def read(path: str | os.PathLike[str]) -> Content:
    """What the archive at `path` holds.

    ValueError for a file that is damaged, that something else has written or a newer
    version, and for an operation that this process does not know. OSError where the
    file cannot be read.
    """
    with open(path, "rb") as file:
        return unpacked(file.read(), os.fspath(path))


def packed(content: Content) -> bytes:
    """The archive as bytes."""
    tape = content.tape
    names = [" ".join([op.name, *map(str, op.static)]) for op in tape.table]
    arrays: dict[str, Any] = {
        "format": _whole([FORMAT]),
        "kind": np.array([content.kind]),
        "counts": _whole([tape.n_inputs, tape.n_parameters]),
        "constants": tape.constants,
        "operations": np.array(names, np.str_),
        "op": _whole(tape.codes),
        "arity": _whole(np.diff(tape.starts)),
        "args": _whole(tape.operands),
        "outputs": _whole(tape.outputs),
        **content.more,
    }
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def unpacked(archive: bytes, name: str) -> Content:
    """What the bytes of an archive hold; errors call it by name."""
    try:
        with np.load(io.BytesIO(archive), allow_pickle=False) as members:
            arrays = {member: members[member] for member in members.files}
    except Exception as error:  # zipfile and NumPy raise all kinds of it
        raise damaged(name, error) from error
    if not {"format", "kind", "operations"} <= arrays.keys():
        raise ValueError(
            f"{name} is no saved program: it was written by something else. Write one "
            f"with program.save(path)."
        )
    try:
        return _content(arrays, name)
    except _Refused as error:
        raise ValueError(f"{name} {error}") from None
    except Exception as error:
        raise damaged(name, error) from error


def damaged(name: str, error: object) -> ValueError:
    """The error for an archive that is not as it was written."""
    return ValueError(
        f"{name} is damaged, or is no saved program: {error}. Save it anew."
    )


class _Refused(Exception):
    """What is whole, and cannot be read here."""


def _content(arrays: dict[str, npt.NDArray[Any]], name: str) -> Content:
    """The content of an archive, once it is known to make sense."""
    (version,) = arrays.pop("format").tolist()
    if version > FORMAT:
        raise _Refused(
            f"has the format {version}, and this version of valuegrad reads formats up "
            f"to {FORMAT}. Install a newer version."
        )
    (kind,) = arrays.pop("kind").tolist()
    rows = [_row(words.split()) for words in arrays.pop("operations").tolist()]
    constants = arrays.pop("constants")
    whole = {
        key: arrays.pop(key) for key in ("counts", "op", "arity", "args", "outputs")
    }
    if constants.dtype != np.float64 or any(
        a.dtype != np.int64 for a in whole.values()
    ):
        raise ValueError("an array is of another type")
    n_inputs, n_parameters = whole["counts"].tolist()
    starts = np.concatenate([[0], np.cumsum(whole["arity"])])
    for name in ("op", "args", "outputs"):
        numbers = whole[name].astype(np.int32)
        if (numbers != whole[name]).any():
            raise ValueError("a number of it is too large")
        whole[name] = numbers
    tape = Tape(
        n_inputs,
        n_parameters,
        constants,
        tuple(rows),
        whole["op"],
        starts,
        whole["args"],
        whole["outputs"],
    )
    if min(n_inputs, n_parameters) < 0 or np.isnan(constants).any():
        raise ValueError("a number of it cannot be")
    tape.verify()
    return Content(kind, tape, arrays)


def _row(words: list[str]) -> Operation:
    """The row of the table of this name, with its whole numbers."""
    name, *static = words
    if name not in TABLE:
        raise _Refused(
            f"computes {name!r}, an operation that this process does not know. "
            f"Register it first, with autograd.operation({name!r}, ...), as in the "
            f"process that saved it."
        )
    return TABLE[name].at(*map(int, static))


def _whole(numbers: npt.ArrayLike) -> npt.NDArray[np.int64]:
    return np.array(numbers, np.int64)
