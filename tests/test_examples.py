"""Every example runs, says what it promises, and draws what it says."""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
TESTS = ROOT / "tests"


def run(
    script: str, *arguments: str | Path, mnist: Path | str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run an example as a user would, with warnings as errors; it has to succeed."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    environment.pop("VALUEGRAD_DATA", None)
    if mnist is not None:
        environment["VALUEGRAD_DATA"] = str(mnist)
    result = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / script, *map(str, arguments)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return result


def complaints(errors: str) -> list[str]:
    """What a script wrote to standard error, but for matplotlib's search for fonts."""
    return [line for line in errors.splitlines() if "font" not in line]


def written(output: str) -> list[Path]:
    """The files that an example says it has written."""
    return [Path(name) for name in re.findall(r"\S+\.(?:png|svg)", output)]


def assert_shows_something(path: Path) -> None:
    """Fail for a picture that is missing, broken, or blank."""
    assert path.is_file(), path
    if path.suffix == ".svg":
        tags = [element.tag.split("}")[1] for element in ET.parse(path).iter()]
        assert tags[0] == "svg"
        assert len({"path", "polygon", "ellipse", "circle", "line"} & {*tags}) > 0
        assert tags.count("text") > 3
    else:
        from matplotlib.image import imread

        pixels = imread(path)
        assert min(pixels.shape[:2]) > 100
        assert pixels[..., :3].std() > 0.02


def assert_all_written(output: str, folder: Path, names: set[str]) -> None:
    """The named pictures, no others, and each with something in it."""
    paths = written(output)
    assert {path.name for path in paths} == names
    assert {path.name for path in folder.iterdir()} == names
    for path in paths:
        assert path.parent == folder
        assert_shows_something(path)


def test_every_example_is_run_by_some_test() -> None:
    scripts = {path.stem for path in EXAMPLES.glob("*.py")} - {"lesson", "__main__"}
    tests = [path.read_text(encoding="utf-8") for path in TESTS.glob("test_*.py")]
    named = {*re.findall(r'"(\w+)(?:\.py)?"', "".join(tests))}
    assert scripts - named == set()


# --- xor -----------------------------------------------------------------------------

XOR_PICTURES = {
    "xor_graph.svg",
    "xor_graph.png",
    "xor_network.svg",
    "xor_loss.png",
    "xor_boundary.png",
}


def test_xor_is_learned_and_drawn(tmp_path: Path) -> None:
    output = run("xor.py", "--out", tmp_path).stdout
    rows = re.findall(r"^ (\d)  (\d) \|   (\d)    \| (\d\.\d+)$", output, re.M)
    assert [row[:3] for row in rows] == [
        ("0", "0", "0"),
        ("0", "1", "1"),
        ("1", "0", "1"),
        ("1", "1", "0"),
    ]
    errors = [abs(float(row[3]) - float(row[2])) for row in rows]
    assert max(errors) < 0.1
    worst = re.search(r"largest \|output - target\|: (\d\.\d+) \(learned\)", output)
    assert worst is not None
    # Four digits are shown of each.
    assert float(worst[1]) == pytest.approx(max(errors), abs=1.1e-4)
    assert "MLP(2, [4, 1], activation='tanh', output_activation='sigmoid')" in output
    assert_all_written(output, tmp_path, XOR_PICTURES)


def test_xor_that_is_not_learned_says_so_and_draws_all_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    output = run(
        "xor.py", "--epochs", "3", "--hidden", "2", "--seed", "5", "--out", folder
    ).stdout
    assert "MLP(2, [2, 1]" in output
    assert "after 3 epochs" in output
    assert "(learned)" not in output
    assert_all_written(output, folder, XOR_PICTURES)


# --- moons ---------------------------------------------------------------------------


def test_moons_trains_micrograds_demo_and_draws_it(tmp_path: Path) -> None:
    output = run("moons.py", "--steps", "12", "--out", tmp_path).stdout
    assert "MLP(2, [16, 16, 1]" in output
    assert "337 parameters" in output
    steps = re.findall(r"^step +(\d+): loss (\d\.\d+), accuracy (\d+)%$", output, re.M)
    assert [int(step) for step, _, _ in steps] == [0, 10, 11]
    assert float(steps[-1][1]) < 0.7 * float(steps[0][1])
    (share,) = re.findall(r"^training accuracy: (\d+)%$", output, re.M)
    assert int(share) >= 80
    assert_all_written(output, tmp_path, {"moons_loss.png", "moons_boundary.png"})


# --- mnist ---------------------------------------------------------------------------

SMALL = ("--train", "60", "--test", "40", "--epochs", "1")


def assert_trained(output: str, pixels: int) -> None:
    """The summary of a small run on images of so many pixels."""
    assert "60 training and 40 test images" in output
    assert f"MLP({pixels}, [16, 16, 10]" in output
    parameters = 16 * (pixels + 1) + 16 * 17 + 10 * 17
    assert f"{parameters:,} parameters" in output
    assert re.search(r"^training loss \d\.\d{3} -> \d\.\d{3}$", output, re.M)
    accuracy = re.search(r"^test accuracy: (\d+\.\d)%$", output, re.M)
    assert accuracy is not None
    assert 0 <= float(accuracy[1]) <= 100


def test_mnist_trains_on_the_real_digits() -> None:
    folder = os.environ.get("VALUEGRAD_DATA")
    if not folder:
        pytest.skip("VALUEGRAD_DATA does not name a folder with the MNIST files")
    for flag, name, pixels in [
        ("--seed=0", "MNIST: 60", 28 * 28),
        ("--eager", "MNIST, averaged down to 14x14: 60", 14 * 14),
    ]:
        result = run("mnist.py", flag, *SMALL, mnist=Path(folder).absolute())
        assert result.stdout.startswith(name)
        assert "No MNIST" not in result.stderr
        assert_trained(result.stdout, pixels)


def test_shifted_images_are_five_times_as_many() -> None:
    folder = os.environ.get("VALUEGRAD_DATA")
    if not folder:
        pytest.skip("VALUEGRAD_DATA does not name a folder with the MNIST files")
    result = run("mnist.py", "--shift", *SMALL, mnist=Path(folder).absolute())
    assert "300 training and 40 test images" in result.stdout


def test_lenet_trains_on_the_real_digits() -> None:
    folder = os.environ.get("VALUEGRAD_DATA")
    if not folder:
        pytest.skip("VALUEGRAD_DATA does not name a folder with the MNIST files")
    result = run("lenet.py", *SMALL, mnist=Path(folder).absolute())
    assert "60 images, 56,166 parameters" in result.stdout
    assert re.search(r"^test accuracy: \d+\.\d\d%$", result.stdout, re.M)


def test_lenet_without_the_files_says_what_it_needs(tmp_path: Path) -> None:
    script = EXAMPLES / "lenet.py"
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "VALUEGRAD_DATA": str(tmp_path),
    }
    result = subprocess.run(
        [sys.executable, script],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert "This example needs MNIST" in result.stderr


def test_mnist_without_the_files_says_so_and_uses_the_small_digits(
    tmp_path: Path,
) -> None:
    result = run("mnist.py", *SMALL, mnist=tmp_path)
    assert "No MNIST: mnist: train-images-idx3-ubyte" in result.stderr
    assert str(tmp_path) in result.stderr
    assert "The 8x8 digits are used instead." in result.stderr
    assert result.stdout.startswith("scikit-learn's 8x8 digits")
    assert_trained(result.stdout, 8 * 8)
    assert list(tmp_path.iterdir()) == []


def test_mnist_learns_the_small_digits() -> None:
    output = run(
        "mnist.py", "--digits", "--train", "300", "--test", "100", "--epochs", "10"
    ).stdout
    before, after = re.findall(r"^training loss (\S+) -> (\S+)$", output, re.M)[0]
    assert float(after) < 0.7 * float(before)
    # Ten classes: guessing gives 10 %.
    (accuracy,) = re.findall(r"^test accuracy: (\d+\.\d)%$", output, re.M)
    assert float(accuracy) > 50


# --- common mistakes -----------------------------------------------------------------


def test_each_common_mistake_is_wrong_about_its_graph_and_drawn(tmp_path: Path) -> None:
    output = run("common_mistakes.py", "--out", tmp_path).stdout
    table = [re.split(r" {2,}", line.strip()) for line in output.splitlines()[1:5]]
    # dy/dx, then what each mistake makes of it: each graph shows one that the graphs
    # below it do not.
    assert table == [
        ["x + x", "2", "1*", "2", "2", "4*"],
        ["a + 3a, a = 2x", "8", "6*", "2*", "22*", "16*"],
        ["3(2x)", "6", "6", "6", "12*", "12*"],
        ["3x", "3", "3", "3", "3", "6*"],
    ]
    assert_all_written(output, tmp_path, {"common_mistakes.png"})


# --- rosenbrock ----------------------------------------------------------------------


def test_rosenbrock_is_minimised_by_products_with_the_hessian() -> None:
    pytest.importorskip("scipy")
    output = run("rosenbrock.py").stdout
    found = re.search(r"^100 variables, (\d+) iterations, (\d+) products", output, re.M)
    assert found is not None
    # It took 226 iterations and 8 products in each: a thousand are not needed.
    assert 0 < int(found[1]) < 1000
    minimum, error = re.findall(r": (\d\.\de[-+]\d+) \(known", output)
    assert float(minimum) < 1e-15
    assert float(error) < 1e-7


# --- physics -------------------------------------------------------------------------


def test_a_pendulum_follows_from_its_lagrangian_and_keeps_its_energy(
    tmp_path: Path,
) -> None:
    output = run("physics.py", "--out", tmp_path).stdout
    derived, by_hand = re.findall(r"^  (-?\d\.\d{12})", output, re.M)
    assert float(derived) == pytest.approx(float(by_hand), abs=2e-12)
    for rule, expected in (("runge_kutta", 4.0), ("leapfrog", 2.0)):
        orders = re.findall(rf"^  {rule} .* order (\d\.\d\d)$", output, re.M)
        assert len(orders) == 3
        # The next term of the error halves with the step: it is 0.07 by then.
        assert float(orders[-1]) == pytest.approx(expected, abs=0.1)
    assert_all_written(output, tmp_path, {"physics_energy.png"})
