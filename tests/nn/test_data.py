"""The data sets: what they hold, and how a wrong file is told from a right one."""

import gzip
import hashlib
import http.server
import math
import os
import socket
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import nn.data
from nn.data import (
    digits,
    logic_gate,
    mnist,
    moons,
    one_hot,
    read_idx,
    shifted,
    shrink,
)

Array = npt.NDArray[Any]

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}
TRAIN_IMAGES, TRAIN_LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
TEST_IMAGES, TEST_LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"


def idx_bytes(array: Array) -> bytes:
    """Write the format by its description, independently of the reader."""
    code = CODES[array.dtype.str[1:]]
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


# --- logic gates ---------------------------------------------------------------------

GATES = {
    "and": lambda a, b: a and b,
    "or": lambda a, b: a or b,
    "xor": lambda a, b: a != b,
    "nand": lambda a, b: not (a and b),
    "nor": lambda a, b: not (a or b),
    "xnor": lambda a, b: a == b,
}


@pytest.mark.parametrize("name", GATES)
def test_a_gate_is_pythons_operator_in_truth_table_order(name: str) -> None:
    X, y = logic_gate(name)
    assert X.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert y.tolist() == [float(GATES[name](a == 1, b == 1)) for a, b in X]
    assert (X.dtype, y.dtype) == (np.float64, np.float64)


def test_a_gates_name_may_be_in_any_case() -> None:
    assert logic_gate("XoR")[1].tolist() == logic_gate("xor")[1].tolist()


def test_a_gate_is_the_callers_to_change() -> None:
    for array in logic_gate("and"):
        array += 5
    assert logic_gate("and")[0].max() == 1
    assert logic_gate("and")[1].max() == 1


@pytest.mark.parametrize("name", ["implies", "", 3, None])
def test_an_unknown_gate_is_answered_with_the_known_ones(name: Any) -> None:
    with pytest.raises(ValueError, match="and, or, xor, nand, nor, xnor") as caught:
        logic_gate(name)
    assert repr(name) in str(caught.value)


# --- moons ---------------------------------------------------------------------------


@pytest.mark.parametrize("n", [2, 3, 100, 101])
def test_moons_are_halves_of_n_points(n: int) -> None:
    X, y = moons(n)
    assert X.shape == (n, 2)
    assert (X.dtype, y.dtype) == (np.float64, np.int64)
    assert np.bincount(y).tolist() == [n - n // 2, n // 2]


def test_moons_without_noise_lie_on_two_half_circles() -> None:
    X, y = moons(51, noise=0)
    upper, lower = X[y == 0], X[y == 1]
    # cos and sin are right to an ulp, so a squared radius is to a few.
    np.testing.assert_allclose((upper**2).sum(axis=1), 1, atol=1e-15)
    np.testing.assert_allclose(((lower - [1, 0.5]) ** 2).sum(axis=1), 1, atol=1e-15)
    assert upper[:, 1].min() > -1e-15
    assert lower[:, 1].max() < 0.5 + 1e-15
    for half, left in ((upper, -1), (lower, 0)):
        assert (half[:, 0].min(), half[:, 0].max()) == (left, left + 2)


def test_moons_noise_is_the_standard_deviation() -> None:
    n, noise = 20_000, 0.3
    deviation = moons(n, noise)[0] - moons(n, 0)[0]
    # The standard error of a deviation from 2n draws is noise / sqrt(4n); five of them.
    assert deviation.std() == pytest.approx(noise, abs=5 * noise / math.sqrt(4 * n))


def test_moons_are_the_same_for_the_same_seed() -> None:
    for one, other in zip(moons(seed=7), moons(seed=7), strict=True):
        assert one.tobytes() == other.tobytes()


def test_moons_differ_between_seeds() -> None:
    assert not np.array_equal(moons(seed=1)[0], moons(seed=2)[0])


def test_moons_are_shuffled() -> None:
    assert set(moons(100)[1][:20]) == {0, 1}


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n": 1}, ValueError, "n has to be at least 2, not 1"),
        ({"n": 10.0}, TypeError, "n has to be an integer, not 10.0"),
        ({"n": True}, TypeError, "n has to be an integer, not True"),
        ({"noise": -0.1}, ValueError, "noise .* at least 0, not -0.1"),
        ({"noise": math.nan}, ValueError, "noise .* finite .* not nan"),
        ({"noise": math.inf}, ValueError, "noise .* finite .* not inf"),
        ({"noise": "0.1"}, TypeError, "noise has to be a number, not '0.1'"),
        ({"noise": True}, TypeError, "noise has to be a number, not True"),
        ({"seed": -1}, ValueError, "seed has to be at least 0, not -1"),
        ({"seed": None}, TypeError, "seed has to be an integer, not None"),
    ],
)
def test_moons_names_a_wrong_argument(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=f"moons: {message}"):
        moons(**arguments)


