"""Every loss against its formula, in 60 digits by mpmath, and its derivative's form.

Tolerances are in units of u = 2^-53, the relative error of one rounding.
"""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp

import nn
from autograd import DomainError, Value, softmax
from nn import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    half_squared_error,
    hinge,
    mse,
)

U = 2.0**-53
TINY = 5e-324
"""The smallest number above 0: what underflows is off by that much."""
PAIRS = [mse, half_squared_error]
SINGLES = [hinge, binary_cross_entropy, binary_cross_entropy_with_logits]

numbers = st.floats(-1e3, 1e3)
logits = st.one_of(st.floats(-40, 40), st.floats(-1e3, 1e3), st.sampled_from([0, 1e3]))
shares = st.one_of(st.floats(0, 1), st.sampled_from([0, 1, 0.5]))
some_logits = st.lists(logits, min_size=1, max_size=6)


def values(data: Sequence[float]) -> list[Value]:
    return [Value(number) for number in data]


def exact(formula: Callable[..., Any], *arguments: Any) -> Any:
    """The formula, in 60 digits and more where e^-2000 has to show next to 1."""
    with mp.workdps(1000):
        return formula(
            *[
                [mp.mpf(x) for x in a] if isinstance(a, list) else mp.mpf(a)
                for a in arguments
            ]
        )


def gradient_of(loss: Value, leaves: Sequence[Value]) -> list[float]:
    loss.backward()
    return [leaf.grad for leaf in leaves]


def distribution(parts: Sequence[int]) -> list[float]:
    """Shares that add up to 1 to rounding, some of them 0."""
    return [part / sum(parts) for part in parts]


# --- squared errors ------------------------------------------------------------------


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=6))
def test_mse_is_the_mean_of_the_squared_differences(
    pairs: list[tuple[float, float]],
) -> None:
    outputs, targets = values([a for a, _ in pairs]), [b for _, b in pairs]
    n = len(pairs)
    truth = exact(
        lambda a, b: mp.fsum((p - q) ** 2 for p, q in zip(a, b, strict=True)) / n,
        [v.data for v in outputs],
        targets,
    )
    loss = mse(outputs, targets)
    # Terms of one sign: a difference, twice in the square, the square, n - 1 sums and
    # the quotient are n + 3 roundings.
    assert loss.data == pytest.approx(float(truth), rel=(n + 4) * U, abs=n * TINY)
    assert gradient_of(loss, outputs) == pytest.approx(
        [2 * (a - b) / n for a, b in pairs], rel=4 * U, abs=4 * TINY
    )


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=6))
def test_half_squared_error_has_the_difference_as_its_derivative(
    pairs: list[tuple[float, float]],
) -> None:
    outputs, targets = values([a for a, _ in pairs]), [b for _, b in pairs]
    truth = exact(
        lambda a, b: mp.fsum((p - q) ** 2 for p, q in zip(a, b, strict=True)) / 2,
        [v.data for v in outputs],
        targets,
    )
    loss = half_squared_error(outputs, targets)
    n = len(pairs)
    assert loss.data == pytest.approx(float(truth), rel=(n + 4) * U, abs=n * TINY)
    # Halving and doubling are exact but for underflow: only the difference rounds.
    assert gradient_of(loss, outputs) == pytest.approx(
        [a - b for a, b in pairs], rel=0, abs=TINY
    )


def test_the_two_squared_errors_differ_by_their_factors() -> None:
    outputs, targets = values([1.0, 2.0, 4.0]), [0.0, 0.0, 0.0]
    assert mse(outputs, targets).data == 7.0
    assert half_squared_error(outputs, targets).data == 10.5


# --- hinge ---------------------------------------------------------------------------


@given(numbers, st.sampled_from([-1, 1, -1.0, 1.0]))
def test_hinge_is_what_the_margin_lacks_to_one(score: float, sign: float) -> None:
    output = Value(score)
    loss = hinge(output, sign)
    # The product with ±1 is exact, and one rounding is left.
    truth = exact(lambda s, y: max(mp.mpf(0), 1 - y * s), score, sign)
    assert loss.data == pytest.approx(float(truth), rel=U, abs=0)
    assert gradient_of(loss, [output]) == [-sign if loss.data > 0 else 0.0]


