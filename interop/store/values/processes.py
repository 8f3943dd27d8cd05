"""What processes that share the store tell each other, and which messages each works on."""

from __future__ import annotations

from typing import Final, NamedTuple

RECOUNT = "recount"
"""The kind of News of messages that had an outcome and have another now, or none."""

NAMES = "names"
"""The kind of the News that there are new parameters, code systems or contributors; the store says so itself."""

NEWS, LOCK = "news", "lock"
"""Types of a Conflict: whoever made the change has not heard of what binds; or has lost the locks under which it was made."""


class News(NamedTuple):
    """What the other processes of a record are to hear of a change: that a resource of type ``kind`` has another version, or what
    else a kind is for (``interop.apply.hearing``). ``binds``: nothing is committed by who has not heard of it."""

    kind: str
    id: str = ""
    binds: bool = False


CLAIM: Final = "claim"
"""The type of a Conflict with a claim that is another's by now."""

OF_CLIENTS: Final = ("api", "api+author")
"""Adapters of entries that their writers finish: nobody claims them."""


class Claim(NamedTuple):
    """The messages from ``first`` to ``last`` that have no outcome are for one process to work on, when all claims of a lower
    ``place`` are closed; ``token`` is another whenever the claim is taken over."""

    place: int
    token: int
    first: int
    last: int


class Claiming(NamedTuple):
    """A worker asks for claims: those below the place ``below`` whose worker is gone, else the next messages, ``spans`` claims of
    ``size`` at most. ``worker`` is the number of its seat."""

    worker: int
    spans: int
    size: int
    below: int = 0
