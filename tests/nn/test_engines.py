"""Compiled training does what eager training does, to rounding."""

import weakref

import numpy as np
import pytest

import autograd
import nn
from autograd import Value, where
from autograd.errors import TraceError
from nn.engines import CHUNK, Compiled, Eager

# The two engines add in different orders: a step differs by some roundings, and tens
# of steps on a smooth loss add these up without amplifying them much.
RTOL = 1e-9

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 4))
CLASSES = RNG.integers(0, 3, 30)
LOSSES = {
    "class index": (nn.cross_entropy, 3, None, CLASSES),
    "one-hot": (nn.cross_entropy, 3, None, np.eye(3)[CLASSES]),
    "several outputs": (nn.mse, 2, None, RNG.normal(size=(30, 2))),
    "one output": (nn.half_squared_error, 1, None, RNG.normal(size=30)),
    "probability": (nn.binary_cross_entropy, 1, "sigmoid", CLASSES == 1),
    "logit": (nn.binary_cross_entropy_with_logits, 1, None, CLASSES == 1),
    "margin": (nn.hinge, 1, None, np.where(CLASSES == 1, 1, -1)),
}
OPTIMIZERS = {
    "SGD": lambda p: nn.SGD(p, 0.05),
    "momentum": lambda p: nn.SGD(p, 0.05, momentum=0.9),
    "Adam": lambda p: nn.Adam(p, 0.01),
}


def trained(compiled, loss="class index", optimizer="Adam"):
    function, n_outputs, output_activation, y = LOSSES[loss]
    model = nn.MLP(4, [5, n_outputs], "tanh", output_activation, seed=0)
    history = nn.fit(
        model,
        X,
        y,
        loss=function,
        optimizer=OPTIMIZERS[optimizer](model.parameters()),
        epochs=5,
        batch_size=8,
        validation=(X[:9], y[:9]),
        compiled=compiled,
        progress=False,
    )
    return model, history


def weights(model):
    return np.array([p.data for p in model.parameters()])


@pytest.mark.parametrize("loss", LOSSES)
def test_both_engines_end_in_the_same_weights_for_every_loss(loss):
    (fast, fast_history), (slow, slow_history) = (trained(c, loss) for c in (1, 0))
    assert weights(fast) == pytest.approx(weights(slow), rel=RTOL, abs=RTOL)
    assert fast_history.loss == pytest.approx(slow_history.loss, rel=RTOL)
    assert fast_history.validation_loss == pytest.approx(
        slow_history.validation_loss, rel=RTOL
    )
    assert fast_history.validation_accuracy == slow_history.validation_accuracy


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_both_engines_end_in_the_same_weights_for_every_optimizer(optimizer):
    fast, slow = (trained(c, optimizer=optimizer)[0] for c in (True, False))
    assert weights(fast) == pytest.approx(weights(slow), rel=RTOL, abs=RTOL)


@pytest.mark.parametrize("n", [8, 30, 2500])
def test_compiled_predictions_are_the_eager_ones(n):
    model = nn.MLP(4, [5, 3], "tanh", seed=0)
    many = np.random.default_rng(1).normal(size=(n, 4))
    fast, slow = (nn.predict(model, many, compiled=c) for c in (True, False))
    assert fast.shape == (n, 3)
    assert fast == pytest.approx(slow, rel=1e-12, abs=1e-14)


def test_a_single_output_is_predicted_as_one_number_per_example():
    model = nn.MLP(4, [5, 1], "tanh", seed=0)
    assert nn.predict(model, X).shape == (30,)


def test_accuracy_is_the_same_by_both_engines():
    model, _ = trained(True)
    fast, slow = (nn.accuracy(model, X, CLASSES, compiled=c) for c in (True, False))
    assert fast == slow


class Branching(nn.Module):
    """Its output depends on a Python branch, or on a recorded one."""

    def __init__(self, recorded):
        self.w = Value(2.0)
        self.recorded = recorded

    def __call__(self, inputs):
        z = inputs[0] * self.w
        if self.recorded:
            return where(z.step(), z, 0.1 * z)
        return z if z > 0 else 0.1 * z


