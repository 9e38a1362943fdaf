"""Thousands of random programs: every executor gives what eager mode gives.

The everyday suite takes a few hundred. VALUEGRAD_PROGRAMS=100000 takes as many as it
says, from the seed VALUEGRAD_SEED on, in as many processes as there are cores; `-s`
shows the worst ratio of difference and bound of each executor and precision. A seed
that disagrees is shrunk and printed by `python -m tests.agreement SEED 1`.
"""

import itertools
import math
import os
import random
import time
from dataclasses import replace

import numpy as np
import pytest

from autograd import Value, topological_order
from autograd.apply import variadic
from autograd.arithmetic import Floats
from autograd.compiler import NumericalError
from autograd.ops import TABLE
from tests.agreement import (
    Disagreement,
    Judge,
    Tally,
    check,
    report,
    shrunk,
    survey,
    survey_in_parallel,
)
from tests.executors import KINDS, executors
from tests.programs import Case, Program, Step, random_case
from tests.rounding import Rounding

PROGRAMS = int(os.environ.get("VALUEGRAD_PROGRAMS", "300"))
SEED = int(os.environ.get("VALUEGRAD_SEED", "0"))
FEW = 1000
"""Up to how many programs one process takes."""


def test_random_programs_agree_with_eager_mode_in_every_executor():
    start = time.perf_counter()
    if PROGRAMS <= FEW:
        tally, complaints = survey(range(SEED, SEED + PROGRAMS))
    else:
        cores = os.cpu_count() or 1
        tally, complaints = survey_in_parallel(SEED, PROGRAMS, cores)
    text = report(tally, complaints, time.perf_counter() - start)
    print(f"\nseeds {SEED} to {SEED + PROGRAMS - 1}: {text}")
    assert not complaints, text
    assert tally.counts["programs"] == PROGRAMS
    # Every executor, in both precisions.
    assert len(tally.worst) == 2 * len(KINDS)


def zeros_of(name):
    """Arguments at which a row of the table is a zero, of either sign."""
    row = TABLE[name]
    some = (0.0, -0.0, 0.4, -0.4, 1.0, -1.0)
    for args in itertools.product(some, repeat=row.arity or 2):
        try:
            if row.forward(Floats, *args) == 0.0:
                yield args
        except (ValueError, ArithmeticError):
            continue


PUBLIC = sorted(name for name, row in TABLE.items() if not row.helper)
WITH_ZEROS = [
    name for name in PUBLIC if not TABLE[name].n_static and any(zeros_of(name))
]


@pytest.mark.parametrize("name", WITH_ZEROS)
def test_a_zero_has_the_sign_that_eager_mode_gives_it_in_every_executor(name):
    # atan2(0, ±0) is 0 or π.
    for args in zeros_of(name):
        values = [Value(x) for x in args]
        out = variadic("atan2")(0.0, variadic(name)(*values))
        for kind, runner in executors([out], [], values).items():
            assert runner.outputs([[]])[0, 0] == pytest.approx(out.data), (kind, args)


# What went wrong once, as small as it can be


def case(numbers, roles, steps, *rows, dtype="float64"):
    """A case of one output, the last step, called twice for one batch of these rows."""
    outputs = (len(numbers) + len(steps) - 1,)
    program = Program(numbers, roles, tuple(Step(*step) for step in steps), outputs)
    parameters = tuple(numbers[i] for i in program.places("p"))
    return Case(program, dtype, ((parameters, rows or ((),)),) * 2)


