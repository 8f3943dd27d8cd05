"""What the tables ask before something is given, as parts of a predicate with names.

Semantics, from which ``interop.policy.decide`` puts a predicate together and ``interop.policy.explain`` its words: what is about a
person is given where every organisation that it comes from has agreed, no statute forbids it, and either the asker is involved in
the person's care, the person consents and nothing sensitive is held back, or this user has declared an emergency. Times count in
whole seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from interop.policy.asker import Asker
from interop.policy.facts import Agreement, Facts
from interop.policy.labels import PARAMETER, Sensitive, marks, without
from interop.policy.tables import Purpose, Role, Tables
from interop.store.where import About, All, Any, Not, Person, Present, Sources, Tokens, Types, Where

SECOND: Final = 1_000_000
DIRECT: Final = frozenset(("direct-care",))
"""What an agreement that names no purpose is for."""
NOTHING: Final = Any(())
EVERYTHING: Final = All(())
PATIENT: Final = "Patient"
NAMES_PATIENT: Final = Present("patient")
"""The resource names a Patient whom it is about; of AdverseEvent and SupplyRequest R4 has no such parameter."""
NAMES_SUBJECT: Final = Any((NAMES_PATIENT, Present("subject")))
"""The resource names a subject, most often a Patient."""
OPTED_OUT: Final = tuple(f"refused:{code}" for code in ("HOPERAT", "HPRGRP", "HQUALIMP", "HRESCH", "PUBHLTH"))
"""Refusals of purposes beyond care (v3-ActReason: improvement, with what stands above it, planning, research), as the national data
opt-out is one: any of them is one of being counted."""


Shared = dict[tuple[object, ...], Where]


THEMSELVES: Final = frozenset(("self", "proxy"))
"""Relationships of who asks for no organisation: the person, and whoever the person has said acts for them."""


@lru_cache(maxsize=1_000)
def _types(of: Tables, classes: frozenset[str], about: str) -> tuple[str, ...]:
    return tuple(sorted(type for name in classes if (kind := of.classes[name]).about == about for type in kind.types))


@lru_cache(maxsize=1_000)
def _labels(of: Tables, role: Role, patient: bool, now: int) -> Where:
    known = marks(of, patient)
    parts: list[Where] = []
    if role.relationship in THEMSELVES:
        parts.append(without(known.patient))
    if role.consent != "own":
        parts.append(Any((without(known.all), All(tuple(_label(role, one, now) for one in known.sensitive)))))
    return All(tuple(parts))


def _label(role: Role, one: Sensitive, now: int) -> Where:
    refused = Not(About("consent", (f"refused:{one.consent}",), now, every=False))
    given = About("consent", (f"given:{one.consent}",), now)
    allowed = refused if one.consent in role.clearances else All((given, refused))
    accounted = (Tokens(PARAMETER, one.accounted),) if one.accounted else ()
    return Any((without(one.pairs), *accounted, allowed))


@lru_cache(maxsize=100)
def _uncleared(of: Tables, role: Role) -> Where:
    sensitive = [one for one in marks(of, False).sensitive if one.consent not in role.clearances]
    return without(tuple(pair for one in sensitive for pair in one.pairs))


@dataclass(frozen=True, slots=True)
class Rules:
    """The tables as they stand for one asker with one purpose in one second, which begins at ``now`` (microseconds)."""

    of: Tables
    role: Role
    purpose: Purpose
    asker: Asker
    facts: Facts
    now: int
    shared: Shared = field(default_factory=dict)
    """What has been made in this second."""

    @property
    def seen(self) -> frozenset[str]:
        """The classes that may be read."""
        return self.role.sees & self.purpose.sees

    @property
    def written(self) -> frozenset[str]:
        """The classes that may be written."""
        return self.role.writes & self.purpose.sees

    def types(self, classes: frozenset[str], about: str) -> tuple[str, ...]:
        """The types of those of the classes that are ``about`` that, in order."""
        return _types(self.of, classes, about)

    def agreed(self, agreement: str = "") -> Where:
        """Agreement: whatever contributed is the asker's own organisation or shares for this purpose, or for one that is named."""
        purposes = (self.of.purposes[agreement] if agreement else self.purpose).agreements
        own = self.asker.organisation
        key = (purposes, own, self.takes_part)
        if key not in self.shared:
            names = {one.source for one in self.facts.agreements if self.covers(one, purposes) and one.holds(self.now)}
            self.shared[key] = Sources(tuple(sorted((names | {own}) - {""})))
        return self.shared[key]

    @property
    def takes_part(self) -> bool:
        """Whether any agreement can be one with the asker."""
        return bool(self.asker.organisation) or self.role.relationship in THEMSELVES

    def covers(self, agreement: Agreement, purposes: frozenset[str]) -> bool:
        """Whether an agreement, once it is in force, lets the asker use what it is about for one of these purposes. All who take
        part are organisations: who asks for none takes part in nothing, but for people themselves."""
        if not self.takes_part:
            return False
        partners = ("", self.asker.organisation)
        return agreement.partner in partners and not purposes.isdisjoint(agreement.purposes or DIRECT)

    def once(self, make: Callable[[Rules], Where]) -> Where:
        """What these rules come to, made once a second for each asker."""
        key = (make, self.asker)
        if key not in self.shared:
            self.shared[key] = make(self)
        return self.shared[key]

    def relationship(self) -> Where:
        """Relationship: involved in the person's care, the person's own, or acting for the person."""
        codes = self.facts.codes(self.asker)
        match self.role.relationship:
            case "care":
                return About("care", codes, self.now) if codes else NOTHING
            case "proxy":
                return About("proxy", codes, self.now) if codes else NOTHING
            case "self":
                return self.launched() if self.asker.patient else NOTHING
        return Any((Types((PATIENT,)), NAMES_SUBJECT))

    def consent(self) -> Where:
        """Consent to the record as a whole; a refusal comes before what is given."""
        if self.role.consent != "asked":
            return EVERYTHING
        refused = Not(About("consent", ("refused",), self.now, every=False))
        if self.of.models[self.facts.consent] == "assumed":
            return refused
        return All((About("consent", ("given",), self.now), refused))

    def emergency(self) -> Where:
        """Break-glass: this user has declared an emergency of this person, which is not over."""
        if "break-glass" not in self.role.given or not self.asker.user:
            return NOTHING
        return About("breakglass", (f"user:{self.asker.user}",), self.now)

    def countable(self) -> Where:
        """Counting: the person consents to the record, has refused no purpose beyond care and does not hide; and nothing that is
        sensitive is counted, whatever the person has said of it: a number may tell it."""
        hides = About("hidden", ("location",), self.now, every=False)
        return All((self.consent(), self.beyond_care(), Not(hides), without(marks(self.of, False).all)))

    def beyond_care(self) -> Where:
        """The person has refused no purpose beyond care."""
        return Not(About("consent", OPTED_OUT, self.now, every=False))

    def lawful(self) -> Where:
        """No statute forbids it: never lifted."""
        return without(marks(self.of, False).law)

    def labels(self, patient: bool) -> Where:
        """Nothing sensitive is held back, nor, from the person and from who acts for the person, what harms or tells of others."""
        return _labels(self.of, self.role, patient, self.now)

    def launched(self) -> Where:
        """What is about the one person in whose context a token was given; everything where there is none."""
        return Person("", (self.asker.patient,)) if self.asker.patient else EVERYTHING

    def own(self) -> Where:
        """What names nobody, and is not known to be about nobody: for the organisation that it comes from alone. Of any type but
        Patient, which names nobody else."""
        if not self.asker.organisation:
            return NOTHING
        theirs = Sources((self.asker.organisation,))
        return All((Not(NAMES_SUBJECT), theirs, Not(Sources(())), _uncleared(self.of, self.role)))

    def found(self) -> Where:
        """Finding: who a person is, so that help can begin or an emergency be declared."""
        return without(marks(self.of, True).all) if "find" in self.role.given else NOTHING
