"""The plots, read back from matplotlib's own objects and from their pixels."""

import sys
import xml.etree.ElementTree as ET

import pytest

import nn
from autograd import Value
from viz import plots

matplotlib = pytest.importorskip("matplotlib")

CORNERS = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
XOR = [0, 1, 1, 0]
MAGIC = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}


def plane(x):
    """A model that is 0 on the diagonal x0 + x1 = 1."""
    return Value(x[0]) + Value(x[1]) - 1.0


def boundary(**options):
    return plots.decision_boundary(plane, CORNERS, XOR, resolution=5, **options)


def n_colors(figure):
    image = pytest.importorskip("PIL.Image")
    from io import BytesIO

    with image.open(BytesIO(figure._repr_png_())) as png:
        return len(png.convert("RGB").getcolors(1 << 24))


def line_heights(figure):
    """The levels of the lines drawn over the landscape."""
    _, *lines = [c for c in figure.axes[0].collections if hasattr(c, "levels")]
    return [level for line in lines for level in line.levels]


def test_the_loss_curve_shows_the_losses_by_epoch():
    (line,) = plots.loss_curve([3.0, 2.0, 1.5]).axes[0].lines
    assert list(line.get_xdata()) == [1, 2, 3]
    assert list(line.get_ydata()) == [3.0, 2.0, 1.5]


def test_a_history_is_plotted_with_its_validation():
    history = nn.History(loss=[2.0, 1.0], validation_loss=[2.5, 1.5])
    curves = [
        list(line.get_ydata()) for line in plots.loss_curve(history).axes[0].lines
    ]
    assert curves == [[2.0, 1.0], [2.5, 1.5]]


def test_losses_may_be_values():
    (line,) = plots.loss_curve([Value(2.0)]).axes[0].lines
    assert list(line.get_ydata()) == [2.0]


def test_no_losses_are_a_value_error():
    with pytest.raises(ValueError, match="there are no losses"):
        plots.loss_curve([])


@pytest.mark.parametrize("losses", [3.0, ["a"], [[1.0, 2.0]], None])
def test_what_is_no_list_of_losses_is_a_value_error(losses):
    with pytest.raises(ValueError, match="one number per epoch"):
        plots.loss_curve(losses)


@pytest.mark.parametrize("figure", [plots.loss_curve([2.0, 1.0]), boundary()])
def test_axes_are_labelled_and_the_figure_is_not_blank(figure):
    assert figure.axes[0].get_xlabel()
    assert figure.axes[0].get_ylabel()
    assert n_colors(figure) > 4


@pytest.mark.parametrize("suffix", MAGIC)
def test_a_path_is_written_in_each_format(suffix, tmp_path):
    path = tmp_path / f"plot.{suffix}"
    plots.loss_curve([2.0, 1.0], path=path)
    assert path.read_bytes().startswith(MAGIC[suffix])
    boundary(path=path)
    assert path.read_bytes().startswith(MAGIC[suffix])


def test_the_figure_that_is_returned_can_be_saved(tmp_path):
    boundary().savefig(tmp_path / "plot.svg")
    assert ET.parse(tmp_path / "plot.svg").getroot().tag.endswith("svg")


def test_a_missing_folder_is_named_before_the_model_is_asked(tmp_path):
    def fail(x):
        raise AssertionError("the path should have been looked at first")

    with pytest.raises(FileNotFoundError, match="there is no folder"):
        plots.decision_boundary(fail, CORNERS, XOR, path=tmp_path / "absent" / "a.svg")


def test_another_suffix_is_refused_before_the_model_is_asked(tmp_path):
    def fail(x):
        raise AssertionError("the path should have been looked at first")

    with pytest.raises(ValueError, match=r"\.svg, \.png or \.pdf"):
        plots.decision_boundary(fail, CORNERS, XOR, path=tmp_path / "plot.gif")


