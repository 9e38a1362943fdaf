"""Whether executors agree with eager mode, call after call, to a stated bound.

Eager mode computes values and gradients in doubles, example by example, and their mean.
An executor agrees if it differs by no more than the bound of `tests.rounding`, twice
(eager mode rounds too); refuses, with NumericalError, where eager mode refuses; and
refuses nowhere else, unless a number on the way may overflow in its precision. Where
rounding decides whether there is a result, nothing is asked but that it raises nothing
else.

Run as a program this module surveys random cases, and shrinks those that disagree:

    python -m tests.agreement FIRST COUNT [PROCESSES]
"""

from __future__ import annotations

import math
import os
import random
import sys
import time
import traceback
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from autograd import Value
from autograd.compiler import NumericalError
from autograd.ops import TABLE
from tests.executors import executors
from tests.programs import Case, Program, random_case
from tests.rounding import K, Rounded, Rounding, Unsettled

Numbers = Sequence[float]
Batch = Sequence[Numbers]


class Disagreement(AssertionError):
    """An executor gives something else than eager mode."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What eager mode gives for one example: numbers, or None where it refuses.

    Each has the bound of how far an executor may be off, or None where rounding decides
    whether there is a result at all; without a result there are no bounds. An executor
    `may_refuse` what may overflow.
    """

    outputs: Numbers | None
    output_errors: Numbers | None
    outputs_may_refuse: bool
    gradient: Numbers | None
    gradient_errors: Numbers | None
    gradient_may_refuse: bool


def expected(
    program: Program, parameters: Numbers, example: Numbers, dtype: str
) -> Expected:
    """Eager mode's answer for one example, and its bound."""
    xp = Rounding(dtype)
    outputs = gradient = None
    output_errors = gradient_errors = None
    with suppress(ValueError, ArithmeticError):
        outputs, gradient = eager(program, parameters, example)
    try:
        nodes = rounded(program, xp, program.leaves(parameters, example))
        output_errors = [nodes[i].error for i in program.outputs]
    except Unsettled:
        pass
    except (ValueError, ArithmeticError):
        output_errors = []
    outputs_may_refuse = xp.may_overflow
    if output_errors:
        try:
            slopes = rounded_gradient(program, xp, nodes)
            if all(math.isfinite(slope.value) for slope in slopes):
                gradient_errors = [slope.error for slope in slopes]
            else:
                gradient_errors = []
        except Unsettled:
            pass
        except (ValueError, ArithmeticError):
            gradient_errors = []
    return Expected(
        outputs,
        output_errors,
        outputs_may_refuse,
        gradient,
        gradient_errors,
        xp.may_overflow,
    )


def eager(
    program: Program, parameters: Numbers, example: Numbers
) -> tuple[list[float], list[float] | None]:
    """The outputs, and the gradient of the first; None where that does not exist."""
    variables = [Value(x) for x in parameters]
    nodes = program.run(program.leaves(variables, example))
    outputs = [float(nodes[i]) for i in program.outputs]
    root = nodes[program.outputs[0]]
    try:
        if isinstance(root, Value):
            root.backward()
    except ArithmeticError:
        return outputs, None
    return outputs, [v.grad for v in variables]


def rounded(program: Program, xp: Rounding, leaves: Numbers) -> list[Rounded]:
    """All nodes with their bounds."""
    nodes = [xp.number(x) for x in leaves]
    for step in program.steps:
        op = TABLE[step.name].at(*step.static)
        operands = [nodes[x] if isinstance(x, int) else x for x in step.operands]
        operands = [xp.number(x) for x in operands]
        node = xp.number(op.forward(xp, *operands))
        if step.name in ("add", "sub", "sum"):
            # Alone a - a is exactly 0; as terms of a longer sum it is not.
            size = sum(abs(x.value) for x in operands)
            least = K * xp.unit * size if size < math.inf else 0.0
            node = Rounded(xp, node.value, max(node.error, least))
        if math.isnan(node.value):
            raise ArithmeticError(f"{step.name} is not a number")
        if math.isinf(node.value):
            xp.may_overflow = True
        nodes.append(node)
    return nodes


