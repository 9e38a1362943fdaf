"""The operators and methods of a Value that are operations of the table.

The class is empty until `functions` has made them, a method for each row of one or more
arguments. They are typed, for an editor and for mypy, in the stub beside this file.
"""


class Operators:
    """Python's operators, and x.exp() and its kin: one method for each row."""

    __slots__ = ()
