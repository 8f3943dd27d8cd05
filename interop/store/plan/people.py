"""Who is one person with whom, and what is said of them."""

from __future__ import annotations

from dataclasses import dataclass

from interop.store.decision import Decision


@dataclass(frozen=True, slots=True)
class Group:
    """The Patients of the person that this Patient belongs to, as far as they may be seen -> [patient id]; itself alone where
    nothing is linked, and where it may not be seen itself: then it is as if it were not there."""

    decision: Decision
    patient: str


@dataclass(frozen=True, slots=True)
class Persons:
    """For Patient ids, and everyone who is one person with them: person key and what linking compares -> [(patient, person,
    identity)]; for the engine's own linking."""

    patients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Claims:
    """Patients that carry an identifier -> [(patient, person, identity)]: ``identity`` is what linking compares."""

    identifiers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class LinkHistory:
    """How a Patient came to its person -> [LinkEvent], oldest first."""

    patient: str


@dataclass(frozen=True, slots=True)
class Pairs:
    """What is said of pairs in which any of these Patients stands -> [Pair]; for the engine's own linking."""

    patients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Undecided:
    """Pairs that people are to decide: there is a reason, no decision, and they are not one person -> [Pair], the highest weight
    first, at most ``count``; ``after`` is the cursor, (weight, a, b) of the last one seen."""

    count: int = 50
    after: tuple[float, str, str] | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """What is said (``where.About``) about anyone who is one person with one of these Patients -> [(patient, parameter, code, low,
    high, type, id)], in order, at whatever time; type and id are those of the resource that says so. ``parameters`` () = all.

    For deciding and for telling why; returns no resource to anyone."""

    patients: tuple[str, ...]
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hiding:
    """The Patients of whom ``parameter`` is said at any time, those who were deleted, and whoever is one person with either ->
    [patient id]; for the engine's own redaction: whoever hides is among them."""

    parameter: str


PeoplePlan = Group | Persons | Claims | LinkHistory | Pairs | Undecided | Access | Hiding
