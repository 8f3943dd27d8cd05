"""What a client asks to be written, and what it came to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from interop.errors import Problem
from interop.fhir.findings import Finding
from interop.store.values import Stored

Key = tuple[str, str]
"""Type and id."""
Resource = dict[str, Any]
CREATE, UPDATE, PATCH, DELETE = "POST", "PUT", "PATCH", "DELETE"
ORDER: Final = {DELETE: 0, CREATE: 1, UPDATE: 2, PATCH: 2}
"""The order in which a transaction does what is asked (FHIR R4 http, 3.1.0.11.2)."""


class Invalid(Problem):
    """The resource does not keep the rules of R4; ``findings`` says where."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("invalid-resource")
        self.findings = findings

    def __reduce__(self) -> tuple[object, ...]:
        return (Invalid, (self.findings,))


class Criteria(NamedTuple):
    """A search that is to find the one resource that is meant: ``text`` as the client gave it; ``find`` gives those matches that
    the client may see, two where there are more."""

    type: str
    text: str
    find: Callable[[], Awaitable[list[Stored]]]


class Guard(NamedTuple):
    """What must hold when a write is done: ``check`` raises Problem where it does not. Whoever else writes under the same ``name``
    waits meanwhile, in other processes too."""

    name: str
    check: Callable[[], Awaitable[None]]


Understand = Callable[[str, str], Criteria]
"""Reads the criteria of a type (``Patient``, ``identifier=x|y``); raises Problem ``bad-parameter``."""


class Author(NamedTuple):
    """Who writes, as sign-on found out (see ``interop.policy.asker``); the journal keeps it with the entry. ``organisation`` is the
    source of what is written; ``scope`` what the token was given for, kept with Subscriptions alone (ANY_SCOPE = whatever)."""

    user: str = ""
    role: str = ""
    organisation: str = ""
    client: str = ""
    purpose: str = ""
    scope: str = ""


ANY_SCOPE: Final = "*"
NO_AUTHOR: Final = Author()
"""Nobody is known by name: an engine that was started open."""


@dataclass(frozen=True, slots=True)
class Permit:
    """What somebody may write on from whom anything is withheld. ``see`` gives the present version of a resource, a deletion too,
    where they may write over it, ``read`` where they may see it; None where not or where there is none: both are the same to them.
    They make no resource under an id of theirs, and name Patients alone about whom they may write. ``of_person``: what they write
    of a person must say of whom."""

    see: Callable[[Key], Awaitable[Stored | None]]
    read: Callable[[Key], Awaitable[Stored | None]]
    of_person: bool = False


@dataclass(slots=True)
class Asked:
    """One write.

    ``method`` is CREATE, UPDATE, PATCH or DELETE. Which resource is meant, ``id`` or ``criteria`` says; a create with criteria is
    one only where nothing is found. ``resource`` is what is to be kept, as ``load_json`` gives it, and ``body`` its bytes where the
    client sent them alone; ``change`` makes a patched resource of the present one. ``expected``: only where one of these is the
    present version, () for any that is there; ``absent``: only where there is nothing. ``full_url`` is by what other entries of the
    Bundle refer to this one, and ``place`` where it stands there. ``base`` is the service base by which the client calls us.
    ``guard``: only while that holds. ``permit`` None: nothing is withheld from who asks; that is the ``author``. ``own``: the id is
    one of ours, of a resource that the engine makes for the client.
    """

    method: str
    type: str
    id: str = ""
    criteria: Criteria | None = None
    resource: Resource | None = None
    body: bytes = b""
    change: Callable[[Resource], Resource] | None = None
    expected: tuple[int, ...] | None = None
    absent: bool = False
    full_url: str = ""
    place: str = ""
    base: str = ""
    permit: Permit | None = None
    author: Author = NO_AUTHOR
    own: bool = False
    guard: Guard | None = None


class Written(NamedTuple):
    """What a write came to: the version that now is (None where there never was one to delete), whether the resource was not there
    before, and the journal's number (0 where nothing had to be written)."""

    stored: Stored | None
    created: bool
    message: int
