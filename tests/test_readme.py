"""The README's Python blocks run as written, one after the other."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
CLAIM = re.compile(
    r"^(?P<code>[^#\n]+?)\s*# (?P<shown>\(?-?\d[\d., ()-]*)", re.MULTILINE
)


def test_every_python_block_runs_as_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {}
    for block in BLOCKS:
        exec(compile(block, "README.md", "exec"), namespace)
    named = re.findall(r'"([\w]+\.(?:svg|png|pdf))"', "".join(BLOCKS))
    assert len(named) == 4
    assert all((tmp_path / name).stat().st_size > 1000 for name in named)


def test_the_first_block_writes_the_picture_it_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(BLOCKS[0], "README.md", "exec"), {})
    assert (tmp_path / "neuron.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("block", list(filter(CLAIM.search, BLOCKS)))
def test_the_numbers_in_comments_are_the_ones_computed(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    claims = list(CLAIM.finditer(block))
    assert claims
    namespace = {}
    exec(compile(block, "README.md", "exec"), namespace)
    for claim in claims:
        code = re.sub(r"^print\((.*)\)$", r"\1", claim["code"].strip())
        computed = eval(code, namespace)
        shown = re.findall(r"-?\d+\.\d+", claim["shown"])
        numbers = computed if isinstance(computed, tuple) else (computed,)
        assert shown
        for text, number in zip(shown, numbers, strict=True):
            digits = len(text.split(".")[1])
            # Shown digits are cut off, not rounded: "1.0071..." starts the number.
            assert abs(float(text) - number) < 10.0**-digits