def fit_branching(recorded, compiled):
    model = Branching(recorded)
    sgd = nn.SGD(model.parameters(), 0.1)
    data = np.array([[1.0], [-1.0]]), np.array([1.0, -1.0])
    nn.fit(
        model, *data, loss=nn.mse, optimizer=sgd, epochs=3, compiled=compiled,
        progress=False,
    )  # fmt: skip
    return model.w.data


def test_a_branch_on_a_number_is_refused_when_compiled_and_says_what_to_write():
    with pytest.raises(TraceError, match=r"where\(x > y, a, b\)"):
        fit_branching(recorded=False, compiled=True)


class Keeping(nn.Module):
    """A model that keeps what it first computes from its parameter."""

    def __init__(self):
        self.w = Value(0.5)
        self.kept = None

    def __call__(self, x):
        if self.kept is None:
            self.kept = self.w * self.w
        return self.kept * x[0]


def test_what_a_model_keeps_from_its_first_call_is_not_taken_for_a_constant():
    model = Keeping()
    sgd = nn.SGD([model.w], 0.1)
    with pytest.raises(TraceError, match="kept from call to call"):
        nn.fit(
            model, [[1.0], [2.0], [3.0]], [1.0, 2.0, 3.0], loss=nn.mse, optimizer=sgd,
            epochs=1, progress=False,
        )  # fmt: skip


def weighed(output, target):
    return {0.0: 1.0, 1.0: 2.0}.get(target, 5.0) * (output - target) ** 2


def test_a_target_that_a_dict_knows_is_refused_when_compiled():
    model = nn.MLP(1, [1], seed=0)
    sgd = nn.SGD(model.parameters(), 0.1)
    with pytest.raises(TraceError, match="fit: X"):
        nn.fit(
            model, [[1.0], [2.0], [3.0]], [0.0, 1.0, 1.0], loss=weighed, optimizer=sgd,
            epochs=1, progress=False,
        )  # fmt: skip


def rarely(outputs, target):
    return {9.0: 50.0}.get(target, 1.0) * nn.half_squared_error(outputs, target)


@pytest.mark.parametrize("penalty", [None, 0.3])
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_a_rare_target_that_is_treated_apart_is_found(penalty, dropout):
    model = nn.MLP(4, [5, 1], "tanh", dropout=dropout, seed=0)
    y = np.arange(30.0) % 9.0
    loss = rarely
    if penalty:
        loss = nn.penalized(rarely, model.parameters(), l2=penalty)

    def fit():
        nn.fit(
            model, X, y, epochs=1, progress=False, loss=loss,
            optimizer=nn.SGD(model.parameters(), 0.0),
        )  # fmt: skip

    fit()
    y[17] = 9.0  # at no example that the whole code is run again
    with pytest.raises(TraceError, match=r"^fit: X\[0\] and y\[17\]"):
        fit()


def test_a_loss_that_looks_behind_the_outputs_is_not_doubted():
    model = nn.MLP(4, [5, 1], "tanh", seed=0)
    (w, *_) = model.parameters()

    def loss(output, target):
        (slope,) = autograd.gradients(output, [w])
        return nn.half_squared_error(output, target) + slope * slope

    history = nn.fit(
        model, X, X[:, 0], loss=loss, optimizer=nn.SGD(model.parameters(), 0.1),
        epochs=1, progress=False,
    )  # fmt: skip
    assert len(history.loss) == 1


def test_a_recorded_branch_is_decided_for_each_example():
    eager = fit_branching(recorded=False, compiled=False)
    assert fit_branching(recorded=True, compiled=True) == pytest.approx(eager)


def test_a_target_that_the_loss_refuses_is_found_wherever_it_stands():
    model = nn.MLP(4, [5, 3], seed=0)
    before = weights(model)
    y = CLASSES.copy()
    y[-1] = 3
    adam = nn.Adam(model.parameters())
    with pytest.raises(ValueError, match="target 3 is not the index"):
        nn.fit(
            model, X, y, loss=nn.cross_entropy, optimizer=adam, epochs=1,
            progress=False,
        )  # fmt: skip
    assert (weights(model) == before).all()