TAILS = {
    "log(sigmoid(a))": case((-705.0,), "p", [("sigmoid", (0,)), ("log", (1,))]),
    "log(sigmoid(a)), single": case(
        (-95.0,), "p", [("sigmoid", (0,)), ("log", (1,))], dtype="float32"
    ),
    "exp(a) · sigmoid(-a)": case(
        (708.0,),
        "p",
        [("exp", (0,)), ("neg", (0,)), ("sigmoid", (2,)), ("mul", (1, 3))],
    ),
    "tanh'(a)": case((-360.0,), "p", [("tanh", (0,))]),
    "softplus'(a)": case((-730.0,), "p", [("softplus", (0,))]),
    "silu'(a)": case((-730.0,), "p", [("silu", (0,))]),
    "1e300 · a / 1e300": case((3.0,), "p", [("mul", (1e300, 0)), ("div", (1, 1e300))]),
    "log(1 + exp(-40))": case((0.0, -40.0), "pp", [("logsumexp", (0, 1))]),
    "log of 1 + exp(-20), single": case(
        (0.0, -20.0), "pp", [("logsumexp", (0, 1))], dtype="float32"
    ),
    "a - logsumexp": case(
        (0.0, -40.0), "pp", [("logsumexp", (0, 1)), ("sub", (0, 2)), ("neg", (3,))]
    ),
    "the angle of -0": case(
        (0.0,), "p", [("dot", (0, -1.0)), ("add", (1, 0)), ("atan2", (2, -1.0))]
    ),
    "the angle of 0 · -1": case(
        (0.0,), "i", [("dot", (0, -1.0)), ("atan2", (1, -1.0))], (0.0,)
    ),
    "the angle of a sum of -0": case(
        (-0.0, -0.0), "ii", [("add", (0, 1)), ("atan2", (2, -1.0))], (-0.0, -0.0)
    ),
    "constants of both zeros": case(
        (-1.0,),
        "i",
        [("atan2", (0.0, 0)), ("atan2", (-0.0, 0)), ("sub", (1, 2))],
        (-1.0,),
    ),
    "0 · exp(a)": case(
        (1.0, 1.0),
        "ip",
        [("exp", (0,)), ("mul", (0.0, 2)), ("add", (3, 1))],
        (800.0,),
    ),
    "a masked logsumexp": case(
        (1.0, 2.0), "pi", [("logsumexp", (0, 1, -math.inf))], (2.0,)
    ),
    "a masked max": case(
        (1.0, 2.0), "pi", [("max", (0, -math.inf, 1))], (2.0,), (0.5,)
    ),
    "a masked min": case((1.0, 2.0), "pi", [("min", (0, math.inf, 1))], (2.0,), (0.5,)),
    "maximum(a, -∞)": case((1.0,), "p", [("maximum", (0, -math.inf))]),
    "what where leaves out": case((1.0,), "p", [("where", (1.0, 0, math.inf))]),
    "an overflow behind a mask": case(
        (1.0,),
        "i",
        [("maximum", (0, -math.inf)), ("exp", (1,)), ("tanh", (2,))],
        (800.0,),
    ),
    "a root of what cannot move": case((-1.0,), "p", [("step", (0,)), ("sqrt", (1,))]),
    "a mean whose sum overflows": case(
        (1.0, 2.0), "pi", [("mul", (0, 1))], (1e308,), (1.5e308,)
    ),
    "conditions of both kinds": case(
        (1.0, 2.0, 3.0, 4.0),
        "pppp",
        [
            ("where", (1.0, 0, 1)),
            ("where", (0.0, 2, 3)),
            ("dot", (4, 5, 4, 5)),
        ],
    ),
}


@pytest.mark.parametrize("case", TAILS.values(), ids=TAILS.keys())
def test_a_tail_is_what_it_is_eagerly(case):
    assert check(case) is None


def test_a_row_read_twice_is_not_taken_for_two_rows():
    # Of two rows side by side the first output needs one, and reads it twice.
    steps = (
        Step("tanh", (0,)),
        Step("tanh", (1,)),
        Step("hypot", (4, 2)),
        Step("hypot", (4, 3)),
        Step("mul", (6, 7)),
    )
    program = Program((0.5, 0.25, 2.0, 3.0), "ppii", steps, (8, 5))
    case = Case(program, "float64", (((0.5, 0.25), ((2.0, 3.0), (1.0, 4.0))),) * 2)
    assert check(case) is None


@pytest.mark.parametrize("kind", KINDS)
def test_what_overflows_in_another_order_is_computed_in_its_own(kind):
    x = Value(1e308)
    executor = executors([x - 1e308 - 1e308], [x])[kind]
    assert executor.outputs(np.array([[1e308]])).tolist() == [[-1e308]]


# What holds the executors to it


def program_of_a_log():
    """log(p · x): its judge, and the right answers for x = 2 and p = 3."""
    model = Program((2.0, 3.0), "ip", (Step("mul", (0, 1)), Step("log", (2,))), (3,))
    judge = Judge(model, "float64", Tally())
    return judge, np.array([[math.log(6.0)]]), (math.log(6.0), np.array([1.0 / 3.0]))


