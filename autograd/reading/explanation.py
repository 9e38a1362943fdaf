"""Why a gradient is what it is: the sum over all paths, the largest first.

`explain` finds the paths, by `autograd.reading.paths`, and an `Explanation` tells them.

    >>> from autograd import Value
    >>> x = Value(3.0, label="x")
    >>> print(explain(x * x + 2.0 * x, x))
    ∂v3/∂x = 8: the sum over its 3 paths
    <BLANKLINE>
       product  share  path, with the local derivative on each arrow
    1        3  37.5%  x –(3)→ v1 (*) –(1)→ v3 (+)
    2        3  37.5%  x –(3)→ v1 (*) –(1)→ v3 (+)
    3        2  25.0%  x –(2)→ v2 (*) –(1)→ v3 (+)
    <BLANKLINE>
    sum of these       8.0
    the reverse sweep  8.0
"""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from autograd.errors import DerivativeError
from autograd.reading.formulas import Formula, symbols
from autograd.reading.notation import SIGN, Latex, Text
from autograd.reading.paths import (
    Path,
    count_and_size,
    edges_towards,
    gradients_of,
    leading_paths,
)
from autograd.value import Constant, Value, topological_order

MOST_LISTED = 100_000
"""How many paths `k=None` lists at most."""

MOST_STEPS_SHOWN = 12
"""A path with more steps is written with its middle left out."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The derivative of `value` by `wrt` as a sum over paths: iterate to get them.

    - `paths`: the listed ones, largest first in absolute value.
    - `n_paths`: how many there are, listed or not.
    - `total`: the sum of the products of the listed paths.
    - `size`: Σ|product| over all paths, listed or not.
    - `covered`: the share of `size` that the listed paths have, from 0 to 1.
    - `gradient`: the derivative as the reverse sweep computes it, without any hooks.
    - `names`: what each node on the listed paths is called.
    - `reason`: why there is no path, or empty.
    """

    value: Value
    wrt: Value
    paths: tuple[Path, ...]
    n_paths: int
    total: float
    size: float
    covered: float
    gradient: float
    names: Mapping[Value, Formula]
    reason: str

    def __iter__(self) -> Iterator[Path]:
        return iter(self.paths)

    def __len__(self) -> int:
        return len(self.paths)

    def share(self, path: Path) -> float:
        """What part of `size` a path has; 0 where all paths have the product 0."""
        return abs(path.product) / self.size if self.size else 0.0

    def __str__(self) -> str:
        lines = [f"{self._derivative} = {_short(self.gradient)}: {self._headline()}"]
        if self.paths:
            lines += ["", *_aligned([_HEADER, *self._rows()]), "", *self._sums()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """The table for a notebook, with a bar for each share."""
        head = "".join(f"<th>{title}</th>" for title in _HEADER)
        rows = []
        for path, (rank, product, share, way) in zip(
            self.paths, self._rows(), strict=True
        ):
            bar = (
                f'<div style="background:{"#0072B2" if path.product > 0 else "#D55E00"}'
                f';height:4px;width:{100 * self.share(path):.0f}px"></div>'
            )
            rows.append(
                f"<tr><td>{rank}</td><td>{product}</td><td>{share}{bar}</td>"
                f'<td style="text-align:left">{html.escape(way)}</td></tr>'
            )
        table = f"<table><tr>{head}</tr>{''.join(rows)}</table>" if rows else ""
        sums = "".join(f"<p>{html.escape(line)}</p>" for line in self._sums() if rows)
        title = f"{self._derivative} = {_short(self.gradient)}"
        return (
            f"<p><b>{html.escape(title)}</b>: {html.escape(self._headline())}</p>"
            f"{table}{sums}"
        )

    def latex(self) -> str:
        """The sum over the paths, as an align* that LaTeX and notebooks typeset."""
        rows = [f"{left} &= {right}" for left, right in self._equations()]
        return "\\begin{align*}\n" + " \\\\\n".join(rows) + "\n\\end{align*}"

    def formulas(self) -> list[str]:
        """The lines of `latex()`, each as a formula of its own."""
        return [f"{left} = {right}" for left, right in self._equations()]

    @property
    def _derivative(self) -> str:
        return f"∂{self.names[self.value]}/∂{self.names[self.wrt]}"

    def _headline(self) -> str:
        """What the table below it lists, in words."""
        if self.reason:
            return self.reason
        if self.n_paths == 1:
            return (
                f"the product of the local derivatives along its only path{_own(self)}"
            )
        if len(self.paths) == self.n_paths:
            return f"the sum over its {self.n_paths:,} paths"
        return (
            f"the sum over {_count(self.n_paths)} paths, of which these are the "
            f"{len(self.paths):,} largest"
        )

    def _rows(self) -> list[tuple[str, str, str, str]]:
        return [
            (str(i), _short(path.product), _percent(self.share(path)), self._way(path))
            for i, path in enumerate(self.paths, start=1)
        ]

    def _way(self, path: Path) -> str:
        """A path as text: `x –(2)→ v1 (*) –(1)→ y (+)`."""

        def step(i: int) -> str:
            return f"–({_short(path.partials[i])})→ {self._called(path.nodes[i + 1])}"

        steps = _shortened(len(path.partials), step, "… {:,} more …")
        return " ".join([self._called(path.nodes[0]), *steps])

    def _called(self, node: Value) -> str:
        name = self.names[node].text
        if node.op is None:
            return name
        return " ".join([name, f"({node.op.symbol})", *filter(None, [node.op.kind])])

    def _sums(self) -> list[str]:
        """The lines below the table: what it adds up to."""
        rows = [
            ("sum of these", repr(self.total)),
            ("the reverse sweep", repr(self.gradient)),
        ]
        if not self.size and (closed := self._closed_at()):
            rows.append(
                ("every path is closed", f"these by a derivative of 0, at {closed}")
            )
        elif len(self.paths) < self.n_paths:
            rows.append(
                (
                    "these cover",
                    f"{_percent(self.covered)} of Σ|product| over all paths",
                )
            )
        if self.size > 2.0 * abs(self.gradient) and self.n_paths > 1:
            rows.append(("Σ|product|", f"{_short(self.size)}: the paths cancel"))
        width = max(len(name) for name, _ in rows)
        return [f"{name:<{width}}  {text}" for name, text in rows]

    def _closed_at(self) -> str:
        """The nodes at which a listed path first comes to a local derivative of 0."""
        found: dict[Value, None] = {}
        for path in self.paths:
            if 0.0 in path.partials:
                found[path.nodes[path.partials.index(0.0) + 1]] = None
        return ", ".join(map(self._called, found))

    def _equations(self) -> list[tuple[str, str]]:
        """The product of each path, and then their sum: left and right sides."""
        found = [self._product(path) for path in self.paths if path.partials]

        def term(i: int) -> str:
            product = Latex.number(self.paths[i].product)
            return Latex.right(product, SIGN) if i else product.text

        terms = _shortened(len(self.paths), term, r"\cdots")
        if 0 < len(self.paths) < self.n_paths:
            terms.append(r"\cdots")
        above, below = self.names[self.value].latex, self.names[self.wrt].latex
        whole = Latex.derivative(r"\mathrm{d}", above, below)
        added = f"{' + '.join(terms)} = " if len(terms) > 1 else ""
        return [*found, (whole, added + Latex.number(self.gradient).text)]

    def _product(self, path: Path) -> tuple[str, str]:
        """The chain rule along one path, as people write it: from y down to x."""
        n_steps = len(path.partials)

        def symbolic(i: int) -> str:
            tail, head = path.nodes[n_steps - 1 - i], path.nodes[n_steps - i]
            above, below = self.names[head].latex, self.names[tail].latex
            return Latex.derivative(r"\partial", above, below)

        def numeric(i: int) -> str:
            partial = Latex.number(path.partials[n_steps - 1 - i])
            return Latex.right(partial, SIGN) if i else partial.text

        left, right = (
            Latex.TIMES.join(_shortened(n_steps, write, r"\cdots"))
            for write in (symbolic, numeric)
        )
        product = Latex.number(path.product).text
        return left, product if n_steps == 1 else f"{right} = {product}"


_HEADER = ("", "product", "share", "path, with the local derivative on each arrow")


def explain(value: Value, wrt: Value, k: int | None = 10) -> Explanation:
    """Explain the derivative of `value` by `wrt`: see Value.explain."""
    for name, thing in (("value", value), ("wrt", wrt)):
        if not isinstance(thing, Value):
            raise TypeError(
                f"explain: {name} must be a Value, not {type(thing).__name__}: "
                f"loss.explain(w)"
            )
    if k is not None and (isinstance(k, bool) or not isinstance(k, int) or k < 1):
        raise ValueError(
            f"explain: k is how many paths to list, at least 1, or None for all; not "
            f"{k!r}"
        )
    order = topological_order(value)
    gradients = gradients_of(order)
    edges = edges_towards(wrt, order)
    n_paths, size = count_and_size(wrt, edges) if value in edges else (0, 0.0)
    if k is None and n_paths > MOST_LISTED:
        raise ValueError(
            f"explain: there are {_count(n_paths)} paths, more than can be listed. "
            f"Give k, as in explain(wrt, k=10), for the k largest."
        )
    most = min(n_paths, MOST_LISTED if k is None else k)
    paths = sorted(
        leading_paths(value, wrt, edges, most),
        key=lambda path: -abs(path.product),
    )
    if not all(math.isfinite(path.product) for path in paths):
        raise DerivativeError(
            "explain: the product along a path is too large for a float, whose largest "
            "is 1.8e308. Scale the expression down."
        )
    shown = {value, wrt}.union(*(path.nodes for path in paths))
    names = symbols(order if wrt in gradients else [*order, wrt], shown)
    listed = math.fsum(abs(path.product) for path in paths)
    everything = len(paths) == n_paths or not size
    return Explanation(
        value,
        wrt,
        tuple(paths),
        n_paths,
        math.fsum(path.product for path in paths),
        size,
        1.0 if everything else min(1.0, listed / size),
        gradients.get(wrt, 0.0),
        names,
        _reason(wrt, n_paths, names[value].text, names[wrt].text),
    )


def _reason(wrt: Value, n_paths: int, value: str, name: str) -> str:
    """Why there is no path, in words; empty where there is one."""
    if n_paths:
        return ""
    if isinstance(wrt, Constant):
        return f"{name} is a constant, and no derivative is taken with respect to it"
    return f"no path leads from {name} to {value}, which does not depend on it"


def _own(explanation: Explanation) -> str:
    """The remark on the derivative of a value by itself."""
    own = explanation.wrt is explanation.value
    return ", which has no step: it is the value itself" if own else ""


def _short(x: float) -> str:
    return Text.number(x).text


def _percent(share: float) -> str:
    """A share as a percentage, never rounded to all or to nothing."""
    percent = 100.0 * share
    if 0.0 < percent < 0.1:
        return "<0.1%"
    return ">99.9%" if 99.95 <= percent < 100.0 else f"{percent:.1f}%"


def _count(n: int) -> str:
    """A number of paths in words; of a large one, its power of ten."""
    return f"{n:,}" if n < 10**12 else f"about 10^{round(math.log10(n)):,}"


def _shortened(n: int, write: Callable[[int], str], gap: str) -> list[str]:
    """The n steps of a path, or its beginning and end with a gap between."""
    hidden = n - MOST_STEPS_SHOWN
    if hidden <= 0:
        return [write(i) for i in range(n)]
    half = MOST_STEPS_SHOWN // 2
    begin, end = range(half), range(n - half, n)
    return [*map(write, begin), gap.format(hidden), *map(write, end)]


def _aligned(rows: Sequence[tuple[str, str, str, str]]) -> list[str]:
    """The rows as lines in columns: numbers to the right, the last to the left."""
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    return [
        "  ".join(
            [*(cell.rjust(w) for cell, w in zip(row, widths, strict=False)), row[3]]
        )
        for row in rows
    ]