def test_the_weights_are_those_of_the_last_whole_step_when_a_step_fails():
    w = Value(1.0)

    class Root(nn.Module):
        def __init__(self):
            self.w = w

        def __call__(self, inputs):
            return (inputs[0] * self.w).sqrt()

    model = Root()
    sgd = nn.SGD(model.parameters(), 0.1)
    data = np.array([[1.0], [1.0], [-1.0]]), np.zeros(3)
    with pytest.raises(FloatingPointError, match="sqrt"):
        nn.fit(
            model, *data, loss=lambda out, t: out + 0.0 * t, optimizer=sgd, epochs=50,
            batch_size=1, progress=False,
        )  # fmt: skip
    # Two steps before the negative example, or fewer where it came first.
    reachable = [1.0]
    for _ in range(2):
        value = reachable[-1]
        reachable.append(value - 0.1 * 0.5 / value**0.5)
    assert min(abs(w.data - value) for value in reachable) < 1e-12


def test_validation_targets_are_looked_at_too():
    model = nn.MLP(4, [5, 3], seed=0)
    adam = nn.Adam(model.parameters())
    with pytest.raises(ValueError, match="is not the index"):
        nn.fit(
            model, X, CLASSES, loss=nn.cross_entropy, optimizer=adam, epochs=1,
            validation=(X, CLASSES + 2), progress=False,
        )  # fmt: skip


def test_every_one_of_many_targets_is_looked_at():
    n = 1500
    model = nn.MLP(1, [1], seed=0)
    adam = nn.Adam(model.parameters())
    with pytest.raises(ValueError, match="from 0 to 1"):
        nn.fit(
            model, np.linspace(-1, 1, n)[:, None], np.linspace(0, 1.2, n),
            loss=nn.binary_cross_entropy_with_logits, optimizer=adam, epochs=1,
            progress=False,
        )  # fmt: skip


def test_a_max_pooling_network_learns_the_same_by_both_engines():
    class Pooling(nn.Module):
        def __init__(self):
            self.first = nn.Layer(4, 8, "tanh", seed=0)
            self.second = nn.Layer(4, 3, None, seed=1)

        def __call__(self, inputs):
            h = self.first(inputs)
            return self.second([autograd.max(h[i : i + 2]) for i in range(0, 8, 2)])

    ends = []
    for compiled in (True, False):
        model = Pooling()
        sgd = nn.SGD(model.parameters(), 0.1)
        nn.fit(
            model, X, CLASSES, loss=nn.cross_entropy, optimizer=sgd, epochs=4,
            batch_size=7, compiled=compiled, progress=False,
        )  # fmt: skip
        ends.append(weights(model))
    assert ends[0] == pytest.approx(ends[1], rel=RTOL, abs=RTOL)


def test_validation_sees_what_the_optimizer_moves_besides_the_model():
    shift = Value(5.0)  # so large that at first every example is put in one class

    class Shifted(nn.Module):
        def __init__(self):
            self.layer = nn.Layer(4, 3, None, seed=0)

        def __call__(self, inputs):
            first, *others = self.layer(inputs)
            return [first + shift, *others]

    histories = []
    for compiled in (True, False):
        shift.data = 5.0
        model = Shifted()
        sgd = nn.SGD([*model.parameters(), shift], 0.5)
        history = nn.fit(
            model, X, CLASSES, loss=nn.cross_entropy, optimizer=sgd, epochs=30,
            validation=(X, CLASSES), compiled=compiled, progress=False,
        )  # fmt: skip
        assert history.validation_accuracy[-1] == nn.accuracy(model, X, CLASSES)
        histories.append(history.validation_accuracy)
    assert histories[0] == histories[1]


# --- one engine by itself ------------------------------------------------------------


def engine_of(kind, loss="class index", X=X, **settings):
    function, n_outputs, output_activation, y = LOSSES[loss]
    model = nn.MLP(4, [5, n_outputs], "tanh", output_activation, seed=0)
    sgd = nn.SGD(model.parameters(), 0.1)
    return model, kind(model, function, sgd, X, np.asarray(y), **settings)


@pytest.mark.parametrize("kind", [Eager, Compiled])
@pytest.mark.parametrize("loss", ["class index", "one-hot", "one output"])
@pytest.mark.parametrize("batch", [[3], [5, 0, 29], [*range(29, -1, -1)], [7] * 30])
def test_the_loss_and_gradient_of_a_batch_are_those_of_its_examples(kind, loss, batch):
    model, engine = engine_of(kind, loss)
    function, _, _, y = LOSSES[loss]
    found, gradient = engine.loss_and_gradient(np.array(batch))
    model.zero_grad()
    losses = [function(model(X[i].tolist()), y[i]) for i in batch]
    mean = autograd.sum(losses) / len(batch)
    mean.backward()
    # Up to thirty examples, each some roundings of numbers near 1.
    assert found == pytest.approx(mean.data, rel=1e-13)
    expected = [parameter.grad for parameter in model.parameters()]
    assert gradient == pytest.approx(expected, abs=1e-13)


