"""What training shows, where, and how often."""

import io
import sys
from collections.abc import Callable
from typing import Any

import pytest

import nn
from nn import History, Training, data, progress

X, Y = data.logic_gate("xor")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Make standard error a terminal. (pytest sets it anew after the fixtures.)"""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    return stream


def train(**settings: Any) -> History:
    model = nn.MLP(2, [3, 1], "tanh", seed=0)
    optimizer = nn.SGD(model.parameters(), 0.1)
    defaults: dict[str, Any] = {"loss": nn.mse, "epochs": 3, "optimizer": optimizer}
    return nn.fit(model, X, Y, **{**defaults, **settings})


# --- a bar ---------------------------------------------------------------------------


def test_on_a_terminal_a_bar_appears(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tqdm")
    stream = terminal(monkeypatch)
    train(epochs=30, validation=(X, Y))
    shown = stream.getvalue()
    assert "\r" in shown
    assert "100%" in shown
    assert "120/120" in shown
    for name in ("loss=", "validation_accuracy=", "learning_rate=0.1"):
        assert name in shown
    assert "epoch 30/30" not in shown


def test_a_bar_that_ends_early_says_where_and_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("tqdm")
    stream = terminal(monkeypatch)
    train(epochs=30, callbacks=[lambda training: training.stop("enough")])
    shown = stream.getvalue()
    assert "4.00/120" in shown
    assert "epoch=1," in shown
    assert "epoch=2," not in shown
    assert "100%" not in shown
    assert shown.endswith("stopped after epoch 1 of 30: enough\n")


class Clock:
    """A clock that is set by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(progress.time, "monotonic", lambda: self.now)


def test_a_bar_is_drawn_at_most_ten_times_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("tqdm")
    terminal(monkeypatch)
    clock, formatted = Clock(monkeypatch), []
    real = Training.summary
    monkeypatch.setattr(
        Training, "summary", lambda self: formatted.append(1) or real(self)
    )

    def loss(output: Any, target: Any) -> Any:
        clock.now += 1 / 512  # exact in binary; one example a step
        return nn.mse(output, target)

    # 100 epochs of 4 steps are 0.78 s: a drawing at once, then one each 52 steps, which
    # are the first to be 0.1 s, and the last.
    train(epochs=100, batch_size=1, loss=loss, compiled=False)
    assert len(formatted) == 1 + 400 // 52 + 1


# --- lines ---------------------------------------------------------------------------


def test_elsewhere_lines_appear_on_standard_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Clock(monkeypatch)
    history = train(epochs=103)
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert 10 <= len(lines) <= 30
    loss = history.loss[-1]
    assert lines[-1] == f"epoch 103/103: loss {loss:.4f}, learning_rate 0.1"
    assert "\r" not in err


def test_epochs_of_a_second_have_a_line_each(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)

    def wait(training: Training) -> None:
        clock.now += 1.0

    train(epochs=103, callbacks=[wait])
    assert len(capsys.readouterr().err.splitlines()) == 103


def test_few_epochs_have_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    history = train(epochs=3, batch_size=3, validation=(X, Y))
    numbers = zip(history.loss, history.validation_accuracy, strict=True)
    assert capsys.readouterr().err.splitlines() == [
        f"epoch {k}/3: loss {loss:.4f}, validation_accuracy {share:.1%}, "
        f"learning_rate 0.1"
        for k, (loss, share) in enumerate(numbers, start=1)
    ]


def test_lines_that_end_early_say_where_and_why(
    capsys: pytest.CaptureFixture[str],
) -> None:
    train(epochs=30, callbacks=[lambda training: training.stop("enough")])
    assert capsys.readouterr().err.splitlines()[-1] == (
        "stopped after epoch 1 of 30: enough"
    )


def test_on_a_terminal_without_tqdm_lines_appear(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = terminal(monkeypatch)
    monkeypatch.setitem(sys.modules, "tqdm", None)
    train(epochs=2)
    assert [line[:9] for line in stream.getvalue().splitlines()] == [
        "epoch 1/2",
        "epoch 2/2",
    ]


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_without_progress_nothing_is_shown(
    stream: Callable[[], io.StringIO],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "stderr", shown := stream())
    train(progress=False, callbacks=[lambda training: training.stop("enough")])
    assert shown.getvalue() == ""
    assert capsys.readouterr().out == ""
