"""Reports as they are shown: what was asked, how far it is settled, what it concludes and which results it holds. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from interop.fhir.shapes import Json, chosen, dicts, text
from interop.pages.record.asking import Known
from interop.pages.record.files import File, file
from interop.pages.record.origins import Origin, origin
from interop.pages.record.readings import STATUS, VOID
from interop.screen.words import moment


@dataclass(frozen=True, slots=True)
class Report:
    """One DiagnosticReport. ``results`` are the ids of its Observations; ``files`` what it has as a document."""

    id: str
    name: str
    when: str
    status: str
    void: bool
    conclusion: tuple[str, ...]
    results: tuple[str, ...]
    files: tuple[File, ...]
    by: str
    origin: Origin


def report(resource: Json, known: Known, *, read: bool = True) -> Report:
    """A DiagnosticReport as it is shown; with the words of its files where they are to be ``read``."""
    effective = chosen(resource, "effective")
    at = effective[1] if effective is not None and isinstance(effective[1], str) else ""
    at = at or (text(effective[1], "start") if effective is not None else "") or text(resource, "issued")
    status = text(resource, "status")
    by = known.people([*dicts(resource, "resultsInterpreter"), *dicts(resource, "performer")])
    concluded = [text(resource, "conclusion"), *map(known.words.of, dicts(resource, "conclusionCode"))]
    references = [text(each, "reference").partition("/_history/")[0] for each in dicts(resource, "result")]
    return Report(
        text(resource, "id"),
        known.words.of(resource.get("code")) or "Report",
        moment(at) if at else "Date not known",
        STATUS.get(status, status),
        status in VOID,
        tuple(line for each in dict.fromkeys(filter(None, concluded)) for line in each.splitlines() if line.strip()),
        tuple(each.removeprefix("Observation/") for each in references if each.startswith("Observation/")),
        tuple(file(each, at, read=read) for at, each in enumerate(dicts(resource, "presentedForm"))),
        ", ".join(by),
        origin(resource, known),
    )
