"""The lessons on losses, backpropagation by hand, batches and digits; the textbook.

Each lesson runs once, in a folder of its own, and its printed figures are held to its
claims. The textbook is made of a few scripts in such a folder.
"""

from __future__ import annotations

import ast
import math
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest

from examples import textbook
from tests.lessons import Lessons, assert_taught, copied
from tests.test_examples import EXAMPLES, ROOT, run

Output = Callable[[str], str]

PICTURES = {
    "losses": {"curves.png"},
    "backpropagation_by_hand": {"graph.svg"},
    "batch_sizes": {"loss.png", "paths.png"},
    "digits": {"accuracy.png", "mistakes.png"},
}


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lessons")


@pytest.fixture(scope="module")
def lessons(scratch: Path) -> Lessons:
    return Lessons(scratch)


@pytest.fixture(scope="module")
def output(lessons: Lessons) -> Output:
    """What a lesson prints with --quick."""
    return lambda name: lessons.taught(name)[0]


def measured(output: str, claim: str) -> tuple[float, float]:
    """What is claimed and measured on the line that begins with the claim."""
    (line,) = (line for line in output.splitlines() if line.startswith(f"  {claim}"))
    claimed, found = line[54:].split()
    return float(claimed), float(found)


def row(output: str, name: str) -> list[float]:
    """The numbers of the line of a table that begins with the name."""
    (line,) = (line for line in output.splitlines() if line.startswith(f"  {name}"))
    return [float(cell.replace(",", "")) for cell in line[2 + len(name) :].split()]


@pytest.mark.parametrize("name", PICTURES)
def test_a_lesson_draws_what_it_says_and_ends_with_a_task(
    name: str, lessons: Lessons
) -> None:
    assert_taught(name, *lessons.taught(name), PICTURES[name])


# --- losses --------------------------------------------------------------------------


def test_losses_are_tabulated_as_their_formulas_say(output: Output) -> None:
    numbers = r"^  (0\.\d+) +(\d\.\d{4}) +(\d\.\d{4})$"
    rows = re.findall(numbers, output("losses"), re.M)
    assert len(rows) == 6
    for cells in rows:
        p, square, log = map(float, cells)
        # Four digits are shown.
        assert square == pytest.approx((1 - p) ** 2, abs=0.6e-4)
        assert log == pytest.approx(-math.log(p), abs=0.6e-4)


def test_cross_entropy_pushes_where_the_squared_error_is_silent(
    output: Output,
) -> None:
    squared = measured(output("losses"), "squared error: 2")
    entropy = measured(output("losses"), "cross-entropy: p - 1")
    # Six digits are shown.
    assert squared[1] == pytest.approx(squared[0], rel=1e-5)
    assert entropy[1] == pytest.approx(entropy[0], rel=1e-5)
    assert abs(squared[1]) < 0.001
    assert abs(entropy[1]) > 0.999


def test_the_slope_of_cross_entropy_is_p_minus_y(output: Output) -> None:
    said = output("losses")
    # softmax is right to some units in the last place of numbers up to 1.
    assert measured(said, "softmax and cross-entropy")[1] < 2e-15
    assert measured(said, "sigmoid and cross-entropy, fused")[1] < 1e-15
    # 1 - p has an absolute error of 1.1e-16, and is at least σ(-20) = 2e-9 here.
    assert measured(said, "sigmoid, then cross-entropy of p")[1] < 1e-7


def test_the_two_paths_of_a_logit_are_p_and_y(output: Output) -> None:
    if "∂loss/∂z2" not in output("losses"):
        pytest.skip("this version of the engine does not explain")
    products = re.findall(r"^\d +(-?[\d.]+) +[\d.]+%", output("losses"), re.M)
    p2 = math.exp(1) / (math.exp(2) + math.exp(1) + math.exp(-1))
    assert sorted(map(float, products)) == pytest.approx([-1, p2], abs=1e-4)


# --- one step of backpropagation by hand ---------------------------------------------

STEP = "backpropagation_by_hand"


