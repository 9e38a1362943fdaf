"""The lessons on overfitting and on the loss landscape show what they claim."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.lessons import Lessons, assert_taught

pytest.importorskip("sklearn")  # the small digits are in it, and it brings SciPy


class Lesson(NamedTuple):
    """What a lesson printed, and the folder of its pictures."""

    output: str
    pictures: Path

    def measured(self, claim: str) -> str:
        """What stands right of the one row that starts with the claim."""
        rows = re.findall(rf"^  {re.escape(claim)} +(.+)$", self.output, re.M)
        assert len(rows) == 1, (claim, self.output)
        return str(rows[0])

    def number(self, claim: str) -> float:
        """The last column of that row."""
        return float(self.measured(claim).split()[-1].rstrip("%"))

    def below(self, heading: str) -> Lesson:
        """The part that follows a heading, up to the next empty line."""
        _, found, rest = self.output.partition(heading)
        assert found, self.output
        return self._replace(output=rest.partition("\n\n")[0])


Taught = Callable[[str], Lesson]


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Taught:
    """A lesson, run when it is first asked for."""
    lessons = Lessons(tmp_path_factory.mktemp("lessons"))
    return lambda name: Lesson(*lessons.taught(name))


@pytest.mark.parametrize(
    ("name", "pictures"),
    [("overfitting", ["curves"]), ("loss_landscape", ["lines", "plane"])],
)
def test_a_lesson_draws_what_it_says_and_ends_with_one_thing_to_try(
    taught: Taught, name: str, pictures: list[str]
) -> None:
    names = [f"{picture}.png" for picture in pictures]
    assert_taught(name, *taught(name), names)


# --- overfitting ---------------------------------------------------------------------

REMEDIES = ["weight decay", "early stopping", "more data"]


def test_two_hundred_digits_are_learned_by_heart(taught: Taught) -> None:
    lesson = taught("overfitting")
    assert lesson.number("right, of the training images") == 100
    assert lesson.number("training loss in the end") < 0.005
    assert lesson.number("validation loss in the end") > 0.1


def test_the_validation_loss_turns_early_and_rises(taught: Taught) -> None:
    lesson = taught("overfitting")
    turn = lesson.number("its lowest was after epoch ... of 100")
    assert 1 < turn < 50
    assert lesson.number("how much it has risen since") > 1.05


@pytest.mark.parametrize("remedy", REMEDIES)
def test_each_remedy_lowers_the_validation_loss(taught: Taught, remedy: str) -> None:
    compared = taught("overfitting").below("validation loss, over that of plain")
    assert 0 < compared.number(remedy) < 0.95


def test_more_data_helps_most(taught: Taught) -> None:
    compared = taught("overfitting").below("validation loss, over that of plain")
    decay, stopping, data = map(compared.number, REMEDIES)
    assert data < min(decay, stopping)
    gained = taught("overfitting").below("points of test accuracy gained")
    points = [float(gained.measured(r).split()[-3]) for r in REMEDIES]
    assert points[2] == max(points) > 0


def test_a_gain_that_chance_may_have_made_is_said_to_be_none(taught: Taught) -> None:
    gained = taught("overfitting").below("points of test accuracy gained")
    for remedy in REMEDIES:
        points, _, doubt = gained.measured(remedy).split()[-3:]
        told = re.search(rf"\bfor .*{remedy}.* the gain", gained.output) is not None
        if float(points) != float(doubt):  # as they are shown, in one digit
            assert told == (float(points) < float(doubt))


def test_the_ratios_are_those_of_the_table(taught: Taught) -> None:
    lesson = taught("overfitting")
    rows = re.findall(
        r"^  (\w[\w ]+?) +\d\.\d{4} +(\d\.\d{4}) +\|", lesson.output, re.M
    )
    losses = {name: float(loss) for name, loss in rows}
    assert list(losses) == ["plain", *REMEDIES]
    compared = lesson.below("validation loss, over that of plain")
    for remedy in REMEDIES:
        # Each is rounded to four digits behind the point.
        share = losses[remedy] / losses["plain"]
        assert compared.number(remedy) == pytest.approx(share, abs=2e-3)


# --- the loss landscape --------------------------------------------------------------


def test_the_runs_end_at_rest_and_in_different_places(taught: Taught) -> None:
    lesson = taught("loss_landscape")
    assert lesson.number("largest difference of a weight, the closest two") > 1
    assert lesson.number("slope at the ends, over that at the starts") < 0.01


@pytest.mark.parametrize(
    ("what", "loss", "points"), [("training", 1, 1), ("test", 5, 5)]
)
def test_the_ends_are_about_equally_good(
    taught: Taught, what: str, loss: float, points: float
) -> None:
    lesson = taught("loss_landscape")
    (row,) = re.findall(
        rf"^  {what} loss (\S+) -> (\S+) (\S+) (\S+)$", lesson.output, re.M
    )
    start, *ends = map(float, row)
    assert start > 2.3  # ln 10: no better than guessing
    assert max(ends) < 0.4
    spread = lesson.number(f"{what} loss: spread, of the way down")
    share = 100 * (max(ends) - min(ends)) / (start - min(ends))
    assert spread == pytest.approx(share, abs=0.06)
    assert spread < loss
    assert lesson.number(f"{what} images right: spread, in points") < points


def test_neurons_in_another_order_compute_the_same_elsewhere(taught: Taught) -> None:
    lesson = taught("loss_landscape").below("its neurons in another order")
    # A sum of eight products of numbers up to about 10, in another order.
    assert lesson.number("difference of the loss") < 1e-13
    assert lesson.number("its distance, over the length of all weights") > 0.5
    assert lesson.number("orders, each with such a twin") == 40320


@pytest.mark.parametrize(
    "ends", ["run 1 to run 2", "run 1 to run 3", "run 2 to run 3", "run 1 to its twin"]
)
def test_there_is_a_ridge_between_any_two_valleys(taught: Taught, ends: str) -> None:
    assert taught("loss_landscape").below("the ridge between").number(ends) > 0.1


def test_the_plane_has_three_valleys(taught: Taught) -> None:
    assert taught("loss_landscape").number("valleys in it") == 3
