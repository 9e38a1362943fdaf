"""The operators and methods of a Value that are operations of the table.

The class is empty until `functions` has made them, a method for each row of one or more
arguments. They are typed, for an editor and for mypy, in the stub beside this file.
"""


class Operators:
    """Python's operators, and x.exp() and its kin: one method for each row.

    A Value equals what has its number. As a key it is itself: two Values are equal if
    they are the same one, and the hash is that of the object, not of the number.
    """

    __slots__ = ()

    __hash__ = object.__hash__
