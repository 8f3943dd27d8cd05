"""What somebody adds to the plan by a form: a CarePlan of its author's own with one line under one heading. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from interop.api.operations.composing import HEADING
from interop.apply.drafts import SOURCE
from interop.fhir.shapes import Json, dicts, text
from interop.policy.grants import USER

REVIEW: Final = "urn:interop:extension:review-date"
TAKEN: Final = (
    "what-matters",
    "important-people",
    "communication",
    "wellness",
    "please-do",
    "support",
    "worth-knowing",
    "strengths",
    "formulation",
    "actions",
    "funding",
    "agreed",
    "contingency",
    "standby-medicines",
    "take-along",
    "advance-decisions",
    "place-of-care",
    "place-of-death",
    "prognosis",
)
"""Headings under which a line may be written. A recommendation about CPR is a form of its own, which whoever signs it records."""
LONGEST: Final = 4_000
"""Characters of a line."""
HEAD, WORDS, TRIGGER, WHO, TAG, ID = "heading", "words", "trigger", "who", "tag", "contribution"
REVIEWED, UNTIL = "review", "until"


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes: the name by which they are shown, the user, and the day and time."""

    name: str
    user: str
    now: str


def wrong(fields: Mapping[str, str], today: date) -> dict[str, str]:
    """What is wrong with a form, by field."""
    errors = {}
    if fields.get(HEAD, "") not in TAKEN:
        errors[HEAD] = "Choose the heading under which it stands"
    if not fields.get(WORDS, ""):
        errors[WORDS] = "Write what the plan should say"
    elif len(fields[WORDS]) > LONGEST:
        errors[WORDS] = f"Write {LONGEST:,} characters or fewer"
    if fields.get(HEAD) == "contingency" and not fields.get(TRIGGER, ""):
        errors[TRIGGER] = "Say when this is to be done: if what happens"
    for name, what in ((REVIEWED, "Review date"), (UNTIL, "Date until which it holds")):
        _, said = dated(fields, name)
        if said is None:
            errors[f"{name}-day"] = f"{what} must be a real date, like 27 3 2027"
        elif said and said < today.isoformat():
            errors[f"{name}-day"] = f"{what} must be today or later"
    return errors


def dated(fields: Mapping[str, str], name: str) -> tuple[tuple[str, str, str], str | None]:
    """The three fields of a date, and the date as FHIR writes it, '' for none; None for what is no date."""
    day, month, year = (fields.get(f"{name}-{part}", "") for part in ("day", "month", "year"))
    if not (day or month or year):
        return (day, month, year), ""
    try:
        return (day, month, year), date(int(year), int(month), int(day)).isoformat()
    except (ValueError, OverflowError):
        return (day, month, year), None


def contribution(fields: Mapping[str, str], title: str, author: Author, before: Json | None = None) -> Json:
    """The CarePlan: a new one, or the one of ``before`` with the line changed. ``title`` is that of the heading."""
    detail: Json = {
        "code": {"coding": [{"system": HEADING, "code": fields[HEAD], "display": title}], "text": title},
        "status": "in-progress",
        "description": fields[WORDS],
    }
    if fields.get(TRIGGER):
        detail["reasonCode"] = [{"text": fields[TRIGGER]}]
    if fields.get(WHO):
        detail["performer"] = [{"display": fields[WHO]}]
    kept = {} if before is None else {name: value for name, value in before.items() if name not in ("meta", "period", "extension")}
    made: Json = kept | {
        "resourceType": "CarePlan",
        "status": "active",
        "intent": "plan",
        "title": title,
        "created": author.now,
        "author": {"display": author.name} | ({"identifier": {"system": USER, "value": author.user}} if author.user else {}),
        "activity": [{"detail": detail}],
    }
    extensions = [] if before is None else [each for each in dicts(before, "extension") if text(each, "url") != REVIEW]
    if review := dated(fields, REVIEWED)[1]:
        extensions.append({"url": REVIEW, "valueDate": review})
    if extensions:
        made["extension"] = extensions
    if until := dated(fields, UNTIL)[1]:
        made["period"] = {"end": until}
    return made


def over(before: Json, author: Author) -> Json:
    """The contribution that no longer holds: it is history."""
    kept = {name: value for name, value in before.items() if name != "meta"}
    return {**kept, "status": "completed", "period": {**(kept.get("period") or {}), "end": author.now}}


def fields_of(plan: Json) -> dict[str, str] | None:
    """A contribution as the form shows it; None for one that a form of ours did not make."""
    if not text(plan.get("meta"), "source").startswith(f"{SOURCE}api"):
        return None
    details: list[Any] = [each.get("detail") for each in dicts(plan, "activity")]
    if len(details) != 1 or not isinstance(details[0], dict) or text(plan, "status") != "active":
        return None
    (detail,) = details
    codes = [text(each, "code") for each in dicts(detail.get("code"), "coding") if text(each, "system") == HEADING]
    if len(codes) != 1 or codes[0] not in TAKEN or not text(detail, "description"):
        return None
    found = {
        HEAD: codes[0],
        WORDS: text(detail, "description"),
        TRIGGER: next((text(each, "text") for each in dicts(detail, "reasonCode")), ""),
        WHO: next((text(each, "display") for each in dicts(detail, "performer")), ""),
        ID: text(plan, "id"),
    }
    review = next((text(each, "valueDate") for each in dicts(plan, "extension") if text(each, "url") == REVIEW), "")
    for name, said in ((REVIEWED, review), (UNTIL, text(plan.get("period"), "end")[:10])):
        year, month, day = [*said.split("-"), "", "", ""][:3]
        found |= {f"{name}-day": day, f"{name}-month": month, f"{name}-year": year}
    return found