def test_hinge_has_no_slope_at_the_margin() -> None:
    output = Value(1.0)
    loss = hinge(output, 1)
    assert (loss.data, gradient_of(loss, [output])) == (0.0, [0.0])


@pytest.mark.parametrize("target", [0, 0.5, 2, math.inf])
def test_hinge_refuses_a_target_that_is_no_sign(target: float) -> None:
    with pytest.raises(ValueError, match=rf"hinge: .* -1 or \+1, not {float(target)}"):
        hinge(Value(0.3), target)


# --- binary cross-entropy ------------------------------------------------------------


def binary(p: Any, y: Any) -> Any:
    """-y log p - (1 - y) log(1 - p), with 0 log 0 = 0."""
    return -(y * mp.log(p) if y else 0) - ((1 - y) * mp.log(1 - p) if y != 1 else 0)


@given(st.floats(1e-300, 1 - 2**-53), shares)
def test_binary_cross_entropy_is_its_formula(p: float, y: float) -> None:
    output = Value(p)
    loss = binary_cross_entropy(output, y)
    # Two logarithms of 1 ulp (2u), two products, 1 - y and a sum of terms of one sign.
    assert loss.data == pytest.approx(float(exact(binary, p, y)), rel=8 * U, abs=TINY)
    zero = (1 - y) / (1 - p)
    slope = exact(lambda p, y: (1 - y) / (1 - p) - y / p, p, y)
    assert gradient_of(loss, [output]) == [
        pytest.approx(float(slope), abs=8 * U * (y / p + zero) + TINY)
    ]


@given(logits, shares)
def test_binary_cross_entropy_with_logits_is_that_of_the_sigmoid(
    z: float, y: float
) -> None:
    logit = Value(z)
    loss = binary_cross_entropy_with_logits(logit, y)
    truth = exact(lambda z, y: binary(1 / (1 + mp.exp(-z)), y), z, y)
    # softplus is log1p of exp, 2u each, and a sum; then as above.
    assert loss.data == pytest.approx(float(truth), rel=10 * U, abs=4 * TINY)
    difference = exact(lambda z, y: 1 / (1 + mp.exp(-z)) - y, z, y)
    # σ(z) - y comes as (1 - y) σ(z) - y σ(-z): terms of at most 1, each 4 roundings.
    assert gradient_of(loss, [logit]) == [pytest.approx(float(difference), abs=8 * U)]


@pytest.mark.parametrize(
    ("z", "y", "loss"),
    [(1000, 1, 0), (1000, 0, 1000), (-1000, 1, 1000), (-1000, 0, 0), (1e300, 0, 1e300)],
)
def test_binary_cross_entropy_of_extreme_logits_is_finite(
    z: float, y: int, loss: float
) -> None:
    logit = Value(z)
    result = binary_cross_entropy_with_logits(logit, y)
    assert result.data == loss
    assert gradient_of(result, [logit]) == [(z > 0) - y]


def test_the_two_binary_cross_entropies_agree_through_a_sigmoid() -> None:
    for z in (-3.0, 0.0, 0.5, 3.0):
        for y in (0, 0.25, 1):
            # σ(z) rounds by 4u, which log and log1p pass on with a factor of at most
            # 1/(1 - p) = 21 here.
            assert binary_cross_entropy(Value(z).sigmoid(), y).data == pytest.approx(
                binary_cross_entropy_with_logits(Value(z), y).data, abs=100 * U
            )


@pytest.mark.parametrize(("p", "y"), [(0.0, 0), (1.0, 1)])
def test_a_certain_and_right_probability_costs_nothing(p: float, y: int) -> None:
    assert binary_cross_entropy(Value(p), y).data == 0.0


@pytest.mark.parametrize(
    ("p", "y"), [(0.0, 1), (1.0, 0), (0.0, 0.5), (1.0, 0.5), (-0.1, 1), (1.1, 0)]
)
def test_a_certain_and_wrong_probability_is_named(p: float, y: float) -> None:
    with pytest.raises(DomainError, match=rf"output {p} .*target {float(y)}") as caught:
        binary_cross_entropy(Value(p), y)
    assert "binary_cross_entropy_with_logits" in str(caught.value)