def test_every_number_by_hand_is_that_of_the_engine(output: Output) -> None:
    number = r"(-?\d\.\d{12})"
    rows = re.findall(rf"^  (\S.*?) +{number} +{number}$", output(STEP), re.M)
    assert len(rows) == 4 + 6 + 6 + 4
    assert all(by_hand == engine for _, by_hand, engine in rows)
    # The numbers are below 1, and there are some ten roundings.
    assert measured(output(STEP), "largest difference")[1] < 1e-15


def test_the_step_goes_against_the_slope_by_the_learning_rate(output: Output) -> None:
    start = {"w1": 0.08, "w2": -0.15, "w3": 0.12, "b1": 0.02, "b2": 0.05, "b3": -0.04}
    for name, old in start.items():
        slope, _ = row(output(STEP), f"dcost/d{name}")
        new, _ = row(output(STEP), f"new {name}")
        assert new == pytest.approx(old - 0.5 * slope, abs=2e-12)


def test_the_slopes_are_those_that_finite_differences_give(output: Output) -> None:
    def cost(w1: float, w2: float, w3: float, b1: float, b2: float, b3: float) -> float:
        signal = 10.0
        for w, b in ((w1, b1), (w2, b2), (w3, b3)):
            signal = 1 / (1 + math.exp(-(w * signal + b)))
        return (signal - 1) ** 2 / 2

    start = {"w1": 0.08, "w2": -0.15, "w3": 0.12, "b1": 0.02, "b2": 0.05, "b3": -0.04}
    assert row(output(STEP), "cost ")[0] == pytest.approx(cost(**start), abs=1e-10)
    for name, number in start.items():
        up, down = ({**start, name: number + h} for h in (1e-5, -1e-5))
        nudged = (cost(**up) - cost(**down)) / 2e-5
        # The central difference is wrong by some h² times 10³, of the input 10, and by
        # a rounding of 1e-17 / h.
        slope = row(output(STEP), f"dcost/d{name}")[0]
        assert slope == pytest.approx(nudged, abs=1e-9)


def test_the_step_brings_the_output_nearer_to_its_target(output: Output) -> None:
    before, after = (row(output(STEP), x)[0] for x in ("a3 ", "new a3 "))
    assert before < after < 1


def test_a_small_step_lowers_the_cost_as_the_slopes_foretell(output: Output) -> None:
    foretold, fall = measured(output(STEP), "the cost falls by")
    # To first order: the step changes a3 by 4%, and so the slopes.
    assert fall == pytest.approx(foretold, rel=0.05)


# --- batch sizes ---------------------------------------------------------------------


def test_the_slope_of_a_batch_is_the_mean_of_the_single_ones(output: Output) -> None:
    _, off = measured(output("batch_sizes"), "mean of the single ones")
    # A sum of 8,192 numbers of up to 100, in another order.
    assert off < 1e-12


def test_the_noise_of_a_slope_falls_with_the_root_of_the_batch(output: Output) -> None:
    for sizes in ("noise of 1 example / of 16", "noise of 16 examples / of 256"):
        claimed, found = measured(output("batch_sizes"), sizes)
        # Standard deviations of 500 draws have an error of 3%.
        assert found == pytest.approx(claimed, rel=0.2)


def test_smaller_batches_see_fewer_examples_and_wander_farther(output: Output) -> None:
    said = output("batch_sizes")
    seen = row(said, "examples seen until 0.2 above the lowest")
    assert seen == sorted(seen, reverse=True)
    wandering = row(said, "mean height in the second half")
    assert wandering == sorted(wandering)
    up = row(said, "share of steps that lead up")
    assert up == sorted(up)
    assert up[0] == 0


def test_stochastic_descent_never_settles_and_the_others_do(output: Output) -> None:
    batch, few, one = row(
        output("batch_sizes"), "ms until below 0.02 for good; inf: never"
    )
    assert math.isfinite(batch)
    assert math.isfinite(few)
    assert one == math.inf


# --- digits --------------------------------------------------------------------------


def test_the_classic_network_has_13002_parameters(output: Output) -> None:
    assert measured(output("digits"), "784*16+16") == (13002, 13002)


