"""What every test and every doctest leaves as it was: the table of operations."""

from collections.abc import Iterator

import pytest

from autograd.ops import TABLE


@pytest.fixture(autouse=True)
def _table_as_before() -> Iterator[None]:
    before = dict(TABLE)
    yield
    if before != TABLE:
        TABLE.clear()
        TABLE.update(before)
