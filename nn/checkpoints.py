"""Models and runs of training as files: NumPy archives, whole or not there at all.

An archive is an `.npz` file of uncompressed arrays, which `np.load` reads as well, with
the parameters under `model/`. Its first member, `header`, is JSON as bytes: what the
model is, and where training was. The archive's comment has the number of the format
and the SHA-256 of all names and contents, so that what is damaged is refused.

Nothing in an archive is ever executed: there is no pickle, and a model is built by name
from the classes in BUILDERS alone. Reading takes memory in proportion to the file's
size, whatever the file says of itself.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     save(MLP(2, [4, 1], "tanh"), f"{folder}/model.npz")
    ...     load(f"{folder}/model.npz")
    MLP(2, [4, 1], activation='tanh', output_activation=None)
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from autograd import Value
from autograd.files import write_whole
from nn.layers import MLP, Layer, Neuron, Perceptron
from nn.module import Module, description
from nn.regularization import Dropout

Arrays: TypeAlias = dict[str, npt.NDArray[Any]]
Path: TypeAlias = str | os.PathLike[str]

FORMAT = 1
"""The number of the format that is written, and the highest that is read."""

HEADER = "header"
FLOATS, INTEGERS, BYTES = "<f8", "<i8", "|u1"
"""The types of arrays; only the header's text is of the last."""

LONGEST_NPY_HEADER = 1000
"""Bytes: what says the shape of an array is about 128."""


class CheckpointError(ValueError):
    """A file that is no archive of valuegrad's, is damaged, or does not fit."""


class Parts(Module):
    """Several modules as one, to be saved together."""

    def __init__(self, parts: Sequence[Module]) -> None:
        self.parts = list(parts)


def save(model: Module | Sequence[Module], path: Path) -> None:
    """Write a model, or a list of models, to an archive at `path`.

    What there is of nn's own classes, `load` builds again. Of a class of your own the
    parameters are saved, for `model.load_state_dict(load_state(path))`. The file is
    there whole or not at all: OSError where it cannot be written, and then what was
    there is there still.
    """
    if isinstance(model, (str, os.PathLike)):
        raise TypeError("save: the model comes first: nn.save(model, path)")
    model = model if isinstance(model, Module) else Parts(model)
    header = {"model": blueprint(model), "training": None}
    write_whole(path, packed(header, under("model", model.state_dict())))


def load(path: Path) -> Any:
    """Build the model, or the list of models, that `save` or a checkpoint has written.

    CheckpointError for a file that is no such archive or is damaged, and for a model
    that cannot be built from its description: see `load_state`. OSError where the file
    cannot be read.
    """
    header, arrays = read(path)
    state = part("model", arrays)
    with refused(path):
        model = _built(path, header["model"], state)
        model.load_state_dict(state)
    return model.parts if isinstance(model, Parts) else model


def load_state(path: Path) -> Arrays:
    """The parameters in an archive, by name, for a model's `load_state_dict`.

    CheckpointError for a file that is no such archive or is damaged. OSError where the
    file cannot be read.
    """
    return part("model", read(path)[1])


# --- models as descriptions ----------------------------------------------------------


def blueprint(model: Module) -> dict[str, Any]:
    """What to build to have a model of this structure: its class and its settings.

    The settings are None where there is no saying it: for a class that is not in
    BUILDERS, and for a model that was changed after it was made.
    """
    found = description(model)
    try:
        same = _structure(_from_description(found)) == _structure(model)
    except (ValueError, TypeError, KeyError):
        same = False
    return found if same else {**found, "settings": None}


def _built(path: Path, found: Any, state: Arrays) -> Module:
    """The model of a description, if it is no larger than the state that is there."""
    if found["settings"] is None:
        raise CheckpointError(
            f"load: {path} holds the parameters of a {found['class']}, which is none "
            f"of nn's own classes or was changed after it was made. Build it, then "
            f"model.load_state_dict(nn.load_state({str(path)!r}))."
        )
    there = sum(array.size for array in state.values())
    needed = _size(found)
    if needed > there:
        raise CheckpointError(
            f"load: {path} describes a model of {needed} weights and more, and holds "
            f"{there} numbers. Use another copy of it."
        )
    return _from_description(found)