@pytest.mark.parametrize("kind", [Eager, Compiled])
def test_an_engine_computes_with_its_vector_and_writes_it_back(kind):
    model, engine = engine_of(kind)
    assert engine.vector.tolist() == weights(model).tolist()
    before, _ = engine.loss_and_gradient(np.arange(30))
    engine.vector[:] *= 0.5
    after, _ = engine.loss_and_gradient(np.arange(30))
    assert engine.mean_loss(X, CLASSES) == pytest.approx(after, rel=1e-13)
    assert abs(after - before) > 1e-3
    engine.write_back()
    assert engine.vector.tolist() == weights(model).tolist()
    assert engine.outputs(X) == pytest.approx(nn.predict(model, X), rel=1e-12)


@pytest.mark.parametrize("kind", [Eager, Compiled])
def test_a_step_returns_the_sum_of_the_losses_and_takes_one_step(kind):
    _, engine = engine_of(kind)
    batch = np.array([2, 4, 6])
    mean, gradient = engine.loss_and_gradient(batch)
    before = engine.vector.copy()
    assert engine.step(batch) == pytest.approx(3 * mean, rel=1e-15)
    assert engine.vector == pytest.approx(before - 0.1 * gradient, abs=1e-15)
    assert engine.optimizer.steps == 1


def test_a_smaller_batch_after_a_larger_one_is_computed_alone():
    _, engine = engine_of(Compiled)
    expected = {
        n: engine_of(Compiled)[1].loss_and_gradient(np.arange(n)) for n in (2, 9)
    }
    for n in (9, 2, 9):
        value, gradient = engine.loss_and_gradient(np.arange(n))
        assert value == expected[n][0]
        assert (gradient == expected[n][1]).all()


def test_the_examples_are_held_once_and_those_given_are_not_kept():
    many = np.random.default_rng(0).normal(size=(30, 4))
    given = weakref.ref(many)
    _, engine = engine_of(Compiled, X=many)
    del many
    assert given() is None
    engine.loss_and_gradient(np.random.default_rng(0).permutation(30))
    assert engine.buffer.size == 0  # all of them are computed with where they are


def test_the_graph_that_was_recorded_is_not_kept():
    _, engine = engine_of(Compiled)
    outputs = engine.first_outputs()
    assert outputs
    assert all(v.parents == () for v in outputs)


@pytest.mark.parametrize("n", [1, CHUNK - 1, CHUNK, 2 * CHUNK + 3])
def test_the_mean_loss_of_any_number_of_examples_is_their_mean(n):
    model, engine = engine_of(Compiled)
    rng = np.random.default_rng(n)
    many, classes = rng.normal(size=(n, 4)), rng.integers(0, 3, n)
    z = nn.predict(model, many)
    losses = np.log(np.exp(z).sum(axis=1)) - z[np.arange(n), classes]
    # Each loss has some roundings of numbers near 1, and so has the mean.
    assert engine.mean_loss(many, classes) == pytest.approx(losses.mean(), rel=1e-12)


@pytest.mark.parametrize("width", [1, 3, 5])
@pytest.mark.parametrize("kind", [Eager, Compiled])
def test_the_mean_loss_of_examples_of_another_width_is_refused(kind, width):
    _, engine = engine_of(kind)
    with pytest.raises(ValueError, match=rf"{width}"):
        engine.mean_loss(np.ones((30, width)), CLASSES)


def test_targets_of_another_shape_are_refused_by_name():
    _, engine = engine_of(Compiled, "one-hot")
    with pytest.raises(ValueError, match=r"the test's y has the shape \(30,\)"):
        engine.check_targets(CLASSES, "the test's y")


# --- which example is at fault -------------------------------------------------------


def root(loss_of_output=lambda out, t: out + 0.0 * t):
    class Root(nn.Module):
        def __init__(self):
            self.w = Value(1.0)

        def __call__(self, inputs):
            return (inputs[0] * self.w).sqrt()

    return Root(), loss_of_output


