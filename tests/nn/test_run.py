"""Runs that are interrupted, killed, out of disk: they go on to the same bits."""

import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Value, files
from nn import CheckpointError, EarlyStopping, History, Training
from nn.checkpoints import read

ROOT = Path(__file__).parents[2]
X, Y = nn.data.moons(30, 0.2, seed=0)
HELD_OUT = nn.data.moons(10, 0.2, seed=1)


def network(seed: int = 0) -> nn.MLP:
    return nn.MLP(2, [4, 1], "tanh", seed=seed)


def train(model: nn.Module | None = None, **settings: Any) -> History:
    model = model or network()
    defaults: dict[str, Any] = {
        "loss": nn.binary_cross_entropy_with_logits,
        "epochs": 6,
        "batch_size": 8,
        "threshold": 0.0,
        "progress": False,
    }
    if "optimizer" not in settings:
        defaults["optimizer"] = nn.Adam(model.parameters(), 0.05)
    return nn.fit(model, X, Y, **{**defaults, **settings})


def weights(model: nn.Module) -> list[float]:
    return [parameter.data for parameter in model.parameters()]


def measured(history: History) -> dict[str, list[float]]:
    """The history without what a clock has measured."""
    columns = history.columns()
    del columns["seconds"], columns["examples_per_second"]
    return columns