def _from_description(found: Any) -> Module:
    """Build what `blueprint` has described. ValueError for what is not ours."""
    builder = BUILDERS.get(found["class"])
    if builder is None or found["settings"] is None:
        raise ValueError(f"there is no way to build a {found['class']}")
    parts = {name: _from_json(thing) for name, thing in found["settings"].items()}
    return builder[0](**parts)


def _from_json(thing: Any) -> Any:
    """A setting: descriptions of modules become modules."""
    if isinstance(thing, list):
        return [_from_json(part) for part in thing]
    return _from_description(thing) if isinstance(thing, dict) else thing


def _size(found: Any) -> int:
    """How many weights, biases left out, the model of a description has."""
    builder = BUILDERS.get(found["class"])
    if builder is None:
        raise ValueError(f"there is no way to build a {found['class']}")
    return builder[1](**found["settings"])


def _dense(*sizes: Any) -> int:
    """The number of weights between layers of these sizes."""
    if not all(type(size) is int and size > 0 for size in sizes):
        raise ValueError(f"the sizes of layers are whole numbers, not {sizes!r}")
    return sum(n * m for n, m in pairwise(sizes))


BUILDERS: dict[str, tuple[Callable[..., Module], Callable[..., int]]] = {
    "MLP": (MLP, lambda n_inputs, layer_sizes, **_: _dense(n_inputs, *layer_sizes)),
    "Layer": (Layer, lambda n_inputs, n_outputs, **_: _dense(n_inputs, n_outputs)),
    "Neuron": (Neuron, lambda n_inputs, **_: _dense(n_inputs, 1)),
    "Perceptron": (Perceptron, lambda n_inputs, **_: _dense(n_inputs, 1)),
    "Dropout": (Dropout, lambda **_: 0),
    "Parts": (Parts, lambda parts: sum(map(_size, parts))),
}
"""What can be built from a file, and the number of weights that its settings ask for,
which is held against what is there before anything is allocated."""


def _structure(thing: Any) -> Any:
    """What makes two models the same but for the numbers that their parameters have."""
    if isinstance(thing, Value):
        return Value
    if isinstance(thing, Module):
        held = {k: v for k, v in vars(thing).items() if k != "_settings"}
        return type(thing), _structure(held)
    if isinstance(thing, dict):
        return {name: _structure(part) for name, part in thing.items()}
    if isinstance(thing, (list, tuple)):
        return [_structure(part) for part in thing]
    return thing


# --- archives ------------------------------------------------------------------------


def under(name: str, arrays: Mapping[str, npt.ArrayLike]) -> Arrays:
    """The arrays with `name/` before their names; `part` is the way back."""
    found = {}
    for inner, array in arrays.items():
        kind = INTEGERS if np.asarray(array).dtype.kind == "i" else FLOATS
        found[f"{name}/{inner}"] = np.asarray(array, kind, order="C")
    return found


def part(name: str, arrays: Arrays) -> Arrays:
    """The arrays whose names start with `name/`, without that."""
    start = len(name) + 1
    return {k[start:]: a for k, a in arrays.items() if k.startswith(f"{name}/")}


def packed(header: Mapping[str, Any], arrays: Arrays) -> bytes:
    """The archive of a header, which JSON can hold, and of arrays by name."""
    text = np.frombuffer(json.dumps(header).encode(), BYTES)
    contents = {f"{k}.npy": _npy(a) for k, a in {HEADER: text, **arrays}.items()}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in contents.items():
            member = zipfile.ZipInfo(name)
            if member.filename != name:
                raise ValueError(f"{name!r} cannot be the name of an array in a file")
            archive.writestr(member, content)
        archive.comment = f"valuegrad {FORMAT} {_digest_of(contents)}".encode()
    return file.getvalue()