def test_an_executor_that_is_right_is_not_complained_of():
    judge, outputs, (value, gradient) = program_of_a_log()
    judge.check_outputs("it", lambda batch: outputs, (3.0,), [(2.0,)])
    judge.check_gradient("it", lambda batch: (value, gradient), (3.0,), [(2.0,)])
    assert judge.tally.worst == {"it float64": 0.0}


@pytest.mark.parametrize("off", [1e-13, -1e-13, math.nan, math.inf])
def test_an_executor_that_is_off_by_little_is_complained_of(off):
    judge, outputs, (value, gradient) = program_of_a_log()
    for wrong in ((value + off, gradient), (value, gradient + off)):
        with pytest.raises(Disagreement):
            judge.check_gradient("it", lambda batch: wrong, (3.0,), [(2.0,)])  # noqa: B023
    with pytest.raises(Disagreement, match="an output is"):
        judge.check_outputs("it", lambda batch: outputs + off, (3.0,), [(2.0,)])


def test_an_executor_that_gives_a_number_where_there_is_none_is_complained_of():
    judge, outputs, gradient = program_of_a_log()
    with pytest.raises(Disagreement, match="where eager mode refuses"):
        judge.check_outputs("it", lambda batch: outputs, (3.0,), [(-2.0,)])
    with pytest.raises(Disagreement, match="where eager mode refuses"):
        judge.check_gradient("it", lambda batch: gradient, (3.0,), [(2.0,), (-2.0,)])


def test_an_executor_that_refuses_what_eager_mode_computes_is_complained_of():
    judge, _, _ = program_of_a_log()

    def refuse(batch):
        raise NumericalError("too large")

    judge.check_outputs("it", refuse, (3.0,), [(-2.0,)])
    with pytest.raises(Disagreement, match="it refuses: too large"):
        judge.check_outputs("it", refuse, (3.0,), [(2.0,)])


def test_where_rounding_decides_nothing_is_asked():
    steps = (Step("sub", (0, 1)), Step("mul", (2, 3.0)), Step("log", (3,)))
    model = Program((0.3, 0.1), "pp", steps, (4,))
    judge = Judge(model, "float64", Tally())
    at = (0.30000000000000004, 0.3)
    assert judge.expect(at, ()).output_errors is None
    judge.check_outputs("it", lambda batch: np.array([[7.0]]), at, [()])


def test_a_condition_that_may_underflow_decides_either_way():
    xp = Rounding("float32")
    condition = xp.exp(xp.number(-142.0))
    assert xp.where(condition, xp.number(3.0), xp.number(5.0)).error >= 2.0
    certain = xp.exp(xp.number(-14.0))
    assert xp.where(certain, xp.number(3.0), xp.number(5.0)).error == 0.0


def test_errors_add_up_and_never_cancel():
    xp = Rounding("float64")
    a = xp.number(0.1) * 3.0
    difference = a - 0.3
    assert difference.error >= a.error >= 8.0 * 2.0**-53 * 0.3
    assert (a - a).error == 0.0


def test_a_case_that_disagrees_is_shrunk_to_what_matters(monkeypatch):
    steps = (
        Step("exp", (0,)),
        Step("sin", (1,)),
        Step("mul", (2, 3)),
        Step("abs", (4,)),
    )
    program = Program((0.5, 0.25), "pi", steps, (5,))
    calls = (((0.5,), ((0.25,), (0.5,))), ((1.0,), ((0.25,),)))
    rule = TABLE["sin"].forward
    wrong = replace(TABLE["sin"], forward=lambda xp, a: rule(xp, a) + 1e-3)

    def plant(outputs, inputs, parameters, dtype):
        sines = [v for v in topological_order(*outputs) if v.op is TABLE["sin"]]
        for v in sines:
            v.op = wrong
        return executors(outputs, inputs, parameters, dtype)

    monkeypatch.setattr("tests.agreement.executors", plant)
    small = shrunk(Case(program, "float64", calls))
    assert [step.name for step in small.program.steps] == ["sin"]
    assert len(small.calls) == 1


def test_a_seed_is_the_same_case_every_time():
    assert str(random_case(random.Random(7))) == str(random_case(random.Random(7)))