def test_moons_takes_numpy_numbers() -> None:
    X, _ = moons(np.int32(10), np.float32(0.5), np.uint8(3))  # type: ignore[arg-type]
    assert np.array_equal(X, moons(10, 0.5, 3)[0])


# --- digits --------------------------------------------------------------------------


def test_digits_are_the_documented_split_of_scikit_learns_scans() -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    pixels, labels = datasets.load_digits(return_X_y=True)
    order = np.random.default_rng(3).permutation(1797)
    (X_train, y_train), (X_test, y_test) = digits(seed=3)
    assert np.array_equal(X_train, pixels[order[:1438]] / 16)
    assert np.array_equal(y_train, labels[order[:1438]])
    assert np.array_equal(X_test, pixels[order[1438:]] / 16)
    assert np.array_equal(y_test, labels[order[1438:]])


def test_digits_are_float64_in_the_unit_interval_and_int64_classes() -> None:
    pytest.importorskip("sklearn")
    for X, y in digits():
        assert (X.dtype, y.dtype) == (np.float64, np.int64)
        assert (X.min(), X.max()) == (0, 1)
        assert set(y) == set(range(10))


def test_digits_differ_between_seeds() -> None:
    pytest.importorskip("sklearn")
    assert not np.array_equal(digits(0)[0][1], digits(1)[0][1])


def test_digits_without_scikit_learn_say_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ImportError, match=r'pip install "valuegrad\[train\]"'):
        digits()


# --- read_idx ------------------------------------------------------------------------

LABELS = np.array([5, 0, 4, 1], dtype=np.uint8)
IMAGES = np.arange(4 * 2 * 2, dtype=np.uint8).reshape(4, 2, 2)


@given(
    array=st.sampled_from(list(CODES)).flatmap(
        lambda dtype: arrays.arrays(
            dtype, arrays.array_shapes(max_dims=4, min_side=0, max_side=4)
        )
    ),
    zipped=st.booleans(),
)
def test_an_array_written_as_idx_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, array: Array, zipped: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "array"
    content = idx_bytes(array)
    path.write_bytes(gzip.compress(content) if zipped else content)
    read = read_idx(path)
    assert read.dtype == array.dtype
    assert read.shape == array.shape
    assert read.tobytes() == array.tobytes()


def test_an_idx_array_is_native_and_writable(tmp_path: Path) -> None:
    path = tmp_path / "array"
    path.write_bytes(idx_bytes(np.array([1, 258], dtype="i4")))
    array = read_idx(str(path))
    array += 1
    assert array.dtype.isnative
    assert array.tolist() == [2, 259]


def test_a_missing_idx_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no file .*nowhere\.gz"):
        read_idx(tmp_path / "nowhere.gz")


