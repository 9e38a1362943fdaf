"""A notebook cell that ends in a picture shows it: run for real, in a kernel."""

import json
import sys
from pathlib import Path

import pytest

import viz
from autograd import Value

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

ROOT = Path(viz.__file__).parent.parent
LOSS = "from autograd import Value\nimport viz\nloss = Value(2.0, label='w') * 3.0\n"


@pytest.fixture
def run(monkeypatch, tmp_path):
    """A function that runs one cell in a new kernel and returns the cell's outputs."""
    spec = tmp_path / "share" / "kernels" / "here"
    spec.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec.joinpath("kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "here", "language": "python"})
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))

    def run(source):
        cell = nbformat.v4.new_code_cell(source)
        notebook = nbformat.v4.new_notebook(cells=[cell])
        client = nbclient.NotebookClient(
            notebook,
            kernel_name="here",
            timeout=120,
            resources={"metadata": {"path": str(tmp_path)}},
        )
        client.execute()
        return notebook.cells[0].outputs

    return run


def test_a_cell_ending_in_a_graph_shows_it_without_dot(run, without_dot):
    (output,) = run(LOSS + "viz.graph(loss)")
    assert ">w</text>" in output.data["image/svg+xml"]


def test_a_cell_ending_in_a_graph_shows_it_with_dot(run, with_dot):
    (output,) = run(LOSS + "viz.graph(loss)")
    assert ">w</text>" in output.data["image/svg+xml"]
    assert with_dot.exists()


def test_a_cell_ending_in_a_graph_tells_the_remedy_where_nothing_can_draw(
    run, without_any_renderer
):
    hidden = "import sys\nsys.modules['pygraphviz'] = None\n"
    (output,) = run(hidden + LOSS + "viz.graph(loss)")
    assert output.output_type == "execute_result"
    assert 'pip install "valuegrad[render]"' in output.data["text/plain"]
    assert "digraph {" in output.data["text/plain"]


def test_a_cell_ending_in_a_network_shows_it(run, without_dot):
    (output,) = run("import nn, viz\nviz.network(nn.MLP(2, [2, 1], seed=0))")
    assert "<svg" in output.data["image/svg+xml"]


def test_a_cell_ending_in_a_plot_shows_it(run):
    pytest.importorskip("matplotlib")
    (output,) = run("import viz\nviz.plots.loss_curve([2.0, 1.0])")
    assert output.data["image/png"]


def test_other_media_types_are_drawn_when_asked_for(without_dot):
    picture = viz.graph(Value(1.0))
    bundle = picture._repr_mimebundle_(include=["image/png"])
    assert list(bundle) == ["image/png"]
    assert bundle["image/png"].startswith(b"\x89PNG")


def test_media_types_that_are_not_wanted_are_not_drawn(with_dot):
    assert viz.graph(Value(1.0))._repr_mimebundle_(exclude=["image/svg+xml"]) == {}
    assert not with_dot.exists()
