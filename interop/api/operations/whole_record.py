"""``Patient/[id]/$whole-record``: the whole shared record of the person in one Bundle.

It holds what ``$everything`` does. Its first page begins with an OperationOutcome that says of every part of a record how much
there is, and of every feed what it contributed: silence is never ambiguous. Where the request narrows the record, nothing is said
of what it leaves out.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from interop.api.absences import absences
from interop.api.asgi import Response
from interop.api.fhir.bundle import said
from interop.api.fhir.included import referenced
from interop.api.operations.bundles import CHUNK, Wanted, answer, wanted
from interop.api.operations.everything import of_person
from interop.api.operations.operation import Asked
from interop.api.problems import outcome
from interop.api.services import Services
from interop.careplan.contact import FLAG, how_told
from interop.clock import instant
from interop.formats.json import load_json
from interop.store.decision import Decision
from interop.store.plan import Compartment, Feeds
from interop.store.values import FeedCount, Stored

NAME: Final = "$whole-record"
CODES: Final = "urn:interop:whole-record"
"""The code system of what the outcome says: ``recorded``, ``none-recorded``, ``contributed``, ``nothing-contributed``."""
PARTS: Final = (
    ("Problems and diagnoses", ("Condition",)),
    ("Allergies and adverse reactions", ("AllergyIntolerance",)),
    ("Medicines", ("MedicationRequest", "MedicationStatement", "MedicationDispense", "MedicationAdministration")),
    ("Alerts", ("Flag",)),
    ("Care plans", ("CarePlan",)),
    ("Goals", ("Goal",)),
    ("Care team", ("CareTeam",)),
    ("Encounters", ("Encounter", "EpisodeOfCare")),
    ("Appointments", ("Appointment",)),
    ("Referrals and requests", ("ServiceRequest", "Task")),
    ("Results and observations", ("Observation", "DiagnosticReport")),
    ("Procedures", ("Procedure",)),
    ("Immunisations", ("Immunization",)),
    ("Letters and documents", ("DocumentReference", "Composition")),
    ("Assessments", ("QuestionnaireResponse", "RiskAssessment", "ClinicalImpression")),
    ("Consents and preferences", ("Consent",)),
    ("Messages about the person", ("Communication", "CommunicationRequest")),
)
"""Parts of a shared record and the types that hold them."""
PREFERENCE: Final = "Consent"
"""Among which it is counted how somebody wants to be told of news: a Flag, and no alert."""


@dataclass(slots=True)
class Tally:
    """How many resources of the record there are by type and by whose they are."""

    types: Counter[str] = field(default_factory=Counter)
    owners: Counter[str] = field(default_factory=Counter)

    def add(self, part: list[Stored]) -> None:
        """Count these too."""
        self.types.update(map(_counted, part))
        self.owners.update(stored.owner for stored in part)


def _counted(stored: Stored) -> str:
    """The type among which it is counted."""
    return PREFERENCE if stored.type == FLAG and how_told(load_json(stored.body, values=None)) else stored.type


async def whole_record(asked: Asked) -> Response:
    """A page; raises Problem ``not-found``, ``gone``, ``bad-parameter``."""
    page = wanted(asked)
    decision = asked.services.decide(asked.request, NAME, "Patient", asked.id)
    await of_person(asked, NAME, decision)
    after = (page.after[0], page.after[1]) if page.after else None
    plan = Compartment(decision, asked.id, page.types, page.since, page.count + 1, after)
    matches: list[Stored] = await asked.services.store.query(plan)
    more = len(matches) > page.count
    matches = matches[: page.count]
    along = [stored for stored in await referenced(asked.services, decision, matches) if stored.updated >= page.since]
    along = [stored for stored in along if not page.types or stored.type in page.types]
    notes: list[bytes] = []
    if page.after is None:
        tally = Tally()
        if more:
            await _whole(asked.services, decision, asked.id, page, tally)
        else:
            tally.add(matches)
        page.total = tally.types.total()
        issues = [] if page.since else _parts(tally, page.types)
        if not page.since and not page.types:
            feeds: list[FeedCount] = await asked.services.store.query(Feeds())
            issues += _sources(asked.services, tally, feeds)
        issues += await absences(asked.services, asked.request, NAME, (asked.id,), matches)
        notes = [said(outcome(issues))] if issues else []
    return answer(asked, page, matches, along, more, page.total, notes)


async def _whole(services: Services, decision: Decision, patient: str, page: Wanted, tally: Tally) -> None:
    after: tuple[str, str] | None = None
    while True:
        part: list[Stored] = await services.store.query(Compartment(decision, patient, page.types, page.since, CHUNK, after))
        tally.add(part)
        if len(part) < CHUNK:
            return
        after = (part[-1].type, part[-1].id)


def _parts(tally: Tally, types: tuple[str, ...]) -> list[dict[str, Any]]:
    """An issue for each part of a record that was asked for."""
    issues = []
    for name, kinds in PARTS:
        if types and not set(kinds) & set(types):
            continue
        number = sum(tally.types[kind] for kind in kinds)
        issues.append(_said("recorded" if number else "none-recorded", f"{name}: {number or 'none'} recorded."))
    return issues


def _sources(services: Services, tally: Tally, feeds: list[FeedCount]) -> list[dict[str, Any]]:
    """An issue for each feed."""
    last = {feed.feed: feed.last_received for feed in feeds}
    issues = []
    for name in sorted(services.feeds.keys() | last.keys()):
        number = sum(count for owner, count in tally.owners.items() if name in owner.split(","))
        heard = f" Its last message came at {instant(last[name])}." if last.get(name) else " No message has come from it."
        told = f"Feed {name}: {number or 'no'} resource{'' if number == 1 else 's'} of this record.{heard}"
        issues.append(_said("contributed" if number else "nothing-contributed", told))
    return issues


def _said(code: str, text: str) -> dict[str, Any]:
    coded = {"coding": [{"system": CODES, "code": code}], "text": text}
    return {"severity": "information", "code": "informational", "details": coded}
