"""Pictures: the computation graph, the network, and what it learned.

>>> from autograd import Value
>>> x = Value(3.0, label="x")
>>> picture = graph(x * x + 1.0)   # a notebook shows it
"""

from viz import plots
from viz.dot import GraphTooLarge, graph
from viz.explanation import explanation
from viz.network import network
from viz.render import render
from viz.renderers import RendererNotFound

__all__ = [
    "GraphTooLarge",
    "RendererNotFound",
    "explanation",
    "graph",
    "network",
    "plots",
    "render",
]
