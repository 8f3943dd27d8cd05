"""Who is one person with whom."""

from __future__ import annotations

from typing import NamedTuple


class Link(NamedTuple):
    """A Patient belongs to a person; ``identity`` is what linking compares (see ``interop.identity``), '' keeps it."""

    patient: str
    person: str
    identity: str


class LinkEvent(NamedTuple):
    """A line of the linking history: from one person to another, why, by which message."""

    patient: str
    before: str
    after: str
    why: str
    message: int
    time: int


class Pair(NamedTuple):
    """What is said of two Patients, ``a`` before ``b``; None keeps what is there.

    ``tie``: what sources say (``interop.identity.ties``); ``decision``: what people say, ``same`` or ``apart``. ``why`` the pair
    is for people to decide (a reason of ``interop.identity``), with the ``weight`` in bits, the ``score`` from 0 to 1, how each
    field ``compared``, and ``since`` when (microseconds). '' and 0 = nothing is said.
    """

    a: str
    b: str
    tie: str | None = None
    decision: str | None = None
    why: str | None = None
    weight: float | None = None
    score: float | None = None
    compared: str | None = None
    since: int | None = None
