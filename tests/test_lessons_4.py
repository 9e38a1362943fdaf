"""The lessons on what a network holds, and on what it learned, show what they claim."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.lessons import Lessons, assert_taught


class Lesson(NamedTuple):
    """What a lesson printed, and the folder of its pictures."""

    output: str
    pictures: Path

    def number(self, claim: str, heading: str = "\n") -> float:
        """The measured figure of the first row with the claim below the heading."""
        _, found, below = self.output.partition(heading)
        assert found == heading, (heading, self.output)
        row = re.search(rf"^  {re.escape(claim)}.*? (\d\S*?)(%| of 10)?$", below, re.M)
        assert row is not None, (claim, below)
        return float(row[1])


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Lesson]:
    """A lesson, run when it is first asked for."""
    lessons = Lessons(tmp_path_factory.mktemp("lessons"))
    return lambda name: Lesson(*lessons.taught(name))


Taught = Callable[[str], Lesson]


@pytest.mark.parametrize(
    ("name", "pictures"),
    [
        ("inside_the_network", ["weights", "noise", "drawings"]),
        ("shuffled_labels", ["curves"]),
    ],
)
def test_a_lesson_draws_what_it_says_and_ends_with_one_thing_to_try(
    taught: Taught, name: str, pictures: list[str]
) -> None:
    names = [f"{picture}.png" for picture in pictures]
    assert_taught(name, *taught(name), names)


# --- inside the network --------------------------------------------------------------


def test_the_network_looked_into_reads_digits(taught: Taught) -> None:
    output = taught("inside_the_network").output
    (share,) = re.findall(r"It reads (\S+)% of the test images right", output)
    assert float(share) > 95


def test_untrained_weights_do_not_depend_on_their_neighbours(taught: Taught) -> None:
    roughness = taught("inside_the_network").number("roughness of the weights, untr")
    # 16 x 100 random differences: within a few percent of 1.
    assert roughness == pytest.approx(1, abs=0.15)


def test_training_makes_neighbouring_weights_agree(taught: Taught) -> None:
    lesson = taught("inside_the_network")
    assert lesson.number("roughness of the weights, trained") < 0.75
    assert lesson.number("roughness of the digits themselves") < 0.75


def test_no_patch_holds_most_of_a_units_weights(taught: Taught) -> None:
    lesson = taught("inside_the_network")
    assert lesson.number("squared weights in one patch 2x2, trained") < 50


def test_noise_gets_a_confident_answer(taught: Taught) -> None:
    lesson = taught("inside_the_network")
    noise = lesson.number("1,000 pictures of noise")
    # An unsure network would say 0.1.
    assert 0.8 < noise < lesson.number("359 test digits")
    assert lesson.number("noise that gets more than 0.9") > 30


def test_drawings_convince_the_network_and_are_far_from_any_digit(
    taught: Taught,
) -> None:
    lesson = taught("inside_the_network")
    (least,) = re.findall(r"least of ten .* >= (0\.\d+|1\.0)$", lesson.output, re.M)
    assert float(least) > 0.99
    real = lesson.number("the same, of real test images")
    assert lesson.number("distance to the nearest training image") > 1.5 * real
    assert lesson.number("farther than 90% of the test images") >= 8


# --- shuffled labels -----------------------------------------------------------------

NARROW, WIDE = "64-16-16-10, 150 images", "64-128-10, 150 images"


def test_real_labels_are_learned_and_understood(taught: Taught) -> None:
    lesson = taught("shuffled_labels")
    for network in (NARROW, WIDE):
        assert lesson.number("real labels: training accuracy", network) > 95
        assert lesson.number("real labels: test accuracy", network) > 85


def test_a_wide_network_learns_shuffled_labels_by_heart_and_a_narrow_one_does_not(
    taught: Taught,
) -> None:
    lesson = taught("shuffled_labels")
    assert lesson.number("shuffled labels: training accuracy", NARROW) < 75
    assert lesson.number("shuffled labels: training accuracy", WIDE) > 90


def test_shuffled_labels_leave_new_images_to_guessing(taught: Taught) -> None:
    lesson = taught("shuffled_labels")
    for network in (NARROW, WIDE):
        # It varies with the shuffle; half right would be far more than a guess.
        assert lesson.number("shuffled labels: test accuracy", network) < 20


def test_shuffled_labels_take_longer(taught: Taught) -> None:
    lesson = taught("shuffled_labels")
    real = lesson.number("real labels: epochs until 90%", WIDE)
    assert lesson.number("shuffled labels: epochs until 90%", WIDE) > 2 * real
