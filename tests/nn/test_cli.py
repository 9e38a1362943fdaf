"""The command line: what it writes and prints, how runs go on, and what it refuses."""

from __future__ import annotations

import base64
import csv
import errno
import io
import json
import math
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import files
from nn import cli
from nn.checkpoints import read
from nn.cli.arguments import parsed
from nn.cli.datasets import GATES, divided, load
from nn.cli.images import DIGITS, MNIST, Frame, framed, read_image
from nn.cli.options import DEFAULTS, OPTIMIZERS, SCHEDULES, Options
from nn.cli.runs import FILES, options_from
from nn.layers import ACTIVATIONS

ROOT = Path(__file__).parents[2]
FAST = ("--quiet", "--layers", "4", "--epochs", "2")
"""What makes a small network of two epochs."""


@pytest.fixture(autouse=True)
def usual_handler() -> Iterator[None]:
    """Python's own handler of Ctrl-C, whatever runs the tests has set."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, and no time spent on pictures and on the disk."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr("nn.cli.train.drawn", lambda outcome: {})
    return tmp_path


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """A function that does a command: its exit code, output and errors."""

    def command(*argv: str | Path) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli.main([str(argument) for argument in argv])
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


Ask = Callable[..., tuple[int, str, str]]


def refused(ask: Ask, *argv: str | Path, code: int = 2) -> str:
    """The one line in which a command is refused."""
    found, out, err = ask(*argv)
    assert (found, out) == (code, ""), err
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    return err


def process(*argv: str, **settings: Any) -> subprocess.CompletedProcess[str]:
    """A command as a user gives it, with warnings as errors."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "nn", *argv],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **settings,
    )


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that has learned the digits, pictures and all."""
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    folder = tmp_path_factory.mktemp("digits") / "run"
    argv = ["train", "--data", "digits", "--out", str(folder), "--epochs", "12"]
    done = process(*argv, "--activation", "sigmoid", "--learning-rate", "0.01")
    assert done.returncode == 0, done.stderr
    (folder.parent / "out.txt").write_text(done.stdout)
    (folder.parent / "err.txt").write_text(done.stderr)
    return folder


def table(text: str, start: str) -> list[list[str]]:
    """The rows under the line that starts so, up to an empty line, as cells."""
    lines = text.splitlines()
    first = next(i for i, line in enumerate(lines) if line.strip().startswith(start))
    rows = []
    for line in lines[first + 1 :]:
        if not line.strip():
            break
        rows.append(line.split())
    return rows


# --- train ---------------------------------------------------------------------------


def test_a_run_has_all_its_files_and_nothing_else(digits: Path) -> None:
    assert {path.name for path in digits.iterdir()} == {*FILES}


def test_results_go_to_output_and_progress_to_errors(digits: Path) -> None:
    out = (digits.parent / "out.txt").read_text().splitlines()
    err = (digits.parent / "err.txt").read_text()
    assert [line.split("  ")[0] for line in out] == [
        "test accuracy",
        "test loss",
        "summary",
    ]
    assert "1,294 to learn from, 144 to validate, 359 to test" in err
    assert "1,482 parameters" in err
    assert "epoch 12/12: loss" in err


def test_the_history_has_every_epoch(digits: Path) -> None:
    rows = list(csv.DictReader(io.StringIO((digits / "history.csv").read_text())))
    assert [row["epoch"] for row in rows] == [str(i) for i in range(1, 13)]
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])
    assert {"training_accuracy", "validation_accuracy"} <= rows[0].keys()


def test_training_is_a_few_lines_with_nn(place: Path, ask: Ask) -> None:
    code, out, err = ask(
        "train",
        "--data=moons",
        "--layers=5,3",
        "--activation=tanh",
        "--optimizer=sgd",
        "--learning-rate=0.2",
        "--momentum=0.5",
        "--schedule=cosine",
        "--batch-size=16",
        "--epochs=3",
        "--dropout=0.1",
        "--weight-decay=0.001",
        "--label-smoothing=0.05",
        "--standardize",
        "--validation=0.25",
        "--test=0.4",
        "--seed=7",
        "--quiet",
    )
    assert (code, err) == (0, "")

    X, y = nn.data.moons(1000, noise=0.2)
    order = np.random.default_rng(0).permutation(1000)
    test, watched, learned = np.split(order, [400, 550])  # 0.4, and 0.25 of the rest
    scaler = nn.StandardScaler().fit(X[learned])
    model = nn.MLP(2, [5, 3, 2], "tanh", seed=7, dropout=0.1)
    steps = 3 * math.ceil(450 / 16)
    nn.fit(
        model,
        scaler.transform(X[learned]),
        y[learned],
        loss=lambda z, k: nn.cross_entropy(z, k, label_smoothing=0.05),
        optimizer=nn.SGD(
            model.parameters(), nn.Cosine(0.2, steps), 0.5, weight_decay=0.001
        ),
        epochs=3,
        batch_size=16,
        validation=(scaler.transform(X[watched]), y[watched]),
        progress=False,
        seed=7,
    )
    assert_same_state(nn.load("run/model.npz").state_dict(), model.state_dict())
    share = nn.accuracy(model, scaler.transform(X[test]), y[test])
    assert f"test accuracy  {share:.2%}, {round(400 * share)} of 400 right" in out


def assert_same_state(one: dict[str, Any], other: dict[str, Any]) -> None:
    """The same parameters, to the bit."""
    assert one.keys() == other.keys()
    for name, array in one.items():
        assert array.tobytes() == other[name].tobytes(), name


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_has_a_rate_that_learns(
    name: str, place: Path, ask: Ask
) -> None:
    code, out, _ = ask(
        "train", "--data=moons", f"--optimizer={name}", "--quiet", "--epochs=8"
    )
    assert code == 0
    settings = read(Path("run/checkpoint.npz"))[0]["training"]["terms"]["optimizer"]
    assert settings["name"].lower() == name
    accuracy = re.search(r"accuracy  (\S+)%", out)
    assert accuracy is not None
    assert float(accuracy[1]) > 80  # a line between the moons gets about 87


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_is_laid_out_for_all_steps(
    name: str, place: Path, ask: Ask
) -> None:
    code, _, _ = ask("train", "--data=moons", f"--schedule={name}", *FAST)
    assert code == 0
    rates = column("run", "learning_rate")
    steps = 2 * math.ceil(720 / 32)
    schedule = SCHEDULES[name](0.003, steps)
    assert rates == [schedule(steps // 2 - 1), schedule(steps - 1)]
    assert (name == "constant") == (rates[-1] == 0.003)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_is_taken(name: str, place: Path, ask: Ask) -> None:
    code, _, _ = ask("train", "--data=xor", f"--activation={name}", *FAST)
    assert code == 0
    assert nn.load("run/model.npz").activation == name


def test_every_gate_is_there() -> None:
    assert set(GATES) == set(nn.data._GATES)
    for name in GATES:
        X, y = load(name).examples
        np.testing.assert_array_equal(X, nn.data.logic_gate(name)[0])
        np.testing.assert_array_equal(y, nn.data.logic_gate(name)[1])


@pytest.mark.parametrize("name", ["xor", "nor"])
def test_a_truth_table_is_learned_and_tested_as_a_whole(
    name: str, place: Path, ask: Ask
) -> None:
    argv = ["--epochs=100", "--learning-rate=0.1", "--layers=6", "--activation=tanh"]
    code, out, _ = ask("train", f"--data={name}", *argv, "--quiet")
    assert code == 0
    assert "100.00%, 4 of 4 right" in out
    said = ask("evaluate", "run")[1]
    right = int(nn.data.logic_gate(name)[1].sum())
    assert [row[-1] for row in table(said, "class")] == [str(4 - right), str(right)]


def test_no_hidden_layer_is_a_network_too(place: Path, ask: Ask) -> None:
    assert ask("train", "--data=moons", "--layers=none", "--quiet")[0] == 0
    assert nn.load("run/model.npz").settings()["layer_sizes"] == [2]


def test_eager_training_compiles_nothing_and_agrees(
    place: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compile_nothing(*args: Any) -> None:
        pytest.fail("compiled")

    assert ask("train", "--data=xor", "--out=a", *FAST)[0] == 0
    monkeypatch.setattr("nn.engines.compile", compile_nothing)
    assert ask("train", "--data=xor", "--out=b", *FAST, "--eager")[0] == 0
    one, other = (nn.load(f"{out}/model.npz").state_dict() for out in "ab")
    for name, array in one.items():
        # Two steps on four examples: sums in another order, and Adam's quotients.
        np.testing.assert_allclose(array, other[name], rtol=1e-9, atol=1e-12)
    stored = json.loads(Path("b/settings.json").read_text())
    assert "--eager" in stored["options"]


def test_early_stopping_keeps_the_best_network_and_says_so(
    place: Path, ask: Ask
) -> None:
    argv = ["--optimizer=sgd", "--learning-rate=2", "--early-stopping=2"]
    code, _, err = ask("train", "--data=moons", "--epochs=60", *argv)
    assert code == 0
    losses = column("run", "validation_loss")
    best = int(np.argmin(losses))
    assert len(losses) == best + 3 < 60
    assert f"stopped after epoch {len(losses)} of 60: validation_loss was best" in err
    data = load("moons")
    X, y = divided(data, None, None).validation or pytest.fail("no validation")
    logits = nn.predict(nn.load("run/model.npz"), X)
    losses_now = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(y)), y]
    # A mean of 80 losses, in another order and by another program.
    assert losses_now.mean() == pytest.approx(losses[best], rel=1e-9)
    page = Path("run/summary.html").read_text(encoding="utf-8")
    assert f"Epoch {best + 1} had the best validation loss" in page
    assert f"validation</td><td>{losses[best]:.4f}</td>" in page
    assert "--resume --epochs" not in page  # it would be stopped still


def test_a_network_that_has_learned_nothing_is_pointed_out(
    place: Path, ask: Ask
) -> None:
    argv = ["--optimizer=sgd", "--learning-rate=1e9", "--quiet"]
    code, _, err = ask("train", "--data=moons", *argv)
    assert code == 0
    assert err.startswith("The loss in training is worse than that of guessing")
    assert err.strip() in Path("run/summary.html").read_text(encoding="utf-8")


def test_divergence_is_told_in_one_line_with_code_one(place: Path, ask: Ask) -> None:
    argv = ["--optimizer=sgd", "--learning-rate=1e200", "--quiet"]
    line = refused(ask, "train", "--data=moons", *argv, code=1)
    assert "diverged in epoch 1" in line
    assert "smaller learning_rate" in line


def test_without_matplotlib_all_but_the_pictures_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    code, _, err = ask("train", "--data=xor", *FAST)
    assert code == 0
    assert 'pip install "valuegrad[plots]"' in err
    there = {path.name for path in Path("run").iterdir()}
    assert there == {name for name in FILES if not name.endswith(".png")}
    assert "<img" not in Path("run/summary.html").read_text(encoding="utf-8")


# --- options -------------------------------------------------------------------------


def test_options_are_read_back_as_they_were_written() -> None:
    others = Options(
        "my data.csv", 0.2, 0.3, True, (), "tanh", 0.5, "sgd", 1e-3, 0.9, "step", 1e-5,
        0.1, 7, 9, 3, 11, True,
    )  # fmt: skip
    for options in (others, Options("moons")):
        given = parsed(["train", *options.arguments()])
        assert options_from(given) == options


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--layers=16,x"], "--layers: must be whole numbers"),
        (["--layers=0"], "--layers: must be whole numbers"),
        (["--layers="], "--layers: must be whole numbers"),
        (["--learning-rate", "-1"], "--learning-rate: must be a number above 0"),
        (["--learning-rate=inf"], "--learning-rate: must be a number above 0"),
        (["--learning-rate=nan"], "--learning-rate: must be a number above 0"),
        (["--weight-decay=-0.1"], "--weight-decay: must be a number from 0 up"),
        (["--dropout=1"], "--dropout: must be from 0 to below 1"),
        (["--label-smoothing=2"], "--label-smoothing: must be from 0 to below 1"),
        (["--validation=1.5"], "--validation: must be from 0 to below 1"),
        (["--test=0"], "--test: must be between 0 and 1"),
        (["--epochs=0"], "--epochs: must be a whole number from 1 up"),
        (["--batch-size=2.5"], "--batch-size: must be a whole number from 1 up"),
        (["--early-stopping=no"], "--early-stopping: must be a whole number"),
        (["--seed=-1"], "--seed: must be a whole number from 0 up"),
        (["--activation=foo"], "--activation: invalid choice: 'foo'"),
        (["--optimizer=foo"], "--optimizer: invalid choice: 'foo'"),
        (["--schedule=foo"], "--schedule: invalid choice: 'foo'"),
        (["--epoch=3"], "unrecognized arguments: --epoch=3"),
        (["--momentum=0.9"], "--momentum is for sgd and rmsprop, not for adam"),
        (["--validation=0", "--early-stopping=3"], "no examples to validate"),
        (["--resume", "--force"], "give one"),
        (["--data=mnits"], "no data named 'mnits': choose from mnist, digits"),
        (["--data=xor", "--validation=0.1"], "all of them are needed"),
        (["--data=digits", "--test=0.1"], "has a test set of its own"),
    ],
)
def test_a_mistake_is_told_in_one_line_and_nothing_is_written(
    arguments: list[str], reason: str, place: Path, ask: Ask
) -> None:
    if "--data=digits" in arguments:
        pytest.importorskip("sklearn")
    assert reason in refused(ask, "train", "--data=moons", *arguments)
    assert not any(place.iterdir())


def test_data_are_needed(place: Path, ask: Ask) -> None:
    assert "--data is needed" in refused(ask, "train")
    assert "COMMAND" in refused(ask)


def test_a_folder_that_cannot_be_is_told(place: Path, ask: Ask) -> None:
    Path("file").write_text("here")
    for folder in ("file", "file/run"):
        line = refused(ask, "train", "--data=xor", "--out", folder, *FAST)
        assert f"no run can be written to {folder}" in line
    assert Path("file").read_text() == "here"


def test_a_folder_that_may_not_be_written_is_told(
    place: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path("locked")
    folder.mkdir(mode=0o500)
    if os.access(folder, os.W_OK):  # as root, who may do everything

        def denied(*args: Any) -> int:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

        monkeypatch.setattr(files.os, "open", denied)
    line = refused(ask, "train", "--data=xor", "--out", "locked", *FAST)
    assert "settings.json cannot be written: Permission denied" in line


def test_mnist_that_is_not_there_is_explained(
    place: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VALUEGRAD_DATA", str(place / "nowhere"))
    line = refused(ask, "train", "--data=mnist", *FAST)
    assert "nowhere (there is no such folder)" in line
    assert "VALUEGRAD_DATA" in line

    def unreachable() -> None:
        raise ConnectionError("mnist: could not be downloaded:\n  one\n  other")

    monkeypatch.setattr(nn.data, "mnist", unreachable)
    assert "downloaded: one other" in refused(ask, "train", "--data=mnist")


# --- help ----------------------------------------------------------------------------


def helped(ask: Ask, *command: str) -> str:
    code, out, err = ask(*command, "--help")
    assert (code, err) == (0, "")
    return out


@pytest.mark.parametrize("command", [(), ("train",), ("evaluate",), ("predict",)])
def test_help_fits_a_screen(command: tuple[str, ...], ask: Ask) -> None:
    lines = helped(ask, *command).splitlines()
    assert len(lines) <= 50
    assert max(map(len, lines)) < 80


def test_help_names_every_option_of_training(ask: Ask) -> None:
    out = helped(ask, "train")
    for name in Options.__dataclass_fields__:
        assert f"--{name.replace('_', '-')}" in out
    assert f"(default {DEFAULTS.epochs})" in out


def test_the_examples_in_the_help_run_in_their_order(place: Path, ask: Ask) -> None:
    sklearn = pytest.importorskip("sklearn")
    pytest.importorskip("PIL")
    assert sklearn
    save_png(load("digits").examples[0][0].reshape(8, 8), Path("image.png"))
    lines = []
    for command in ((), ("train",), ("evaluate",), ("predict",)):
        text = helped(ask, *command).split("examples:\n")[1]
        lines += re.findall(r"^  python -m nn (.*)$", text, re.M)
    assert len(lines) >= 10
    for line in lines:
        argv = line.replace("*.png", "image.png").split()
        if argv[0] == "train" and "--data" in argv:
            argv += ["--force", "--quiet"]
        if "mnist" in argv:  # takes too long here; that it is understood is enough
            assert parsed(argv)["data"] == "mnist"
        else:
            code, _, err = ask(*argv)
            assert code == 0, (line, err)


# --- going on ------------------------------------------------------------------------


def column(folder: str | Path, name: str) -> list[float]:
    """What the history of a run has by a name."""
    with open(f"{folder}/history.csv") as file:
        return [float(row[name]) for row in csv.DictReader(file)]


RUN = ("--data=moons", "--epochs=4", "--layers=6", "--dropout=0.2", "--quiet")


def test_a_run_that_goes_on_ends_in_the_same_bits(place: Path, ask: Ask) -> None:
    assert ask("train", *RUN, "--out=whole")[0] == 0
    shorter = [a.replace("=4", "=2") for a in RUN]
    assert ask("train", *shorter, "--out=parts", "--standardize")[0] == 0
    assert ask("train", *shorter, "--out=parts", "--force")[0] == 0
    before = column("parts", "seconds")
    assert ask("train", "--resume", "--out=parts", "--epochs=4", "--quiet")[0] == 0
    assert column("parts", "seconds")[:2] == before  # and did not begin anew
    one, other = (nn.load_state(f"{out}/model.npz") for out in ("whole", "parts"))
    assert_same_state(one, other)
    assert ask("evaluate", "whole")[1] == ask("evaluate", "parts")[1]


def pressing(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Have Ctrl-C pressed in a step of Adam."""
    update = nn.Adam.update

    def pressed_in(self: nn.Adam, parameters: Any, gradient: Any) -> None:
        update(self, parameters, gradient)
        if self.steps + 1 == step:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(nn.Adam, "update", pressed_in)