@pytest.fixture(autouse=True)
def usual_handler() -> Iterator[None]:
    """Python's own handler of Ctrl-C, whatever runs the tests has set."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def after_steps(n: int, kind: Any = nn.Adam, times: int = 1) -> Any:
    """A kind of optimizer in whose n-th step Ctrl-C is pressed."""

    class Pressing(kind):  # type: ignore[misc]
        def settings(self) -> dict[str, Any]:
            return {**super().settings(), "name": kind.__name__}

        def apply(self, vector: Any, gradient: Any) -> None:
            super().apply(vector, gradient)
            if self.steps == n:
                for _ in range(times):
                    signal.raise_signal(signal.SIGINT)

    return Pressing


# --- going on ------------------------------------------------------------------------

OPTIMIZERS: dict[str, Callable[[nn.Module], nn.Optimizer]] = {
    "momentum": lambda m: nn.SGD(m.parameters(), 0.1, momentum=0.9, nesterov=True),
    "Adam with a schedule": lambda m: nn.Adam(
        m.parameters(), nn.Cosine(0.05, steps=24), clip_norm=0.5
    ),
    "RMSprop": lambda m: nn.RMSprop(m.parameters(), 0.01, weight_decay=1e-3),
}


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_a_run_that_goes_on_ends_in_the_same_bits(
    kind: str, compiled: bool, tmp_path: Path
) -> None:
    path, make = tmp_path / "run.npz", OPTIMIZERS[kind]
    settings: Any = {"validation": HELD_OUT, "compiled": compiled, "seed": 3}
    whole = network()
    expected = train(whole, optimizer=make(whole), **settings)
    first = network()
    train(first, optimizer=make(first), epochs=2, checkpoint=path, **settings)
    other = network(seed=9)  # whatever it starts with is replaced
    history = train(other, optimizer=make(other), resume=path, **settings)
    assert weights(other) == weights(whole)
    assert measured(history) == measured(expected)
    assert history.seconds[:2] == read(path)[1]["history/seconds"].tolist()


def pressed(
    model: nn.Module, step: int, kind: Any = nn.Adam, **settings: Any
) -> KeyboardInterrupt:
    """Train, and press Ctrl-C in a step; return what is raised."""
    optimizer = after_steps(step, kind)(model.parameters(), 0.05)
    with pytest.raises(KeyboardInterrupt) as caught:
        train(model, optimizer=optimizer, **settings)
    assert optimizer.steps == step
    return caught.value


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("step", [1, 3, 4, 5, 11, 24])
def test_a_run_stopped_by_ctrl_c_goes_on_to_the_same_bits(
    step: int, compiled: bool, tmp_path: Path
) -> None:
    """In the first step, in the last of an epoch, in the first of the next, at last."""
    path = tmp_path / "run.npz"
    settings: Any = {"validation": HELD_OUT, "compiled": compiled}
    whole, model = network(), network()
    expected = train(whole, **settings)
    pressed(model, step, checkpoint=path, **settings)
    assert weights(nn.load(path)) == weights(model)
    again = network(seed=9)
    history = train(again, resume=path, **settings)
    assert weights(again) == weights(whole)
    assert measured(history) == measured(expected)


def test_a_run_may_be_stopped_again_and_again(tmp_path: Path) -> None:
    path, whole = tmp_path / "run.npz", network()
    expected = train(whole)
    pressed(network(), 2, checkpoint=path)
    for step in (3, 9, 10, 17):
        pressed(network(), step, checkpoint=path, resume=path)
    last = network()
    assert measured(train(last, resume=path)) == measured(expected)
    assert weights(last) == weights(whole)


def test_dropout_goes_on_with_the_same_masks(tmp_path: Path) -> None:
    class Dropping(nn.Module):
        def __init__(self) -> None:
            self.hidden, self.drop = nn.Layer(2, 6, seed=0), nn.Dropout(0.5)
            self.out = nn.Neuron(6, None, seed=1)

        def __call__(self, inputs: Any) -> Any:
            return self.out(self.drop(self.hidden(inputs)))

    path, whole, again = tmp_path / "run.npz", Dropping(), Dropping()
    train(whole)
    pressed(Dropping(), 7, checkpoint=path)
    train(again, resume=path)
    assert weights(again) == weights(whole)


def test_frozen_parameters_and_hidden_ones_go_on(tmp_path: Path) -> None:
    """What only the model lists, and what only the optimizer moves."""

    def built(seed: int) -> tuple[nn.Module, nn.Optimizer]:
        hidden = Value(float(seed))

        class Odd(nn.Module):
            def __init__(self) -> None:
                self.frozen = nn.Layer(2, 3, "tanh", seed=seed)
                self.out = nn.Neuron(3, None, seed=seed)

            def __call__(self, inputs: Any) -> Any:
                return self.out(self.frozen(inputs)) + hidden

        model = Odd()
        moved = [*model.out.parameters(), hidden]
        return model, nn.Adam(moved, 0.05)

    path = tmp_path / "run.npz"
    whole, optimizer = built(0)
    train(whole, optimizer=optimizer)
    first, optimizer = built(0)
    train(first, optimizer=optimizer, epochs=2, checkpoint=path)
    again, optimizer = built(5)
    train(again, optimizer=optimizer, resume=path)
    assert weights(again) == weights(whole)
    assert again([0.1, 0.2]).data == whole([0.1, 0.2]).data


def test_early_stopping_goes_on_with_what_it_remembers(tmp_path: Path) -> None:
    settings: Any = {"validation": HELD_OUT, "epochs": 60}

    def run(model: nn.Module, epochs: int = 60, **more: Any) -> History:
        optimizer = nn.SGD(model.parameters(), 3.0)
        stopping = EarlyStopping(4, min_delta=1e-3)
        given = {**settings, "epochs": epochs, "callbacks": [stopping], **more}
        return train(model, optimizer=optimizer, **given)

    whole = network()
    expected = run(whole)
    ended = len(expected.loss)
    assert 6 < ended < 60
    # Between the best epoch and the end, before it, and after the end.
    for epochs in (ended - 2, ended - 6, 60):
        path, again = tmp_path / f"{epochs}.npz", network(seed=9)
        run(network(), epochs, checkpoint=path)
        assert measured(run(again, resume=path)) == measured(expected)
        assert weights(again) == weights(whole)


def test_a_learning_rate_that_a_callback_has_changed_is_gone_on_with(
    tmp_path: Path,
) -> None:
    def slower(training: Training) -> None:
        if training.epoch == 2:
            training.optimizer.learning_rate = nn.Exponential(0.5, 0.9)
        if training.epoch == 4:
            training.optimizer.learning_rate = 0.125

    path, whole = tmp_path / "run.npz", network()
    expected = train(whole, callbacks=[slower])
    for epochs in (3, 5):
        train(network(), epochs=epochs, callbacks=[slower], checkpoint=path)
        again = network()
        history = train(again, callbacks=[slower], resume=path)
        assert weights(again) == weights(whole)
        assert history.learning_rate == expected.learning_rate


def test_counts_may_be_numpys_integers(tmp_path: Path) -> None:
    path, whole, again = tmp_path / "run.npz", network(), network()
    train(whole)
    counts: Any = {"batch_size": np.int64(8), "seed": np.int64(0)}
    train(network(), epochs=np.int32(2), checkpoint=path, **counts)
    train(again, resume=path)
    assert weights(again) == weights(whole)


def test_a_run_that_is_done_is_given_back(tmp_path: Path) -> None:
    path, whole, again = tmp_path / "run.npz", network(), network(seed=9)
    expected = train(whole, checkpoint=path)
    assert train(again, resume=path) == expected
    assert weights(again) == weights(whole)


def test_validation_may_be_added_later(tmp_path: Path) -> None:
    path, whole, again = tmp_path / "run.npz", network(), network()
    train(whole)
    train(network(), epochs=2, checkpoint=path)
    history = train(again, resume=path, validation=HELD_OUT)
    assert np.isnan(history.validation_loss).tolist() == [True] * 2 + [False] * 4
    assert weights(again) == weights(whole)


# --- refusals ------------------------------------------------------------------------


class Own(nn.Module):
    def __init__(self, n: int = 2) -> None:
        self.w = [Value(0.1) for _ in range(n)]

    def __call__(self, inputs: Any) -> Value:
        return sum((w * x for w, x in zip(self.w, inputs, strict=False)), Value(0.0))


def other_rate() -> dict[str, Any]:
    model = network()
    return {"model": model, "optimizer": nn.Adam(model.parameters(), 0.06)}


def other_schedule() -> dict[str, Any]:
    model = network()
    schedule = nn.Cosine(0.05, steps=10)
    return {"model": model, "optimizer": nn.Adam(model.parameters(), schedule)}


def other_optimizer() -> dict[str, Any]:
    model = network()
    return {"model": model, "optimizer": nn.SGD(model.parameters(), 0.05)}


OTHERS: dict[str, tuple[Callable[[], dict[str, Any]], str]] = {
    "sizes": (
        lambda: {"model": nn.MLP(2, [5, 1], "tanh", seed=0)},
        r"model was .*\[4, 1\].*, and is .*\[5, 1\]",
    ),
    "function": (
        lambda: {"model": nn.MLP(2, [4, 1], "relu", seed=0)},
        "model was .*'tanh'.*, and is .*'relu'",
    ),
    "class": (lambda: {"model": Own()}, "model was .*'MLP'.*, and is .*'Own'"),
    "learning rate": (other_rate, "optimizer was .*0.05.*, and is .*0.06"),
    "schedule": (other_schedule, "optimizer was .*0.05.*, and is .*Cosine"),
    "optimizer": (other_optimizer, "optimizer was .*Adam.*, and is .*SGD"),
    "batch size": (
        lambda: {"batch_size": 10},
        "batch_size was 8 then, and is 10 now",
    ),
    "seed": (lambda: {"seed": 1}, "seed was 0 then, and is 1 now"),
    "callbacks": (
        lambda: {"callbacks": [EarlyStopping(3, "loss")]},
        r"callbacks was \[\] then, and is \['EarlyStopping'\] now",
    ),
    "fewer epochs": (lambda: {"epochs": 2}, "is in epoch 3, and epochs is 2"),
}


@pytest.mark.parametrize("other", OTHERS)
def test_a_checkpoint_of_another_training_is_refused_with_both_values(
    other: str, tmp_path: Path
) -> None:
    path = tmp_path / "run.npz"
    pressed(network(), 10, checkpoint=path)  # in the third epoch
    make, message = OTHERS[other]
    settings = make()
    model = settings.pop("model", None) or network()
    before = weights(model)
    with pytest.raises(CheckpointError, match=message):
        train(model, resume=path, **settings)
    assert weights(model) == before


def test_a_checkpoint_of_other_examples_is_refused(tmp_path: Path) -> None:
    path, model = tmp_path / "run.npz", network()
    train(network(), checkpoint=path)
    optimizer = nn.Adam(model.parameters(), 0.05)
    with pytest.raises(
        CheckpointError, match="number of examples was 30 then, and is 29 now"
    ):
        nn.fit(
            model,
            X[:29],
            Y[:29],
            loss=nn.mse,
            optimizer=optimizer,
            epochs=9,
            batch_size=8,
            resume=path,
        )


def test_a_checkpoint_of_another_own_model_is_refused(tmp_path: Path) -> None:
    path, other = tmp_path / "run.npz", Own(3)
    train(Own(), checkpoint=path)
    with pytest.raises(CheckpointError, match=r"was {'w': \[2\]}.* is {'w': \[3\]}"):
        train(other, resume=path)
    assert weights(other) == [0.1] * 3


def test_a_model_without_training_is_not_resumed(tmp_path: Path) -> None:
    nn.save(network(), tmp_path / "model.npz")
    with pytest.raises(CheckpointError, match="a model and no training"):
        train(resume=tmp_path / "model.npz")


def test_a_checkpoint_that_is_not_there_is_a_missing_file(tmp_path: Path) -> None:
    model = network()
    with pytest.raises(FileNotFoundError):
        train(model, resume=tmp_path / "nowhere.npz")
    assert weights(model) == weights(network())


def test_an_error_after_the_checkpoint_was_read_changes_nothing(
    tmp_path: Path,
) -> None:
    path, model = tmp_path / "run.npz", network(seed=4)
    train(network(), epochs=2, checkpoint=path)
    optimizer = nn.Adam(model.parameters(), 0.05)

    def bad(output: Any, target: Any) -> Any:
        raise LookupError("a bad loss")

    with pytest.raises(LookupError):
        train(model, optimizer=optimizer, loss=bad, resume=path)
    assert weights(model) == weights(network(seed=4))
    assert optimizer.steps == 0


# --- Ctrl-C --------------------------------------------------------------------------


@pytest.mark.parametrize("compiled", [True, False])
def test_ctrl_c_ends_after_the_step_that_is_under_way(compiled: bool) -> None:
    model, by_hand = network(), network()
    error = pressed(model, 6, batch_size=30, compiled=compiled, epochs=20)
    train(by_hand, batch_size=30, compiled=compiled, epochs=6)
    assert weights(model) == weights(by_hand)
    assert "stopped by Ctrl-C in epoch 6 of 20, after 30 of 30 examples" in str(error)
    assert "There is no checkpoint to go on from" in str(error)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_script_is_told_how_to_go_on(tmp_path: Path) -> None:
    path = str(tmp_path / "run.npz")
    error = pressed(network(), 6, checkpoint=path)
    assert f"call fit with the same arguments and resume={path!r}" in str(error)


def test_at_a_prompt_the_history_is_returned_and_the_way_on_is_shown(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    path, model = str(tmp_path / "run.npz"), network()
    optimizer = after_steps(10)(model.parameters(), 0.05)
    history = train(model, optimizer=optimizer, checkpoint=path)
    assert len(history.loss) == 2
    assert optimizer.steps == 10
    (message,) = capsys.readouterr().err.splitlines()
    assert "in epoch 3 of 6, after 16 of 30 examples" in message
    assert f"resume={path!r}" in message


def test_a_second_ctrl_c_is_immediate_and_leaves_a_whole_step(tmp_path: Path) -> None:
    path, model, by_hand = tmp_path / "run.npz", network(), network()
    optimizer = after_steps(2, times=2)(model.parameters(), 0.05)
    with pytest.raises(KeyboardInterrupt) as caught:
        train(model, optimizer=optimizer, batch_size=30, checkpoint=path)
    assert str(caught.value) == ""
    train(by_hand, batch_size=30, epochs=2)
    assert weights(model) == weights(by_hand)
    assert read(path)[0]["training"]["epoch"] == 1  # the last one that was written


def test_ctrl_c_in_a_callback_waits_for_the_others(tmp_path: Path) -> None:
    path, called = tmp_path / "run.npz", []

    def press(training: Training) -> None:
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt, match="after epoch 1 of 6"):
        train(callbacks=[press, lambda t: called.append(t.epoch)], checkpoint=path)
    assert called == [1]
    whole, again = network(), network()
    train(whole)
    train(again, resume=path)
    assert weights(again) == weights(whole)


def test_training_in_another_thread_leaves_ctrl_c_alone() -> None:
    model, expected = network(), network()
    handlers: list[Any] = []

    def note(training: Training) -> None:
        handlers.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=lambda: train(model, callbacks=[note]))
    thread.start()
    thread.join()
    train(expected)
    assert handlers == [signal.default_int_handler] * 6
    assert weights(model) == weights(expected)


# --- disks ---------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["open", "write", "fsync", "replace"])
def test_a_checkpoint_that_fails_leaves_the_one_before_and_the_parameters(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, model, expected = tmp_path / "run.npz", network(), network()

    def fill(training: Training) -> None:
        if training.epoch == 3:
            monkeypatch.setattr(files.os, step, full)

    def full(*args: Any, **kwargs: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OSError, match="No space left") as caught:
        train(model, callbacks=[fill], checkpoint=path)
    monkeypatch.undo()
    assert "after epoch 3 of 6" in str(caught.value)
    assert caught.value.errno == errno.ENOSPC
    train(expected, epochs=3)
    assert weights(model) == weights(expected)
    train(expected := network(), epochs=2)
    assert weights(nn.load(path)) == weights(expected)
    assert os.listdir(tmp_path) == ["run.npz"]
    again, whole = network(), network()
    train(again, resume=path)
    train(whole)
    assert weights(again) == weights(whole)


def test_a_disk_that_is_full_is_noticed_before_training(tmp_path: Path) -> None:
    pytest.importorskip("resource")  # not on Windows
    script = (
        "import nn, resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "X, y = nn.data.logic_gate('xor')\n"
        "model = nn.MLP(2, [20, 1], seed=0)\n"
        "def loss(*_): print('trained')\n"
        "nn.fit(model, X, y, loss=loss, optimizer=nn.SGD(model.parameters()),\n"
        "       epochs=1, checkpoint=sys.argv[1])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "run.npz"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "no checkpoint can be written" in done.stderr.splitlines()[-1]
    assert os.listdir(tmp_path) == []


def test_a_folder_that_may_not_be_written_is_noticed_before_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, model = tmp_path / "mine", network()
    folder.mkdir(mode=0o555)
    if os.access(folder, os.W_OK):  # as root, who may do everything

        def refuse(*args: Any, **kwargs: Any) -> None:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

        monkeypatch.setattr(files.os, "open", refuse)
    with pytest.raises(PermissionError, match=r"no checkpoint .*Permission denied"):
        train(model, checkpoint=folder / "run.npz")
    monkeypatch.undo()
    assert weights(model) == weights(network())
    assert list(folder.iterdir()) == []


def test_a_folder_that_is_not_there_is_noticed_before_training(tmp_path: Path) -> None:
    model = network()
    with pytest.raises(FileNotFoundError, match=r"no checkpoint .* there is no folder"):
        train(model, checkpoint=tmp_path / "nowhere" / "run.npz")
    assert weights(model) == weights(network())


@pytest.mark.parametrize("compiled", [True, False])
def test_training_that_diverges_keeps_the_checkpoint_before_and_a_finite_model(
    compiled: bool, tmp_path: Path
) -> None:
    path, model = tmp_path / "run.npz", network()

    def faster(training: Training) -> None:
        if training.epoch == 3:
            training.optimizer.learning_rate = 1e305

    optimizer = nn.SGD(model.parameters(), 0.1)
    settings: Any = {"loss": nn.mse, "compiled": compiled}
    with pytest.raises(OverflowError, match="smaller learning_rate") as caught:
        train(
            model, optimizer=optimizer, callbacks=[faster], checkpoint=path, **settings
        )
    assert len(str(caught.value).splitlines()) == 1
    assert np.isfinite(weights(model)).all()
    expected = network()
    optimizer = nn.SGD(expected.parameters(), 0.1)
    train(expected, optimizer=optimizer, epochs=3, **settings)
    assert weights(nn.load(path)) == weights(expected)


def test_a_nan_in_the_data_leaves_model_and_checkpoint(tmp_path: Path) -> None:
    path, model, spoiled = tmp_path / "run.npz", network(), X.copy()
    train(network(), checkpoint=path)
    before = path.read_bytes()
    spoiled[17, 1] = np.nan
    with pytest.raises(ValueError, match=r"fit: X\[17, 1\] is nan"):
        nn.fit(
            model,
            spoiled,
            Y,
            loss=nn.mse,
            optimizer=nn.SGD(model.parameters()),
            epochs=2,
            checkpoint=path,
        )
    assert weights(model) == weights(network())
    assert path.read_bytes() == before


# --- kill -9, and other processes ----------------------------------------------------

RUN = """
import os, random, signal, sys, time
import numpy as np
import nn
from nn.checkpoints import read
path, epochs = sys.argv[1], 100
X, y = nn.data.moons(200, 0.2, seed=0)
def run(path, epochs, alive=lambda training: None, progress=False):
    model = nn.MLP(2, [8, 1], "tanh", seed=0)
    schedule = nn.Cosine(0.02, steps=epochs * 20)
    nn.fit(
        model, X, y, loss=nn.binary_cross_entropy_with_logits,
        optimizer=nn.Adam(model.parameters(), schedule),
        epochs=epochs, batch_size=10, validation=(X[:20], y[:20]), threshold=0.0,
        progress=progress, callbacks=[alive, nn.EarlyStopping(1000)],
        checkpoint=path, resume=path if os.path.exists(path) else None,
    )
    return np.array([p.data for p in model.parameters()]).tobytes().hex()
