"""DOT source -> image, by whichever Graphviz there is.

Either way Graphviz runs as a process of its own, fed by pipes: what it says on stderr
does not end up in a notebook, a layout that takes too long can be interrupted, and a
crash in it is an error here and not the end of the session.
"""

from __future__ import annotations

import os
import subprocess
import sys
import warnings

import graphviz

REMEDIES = (
    'Either `pip install "valuegrad[render]"`, which brings a Graphviz along, or '
    "install Graphviz (https://graphviz.org/download) so that its command `dot` is on "
    "the PATH."
)

DRAW = """
import sys, threading, pygraphviz
graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode("utf-8"))
images = []
def draw():
    images.append(graph.draw(format=sys.argv[1], prog=sys.argv[2]))
thread = threading.Thread(target=draw)
thread.start()
thread.join()
if not images:
    sys.exit(1)
sys.stdout.buffer.write(images[0])
"""
"""Draw what comes in. On a thread, because its stack is new: on that of the process lie
the environment's strings, and with one size of them in four this Graphviz crashes."""


class RendererNotFound(RuntimeError):
    """No Graphviz was found that could draw the picture."""


def image(source: str, format: str, engine: str = "dot") -> bytes:  # noqa: A002
    """Draw DOT source as "svg", "png" or "pdf".

    By the command `dot` where it is on the PATH, else by the Graphviz inside the
    package `pygraphviz`. RendererNotFound says why neither worked, and what to do.
    """
    reasons = []
    for renderer in (_by_dot, _by_pygraphviz):
        try:
            return renderer(source.encode("utf-8"), format, engine)
        except RendererNotFound as reason:
            reasons.append(str(reason))
    raise RendererNotFound(
        f"the picture could not be drawn: {'; '.join(reasons)}. {REMEDIES}"
    )


def _by_dot(source: bytes, format: str, engine: str) -> bytes:  # noqa: A002
    try:
        drawn: bytes = graphviz.pipe(engine, format, source, quiet=True)
    except graphviz.ExecutableNotFound:
        raise RendererNotFound("the command `dot` is not on the PATH") from None
    except subprocess.CalledProcessError as error:
        raise RendererNotFound(f"`dot` failed: {_last_line(error.stderr)}") from error
    except OSError as error:
        raise RendererNotFound(f"`dot` failed: {error}") from error
    return _checked(drawn, "`dot`")


def _by_pygraphviz(source: bytes, format: str, engine: str) -> bytes:  # noqa: A002
    try:
        # Only to see whether it can be imported: the drawing is done elsewhere.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pygraphviz  # noqa: F401
    except ImportError as error:
        raise RendererNotFound(f"pygraphviz is not installed ({error})") from None
    # The other process finds its modules where this one does, and nowhere else.
    folders = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", DRAW, format, engine],
        input=source,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": folders, "PYTHONSAFEPATH": "1"},
    )
    if done.returncode < 0:
        raise RendererNotFound(f"pygraphviz crashed (signal {-done.returncode})")
    if done.returncode > 0:
        raise RendererNotFound(f"pygraphviz failed: {_last_line(done.stderr)}")
    return _checked(done.stdout, "pygraphviz")


def _checked(drawn: bytes, renderer: str) -> bytes:
    if not drawn:
        raise RendererNotFound(f"{renderer} drew nothing")
    return drawn


def _last_line(stderr: bytes) -> str:
    lines = stderr.decode("utf-8", "replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "no reason")