@pytest.mark.parametrize("step", [1, 23, 30])  # an epoch has 23
def test_a_run_stopped_by_ctrl_c_says_how_to_go_on_to_the_same_bits(
    step: int, place: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask("train", *RUN, "--out=whole")[0] == 0
    with monkeypatch.context() as pressed_once:
        pressing(pressed_once, step)
        code, out, err = ask("train", *RUN, "--out=my run")
    assert (code, out) == (130, "")
    assert err.count("\n") == 1
    assert "the network so far is saved" in err
    way_on = re.search(r"To go on: python -m nn (.*)$", err)
    assert way_on is not None
    assert way_on[1] == "train --out 'my run' --resume"
    assert Path("my run/history.csv").exists()
    code, out, err = ask("evaluate", "my run")
    assert code == 0
    assert "the training is not done" in err
    before = column("my run", "seconds")
    assert ask("train", "--out", "my run", "--resume", "--quiet")[0] == 0
    assert column("my run", "seconds")[: len(before)] == before
    one, other = (nn.load_state(f"{out}/model.npz") for out in ("whole", "my run"))
    assert_same_state(one, other)


def test_ctrl_c_ends_the_process_with_130(tmp_path: Path) -> None:
    argv = ["train", "--data=moons", "--epochs=1000000", "--quiet", "--out=run"]
    process = subprocess.Popen(
        [sys.executable, "-m", "nn", *argv],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 60
        while not (tmp_path / "run/checkpoint.npz").exists():
            assert time.monotonic() < deadline
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, out) == (130, "")
    assert "To go on: python -m nn train --out run --resume" in err
    assert "Traceback" not in err


def test_a_run_that_was_stopped_before_its_first_checkpoint_begins(
    place: Path, ask: Ask
) -> None:
    assert ask("train", *RUN)[0] == 0
    expected = nn.load_state("run/model.npz")
    for name in FILES[1:]:
        Path("run", name).unlink(missing_ok=True)
    assert "there is no network in run yet" in refused(ask, "evaluate", "run")
    assert ask("train", "--resume", "--quiet")[0] == 0
    assert_same_state(nn.load_state("run/model.npz"), expected)


def test_a_run_in_the_way_is_not_touched_unless_forced(place: Path, ask: Ask) -> None:
    assert ask("train", "--data=xor", *FAST)[0] == 0
    Path("run/notes.txt").write_text("mine")
    before = {path: path.read_bytes() for path in Path("run").iterdir()}
    line = refused(ask, "train", "--data=moons", *FAST)
    assert "--resume" in line
    assert "--force" in line
    assert {path: path.read_bytes() for path in Path("run").iterdir()} == before
    assert ask("train", "--data=moons", *FAST, "--force")[0] == 0
    assert Path("run/notes.txt").read_text() == "mine"
    assert "--data=moons" in Path("run/settings.json").read_text()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--layers=4,4"], "--layers was 4 in run"),
        (["--seed=1"], "--seed was 0 in run"),
        (["--data=xor"], "--data was moons in run"),
        (["--standardize"], "--standardize was False in run"),
        (["--epochs=1"], "run was made for 2: give as many or more"),
        (["--epochs=9"], "the schedule cosine of run was made for 2 epochs"),
    ],
)
def test_a_run_goes_on_as_it_began(
    arguments: list[str], reason: str, place: Path, ask: Ask
) -> None:
    assert ask("train", "--data=moons", "--schedule=cosine", *FAST)[0] == 0
    before = {path: path.read_bytes() for path in Path("run").iterdir()}
    assert reason in refused(ask, "train", "--resume", *arguments)
    assert {path: path.read_bytes() for path in Path("run").iterdir()} == before
    assert ask("train", "--resume", "--layers=4", "--quiet")[0] == 0