def rounded_gradient(
    program: Program, xp: Rounding, nodes: Sequence[Rounded]
) -> list[Rounded]:
    """The gradient of the first output by the parameters, with its bounds."""
    n = len(program.numbers)
    needed = [role == "p" for role in program.roles]
    for step in program.steps:
        needed.append(any(needed[x] for x in step.operands if isinstance(x, int)))
    cotangents = [xp.number(0.0)] * len(nodes)
    cotangents[program.outputs[0]] = xp.number(1.0)
    reached = {program.outputs[0]}
    for number in reversed(range(n, len(nodes))):
        if number not in reached or not needed[number]:
            continue
        step = program.steps[number - n]
        op = TABLE[step.name].at(*step.static)
        arguments = [
            nodes[x] if isinstance(x, int) else xp.number(x) for x in step.operands
        ]
        wanted = [isinstance(x, int) and needed[x] for x in step.operands]
        partials = op.partials_of(xp, arguments, nodes[number], wanted)
        for x, partial, is_wanted in zip(step.operands, partials, wanted, strict=True):
            if is_wanted:
                assert isinstance(x, int)
                reached.add(x)
                cotangents[x] = cotangents[x] + cotangents[number] * partial
    return [cotangents[i] for i in program.places("p")]


@dataclass
class Tally:
    """What was compared, and the worst ratio of difference and bound so far."""

    worst: dict[str, float] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, who: str, ratio: float) -> None:
        self.worst[who] = max(ratio, self.worst.get(who, 0.0))

    def merge(self, other: Tally) -> None:
        for who, ratio in other.worst.items():
            self.add(who, ratio)
        self.counts.update(other.counts)


