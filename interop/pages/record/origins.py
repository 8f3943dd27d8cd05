"""Where something of a record came from and how fresh it is, and what is absent, in the words that the API gives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from interop.careplan.crew.who import redacted
from interop.fhir.shapes import Json, dicts, text
from interop.pages.record.asking import Known, feed_of
from interop.policy.absence import SYSTEM
from interop.screen.words import spoken

OURS: Final = {"api": "written here"}
"""What is said of what came by no feed."""
HIDDEN: Final = "source not given for this person"
"""Said in the place of a source of whoever hides where they are."""
OF: Final = ("custodian", "serviceProvider", "managingOrganization", "performer", "author", "requester", "informationSource",
             "recorder", "asserter")  # fmt: skip
"""Elements that name an organisation, the first that does."""


class Origin(NamedTuple):
    """Who says it (an organisation, '' where none is named), by which feed, and when it came here (an instant)."""

    organisation: str
    feed: str
    received: str


class Absent(NamedTuple):
    """What is not here: ``code`` is ``not-shared``, ``withheld``, ``down``, ``stale``, ``incomplete`` or ``not-for-role``."""

    code: str
    words: str


def origin(resource: Json, known: Known) -> Origin:
    """Of a resource as the API gives it."""
    if redacted(resource):  # who contributes to a record is most often near where the person lives
        return Origin("", HIDDEN, text(resource.get("meta"), "lastUpdated"))
    feed = feed_of(resource)
    sender = known.feeds.get(feed, "")
    who = _organisation(resource, known) or (_keeper(resource, known) if feed not in OURS else "")
    who = who or (known.organisation(sender) if sender else "")
    return Origin(who, OURS.get(feed, feed and f"feed {feed}"), text(resource.get("meta"), "lastUpdated"))


def _organisation(resource: Json, known: Known) -> str:
    for name in OF:
        held: Any = resource.get(name)
        for each in held if isinstance(held, list) else [held]:
            target = known.at(each)
            if text(target, "resourceType") == "Organization" and text(target, "name"):
                return text(target, "name")
            role = target.get("organization") if target is not None and text(target, "resourceType") == "PractitionerRole" else None
            if role and known.called(role):
                return known.called(role)
    return ""


def _keeper(resource: Json, known: Known) -> str:
    """Who keeps the Patient that it is about: a source's resources are about its own Patient, whatever that is linked with. ''
    where that Patient has not been looked up."""
    actors = [each.get("actor") for each in dicts(resource, "participant")]
    for each in (resource.get("subject"), resource.get("patient"), *actors):
        about = known.at(each)
        if about is not None and text(about, "resourceType") == "Patient" and about.get("managingOrganization"):
            return known.called(about["managingOrganization"])
    return ""


def absent(outcomes: Iterable[Json], known: Known | None = None) -> list[Absent]:
    """What the API says to be absent, each once; organisations that are ``known`` by name."""
    found: dict[Absent, None] = {}
    for outcome in outcomes:
        for issue in dicts(outcome, "issue"):
            details = issue.get("details")
            code = next((text(each, "code") for each in dicts(details, "coding") if text(each, "system") == SYSTEM), "")
            if code:
                words, colon, source = (text(details, "text") or text(issue, "diagnostics")).rpartition(": ")
                called = known.organisation(source) if known is not None and colon else source
                found[Absent(code, f"{spoken(words)}{colon}{called}")] = None
    return list(found)


def lacking(outcomes: Iterable[Json]) -> set[str]:
    """The codes of the organisations of which something is absent."""
    return {each.words.rpartition(": ")[2] for each in absent(outcomes) if ": " in each.words}


def said_of(outcomes: Iterable[Json]) -> list[str]:
    """What else the API says of an answer: what it ignored, that more would come along."""
    return [
        text(issue.get("details"), "text") or text(issue, "diagnostics")
        for outcome in outcomes
        for issue in dicts(outcome, "issue")
        if not any(text(each, "system") == SYSTEM for each in dicts(issue.get("details"), "coding"))
    ]