@pytest.mark.parametrize("length", range(len(idx_bytes(IMAGES))))
def test_a_truncated_idx_file_is_named(tmp_path: Path, length: int) -> None:
    path = tmp_path / TRAIN_IMAGES
    path.write_bytes(idx_bytes(IMAGES)[:length])
    part = "header" if length < 4 + 3 * 4 else "body"
    with pytest.raises(ValueError, match=f"truncated {part}") as caught:
        read_idx(path)
    assert str(path) in str(caught.value)
    assert "fresh copy" in str(caught.value)


def test_bytes_after_the_idx_array_are_refused(tmp_path: Path) -> None:
    path = tmp_path / TRAIN_LABELS
    path.write_bytes(idx_bytes(LABELS) + b"\0")
    with pytest.raises(
        ValueError, match=r"trailing bytes: .* 4 bytes, and 5 follow it"
    ):
        read_idx(path)


@pytest.mark.parametrize(
    "start", [b"<!DO", b"\0\1\x08\1", b"\1\0\x08\1", b"\0\0\x0a\1", b"\1\x08\0\0"]
)
def test_a_wrong_magic_number_is_shown(tmp_path: Path, start: bytes) -> None:
    path = tmp_path / "page.gz"
    path.write_bytes(start + bytes(8))
    with pytest.raises(ValueError, match=f"magic number {start.hex(' ')}") as caught:
        read_idx(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("n_dimensions", [0, 33, 255])
def test_a_number_of_dimensions_that_no_array_has_is_refused(
    tmp_path: Path, n_dimensions: int
) -> None:
    path = tmp_path / "array"
    path.write_bytes(
        struct.pack(f">BBBB{n_dimensions}I", 0, 0, 8, n_dimensions, *[1] * n_dimensions)
        + b"x"
    )
    with pytest.raises(ValueError, match=f"array: {n_dimensions} dimensions, not"):
        read_idx(path)


def test_an_empty_array_too_wide_to_index_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "array"
    path.write_bytes(struct.pack(">BBBB4I", 0, 0, 8, 4, 0, *[2**32 - 1] * 3))
    with pytest.raises(ValueError, match=r"array: impossible shape \(0, 4294967295"):
        read_idx(path)


def test_a_header_that_claims_too_much_allocates_nothing(tmp_path: Path) -> None:
    path = tmp_path / "claims"
    path.write_bytes(struct.pack(">BBBBI", 0, 0, 8, 1, 10**8) + b"few")
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="truncated body"):
            read_idx(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10**6


@pytest.mark.parametrize(
    ("name", "array", "claim", "found"),
    [
        (TRAIN_LABELS, IMAGES, 1, 3),
        (TRAIN_IMAGES, LABELS, 3, 1),
        ("t10k-labels.idx1-ubyte.gz", IMAGES, 1, 3),
        ("qmnist-train-labels-idx2-int.gz", LABELS, 2, 1),
    ],
)
def test_a_mislabelled_idx_file_is_told_by_its_name(
    tmp_path: Path, name: str, array: Array, claim: int, found: int
) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(idx_bytes(array)))
    message = f"{name}: mislabelled: the name says {claim} .* the content has {found}"
    with pytest.raises(ValueError, match=message):
        read_idx(path)


def test_every_changed_byte_of_a_gzip_file_is_refused_or_harmless(
    tmp_path: Path,
) -> None:
    path = tmp_path / "labels.gz"
    right = gzip.compress(idx_bytes(LABELS), mtime=0)
    harmless = 0
    for position in range(len(right)):
        wrong = bytearray(right)
        wrong[position] ^= 0x55
        path.write_bytes(wrong)
        try:
            array = read_idx(path)
        except ValueError:
            continue
        assert array.tolist() == LABELS.tolist()
        harmless += 1
    # Of the ten bytes of the header, only magic, method and flags have a meaning here.
    assert harmless <= 6


def test_a_cut_gzip_file_is_called_corrupt(tmp_path: Path) -> None:
    path = tmp_path / "labels.gz"
    path.write_bytes(gzip.compress(idx_bytes(LABELS))[:-9])
    with pytest.raises(ValueError, match=r"labels\.gz: corrupt gzip data"):
        read_idx(path)


