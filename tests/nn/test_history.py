"""History: what is measured in each epoch, as a table and as a picture."""

import csv
import errno
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import nn
from autograd import files
from nn import History
from nn.history import draw_curves

X, Y = nn.data.moons(30, 0.1, seed=0)


def train(model: nn.MLP | None = None, **settings: Any) -> History:
    model = model or nn.MLP(2, [3, 1], "tanh", seed=0)
    defaults: dict[str, Any] = {
        "loss": nn.binary_cross_entropy_with_logits,
        "optimizer": nn.SGD(model.parameters(), 0.1),
        "epochs": 3,
        "batch_size": 8,
        "threshold": 0.0,
        "progress": False,
    }
    return nn.fit(model, X, Y, **{**defaults, **settings})


# --- what is measured ----------------------------------------------------------------


def test_every_list_has_an_entry_per_epoch_or_none() -> None:
    plain = train()
    empty = {"training_accuracy", "validation_loss", "validation_accuracy"}
    for name, column in plain.columns().items():
        assert len(column) == (0 if name in empty else 3), name
    full = train(validation=(X[:5], Y[:5]), training_accuracy=True)
    assert {len(column) for column in full.columns().values()} == {3}


@pytest.mark.parametrize("compiled", [True, False])
def test_the_accuracy_on_the_training_data_is_that_after_the_epoch(
    compiled: bool,
) -> None:
    history = train(training_accuracy=True, compiled=compiled)
    for epochs in (1, 3):
        model = nn.MLP(2, [3, 1], "tanh", seed=0)
        train(model, epochs=epochs, compiled=compiled)
        accuracy = nn.accuracy(model, X, Y, threshold=0.0)
        assert history.training_accuracy[epochs - 1] == accuracy


def test_the_learning_rate_is_that_of_the_last_step_of_the_epoch() -> None:
    model = nn.MLP(2, [3, 1], seed=0)
    halving = nn.Exponential(1.0, 0.5)  # 30 examples by 8: four steps an epoch
    optimizer = nn.SGD(model.parameters(), halving)
    history = train(model, optimizer=optimizer)
    assert history.learning_rate == [0.5**3, 0.5**7, 0.5**11]


@pytest.mark.parametrize("compiled", [True, False])
def test_the_gradient_norm_is_the_mean_over_the_steps(compiled: bool) -> None:
    norms: list[float] = []

    class Noting(nn.SGD):
        def apply(self, vector: Any, gradient: Any) -> None:
            super().apply(vector, gradient)
            norms.append(math.sqrt(math.fsum(g * g for g in gradient.tolist())))

    model = nn.MLP(2, [3, 1], "tanh", seed=0)
    optimizer = Noting(model.parameters(), 0.1, clip_norm=1e-3)
    history = train(model, optimizer=optimizer, epochs=2, compiled=compiled)
    means = [math.fsum(norms[:4]) / 4, math.fsum(norms[4:]) / 4]
    # Sums of 13 squares and of 4 norms, whose terms are all positive: few roundings.
    assert history.gradient_norm == pytest.approx(means, rel=1e-14)


def test_speed_is_that_of_the_steps_and_seconds_are_of_the_whole_epoch() -> None:
    history = train(validation=(X, Y))
    for speed, seconds in zip(
        history.examples_per_second, history.seconds, strict=True
    ):
        assert speed > 0
        assert 30 / speed < seconds  # the measurements take time, too


def test_what_an_epoch_has_not_measured_is_nan() -> None:
    history = History()
    history.append(loss=3.0)
    history.append(loss=2.0, validation_loss=2.5)
    history.append(loss=1.0)
    assert history.loss == [3.0, 2.0, 1.0]
    assert [math.isnan(x) for x in history.validation_loss] == [True, False, True]
    assert history.validation_accuracy == []


def test_a_measurement_that_histories_do_not_have_is_refused() -> None:
    history = History()
    with pytest.raises(TypeError, match=r"no \['los'\]"):
        history.append(los=1.0)
    assert history == History()


# --- as a table ----------------------------------------------------------------------


def test_a_table_has_every_digit_and_a_row_per_epoch(tmp_path: Path) -> None:
    history = train(validation=(X[:5], Y[:5]))
    history.to_csv(tmp_path / "run.csv")
    with open(tmp_path / "run.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row.pop("epoch") for row in rows] == ["1", "2", "3"]
    filled = {name: column for name, column in history.columns().items() if column}
    assert list(rows[0]) == list(filled)
    for name, column in filled.items():
        assert [float(row[name]) for row in rows] == column


def test_what_was_not_measured_is_an_empty_cell(tmp_path: Path) -> None:
    History(loss=[1.0, 0.5], validation_loss=[math.nan, 0.75]).to_csv(tmp_path / "t")
    lines = (tmp_path / "t").read_text().splitlines()
    assert lines == ["epoch,loss,validation_loss", "1,1.0,", "2,0.5,0.75"]


def test_a_table_that_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.csv"
    History(loss=[1.0]).to_csv(path)
    before = path.read_bytes()

    def full(*args: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        History(loss=[1.0, 2.0]).to_csv(path)
    assert (path.read_bytes(), len(list(tmp_path.iterdir()))) == (before, 1)


# --- as a picture --------------------------------------------------------------------


def curves(figure: Any) -> dict[str, dict[str, list[float]]]:
    """The numbers drawn, by the panel's title and the curve's name."""
    return {
        axes.get_title(): {
            line.get_label(): list(line.get_ydata()) for line in axes.lines
        }
        for axes in figure.axes
    }


def test_a_plot_has_a_panel_for_what_was_measured() -> None:
    pytest.importorskip("matplotlib")
    history = train(validation=(X[:5], Y[:5]))
    found = curves(history.plot())
    assert list(found) == ["Loss", "Accuracy", "Learning rate", "Norm of the gradient"]
    assert found["Loss"] == {
        "training": history.loss,
        "validation": history.validation_loss,
    }
    assert found["Accuracy"] == {"validation": history.validation_accuracy}
    assert [*found["Norm of the gradient"].values()] == [history.gradient_norm]
    assert list(curves(History(loss=[1.0, 0.5]).plot())) == ["Loss"]


def test_a_curve_has_its_colour_whether_others_are_there_or_not() -> None:
    pytest.importorskip("matplotlib")
    history = train(validation=(X[:5], Y[:5]))
    loss, accuracy, *_ = history.plot().axes
    assert accuracy.lines[0].get_color() == loss.lines[1].get_color()
    assert loss.lines[0].get_color() != loss.lines[1].get_color()


def test_a_plot_is_shown_by_a_notebook() -> None:
    pytest.importorskip("matplotlib")
    figure: Any = History(loss=[1.0, 0.5]).plot()
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_an_empty_history_is_not_plotted() -> None:
    with pytest.raises(ValueError, match="history is empty"):
        History().plot()


def test_curves_are_drawn_on_axes_of_ones_own() -> None:
    figure = pytest.importorskip("matplotlib.figure").Figure()
    axes = figure.subplots()
    draw_curves(axes, {"a": [1.0, 2.0], "b": []}, title="Mine", label="share")
    assert curves(figure) == {"Mine": {"a": [1.0, 2.0]}}
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "share")


@pytest.fixture
def without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("matplotlib", "matplotlib.figure"):
        monkeypatch.setitem(__import__("sys").modules, name, None)
    return


@pytest.mark.usefixtures("without_matplotlib")
def test_without_matplotlib_the_error_says_what_to_install() -> None:
    with pytest.raises(ImportError, match=r'pip install "valuegrad\[plots\]"'):
        History(loss=[1.0]).plot()