def test_the_share_that_is_right_and_the_number_that_is_wrong_agree(
    output: Output,
) -> None:
    said = output("digits")
    shares = re.findall(r" (\d+\.\d)% ± \d+\.\d%$", said, re.M)
    assert len(shares) == 6
    assert all(float(share) > 80 for share in shares)
    (wrong,) = re.findall(r"classic network gets (\d+) of 359 wrong", said)
    assert float(shares[0]) == pytest.approx(100 * (1 - int(wrong) / 359), abs=0.06)


def test_quick_digits_say_that_they_are_not_mnist(output: Output) -> None:
    assert "359 others: the small 8x8 digits, not MNIST" in output("digits")


def test_digits_without_mnist_say_so_and_use_the_small_ones(tmp_path: Path) -> None:
    folder = copied(tmp_path, "digits.py", "lesson.py")
    result = run(str(folder / "digits.py"), mnist=tmp_path / "none")
    assert "No MNIST: mnist: train-images" in result.stderr
    assert "359 others: the small 8x8 digits, not MNIST" in result.stdout


# --- the table of contents -----------------------------------------------------------


def contents(
    *arguments: str, folder: Path = ROOT, code: int = 0
) -> subprocess.CompletedProcess[str]:
    """`python -m examples` in a folder that has them; it exits with this code."""
    result = subprocess.run(
        [sys.executable, "-W", "error", "-m", "examples", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert result.returncode == code, result.stderr[-3000:]
    return result


def test_the_contents_list_every_script_by_its_own_title_in_order() -> None:
    lines = re.findall(r"^ +(\d+)  (\w+) +(\S.*)$", contents().stdout, re.M)
    assert [int(number) for number, _, _ in lines] == [*range(1, len(lines) + 1)]
    helpers = {"__main__.py", "lesson.py", "textbook.py"}
    scripts = {path.name for path in EXAMPLES.glob("*.py")} - helpers
    assert {f"{name}.py" for _, name, _ in lines} == scripts
    for _, name, title in lines:
        text = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
        whole = ast.get_docstring(ast.parse(text)) or ""
        assert title == whole.splitlines()[0].rstrip(".")
    names = [name for _, name, _ in lines]
    met = ["losses", "backpropagation_by_hand", "batch_sizes", "digits", "xor", "moons"]
    assert [name for name in names if name in met] == met


def test_a_name_that_is_not_there_is_answered_with_one_that_is() -> None:
    said = contents("losse", code=2).stderr
    assert "There is no lesson or example 'losse'. Did you mean losses?" in said
    assert "'xxr'" in contents("all", "xxr", "--quick", code=2).stderr


# --- the textbook --------------------------------------------------------------------

FAILS = '"""It fails."""\n\nprint("so far")\nraise SystemExit("a reason <&>")\n'
SMALL = '''"""Small: it does not know --quick.

A `word` & <another>.
"""

import sys

print(sys.argv[1:])
'''


@pytest.fixture(scope="module")
def book(scratch: Path) -> tuple[subprocess.CompletedProcess[str], Path]:
    """The textbook of a few scripts, one of which fails; and its folder."""
    names = ("__main__.py", "textbook.py", "textbook.css", "lesson.py")
    folder = copied(scratch / "book" / "examples", *names, "losses.py", "xor.py")
    (folder / "fails.py").write_text(FAILS, encoding="utf-8")
    (folder / "small.py").write_text(SMALL, encoding="utf-8")
    result = contents("all", "--quick", folder=folder.parent, code=1)
    return result, folder


@pytest.fixture(scope="module")
def page(book: tuple[subprocess.CompletedProcess[str], Path]) -> str:
    return (book[1] / "out" / "index.html").read_text(encoding="utf-8")


XHTML = "{http://www.w3.org/1999/xhtml}"


def test_one_script_runs_with_its_arguments_and_its_exit_code(
    book: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    _, folder = book
    said = contents("small", "--any", "thing", folder=folder.parent).stdout
    assert said.strip() == "['--any', 'thing']"
    assert "a reason" in contents("fails", folder=folder.parent, code=1).stderr


def test_all_go_on_after_a_failure_and_say_at_the_end_what_failed(
    book: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    result, _ = book
    outcomes = re.findall(r"^(\w+) +(ok|failed) +\d+\.\d s$", result.stdout, re.M)
    assert outcomes == [
        ("losses", "ok"),
        ("xor", "ok"),
        ("fails", "failed"),
        ("small", "ok"),
    ]
    assert result.stderr.splitlines()[-1] == "failed: fails"
    assert "a reason <&>" in result.stderr


def test_the_page_is_well_formed_and_its_links_lead_somewhere(page: str) -> None:
    root = ET.fromstring(page)
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    links = [element.get("href", "") for element in root.iter(f"{XHTML}a")]
    assert {"#losses", "#xor", "#fails", "#small", "#contents"} == {*links}
    assert {link[1:] for link in links} <= {*ids}


def test_the_page_asks_for_nothing_from_elsewhere(page: str) -> None:
    root = ET.fromstring(page)
    for element in root.iter():
        for name in ("src", "href", "{http://www.w3.org/1999/xlink}href"):
            assert element.get(name, "#").startswith(("#", "data:"))
    assert not {f"{XHTML}script", f"{XHTML}iframe"} & {e.tag for e in root.iter()}
    assert not re.search(r"@import|url\((?!#)", page)


def test_the_page_holds_every_picture(
    page: str, book: tuple[subprocess.CompletedProcess[str], Path]
) -> None:
    root = ET.fromstring(page)
    # xor draws its graph as PNG and as SVG: the SVG is taken.
    assert len(list(root.iter(f"{XHTML}img"))) == 3
    assert len(list(root.iter("{http://www.w3.org/2000/svg}svg"))) == 2
    for name in ("losses_curves.png", "xor_loss.png", "xor_boundary.png"):
        picture = book[1] / "out" / name
        assert textbook.picture(picture) in page


def test_the_page_shows_figures_text_and_code(page: str) -> None:
    root = ET.fromstring(page)
    sections = {section.get("id"): section for section in root.iter(f"{XHTML}section")}
    texts = {name: "".join(part.itertext()) for name, part in sections.items()}
    source = (EXAMPLES / "losses.py").read_text(encoding="utf-8")
    assert source.split('"""', 2)[2].strip() in texts["losses"]
    (table,) = [
        table
        for table in sections["losses"].iter(f"{XHTML}table")
        if "random draws" in "".join(table.itertext())
    ]
    cells = [[*row.itertext()] for row in table.iter(f"{XHTML}tr")]
    assert cells[0][1:] == ["claimed", "measured"]
    assert [row[1] for row in cells[1:]] == ["0", "0", "0"]
    assert "A word & <another>." in texts["small"]
    assert "[]" in texts["small"]  # no --quick for a script that does not know it
    assert "a reason <&>" in texts["fails"]
    assert "so far" in texts["fails"]
    assert str(EXAMPLES) not in page
    assert "written: " not in texts["losses"]


def test_the_page_is_made_for_phones_and_for_dark_rooms(page: str) -> None:
    assert 'name="viewport" content="width=device-width' in page
    assert "@media (prefers-color-scheme: dark)" in page


def test_code_is_coloured_by_pygments_and_plain_without_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code = "if a < b:\n    print('&')\n"
    pytest.importorskip("pygments")
    assert "<span class=" in textbook.highlighted(code)
    assert ".code " in textbook.code_style()
    monkeypatch.setitem(sys.modules, "pygments", None)
    assert textbook.highlighted(code) == "if a &lt; b:\n    print(&#x27;&amp;&#x27;)\n"
    assert textbook.code_style() == ""


def test_the_ids_of_two_inlined_pictures_differ(tmp_path: Path) -> None:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" '
        'xmlns:xlink="http://www.w3.org/1999/xlink"><g id="a"/>'
        '<use xlink:href="#a" style="fill: url(#a)"/></svg>'
    )
    for name in ("one", "two"):
        (tmp_path / f"{name}.svg").write_text(svg, encoding="utf-8")
        shown = textbook.inline(tmp_path / f"{name}.svg")
        assert f'id="{name}-a"' in shown
        assert f'href="#{name}-a"' in shown
        assert f"url(#{name}-a)" in shown