# --- mnist, on a set of seven tiny images --------------------------------------------

TINY = {
    TRAIN_IMAGES: np.arange(0, 240, 12, dtype=np.uint8).reshape(5, 2, 2),
    TRAIN_LABELS: np.array([5, 0, 4, 1, 9], dtype=np.uint8),
    TEST_IMAGES: np.full((2, 2, 2), 255, dtype=np.uint8),
    TEST_LABELS: np.array([7, 2], dtype=np.uint8),
}


class Files:
    """Four files and the checksums that stand for the published ones."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.sha256: dict[str, str] = {}
        monkeypatch.setattr(nn.data, "_SHA256", self.sha256)
        for name, array in TINY.items():
            self.publish(name, array)

    def publish(self, name: str, array: Array) -> None:
        """Make `array` the right content of `name`."""
        content = idx_bytes(array)
        self.sha256[name] = hashlib.sha256(content).hexdigest()
        (self.folder / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    monkeypatch.delenv("VALUEGRAD_DATA", raising=False)
    folder = tmp_path / "named"
    folder.mkdir()
    return Files(folder, monkeypatch)


def assert_tiny(result: Any) -> None:
    (X_train, y_train), (X_test, y_test) = result
    assert y_train.tolist() == [5, 0, 4, 1, 9]
    assert y_test.tolist() == [7, 2]
    assert np.array_equal(X_train, TINY[TRAIN_IMAGES].reshape(5, 4) / 255)
    assert np.array_equal(X_test, np.ones((2, 4)))


def test_mnist_is_rows_of_pixels_over_255_and_their_labels(files: Files) -> None:
    assert_tiny(mnist(files.folder))


def test_mnist_is_float64_and_int64(files: Files) -> None:
    for X, y in mnist(files.folder):
        assert (X.dtype, y.dtype) == (np.float64, np.int64)


def test_mnist_comes_in_the_dtype_asked_for(files: Files) -> None:
    (X, y), _ = mnist(files.folder, dtype=np.float32)
    assert (X.dtype, y.dtype) == (np.float32, np.int64)
    np.testing.assert_array_equal(
        X, TINY[TRAIN_IMAGES].reshape(5, 4).astype("f4") / np.float32(255)
    )


def test_mnist_in_integers_is_refused(files: Files) -> None:
    with pytest.raises(TypeError, match="dtype has to be floating, not uint8"):
        mnist(files.folder, dtype=np.uint8)


@pytest.mark.parametrize("below", ["", "mnist"])
@pytest.mark.parametrize("dotted", [False, True])
@pytest.mark.parametrize("zipped", [False, True])
def test_mnist_files_are_found_in_every_usual_spelling(
    files: Files, below: str, dotted: bool, zipped: bool
) -> None:
    for name, array in TINY.items():
        (files.folder / f"{name}.gz").unlink()
        spelling = name.replace("-idx", ".idx") if dotted else name
        path = files.folder / below / (f"{spelling}.gz" if zipped else spelling)
        path.parent.mkdir(exist_ok=True)
        content = idx_bytes(array)
        path.write_bytes(gzip.compress(content) if zipped else content)
    assert_tiny(mnist(files.folder))


def test_mnist_is_read_from_the_folder_in_the_environment(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VALUEGRAD_DATA", str(files.folder))
    assert_tiny(mnist())


def test_mnists_argument_goes_before_the_environment(
    files: Files, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VALUEGRAD_DATA", str(tmp_path / "elsewhere"))
    assert_tiny(mnist(str(files.folder)))


def test_a_file_missing_from_the_folder_argument_is_named(
    files: Files, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VALUEGRAD_DATA", str(files.folder))
    empty = tmp_path / "empty"
    empty.mkdir()
    for name in TINY:
        if name != TEST_LABELS:
            (empty / f"{name}.gz").write_bytes(b"")
    with pytest.raises(FileNotFoundError, match="the argument `folder`") as caught:
        mnist(empty)
    message = str(caught.value)
    assert f"mnist: {TEST_LABELS} not found" in message
    assert str(empty) in message
    assert "digits()" in message


def test_a_folder_argument_that_is_not_there_is_said_to_be_missing(
    files: Files, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError, match="there is no such folder"):
        mnist(tmp_path / "nowhere")


def test_a_file_missing_from_the_environments_folder_is_named(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VALUEGRAD_DATA", str(files.folder))
    (files.folder / f"{TRAIN_IMAGES}.gz").unlink()
    with pytest.raises(FileNotFoundError, match="variable VALUEGRAD_DATA") as caught:
        mnist()
    assert f"mnist: {TRAIN_IMAGES} not found" in str(caught.value)
    assert str(files.folder) in str(caught.value)


@pytest.mark.parametrize("name", TINY)
@pytest.mark.parametrize("zipped", [False, True])
def test_one_changed_byte_of_a_body_fails_the_checksum(
    files: Files, name: str, zipped: bool
) -> None:
    content = bytearray(idx_bytes(TINY[name]))
    content[-1] ^= 1
    path = files.folder / f"{name}.gz"
    path.write_bytes(gzip.compress(content) if zipped else content)
    with pytest.raises(ValueError, match="SHA-256") as caught:
        mnist(files.folder)
    message = str(caught.value)
    assert str(path) in message
    assert files.sha256[name] in message
    assert hashlib.sha256(content).hexdigest() in message
    assert "fresh copy" in message


def test_swapped_mnist_files_are_recognised(files: Files) -> None:
    right = files.folder / f"{TEST_LABELS}.gz"
    right.replace(files.folder / f"{TRAIN_LABELS}.gz")
    files.publish(TEST_LABELS, TINY[TEST_LABELS])
    with pytest.raises(ValueError, match=f"that is {TEST_LABELS} under another name"):
        mnist(files.folder)


def test_the_published_checksums_are_those_of_mnist() -> None:
    # Written out a second time, so that a slip of the keyboard shows without the files.
    assert list(nn.data._SHA256.values()) == [
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ]
    assert list(nn.data._SHA256) == list(TINY)


def test_a_label_above_nine_is_named_with_its_row(files: Files) -> None:
    files.publish(TRAIN_LABELS, np.array([5, 0, 10, 1, 11], dtype=np.uint8))
    with pytest.raises(ValueError, match=f"{TRAIN_LABELS}.*label 10 in row 2 .* 0..9"):
        mnist(files.folder)


def test_more_images_than_labels_are_refused(files: Files) -> None:
    files.publish(TEST_LABELS, np.array([7], dtype=np.uint8))
    with pytest.raises(ValueError, match=r"has 2 images and .* has 1 labels"):
        mnist(files.folder)


# --- mnist, from the cache and the mirrors -------------------------------------------


@pytest.fixture
def cache(files: Files, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty cache, and no mirrors."""
    pooch = pytest.importorskip("pooch")
    cache = tmp_path / "cache"
    monkeypatch.setattr(pooch, "os_cache", lambda name: cache)
    monkeypatch.setattr(nn.data, "_MIRRORS", ())
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return cache


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serve a folder without logging; what is below `/cut/` breaks off half-way."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""

    def do_GET(self) -> None:
        """Serve a file, or under `/cut/` a promise of more than is sent."""
        if not self.path.startswith("/cut/"):
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"\x1f\x8b")


