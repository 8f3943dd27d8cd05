"""What a GP record holds, as values: the OpenHR writer turns them into a message."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from conformance.generate.clinical import Medicine, Term
from conformance.generate.people import Person
from conformance.generate.places import COMMUNITY, TRUST, Clinician, Organisation


@dataclass(slots=True)
class Entry:
    """An event. ``kind`` is an eventType: OBS, VAL, MED, ISS, ALL, DRY, REF; ``key`` names it within the record for good.

    ``text`` goes with the term, a line to each associated text; ``shown`` is the display term where that is not the code's own;
    ``value`` and ``unit`` are of a VAL; ``medicine`` of a MED or ISS, ``stopped`` of a MED; ``reminded`` says when
    the person was sent a reminder of a DRY, ``place`` where it is to happen; ``heading`` is that of the consultation's section;
    ``target`` and ``urgency`` of a REF.
    """

    key: str
    kind: str
    term: Term
    on: date
    by: Clinician
    text: str = ""
    shown: str = ""
    value: str = ""
    unit: str = ""
    medicine: Medicine | None = None
    stopped: date | None = None
    reminded: datetime | None = None
    place: str = ""
    heading: str = "Comment"
    target: Organisation = TRUST
    urgency: str = "R"


@dataclass(slots=True)
class Problem:
    """A problem: an OBS event that is also listed as one. ``significance`` S or M; ended where ``until`` is given."""

    key: str
    term: Term
    since: date
    by: Clinician
    significance: str = "S"
    until: date | None = None
    text: str = ""
    about: tuple[str, ...] = ()


@dataclass(slots=True)
class Consultation:
    """An encounter: when, by whom, type of voc.ConsultationType, minutes, and what was entered in it."""

    key: str
    at: datetime
    by: Clinician
    kind: str = "GP"
    minutes: int = 10
    entries: list[Entry] = field(default_factory=list)


@dataclass(slots=True)
class Record:
    """A person's record at a practice; ``loose`` holds events outside consultations, ``carer`` a line about who cares for them."""

    person: Person
    registered: date
    problems: list[Problem] = field(default_factory=list)
    consultations: list[Consultation] = field(default_factory=list)
    loose: list[Entry] = field(default_factory=list)
    carer: str = ""
    others: tuple[Organisation, ...] = (TRUST, COMMUNITY)

    def entries(self) -> list[Entry]:
        """Every event save those that problems make."""
        return [entry for consultation in self.consultations for entry in consultation.entries] + self.loose

    def authors(self) -> list[Clinician]:
        """Everyone who wrote in the record, the registered GP first, each once."""
        by = [self.person.gp, *(p.by for p in self.problems), *(c.by for c in self.consultations), *(e.by for e in self.entries())]
        return list(dict.fromkeys(by))