def test_there_has_to_be_a_run_to_go_on_with(place: Path, ask: Ask) -> None:
    for argv in (["train", "--resume"], ["evaluate", "run"], ["predict", "run", "x"]):
        assert "there is no run in run" in refused(ask, *argv)


def test_damaged_files_are_refused_and_left(place: Path, ask: Ask) -> None:
    assert ask("train", "--data=moons", *FAST)[0] == 0
    for name, commands in {
        "checkpoint.npz": [["train", "--resume"]],
        "model.npz": [["evaluate", "run"], ["predict", "run", "x.csv"]],
        "settings.json": [["train", "--resume"], ["evaluate", "run"]],
    }.items():
        path = Path("run", name)
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        for command in commands:
            line = refused(ask, *command)
            assert f"run/{name}" in line
            assert "damaged" in line
        assert Path("run/model.npz").exists()
        path.write_bytes(whole)
    settings = json.loads(Path("run/settings.json").read_text())
    Path("run/settings.json").write_text(json.dumps({**settings, "n_inputs": 3}))
    assert "is of another network" in refused(ask, "evaluate", "run")


# --- evaluate ------------------------------------------------------------------------


def test_evaluation_prints_what_nn_measures(digits: Path, ask: Ask) -> None:
    code, out, err = ask("evaluate", digits)
    assert (code, err) == (0, "")
    _, (X, y) = nn.data.digits()
    model = nn.load(digits / "model.npz")
    matrix = nn.confusion_matrix(model, X, y)
    shown = table(out, "confusion matrix")[1:]
    assert [int(row[0]) for row in shown] == list(range(10))
    counts = [[str(n or ".") for n in row] for row in matrix.tolist()]
    assert [row[1:] for row in shown] == counts
    report = nn.precision_recall(matrix)
    for k, row in enumerate(table(out, "class")):
        numbers = report.precision[k], report.recall[k], report.f1[k]
        support = str(report.support[k])
        assert row == [str(k), *(f"{number:.4f}" for number in numbers), support]
    share = nn.accuracy(model, X, y)
    assert share > 0.8
    assert f"accuracy  {share:.2%}, {report.right} right" in out
    losses = [
        nn.cross_entropy(model(x), int(k)).data
        for x, k in zip(X[:20].tolist(), y[:20], strict=True)
    ]
    logits = nn.predict(model, X[:20])
    from nn.cli.evaluate import log_probabilities

    own = -log_probabilities(logits)[np.arange(20), y[:20]]
    # Both are logsumexp(z) - z_k of logits of about 10, in some other order.
    np.testing.assert_allclose(own, losses, rtol=1e-9, atol=1e-14)
    mean = re.search(r"^loss      (\S+)$", out, re.M)
    logarithms = log_probabilities(nn.predict(model, X))
    assert mean is not None
    # Four decimals are shown.
    expected = -logarithms[np.arange(len(y)), y].mean()
    assert float(mean[1]) == pytest.approx(expected, abs=5.1e-5)