"""

KILLING = """
rng = random.Random(0)
for i in range(10):
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        run(path, epochs, lambda training: os.write(writing, b"."))
        os._exit(0)
    os.close(writing)
    for _ in range(rng.randrange(1, 4)):
        assert os.read(reading, 1)  # an epoch is done, and its checkpoint comes next
    time.sleep(rng.uniform(0.0, 0.02))
    os.kill(child, signal.SIGKILL)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1]), "it was done already"
    if os.path.exists(path):  # whole, at every moment
        print(read(path)[0]["training"]["epoch"])
print(run(path, epochs))
print(run(path + ".whole", epochs))
"""


def said_by(script: str, path: Path, **environment: str) -> list[str]:
    """The lines that a script prints in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", script, path],
        cwd=ROOT,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kill -9 is of POSIX systems")
def test_a_run_killed_ten_times_ends_in_the_same_bits(tmp_path: Path) -> None:
    *places, killed, whole = said_by(RUN + KILLING, tmp_path / "run.npz")
    epochs = [int(place) for place in places]
    assert epochs == sorted(epochs)
    assert 0 < epochs[0] < epochs[-1] < 100
    assert killed == whole


def test_a_progress_bar_changes_no_bit_and_neither_does_another_process(
    tmp_path: Path,
) -> None:
    script = RUN + "print(run(path, 5), run(path + '.bar', 5, progress=True))"
    (first,) = said_by(script, tmp_path / "1")
    (second,) = said_by(script, tmp_path / "2")
    assert first == second
    assert len(set(first.split())) == 1


def test_another_number_of_threads_changes_roundings_alone(tmp_path: Path) -> None:
    script = (
        "import nn, numpy as np\n"
        "X, y = np.random.default_rng(0).random((256, 784)), np.arange(256) % 10\n"
        "model = nn.MLP(784, [16, 10], 'tanh', seed=0)\n"
        "nn.fit(model, X, y, loss=nn.cross_entropy, epochs=2, batch_size=128,\n"
        "       optimizer=nn.SGD(model.parameters(), 0.1), progress=False)\n"
        "print(*(p.data for p in model.parameters()))\n"
    )
    runs = [
        np.array(said_by(script, tmp_path, OPENBLAS_NUM_THREADS=n)[0].split(), float)
        for n in ("1", "2")
    ]
    # Four steps, each of sums of up to 784 terms below 1, added in another order: a
    # rounding each, times what a smooth network makes of it.
    assert runs[0] == pytest.approx(runs[1], abs=1e-11)