class Judge:
    """Holds executors of one program to what eager mode gives."""

    def __init__(self, program: Program, dtype: str, tally: Tally) -> None:
        self.program = program
        self.dtype = dtype
        self.tally = tally
        self.known: dict[bytes, Expected] = {}

    def expect(self, parameters: Numbers, example: Numbers) -> Expected:
        """Eager mode's answer, computed once for each example."""
        key = array("d", [*parameters, *example]).tobytes()  # -0.0 is not 0.0
        if key not in self.known:
            self.known[key] = expected(self.program, parameters, example, self.dtype)
        return self.known[key]

    def array(self, batch: Batch) -> Any:
        """A batch as the executors take it."""
        return np.array(batch, self.dtype).reshape(len(batch), len(batch[0]))

    def check_outputs(
        self,
        who: str,
        run: Callable[[Any], Any],
        parameters: Numbers,
        batch: Batch,
        given: Any = None,
    ) -> None:
        """Hold run(batch), the outputs, to the eager ones, row by row.

        The batch may be given in another form.
        """
        rows = [self.expect(parameters, example) for example in batch]
        must = [
            self._must(row.outputs, row.output_errors, row.outputs_may_refuse)
            for row in rows
        ]
        found = self._run(who, run, self.array(batch) if given is None else given, must)
        if found is None:
            return
        if found.shape != (len(batch), len(self.program.outputs)):
            raise Disagreement(f"{who}: outputs of the shape {found.shape}")
        for row, numbers in zip(rows, found.tolist(), strict=True):
            if row.outputs and row.output_errors:
                for each in zip(numbers, row.outputs, row.output_errors, strict=True):
                    self._compare(who, "an output", *each)

    def check_gradient(
        self,
        who: str,
        run: Callable[[Any], Any],
        parameters: Numbers,
        batch: Batch,
        given: Any = None,
    ) -> None:
        """Hold run(batch), the mean value and its gradient, to the eager ones."""
        rows = [self.expect(parameters, example) for example in batch]
        must = [self._must_of_gradient(row, len(rows)) for row in rows]
        found = self._run(who, run, self.array(batch) if given is None else given, must)
        if found is None:
            return
        value, gradient = found
        if gradient.shape != (len(parameters),):
            raise Disagreement(f"{who}: a gradient of the shape {gradient.shape}")
        values = [(row.outputs, row.output_errors) for row in rows]
        slopes = [(row.gradient, row.gradient_errors) for row in rows]
        for what, numbers, pairs in (
            ("value", [value], values),
            ("derivative", gradient.tolist(), slopes),
        ):
            if not all(wanted and errors for wanted, errors in pairs):
                continue
            for i, number in enumerate(numbers):
                mean = self._mean([(w[i], e[i]) for w, e in pairs])
                self._compare(who, f"{what} {i}", number, *mean)

    def _must(
        self, numbers: Numbers | None, errors: Numbers | None, may_refuse: bool
    ) -> str:
        """Whether a row must be given, must be refused, or neither."""
        if errors is None:
            return "either"
        if numbers is None:
            return "refuse"
        return "either" if may_refuse or not self._finite(numbers) else ""

    def _must_of_gradient(self, row: Expected, n: int) -> str:
        must = self._must(row.outputs, row.output_errors, row.outputs_may_refuse)
        if must:  # of several outputs only the first need be there
            return must if len(self.program.outputs) == 1 else "either"
        if row.gradient is None and row.gradient_may_refuse and n > 1:
            return "either"  # too large alone, and perhaps not over n
        return self._must(row.gradient, row.gradient_errors, row.gradient_may_refuse)

    def _finite(self, numbers: Numbers) -> bool:
        return all(map(math.isfinite, numbers))

    def _run(
        self, who: str, run: Callable[[Any], Any], batch: Any, must: Sequence[str]
    ) -> Any:
        """What an executor gives, or None where it rightly refuses."""
        self.tally.counts["calls"] += 1
        try:
            found = run(batch)
        except NumericalError as error:
            self.tally.counts["refused"] += 1
            if not any(must):
                raise Disagreement(f"{who} refuses: {error}") from error
            return None
        if "refuse" in must:
            raise Disagreement(f"{who} gives {found} where eager mode refuses")
        return found

    def _mean(self, pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
        """The mean of numbers, and its bound: that of a sum of n terms, over n."""
        n = len(pairs)
        unit = Rounding(self.dtype).unit
        value = math.fsum(x / n for x, _ in pairs)
        error = math.fsum(e / n + (8.0 + n) * unit * abs(x / n) for x, e in pairs)
        return value, error

    def _compare(
        self, who: str, what: str, found: float, wanted: float, error: float
    ) -> None:
        difference = abs(found - wanted) if found != wanted else 0.0
        self.tally.counts["compared"] += 1
        if math.isnan(found):
            raise Disagreement(f"{who}: {what} is {found}, and {wanted} eagerly")
        if not error < math.inf:
            self.tally.counts["boundless"] += 1
            return
        ratio = difference / (2.0 * error) if error else math.inf
        ratio = ratio if difference else 0.0
        self.tally.add(f"{who} {self.dtype}", ratio)
        if not ratio <= 1.0:
            raise Disagreement(
                f"{who}: {what} is {found!r}, and {wanted!r} eagerly; the difference "
                f"is {difference:.2g}, its bound {2.0 * error:.2g}"
            )


def check(case: Case, tally: Tally | None = None) -> None:
    """Hold all executors to eager mode in all calls of a case; raise Disagreement."""
    program, dtype = case.program, case.dtype
    judge = Judge(program, dtype, Tally() if tally is None else tally)
    found = compiled(program, dtype)
    for parameters, batch in case.calls:
        for who, executor in found.items():
            executor.parameters[:] = parameters
            judge.check_outputs(who, executor.outputs, parameters, batch)
            judge.check_gradient(who, executor.value_and_grad, parameters, batch)


def recorded(program: Program) -> tuple[list[Value], list[Value], list[Value]]:
    """A program as Values: its outputs, inputs and parameters."""
    leaves = [Value(x) for x in program.numbers]
    nodes = program.run(leaves)
    # What plain numbers alone give is a plain number.
    outputs = [
        v if isinstance(v, Value) else Value(v)
        for v in [nodes[i] for i in program.outputs]
    ]
    inputs = [leaves[i] for i in program.places("i")]
    return outputs, inputs, [leaves[i] for i in program.places("p")]


def compiled(program: Program, dtype: str) -> dict[str, Any]:
    """All executors of a program."""
    return executors(*recorded(program), dtype=dtype)


# Smaller cases that disagree as well


def complaint(case: Case) -> str:
    """How a case disagrees, or nothing. What else is raised is a disagreement too."""
    try:
        recorded(case.program)
    except (ValueError, ArithmeticError):  # there is nothing to compile
        return ""
    try:
        check(case)
    except Disagreement as error:
        return str(error)
    except Exception:
        return traceback.format_exc(limit=-3)
    return ""


def shrunk(case: Case) -> Case:
    """A case that still disagrees, and that no single simplification leaves so."""
    smaller: Case | None = case
    while smaller is not None:
        case = smaller
        size = _size(case)
        fewer = (c for c in _simpler(case) if _size(c) < size)
        smaller = next((c for c in fewer if complaint(c)), None)
    return case


def _size(case: Case) -> int:
    program = case.program
    numbers = len(program.outputs) + sum(len(s.operands) + 1 for s in program.steps)
    return numbers + sum(1 + len(batch) for _, batch in case.calls)


def _simpler(case: Case) -> Iterator[Case]:
    """The case without a call, without examples, with an output or a step fewer."""
    program = case.program
    for i in range(len(case.calls)):
        yield replace(case, calls=case.calls[:i] + case.calls[i + 1 :])
    for i, (parameters, batch) in enumerate(case.calls):
        for part in {batch[: len(batch) // 2], batch[:1], batch[1:]} - {batch, ()}:
            calls = [*case.calls[:i], (parameters, part), *case.calls[i + 1 :]]
            yield replace(case, calls=tuple(calls))
    if len(program.outputs) > 1:
        for i in program.outputs:
            yield _cut(case, replace(program, outputs=(i,)))
    n = len(program.numbers)
    for k in reversed(range(len(program.steps))):  # an earlier node as the output
        yield _cut(case, replace(program, outputs=(n + k,)))
    for k, step in enumerate(program.steps):
        for operand in step.operands:  # an operand in place of the step
            steps = list(program.steps)
            for j in range(k + 1, len(steps)):
                operands = [
                    operand if x == n + k and isinstance(x, int) else x
                    for x in steps[j].operands
                ]
                steps[j] = replace(steps[j], operands=tuple(operands))
            yield _cut(case, replace(program, steps=tuple(steps)))
        if TABLE[step.name].arity is None and not TABLE[step.name].halves:
            for i in range(len(step.operands)):  # an operand fewer
                steps = list(program.steps)
                fewer = step.operands[:i] + step.operands[i + 1 :]
                if fewer:
                    steps[k] = replace(step, operands=fewer)
                    yield _cut(case, replace(program, steps=tuple(steps)))


def _cut(case: Case, program: Program) -> Case:
    """The case with a program that may need fewer leaves."""
    before, kept = case.program, program.reached()
    place = {
        role: [k for k, i in enumerate(before.places(role)) if i in kept]
        for role in "pi"
    }
    calls = tuple(
        (
            tuple(parameters[k] for k in place["p"]),
            tuple(tuple(example[k] for k in place["i"]) for example in batch),
        )
        for parameters, batch in case.calls
    )
    return replace(case, program=program.needed(), calls=calls)


# Many cases


def survey(seeds: Iterable[int], most: int = 40) -> tuple[Tally, dict[int, str]]:
    """Check a random case for each seed: the tally, and the complaints by seed."""
    tally, complaints = Tally(), {}
    for seed in seeds:
        tally.counts["programs"] += 1
        case = random_case(random.Random(seed), most)
        try:
            check(case, tally)
        except Disagreement as error:
            complaints[seed] = str(error)
        except Exception:
            complaints[seed] = traceback.format_exc(limit=-3)
    return tally, complaints


def survey_in_parallel(
    first: int, count: int, processes: int
) -> tuple[Tally, dict[int, str]]:
    """The same for `count` seeds from `first` on, in several processes."""
    tally, complaints = Tally(), {}
    size = max(1, min(500, count // processes))
    slices = [
        range(start, min(start + size, first + count))
        for start in range(first, first + count, size)
    ]
    with ProcessPoolExecutor(processes) as pool:
        for part, found in pool.map(survey, slices):
            tally.merge(part)
            complaints.update(found)
    return tally, complaints


def report(tally: Tally, complaints: dict[int, str], seconds: float) -> str:
    """What a survey found, in a few lines."""
    n = tally.counts["programs"]
    lines = [
        f"{n:,} programs, {n / seconds * 60.0:,.0f} a minute: "
        + ", ".join(f"{k} {v:,}" for k, v in sorted(tally.counts.items())),
        *(
            f"  {who:<18} worst difference / bound {ratio:.3f}"
            for who, ratio in sorted(tally.worst.items())
        ),
        f"{len(complaints)} disagree",
    ]
    for seed, complaint in list(complaints.items())[:20]:
        lines.append(f"  seed {seed}: {complaint.strip()}")
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> None:
    first, count = int(arguments[0]), int(arguments[1])
    processes = int(arguments[2]) if len(arguments) > 2 else os.cpu_count() or 1
    start = time.perf_counter()
    tally, complaints = survey_in_parallel(first, count, processes)
    print(report(tally, complaints, time.perf_counter() - start))
    for seed in list(complaints)[:5]:
        case = shrunk(random_case(random.Random(seed), 40))
        print(f"\nseed {seed}, shrunk: {complaint(case).strip()}\n{case}")


if __name__ == "__main__":
    main(sys.argv[1:])
