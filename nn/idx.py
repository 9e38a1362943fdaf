"""The IDX file format, in which MNIST and its relatives are published.

A file is two zero bytes, a type code, the number of dimensions, each dimension as a
big-endian 32-bit count, and then the numbers, last dimension fastest (LeCun, Cortes
and Burges, The MNIST database of handwritten digits).

Invariant: every byte is accounted for. What a header claims is compared with the bytes
that are there before anything is allocated for it, so an array that comes out is the
whole of its file and nothing else.

    images = read_idx("train-images-idx3-ubyte.gz")     # uint8 (60000, 28, 28)
"""

import gzip
import math
import os
import re
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["decompressed", "parse_idx", "read_idx"]

_GZIP_MAGIC = b"\x1f\x8b"
_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_MOST_DIMENSIONS = 32  # what every supported NumPy can hold
_REMEDY = "Put a fresh copy of the file in its place."


def read_idx(path: str | os.PathLike[str]) -> npt.NDArray[Any]:
    """Read one IDX file, plain or gzipped, into an array.

    Whether it is gzipped is read from its first bytes, not from its name. Where the
    name follows the convention `train-labels-idx1-ubyte`, the number after `idx` has to
    be the number of dimensions, so that images under a labels name are refused.

    Returns: an array in native byte order, of the file's own shape and type (uint8,
    int8, int16, int32, float32 or float64). There is no checksum in the format;
    `mnist` adds one.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the content is not exactly one IDX array, or is not what the file's
            name says; the message names the path, what was found and the remedy.
    """
    return parse_idx(decompressed(path), path)


def decompressed(path: str | os.PathLike[str]) -> bytes:
    """Return a file's bytes, after undoing gzip where it is gzipped.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it begins like a gzip file but does not decompress.
    """
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"read_idx: there is no file {os.fspath(path)}. Check the path; gzipped "
            "files usually end in .gz."
        ) from error
    if not content.startswith(_GZIP_MAGIC):
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _refusal(
            path, f"corrupt gzip data ({len(content)} bytes): {error}"
        ) from error


def parse_idx(content: bytes, path: str | os.PathLike[str]) -> npt.NDArray[Any]:
    """Turn the decompressed bytes of an IDX file into an array.

    `path` is not opened: it is what the errors name, and its last part says how many
    dimensions to expect where it follows the `idx3` convention.

    Raises:
        ValueError: as for `read_idx`.
    """
    if len(content) < 4:
        raise _refusal(path, f"truncated header: {len(content)} bytes of at least 8")
    zeros, code, n_dimensions = content[:2], content[2], content[3]
    if zeros != b"\0\0" or code not in _TYPES:
        known = ", ".join(f"{known:02x}" for known in _TYPES)
        raise _refusal(
            path,
            f"wrong magic number {content[:4].hex(' ')}: an IDX file begins with "
            f"00 00 and a type code (one of {known})",
        )
    if not 1 <= n_dimensions <= _MOST_DIMENSIONS:
        raise _refusal(
            path, f"{n_dimensions} dimensions, not between 1 and {_MOST_DIMENSIONS}"
        )
    start = 4 + 4 * n_dimensions
    if len(content) < start:
        raise _refusal(
            path,
            f"truncated header: {len(content)} bytes of the {start} that "
            f"{n_dimensions} dimensions take",
        )
    shape = struct.unpack(f">{n_dimensions}I", content[4:start])
    _check_name(path, shape)

    dtype = np.dtype(_TYPES[code])
    expected = math.prod(shape) * dtype.itemsize
    found = len(content) - start
    if found != expected:
        fault = "truncated body" if found < expected else "trailing bytes"
        raise _refusal(
            path,
            f"{fault}: the header says {shape} of {dtype.newbyteorder('=').name}, "
            f"{expected} bytes, and {found} follow it",
        )
    try:
        array = np.frombuffer(content, dtype, offset=start).reshape(shape)
    except ValueError as error:  # empty, yet with dimensions that NumPy cannot index
        raise _refusal(path, f"impossible shape {shape}: {error}") from error
    return array.astype(dtype.newbyteorder("="))


def _check_name(path: str | os.PathLike[str], shape: tuple[int, ...]) -> None:
    """Refuse a shape that contradicts the `idx3` of a conventional file name."""
    claim = re.search(r"[-.]idx(\d+)-", Path(path).name)
    if claim is None or int(claim[1]) == len(shape):
        return
    raise _refusal(
        path,
        f"mislabelled: the name says {claim[1]} dimension(s) (idx3 for images, idx1 "
        f"for labels), the content has {len(shape)}: {shape}",
        "Give the file its right name, or put a fresh copy in its place.",
    )


def _refusal(
    path: str | os.PathLike[str], finding: str, remedy: str = _REMEDY
) -> ValueError:
    return ValueError(f"read_idx: {os.fspath(path)}: {finding}. {remedy}")
