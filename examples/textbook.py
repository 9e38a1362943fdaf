"""The textbook: what all lessons and examples said and drew, as one page of HTML.

The page is one file: PNG pictures are in it as base64, SVG pictures as they are, and it
asks for nothing from elsewhere. It is well-formed XML, too, so that it can be checked.

    page([run, ...], quick=True) -> the text of index.html
"""

from __future__ import annotations

import base64
import html
import importlib
import re
import struct
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STYLE = Path(__file__).with_name("textbook.css")
SVG = "http://www.w3.org/2000/svg"
ET.register_namespace("", SVG)
ET.register_namespace("xlink", "http://www.w3.org/1999/xlink")


@dataclass(frozen=True, slots=True)
class Script:
    """A lesson or an example; `text` and `code` are its docstring and the rest."""

    name: str
    part: str
    title: str
    text: str
    code: str


@dataclass(frozen=True, slots=True)
class Run:
    """What came of running a script; `outcome` is "ok", "failed" or "left out"."""

    script: Script
    arguments: Sequence[str]
    seconds: float
    output: str
    errors: str
    outcome: str

    @property
    def complaint(self) -> str:
        """The end of what it wrote to standard error, where the reason stands."""
        return "\n".join(self.errors.strip().splitlines()[-12:])

    def pictures(self) -> list[Path]:
        """What it says it has written; of the same picture in two formats, the SVG."""
        found = [path for line in self.output.splitlines() for path in named(line)]
        drawn = {path.stem for path in found if path.suffix == ".svg"}
        return [
            path for path in found if path.suffix == ".svg" or path.stem not in drawn
        ]

    def figures(self) -> str:
        """What it printed, without its title and the paths of the pictures."""
        lines = [
            line
            for line in self.output.splitlines()
            if not named(line) and line.strip() != "written:"
        ]
        if len(lines) > 1 and re.fullmatch("=+", lines[1]):
            del lines[:2]
        return "\n".join(lines).strip("\n")


def named(line: str) -> list[Path]:
    """The pictures that a line of output names, if that is all that it does."""
    paths = [Path(name.strip()) for name in line.removeprefix("written: ").split(", ")]
    drawn = all(path.suffix in (".png", ".svg") and path.is_file() for path in paths)
    return paths if drawn else []


def page(runs: Sequence[Run], quick: bool) -> str:
    """The whole page."""
    parts = dict.fromkeys(run.script.part for run in runs)
    lists, sections, count = [], [], 0
    for part in parts:
        entries = []
        for run in (run for run in runs if run.script.part == part):
            count += 1
            entries.append(entry(run, count))
            sections.append(section(run, count))
        start = count - len(entries) + 1
        lists.append(f'<h2>{part}</h2><ol start="{start}">{"".join(entries)}</ol>')
    note = (
        "These are quick runs: smaller than the real ones, so that some figures are "
        "less good."
        if quick
        else "These are full runs."
    )
    return PAGE.format(
        style=STYLE.read_text(encoding="utf-8") + code_style(),
        note=note,
        contents="\n".join(lists),
        sections="\n".join(sections),
    )


def entry(run: Run, number: int) -> str:
    """A line of the table of contents."""
    state = "" if run.outcome == "ok" else f" <em>({run.outcome})</em>"
    script = run.script
    return f'<li><a href="#{script.name}">{html.escape(script.title)}</a>{state}</li>'


def section(run: Run, number: int) -> str:
    """A lesson: its text, its figures and pictures, and the code beside them."""
    script = run.script
    figures = run.figures()
    body, mark, task = figures.rpartition("\nTry: ")
    command = " ".join(["python", f"examples/{script.name}.py", *run.arguments])
    shown = [
        f'<h2><a href="#{script.name}">{number}. {html.escape(script.title)}</a></h2>',
        *prose(script.text),
        f'<p class="run"><code>{html.escape(command)}</code> {run.seconds:.1f} s</p>',
        f'<p class="failed">It was {run.outcome}.</p>' if run.outcome != "ok" else "",
        pre(run.complaint, "failed") if run.outcome != "ok" else "",
        *told(body if mark else figures),
        *map(picture, run.pictures()),
        f'<p class="task"><b>Try:</b> {html.escape(task)}</p>' if mark else "",
        '<p class="up"><a href="#contents">contents</a></p>',
    ]
    return (
        f'<section id="{script.name}"><div class="lesson">{"".join(shown)}</div>'
        f'<details open="open"><summary>{script.name}.py</summary>'
        f'<pre class="code"><code>{highlighted(script.code)}</code></pre>'
        f"</details></section>"
    )


def pre(text: str, kind: str) -> str:
    """Lines as they are, or nothing."""
    text = html.escape(text.strip("\n"))
    return f'<pre class="{kind}">{text}</pre>' if text else ""