@pytest.mark.parametrize(("p", "y"), [(-0.1, 0), (1.1, 1)])
def test_an_output_outside_0_to_1_is_refused_on_either_side(p: float, y: int) -> None:
    with pytest.raises(DomainError, match=f"output {p}"):
        binary_cross_entropy(Value(p), y)


@pytest.mark.parametrize("loss", SINGLES[1:])
@pytest.mark.parametrize("target", [-1, -1e-9, 1.5, math.inf])
def test_a_target_that_is_no_probability_is_refused(loss: Any, target: float) -> None:
    with pytest.raises(ValueError, match=rf"{loss.__name__}: .*not {float(target)}"):
        loss(Value(0.3), target)


# --- cross-entropy -------------------------------------------------------------------


def log_sum_exp(z: Sequence[Any]) -> Any:
    return mp.log(mp.fsum(mp.exp(a) for a in z))


def probabilities(z: list[float]) -> list[float]:
    return [
        float(p) for p in exact(lambda z: [mp.exp(a - log_sum_exp(z)) for a in z], z)
    ]


def allowance(z: Sequence[float]) -> float:
    """How far off, in absolute terms, the loss and its derivatives may be.

    logsumexp is as large as the largest logit, and subtracting another from it leaves
    the roundings of both; n terms of a sum or of a dot product add one each.
    """
    return (len(z) + 8) * U * (max(map(abs, z)) + math.log(len(z)) + 1)


@given(some_logits, st.data())
def test_cross_entropy_of_an_index_is_minus_the_log_of_its_probability(
    z: list[float], data: st.DataObject
) -> None:
    k = data.draw(st.integers(0, len(z) - 1))
    leaves = values(z)
    loss = cross_entropy(leaves, k)
    truth = exact(lambda z: log_sum_exp(z) - z[k], z)
    assert loss.data == pytest.approx(float(truth), abs=allowance(z))
    expected = [p - (i == k) for i, p in enumerate(probabilities(z))]
    assert gradient_of(loss, leaves) == pytest.approx(expected, abs=allowance(z))


@given(some_logits, st.data())
def test_cross_entropy_of_soft_targets_is_the_weighted_sum(
    z: list[float], data: st.DataObject
) -> None:
    part = st.integers(0, 9)
    parts = data.draw(st.lists(part, min_size=len(z), max_size=len(z)).filter(any))
    y = distribution(parts)
    leaves = values(z)
    loss = cross_entropy(leaves, y)
    truth = exact(
        lambda z, y: log_sum_exp(z) - mp.fsum(a * b for a, b in zip(y, z, strict=True)),
        z,
        y,
    )
    assert loss.data == pytest.approx(float(truth), abs=allowance(z))
    expected = [p - b for p, b in zip(probabilities(z), y, strict=True)]
    assert gradient_of(loss, leaves) == pytest.approx(expected, abs=allowance(z))


def test_the_derivative_of_cross_entropy_is_softmax_minus_target() -> None:
    z, y = [0.5, -1.0, 2.0], [0.25, 0.75, 0.0]
    leaves = values(z)
    expected = [p - q for p, q in zip(softmax(z), y, strict=True)]
    assert gradient_of(cross_entropy(leaves, y), leaves) == pytest.approx(
        expected, abs=allowance(z)
    )


@pytest.mark.parametrize("target", [1, 1.0, [0, 1, 0], (0.0, 1.0, 0.0)])
def test_an_index_and_its_one_hot_list_cost_the_same(target: Any) -> None:
    z = [0.5, -1.0, 2.0]
    expected = float(exact(lambda z: log_sum_exp(z) - z[1], z))
    assert cross_entropy(values(z), target).data == pytest.approx(
        expected, abs=allowance(z)
    )


