"""What is kept under a name for a time."""

from __future__ import annotations

from typing import NamedTuple


class Used(NamedTuple):
    """A name that may be used once: an assertion, a code, a token that was withdrawn. Kept until ``until``; ``time`` is now
    (microseconds)."""

    name: str
    until: int
    time: int


class Kept(NamedTuple):
    """A value under a name until ``until``, in place of the one before; at once gone where ``until`` is not after ``time``,
    which is now (microseconds). ``there``: only where there is one, so that what has been taken away does not come back."""

    name: str
    value: str
    until: int
    time: int
    there: bool = False