def test_probabilities_of_any_logits_add_up_to_one() -> None:
    from nn.cli.evaluate import log_probabilities

    logits = np.array([[1e300, -1e300, 0.0], [1e-300, 0.0, 0.0], [700.0, 710.0, 0.0]])
    probabilities = np.exp(log_probabilities(logits))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-15)
    assert probabilities[0].tolist() == [1.0, 0.0, 0.0]


def test_evaluation_on_the_same_data_by_name_is_on_the_test_set(
    place: Path, ask: Ask
) -> None:
    write_csv(Path("moons.csv"), 200)
    assert ask("train", "--data=moons.csv", *FAST)[0] == 0
    own, by_name = ask("evaluate", "run"), ask("evaluate", "run", "--data=./moons.csv")
    assert own == by_name
    assert "moons.csv, test set: 40 examples" in own[1]
    write_csv(Path("others.csv"), 60, seed=1)
    assert "others.csv: 60 examples" in ask("evaluate", "run", "--data=others.csv")[1]


def test_data_that_have_changed_are_noticed(place: Path, ask: Ask) -> None:
    write_csv(Path("moons.csv"), 200)
    assert ask("train", "--data=moons.csv", *FAST)[0] == 0
    write_csv(Path("moons.csv"), 200, seed=1)
    for argv in (["evaluate", "run"], ["train", "--resume"]):
        line = refused(ask, *argv)
        assert "moons.csv has changed since" in line
    assert Path("run/model.npz").exists()
    assert ask("evaluate", "run", "--data=moons.csv")[0] == 0


