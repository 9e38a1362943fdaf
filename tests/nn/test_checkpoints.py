"""Archives of models: what comes back, and that nothing else ever does."""

import io
import json
import os
import random
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Value
from nn import CheckpointError, checkpoints
from nn.checkpoints import packed, read

ROOT = Path(__file__).parents[2]
MEGABYTE = 2**20


class Line(nn.Module):
    """A model of a user's own."""

    def __init__(self, slope: float = 2.0) -> None:
        self.slope, self.intercept = Value(slope), Value(1.0)

    def __call__(self, x: Any) -> Value:
        return self.slope * x[0] + self.intercept


def weights(model: nn.Module) -> list[float]:
    return [parameter.data for parameter in model.parameters()]


def network(seed: int = 0) -> nn.MLP:
    return nn.MLP(2, [3, 1], "tanh", "sigmoid", seed=seed)


# --- there and back ------------------------------------------------------------------

MODELS: dict[str, Callable[[], Any]] = {
    "an MLP": lambda: nn.MLP(3, [4, 2], "tanh", seed=0),
    "an MLP by keywords": lambda: nn.MLP(
        n_inputs=np.int64(3), layer_sizes=(4, 2), output_activation="sigmoid"
    ),
    "an MLP by an array": lambda: nn.MLP(3, np.array([4, 1])),  # type: ignore[arg-type]
    "an MLP with dropout": lambda: nn.MLP(3, [4, 1], dropout=0.25),
    "a layer": lambda: nn.Layer(3, 2, "gelu", seed=np.random.default_rng(0)),
    "a neuron": lambda: nn.Neuron(3, None, n_outputs=7, seed=0),
    "a perceptron": lambda: nn.Perceptron(3),
}


@pytest.mark.parametrize("kind", MODELS)
def test_a_model_comes_back_without_the_code_that_made_it(
    kind: str, tmp_path: Path
) -> None:
    model = MODELS[kind]()
    for parameter in model.parameters():
        parameter.data += 0.1  # where a perceptron starts, all are 0
    nn.save(model, tmp_path / "model.npz")
    again = nn.load(tmp_path / "model.npz")
    assert type(again) is type(model)
    assert repr(again) == repr(model)
    assert weights(again) == weights(model)
    x = [0.3, -0.2, 0.5]
    first, second = ([v.data for v in np.ravel(m(x))] for m in (model, again))
    assert first == second


def test_a_list_of_models_comes_back_as_a_list(tmp_path: Path) -> None:
    models = [nn.Layer(3, 4, seed=0), nn.Neuron(4, "tanh", seed=1)]
    nn.save(models, tmp_path / "models.npz")
    again = nn.load(tmp_path / "models.npz")
    assert list(map(repr, again)) == list(map(repr, models))
    assert list(map(weights, again)) == list(map(weights, models))


def test_every_bit_of_a_number_comes_back(tmp_path: Path) -> None:
    numbers = [-0.0, 5e-324, 1e308, 0.1 + 0.2, -1 / 3]
    model = nn.Neuron(4, seed=0)
    for parameter, number in zip(model.parameters(), numbers, strict=True):
        parameter.data = number
    nn.save(model, tmp_path / "model.npz")
    found = np.array(weights(nn.load(tmp_path / "model.npz")))
    assert found.tobytes() == np.array(numbers).tobytes()


def test_the_parameters_of_a_class_of_ones_own_come_back(tmp_path: Path) -> None:
    path = tmp_path / "line.npz"
    nn.save(Line(7.0), path)
    with pytest.raises(CheckpointError, match=r"a Line, .*load_state_dict\(nn\.load_"):
        nn.load(path)
    model = Line()
    model.load_state_dict(nn.load_state(path))
    assert weights(model) == [7.0, 1.0]


def wider(model: nn.MLP) -> None:
    model.layers[0] = nn.Layer(2, 3, "relu")


def longer(model: nn.MLP) -> None:
    model.layers.append(nn.Layer(1, 1))


def another_function(model: nn.MLP) -> None:
    model.layers[0].neurons[1].activation = "relu"


