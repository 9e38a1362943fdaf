"""The lessons from the perceptron to vanishing gradients show what they claim."""

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

    def measured(self, claim: str) -> str:
        """The last column of the one row that starts with the claim."""
        rows = re.findall(rf"^  {re.escape(claim)}.*?(\S+)$", self.output, re.M)
        assert len(rows) == 1, (claim, self.output)
        return str(rows[0])

    def number(self, claim: str) -> float:
        return float(self.measured(claim))

    def activations(self, heading: str) -> list[float]:
        """The figures of sigmoid, tanh and relu below a heading."""
        _, _, below = self.output.partition(heading)
        rows = re.findall(r"^  (sigmoid|tanh|relu) .* (\S+)$", below, re.M)[:3]
        assert [name for name, _ in rows] == ["sigmoid", "tanh", "relu"]
        return [float(figure) for _, figure in rows]


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Lesson]:
    """A lesson, run when it is first asked for."""
    lessons = Lessons(tmp_path_factory.mktemp("lessons"))
    return lambda name: Lesson(*lessons.taught(name))


Taught = Callable[[str], Lesson]


@pytest.mark.parametrize(
    ("name", "pictures"),
    [
        ("perceptron", ["lines"]),
        ("two_layers_solve_xor", ["by_hand", "learned", "stuck", "losses"]),
        ("activations", ["curves", "layers"]),
        ("vanishing_gradients", ["sizes"]),
    ],
)
def test_a_lesson_draws_what_it_says_and_ends_with_one_thing_to_try(
    taught: Taught, name: str, pictures: list[str]
) -> None:
    names = [f"{picture}.png" for picture in pictures]
    assert_taught(name, *taught(name), names)


# --- the perceptron ------------------------------------------------------------------


@pytest.mark.parametrize(("gate", "limit"), [("AND", 51), ("OR", 27)])
def test_a_separable_gate_is_learned_within_novikoffs_limit(
    taught: Taught, gate: str, limit: int
) -> None:
    lesson = taught("perceptron")
    assert f"<= {limit}" in lesson.output
    assert 0 < lesson.number(f"{gate}: mistakes  ") <= limit
    assert lesson.number(f"{gate}: mistakes after that") == 0


def test_the_perceptron_goes_round_in_circles_on_xor(taught: Taught) -> None:
    lesson = taught("perceptron")
    assert lesson.measured("XOR: does it settle?") == "no"
    # Worked out by hand from the weights -1, 0 and the bias 1: every row is a mistake,
    # and the fourth brings them back.
    assert lesson.number("XOR: mistakes until its weights are back") == 4
    rows = re.findall(r"^  mistake \d +(\S+) +(\S+) +(\S+)$", lesson.output, re.M)
    assert rows == [
        ("-1", "0", "0"),
        ("-1", "1", "1"),
        ("0", "1", "2"),
        ("-1", "0", "1"),
    ]


def test_all_gates_but_xor_and_its_opposite_are_learned(taught: Taught) -> None:
    assert taught("perceptron").number("gates that it learns") == 14


# --- two layers ----------------------------------------------------------------------


def test_the_weights_by_hand_compute_xor(taught: Taught) -> None:
    lesson = taught("two_layers_solve_xor")
    rows = re.findall(r"^  (\d) (\d) +(\d) +(\d) +(\d)$", lesson.output, re.M)
    assert len(rows) == 4
    for row in rows:
        x0, x1, either, both, output = map(int, row)
        assert (either, both, output) == (x0 | x1, x0 & x1, x0 ^ x1)
    assert lesson.number("rows right, weights by hand") == 4


def test_two_hidden_neurons_get_stuck_more_often_than_four(taught: Taught) -> None:
    lesson = taught("two_layers_solve_xor")
    two, four = (lesson.number(f"2-{hidden}-1: learned") for hidden in (2, 4))
    assert 50 < two < 90
    assert four > 95


def test_a_stuck_network_is_undecided_in_two_rows(taught: Taught) -> None:
    lesson = taught("two_layers_solve_xor")
    # ln(2) / 2, and a little more after no more than 2,000 steps.
    loss = lesson.number("2-2-1: loss of the stuck ones")
    assert 0.3465 < loss < 0.36
    (line,) = re.findall(r"stuck, outputs (.*)$", lesson.output, re.M)
    undecided = [abs(float(output) - 0.5) < 0.02 for output in line.split()]
    assert sum(undecided) == 2