@pytest.mark.parametrize(
    ("z", "k", "loss", "gradient"),
    [
        ([1000, 0], 0, 0, [0, 0]),
        ([1000, 0], 1, 1000, [1, -1]),
        ([-1000, 1000], 0, 2000, [-1, 1]),
        ([-1000, -1000], 0, math.log(2), [-0.5, 0.5]),
        ([1000, 1000], 1, math.log(2), [0.5, -0.5]),
        ([1000], 0, 0, [0]),
    ],
)
def test_cross_entropy_of_extreme_logits_is_finite(
    z: list[float], k: int, loss: float, gradient: list[float]
) -> None:
    leaves = values(z)
    result = cross_entropy(leaves, k)
    assert result.data == pytest.approx(loss, abs=allowance(z))
    assert gradient_of(result, leaves) == pytest.approx(gradient, abs=allowance(z))


def test_two_classes_are_binary_cross_entropy_of_the_difference() -> None:
    for a, b in [(0.3, -0.2), (5.0, 1.0), (-4.0, 3.0)]:
        one = binary_cross_entropy_with_logits(Value(a - b), 1).data
        assert cross_entropy(values([b, a]), 1).data == pytest.approx(
            one, abs=allowance([a, b])
        )


@pytest.mark.parametrize("target", [-1, 3, 1.5, math.nan, math.inf])
def test_an_index_that_names_no_class_is_refused(target: float) -> None:
    with pytest.raises(
        ValueError, match=rf"target {target} is not the index .* 3 classes, 0 to 2"
    ):
        cross_entropy(values([1.0, 2.0, 3.0]), target)


@pytest.mark.parametrize(
    "target", [[0, 0, 0], [1, 1, 0], [2, -1, 0], [0.5, 0.4, 0.0], [1.00001, 0, 0]]
)
def test_a_list_that_is_no_distribution_is_refused(target: list[float]) -> None:
    with pytest.raises(ValueError, match="add up to 1") as caught:
        cross_entropy(values([1.0, 2.0, 3.0]), target)
    assert str([float(number) for number in target]) in str(caught.value)


def test_a_distribution_may_be_off_by_the_rounding_of_float32() -> None:
    shares = np.full(10, 0.1, dtype=np.float32)
    assert math.fsum(shares) > 1 + 1e-8
    assert cross_entropy(values([1.0] * 10), shares).data == pytest.approx(
        math.log(10),
        rel=2e-8,  # each counts, and they add up to 1 + 1.5e-8
    )


def test_cross_entropy_of_a_single_value_says_what_to_use() -> None:
    with pytest.raises(ValueError, match="binary_cross_entropy_with_logits"):
        cross_entropy(Value(1.0), 0)


def test_cross_entropy_of_no_logits_is_refused() -> None:
    for target in (0, []):
        with pytest.raises(ValueError, match="cross_entropy: "):
            cross_entropy([], target)


# --- label smoothing -----------------------------------------------------------------


@given(some_logits, st.floats(0, 1), st.data())
def test_label_smoothing_spreads_a_share_of_the_target_evenly(
    z: list[float], smoothing: float, data: st.DataObject
) -> None:
    n = len(z)
    k = data.draw(st.integers(0, n - 1))
    y = [(1.0 - smoothing) * (i == k) + smoothing / n for i in range(n)]
    for target in (k, [float(i == k) for i in range(n)]):
        leaves = values(z)
        loss = cross_entropy(leaves, target, label_smoothing=smoothing)
        truth = exact(
            lambda z, e, k=k, n=n: log_sum_exp(z) - (1 - e) * z[k] - e * mp.fsum(z) / n,
            z,
            smoothing,
        )
        assert loss.data == pytest.approx(float(truth), abs=2 * allowance(z))
        expected = [p - b for p, b in zip(probabilities(z), y, strict=True)]
        assert gradient_of(loss, leaves) == pytest.approx(expected, abs=allowance(z))


@given(some_logits, st.data())
def test_no_label_smoothing_is_the_plain_loss(
    z: list[float], data: st.DataObject
) -> None:
    k = data.draw(st.integers(0, len(z) - 1))
    plain = cross_entropy(values(z), k).data
    assert cross_entropy(values(z), k, label_smoothing=0.0).data == plain