@pytest.mark.parametrize("change", [wider, longer, another_function])
def test_a_model_changed_after_it_was_made_is_not_built_as_it_was(
    change: Callable[[nn.MLP], None], tmp_path: Path
) -> None:
    model, twin = network(), network(1)
    change(model)
    change(twin)
    nn.save(model, tmp_path / "model.npz")
    with pytest.raises(CheckpointError, match="was changed after it was made"):
        nn.load(tmp_path / "model.npz")
    twin.load_state_dict(nn.load_state(tmp_path / "model.npz"))
    assert weights(twin) == weights(model)


def test_numpy_reads_the_archive_too(tmp_path: Path) -> None:
    model = network()
    nn.save(model, tmp_path / "model.npz")
    with np.load(tmp_path / "model.npz") as archive:
        state = {k: archive[f"model/{k}"] for k in model.state_dict()}
        header = json.loads(archive["header"].tobytes())
    assert all(np.array_equal(state[k], a) for k, a in model.state_dict().items())
    assert header["model"]["class"] == "MLP"


def test_odd_names_come_back(tmp_path: Path) -> None:
    class Bag(nn.Module):
        def __init__(self, parts: dict[str, Value]) -> None:
            self.parts = parts

    names = ["file", "über", "a/b", "../x", "a.npy", ""]
    bag = Bag({name: Value(float(i)) for i, name in enumerate(names)})
    nn.save(bag, tmp_path / "bag.npz")
    found = nn.load_state(tmp_path / "bag.npz")
    assert {k: float(a) for k, a in found.items()} == {
        f"parts.{name}": float(i) for i, name in enumerate(names)
    }


