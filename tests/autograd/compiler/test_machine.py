"""Calls of compiled programs in any order: none is changed by those before it.

A program keeps buffers, bindings for each batch size and numbers that it found to be
constant, so that what goes wrong does so on the second call, with other parameters, or
after an error. A state machine draws a program, and then calls of all kinds; after
each, all executors are held to eager mode, which remembers nothing.
"""

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

import autograd
from autograd.compiler import NumericalError
from tests.agreement import Judge, Tally, recorded
from tests.executors import executors
from tests.programs import random_number, random_point, random_program

MANY_SIZES = 12
"""More batch sizes than any executor keeps buffers for."""

randoms = st.builds(random.Random, st.integers(0, 2**32 - 1))


class Machine(RuleBasedStateMachine):
    """One program in all executors, in lockstep with eager mode."""

    @initialize(rng=randoms, dtype=st.sampled_from(["float64", "float32"]))
    def compile(self, rng, dtype):
        self.dtype = dtype
        self.model = random_program(rng, dtype, most=20)
        note(str(self.model))
        outputs, inputs, self.values = recorded(self.model)
        self.program = autograd.compile(outputs, inputs, self.values, dtype)
        self.executors = executors(outputs, inputs, self.values, dtype)
        self.judge = Judge(self.model, dtype, Tally())
        self.parameters = tuple(v.data for v in self.values)
        inputs = tuple(v.data for v in inputs)
        self.examples = [inputs, *(random_point(rng, inputs, dtype) for _ in range(3))]
        self.batch = (inputs,)

    @property
    def all(self):
        return {"compiled": self.program, **self.executors}

    def call(self, batch, given=None):
        """Everything computes its outputs, and the gradient where there is one."""
        for who, each in self.all.items():
            run = self.program if who == "compiled" else each.outputs
            self.judge.check_outputs(who, run, self.parameters, batch, given)
            # Of several outputs executors differentiate the first.
            is_public = who == "compiled"
            if not is_public or (len(self.model.outputs) == 1 and self.values):
                run = each.value_and_grad
                self.judge.check_gradient(who, run, self.parameters, batch, given)

    def call_twice(self, batch):
        self.batch = batch
        array = self.judge.array(batch)
        before = array.copy()
        self.call(batch, array)
        self.call(batch, array)
        assert array.tobytes() == before.tobytes()

    @rule(rng=randoms, size=st.integers(1, 9) | st.integers(1, 70))
    def a_batch_of_any_size(self, rng, size):
        self.call_twice(tuple(rng.choice(self.examples) for _ in range(size)))

    @rule()
    def the_same_batch_again(self):
        self.call_twice(self.batch)

    @rule(rng=randoms)
    def other_examples(self, rng):
        example = tuple(random_number(rng, self.dtype) for _ in self.examples[0])
        self.examples[-1] = example
        self.call_twice((example, self.examples[0]))

    @rule()
    def more_batch_sizes_than_are_kept(self):
        for size in (*range(1, MANY_SIZES), len(self.batch)):
            batch = (self.examples * MANY_SIZES)[:size]
            self.call(tuple(batch))
        self.call_twice(self.batch)

    @rule(rng=randoms)
    def other_parameters_assigned(self, rng):
        self.parameters = random_point(rng, self.parameters, self.dtype)
        for each in self.executors.values():
            each.parameters[:] = self.parameters
        self.program.parameters = self.parameters
        self.call_twice(self.batch)

    @rule(step=st.sampled_from([0.5, -0.25, 2.0**-10]))
    def parameters_moved_in_place(self, step):
        for each in self.all.values():
            each.parameters -= np.asarray(step, self.dtype)
        moved = np.array(self.parameters, self.dtype) - np.asarray(step, self.dtype)
        self.parameters = tuple(moved.tolist())
        self.call_twice(self.batch)

    @rule(kind=st.sampled_from(["fortran", "strided", "reversed", "list", "double"]))
    def a_batch_that_lies_otherwise(self, kind):
        batch = tuple(self.examples)
        array = self.judge.array(batch)
        if kind == "fortran":
            array = np.asfortranarray(array)
        elif kind == "strided":
            array = np.repeat(np.repeat(array, 2, 0), 3, 1)[::2, ::3]
        elif kind == "reversed":
            array = array[::-1].copy()[::-1]
        self.call(batch, array)
        if kind in ("list", "double"):  # the public face converts what it is given
            given = array.tolist() if kind == "list" else array.astype(float)
            self.judge.check_outputs(
                "compiled", self.program, self.parameters, batch, given
            )
        self.call_twice(self.batch)

    @rule(bad=st.sampled_from([np.nan, np.inf, -np.inf]))
    @precondition(lambda self: self.examples[0])
    def a_number_that_is_not_finite(self, bad):
        array = self.judge.array(tuple(self.examples))
        array[-1, -1] = bad
        for who, each in self.all.items():
            run = self.program if who == "compiled" else each.outputs
            with pytest.raises(ValueError, match="the batch holds"):
                run(array)
        self.call_twice(self.batch)

    @rule(bad=st.sampled_from([np.nan, np.inf]))
    @precondition(lambda self: self.values)
    def a_parameter_that_is_not_finite(self, bad):
        for who, each in self.all.items():
            run = self.program if who == "compiled" else each.outputs
            each.parameters[-1] = bad
            with pytest.raises(NumericalError, match="parameter"):
                run(self.judge.array(self.batch))
            each.parameters[-1] = self.parameters[-1]
        self.call_twice(self.batch)

    @rule()
    def a_batch_too_wide(self):
        wide = np.ones((2, len(self.examples[0]) + 1), self.dtype)
        with pytest.raises(ValueError, match="is needed, a column per input"):
            self.program(wide)
        self.call_twice(self.batch)

    @rule(rng=randoms)
    def numbers_at_which_much_is_undefined(self, rng):
        numbers = (0.0, -1.0, -4.0, 2.0**100)
        example = tuple(rng.choice(numbers) for _ in self.examples[0])
        self.call_twice((self.examples[0], example))
        before = self.parameters
        self.parameters = tuple(rng.choice(numbers) for _ in before)
        for each in self.all.values():
            each.parameters[:] = self.parameters
        self.call_twice(self.batch)
        self.parameters = before
        for each in self.all.values():
            each.parameters[:] = before
        self.call_twice(self.batch)

    @rule()
    @precondition(lambda self: self.values)
    def answers_that_are_kept(self):
        """What a call gave is the caller's: later calls leave it alone."""
        array = self.judge.array(self.examples)
        kept = []
        for who, each in self.all.items():
            outputs = self.program if who == "compiled" else each.outputs
            with suppress(NumericalError):
                kept.append(outputs(array))
            if who != "compiled":
                with suppress(NumericalError):
                    kept.append(each.value_and_grad(array)[1])
        before = [answer.copy() for answer in kept]
        self.call_twice(tuple(reversed(self.examples)))
        for each in self.all.values():
            each.parameters *= np.asarray(0.5, self.dtype)
            with suppress(NumericalError, ValueError):
                each.value_and_grad(array)
            each.parameters[:] = self.parameters
        for answer, copy in zip(kept, before, strict=True):
            assert answer.tobytes() == copy.tobytes()

    @rule()
    def parameters_written_back(self):
        self.program.write_back()
        assert [v.data for v in self.values] == list(self.parameters)
        self.call_twice(self.batch)

    @rule(rng=randoms)
    def calls_of_several_threads(self, rng):
        sizes = (1, 3, 1, 20)
        batches = [tuple(rng.choice(self.examples) for _ in range(n)) for n in sizes]

        def check(batch):
            for _ in range(5):
                self.judge.check_outputs(
                    "compiled", self.program, self.parameters, batch
                )

        with ThreadPoolExecutor(len(batches)) as threads:
            list(threads.map(check, batches))
        self.call_twice(self.batch)


TestMachine = Machine.TestCase
TestMachine.settings = settings(
    max_examples=max(60, settings.default.max_examples), stateful_step_count=12
)