def told(figures: str) -> list[str]:
    """What was printed: a comparison as a table, which fits a phone, the rest as it is.

    A comparison is what `lesson.heading` and `lesson.compare` print: three columns.
    """
    found: list[str] = []
    plain: list[str] = []
    rows: list[list[str]] = []

    def close() -> None:
        found.extend(remarks("\n".join(plain)))
        found.append(table(rows) if rows else "")
        plain.clear()
        rows.clear()

    for line in figures.splitlines():
        cells = columns(line)
        if cells and cells[2] == "measured":
            close()
            rows.append(cells)
        elif cells and rows:
            rows.append(cells)
        else:
            if rows:
                close()
            plain.append(line)
    close()
    return found


def remarks(text: str) -> list[str]:
    """What is between the comparisons: sentences as a paragraph, the rest as it is."""
    found: list[str] = []
    kept: list[str] = []
    for block in [*re.split(r"\n\s*\n", text.strip("\n")), ""]:
        lines = [line.strip() for line in block.splitlines()]
        wrapped = all(len(line) > 55 for line in lines[:-1]) and len(block) > 40
        sentences = wrapped and not any("  " in line for line in lines)
        if sentences or not block:
            found.append(pre("\n\n".join(kept), "figures"))
            found.append(f"<p>{html.escape(' '.join(lines))}</p>" if block else "")
            kept.clear()
        else:
            kept.append(block)
    return found


def columns(line: str) -> list[str]:
    """The three cells of a line of a comparison, or none."""
    exact = re.fullmatch("  (.{52}) (.{14}) (.{14})", line)
    cells = exact.groups() if exact else re.split(" {2,}", line.strip())
    return [cell.strip() for cell in cells] if len(cells) == 3 else []


def table(rows: Sequence[Sequence[str]]) -> str:
    """A comparison, its first row being the heading."""
    lines = []
    for kind, row in zip(["th", *["td"] * len(rows)], rows, strict=False):
        cells = "".join(f"<{kind}>{html.escape(cell)}</{kind}>" for cell in row)
        lines.append(f"<tr>{cells}</tr>")
    return f"<table>{''.join(lines)}</table>"


def prose(text: str) -> list[str]:
    """The paragraphs of a docstring; an indented one keeps its lines."""
    found = []
    for block in re.split(r"\n\s*\n", text):
        if block.startswith("    "):
            found.append(pre(block, "figures"))
        elif block:
            told = re.sub("`([^`]+)`", r"<code>\1</code>", html.escape(block))
            found.append(f"<p>{told}</p>")
    return found


def picture(path: Path) -> str:
    """A picture as a part of the page."""
    what = html.escape(path.stem.replace("_", " "))
    if path.suffix == ".svg":
        return f'<figure role="img" aria-label="{what}">{inline(path)}</figure>'
    data = path.read_bytes()
    width, height = struct.unpack(">II", data[16:24])  # of the PNG's header
    return (
        f'<figure><img alt="{what}" width="{width}" height="{height}" loading="lazy" '
        f'src="data:image/png;base64,{base64.b64encode(data).decode()}"/></figure>'
    )


def inline(path: Path) -> str:
    """An SVG file as an element, its ids made different from those of all others."""
    root = ET.parse(path).getroot()
    for element in root.iter():
        for key, value in element.attrib.items():
            if key == "id":
                value = f"{path.stem}-{value}"
            elif key.endswith("href") and value.startswith("#"):
                value = f"#{path.stem}-{value[1:]}"
            else:
                value = re.sub(r"url\(#", f"url(#{path.stem}-", value)
            element.set(key, value)
    return ET.tostring(root, encoding="unicode")


def highlighted(code: str) -> str:
    """Python as HTML: in colours where pygments is installed, plain otherwise."""
    if (pygments := library()) is None:
        return html.escape(code)
    lexer, form = pygments.lexers.PythonLexer(), pygments.formatters.HtmlFormatter
    return str(pygments.highlight(code, lexer, form(nowrap=True)))


def code_style() -> str:
    """The colours of the code, on light and on dark."""
    if (pygments := library()) is None:
        return ""

    def rules(style: str) -> str:
        form = pygments.formatters.HtmlFormatter(style=style)
        lines = form.get_style_defs(".code").splitlines()
        return "\n".join(line for line in lines if line.startswith(".code ."))

    dark = f"@media (prefers-color-scheme: dark) {{\n{rules('monokai')}\n}}\n"
    return f"{rules('default')}\n{dark}"


def library() -> Any:
    """Pygments, or None where it is not installed."""
    try:
        for part in ("lexers", "formatters"):
            importlib.import_module(f"pygments.{part}")
        return importlib.import_module("pygments")
    except ImportError:
        return None


PAGE = """<!DOCTYPE html>
<html lang="en" xmlns="http://www.w3.org/1999/xhtml">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>valuegrad: neural networks, one claim at a time</title>
<link rel="icon" href="data:,"/>
<style>{style}</style>
</head>
<body>
<header>
<h1>Neural networks, one claim at a time</h1>
<p>The classic introductions make claims. Here each of them is computed: the figure that
was measured stands beside the claimed one, then the picture, and beside them all of the
code. Every number is a <code>Value</code> that remembers how it was made. {note}</p>
</header>
<nav id="contents" aria-label="Contents">
{contents}
</nav>
<main>
{sections}
</main>
<footer><p>Written by <code>python -m examples all</code>.</p></footer>
</body>
</html>
"""