def test_a_name_that_a_file_cannot_hold_is_refused(tmp_path: Path) -> None:
    model = Line()
    vars(model)["a\0b"] = Value(1.0)
    with pytest.raises(ValueError, match="cannot be the name of an array"):
        nn.save(model, tmp_path / "model.npz")
    assert list(tmp_path.iterdir()) == []


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        nn.save(network(), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_model_of_another_process_comes_back(tmp_path: Path) -> None:
    script = "import nn, sys; nn.save(nn.MLP(2, [3, 1], seed=0), sys.argv[1])"
    path = tmp_path / "model.npz"
    subprocess.run([sys.executable, "-c", script, path], cwd=ROOT, check=True)
    assert weights(nn.load(path)) == weights(nn.MLP(2, [3, 1], seed=0))


# --- what is refused -----------------------------------------------------------------


def contents_of(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        return {name: file.read(name) for name in file.namelist()}


def written(
    contents: dict[str, bytes], comment: bytes, kind: int = zipfile.ZIP_STORED
) -> bytes:
    """A zip file, right by zip's own rules, and with any comment."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", kind) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
        archive.comment = comment
    return file.getvalue()


def signed(contents: dict[str, bytes], kind: int = zipfile.ZIP_STORED) -> bytes:
    """The same with a right digest: what only malice, no accident, brings about."""
    digest = checkpoints._digest_of(contents)
    return written(contents, f"valuegrad 1 {digest}".encode(), kind)


MODEL = network()
GOOD = packed(
    {"model": checkpoints.blueprint(MODEL), "training": None},
    checkpoints.under("model", MODEL.state_dict()),
)
PARTS = contents_of(GOOD)
WEIGHT = "model/layers.0.weight.npy"


def with_part(name: str, content: bytes) -> bytes:
    return signed({**PARTS, name: content})


def with_model(**settings: Any) -> bytes:
    found = {"class": "MLP", "settings": {**MODEL.settings(), **settings}}  # type: ignore[dict-item]
    return with_header({"model": found, "training": None})


def with_header(header: Any) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return with_part("header.npy", checkpoints._npy(np.frombuffer(text, np.uint8)))


def npy(shape: str, descr: str = "'<f8'", order: str = "False") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def of_objects() -> bytes:
    file = io.BytesIO()
    np.save(file, np.array([[print]]), allow_pickle=True)
    return file.getvalue()


def claiming(size: int) -> bytes:
    """The archive, whose first member is said to have another size."""
    place = GOOD.index(b"PK\x01\x02")  # the first entry of the central directory
    claim = size.to_bytes(4, "little")
    return GOOD[: place + 20] + claim + claim + GOOD[place + 28 :]


def overlapping() -> bytes:
    """A directory of a thousand entries for one and the same member of a megabyte."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.npy", bytes(MEGABYTE))
        archive.filelist *= 1000
        archive.comment = f"valuegrad 1 {'0' * 64}".encode()
    return file.getvalue()


BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "not a zip file"),
    "random bytes": (lambda: random.Random(0).randbytes(5000), "not a zip file"),
    "text": (lambda: b"weights: 1 2 3", "not a zip file"),
    "a pickle": (of_objects, "not a zip file"),
    "another zip file": (lambda: written({"a.txt": b"b"}, b""), "not written by"),
    "a NumPy archive": (lambda: written(PARTS, b""), "not written by valuegrad"),
    "another digest": (
        lambda: written(PARTS, b"valuegrad 1 " + b"0" * 64),
        "not those that were written",
    ),
    "a newer format": (
        lambda: written(PARTS, b"valuegrad 2 " + b"0" * 64),
        "has the format 2, .* up to 1. Install a newer version",
    ),
    "an older format than any": (
        lambda: written(PARTS, b"valuegrad 0 " + b"0" * 64),
        "not written by",
    ),
    "a cut": (lambda: GOOD[:-1], "not written by"),
    "half": (lambda: GOOD[: len(GOOD) // 2], "not a zip file"),
    "compressed members": (
        lambda: signed(PARTS, zipfile.ZIP_DEFLATED),
        "compressed or larger",
    ),
    "a compressed bomb": (
        lambda: signed({**PARTS, WEIGHT: bytes(40 * MEGABYTE)}, zipfile.ZIP_DEFLATED),
        "compressed or larger",
    ),
    "a claim of gigabytes": (lambda: claiming(3 * 2**30), "compressed or larger"),
    "overlapping members": (overlapping, "compressed or larger"),
    "no header": (
        lambda: signed({k: c for k, c in PARTS.items() if k != "header.npy"}),
        "KeyError: 'header'",
    ),
    "a header that is no JSON": (lambda: with_header(b"{"), "JSONDecodeError"),
    "a header of another kind": (lambda: with_header([1]), "its header"),
    "a deep header": (lambda: with_header(b"[" * 10**6), "RecursionError"),
    "a member of objects": (lambda: with_part(WEIGHT, of_objects()), r"type \|O"),
    "a member of another type": (
        lambda: with_part(WEIGHT, npy("(3, 2)", "'<f4'") + bytes(24)),
        "type <f4",
    ),
    "a member of records": (
        lambda: with_part(WEIGHT, npy("(3,)", "[('a', '<f8'), ('b', '<f8')]")),
        r"type \|V16",
    ),
    "a member column by column": (
        lambda: with_part(WEIGHT, npy("(3, 2)", order="True") + bytes(48)),
        "type <f8",
    ),
    "a member of another version": (
        lambda: with_part(WEIGHT, b"\x93NUMPY\x02\x00" + npy("(3, 2)")[8:]),
        "version of NumPy's format",
    ),
    "a member of nothing": (lambda: with_part(WEIGHT, b""), "magic"),
    "a member of code": (
        lambda: with_part(WEIGHT, npy("(__import__('os').getpid(),)") + bytes(8)),
        "malformed node",
    ),
    "a shape of terabytes": (
        lambda: with_part(WEIGHT, npy("(1000000000000,)") + bytes(48)),
        r"\(1000000000000,\) has 48 bytes",
    ),
    "a shape below zero": (
        lambda: with_part(WEIGHT, npy("(-3, -2)") + bytes(48)),
        r"\(-3, -2\) has 48 bytes",
    ),
    "more numbers than the shape has": (
        lambda: with_part(WEIGHT, npy("(3, 2)") + bytes(56)),
        r"\(3, 2\) has 56 bytes",
    ),
    "another shape": (
        lambda: with_part(WEIGHT, npy("(2, 3)") + bytes(48)),
        r"layers\.0\.weight has the shape \(2, 3\)",
    ),
    "a NaN": (
        lambda: with_part(WEIGHT, npy("(3, 2)") + np.full(6, np.nan).tobytes()),
        "not finite",
    ),
    "an array too few": (
        lambda: signed({k: c for k, c in PARTS.items() if k != WEIGHT}),
        "9 weights and more, and holds 7 numbers",
    ),
    "an array too many": (
        lambda: with_part("model/more.npy", npy("(1,)") + bytes(8)),
        "unknown names",
    ),
    "a model that nobody knows": (
        lambda: with_header(
            {"model": {"class": "os.system", "settings": {}}, "training": None}
        ),
        "no way to build a os.system",
    ),
    "a model of no class": (
        lambda: with_header({"model": 3, "training": None}),
        "TypeError",
    ),
    "a model of terabytes": (
        lambda: with_model(n_inputs=10**6, layer_sizes=[10**6]),
        "1000000000000 weights",
    ),
    "a model of many layers": (
        lambda: with_model(layer_sizes=[1] * 10**5),
        "weights and more",
    ),
    "a model of too many digits": (
        lambda: with_model(n_inputs=10**4000),
        "weights|ValueError",
    ),
    "a model of strings": (
        lambda: with_model(n_inputs="ab", layer_sizes=[10**9]),
        "whole numbers",
    ),
    "a model of no size": (lambda: with_model(layer_sizes=[-3, -3]), "whole numbers"),
    "a model of an unknown function": (
        lambda: with_model(activation="__import__"),
        "unknown activation",
    ),
    "a model of unknown settings": (lambda: with_model(wings=2), "wings"),
}


@contextmanager
def little_memory() -> Iterator[None]:
    """Fails if more than a few megabytes are allocated inside, however briefly."""
    tracemalloc.start()
    try:
        yield
        # A megabyte of JSON, as bytes several times over and as text, is the largest.
        assert tracemalloc.get_traced_memory()[1] < 12 * MEGABYTE
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("fault", BAD)
def test_a_file_that_is_no_whole_archive_is_refused_in_little_memory(
    fault: str, tmp_path: Path
) -> None:
    make, message = BAD[fault]
    path = tmp_path / "bad.npz"
    path.write_bytes(make())
    with little_memory(), pytest.raises(CheckpointError, match=message) as caught:
        nn.load(path)
    assert isinstance(caught.value, ValueError)
    assert str(path) in str(caught.value)


def test_the_archive_that_the_bad_ones_are_made_of_is_good(tmp_path: Path) -> None:
    for content in (GOOD, signed(PARTS), with_model()):
        (tmp_path / "good.npz").write_bytes(content)
        with little_memory():
            assert weights(nn.load(tmp_path / "good.npz")) == weights(MODEL)


@pytest.mark.parametrize("function", [nn.load, nn.load_state])
def test_a_file_that_cannot_be_read_is_an_oserror(
    function: Callable[[Any], Any], tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError):
        function(tmp_path / "nowhere.npz")
    with pytest.raises(OSError, match=r"directory|denied"):
        function(tmp_path)


def test_a_model_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    pytest.importorskip("resource")  # not on Windows
    path = tmp_path / "model.npz"
    nn.save(network(), path)
    script = (
        "import nn, resource, sys\n"
        "model = nn.MLP(50, [50, 1], seed=0)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"  # a disk that fills
        "nn.save(model, sys.argv[1])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("OSError: [Errno")
    assert os.listdir(tmp_path) == ["model.npz"]
    assert weights(nn.load(path)) == weights(network())


# --- two thousand accidents ----------------------------------------------------------


def flipped(archive: bytes, rng: random.Random) -> bytes:
    spoiled = bytearray(archive)
    for _ in range(rng.choice([1, 1, 1, 2, 8])):
        spoiled[rng.randrange(len(spoiled))] ^= 1 << rng.randrange(8)
    return bytes(spoiled)


def cut(archive: bytes, rng: random.Random) -> bytes:
    return archive[: rng.randrange(len(archive))]


def spliced(archive: bytes, rng: random.Random) -> bytes:
    """A piece taken from one place and put over, or into, another."""
    start, place, length = (rng.randrange(len(archive)) for _ in range(3))
    length = min(length, 200)
    over = rng.choice([0, length])
    piece = archive[start : start + length]
    return archive[:place] + piece + archive[place + over :]


def swapped(archive: bytes, rng: random.Random) -> bytes:
    """Two members' contents exchanged in an archive that is right by zip's rules."""
    contents = contents_of(archive)
    a, b = rng.sample(sorted(contents), 2)
    contents[a], contents[b] = contents[b], contents[a]
    return written(contents, comment_of(archive))


def renamed(archive: bytes, rng: random.Random) -> bytes:
    contents = contents_of(archive)
    name = rng.choice(sorted(contents))
    contents[flipped(name.encode(), rng).decode(errors="replace")] = contents.pop(name)
    return written(contents, comment_of(archive))


def edited(archive: bytes, rng: random.Random) -> bytes:
    """A member changed in an archive that is right by zip's rules."""
    contents = contents_of(archive)
    name = rng.choice(["header.npy", *sorted(contents)])
    change = rng.choice([flipped, cut, spliced])
    contents[name] = change(contents[name], rng)
    return written(contents, comment_of(archive))


def forged(archive: bytes, rng: random.Random) -> bytes:
    """The same, and with a right digest."""
    return signed(contents_of(edited(archive, rng)))


def comment_of(archive: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        return file.comment


ACCIDENTS = [flipped, flipped, cut, spliced, swapped, renamed, edited]


def trained(path: Path | None = None, resume: Path | None = None) -> Any:
    """What two epochs of training come to, or a run that is resumed."""
    model = network()
    X, y = nn.data.logic_gate("xor")
    stopping = nn.EarlyStopping(5, "loss")
    optimizer = nn.Adam(model.parameters(), 0.1)
    try:
        history = nn.fit(
            model,
            X,
            y,
            loss=nn.mse,
            optimizer=optimizer,
            epochs=2,
            callbacks=[stopping],
            checkpoint=path,
            resume=resume,
            compiled=False,
            progress=False,
        )
    except CheckpointError:
        # Nothing has changed.
        assert weights(model) == weights(network())
        assert (optimizer.steps, optimizer.learning_rate) == (0, 0.1)
        raise
    return weights(model), history.columns(), optimizer.steps, stopping.best_epoch


@pytest.mark.parametrize("part", range(4))
def test_damaged_archives_load_the_same_or_are_refused(
    part: int, tmp_path: Path
) -> None:
    path, good = tmp_path / "spoiled.npz", tmp_path / "good.npz"
    expected = trained(good)
    assert trained(resume=good) == expected
    archive, model = good.read_bytes(), nn.load(good)
    outcomes = {"same": 0, "refused": 0}
    for i in range(500):
        rng = random.Random(1000 * part + i)
        path.write_bytes(rng.choice(ACCIDENTS)(archive, rng))
        try:
            again = nn.load(path)
        except CheckpointError:
            outcomes["refused"] += 1
            if i % 5 == 0:  # the reader is the same, and training takes longer
                with pytest.raises(CheckpointError):
                    trained(resume=path)
        else:
            outcomes["same"] += 1
            assert (repr(again), weights(again)) == (repr(model), weights(model))
            assert trained(resume=path) == expected
    # Zip has bytes that nobody reads, such as the time of day.
    assert outcomes["refused"] > 400
    assert outcomes["same"] > 0


def test_forged_archives_load_something_or_are_refused_in_little_memory(
    tmp_path: Path,
) -> None:
    path = tmp_path / "forged.npz"
    trained(path)
    archive = path.read_bytes()
    forgeries = [forged(archive, random.Random(i)) for i in range(80)]
    with little_memory():
        for forgery in forgeries:
            path.write_bytes(forgery)
            for function in (nn.load, lambda p: trained(resume=p)):
                with suppress(CheckpointError):
                    function(path)


def test_read_gives_what_was_packed(tmp_path: Path) -> None:
    arrays = {"a/x": np.arange(6.0).reshape(2, 3), "a/n": np.array(3), "b": np.empty(0)}
    path = tmp_path / "a.npz"
    path.write_bytes(packed({"model": 1, "training": [2.5]}, arrays))
    header, found = read(path)
    assert header == {"model": 1, "training": [2.5]}
    assert {k: (a.tolist(), a.dtype.kind) for k, a in found.items()} == {
        k: (a.tolist(), a.dtype.kind) for k, a in arrays.items()
    }


def test_the_model_comes_before_the_path(tmp_path):
    with pytest.raises(TypeError, match=r"nn\.save\(model, path\)"):
        nn.save(str(tmp_path / "a.npz"), nn.MLP(2, [1], seed=0))