def test_data_of_another_width_or_class_are_refused(place: Path, ask: Ask) -> None:
    assert ask("train", "--data=moons", *FAST)[0] == 0
    Path("wide.csv").write_text("1,2,3,0\n4,5,6,1\n")
    line = refused(ask, "evaluate", "run", "--data=wide.csv")
    assert "has 3 numbers an example, and the network in run takes 2" in line
    Path("more.csv").write_text("1,2,0\n4,5,cat\n")
    line = refused(ask, "evaluate", "run", "--data=more.csv")
    assert "has the class 'cat', and the network knows 0, 1" in line


@pytest.mark.parametrize("command", [("evaluate",), ("train", "--help")])
def test_nobody_has_to_read_on(command: tuple[str, ...], digits: Path) -> None:
    argv = [*command, *([str(digits)] if len(command) == 1 else [])]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "nn", *argv],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert done.stderr == b""
    if command == ("evaluate",):  # argparse itself lets help go unread
        assert done.returncode == 1


# --- files of one's own --------------------------------------------------------------


def write_csv(path: Path, n: int, seed: int = 0, names: str = "01") -> None:
    X, y = nn.data.moons(n, noise=0.2, seed=seed)
    lines = [f"{a!r},{b!r},{names[k]}" for (a, b), k in zip(X.tolist(), y, strict=True)]
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("text", "classes", "first"),
    [
        ("1,2,0\n3,4,1\n", ("0", "1"), [1, 2]),
        ("a,b,class\n1,2,0\n3,4,1\n", ("0", "1"), [1, 2]),
        ("0,1,class\n1,2,0\n3,4,1\n", ("0", "1"), [1, 2]),
        ("\ufeff1;2;0\r\n\r\n3;4;1\r\n", ("0", "1"), [1, 2]),
        ("1\t2\t10.0\n3\t4\t9\n", ("9", "10"), [1, 2]),
        ('1, 2,"no, cat"\n3, 4, -1\n5, 6, dog', ("-1", "dog", "no, cat"), [1, 2]),
        ("-1e3,2,b\n3,4,a\n", ("a", "b"), [-1000, 2]),
    ],
)
def test_tables_are_read_in_their_usual_forms(
    text: str, classes: tuple[str, ...], first: list[float], place: Path
) -> None:
    Path("t.csv").write_bytes(text.encode())
    data = load("t.csv")
    assert data.classes == classes
    assert data.examples[0][0].tolist() == first
    assert sorted(data.examples[1].tolist()) == list(range(len(classes)))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"a,b,c\n1,2,0\n3,nan,1\n", "line 3, column 2: 'nan' is no finite number"),
        (b"1,2,0\n3,,1\n", "line 2, column 2: '' is no finite number"),
        (b"1,x,0\n3,4,1\n", "line 1, column 2: 'x' is no finite number"),
        (b"1,2,0\n3,4,\n", "line 2: there is no class"),
        (b"1,2,0\n3,4\n", "line 2 has 2 columns, and the first has 3"),
        (b"1,2,0.5\n3,4,1\n", "the class 0.5: classes are whole numbers or names"),
        (b"1,2,0\n3,4,nan\n", "the class nan: classes are whole numbers or names"),
        (b"1,2,0\n3,4,0\n", "has the class 0 only"),
        (b"1\n2\n", "has no examples"),
        (b"", "has no examples"),
        (b"\xff\xfe\x00", "is no table"),
        (b"1,2,0\n3,4,1\n", "none is left to learn from"),
    ],
)
def test_a_table_that_cannot_be_learned_is_refused(
    content: bytes, reason: str, place: Path, ask: Ask
) -> None:
    Path("t.csv").write_bytes(content)
    line = refused(ask, "train", "--data=t.csv", *FAST)
    assert "t.csv" in line
    assert reason in line
    assert not Path("run").exists()