def test_the_plane_is_asked_everywhere_around_the_examples_and_nothing_is_recorded():
    asked = []

    def model(x):
        asked.append(tuple(x))
        out = plane(x)
        assert out.op is None
        return out

    plots.decision_boundary(model, CORNERS, XOR, resolution=7)
    assert len(set(asked)) == 49
    assert min(x for x, _ in asked) < 0 < 1 < max(x for x, _ in asked)
    assert min(x for _, x in asked) < 0 < 1 < max(x for _, x in asked)


@pytest.mark.parametrize(
    ("targets", "threshold", "line"),
    [([0, 1, 1, 0], None, 0.5), ([-1, 1, 1, -1], None, 0.0), ([0, 1, 1, 0], 0.0, 0.0)],
)
def test_the_line_is_at_the_threshold(targets, threshold, line):
    figure = plots.decision_boundary(
        plane, CORNERS, targets, resolution=5, threshold=threshold
    )
    assert line_heights(figure) == [line]


def test_the_line_is_where_the_model_crosses_the_threshold():
    figure = boundary(threshold=0.0)
    _, line = [c for c in figure.axes[0].collections if hasattr(c, "levels")]
    (path,) = line.get_paths()
    # Linear interpolation of a plane is exact but for rounding.
    assert path.vertices.sum(axis=1) == pytest.approx(1.0, abs=1e-12)


def test_every_example_is_marked():
    figure = boundary()
    marked = [
        c for c in figure.axes[0].collections if c.get_label().startswith("target")
    ]
    places = {c.get_label(): sorted(map(tuple, c.get_offsets())) for c in marked}
    assert places == {
        "target 0": [(0.0, 0.0), (1.0, 1.0)],
        "target 1": [(0.0, 1.0), (1.0, 0.0)],
    }


def test_a_model_that_is_the_same_everywhere_is_drawn_without_a_line():
    figure = plots.decision_boundary(lambda x: 0.5, CORNERS, XOR, resolution=5)
    assert line_heights(figure) == []


def test_one_example_is_enough():
    figure = plots.decision_boundary(plane, [[1.0, 1.0]], [1], resolution=5)
    assert figure.axes[0].get_xlabel()


def test_a_model_may_return_a_value_a_number_or_a_list_of_one():
    for model in (plane, lambda x: x[0], lambda x: [plane(x)], nn.MLP(2, [1], seed=0)):
        figure = plots.decision_boundary(model, CORNERS, XOR, resolution=3)
        assert figure.axes[0].get_xlabel()


def test_a_model_of_several_outputs_is_a_value_error():
    with pytest.raises(ValueError, match="the model returned 2 numbers"):
        plots.decision_boundary(nn.MLP(2, [2], seed=0), CORNERS, XOR)


@pytest.mark.parametrize(
    ("X", "y"),
    [
        ([], []),
        ([[1.0, 2.0, 3.0]], [1]),
        ([1.0, 2.0], [1, 0]),
        ([[1.0, 2.0], [1.0]], [1, 0]),
        ([[1.0, 2.0]], [1, 0]),
        ([[1.0, 2.0]], []),
        ([[1.0, float("nan")]], [1]),
        ([["a", "b"]], [1]),
    ],
)
def test_other_shapes_are_a_value_error(X, y):
    with pytest.raises(ValueError, match="decision_boundary: "):
        plots.decision_boundary(plane, X, y)


def test_a_resolution_below_two_is_a_value_error():
    with pytest.raises(ValueError, match="resolution must be 2 or more"):
        plots.decision_boundary(plane, CORNERS, XOR, resolution=1)


def test_a_users_settings_of_matplotlib_stay_as_they_are(tmp_path):
    with matplotlib.rc_context({"font.size": 7.0, "text.color": "red"}):
        before = dict(matplotlib.rcParams)
        plots.loss_curve([1.0], path=tmp_path / "plot.png")
        assert dict(matplotlib.rcParams) == before


def test_without_matplotlib_the_error_names_the_extra(monkeypatch):
    for name in [n for n in sys.modules if n.split(".")[0] == "matplotlib"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "viz.figure", raising=False)
    with pytest.raises(ImportError, match=r'pip install "valuegrad\[plots\]"'):
        plots.loss_curve([1.0])
