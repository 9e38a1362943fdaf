"""The passes of the compiler in C: see compiler.c."""

from typing import Any, TypeAlias

Given: TypeAlias = tuple[Any, ...]
Made: TypeAlias = tuple[bytes, bytes, bytes, bytes, bytes, bytes | None, list[int]]

def fold(tape: Given, helper: Any) -> Made | None: ...
def collect_sums(tape: Given, helper: Any) -> Made | None: ...
def derive(
    tape: Given, helper: Any, mode: int, first: int, last: int, of: bytes
) -> Made | None: ...
def laid_out(
    order: list[Any], leaves: list[Any], outputs: list[Any]
) -> tuple[list[Any], bytes, bytes, bytes, bytes]: ...
def layers(
    n_varying: int, n_leaves: int, starts: Any, operands: Any
) -> tuple[bytes, bytes]: ...