def test_a_recorded_index_is_smoothed_like_a_plain_one() -> None:
    z = [0.5, -1.0, 2.0]
    for k in range(3):
        plain = cross_entropy(values(z), k, label_smoothing=0.3)
        recorded = cross_entropy(values(z), Value(float(k)), label_smoothing=0.3)
        assert recorded.data == pytest.approx(plain.data, abs=allowance(z))


@pytest.mark.parametrize("compiled", [True, False])
def test_label_smoothing_trains_as_a_partial_function(compiled: bool) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(12, 3)), rng.integers(0, 4, 12)
    smooth = 0.8 * np.eye(4)[y] + 0.05
    ends = []
    for loss, target in [
        (functools.partial(cross_entropy, label_smoothing=0.2), y),
        (functools.partial(cross_entropy, label_smoothing=0.2), np.eye(4)[y]),
        (cross_entropy, smooth),
    ]:
        model = nn.MLP(3, [4], seed=0)
        nn.fit(
            model, X, target, loss=loss, optimizer=nn.SGD(model.parameters(), 0.5),
            epochs=5, compiled=compiled, progress=False,
        )  # fmt: skip
        ends.append([parameter.data for parameter in model.parameters()])
    # Five steps, each some roundings of numbers near 1.
    assert ends[0] == pytest.approx(ends[2], abs=1e-13)
    assert ends[1] == pytest.approx(ends[2], abs=1e-13)


@pytest.mark.parametrize("smoothing", [-0.1, 1.1, math.nan, "0.1", None])
def test_a_smoothing_that_is_no_share_is_refused(smoothing: Any) -> None:
    with pytest.raises(ValueError, match="label_smoothing must be from 0 to 1, not"):
        cross_entropy(values([1.0, 2.0]), 0, label_smoothing=smoothing)


# --- what all of them take -----------------------------------------------------------


def test_numpy_labels_are_taken_as_numbers() -> None:
    z = [0.5, -1.0, 2.0]
    for kind in (np.int64, np.uint8, np.int32, np.float64):
        assert cross_entropy(values(z), kind(2)).data == (
            cross_entropy(values(z), 2).data
        )
        for loss in [*PAIRS, *SINGLES]:
            assert loss(Value(0.3), kind(1)).data == loss(Value(0.3), 1).data


def test_numpy_rows_are_taken_as_lists() -> None:
    z = [0.5, -1.0, 2.0]
    rows = np.array([[0, 1, 0], [1, 0, 0]])
    for kind in (np.int64, np.float64, np.float32):
        row = rows.astype(kind)[0]
        assert cross_entropy(values(z), row).data == (
            cross_entropy(values(z), [0, 1, 0]).data
        )
        for loss in PAIRS:
            assert loss(values(z), row).data == loss(values(z), [0, 1, 0]).data


def test_numpy_arrays_of_values_are_taken_as_outputs() -> None:
    z = values([0.5, -1.0, 2.0])
    array = np.array(z, dtype=object)
    assert cross_entropy(array, 1).data == cross_entropy(z, 1).data
    assert mse(array, [0, 1, 0]).data == mse(z, [0, 1, 0]).data


@pytest.mark.parametrize("loss", [*PAIRS, *SINGLES])
def test_a_list_of_one_is_taken_for_the_one(loss: Any) -> None:
    alone = loss(Value(0.3), 1).data
    assert loss([Value(0.3)], [1]).data == alone
    assert loss([Value(0.3)], 1).data == alone
    assert loss(Value(0.3), np.array([1.0])).data == alone


@pytest.mark.parametrize("loss", [*PAIRS, *SINGLES, cross_entropy])
@pytest.mark.parametrize(("n", "m"), [(1, 2), (2, 1), (3, 2), (2, 0)])
def test_lengths_that_differ_are_refused_with_both(loss: Any, n: int, m: int) -> None:
    with pytest.raises(ValueError, match=f"{n} outputs and {m} targets"):
        loss(values([0.3] * n), [1.0] * m)


@pytest.mark.parametrize("loss", [*PAIRS, *SINGLES])
def test_no_outputs_are_refused(loss: Any) -> None:
    with pytest.raises(ValueError, match="0 outputs and 0 targets"):
        loss([], [])