def test_a_file_that_is_not_there_is_told(place: Path, ask: Ask) -> None:
    for name in ("no.csv", "no.npz"):
        line = refused(ask, "train", "--data", name, *FAST)
        assert f"{name}: No such file or directory" in line


def test_archives_bring_images_and_test_sets(place: Path, ask: Ask) -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (60, 4, 5)).astype(np.uint8)
    y = images.mean(axis=(1, 2)) > 127
    parts = {"x_train": images[:40], "y_train": y[:40]}
    np.savez("i.npz", **parts, X_TEST=images[40:, ..., None], y_test=y[40:, None])
    data = load("i.npz")
    assert data.frame == Frame(4, 5)
    np.testing.assert_array_equal(data.examples[0], images[:40].reshape(40, 20) / 255)
    assert data.test is not None
    np.testing.assert_array_equal(data.test[0], images[40:].reshape(20, 20) / 255)
    assert data.classes == ("0", "1")
    code, out, _ = ask("train", "--data=i.npz", *FAST)
    assert code == 0
    assert "of 20 right" in out


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"X": np.ones((3, 2))}, "no array y or y_train, but x"),
        ({"X": np.ones((3, 2)), "y": [0, 1]}, "3 examples and 2 classes"),
        ({"X": [[1.0, np.inf]] * 2, "y": [0, 1]}, "X[0, 1] is inf"),
        ({"X": np.ones(3), "y": [0, 1, 0]}, "must be a matrix"),
        ({"X": np.ones((2, 2)), "y": np.eye(2)}, "one for each example"),
        ({"X": np.ones((2, 2)), "y": [0, 1], "x_test": [[1]]}, "no array y_test"),
        (
            {"X": np.ones((2, 2)), "y": [0, 1], "x_test": [[1]], "y_test": [0]},
            "the examples to test on have 1 numbers, and the others 2",
        ),
        ({"X": np.array([{}]), "y": [0]}, "holds no plain arrays"),
    ],
)
def test_an_archive_that_cannot_be_learned_is_refused(
    arrays: dict[str, Any], reason: str, place: Path, ask: Ask
) -> None:
    np.savez("a.npz", **arrays)
    assert reason in refused(ask, "train", "--data=a.npz", *FAST)


def test_an_archive_that_is_none_is_refused(place: Path, ask: Ask) -> None:
    Path("a.npz").write_bytes(b"PK")
    assert "is no .npz file" in refused(ask, "train", "--data=a.npz", *FAST)


def test_what_is_tested_on_is_never_learned_from() -> None:
    data = load("moons")
    parts = divided(data, 0.3, 0.1)
    assert parts.validation is not None
    sets = [
        {tuple(row) for row in X.tolist()}
        for X, _ in (parts.training, parts.validation, parts.test)
    ]
    assert [len(part) for part in sets] == [630, 270, 100]
    assert len(set.union(*sets)) == 1000
    other = divided(data, 0.0, 0.1)
    assert other.validation is None
    np.testing.assert_array_equal(other.test[0], parts.test[0])


# --- predict -------------------------------------------------------------------------


def save_png(pixels: Any, path: Path) -> None:
    """Grey levels from 0 to 1 as an image file."""
    from PIL import Image

    Image.fromarray(np.round(np.asarray(pixels) * 255).astype(np.uint8)).save(path)


def predictions(out: str) -> list[tuple[str, str, float]]:
    rows = [line.split("\t") for line in out.splitlines()]
    return [(name, k, float(share)) for name, k, share in rows]


def test_images_of_the_right_size_are_used_as_they_are(
    digits: Path, place: Path, ask: Ask
) -> None:
    _, (X, _) = nn.data.digits()
    save_png(X[0].reshape(8, 8), Path("light.png"))
    save_png(1 - X[1].reshape(8, 8), Path("dark.png"))
    code, out, err = ask("predict", digits, "light.png", "dark.png")
    assert (code, err) == (0, "")
    found = predictions(out)
    assert [name for name, _, _ in found] == ["light.png"] * 10 + ["dark.png"] * 10
    logits = nn.predict(nn.load(digits / "model.npz"), X[:2])
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    for i, rows in enumerate((found[:10], found[10:])):
        assert [share for _, _, share in rows] == sorted(
            (share for _, _, share in rows), reverse=True
        )
        for _, k, share in rows:
            # An image has 255 levels for 16, and four decimals are shown.
            assert share == pytest.approx(shares[i, int(k)], abs=0.01)
    top = ask("predict", digits, "dark.png", "--top", "1")[1]
    assert top == out.splitlines()[10] + "\n"


