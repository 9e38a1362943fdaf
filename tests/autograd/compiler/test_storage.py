"""What was saved or pickled computes the same; what is no such file is named."""

import copy
import multiprocessing
import pickle
import random
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, compile, compile_function, load_program
from autograd.compiler import storage
from autograd.compiler.tape import Tape
from autograd.ops import TABLE
from tests.agreement import recorded
from tests.programs import random_program

BATCH = np.array([[0.5, -1.0], [2.0, 0.25]])


def program(dtype="float64"):
    x, y, w, c = Value(0.5), Value(-1.0), Value(2.0), Value(-0.0)
    clipped = autograd.clip(w * x, -1.0, 1.0)
    largest = autograd.max([x, y, -np.inf])
    out = (clipped + autograd.polygamma(w, 2)).tanh() * largest + c + 0.1
    return compile([out, w * y], [x, y], [w], dtype)


def function(**options):
    return compile_function(lambda x: [x[0] * x[1].exp(), 3.0], 2, **options)


def saved(thing, folder, name="thing.npz"):
    thing.save(folder / name)
    return folder / name


WAYS = {
    "saved": lambda thing, folder: load_program(saved(thing, folder)),
    "pickled": lambda thing, folder: pickle.loads(pickle.dumps(thing)),
    "copied": lambda thing, folder: copy.copy(thing),
    "copied deeply": lambda thing, folder: copy.deepcopy(thing),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_program_computes_the_same_to_the_last_bit(way, dtype, tmp_path):
    before = program(dtype)
    before.parameters *= 1.25
    after = WAYS[way](before, tmp_path)
    assert isinstance(after, autograd.CompiledProgram)
    batch = BATCH.astype(dtype)
    assert (after.parameters == before.parameters).all()
    assert after(batch).tobytes() == before(batch).tobytes()
    assert after(batch).dtype == dtype
    assert after.jacobian(batch).tobytes() == before.jacobian(batch).tobytes()
    assert str(after) == str(before)
    after.parameters[:] = 0.0
    assert before.parameters.all()


@pytest.mark.parametrize("way", WAYS)
def test_a_function_computes_the_same_to_the_last_bit(way, tmp_path):
    before = function(on_domain_error="inf")
    after = WAYS[way](before, tmp_path)
    assert isinstance(after, autograd.CompiledFunction)
    for x in (BATCH, BATCH[0], [0.0, 1e4]):
        assert after(x).tobytes() == before(x).tobytes()
        assert after.jacobian(x).tobytes() == before.jacobian(x).tobytes()
    found = autograd.jacobian(after)(BATCH[0])
    assert np.array(found) == pytest.approx(before.jacobian(BATCH[0]), rel=1e-15)
    single = compile_function(lambda x: x[0] * x[1].exp(), 2)
    assert WAYS[way](single, tmp_path).value_and_grad([3.0, 0.0])[0] == 3.0


@given(st.integers(0, 2**32 - 1))
def test_any_recorded_tape_comes_back_as_it_was(seed):
    rng = random.Random(seed)
    outputs, inputs, values = recorded(random_program(rng, "float64", most=20))
    before = compile(outputs, inputs, values)._recorded
    content = storage.Content("any", before, {})
    after = storage.unpacked(storage.packed(content), "it").tape
    assert repr(after) == repr(before)  # -0.0 too


def test_the_values_stay_behind(tmp_path):
    w = Value(2.0)
    original = compile(w * w, parameters=[w])
    loaded = load_program(saved(original, tmp_path))
    loaded.parameters -= 0.5
    with pytest.raises(ValueError, match=r"stayed behind.*original.parameters = "):
        loaded.write_back()
    original.parameters = loaded.parameters
    original.write_back()
    assert w.data == 1.5


def test_no_python_object_is_in_the_file(tmp_path):
    with np.load(saved(function(), tmp_path), allow_pickle=False) as archive:
        kinds = {archive[name].dtype.kind for name in archive.files}
    assert kinds <= {"i", "f", "U"}
    assert b"pickle" not in saved(function(), tmp_path).read_bytes()


def value_and_slope(thing, x):
    return thing(x), thing.jacobian(x)


def test_programs_work_in_processes_that_were_started_afresh():
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        for thing in (function(), program()):
            found = pool.submit(value_and_slope, thing, BATCH).result()
            for each, expected in zip(
                found, value_and_slope(thing, BATCH), strict=True
            ):
                assert each.tobytes() == expected.tobytes()


# --- files that are none -------------------------------------------------------------


def test_every_damaged_byte_is_noticed_or_does_not_matter(tmp_path):
    path = saved(function(), tmp_path)
    whole = path.read_bytes()
    expected = load_program(path).jacobian(BATCH).tobytes()
    rng = random.Random(0)
    right = unnoticed = 0
    for place in rng.sample(range(len(whole)), 400):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        try:
            found = load_program(path)
        except ValueError as error:
            right += str(path) in str(error)
        else:
            right += found.jacobian(BATCH).tobytes() == expected
            unnoticed += 1
    assert right == 400
    assert unnoticed < 200


@pytest.mark.parametrize("length", [0, 1, 100, -1, -100])
def test_a_file_that_was_cut_off_is_refused(length, tmp_path):
    path = saved(program(), tmp_path)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ValueError, match=r"thing.npz is damaged.*Save it anew"):
        load_program(path)