@pytest.mark.parametrize("loss", [*PAIRS, *SINGLES])
def test_a_target_may_be_a_value_and_gets_its_derivative(loss: Any) -> None:
    target = Value(1.0)
    result = loss(Value(0.3), target)
    assert result.data == loss(Value(0.3), 1).data
    result.backward()
    assert target.grad != 0.0


@pytest.mark.parametrize("loss", [*PAIRS, *SINGLES])
@pytest.mark.parametrize("target", [None, "1", 1j])
def test_a_target_that_is_no_number_is_a_type_error(loss: Any, target: Any) -> None:
    with pytest.raises(TypeError, match="a real number or a Value is needed"):
        loss(Value(0.3), target)


@pytest.mark.parametrize("target", [None, "1", 1j, [None, 1, 0]])
def test_a_class_that_is_no_number_is_a_type_error(target: Any) -> None:
    with pytest.raises(TypeError):
        cross_entropy(values([1.0, 2.0, 3.0]), target)


@pytest.mark.parametrize("loss", [*PAIRS, *SINGLES])
def test_a_nan_is_refused_as_a_target(loss: Any) -> None:
    with pytest.raises(ValueError, match="NaN"):
        loss(Value(0.3), math.nan)


def test_the_losses_are_those_of_pytorch() -> None:
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    rng = np.random.default_rng(0)
    for _ in range(20):
        z, other = 5 * rng.standard_normal((2, 4))
        y = distribution(rng.integers(1, 9, 4).tolist())
        k, p, share = int(rng.integers(4)), float(rng.random()), float(rng.random())

        def one(number: float) -> Any:
            return torch.tensor(number, dtype=torch.float64)

        row = torch.from_numpy(z)
        for ours, theirs in [
            (mse(values(z), other), functional.mse_loss(row, torch.from_numpy(other))),
            (
                cross_entropy(values(z), k),
                functional.cross_entropy(row, torch.tensor(k)),
            ),
            (cross_entropy(values(z), y), functional.cross_entropy(row, one(y))),
            (
                cross_entropy(values(z), k, label_smoothing=share),
                functional.cross_entropy(row, torch.tensor(k), label_smoothing=share),
            ),
            (
                cross_entropy(values(z), y, label_smoothing=share),
                functional.cross_entropy(row, one(y), label_smoothing=share),
            ),
            (
                binary_cross_entropy(Value(p), share),
                functional.binary_cross_entropy(one(p), one(share)),
            ),
            (
                binary_cross_entropy_with_logits(Value(z[0]), share),
                functional.binary_cross_entropy_with_logits(row[0], one(share)),
            ),
        ]:
            # Sums of 4 terms of at most 20, in different orders on both sides.
            assert ours.data == pytest.approx(theirs.item(), rel=20 * U, abs=400 * U)


def test_the_package_offers_every_loss() -> None:
    for loss in [*PAIRS, *SINGLES, cross_entropy]:
        assert getattr(nn, loss.__name__) is loss


@pytest.mark.parametrize("kind", ["index", "value", "list"])
@pytest.mark.parametrize(
    ("logits", "loss"),
    [
        ([1e15, 1e15 - 5.0], math.log1p(math.exp(-5.0))),
        ([1000.0, 970.0], math.exp(-30.0)),
        ([0.0, -40.0], math.exp(-40.0)),
        ([2.0, -math.inf], 0.0),
    ],
)
def test_cross_entropy_keeps_the_digits_of_a_small_loss_and_of_its_gradient(
    logits: list[float], loss: float, kind: str
) -> None:
    if kind == "list" and math.isinf(logits[1]):
        return  # 0 · ∞: a share of 0 of what cannot be
    target = {"index": 0, "value": Value(0.0), "list": [1.0, 0.0]}[kind]
    leaves = values(logits)
    found = cross_entropy(leaves, target)
    found.backward()
    # log(1 + p) is p to 1e-13 or better where p is given above.
    assert found.data == pytest.approx(loss, rel=1e-13, abs=0.0)
    share = -math.expm1(-loss)
    assert [leaf.grad for leaf in leaves] == pytest.approx(
        [-share, share], rel=1e-13, abs=0.0
    )