def test_a_network_that_learned_answers_all_rows(taught: Taught) -> None:
    lesson = taught("two_layers_solve_xor")
    (line,) = re.findall(r"learned, outputs (.*)$", lesson.output, re.M)
    assert [round(float(output)) for output in line.split()] == [0, 1, 1, 0]


# --- activations ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "largest"),
    [
        ("step  ", 0.0),
        ("sigmoid  ", 0.25),
        ("sigmoid, a = 1/2", 0.125),
        ("sigmoid, a = 4", 1.0),
        ("tanh  ", 1.0),
        ("ReLU  ", 1.0),
        ("leaky ReLU  ", 1.0),
    ],
)
def test_the_largest_derivative_is_the_claimed_one(
    taught: Taught, name: str, largest: float
) -> None:
    assert taught("activations").number(name) == largest


def test_the_sigmoid_is_steepest_at_0_and_flat_far_out(taught: Taught) -> None:
    lesson = taught("activations")
    assert lesson.number("sigmoid: where its derivative is largest") == 0.0
    # e⁻⁵ / (1 + e⁻⁵)², in the six digits that are shown.
    assert lesson.number("sigmoid: its derivative at 5") == 0.00664806


def test_the_derivative_of_the_sigmoid_is_s_times_1_minus_s(taught: Taught) -> None:
    # A few roundings of numbers up to 1: each 1.1e-16 at most.
    assert taught("activations").number("sigmoid: its derivative is s") < 1e-15


def test_relu_is_flat_on_the_left_and_the_leaky_one_is_not(taught: Taught) -> None:
    lesson = taught("activations")
    assert lesson.number("ReLU: its derivative left of 0") == 0.0
    assert lesson.number("ReLU: its derivative at its corner") == 0.0
    assert lesson.number("leaky ReLU with the slope 0.1") == 0.1


def test_linear_layers_collapse_into_one_and_tanh_layers_do_not(taught: Taught) -> None:
    lesson = taught("activations")
    # Sums of 8 products, three times over, of numbers up to about 10.
    assert lesson.number("no activation: that one layer") < 1e-13
    assert lesson.number("tanh: the best such layer") > 0.1


# --- vanishing gradients -------------------------------------------------------------


def test_a_sigmoid_layer_costs_a_factor_of_four_and_the_others_do_not(
    taught: Taught,
) -> None:
    lesson = taught("vanishing_gradients")
    sigmoid, tanh, relu = lesson.activations("what each further layer multiplies")
    assert 0.2 < sigmoid < 0.26
    assert 0.8 < tanh < 1.1
    assert 0.8 < relu < 1.1


def test_the_factor_is_a_bound_with_the_weights_and_not_without(taught: Taught) -> None:
    lesson = taught("vanishing_gradients")
    claim = r"\.\.\. 1/4 per layer{}.* (\d+) of 20$"
    (alone,) = re.findall(claim.format(" alone"), lesson.output, re.M)
    (bound,) = re.findall(claim.format(" times"), lesson.output, re.M)
    assert 0 < int(alone) < 20
    assert int(bound) == 0


def test_the_first_of_ten_sigmoid_layers_has_hardly_any_gradient(
    taught: Taught,
) -> None:
    lesson = taught("vanishing_gradients")
    sigmoid, tanh, relu = lesson.activations("ten layers: the last one")
    assert sigmoid > 4**9
    assert 0.3 < tanh < 5
    assert 0.3 < relu < 5


def test_the_table_falls_with_depth_for_sigmoids_alone(taught: Taught) -> None:
    output = taught("vanishing_gradients").output
    table = re.findall(r"^ +(\d+) +(\S+e\S+) +(\S+) +(\S+) +(\S+)$", output, re.M)
    assert [int(row[0]) for row in table] == [1, 4, 7, 10]
    for depth, line, sigmoid, tanh, relu in table:
        # Three digits are shown; the median of five networks is within a factor of 2.
        assert float(line) == pytest.approx(0.25 ** int(depth), rel=5e-3)
        assert 0.5 < float(sigmoid) / float(line) < 2
        assert min(float(tanh), float(relu)) > 0.3
