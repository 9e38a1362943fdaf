"""What operations cost, as measured, and the choices that follow from it.

Nothing here changes what is computed, to rounding. The times are of one core of a
two-core x86-64 machine, in seconds, found by least squares over the graphs of
`benchmarks.replay`, `benchmarks.compiling` and `benchmarks.mnist`, unless it says else.
Those of tapes and arrays make the choice that loses least over these graphs, networks
of 2-4-1 to 784-16-16-10 and recurrent ones, in batches of 1 to 64.
"""

from __future__ import annotations

# A tape of scalars against array instructions, see `largest_scalar_batch`.

INSTRUCTION_SECONDS = 2.5e-6
"""What an array instruction costs, there and back, however few its rows."""

NATIVE_INSTRUCTION_SECONDS = 0.15e-6
"""The same run natively. To be laid out costs 150 to 250 microseconds once, which are
spread here over some thousands of steps."""

ROW_SECONDS = 2.5e-9
"""What one row of an array costs for one example."""

EXAMPLE_SECONDS = 2e-6
"""What an example costs as straight-line Python, however few its nodes."""

NODE_SECONDS = 80e-9
"""What a node costs as straight-line Python, there and back."""

TERM_OF_TAPE_SECONDS, TERM_OF_LANE_SECONDS = 1.5e-9, 0.5e-9
"""What a term costs natively, there and back: of one example, and of each of several
that are computed side by side."""

FUNCTION_SECONDS, FUNCTION_OF_LANE_SECONDS = 30e-9, 12e-9
"""The same of what is no sum, difference, product, quotient or root."""

FEW_EXAMPLES = 2
"""Up to how many examples are run one by one natively, and not side by side."""

# Matrix products against reductions of dot products, see `products`.

PRODUCT_SECONDS = 2e-6
"""What a small product costs, there and back, however few its terms."""

REDUCTION_SECONDS = 6e-6
"""What dot products of rows cost in one reduction, there and back, however few."""

TERM_SECONDS = 1.5e-9
"""What a term costs in a reduction, for one example, more than in a product."""

LOOKUP_EXAMPLES = 4
"""For how many examples more a term costs as much as looking up its rows."""

TYPICAL_BATCH = 32
"""The batch for which a program is laid out, as it serves batches of any size."""

LONG, NARROW = 1000, 3
"""From how many instructions on, and up to how many rows in each on average, a program
is one of recurrences. To look for products in one of 10,000 instructions would take
longer than all of compiling it (`benchmarks.compiling`, the recurrence)."""

# Buffers.

KEPT_BINDINGS = 8
"""For how many batch sizes the buffers are kept. Their memory counts, and not time."""

LARGE_BATCH = 64
"""From how many examples on the way in which a batch lies matters to BLAS: the product
of a batch in single precision takes half as long where it lies as the batch does."""

DIRECTIONS_BYTES = 2**24
"""How much memory the derivatives in many directions take at once."""

FEW_RUNS = 4
"""Up to how many runs of rows are each added as a slice: five take as long as one
addition of rows by their numbers."""

FEW_LOOKS = 8
"""Up to how many runs of rows are looked at one by one, and not all rows at once."""

FEW_COPIES = 32
"""Up to how many runs of rows are copied one by one natively, instead of by one call of
NumPy's take between two native runs."""

UNTHREADED = 10_000
"""Up to how many numbers BLAS does not wake its threads for a sum of squares."""


def largest_scalar_batch(once: float, vector: float, one: float, many: float) -> float:
    """Up to which batch size a tape of scalars is estimated to be the faster.

    Array instructions take so many seconds `once`, and for each example those of
    `vector`; a tape takes those of `one` for each of a few examples, and those of
    `many` for each of more. Infinity if it always is the faster, 0 if it never is.
    """
    large = _quotient(once, many - vector)
    if large > FEW_EXAMPLES:
        return large
    return min(_quotient(once, one - vector), FEW_EXAMPLES)


def _quotient(once: float, more: float) -> float:
    return float(once // more) if more > 0.0 else float("inf")


def array_seconds(
    n_instructions: int, n_uniform: int, n_varying: int, native: bool
) -> tuple[float, float]:
    """What array instructions cost, that compute so many rows: once, and an example."""
    each = NATIVE_INSTRUCTION_SECONDS if native else INSTRUCTION_SECONDS
    return each * n_instructions + ROW_SECONDS * n_uniform, ROW_SECONDS * n_varying


def tape_seconds(n_terms: int, n_functions: int, native: bool) -> tuple[float, float]:
    """What an example costs on a tape, of a few and of many examples."""
    if not native:
        python = EXAMPLE_SECONDS + NODE_SECONDS * n_terms
        return python, python
    return (
        TERM_OF_TAPE_SECONDS * n_terms + FUNCTION_SECONDS * n_functions,
        TERM_OF_LANE_SECONDS * n_terms + FUNCTION_OF_LANE_SECONDS * n_functions,
    )