def read(path: Path) -> tuple[dict[str, Any], Arrays]:
    """The header and the arrays of an archive.

    CheckpointError for anything but a whole archive of this format or an older one.
    OSError where the file cannot be read.
    """
    with open(path, "rb") as file, refused(path), zipfile.ZipFile(file) as archive:
        expected = _expected_digest(path, archive)
        contents = _contents(archive, os.fstat(file.fileno()).st_size)
        if _digest_of(contents) != expected:
            raise ValueError("its contents are not those that were written")
        arrays = {k.removesuffix(".npy"): _array(c) for k, c in contents.items()}
        header = json.loads(arrays.pop(HEADER).tobytes())
        if not isinstance(header, dict) or header.keys() != {"model", "training"}:
            raise ValueError("its header is another one")
        return header, {
            k: a.astype(a.dtype.newbyteorder("=")) for k, a in arrays.items()
        }


@contextmanager
def refused(path: Path) -> Iterator[None]:
    """Inside this block, whatever goes wrong says that the file is no good."""
    try:
        yield
    except CheckpointError:
        raise
    except Exception as error:  # zipfile, json and NumPy raise all kinds of it
        raise CheckpointError(
            f"{path} is no archive that valuegrad can read, or it is damaged: "
            f"{type(error).__name__}: {error}"
        ) from error


def _expected_digest(path: Path, archive: zipfile.ZipFile) -> str:
    """The SHA-256 in the archive's comment, if its format can be read."""
    found = re.fullmatch(
        rb"valuegrad ([1-9][0-9]{0,8}) ([0-9a-f]{64})", archive.comment
    )
    if found is None:
        raise ValueError("it was not written by valuegrad")
    if int(found[1]) > FORMAT:
        raise CheckpointError(
            f"{path} has the format {int(found[1])}, and this version of valuegrad "
            f"reads formats up to {FORMAT}. Install a newer version."
        )
    return found[2].decode()


def _contents(archive: zipfile.ZipFile, size: int) -> dict[str, bytes]:
    """The bytes of every member, once it is known that they fit in the file."""
    members = archive.infolist()
    plain = all(
        member.compress_type == zipfile.ZIP_STORED
        and member.compress_size == member.file_size
        for member in members
    )
    if not plain or sum(member.file_size for member in members) > size:
        raise ValueError("its members are compressed or larger than the file")
    if len({member.filename for member in members}) != len(members):
        raise ValueError("a name is there twice")
    return {member.filename: archive.read(member) for member in members}


def _digest_of(contents: Mapping[str, bytes]) -> str:
    """The SHA-256 of the format, and of all names and contents and their lengths."""
    digest = hashlib.sha256(f"valuegrad {FORMAT}".encode())
    for name, content in contents.items():
        for thing in (name.encode(), content):
            digest.update(len(thing).to_bytes(8, "little") + thing)
    return digest.hexdigest()


def _npy(array: npt.NDArray[Any]) -> bytes:
    """An array as the contents of an .npy file."""
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=(1, 0), allow_pickle=False)
    return file.getvalue()


def _array(content: bytes) -> npt.NDArray[Any]:
    """The array in the contents of an .npy file, which are all there is of it."""
    file = io.BytesIO(content)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("an array is in another version of NumPy's format")
    shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(
        file, max_header_size=LONGEST_NPY_HEADER
    )
    numbers = content[file.tell() :]
    if dtype.str not in (FLOATS, INTEGERS, BYTES) or fortran_order:
        raise ValueError(f"an array is of the type {dtype.str}")
    if any(n < 0 for n in shape) or math.prod(shape) * dtype.itemsize != len(numbers):
        raise ValueError(f"an array of {shape} has {len(numbers)} bytes")
    array = np.frombuffer(numbers, dtype).reshape(shape)
    return array.astype(dtype.newbyteorder("="))  # a copy, of the machine's own kind
