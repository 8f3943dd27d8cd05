"""What happened to a person, an event a resource, with when, what and who says so. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from interop.careplan.standings import TRIAGE, bears
from interop.fhir.searching import interval
from interop.fhir.shapes import Json, chosen, dicts, text
from interop.pages.record.asking import Known
from interop.pages.record.cards import Line, Tag
from interop.pages.record.recent import appointment, contact, result
from interop.pages.record.sources import Sources
from interop.screen.words import moment

VOID: Final = "entered-in-error"
UMBRELLA: Final = "umbrella"
CONTACT: Final = "contact"


class Kind(NamedTuple):
    """A kind of event: its name in an address, what it is called, and its types, each with the parameter that dates it; ``part`` of
    the record in which more of it is told."""

    name: str
    title: str
    types: tuple[tuple[str, str], ...]
    part: str = ""


KINDS: Final = (
    Kind("contact", "Contacts", (("Encounter", "date"), ("CarePlan", ""))),
    Kind("appointment", "Appointments", (("Appointment", "date"),), "appointments"),
    Kind("result", "Results and observations", (("DiagnosticReport", "date"), ("Observation", "date")), "results"),
    Kind("document", "Letters and documents", (("DocumentReference", "date"), ("Composition", "date")), "letters"),
    Kind("referral", "Referrals and requests", (("ServiceRequest", "authored"),)),
    Kind("plan", "Changes of the plan", (("CarePlan", ""),), "plan"),
)
"""In the order in which they are offered. A type without a parameter is dated by what it says of itself. What a triage came to is a
CarePlan and nobody's plan: it belongs to the contact."""
SINGLE: Final = {
    "contact": "Contact",
    "appointment": "Appointment",
    "result": "Result",
    "document": "Letter",
    "referral": "Referral",
    "plan": "Plan",
}


@dataclass(frozen=True, slots=True)
class Event:
    """``at`` is when it was, in microseconds, None where nobody says; ``reference`` the resource."""

    at: int | None
    reference: str
    kind: str
    label: str
    line: Line
    href: str = ""


def at(resource: Json) -> int | None:
    """When a resource happened, as its search parameter has it: its beginning."""
    said = _said(resource)
    span = interval(said) if said else None
    return span[0] if span is not None else None


def _said(resource: Json) -> str:
    match text(resource, "resourceType"):
        case "Encounter":
            return text(resource.get("period"), "start") or text(resource.get("period"), "end")
        case "Appointment":
            return text(resource, "start")
        case "DocumentReference" | "Composition":
            return text(resource, "date")
        case "ServiceRequest":
            return text(resource, "authoredOn")
        case "CarePlan":
            return text(resource, "created") or text(resource.get("period"), "start")
        case _:
            effective = chosen(resource, "effective")
            if effective is None:
                return ""
            held = effective[1]
            return held if isinstance(held, str) else text(held, "start") or text(held, "end")


def event(resource: Json, kind: Kind, known: Known, sources: Sources, record: str) -> Event:
    """A resource as an event; ``record`` is the address of the person's pages."""
    type_ = text(resource, "resourceType")
    told = _void(resource, known, sources) or SHAPES[type_](resource, known, sources)
    href = f"{record}/{kind.part}" if kind.part else ""
    label = "Triage outcome" if type_ == "CarePlan" and kind.name == CONTACT else SINGLE[kind.name]
    return Event(at(resource), f"{type_}/{text(resource, 'id')}", kind.name, label, told, href)


def belongs(resource: Json, kind: Kind) -> bool:
    """Whether it is an event of the kind: a triage is no plan, and what only holds the plans of authors together is no event."""
    if text(resource, "resourceType") != "CarePlan":
        return True
    umbrella = UMBRELLA in [text(each, "code") for each in dicts(resource.get("meta"), "tag")]
    return not umbrella and bears(resource, "category", TRIAGE) == (kind.name == CONTACT)


