"""The schedules against their definitions, and against PyTorch."""

import json
import math
from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn.schedules import (
    SCHEDULES,
    Constant,
    Cosine,
    Exponential,
    OneCycle,
    Schedule,
    StepDecay,
    WarmUp,
    rate_at,
    schedule_from,
)

STEPS = 100

# PyTorch goes from each rate to the next, by a product or so a step that rounds by
# 1e-16; after 100 steps that is 1e-14 of the rate. Where half a cosine comes down to
# nothing the rounding stays that of the rate, which is at most 1 here.
TOLERANCE = 1e-13

EXAMPLES: list[Schedule] = [
    Constant(0.1),
    StepDecay(0.1, 7, 0.5),
    Exponential(0.1, 0.97),
    Cosine(0.1, 80),
    Cosine(0.1, 80, final=0.01),
    OneCycle(0.1, 100),
    OneCycle(0.3, 57, warm_up=0.11, div_factor=3.0, final_div_factor=20.0),
    WarmUp(0.1, 10),
    WarmUp(Cosine(0.1, 80), 10),
    WarmUp(WarmUp(StepDecay(0.1, 20), 3), 9),
]

everyone = pytest.mark.parametrize("schedule", EXAMPLES, ids=repr)


def rates(schedule: Schedule, steps: int = STEPS) -> list[float]:
    return [schedule(step) for step in range(steps)]


# --- the definitions -----------------------------------------------------------------


def test_a_constant_rate_is_the_same_at_every_step() -> None:
    assert rates(Constant(0.25)) == [0.25] * STEPS


def test_step_decay_multiplies_after_every_so_many_steps() -> None:
    found = rates(StepDecay(8.0, every=3, factor=0.5), 8)
    assert found == [8.0, 8.0, 8.0, 4.0, 4.0, 4.0, 2.0, 2.0]


def test_an_exponential_multiplies_after_each_step() -> None:
    assert rates(Exponential(8.0, factor=0.5), 4) == [8.0, 4.0, 2.0, 1.0]


def test_a_cosine_is_its_formula_and_then_stays_at_the_end() -> None:
    schedule = Cosine(0.5, steps=40, final=0.1)
    for step in range(41):
        # 1 + cos x = 2 cos²(x/2), which rounds elsewhere.
        expected = 0.1 + 0.4 * math.cos(math.pi * step / 80) ** 2
        assert schedule(step) == pytest.approx(expected, rel=1e-14)
    assert schedule(0) == 0.5
    assert schedule(40) == schedule(41) == schedule(10**6) == 0.1


def test_one_cycle_rises_to_its_rate_and_falls_below_its_start() -> None:
    found = rates(OneCycle(1.0, steps=100), 150)
    peak = found.index(max(found))
    assert peak == 29  # 0.3 · 100 steps, the first of them being step 0
    assert found[peak] == 1.0
    assert found[0] == pytest.approx(1.0 / 25.0, rel=1e-14)
    assert found[:peak] == sorted(found[:peak])
    assert found[peak:100] == sorted(found[peak:100], reverse=True)
    assert found[99:] == [pytest.approx(1.0 / 25.0 / 1e4, rel=1e-14)] * 51


def test_one_cycle_without_a_rise_starts_close_to_its_rate() -> None:
    found = rates(OneCycle(1.0, steps=100, warm_up=0.0))
    assert found == sorted(found, reverse=True)
    assert found[0] == pytest.approx(1.0, rel=1e-3)


def test_one_cycle_whose_rise_is_one_step_starts_at_its_rate() -> None:
    assert OneCycle(1.0, steps=10, warm_up=0.1)(0) == 1.0


def test_warm_up_is_a_straight_line_to_the_schedule_itself() -> None:
    cosine = Cosine(0.5, steps=40)
    warm = WarmUp(cosine, steps=8)
    for step in range(8):
        expected = Fraction(cosine(step)) * Fraction(step + 1, 8)
        assert warm(step) == pytest.approx(float(expected), rel=1e-15)
    assert rates(warm)[7:] == rates(cosine)[7:]


def test_warm_up_takes_a_rate_too() -> None:
    assert rates(WarmUp(0.5, steps=4), 6) == [0.125, 0.25, 0.375, 0.5, 0.5, 0.5]


@everyone
def test_a_rate_depends_on_the_step_alone(schedule: Schedule) -> None:
    forward = rates(schedule)
    assert [schedule(step) for step in reversed(range(STEPS))] == forward[::-1]


@everyone
def test_a_rate_is_a_finite_number_from_0_up_however_late(schedule: Schedule) -> None:
    for step in [*range(200), 10**4, 10**9]:
        assert 0.0 <= schedule(step) <= 0.3


# --- PyTorch -------------------------------------------------------------------------


