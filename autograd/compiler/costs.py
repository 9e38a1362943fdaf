"""What operations cost, as measured, and the choices that follow from it.

Nothing here changes what is computed, to rounding. The times are of one core of a
two-core x86-64 machine, in seconds, found by least squares over the graphs of
`benchmarks.replay`, `benchmarks.compiling` and `benchmarks.mnist`, unless it says else.
"""

from __future__ import annotations

# Straight-line Python against array instructions, see `largest_scalar_batch`.

INSTRUCTION_SECONDS = 2.5e-6
"""What an array instruction costs, there and back, however few its rows."""

NATIVE_INSTRUCTION_SECONDS = 0.4e-6
"""The same run natively: 0.1 microseconds, and once, to be laid out, some 150 to 250,
which are spread here over a thousand steps."""

ROW_SECONDS = 4e-9
"""What one row of an array costs for one example."""

EXAMPLE_SECONDS = 2e-6
"""What an example costs as straight-line Python, however few its nodes."""

NODE_SECONDS = 80e-9
"""What a node costs as straight-line Python, there and back."""

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


def largest_scalar_batch(
    n_instructions: int, n_uniform: int, n_varying: int, n_terms: int, native: bool
) -> float:
    """Up to which batch size straight-line Python is estimated to be the faster.

    Of a program with so many instructions and rows, whose tape has so many terms.
    Infinity if it always is, 0 if it never is.
    """
    each = NATIVE_INSTRUCTION_SECONDS if native else INSTRUCTION_SECONDS
    once = each * n_instructions + ROW_SECONDS * n_uniform
    vector = ROW_SECONDS * n_varying
    scalar = EXAMPLE_SECONDS + NODE_SECONDS * n_terms
    return float(once // (scalar - vector)) if scalar > vector else float("inf")
