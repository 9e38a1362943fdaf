r"""How formulas are written: as plain text, and in LaTeX's mathematics.

A `Piece` is notation together with how tightly it holds together. Invariant: whoever
reads what is composed here, by the usual precedence, reads what was meant; and a name
is drawn as its characters, whatever they are.

    >>> a, b = Piece("a"), Piece("b")
    >>> Text.power(Text.plus(a, b), Text.negative(b)).text
    '(a + b)^(-b)'
    >>> print(Latex.over(a, Latex.plus(a, b)).text)
    \frac{a}{a + b}
"""

from __future__ import annotations

import re
import unicodedata
from functools import reduce
from typing import NamedTuple

SUM, PRODUCT, SIGN, POWER, ATOM = range(5)
"""How tightly a piece of notation holds together, from the loosest."""

DIGITS = 4
"""How many significant digits of a number a reader sees."""


class Piece(NamedTuple):
    """Notation, and how tightly it holds together."""

    text: str
    level: int = ATOM


class Text:
    """How formulas are written as plain text: `a · b / (c + d)^2`."""

    TIMES = " · "
    LOG = "log"
    EXP = "exp"

    @staticmethod
    def brackets(content: str) -> str:
        """The content in brackets."""
        return f"({content})"

    @classmethod
    def left(cls, a: Piece, level: int) -> str:
        """A piece at the left of an operator of a level."""
        return a.text if a.level >= level else cls.brackets(a.text)

    @classmethod
    def right(cls, a: Piece, level: int) -> str:
        """A piece at the right of an operator of a level: no sign follows another."""
        signed = a.text.startswith("-")
        return cls.brackets(a.text) if signed or a.level < level else a.text

    @classmethod
    def plus(cls, a: Piece, b: Piece) -> Piece:
        """a + b."""
        return Piece(f"{cls.left(a, SUM)} + {cls.right(b, SUM)}", SUM)

    @classmethod
    def minus(cls, a: Piece, b: Piece) -> Piece:
        """a - b."""
        return Piece(f"{cls.left(a, SUM)} - {cls.right(b, PRODUCT)}", SUM)

    @classmethod
    def times(cls, a: Piece, b: Piece) -> Piece:
        """a · b."""
        return Piece(cls.left(a, PRODUCT) + cls.TIMES + cls.right(b, PRODUCT), PRODUCT)

    @classmethod
    def over(cls, a: Piece, b: Piece) -> Piece:
        """a / b."""
        return Piece(f"{cls.left(a, PRODUCT)} / {cls.right(b, POWER)}", PRODUCT)

    @classmethod
    def negative(cls, a: Piece) -> Piece:
        """-a."""
        return Piece(f"-{cls.right(a, PRODUCT)}", min(a.level or SIGN, SIGN))

    @classmethod
    def power(cls, a: Piece, b: Piece) -> Piece:
        """a to the power of b."""
        return Piece(f"{cls.left(a, ATOM)}^{cls.right(b, ATOM)}", POWER)

    @classmethod
    def call(cls, name: str, *arguments: Piece) -> Piece:
        """A function of its arguments."""
        return Piece(name + cls.brackets(", ".join(a.text for a in arguments)))

    @classmethod
    def exponential(cls, a: Piece) -> Piece:
        """e to the power of a."""
        return cls.call(cls.EXP, a)

    @classmethod
    def root(cls, a: Piece) -> Piece:
        """The square root of a."""
        return cls.call("sqrt", a)

    @staticmethod
    def size(a: Piece) -> Piece:
        """The size of a."""
        return Piece(f"|{a.text}|")

    @staticmethod
    def number(x: float) -> Piece:
        """A number to DIGITS significant digits, never "-0"."""
        return Piece(f"{x + 0.0:.{DIGITS}g}", ATOM if x >= 0.0 else SIGN)

    @staticmethod
    def name(name: str) -> str:
        """A name, as it is."""
        return name

    @classmethod
    def sum(cls, *terms: Piece) -> Piece:
        """a + b + ..."""
        return reduce(cls.plus, terms) if terms else cls.number(0.0)

    @classmethod
    def sum_of_products(cls, *factors: Piece) -> Piece:
        """Σ aᵢ bᵢ; all aᵢ come first, then all bᵢ."""
        half = len(factors) // 2
        return cls.sum(*map(cls.times, factors[:half], factors[half:]))

    @classmethod
    def log_of_sum(cls, *exponents: Piece) -> Piece:
        """log Σ exp(aᵢ)."""
        return cls.call(cls.LOG, cls.sum(*map(cls.exponential, exponents)))


