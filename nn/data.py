"""Data sets to learn from, from four rows to seventy thousand.

Invariant: `X` is float with one example a row, `y` has one entry a row of `X`, and the
same arguments give the same arrays. Only NumPy is needed to import this; scikit-learn
(for `digits`) and pooch (for downloading `mnist`) come with the extra `train`.

    X, y = logic_gate("xor")
    (X_train, y_train), (X_test, y_test) = mnist()
    X_train = shrink(X_train, 2)                 # 28x28 pixels -> 14x14
"""

import hashlib
import math
import os
import tempfile
from numbers import Integral, Real
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from nn.idx import decompressed, parse_idx, read_idx

__all__ = [
    "digits",
    "logic_gate",
    "mnist",
    "moons",
    "one_hot",
    "read_idx",
    "shifted",
    "shrink",
]

Floats: TypeAlias = npt.NDArray[np.float64]
Labels: TypeAlias = npt.NDArray[np.int64]

# --- sets that are computed ----------------------------------------------------------

_GATES = {
    "and": (0, 0, 0, 1),
    "or": (0, 1, 1, 1),
    "xor": (0, 1, 1, 0),
    "nand": (1, 1, 1, 0),
    "nor": (1, 0, 0, 0),
    "xnor": (1, 0, 0, 1),
}


def logic_gate(name: str) -> tuple[Floats, Floats]:
    """Return the truth table of a gate with two inputs.

    `name` is one of "and", "or", "xor", "nand", "nor", "xnor", in any case.

    Returns: X, float64 (4, 2), rows 00, 01, 10, 11; y, float64 (4,), 0.0 or 1.0.

    Raises:
        ValueError: there is no such gate.

    >>> X, y = logic_gate("xor")
    >>> X.tolist()
    [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    >>> y.tolist()
    [0.0, 1.0, 1.0, 0.0]
    """
    outputs = _GATES.get(name.lower()) if isinstance(name, str) else None
    if outputs is None:
        raise ValueError(
            f"logic_gate: no gate {name!r}; choose from {', '.join(_GATES)}"
        )
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float64)
    return X, np.array(outputs, dtype=np.float64)


