"""Finding a person: by NHS number, or by name with date of birth or postcode. What is asked stands in a form, never in an address.

Pages with this form show ``patient/_find.html`` and, of what was found, ``patient/_found.html``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from interop.api.inside import NotGiven
from interop.fhir.shapes import dicts, text
from interop.ids import NHS_NUMBER, NhsNumber, Standing
from interop.pages.patient import person, records
from interop.pages.visiting import Visit
from interop.policy.tables import tables
from interop.screen.words import day

NUMBER, FAMILY, GIVEN, POSTCODE = "number", "family", "given", "postcode"
DAY, MONTH, YEAR = "born-day", "born-month", "born-year"
PEOPLE: Final = 10
"""People who are shown."""
RECORDS: Final = 50
"""Patients that a search is asked for: some people have several."""
NAMESAKES: Final = " Some are called alike: make sure by NHS number, birth date and address which one you mean."
INVOLVED: Final = "Your role finds people only in whose care you are known to be involved."
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """A form as it was sent, and what was found. ``errors`` are by field; ``people`` None where nothing was looked for; ``said``
    tells in words what was; ``more``: there are more than are shown."""

    fields: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    people: list[Json] | None = None
    said: str = ""
    more: bool = False

    @property
    def status(self) -> int:
        """Of the page that shows it."""
        return 400 if self.errors else 200

    @property
    def error_list(self) -> list[dict[str, str]]:
        """For the error summary of the design system."""
        return [{"text": words, "href": f"#{name}"} for name, words in self.errors.items()]


async def find(here: Visit, fields: Mapping[str, str]) -> Finding:
    """Whoever fits what a form says. Raises NotGiven where the API refuses to look."""
    criteria, errors, said = asked(fields, here.now.date())
    if errors:
        return Finding(fields, errors)
    found = await here.api.search("Patient", [*criteria, ("_count", str(RECORDS))])
    patients = {each["id"]: each for each in found if each["resourceType"] == "Patient"}
    people: list[Json] = []
    left = dict(patients)
    while left and len(people) < PEOPLE:
        id_ = next(iter(left))
        try:
            same, _ = await records(here, id_)
        except NotGiven:
            same = [left[id_]]
        own = sorted((each for each in same if each["id"] in patients), key=_rank) or [left[id_]]
        people.append(person(here, own[0]["id"], same))
        for each in [id_, *(each["id"] for each in same)]:
            left.pop(each, None)
    people.sort(key=lambda each: (each["name"], each["born"]))
    more = bool(left) or len(patients) >= RECORDS
    return Finding(fields, {}, people, f"{_told(here, said, len(people), more)}{NAMESAKES if namesakes(people) else ''}", more)


def namesakes(people: Iterable[Json]) -> bool:
    """Whether two bear one family name and a given name that begins alike, whatever else differs. Pure."""
    named = [each["name"].casefold().partition(" (")[0].partition(", ") for each in people]
    first = [(family, given[:1]) for family, _, given in named]
    return len(set(first)) < len(first)


def _told(here: Visit, said: str, number: int, more: bool) -> str:
    if more:
        return f"More than {number} people have {said}. These are some of them: say more to find the one whom you mean."
    if number:
        return f"{'One person has' if number == 1 else f'{number} people have'} {said}."
    known = tables().roles.get(here.asker.role)
    role = "" if known is None or known.all or "find" in known.given else f" {INVOLVED}"
    return f"Nobody who has {said} is known here. That does not mean that nobody knows them: ask again in another way.{role}"


def asked(fields: Mapping[str, str], today: date) -> tuple[list[tuple[str, str]], dict[str, str], str]:
    """The criteria of a search for Patient, what is wrong by field, and in words what is looked for."""
    if number := fields.get(NUMBER, ""):
        read = NhsNumber.read(number)
        if read is None:
            return [], {NUMBER: "An NHS number has 10 digits, like 999 123 4560"}, ""
        if read.standing in (Standing.INVALID, Standing.REPEATED):
            return [], {NUMBER: "This cannot be an NHS number: check each digit"}, ""
        return [("identifier", f"{NHS_NUMBER}|{read}")], {}, f"the NHS number {read[:3]} {read[3:6]} {read[6:]}"
    family, given, postcode = (fields.get(name, "") for name in (FAMILY, GIVEN, POSTCODE))
    born, wrong = _born(fields, today)
    errors = {DAY: wrong} if wrong else {}
    if not family:
        said = "Enter an NHS number, or a family name" if not (given or postcode or born or wrong) else "Enter a family name"
        return [], {FAMILY if said == "Enter a family name" else NUMBER: said} | errors, ""
    if not (born or postcode or wrong):
        errors[DAY] = "Enter a date of birth or a postcode beside the name"
    if "," in family + given or "|" in family + given:
        errors[FAMILY] = "Write names without commas and strokes"
    parts = (("family", family), ("given", given), ("birthdate", born), ("address-postalcode", _postcode(postcode)))
    told = " ".join(each for each in (given, family) if each)
    words = [
        f"a name that begins like {told}",
        f"the date of birth {day(born)}" if born else "",
        f"the postcode {_postcode(postcode)}",
    ]
    return (
        [each for each in parts if each[1]],
        errors,
        " and ".join(words[: 3 if postcode else 2] if born else [words[0], words[2]]),
    )


def _born(fields: Mapping[str, str], today: date) -> tuple[str, str]:
    """The date of birth as FHIR writes it, or what is wrong with it."""
    parts = [fields.get(name, "") for name in (DAY, MONTH, YEAR)]
    if not any(parts):
        return "", ""
    try:
        read = date(int(parts[2]), int(parts[1]), int(parts[0]))
    except (ValueError, OverflowError):
        return "", "Date of birth must be a real date, like 23 11 1959"
    if read > today or read.year < 1880:
        return "", "Date of birth must be in the past, with four digits of the year"
    return read.isoformat(), ""


def _postcode(said: str) -> str:
    """As records have it: in capitals, a blank before the last three."""
    plain = "".join(said.split()).upper().replace(",", "")
    return f"{plain[:-3]} {plain[-3:]}" if len(plain) >= 5 else plain


def _rank(patient: Json) -> tuple[bool, bool, str]:
    """The one to lead to: not one that was merged away."""
    replaced = any(text(each, "type") == "replaced-by" for each in dicts(patient, "link"))
    return replaced, patient.get("active") is False, patient["id"]