class Latex(Text):
    """How formulas are written in LaTeX's mathematics."""

    TIMES = r" \cdot "
    LOG = r"\log"
    EXP = r"\exp"

    @staticmethod
    def brackets(content: str) -> str:
        """The content in brackets."""
        return rf"\left({content}\right)"

    @classmethod
    def over(cls, a: Piece, b: Piece) -> Piece:
        """a / b."""
        return Piece(rf"\frac{{{a.text}}}{{{b.text}}}", SIGN)

    @classmethod
    def power(cls, a: Piece, b: Piece) -> Piece:
        """a to the power of b."""
        return Piece(f"{cls.left(a, ATOM)}^{{{b.text}}}", POWER)

    @staticmethod
    def upright(name: str) -> str:
        """The name of a function for which LaTeX has no sign."""
        return rf"\mathrm{{{name}}}".replace("_", r"\_")

    @classmethod
    def root(cls, a: Piece) -> Piece:
        """The square root of a."""
        return Piece(rf"\sqrt{{{a.text}}}")

    @staticmethod
    def size(a: Piece) -> Piece:
        """The size of a."""
        return Piece(rf"\left|{a.text}\right|")

    @staticmethod
    def number(x: float) -> Piece:
        """A number to DIGITS significant digits, with its power of ten."""
        mantissa, _, exponent = Text.number(x).text.partition("e")
        if exponent:
            return Piece(rf"{mantissa} \cdot 10^{{{int(exponent)}}}", PRODUCT)
        return Text.number(x)._replace(text=mantissa.replace("inf", r"\infty"))

    @staticmethod
    def derivative(d: str, above: str, below: str) -> str:
        """The derivative of one name by another, with `d` for the kind of it."""
        return rf"\frac{{{d} {above}}}{{{d} {below}}}"

    @staticmethod
    def name(name: str) -> str:
        """A name: a letter with digits in italics, v₁, anything else upright."""
        simple = re.fullmatch(r"([A-Za-zΓ-ω])([0-9]*)", name)
        if simple and (letter := _letter(simple[1])):
            return letter + (f"_{{{simple[2]}}}" if simple[2] else "")
        return rf"\mathrm{{{''.join(map(_escaped, name))}}}"


GREEK = {
    **{
        letter: unicodedata.name(letter).split()[-1].lower().replace("lamda", "lambda")
        for letter in "αβγδεζηθικλμνξπρστυφχψω"
    },
    **{
        letter: unicodedata.name(letter).split()[-1].title().replace("Lamda", "Lambda")
        for letter in "ΓΔΘΛΞΠΣΦΨΩ"
    },
    "∂": "partial",
    "∇": "nabla",
}
"""What LaTeX calls letters that are not Latin, such as theta."""

ESCAPES = {
    **{c: f"\\{c}" for c in "_%#&${} "},
    "\\": r"{\backslash}",
    "^": r"\hat{\ }",
    "~": r"\tilde{\ }",
    "`": r"\grave{\ }",
    '"': "{''}",
}
"""Characters that LaTeX reads as instructions, or draws as others, in mathematics."""


def _letter(letter: str) -> str:
    """A letter in LaTeX; empty for one that it has no sign for."""
    if letter.isascii():
        return letter
    return f"\\{GREEK[letter]}" if letter in GREEK else ""


def _escaped(character: str) -> str:
    """One character of an upright name."""
    if character in ESCAPES:
        return ESCAPES[character]
    if character in GREEK:
        return f"{{\\{GREEK[character]}}}"
    if not character.isascii():
        return rf"\text{{{character}}}"
    return character if character.isalnum() else f"{{{character}}}"