def rates_in_torch(make: Callable[[Any, Any], Any], rate: float) -> list[float]:
    """What a scheduler of torch.optim.lr_scheduler gives in each step."""
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=rate, momentum=0.9)
    scheduler = make(torch.optim.lr_scheduler, optimizer)
    found = []
    for _ in range(STEPS):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


def assert_same_rates(ours: list[float], theirs: list[float]) -> None:
    assert len(set(theirs)) > 1, "nothing changes: nothing is tested"
    np.testing.assert_allclose(ours, theirs, rtol=0.0, atol=TOLERANCE)


def test_step_decay_is_steplr() -> None:
    theirs = rates_in_torch(lambda s, o: s.StepLR(o, 7, gamma=0.5), 0.1)
    assert_same_rates(rates(StepDecay(0.1, 7, 0.5)), theirs)


def test_step_decay_has_the_factor_of_steplr() -> None:
    theirs = rates_in_torch(lambda s, o: s.StepLR(o, 30), 0.1)
    assert_same_rates(rates(StepDecay(0.1, 30)), theirs)


@pytest.mark.parametrize("factor", [0.97, 1.01])
def test_an_exponential_is_exponentiallr(factor: float) -> None:
    theirs = rates_in_torch(lambda s, o: s.ExponentialLR(o, factor), 0.1)
    assert_same_rates(rates(Exponential(0.1, factor)), theirs)


@pytest.mark.parametrize(("steps", "final"), [(100, 0.0), (100, 0.01), (99, 0.02)])
def test_a_cosine_is_cosineannealinglr(steps: int, final: float) -> None:
    theirs = rates_in_torch(lambda s, o: s.CosineAnnealingLR(o, steps, final), 0.1)
    assert_same_rates(rates(Cosine(0.1, steps, final=final)), theirs)


def test_one_cycle_is_onecyclelr() -> None:
    # Its rates go on for total_steps, and it is asked for one more after the last.
    theirs = rates_in_torch(lambda s, o: s.OneCycleLR(o, 0.1, STEPS + 1), 0.1)
    assert_same_rates(rates(OneCycle(0.1, STEPS + 1)), theirs)


@pytest.mark.parametrize("warm_up", [0.0, 0.004, 0.25, 0.9])
def test_one_cycle_with_settings_is_onecyclelr(warm_up: float) -> None:
    def make(schedulers: Any, optimizer: Any) -> Any:
        return schedulers.OneCycleLR(
            optimizer,
            0.4,
            total_steps=120,
            pct_start=warm_up,
            div_factor=7.0,
            final_div_factor=30.0,
        )

    ours = OneCycle(0.4, 120, warm_up, div_factor=7.0, final_div_factor=30.0)
    assert_same_rates(rates(ours), rates_in_torch(make, 0.4))


def test_warm_up_is_linearlr() -> None:
    def make(schedulers: Any, optimizer: Any) -> Any:
        return schedulers.LinearLR(optimizer, start_factor=1 / 20, total_iters=19)

    assert_same_rates(rates(WarmUp(0.1, 20)), rates_in_torch(make, 0.1))


def test_warm_up_of_a_schedule_is_linearlr_chained_with_it() -> None:
    def make(schedulers: Any, optimizer: Any) -> Any:
        line = schedulers.LinearLR(optimizer, start_factor=1 / 20, total_iters=19)
        decay = schedulers.ExponentialLR(optimizer, 0.97)
        return schedulers.ChainedScheduler([line, decay])

    ours = WarmUp(Exponential(0.1, 0.97), 20)
    assert_same_rates(rates(ours), rates_in_torch(make, 0.1))


# --- settings ------------------------------------------------------------------------


@everyone
def test_a_schedule_comes_back_from_its_settings_in_json(schedule: Schedule) -> None:
    settings = json.loads(json.dumps(schedule.settings()))
    assert schedule_from(settings) == schedule


def test_settings_say_the_name_and_every_argument() -> None:
    assert WarmUp(Cosine(0.1, 80), 10).settings() == {
        "name": "WarmUp",
        "schedule": {"name": "Cosine", "rate": 0.1, "steps": 80, "final": 0.0},
        "steps": 10,
    }


def test_numpys_numbers_are_settings_too() -> None:
    schedule = Cosine(np.float32(0.5), np.int64(80))  # type: ignore[arg-type]
    assert json.dumps(schedule.settings()) == json.dumps(Cosine(0.5, 80).settings())