def drawing(size: int = 240) -> Any:
    """A drawing of a 7, light on black, away from the middle."""
    from PIL import Image, ImageDraw

    image = Image.new("L", (size, size))
    line = [(30, 20), (120, 20), (60, 190)]
    ImageDraw.Draw(image).line(line, fill=255, width=14)
    return image


def test_a_drawing_is_seen_the_same_in_every_form(place: Path) -> None:
    pytest.importorskip("PIL")
    from PIL import Image, ImageOps

    light = drawing()
    dark = ImageOps.invert(light)
    nothing = Image.new("RGBA", light.size)
    ink = Image.new("RGBA", light.size, "black")
    turned = Image.Exif()
    turned[0x0112] = 6  # to be turned by 90 degrees clockwise
    forms: dict[str, tuple[Any, dict[str, Any]]] = {
        "light.png": (light, {}),
        "dark.png": (dark, {}),
        "colour.png": (ImageOps.colorize(light, "white", "navy"), {}),
        "transparent.png": (Image.composite(ink, nothing, light), {}),
        "palette.gif": (dark.convert("P"), {}),
        "bits.png": (Image.fromarray(np.asarray(dark, dtype=np.uint16) * 257), {}),
        "photo.jpg": (Image.eval(dark, lambda v: 40 + v * 3 // 4), {"quality": 80}),
        "moved.png": (ImageOps.expand(dark, (90, 10, 20, 70), "white"), {}),
        "larger.png": (dark.resize((720, 720)), {}),
        "turned.jpg": (dark.rotate(90), {"exif": turned, "quality": 95}),
    }
    seen = {}
    for name, (image, settings) in forms.items():
        image.save(name, **settings)
        seen[name] = read_image(name, MNIST)
    for name, inputs in seen.items():
        assert inputs.shape == (784,)
        assert 0.0 <= inputs.min() <= inputs.max() <= 1.0
        # Edges are blurred by JPEG and by scaling: a few pixels of 784, a bit.
        difference = np.abs(inputs - seen["light.png"])
        assert difference.mean() < 0.02, name


def test_a_drawing_is_framed_as_mnist_is() -> None:
    pytest.importorskip("PIL")
    image = framed(np.asarray(drawing()) / 255, MNIST)
    rows, columns = (np.flatnonzero(image.any(axis=axis)) for axis in (1, 0))
    assert rows[-1] - rows[0] == 19
    assert columns[-1] - columns[0] < 19
    assert image.max() == 1.0
    for axis in (0, 1):
        centre = (image.sum(axis=axis) @ np.arange(28)) / image.sum()
        assert abs(centre - 14) <= 0.5  # whole pixels


def test_thin_strokes_are_not_pale() -> None:
    pytest.importorskip("PIL")
    ink = np.zeros((400, 400))
    ink[50:350, 200] = 1.0
    ink[200, 50:350] = 1.0
    image = framed(ink, MNIST)
    assert image.max() == 1.0
    assert 20 <= (image > 0.4).sum() <= 39 * 2  # two lines of 20, on one pixel or two


def test_sixteen_bits_are_as_good_as_eight(place: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    pixels = np.arange(64, dtype=np.uint16).reshape(8, 8) ** 2
    image.fromarray(pixels * 16).save("a.png")
    expected = (pixels * 16 / 65535).ravel()
    np.testing.assert_array_equal(read_image("a.png", DIGITS), expected)


def test_a_drawing_is_framed_as_the_digits_are() -> None:
    pytest.importorskip("PIL")
    image = framed(np.asarray(drawing()) / 255, DIGITS)
    assert image.shape == (8, 8)
    assert image[0].any()
    assert image[-1].any()
    columns = np.flatnonzero(image.any(axis=0))
    assert abs(columns[0] - (7 - columns[-1])) <= 1


def test_images_of_other_data_are_only_scaled(place: Path) -> None:
    pytest.importorskip("PIL")
    pixels = np.kron([[0.0, 1.0], [0.2, 0.4], [1.0, 1.0]], np.ones((6, 6)))
    save_png(pixels, Path("a.png"))
    inputs = read_image("a.png", Frame(3, 2))
    np.testing.assert_allclose(inputs, [0.0, 1.0, 0.2, 0.4, 1.0, 1.0], atol=1e-6)


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", None])
def test_what_is_no_image_is_refused(
    content: bytes | None, digits: Path, place: Path, ask: Ask
) -> None:
    path = Path("a.png")
    save_png(np.zeros((8, 8)), path)
    path.write_bytes(path.read_bytes()[:-30] if content is None else content)
    line = refused(ask, "predict", digits, path)
    assert "a.png is no image that Pillow can read, or it is damaged" in line


def test_an_image_of_nothing_or_of_too_much_is_refused(
    digits: Path, place: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PIL import Image

    save_png(np.full((50, 40), 0.7), Path("empty.png"))
    assert "shows nothing" in refused(ask, "predict", digits, "empty.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1500)
    assert "DecompressionBomb" in refused(ask, "predict", digits, "empty.png")
    assert "no.png: No such" in refused(ask, "predict", digits, "no.png")


def test_without_pillow_the_message_says_what_to_install(
    digits: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert "valuegrad[plots]" in refused(ask, "predict", digits, "a.png")


def test_rows_of_numbers_are_predicted_by_their_line(place: Path, ask: Ask) -> None:
    write_csv(Path("my moons.csv"), 300, names="ab")
    assert ask("train", "--data=my moons.csv", "--standardize", "--quiet")[0] == 0
    Path("new.csv").write_text("x0,x1\n-1.0,0.2\n\n2.0,0.3\n")
    code, out, _ = ask("predict", "run", "new.csv", "--top=1")
    assert code == 0
    assert [found[:2] for found in predictions(out)] == [
        ("new.csv:2", "a"),
        ("new.csv:4", "b"),
    ]
    assert "trained on rows of 2 numbers" in refused(ask, "predict", "run", "a.png")
    Path("wide.csv").write_text("1,2,3\n")
    assert "has 3 numbers" in refused(ask, "predict", "run", "wide.csv")


# --- the page and the pictures -------------------------------------------------------


class Page(HTMLParser):
    """Checks that tags are closed, and collects pictures and text."""

    VOID = frozenset({"meta", "img"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.pictures: dict[str, bytes] = {}
        self.text = ""
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        found = dict(attrs)
        if tag == "img":
            start, _, data = found["src"].partition(",")
            assert start == "data:image/png;base64"
            self.pictures[found["alt"]] = base64.b64decode(data)
        assert not {"href", "onload"} & found.keys()
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_holds_all_there_is_to_know(digits: Path, ask: Ask) -> None:
    page = Page((digits / "summary.html").read_text(encoding="utf-8"))
    assert {f"{name}.png" for name in page.pictures} == {
        path.name for path in digits.glob("*.png")
    }
    for name, picture in page.pictures.items():
        assert picture == (digits / f"{name}.png").read_bytes()
    accuracy = re.search(r"accuracy  (\S+%)", ask("evaluate", digits)[1])
    assert accuracy is not None
    for told in (
        f"digits: {accuracy[1]} right",
        "python -m nn train --data digits --out",
        "MLP(64, [16, 16, 10], activation='sigmoid'",
        "1,482 parameters",
        "learning rate0.01",
        "batch size32",
        f"python -m nn evaluate {digits}",
        "--resume --epochs 24",
        "precision",
    ):
        assert told in re.sub(r"[ \n]+", " ", page.text)
    for row in table(ask("evaluate", digits)[1], "class"):
        assert "".join(row) in page.text
    for part, loss in (("training", "loss"), ("validation", "validation_loss")):
        last = column(digits, loss)[-1], column(digits, f"{part}_accuracy")[-1]
        assert f"{part}{last[0]:.4f}{last[1]:.2%}" in page.text


def test_names_are_no_markup(place: Path, ask: Ask) -> None:
    Path("<b>&.csv").write_text("1,2,<i>$x$\n3,4,&amp;\n" * 20)
    assert ask("train", "--data=<b>&.csv", *FAST)[0] == 0
    page = Page(Path("run/summary.html").read_text(encoding="utf-8"))
    assert "2: &amp;, <i>$x$" in page.text
    assert "<b>&.csv: " in page.text


def test_pictures_show_something(digits: Path) -> None:
    from matplotlib.image import imread

    for name in ("history", "confusion", "wrong"):
        pixels = imread(digits / f"{name}.png")[..., :3]
        assert pixels.std() > 0.05, name
        assert (pixels.min(axis=2) < 0.95).mean() > 0.02, name


def test_the_confusion_matrix_has_its_numbers_and_names() -> None:
    pytest.importorskip("matplotlib")
    from nn.cli.pictures import _confusion_figure

    counts = np.array([[30, 2], [0, 12345]])
    figure = _confusion_figure(counts, ("a $1", "a class of a very long name"))
    (axes,) = figure.axes
    texts = {(t.get_position(), t.get_text()) for t in axes.texts}
    assert texts == {((0, 0), "30"), ((1, 0), "2"), ((1, 1), "12345")}
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == [r"a \$1", "a class of a ve…"]
    figure.savefig(io.BytesIO())
    many = _confusion_figure(np.eye(50, dtype=int), tuple(map(str, range(50))))
    assert not many.axes[0].texts


def test_wrong_images_are_shown_with_the_surest_first(digits: Path) -> None:
    from types import SimpleNamespace

    from nn.cli.pictures import _wrong_figure

    shares = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.05, 0.95]])
    X = np.arange(16.0).reshape(4, 4)
    outcome: Any = SimpleNamespace(
        run=SimpleNamespace(frame=Frame(2, 2), classes=("cat", "dog")),
        parts=SimpleNamespace(test=(X, np.array([0, 0, 0, 0]))),
        figures=SimpleNamespace(probabilities=shares),
    )
    figure = _wrong_figure(outcome)
    assert figure is not None
    panels = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title() for axes in panels] == [
        "cat → dog\n95.0%",
        "cat → dog\n80.0%",
        "cat → dog\n60.0%",
    ]
    shown = [axes.images[0].get_array() for axes in panels]
    for image, i in zip(shown, (3, 1, 2), strict=True):
        np.testing.assert_array_equal(image, X[i].reshape(2, 2))
    outcome.parts.test = X, shares.argmax(axis=1)
    assert _wrong_figure(outcome) is None


# --- MNIST ---------------------------------------------------------------------------


def test_mnist_is_learned_and_its_images_are_recognised(
    place: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not os.environ.get("VALUEGRAD_DATA"):
        pytest.skip("VALUEGRAD_DATA does not name a folder with the MNIST files")
    from PIL import Image

    (X_train, y_train), (X, y) = nn.data.mnist()
    part = (X_train[:10_000], y_train[:10_000]), (X, y)
    monkeypatch.setattr(nn.data, "mnist", lambda: part)
    code, out, _ = ask("train", "--data=mnist", "--epochs=2", "--quiet")
    assert code == 0
    accuracy = re.search(r"accuracy  (\S+)%", out)
    assert accuracy is not None
    assert float(accuracy[1]) > 88
    for i in range(20):
        digit = Image.fromarray(np.uint8(255 * (1 - X[i].reshape(28, 28))))
        page = Image.new("L", (700, 900), "white")
        page.paste(digit.resize((280, 280), Image.Resampling.BICUBIC), (60, 500))
        page.save(f"{i:02}.jpg")
    files = [f"{i:02}.jpg" for i in range(20)]
    found = predictions(ask("predict", "run", *files, "--top=1")[1])
    right = sum(k == str(label) for (_, k, _), label in zip(found, y, strict=False))
    # Above nine of ten as they are; scaled up and down again, few change.
    assert right >= 17
