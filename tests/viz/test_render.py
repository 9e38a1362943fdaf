"""Files: the three formats, the two renderers, and every way in which it can fail."""

import importlib
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import graphviz
import pytest

import viz
from autograd import Value

MAGIC = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}
FORMATS = pytest.mark.parametrize("suffix", MAGIC)


@pytest.fixture
def loss():
    x = Value(2.0, label="∂x/∇")
    return (x * x + 1.0).tanh()


def texts(path):
    root = ET.parse(path).getroot()
    return [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]


@FORMATS
def test_pygraphviz_draws_each_format(suffix, loss, without_dot, tmp_path):
    path = viz.render(loss, tmp_path / f"graph.{suffix}")
    assert path.read_bytes().startswith(MAGIC[suffix])


@FORMATS
def test_dot_draws_each_format(suffix, loss, with_dot, tmp_path):
    path = viz.render(loss, tmp_path / f"graph.{suffix}")
    assert path.read_bytes().startswith(MAGIC[suffix])
    assert with_dot.read_text() == f"-Kdot -T{suffix}\n"


def test_where_dot_fails_pygraphviz_draws(loss, with_broken_dot, tmp_path):
    assert viz.render(loss, tmp_path / "graph.png").stat().st_size > 1000


@pytest.mark.parametrize("renderer", ["with_dot", "without_dot"])
def test_letters_beyond_ascii_come_out_right(renderer, loss, tmp_path, request):
    request.getfixturevalue(renderer)
    assert "∂x/∇" in texts(viz.render(loss, tmp_path / "graph.svg"))


def test_a_png_is_not_blank(loss, without_dot, tmp_path):
    image = pytest.importorskip("PIL.Image")
    with image.open(viz.render(loss, tmp_path / "graph.png")) as png:
        assert len(png.convert("RGB").getcolors(1 << 20)) > 4


def test_the_path_written_is_returned(loss, without_dot, tmp_path):
    path = str(tmp_path / "graph.svg")
    assert viz.render(loss, path) == Path(path)


def test_a_digraph_is_rendered_like_a_value(loss, without_dot, tmp_path):
    one = viz.render(loss, tmp_path / "one.svg").read_bytes()
    assert viz.render(viz.graph(loss), tmp_path / "two.svg").read_bytes() == one


def test_a_digraph_of_ones_own_is_rendered_by_its_own_engine(with_dot, tmp_path):
    picture = graphviz.Digraph(engine="neato")
    picture.node("alone")
    assert texts(viz.render(picture, tmp_path / "own.svg")) == ["alone"]
    assert with_dot.read_text() == "-Kneato -Tsvg\n"


def test_capital_suffixes_are_understood(loss, without_dot, tmp_path):
    assert viz.render(loss, tmp_path / "GRAPH.SVG").exists()


@pytest.mark.parametrize("name", ["graph.gif", "graph", "graph.", ".svg", "svg"])
def test_another_suffix_is_refused_with_the_three_there_are(name, loss, tmp_path):
    with pytest.raises(ValueError, match=r"\.svg, \.png or \.pdf"):
        viz.render(loss, tmp_path / name)


def test_what_cannot_be_drawn_is_a_type_error(tmp_path):
    with pytest.raises(TypeError, match="a Value or a picture is needed, not list"):
        viz.render([Value(1.0)], tmp_path / "graph.svg")


def test_without_a_renderer_the_error_names_both_remedies(
    loss, without_any_renderer, tmp_path
):
    with pytest.raises(viz.RendererNotFound) as error:
        viz.render(loss, tmp_path / "graph.svg")
    assert 'pip install "valuegrad[render]"' in str(error.value)
    assert "`dot` is on the PATH" in str(error.value)
    assert isinstance(error.value, RuntimeError)


def test_the_error_says_why_a_renderer_failed(
    loss, with_broken_dot, monkeypatch, tmp_path
):
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    with pytest.raises(viz.RendererNotFound, match="Format: not recognized"):
        viz.render(loss, tmp_path / "graph.svg")


def test_a_failure_leaves_the_old_file_and_nothing_else(
    loss, without_any_renderer, tmp_path
):
    path = tmp_path / "graph.svg"
    path.write_text("old")
    with pytest.raises(viz.RendererNotFound):
        viz.render(loss, path)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["graph.svg"]


def test_the_old_file_is_whole_until_the_new_one_is(
    loss, without_dot, monkeypatch, tmp_path
):
    def stop(*arguments):
        raise KeyboardInterrupt

    path = tmp_path / "graph.svg"
    path.write_text("old")
    monkeypatch.setattr("os.replace", stop)
    with pytest.raises(KeyboardInterrupt):
        viz.render(loss, path)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["graph.svg"]


def test_a_file_that_is_there_is_replaced_and_keeps_its_mode(
    loss, without_dot, tmp_path
):
    path = tmp_path / "graph.svg"
    path.write_text("old")
    path.chmod(0o640)
    viz.render(loss, path)
    assert path.read_bytes().startswith(b"<?xml")
    assert path.stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == ["graph.svg"]


def test_a_link_goes_on_pointing_at_the_file(loss, without_dot, tmp_path):
    target, link = tmp_path / "target.svg", tmp_path / "link.svg"
    target.write_text("old")
    link.symlink_to(target)
    viz.render(loss, link)
    assert link.is_symlink()
    assert target.read_bytes().startswith(b"<?xml")


@pytest.fixture
def nothing_is_drawn(monkeypatch):
    def fail(*arguments):
        raise AssertionError("the path should have been looked at first")

    # viz.render is the function; this is the module of the same name.
    monkeypatch.setattr(importlib.import_module("viz.render"), "image", fail)


def test_a_missing_folder_is_named_before_anything_is_drawn(
    loss, nothing_is_drawn, tmp_path
):
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*absent"):
        viz.render(loss, tmp_path / "absent" / "graph.svg")


def test_a_folder_in_the_files_place_is_named_before_anything_is_drawn(
    loss, nothing_is_drawn, tmp_path
):
    (tmp_path / "graph.svg").mkdir()
    with pytest.raises(IsADirectoryError, match="is a folder"):
        viz.render(loss, tmp_path / "graph.svg")


def test_a_folder_that_may_not_be_written_is_named_before_anything_is_drawn(
    loss, nothing_is_drawn, monkeypatch, tmp_path
):
    def refuse(*arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.open", refuse)  # for root no folder is protected
    with pytest.raises(PermissionError, match=r"graph\.svg cannot be written"):
        viz.render(loss, tmp_path / "graph.svg")


def test_a_protected_file_is_not_replaced(
    loss, nothing_is_drawn, monkeypatch, tmp_path
):
    path = tmp_path / "graph.svg"
    path.write_text("old")
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(PermissionError, match="may not be written"):
        viz.render(loss, path)
    assert path.read_text() == "old"


def test_nothing_of_the_renderers_is_said_on_stderr(loss, without_dot, tmp_path, capfd):
    viz.render(loss, tmp_path / "graph.png")
    assert capfd.readouterr() == ("", "")


def test_importing_viz_imports_neither_matplotlib_nor_pygraphviz():
    code = "import sys, viz; print({'matplotlib', 'pygraphviz'} & set(sys.modules))"
    root = Path(viz.__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "set()\n"