@pytest.fixture
def mirror(files: Files) -> Iterator[str]:
    """The address of a server of the tiny files on this machine."""

    def handler(*args: Any) -> QuietHandler:
        return QuietHandler(*args, directory=str(files.folder))

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture
def nobody() -> str:
    """An address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/"


def use_mirrors(monkeypatch: pytest.MonkeyPatch, *mirrors: str) -> None:
    monkeypatch.setattr(nn.data, "_MIRRORS", mirrors)


def test_mnist_is_downloaded_into_an_empty_cache(
    cache: Path, mirror: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_mirrors(monkeypatch, mirror)
    assert_tiny(mnist())
    kept = sorted(str(path.relative_to(cache)) for path in cache.rglob("*"))
    expected = ["mnist", *(os.path.join("mnist", f"{name}.gz") for name in TINY)]
    assert kept == sorted(expected)


def test_a_full_cache_needs_no_mirror(
    cache: Path, mirror: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_mirrors(monkeypatch, mirror)
    mnist()
    use_mirrors(monkeypatch)
    assert_tiny(mnist())


def test_only_the_missing_file_is_downloaded(
    cache: Path, files: Files, mirror: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.folder.rename(cache)
    files.folder.mkdir()
    (cache / f"{TRAIN_LABELS}.gz").rename(files.folder / f"{TRAIN_LABELS}.gz")
    use_mirrors(monkeypatch, mirror)
    assert_tiny(mnist())


def test_an_empty_variable_names_no_folder(
    cache: Path, mirror: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VALUEGRAD_DATA", "")
    use_mirrors(monkeypatch, mirror)
    assert_tiny(mnist())


@pytest.mark.parametrize("fault", ["nobody", "not there", "cut"])
def test_a_mirror_that_fails_is_followed_by_the_next(
    cache: Path, mirror: str, nobody: str, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    first = {"nobody": nobody, "not there": f"{mirror}x/", "cut": f"{mirror}cut/"}
    use_mirrors(monkeypatch, first[fault], mirror)
    assert_tiny(mnist())


@pytest.mark.parametrize("fault", ["nobody", "not there", "cut"])
def test_a_failed_download_leaves_nothing_and_says_what_to_do(
    cache: Path, mirror: str, nobody: str, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    only = {"nobody": nobody, "not there": f"{mirror}x/", "cut": f"{mirror}cut/"}[fault]
    use_mirrors(monkeypatch, only)
    # Either the connection is seen to break, or what came of it is seen to be wrong.
    with pytest.raises((ConnectionError, ValueError)) as caught:
        mnist()
    for word in (f"{only}{TRAIN_IMAGES}.gz", "VALUEGRAD_DATA", "digits()"):
        assert word in str(caught.value)
    assert list((cache / "mnist").iterdir()) == []


def test_without_a_network_mnist_fails_in_seconds_with_an_os_error(
    cache: Path, nobody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_mirrors(monkeypatch, nobody, nobody)
    start = time.monotonic()
    with pytest.raises(ConnectionError):
        mnist()
    assert time.monotonic() - start < 10


def test_a_download_with_the_wrong_checksum_is_refused_and_not_kept(
    cache: Path, files: Files, mirror: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = files.sha256[TRAIN_LABELS] = "0" * 64
    use_mirrors(monkeypatch, mirror)
    with pytest.raises(ValueError, match=f"(?s){TRAIN_LABELS}.*SHA-256.*{right}"):
        mnist()
    kept = [path.name for path in (cache / "mnist").iterdir()]
    assert kept == [f"{TRAIN_IMAGES}.gz"]


def test_a_spoilt_file_in_the_cache_is_refused(
    cache: Path, mirror: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_mirrors(monkeypatch, mirror)
    mnist()
    path = cache / "mnist" / f"{TEST_LABELS}.gz"
    path.write_bytes(gzip.compress(idx_bytes(np.array([7, 3], dtype=np.uint8))))
    with pytest.raises(ValueError, match="in the cache: delete it and call again"):
        mnist()


def test_nothing_is_downloaded_when_download_is_false(
    cache: Path, mirror: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_mirrors(monkeypatch, mirror)
    with pytest.raises(FileNotFoundError, match=r"mnist\(download=True\)"):
        mnist(download=False)
    assert not cache.exists()


@pytest.mark.parametrize("by", ["argument", "variable"])
def test_nothing_is_downloaded_into_a_named_folder(
    cache: Path, mirror: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, by: str
) -> None:
    use_mirrors(monkeypatch, mirror)
    empty = tmp_path / "empty"
    empty.mkdir()
    if by == "variable":
        monkeypatch.setenv("VALUEGRAD_DATA", str(empty))
    with pytest.raises(FileNotFoundError):
        mnist(empty if by == "argument" else None)
    assert list(empty.iterdir()) == []
    assert not cache.exists()


def test_mnist_without_pooch_says_what_to_do(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(FileNotFoundError) as caught:
        mnist()
    for word in ('pip install "valuegrad[train]"', "VALUEGRAD_DATA", "digits()"):
        assert word in str(caught.value)


def test_mnist_in_a_named_folder_needs_no_pooch(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pooch", None)
    assert_tiny(mnist(files.folder))


def test_importing_the_module_imports_no_extra() -> None:
    extras = "{'sklearn', 'pooch', 'requests', 'scipy', 'matplotlib'}"
    program = f"import sys, nn.data; print(sorted({extras} & set(sys.modules)))"
    root = Path(nn.data.__file__).parents[1]
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == "[]"


# --- mnist, the real one -------------------------------------------------------------


@pytest.fixture(scope="module")
def real_mnist() -> Any:
    if not os.environ.get("VALUEGRAD_DATA"):
        pytest.skip("VALUEGRAD_DATA does not name a folder with the MNIST files")
    return mnist()


def test_the_real_mnist_is_70000_images_of_784_pixels(real_mnist: Any) -> None:
    (X_train, y_train), (X_test, y_test) = real_mnist
    assert (X_train.shape, y_train.shape) == ((60_000, 784), (60_000,))
    assert (X_test.shape, y_test.shape) == ((10_000, 784), (10_000,))


def test_the_real_mnist_fills_the_unit_interval(real_mnist: Any) -> None:
    for X, y in real_mnist:
        assert (X.min(), X.max()) == (0, 1)
        assert np.unique(y).tolist() == list(range(10))


def test_the_real_mnist_begins_as_everyone_knows(real_mnist: Any) -> None:
    (_, y_train), (_, y_test) = real_mnist
    assert y_train[:5].tolist() == [5, 0, 4, 1, 9]
    assert y_test[:5].tolist() == [7, 2, 1, 0, 4]


# --- shifted -------------------------------------------------------------------------


def test_images_are_moved_by_one_pixel_in_the_four_directions() -> None:
    images = np.random.default_rng(0).random((3, 5, 5))
    found = shifted(images.reshape(3, 25)).reshape(5, 3, 5, 5)
    moved = {"down": np.zeros((3, 5, 5)), "up": np.zeros((3, 5, 5))}
    moved |= {"right": np.zeros((3, 5, 5)), "left": np.zeros((3, 5, 5))}
    moved["down"][:, 1:] = images[:, :-1]
    moved["up"][:, :-1] = images[:, 1:]
    moved["right"][:, :, 1:] = images[:, :, :-1]
    moved["left"][:, :, :-1] = images[:, :, 1:]
    assert found.tolist() == [i.tolist() for i in (images, *moved.values())]


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
def test_moved_images_keep_their_type(dtype: Any) -> None:
    assert shifted(np.ones((1, 4), dtype=dtype)).dtype == dtype


def test_what_are_not_rows_of_square_images_is_not_moved() -> None:
    with pytest.raises(ValueError, match=r"shifted: .* square images, not \(2, 3\)"):
        shifted(np.ones((2, 3)))
    with pytest.raises(TypeError, match="shifted: X has to be numbers"):
        shifted(np.array([["a"]]))


# --- shrink --------------------------------------------------------------------------


@given(
    n=st.integers(0, 3),
    small=st.integers(1, 4),
    factor=st.integers(1, 4),
    seed=st.integers(0, 2**32),
)
def test_shrink_averages_each_block(n: int, small: int, factor: int, seed: int) -> None:
    side = small * factor
    images = np.random.default_rng(seed).random((n, side, side))
    shrunk = shrink(images.reshape(n, side * side), factor)
    assert shrunk.shape == (n, small * small)
    for image, row in zip(images, shrunk, strict=True):
        for at, pixel in enumerate(row):
            top, left = at // small * factor, at % small * factor
            block = image[top : top + factor, left : left + factor]
            # A sum of at most 16 numbers in [0, 1], in any order: 16 roundings.
            assert pixel == pytest.approx(
                math.fsum(block.ravel()) / factor**2, abs=16 * 2**-52
            )


def test_shrink_keeps_float32_and_turns_integers_into_float64() -> None:
    assert shrink(np.ones((1, 4), dtype=np.float32)).dtype == np.float32
    assert shrink(np.ones((1, 4), dtype=np.uint8)).dtype == np.float64


@pytest.mark.parametrize("shape", [(4,), (2, 3), (2, 0), (1, 2, 2), ()])
def test_shrink_refuses_what_is_not_rows_of_square_images(
    shape: tuple[int, ...],
) -> None:
    with pytest.raises(ValueError, match=r"square images, not \("):
        shrink(np.ones(shape), 1)


def test_shrink_names_the_factors_that_fit() -> None:
    with pytest.raises(ValueError, match=r"factor 3 .* side 4 .*\[1, 2, 4\]"):
        shrink(np.ones((1, 16)), 3)


@pytest.mark.parametrize(("factor", "error"), [(0, ValueError), (2.0, TypeError)])
def test_shrink_refuses_a_factor_that_is_not_a_count(
    factor: Any, error: type[Exception]
) -> None:
    with pytest.raises(error, match="shrink: factor has to be"):
        shrink(np.ones((1, 16)), factor)


def test_shrink_refuses_what_is_not_numbers() -> None:
    with pytest.raises(TypeError, match="shrink: X has to be numbers"):
        shrink(np.array([["a", "b", "c", "d"]]))


# --- one_hot -------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["u1", "i1", "i8", "u8"])
def test_one_hot_is_rows_of_the_identity(dtype: str) -> None:
    y = np.array([2, 0, 1, 2], dtype=dtype)
    rows = one_hot(y, 3)
    assert np.array_equal(rows, np.eye(3)[[2, 0, 1, 2]])
    assert rows.dtype == np.float64


def test_one_hot_of_nothing_has_no_rows() -> None:
    assert one_hot([], 3).shape == (0, 3)


@pytest.mark.parametrize(("label", "dtype"), [(3, "u1"), (-1, "i8"), (255, "u1")])
def test_one_hot_names_the_first_label_out_of_range(label: int, dtype: str) -> None:
    y = np.array([0, 2, label, 1, label], dtype=dtype)
    with pytest.raises(ValueError, match=rf"label {label} in row 2 is not in 0\.\.2"):
        one_hot(y, 3)


@pytest.mark.parametrize("y", [[0.0, 1.0], [True, False], ["0", "1"]])
def test_one_hot_refuses_labels_that_are_not_integers(y: Any) -> None:
    with pytest.raises(TypeError, match="one_hot: y has to be integers, not"):
        one_hot(y, 2)


def test_one_hot_refuses_a_table_of_labels() -> None:
    with pytest.raises(ValueError, match=r"y has to be \(n,\), not \(1, 2\)"):
        one_hot([[0, 1]], 2)


@pytest.mark.parametrize(("n_classes", "error"), [(0, ValueError), (2.0, TypeError)])
def test_one_hot_refuses_a_number_of_classes_that_is_not_a_count(
    n_classes: Any, error: type[Exception]
) -> None:
    with pytest.raises(error, match="one_hot: n_classes has to be"):
        one_hot([0], n_classes)