@pytest.mark.parametrize("batch_size", [1, 3, 6])
@pytest.mark.parametrize("compiled", [True, False])
def test_an_example_that_cannot_be_computed_is_named_by_its_index(compiled, batch_size):
    model, loss = root()
    data = np.array([[1.0], [2.0], [1.0], [-1.0], [3.0], [1.0]]), np.zeros(6)
    with pytest.raises((FloatingPointError, ValueError), match="sqrt") as caught:
        nn.fit(
            model, *data, loss=loss, optimizer=nn.SGD(model.parameters(), 1e-3),
            epochs=1, batch_size=batch_size, compiled=compiled, progress=False,
        )  # fmt: skip
    assert str(caught.value).startswith("X[3] and y[3]: sqrt")


@pytest.mark.parametrize("compiled", [True, False])
def test_a_target_that_is_refused_is_named_by_its_index(compiled):
    model = nn.MLP(4, [5, 3], seed=0)
    y = CLASSES.copy()
    y[[11, 17]] = 3
    with pytest.raises(ValueError, match="the target 3 is not the index") as caught:
        nn.fit(
            model, X, y, loss=nn.cross_entropy, epochs=1, compiled=compiled,
            optimizer=nn.SGD(model.parameters(), 0.1), batch_size=1, progress=False,
        )  # fmt: skip
    named = ["fit: y[11]"] if compiled else ["X[11] and y[11]", "X[17] and y[17]"]
    assert str(caught.value).split(": cross_entropy")[0] in named


def test_a_loss_that_is_no_value_is_refused():
    model = nn.MLP(4, [5, 3], seed=0)
    with pytest.raises(
        TypeError, match="fit: the loss must return one Value, not list"
    ):
        nn.fit(
            model, X, CLASSES, loss=lambda outputs, target: outputs, epochs=1,
            optimizer=nn.SGD(model.parameters(), 0.1), progress=False,
        )  # fmt: skip


# Parameters that were set


def with_one_set_to(data):
    model = nn.MLP(4, [5, 1], "tanh", seed=0)
    weight = model.parameters()[7]
    weight.data, weight.label = data, "w"
    return model


def fit_once(model, **options):
    nn.fit(
        model, X, LOSSES["one output"][3], loss=nn.mse, progress=False, epochs=1,
        optimizer=nn.SGD(model.parameters(), 0.05), **options,
    )  # fmt: skip


