"""Who a record is of: the banner at the head of every page about a person (NHS Common User Interface, patient banner)."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from interop.api.crew.making import numbers
from interop.api.emergencies import UNTIL
from interop.api.inside import NotGiven
from interop.apply.drafts import SOURCE
from interop.careplan.crew.states import NOT_GIVEN, STATES
from interop.careplan.crew.who import who
from interop.careplan.plan import Given
from interop.fhir.searching import interval
from interop.fhir.shapes import dicts, text
from interop.pages.visiting import Visit
from interop.policy.absence import SYSTEM
from interop.screen.words import proper, spoken

Json = dict[str, Any]
RECORDS: Final = "50"
"""Patients of one person that are looked at."""
HIDDEN: Final = STATES[NOT_GIVEN]
"""Said in the place of an address of whoever hides it."""
NO_DAY: Final = "date not known"
"""Beside the word that somebody has died: *Not known* would read as if that were."""
DIFFERING: Final = {
    "name": "name",
    "born": "date of birth",
    "gender": "gender",
    "deceased": "whether the person has died",
    "nhs": "NHS number",
}
GENDERS: Final = {"male": "Male", "female": "Female", "other": "Other"}
"""What is said of ``Patient.gender``; of anything else that it is not known."""


async def banner(here: Visit, patient: str) -> Json:
    """What ``patient/_banner.html`` shows, under ``person``; ``patients`` are the Patients that it is made of. Raises NotGiven as
    the API refuses the Patient."""
    found, told = await records(here, patient)
    shown = person(here, patient, found) | {"absent": absences(told), "emergency": emergency(told)}
    return {"person": shown, "patients": found}


async def records(here: Visit, patient: str) -> tuple[list[Json], list[Json]]:
    """The Patients that are this person as far as who asks may see them, and the OperationOutcomes that tell what else there is to
    know of the person. Raises NotGiven."""
    try:
        said = await here.api.get(f"/fhir/Patient/{patient}/$everything", _type="Patient", _count=RECORDS)
    except NotGiven as refused:
        if refused.status != 403:
            raise
        return [await here.api.get(f"/fhir/Patient/{patient}")], []  # a role that is given no whole record
    resources = [each["resource"] for each in said.get("entry", ())]
    told = [each for each in resources if each["resourceType"] == "OperationOutcome"]
    return [each for each in resources if each["resourceType"] == "Patient"], told


def absences(outcomes: Sequence[Json]) -> list[str]:
    """The words of what is absent of a person, as the API gives them."""
    issues = [issue for each in outcomes for issue in dicts(each, "issue")]
    return [
        spoken(text(issue.get("details"), "text"))
        for issue in issues
        if any(text(code, "system") == SYSTEM for code in dicts(issue.get("details"), "coding"))
    ]


def emergency(outcomes: Sequence[Json]) -> str:
    """Until when the emergency lasts by which who asks sees the person, an instant; '' where they have declared none."""
    issues = [issue for each in outcomes for issue in dicts(each, "issue")]
    return next((text(one, "valueInstant") for each in issues for one in dicts(each, "extension") if text(one, "url") == UNTIL), "")


def person(here: Visit, patient: str, found: Sequence[Json]) -> Json:
    """The person of these Patients, as pages show it."""
    given = [
        Given(each, 1, updated=0) for each in sorted(found, key=lambda each: text(each.get("meta"), "lastUpdated"), reverse=True)
    ]
    feeds = [[text(each.resource.get("meta"), "source").removeprefix(SOURCE).partition("#")[0]] for each in given]
    stated = [numbers(here.services, feed, each.resource) for feed, each in zip(feeds, given, strict=True)]
    said = who(given, stated, here.now.date())
    family, comma, rest = said["name"].partition(", ")
    born, died = said.get("born", ""), said.get("deceased")
    ended = died.get("date", "") if died is not None else ""
    return {
        "id": patient,
        "name": f"{family}{comma}{proper(rest)}",
        "known_as": said.get("knownAs", ""),
        "born": born,
        "age": aged(born, here.now.date().isoformat()) if died is None else "",
        "died": died is not None,
        "died_on": ended,
        "died_aged": aged(born, ended),
        "died_words": (died.get("words", "") or ("" if ended else NO_DAY)) if died is not None else "",
        "gender": GENDERS.get(said.get("gender", ""), ""),
        "numbers": [
            {"number": each["number"], "verified": each["verified"], "words": each["words"][:1].upper() + each["words"][1:]}
            for each in said["nhs"]
        ],
        "address": said.get("address", []),
        "phone": said.get("phone", []),
        "languages": [each for each in said.get("languages", ()) if not each.startswith("en")],
        "interpreter": said.get("interpreter", False),
        "hidden": HIDDEN if said.get("redacted") else "",
        "differs": [{"what": DIFFERING[each["what"]], "values": each["values"]} for each in said.get("differs", ())],
        "records": said["records"],
    }


def _updated(patient: Json) -> int:
    """When it was last changed, in microseconds."""
    span = interval(text(patient.get("meta"), "lastUpdated"))
    return span[0] if span is not None else 0


def aged(born: str, at: str) -> str:
    """How old somebody is, in the unit that is proper to the age (NHS Common User Interface, displaying age): 20d, 7w 2d, 14m 3d,
    9y 4m, 66y; '' where either day is not known."""
    try:
        birth, day = date.fromisoformat(born), date.fromisoformat(at[:10])
    except ValueError:
        return ""
    days = (day - birth).days
    months = (day.year - birth.year) * 12 + day.month - birth.month - (day.day < birth.day)
    if days < 0:
        return ""
    if days < 28:
        return f"{days}d"
    if months < 12:
        return f"{days // 7}w {days % 7}d"
    if months < 24:
        years, month = divmod(birth.month - 1 + months, 12)
        last = monthrange(birth.year + years, month + 1)[1]
        return f"{months}m {(day - date(birth.year + years, month + 1, min(birth.day, last))).days}d"
    return f"{months // 12}y {months % 12}m" if months < 216 else f"{months // 12}y"