def _void(resource: Json, known: Known, sources: Sources) -> Line | None:
    """What was recorded in error is said to be there, and not what it said."""
    if text(resource, "status") != VOID:
        return None
    when = moment(_said(resource)) if _said(resource) else ""
    return Line("Entered in error", (), (Tag("Do not use", "red"),), when, sources.of_resource(resource, known))


def _observation(resource: Json, known: Known, sources: Sources) -> Line:
    found = result(resource, known, sources)
    notes = tuple(text(each, "text") for each in dicts(resource, "note") if text(each, "text"))
    if found is not None:
        return found
    return Line(
        known.words.of(resource.get("code")) or "Observation", notes, (), _moment(resource), sources.of_resource(resource, known)
    )


def _report(resource: Json, known: Known, sources: Sources) -> Line:
    said = tuple(each for each in (text(resource, "conclusion"),) if each)
    status = text(resource, "status")
    tags = (Tag(status.capitalize(), "yellow"),) if status not in ("final", "") else ()
    return Line(
        known.words.of(resource.get("code")) or "Report", said, tags, _moment(resource), sources.of_resource(resource, known)
    )


def _document(resource: Json, known: Known, sources: Sources) -> Line:
    name = known.words.of(resource.get("type")) or "Document"
    said = text(resource, "description") or text(resource, "title")
    authors = [known.called(each) for each in dicts(resource, "author")]
    status = text(resource, "status")
    tags = (Tag(status.capitalize(), "yellow"),) if status not in ("current", "final", "") else ()
    details = tuple(dict.fromkeys(each for each in (said, *authors) if each and each != name))
    return Line(name, details, tags, _moment(resource), sources.of_resource(resource, known))


def _referral(resource: Json, known: Known, sources: Sources) -> Line:
    name = (
        known.words.of(resource.get("code"))
        or next((known.words.of(each) for each in dicts(resource, "category")), "")
        or "Request"
    )
    why = [known.words.of(each) for each in dicts(resource, "reasonCode")]
    to = [known.called(each) for each in dicts(resource, "performer")]
    priority, status = text(resource, "priority"), text(resource, "status")
    tags = [Tag(priority.capitalize(), "orange")] if priority not in ("", "routine") else []
    if status not in ("", "active", "unknown"):
        tags.append(Tag(status.replace("-", " ").capitalize(), "grey"))
    details = [*why, *(f"To {each}" for each in to if each)]
    return Line(name, tuple(each for each in details if each), tuple(tags), _moment(resource), sources.of_resource(resource, known))


def _plan(resource: Json, known: Known, sources: Sources) -> Line:
    kind = next((known.words.of(each) for each in dicts(resource, "category")), "")
    done = [
        known.words.of(detail.get("code")) for each in dicts(resource, "activity") if isinstance(detail := each.get("detail"), dict)
    ]
    title = text(resource, "title") or next((each for each in done if each), "") or kind or "Plan"
    status = text(resource, "status")
    tags = (Tag(status.replace("-", " ").capitalize(), "grey"),) if status not in ("", "active", "unknown") else ()
    author = known.called(resource.get("author"))
    details = tuple(dict.fromkeys(each for each in (kind, text(resource, "description"), author) if each and each != title))
    return Line(title, details, tags, _moment(resource), sources.of_resource(resource, known))


def _contact(resource: Json, known: Known, sources: Sources) -> Line:
    return contact(resource, known, sources) or Line("Contact")


def _appointment(resource: Json, known: Known, sources: Sources) -> Line:
    return appointment(resource, known, sources) or Line("Appointment")


def _moment(resource: Json) -> str:
    said = _said(resource)
    return moment(said) if said else ""


SHAPES: Final[dict[str, Callable[[Json, Known, Sources], Line]]] = {
    "Encounter": _contact,
    "Appointment": _appointment,
    "Observation": _observation,
    "DiagnosticReport": _report,
    "DocumentReference": _document,
    "Composition": _document,
    "ServiceRequest": _referral,
    "CarePlan": _plan,
}
"""How a resource of a type is told."""