USES = {
    "fit": fit_once,
    "fit, eager": lambda model: fit_once(model, compiled=False),
    "predict": lambda model: nn.predict(model, X),
    "predict, eager": lambda model: nn.predict(model, X[:2]),
    "step": lambda model: nn.SGD(model.parameters(), 0.05).step(),
    "state_dict": lambda model: model.state_dict(),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_parameter_that_was_set_to_no_number_is_named(use):
    with pytest.raises(TypeError, match=r"the data of the leaf 'w' was set to '0.5'"):
        use(with_one_set_to("0.5"))


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_parameter_that_was_set_to_single_precision_is_a_float_again(use):
    given, usual = (
        with_one_set_to(x) for x in (np.float32(0.1), float(np.float32(0.1)))
    )
    use(given)
    use(usual)
    assert {type(p.data) for p in given.parameters()} == {float}
    assert (weights(given) == weights(usual)).all()


def test_a_callback_that_sets_a_parameter_to_no_number_is_told():
    model = nn.MLP(4, [5, 1], seed=0)

    def spoil(training):
        model.parameters()[0].data = "0.5"

    with pytest.raises(
        TypeError, match=r"fit: the data of an unnamed leaf was set to '0.5'"
    ):
        fit_once(model, callbacks=[spoil])


class Force(nn.Module):
    """A model whose output is the derivative of its energy by its input."""

    def __init__(self):
        self.energy = nn.MLP(1, [3, 1], "tanh", seed=0)

    def __call__(self, x):
        (place,) = x if isinstance(x[0], Value) else map(Value, x)
        return autograd.gradients(self.energy([place]), [place])[0]


class NestedForce(Force):
    def __call__(self, x):
        return autograd.grad(lambda place: self.energy([place]))(x[0])


@pytest.mark.parametrize("kind", [Force, NestedForce])
def test_a_model_that_differentiates_by_its_inputs_is_what_it_is_everywhere(kind):
    points = np.linspace(-1.0, 1.0, 40)[:, np.newaxis]
    model = kind()
    expected = [model([Value(x)]).data for x in points[:, 0].tolist()]
    assert 0.0 not in expected
    for compiled in (True, False):
        found = nn.predict(model, points, compiled=compiled)
        assert found == pytest.approx(np.array(expected), rel=RTOL)
    histories = []
    for compiled in (True, False):
        model = kind()
        history = nn.fit(
            model, points, points[:, 0], loss=nn.mse, epochs=2, compiled=compiled,
            optimizer=nn.SGD(model.parameters(), 0.1), progress=False,
            validation=(points, points[:, 0]),
        )  # fmt: skip
        histories.append(history.validation_loss)
    assert histories[0] == pytest.approx(histories[1], rel=RTOL)


# What recording cannot see


class Fixing(nn.Module):
    """A model that is w · x · c · d, with d computed from plain numbers."""

    def __init__(self, fixed):
        self.w, self.c = Value(2.0), Value(3.0)
        self.fixed = fixed

    def __call__(self, inputs):
        d = self.fixed(inputs[0].data, self.w.data, self.c.data)
        return inputs[0] * self.w * self.c * d


INPUTS = np.array([[float(i + 1)] for i in range(9)])  # held to: 3, 6 and 8


def used(use, model, inputs=INPUTS):
    if use == "predict":
        return nn.predict(model, inputs)
    return nn.fit(
        model, inputs, np.ones(len(inputs)), loss=nn.mse, epochs=1, progress=False,
        optimizer=nn.SGD(model.parameters(), 0.0),
    )  # fmt: skip


FIXED = {
    "an input": lambda x, w, c: x,
    "a parameter": lambda x, w, c: w,
    "how parameters compare": lambda x, w, c: w / c,
    "the last example": lambda x, w, c: 2.0 if x == 9.0 else 1.0,
    "one in the middle": lambda x, w, c: 2.0 if x == 4.0 else 1.0,
    "another in the middle": lambda x, w, c: 2.0 if x == 7.0 else 1.0,
}


@pytest.mark.parametrize("use", ["fit", "predict"])
@pytest.mark.parametrize("name", FIXED)
def test_what_was_fixed_at_the_first_example_is_found_at_another(name, use):
    model = Fixing(FIXED[name])
    named = r"fit: X\[\d\] and y\[\d\]: " if use == "fit" else r"predict: X\[\d\]: "
    with pytest.raises(TraceError, match=f"^{named}.*Something was fixed"):
        used(use, model)
    assert [model.w.data, model.c.data] == [2.0, 3.0]


@pytest.mark.parametrize("use", ["fit", "predict"])
def test_a_model_that_is_held_to_its_program_keeps_its_parameters(use):
    model = Fixing(lambda x, w, c: 1.0)
    used(use, model)
    assert [model.w.data, model.c.data] == [2.0, 3.0]
    assert nn.predict(model, INPUTS) == pytest.approx(6.0 * INPUTS[:, 0], rel=1e-14)


class Broken(Exception):
    pass


@pytest.mark.parametrize("use", ["fit", "predict"])
def test_parameters_are_put_back_where_the_model_breaks_at_another_example(use):
    def broken(x, w, c):
        if x == 9.0:
            raise Broken
        return 1.0

    model = Fixing(broken)
    with pytest.raises(Broken):
        used(use, model)
    assert [model.w.data, model.c.data] == [2.0, 3.0]


@pytest.mark.parametrize("use", ["fit", "predict"])
def test_where_another_example_is_undefined_there_is_nothing_to_hold_to(use):
    seen = []

    def undefined(x, w, c):
        seen.append(x)
        if len(seen) > 1 and x == 4.0:
            raise ZeroDivisionError
        return 1.0

    used(use, Fixing(undefined))
    assert 9.0 in seen  # the others are looked at all the same


def test_dropout_is_no_difference_between_a_model_and_its_program():
    model = nn.MLP(4, [8, 1], "tanh", dropout=0.5, seed=0)
    fit_once(model)
    assert np.isfinite(nn.predict(model, X)).all()