def moons(n: int = 100, noise: float = 0.1, seed: int = 0) -> tuple[Floats, Labels]:
    """Draw two interleaving half circles, one a class, in shuffled order.

    With t evenly spaced over [0, π], class 0 is (cos t, sin t) and class 1 is
    (1 - cos t, 1/2 - sin t); each coordinate then gets normal noise with the standard
    deviation `noise`. Where `n` is odd, class 0 has the one more.

    Returns: X, float64 (n, 2); y, int64 (n,), 0 or 1.

    Raises:
        TypeError: `n` or `seed` is not an integer, or `noise` is not a number.
        ValueError: `n` < 2, `seed` < 0, or `noise` is negative or not finite.

    >>> X, y = moons(n=5, noise=0)
    >>> X.shape, sorted(y.tolist())
    ((5, 2), [0, 0, 0, 1, 1])
    """
    n = _integer("moons", "n", n, least=2)
    generator = np.random.default_rng(_integer("moons", "seed", seed, least=0))
    if isinstance(noise, bool) or not isinstance(noise, Real):
        raise TypeError(f"moons: noise has to be a number, not {noise!r}")
    if not (math.isfinite(noise) and noise >= 0):
        raise ValueError(f"moons: noise has to be finite and at least 0, not {noise!r}")
    upper = np.linspace(0, np.pi, n - n // 2)
    lower = np.linspace(0, np.pi, n // 2)
    X = np.concatenate(
        [
            np.column_stack([np.cos(upper), np.sin(upper)]),
            np.column_stack([1 - np.cos(lower), 0.5 - np.sin(lower)]),
        ]
    )
    y = np.repeat(np.array([0, 1], dtype=np.int64), [len(upper), len(lower)])
    X += float(noise) * generator.standard_normal(X.shape)
    order = generator.permutation(n)
    return X[order], y[order]


# --- handwritten digits --------------------------------------------------------------


def digits(seed: int = 0) -> tuple[tuple[Floats, Labels], tuple[Floats, Labels]]:
    """Return scikit-learn's 1,797 scans of handwritten digits, 8x8 pixels each.

    They ship inside scikit-learn, so that no network is needed. The rows are shuffled
    with `np.random.default_rng(seed).permutation(1797)`; of these, the last
    359 = 1797 // 5 are the test set and the 1,438 before them the training set.

    Returns: (X_train, y_train), (X_test, y_test): X float64 (n, 64), the grey levels
    0..16 divided by 16; y int64 (n,), 0 to 9.

    Raises:
        ImportError: scikit-learn is not installed.
        TypeError, ValueError: `seed` is not an integer of at least 0.

    >>> (X_train, y_train), (X_test, y_test) = digits()
    >>> X_train.shape, X_test.shape
    ((1438, 64), (359, 64))
    """
    seed = _integer("digits", "seed", seed, least=0)
    try:
        from sklearn.datasets import load_digits  # type: ignore[import,unused-ignore]
    except ImportError as error:
        raise ImportError(
            "digits: the scans are part of scikit-learn, which cannot be imported "
            f'({error}). Install it with: pip install "valuegrad[train]"'
        ) from error
    pixels, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(labels))
    X = pixels[order].astype(np.float64) / 16
    y = labels[order].astype(np.int64)
    n_train = len(y) - len(y) // 5
    return (X[:n_train], y[:n_train]), (X[n_train:], y[n_train:])


_SHA256 = {  # of the decompressed bytes: gzip files of the same bytes may differ
    "train-images-idx3-ubyte": (
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
    ),
    "train-labels-idx1-ubyte": (
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
    ),
    "t10k-images-idx3-ubyte": (
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
    ),
    "t10k-labels-idx1-ubyte": (
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
    ),
}
_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
_TIMEOUT = (3, 15)  # seconds to connect, seconds between two pieces
_VARIABLE = "VALUEGRAD_DATA"
_WAYS_OUT = (
    f"Put the four MNIST files into a folder and set {_VARIABLE} to it, or use "
    "digits(), which needs no network."
)


def mnist(
    folder: str | os.PathLike[str] | None = None,
    download: bool = True,
    *,
    dtype: npt.DTypeLike = np.float64,
) -> tuple[tuple[npt.NDArray[Any], Labels], tuple[npt.NDArray[Any], Labels]]:
    """Return MNIST: 60,000 handwritten digits to train on and 10,000 to test on.

    The four files are looked for in the first of these places that applies:

    1. the argument `folder`;
    2. the folder that the environment variable VALUEGRAD_DATA names, unless empty;
    3. the user's cache, `pooch.os_cache("valuegrad")`; files that are missing there are
       downloaded into it from public mirrors (11 MB), unless `download` is false.

    A folder that was named, 1 or 2, is read or refused: nothing is downloaded into it
    and no other place is tried. In each place the files may be in the folder itself or
    in `mnist/` below it; plain or gzipped; `train-images-idx3-ubyte` or, with a dot,
    `train-images.idx3-ubyte`. The decompressed bytes are always checked against their
    SHA-256; for other sets in this format, such as Fashion-MNIST, use `read_idx`.

    Returns: (X_train, y_train), (X_test, y_test): X (n, 784) of `dtype`, the grey
    levels 0..255 divided by 255; y int64 (n,), 0 to 9. The two X take 439 MB in
    float64 and 220 MB in float32, and some 50 MB more while they are read.

    Raises:
        FileNotFoundError: a file is missing where it was looked for, or pooch is not
            installed and no folder was named.
        ConnectionError: no mirror could be reached. Like FileNotFoundError it is an
            OSError, so `except OSError` is where to fall back to `digits()`.
        ValueError: a file, downloaded or not, is not the one of MNIST, or its labels
            do not fit its images. Of a download nothing is kept.
        TypeError: `dtype` is not a floating type.

    >>> (X_train, y_train), (X_test, y_test) = mnist()      # doctest: +SKIP
    """
    dtype = np.dtype(dtype)
    if dtype.kind != "f":
        raise TypeError(f"mnist: dtype has to be floating, not {dtype.name}")
    paths = _locate(folder, download)
    return _examples("train", paths, dtype), _examples("t10k", paths, dtype)


def _examples(
    part: str, paths: dict[str, Path], dtype: np.dtype[Any]
) -> tuple[npt.NDArray[Any], Labels]:
    """Read one half of MNIST: X (n, pixels) in [0, 1] and y (n,)."""
    images_name, labels_name = f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"
    labels = _read_checked(paths[labels_name], labels_name)
    images = _read_checked(paths[images_name], images_name)
    if len(images) != len(labels):
        raise ValueError(
            f"mnist: {paths[images_name]} has {len(images)} images and "
            f"{paths[labels_name]} has {len(labels)} labels. Put fresh copies of both "
            "files in their place."
        )
    _check_labels(f"mnist: {paths[labels_name]}", labels, 10)
    X = images.reshape(len(images), math.prod(images.shape[1:])).astype(dtype)
    X /= 255
    return X, labels.astype(np.int64)


def _read_checked(path: Path, name: str) -> npt.NDArray[Any]:
    """Read the file at `path`, which has to be the one that is published as `name`."""
    content = decompressed(path)
    array = parse_idx(content, path)
    found = hashlib.sha256(content).hexdigest()
    if found != _SHA256[name]:
        twin = next((twin for twin, known in _SHA256.items() if known == found), None)
        hint = f" (that is {twin} under another name)" if twin else ""
        raise ValueError(
            f"mnist: {path} is not MNIST's {name}: the SHA-256 of its decompressed "
            f"bytes has to be {_SHA256[name]} and is {found}{hint}. Put a fresh copy "
            "in its place (in the cache: delete it and call again); for another data "
            "set in this format use read_idx."
        )
    return array


def _locate(folder: str | os.PathLike[str] | None, download: bool) -> dict[str, Path]:
    """Find the four files, by their published names; download what is missing."""
    source = "the argument `folder`"
    if folder is None:
        source = f"the environment variable {_VARIABLE}"
        folder = os.environ.get(_VARIABLE) or None
    if folder is not None:
        return _find_all(
            Path(folder).expanduser(),
            f"The folder was named by {source}, so nothing is downloaded: put the "
            "files there, or name no folder to use the cache, or use digits().",
        )
    try:
        import pooch  # type: ignore[import,unused-ignore]
    except ImportError as error:
        raise FileNotFoundError(
            "mnist: no folder was named, and the cache and the download need pooch, "
            f"which cannot be imported ({error}). Install it with: "
            f'pip install "valuegrad[train]". {_WAYS_OUT}'
        ) from error
    cache = Path(pooch.os_cache("valuegrad"))
    if not download:
        return _find_all(cache, f"Call mnist(download=True). {_WAYS_OUT}")
    fetch = pooch.HTTPDownloader(timeout=_TIMEOUT)
    return {
        name: _find(cache, name) or _download(name, cache / "mnist", fetch)
        for name in _SHA256
    }


def _find_all(folder: Path, remedy: str) -> dict[str, Path]:
    paths = {name: _find(folder, name) for name in _SHA256}
    found = {name: path for name, path in paths.items() if path is not None}
    if len(found) < len(paths):
        missing = ", ".join(name for name in paths if name not in found)
        state = "" if folder.is_dir() else " (there is no such folder)"
        raise FileNotFoundError(
            f"mnist: {missing} not found, plain or as .gz, in {folder}{state} or in "
            f"its subfolder mnist. {remedy}"
        )
    return found


def _find(folder: Path, name: str) -> Path | None:
    """Return where the file published as `name` is, in any accepted spelling."""
    dotted = name.replace("-idx", ".idx")
    for place in (folder, folder / "mnist"):
        for spelling in (f"{name}.gz", name, f"{dotted}.gz", dotted):
            if (place / spelling).is_file():
                return place / spelling
    return None


def _download(name: str, folder: Path, fetch: Any) -> Path:
    """Download and check one file; only a right one ever appears in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{name}.gz"
    failures: list[str] = []
    wrong_content: ValueError | None = None
    for mirror in _MIRRORS:
        url = mirror + target.name
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            partial = Path(scratch) / target.name
            try:
                fetch(url, str(partial), None)
                _read_checked(partial, name)
                return partial.replace(target)
            except OSError as error:  # every failure of requests is one
                failures.append(f"{url}: {error}")
            except ValueError as error:
                failures.append(f"{url}: {error}")
                wrong_content = error
    report = "\n  ".join([f"mnist: {target.name} could not be downloaded:", *failures])
    if wrong_content is not None:
        raise ValueError(f"{report}\n{_WAYS_OUT}") from wrong_content
    raise ConnectionError(f"{report}\n{_WAYS_OUT}")


# --- shapes --------------------------------------------------------------------------


def shrink(X: npt.ArrayLike, factor: int = 2) -> npt.NDArray[Any]:
    """Shrink square images by averaging blocks of factor x factor pixels.

    `X` is (n, side * side), one image a row, its pixels row by row.

    Returns: float (n, (side / factor) ** 2), of X's type where that is floating, else
    float64.

    Raises:
        TypeError: `X` is not numeric, or `factor` is not an integer.
        ValueError: `X` is not (n, side * side), or `factor` does not divide `side`.

    >>> shrink([[1, 3, 5, 7, 1, 3, 5, 7, 0, 0, 0, 0, 0, 0, 0, 4]]).tolist()
    [[2.0, 6.0, 0.0, 1.0]]
    """
    factor = _integer("shrink", "factor", factor, least=1)
    images = _squares("shrink", X)
    n, side, _ = images.shape
    if side % factor:
        divisors = [d for d in range(1, side + 1) if side % d == 0]
        raise ValueError(
            f"shrink: factor {factor} does not divide the side {side} of the images; "
            f"choose from {divisors}"
        )
    small = side // factor
    blocks = images.reshape(n, small, factor, small, factor)
    shrunk: npt.NDArray[Any] = blocks.mean(axis=(2, 4)).reshape(n, small * small)
    return shrunk


def shifted(X: npt.ArrayLike) -> npt.NDArray[Any]:
    """Square images, and the same moved by one pixel down, up, right and left.

    `X` is (n, side * side), one image a row, its pixels row by row. What moves in at an
    edge is 0. The labels that belong to the result are `np.tile(y, 5)`.

    Returns: (5 * n, side * side), of X's type.

    Raises:
        TypeError: `X` is not numeric.
        ValueError: `X` is not (n, side * side).

    >>> shifted([[1, 2, 3, 4]]).tolist()
    [[1, 2, 3, 4], [0, 0, 1, 2], [3, 4, 0, 0], [0, 1, 0, 3], [2, 0, 4, 0]]
    """
    images = _squares("shifted", X)
    side = images.shape[1]
    framed = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    corners = [(1, 1), (0, 1), (2, 1), (1, 0), (1, 2)]
    moved = [framed[:, i : i + side, j : j + side] for i, j in corners]
    return np.concatenate(moved).reshape(-1, side * side)


def _squares(operation: str, X: npt.ArrayLike) -> npt.NDArray[Any]:
    """Images given as rows of pixels, as (n, side, side)."""
    images = np.asarray(X)
    if images.dtype.kind not in "buif":
        raise TypeError(f"{operation}: X has to be numbers, not of type {images.dtype}")
    side = math.isqrt(images.shape[1]) if images.ndim == 2 else 0
    if side == 0 or side * side != images.shape[1]:
        raise ValueError(
            f"{operation}: X has to be (n, side * side), square images, not "
            f"{images.shape}"
        )
    return images.reshape(-1, side, side)


def one_hot(y: npt.ArrayLike, n_classes: int) -> Floats:
    """Turn class indices into rows that are 1 in the column of the class, else 0.

    `y` is (n,), integers in 0 .. n_classes - 1.

    Returns: float64 (n, n_classes).

    Raises:
        TypeError: `y` or `n_classes` is not of integers.
        ValueError: `y` is not one-dimensional, or a label is out of range; the message
            names the first such label and its row.

    >>> one_hot([2, 0], 3).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    n_classes = _integer("one_hot", "n_classes", n_classes, least=1)
    labels = np.asarray(y)
    if labels.ndim != 1:
        raise ValueError(f"one_hot: y has to be (n,), not {labels.shape}")
    if labels.size == 0:  # NumPy takes an empty list for floats
        return np.zeros((0, n_classes))
    if labels.dtype.kind not in "ui":
        raise TypeError(
            f"one_hot: y has to be integers, not {labels.dtype}; where it holds whole "
            "numbers, pass y.astype(int)"
        )
    _check_labels("one_hot", labels, n_classes)
    rows = np.zeros((len(labels), n_classes))
    rows[np.arange(len(labels)), labels] = 1
    return rows


def _check_labels(operation: str, labels: npt.NDArray[Any], n_classes: int) -> None:
    bad_rows = np.flatnonzero((labels < 0) | (labels >= n_classes))
    if len(bad_rows):
        row = bad_rows[0]
        raise ValueError(
            f"{operation}: label {labels[row]} in row {row} is not in "
            f"0..{n_classes - 1}. Correct the label, or count the classes again."
        )


def _integer(operation: str, name: str, value: int, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{operation}: {name} has to be an integer, not {value!r}")
    if value < least:
        raise ValueError(f"{operation}: {name} has to be at least {least}, not {value}")
    return int(value)