def changed(path, change):
    """The archive after a change of its arrays, which are by name."""
    with np.load(path) as archive:
        members = {name: archive[name] for name in archive.files}
    change(members)
    np.savez(path, **members)
    return path


def test_the_archive_of_something_else_is_refused(tmp_path):
    path = tmp_path / "weights.npz"
    np.savez(path, weights=np.zeros(3))
    with pytest.raises(ValueError, match=r"weights.npz is no saved program"):
        load_program(path)
    path.write_text("not even an archive")
    with pytest.raises(ValueError, match=r"weights.npz is damaged"):
        load_program(path)
    np.save(path.with_suffix(".npy"), np.zeros(3))
    with pytest.raises(ValueError, match=r"weights.npy is damaged"):
        load_program(path.with_suffix(".npy"))
    np.savez(path, format=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match=r"weights.npz is damaged"):
        load_program(path)


def test_a_newer_format_is_refused_by_its_number(tmp_path):
    path = changed(saved(program(), tmp_path), with_first("format", 2))
    with pytest.raises(ValueError, match=r"has the format 2, .* up to 1. Install"):
        load_program(path)


def with_first(name, first):
    """What changes the first number of an array."""

    def change(members):
        members[name] = np.array([first, *members[name][1:].tolist()])

    return change


def without_whole_numbers(members):
    names = members["operations"].tolist()
    assert "polygamma 2" in names
    members["operations"] = np.array([name.split()[0] for name in names])


def with_inputs_for_parameters(members):
    members.update(counts=np.array([-1, 4]), parameters=np.zeros(4))


def of_whole_numbers(members):
    members["constants"] = np.zeros(len(members["constants"]), int)


def with_more_parameters(members):
    members["parameters"] = np.zeros(2)


def with_an_argument_too_many(members):
    members["args"] = np.append(members["args"], 0)


def with_longer_instructions(members):
    members["arity"] = members["arity"] + 1


@pytest.mark.parametrize(
    "change",
    [
        with_first("kind", "Module"),
        with_first("counts", -1),
        with_first("constants", np.nan),
        with_first("operations", "clip x"),
        with_first("op", -1),
        with_first("op", 99),
        with_first("arity", -1),
        with_first("args", 99),
        with_first("args", -1),
        with_first("outputs", -1),
        with_first("outputs", 10**6),
        with_first("outputs", 0.5),
        with_first("parameters", np.nan),
        with_first("dtype", "float16"),
        with_first("dtype", "object"),
        without_whole_numbers,
        with_inputs_for_parameters,
        of_whole_numbers,
        with_more_parameters,
        with_longer_instructions,
        with_an_argument_too_many,
        lambda members: members.pop("args"),
        lambda members: members.pop("parameters"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(change, tmp_path):
    path = changed(saved(program(), tmp_path), change)
    with pytest.raises(ValueError, match=r"thing.npz is damaged"):
        load_program(path)


@pytest.mark.parametrize("change", [without_whole_numbers, with_inputs_for_parameters])
def test_a_tape_that_makes_no_sense_is_refused_before_it_is_compiled(change, tmp_path):
    path = changed(saved(program(), tmp_path), change)
    with pytest.raises(ValueError, match=r"thing.npz is damaged"):
        storage.read(path)


def with_a_parameter_for_an_input(members):
    members["counts"] = np.array([1, 1])


@pytest.mark.parametrize(
    "change",
    [
        with_first("shape", 3),
        with_first("on_domain_error", "zero"),
        with_a_parameter_for_an_input,
        with_first("counts", 1),
        with_first("outputs", -1),
    ],
)
def test_settings_that_make_no_sense_are_refused(change, tmp_path):
    path = changed(saved(function(), tmp_path), change)
    with pytest.raises(ValueError, match=r"thing.npz is damaged"):
        load_program(path)


def test_an_instruction_that_reads_a_later_one_is_refused_where_asserts_are_off():
    wrong = Tape.of(1, 0, [], [(TABLE["exp"], (1,))], [1])
    archive = storage.packed(storage.Content("any", wrong, {}))
    script = (
        f"from autograd.compiler import storage\n"
        f"try: storage.unpacked({archive!r}, 'it')\n"
        f"except ValueError as error: print(error)"
    )
    found = subprocess.run(
        [sys.executable, "-O", "-c", script], capture_output=True, text=True, check=True
    )
    assert "it is damaged" in found.stdout
    assert "not yet computed" in found.stdout


def test_an_operation_that_is_not_registered_is_named(tmp_path):
    cube = autograd.operation(
        "cube", lambda xp, a: a * a * a, [lambda xp, a, out: 3.0 * a * a]
    )
    f = compile_function(lambda x: cube(x[0]), 1)
    path, pickled = saved(f, tmp_path), pickle.dumps(f)
    assert load_program(path)([2.0]) == 8.0
    del TABLE["cube"]
    for load in (lambda: load_program(path), lambda: pickle.loads(pickled)):
        with pytest.raises(ValueError, match=r"'cube', .*autograd.operation\('cube'"):
            load()


def test_a_file_that_is_not_there_is_an_oserror(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_program(tmp_path / "nothing.npz")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        function().save(tmp_path / "nowhere" / "f.npz")


def test_the_archive_is_the_same_for_the_same_program():
    assert pickle.dumps(program()) == pickle.dumps(program())
    assert pickle.dumps(program()) != pickle.dumps(program("float32"))