def test_every_schedule_has_an_example_here() -> None:
    assert {type(schedule) for schedule in EXAMPLES} == set(SCHEDULES)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "Cosinus", "rate": 0.1}, "schedule named 'Cosinus'.* Cosine"),
        ({"rate": 0.1}, "schedule named None"),
        ({"name": ["Cosine"]}, "schedule named"),
        ({"name": "Cosine", "rate": 0.1}, r"Cosine .*lack \['steps'\]"),
        ({"name": "Constant", "rate": 0.1, "rat": 1}, r"Constant .*unknown \['rat'\]"),
        ({"name": "Cosine", "rate": 0.1, "steps": 0}, "Cosine: steps"),
    ],
)
def test_unknown_settings_are_refused(settings: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        schedule_from(settings)


def test_settings_that_are_no_dict_are_refused() -> None:
    with pytest.raises(TypeError, match=r"settings of a schedule .*'Cosine'"):
        schedule_from("Cosine")  # type: ignore[arg-type]


@everyone
def test_a_schedule_cannot_be_changed(schedule: Schedule) -> None:
    for field in fields(schedule):  # type: ignore[arg-type]
        with pytest.raises(FrozenInstanceError):
            setattr(schedule, field.name, 1)


# --- refusals ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: Constant(-0.1), r"Constant: rate .*-0\.1"),
        (lambda: Constant(math.nan), "Constant: rate .*nan"),
        (lambda: Constant(math.inf), "Constant: rate .*finite, not inf"),
        (lambda: StepDecay(-1.0, 3), "StepDecay: rate"),
        (lambda: StepDecay(0.1, 0), "StepDecay: every .*from 1 up, not 0"),
        (lambda: StepDecay(0.1, 3, 0.0), "StepDecay: factor .*above 0"),
        (lambda: Exponential(math.nan, 0.9), "Exponential: rate"),
        (lambda: Exponential(0.1, -0.9), "Exponential: factor"),
        (lambda: Cosine(-0.1, 10), "Cosine: rate"),
        (lambda: Cosine(0.1, -10), "Cosine: steps"),
        (lambda: Cosine(0.1, 10, final=-0.1), "Cosine: final"),
        (lambda: Cosine(0.1, 10, final=0.2), r"Cosine: final .*0\.1, not 0\.2"),
        (lambda: OneCycle(-0.1, 10), "OneCycle: rate"),
        (lambda: OneCycle(0.1, 0), "OneCycle: steps"),
        (lambda: OneCycle(0.1, 10, warm_up=1.0), r"warm_up .*below 1, not 1\.0"),
        (lambda: OneCycle(0.1, 10, warm_up=-0.1), "warm_up"),
        (lambda: OneCycle(0.1, 10, div_factor=0.0), "OneCycle: div_factor"),
        (lambda: OneCycle(0.1, 10, final_div_factor=-1.0), "final_div_factor"),
        (lambda: WarmUp(-0.1, 10), "WarmUp: schedule"),
        (lambda: WarmUp(0.1, 0), "WarmUp: steps"),
    ],
)
def test_bad_settings_are_refused(make: Callable[[], Schedule], name: str) -> None:
    with pytest.raises(ValueError, match=name):
        make()


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: Constant("0.1"), "Constant: rate .*'0.1'"),
        (lambda: Constant(True), "Constant: rate .*True"),
        (lambda: Cosine(0.1, 10.0), r"Cosine: steps .*10\.0"),
        (lambda: StepDecay(0.1, True), "StepDecay: every .*True"),
        (lambda: WarmUp(lambda step: 0.1, 10), r"WarmUp: schedule .*nn\.Schedule"),
        (lambda: WarmUp(None, 10), "WarmUp: schedule .*None"),
    ],
)
def test_settings_of_another_type_are_refused(make: Any, name: str) -> None:
    with pytest.raises(TypeError, match=name):
        make()


class Given(Schedule):
    """A schedule of one's own: the rate is whatever it was given."""

    def __init__(self, rate: float) -> None:
        self.rate = rate

    def __call__(self, step: int) -> float:
        return self.rate


@pytest.mark.parametrize("rate", [-0.1, math.nan, math.inf])
def test_a_schedule_that_gives_a_bad_rate_is_named(rate: float) -> None:
    with pytest.raises(ValueError, match=f"step 3 is {rate} by .*Given"):
        rate_at(Given(rate), 3)


def test_a_schedule_that_overflows_is_named() -> None:
    assert rate_at(Exponential(1e-8, 1.1), 1000) > 1e30
    with pytest.raises(ValueError, match="step 10000 is inf by Exponential"):
        rate_at(Exponential(1e-8, 1.1), 10000)


@given(
    rate=st.floats(0.0, 1e300),
    steps=st.integers(1, 10**6),
    warm_up=st.floats(0.0, 1.0, exclude_max=True),
    step=st.integers(0, 10**7),
)
def test_one_cycle_stays_between_its_ends(
    rate: float, steps: int, warm_up: float, step: int
) -> None:
    # On the way down, end + (start - end) / 2 · 2 rounds twice, by 1e-16 of the rate.
    assert 0.0 <= OneCycle(rate, steps, warm_up)(step) <= rate * (1 + 4e-16)
