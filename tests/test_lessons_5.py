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


class Row(NamedTuple):
    """A line of the table: how a network was trained, and what came of it."""

    training_loss: float
    validation_loss: float
    training_right: float
    test_right: float
    gained: float
    chance: float


@pytest.fixture(scope="module")
def networks(taught: Taught) -> dict[str, Row]:
    """The lines of the table, by name."""
    cell = r"[-+]?\d+\.\d+"
    losses, gain = rf"({cell}) +({cell})", rf"({cell}) ± ({cell})"
    line = rf"^  (\w[\w ]+?) +{losses} +({cell})% +({cell})% +{gain}$"
    rows = re.findall(line, taught("overfitting").output, re.M)
    return {name: Row(*map(float, cells)) for name, *cells in rows}


def test_two_hundred_digits_are_learned_by_heart(networks: dict[str, Row]) -> None:
    assert list(networks) == ["plain", *REMEDIES]
    assert networks["plain"].training_right == 100
    assert networks["plain"].training_loss < 0.005
    assert networks["plain"].validation_loss > 0.1


def test_the_validation_loss_turns_early_and_rises(taught: Taught) -> None:
    lesson = taught("overfitting")
    turn = lesson.number("was lowest after epoch ... of 100")
    assert 1 < turn < 50
    assert lesson.number("has risen since") > 1.05


@pytest.mark.parametrize("remedy", REMEDIES)
def test_each_remedy_lowers_the_validation_loss(taught: Taught, remedy: str) -> None:
    compared = taught("overfitting").below("the validation loss, over that of plain")
    assert 0 < compared.number(remedy) < 0.95


def test_more_data_helps_most(taught: Taught, networks: dict[str, Row]) -> None:
    compared = taught("overfitting").below("the validation loss, over that of plain")
    decay, stopping, data = map(compared.number, REMEDIES)
    assert data < min(decay, stopping)
    gains = [networks[remedy].gained for remedy in REMEDIES]
    assert gains[2] == max(gains) > 0


def test_a_gain_is_shown_with_what_chance_makes_of_it(
    taught: Taught, networks: dict[str, Row]
) -> None:
    assert "another start can change a gain by as much" in taught("overfitting").output
    for remedy in REMEDIES:
        gained = networks[remedy].test_right - networks["plain"].test_right
        # All three are rounded to one digit behind the point.
        assert networks[remedy].gained == pytest.approx(gained, abs=0.16)
        assert networks[remedy].chance > 0.5


def test_the_ratios_are_those_of_the_table(
    taught: Taught, networks: dict[str, Row]
) -> None:
    compared = taught("overfitting").below("the validation loss, over that of plain")
    for remedy in REMEDIES:
        # Each is rounded to four digits behind the point.
        share = networks[remedy].validation_loss / networks["plain"].validation_loss
        assert compared.number(remedy) == pytest.approx(share, abs=2e-3)


# --- the loss landscape --------------------------------------------------------------


def test_the_runs_end_in_different_places(taught: Taught) -> None:
    lesson = taught("loss_landscape")
    assert lesson.number("largest difference of a weight, the closest two") > 1


def test_the_ends_are_about_equally_good(taught: Taught) -> None:
    lesson = taught("loss_landscape")
    rows = re.findall(r"^  run \d +([\d. ]+)$", lesson.output, re.M)
    starts, *ends = zip(*[map(float, row.split()) for row in rows], strict=True)
    assert min(starts) > 2.3  # ln 10: no better than guessing
    training, test, _, _ = ends
    assert max(training) < 0.2
    assert max(test) < 0.4
    way = sum(starts) / 3 - sum(training) / 3
    for name, losses, limit in (("training", training, 1), ("test", test, 5)):
        spread = lesson.number(f"{name} loss: spread, in % of the fall")
        # The losses have four digits behind the point.
        assert spread == pytest.approx(
            100 * (max(losses) - min(losses)) / way, abs=0.01
        )
        assert spread < limit
        assert lesson.number(f"{name} images right: spread, in points") < limit


@pytest.mark.parametrize("ends", ["run 1 to run 2", "run 1 to run 3", "run 2 to run 3"])
def test_there_is_a_ridge_between_any_two_valleys(taught: Taught, ends: str) -> None:
    assert taught("loss_landscape").below("the ridge between").number(ends) > 0.1


def test_the_plane_has_three_valleys(taught: Taught) -> None:
    assert taught("loss_landscape").number("valleys in it") == 3
