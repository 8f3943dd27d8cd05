"""Who the person is: names, birth date, NHS number as people compare them, and whether the records of the person agree."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from interop.careplan.plan import Given, Json
from interop.careplan.words import contact
from interop.fhir.shapes import chosen, dicts, text, texts

LONDON: Final = ZoneInfo("Europe/London")
"""Days are those of England."""
UNDATED: Final = "may have died: see the record"
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
NUMBER_WORDS: Final = {
    "verified": "verified",
    "not-verified": "not verified",
    "not-stated": "verification not stated",
    "test": "of the range for tests: nobody's",
    "invalid": "not a valid NHS number",
}
"""What is said beside an NHS number, by how it stands."""
_INTERPRETER: Final = ("http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired",)
_NAMES: Final = ("usual", "official", "", "temp", "anonymous")
"""Uses of a name, the one to call somebody by first; former ones are not shown."""
_REDACTED: Final = "REDACTED"


class Number(NamedTuple):
    """An NHS number and how it stands, a key of ``NUMBER_WORDS``. ``test``: it is of the range for tests, and counts here."""

    value: str
    standing: str
    test: bool = False


def who(patients: Sequence[Given], stated: Sequence[Sequence[Number]], today: date) -> Json:
    """The person as the card's ``who``; ``patients`` are the Patients of the person that the asker may see, ``stated`` the NHS
    numbers of each. What the records do not agree in is told under ``differs``, never settled."""
    order = sorted(range(len(patients)), key=lambda at: _rank(patients[at], stated[at]))
    records = [patients[at].resource for at in order]
    if not records:
        return {"name": "Name not recorded", "nhs": [], "records": 0}
    first = records[0]
    found: Json = {"name": called(first) or next(filter(None, map(called, records)), "Name not recorded")}
    known = next(filter(None, (_name(each, "nickname") for each in records)), "")
    if known:
        found["knownAs"] = known
    if born := next(filter(None, (text(each, "birthDate") for each in records)), ""):
        found["born"] = born
    if gender := next(filter(None, (text(each, "gender") for each in records)), ""):
        found["gender"] = gender
    died = next((each for each in map(deceased, records) if each is not None), None)
    if died is not None:
        found["deceased"] = died
    elif born:
        found |= {"age": age(born, today)} if age(born, today) is not None else {}
    found["nhs"] = [_number(each) for each in _numbers([stated[at] for at in order])]
    found |= _reached(records) | _spoken(records)
    if any(redacted(each) for each in records):
        found["redacted"] = True
    if differing := _differing(records, found["nhs"]):
        found["differs"] = differing
    found["records"] = len(records)
    return found


def called(patient: Json) -> str:
    """The name as the NHS writes it: family name in capitals, given names, title."""
    return next(filter(None, (_name(patient, use) for use in _NAMES)), "")


def day(written: str) -> str:
    """A date of FHIR as the NHS writes it (``01-Feb-1954``); as it is where it is no whole date."""
    try:
        read = date.fromisoformat(written[:10])
        if len(written) > 10 and (at := datetime.fromisoformat(written)).tzinfo is not None:
            read = at.astimezone(LONDON).date()
    except (ValueError, OverflowError):
        return written
    return f"{read.day:02d}-{MONTHS[read.month - 1]}-{read.year}"


def age(born: str, today: date) -> int | None:
    """Whole years, None where the birth date does not tell."""
    try:
        read = date.fromisoformat(born)
    except ValueError:
        return None
    years = today.year - read.year - ((today.month, today.day) < (read.month, read.day))
    return years if years >= 0 else None


def spaced(number: str) -> str:
    """An NHS number in groups of 3, 3 and 4."""
    return f"{number[:3]} {number[3:6]} {number[6:]}" if len(number) == 10 else number


def deceased(patient: Json) -> Json | None:
    """That the person has died, with the date where it is known; None where nobody says so."""
    said: tuple[str, Any] | None = chosen(patient, "deceased")
    if said is None and "_deceasedDateTime" in patient:  # a date of death, of which it is said why it is not told
        return {"words": UNDATED}
    if said is None or said[1] in (False, "", None):
        return None
    return {"date": said[1]} if isinstance(said[1], str) else {}


def redacted(patient: Json) -> bool:
    """Whether something was taken out of it, for the person hides where they are."""
    return any(text(each, "code") == _REDACTED for each in dicts(patient.get("meta"), "security"))


def _living(patient: Json) -> str:
    """What a record says of whether the person lives, '' for nothing: to be silent is not to say so."""
    died = deceased(patient)
    if died is None:
        return "living" if patient.get("deceasedBoolean") is False else ""
    return f"died {day(died['date'])}" if "date" in died else str(died.get("words", "died"))


def _rank(patient: Given, numbers: Sequence[Number]) -> tuple[bool, bool, bool, int, int, str]:
    """The record to go by comes first; of those that changed at one time the one with the fuller name."""
    resource = patient.resource
    replaced = any(text(each, "type") == "replaced-by" for each in dicts(resource, "link"))
    verified = any(each.standing == "verified" for each in numbers)
    return replaced, resource.get("active") is False, not verified, -patient.updated, -len(called(resource)), text(resource, "id")


def _name(patient: Json, use: str) -> str:
    for each in dicts(patient, "name"):
        if text(each, "use") == use and not text(each.get("period"), "end"):
            family, given = text(each, "family").upper(), " ".join(texts(each, "given"))
            title = " ".join(texts(each, "prefix"))
            said = ", ".join(part for part in (family, given) if part) or text(each, "text")
            if said:
                return f"{said} ({title})" if title else said
    return ""


def _numbers(stated: Sequence[Sequence[Number]]) -> list[Number]:
    """Each number once, as it stands where it stands best; verified ones first."""
    order = list(NUMBER_WORDS)
    best: dict[str, Number] = {}
    for each in (number for numbers in stated for number in numbers):
        before = best.get(each.value)
        if before is None or order.index(each.standing) < order.index(before.standing):
            best[each.value] = each
    return sorted(best.values(), key=lambda each: order.index(each.standing))


def _number(number: Number) -> Json:
    verified = number.standing == "verified"
    words = NUMBER_WORDS[number.standing] + (", a test number" if number.test else "")
    return {"number": spaced(number.value), "verified": verified, "words": words}


def _reached(records: Sequence[Json]) -> Json:
    """Where the person lives and by what numbers they are reached; of those who hide it nothing is there."""
    found: Json = {}
    addresses = [each for record in records for each in dicts(record, "address")]
    homes = [each for each in addresses if text(each, "use") != "old" and not text(each.get("period"), "end")]
    homes.sort(key=lambda each: text(each, "use") not in ("home", "temp"))
    lines = dict.fromkeys(filter(None, map(_address, homes)))
    if lines:
        found["address"] = list(lines)[:2]
    numbers = dict.fromkeys(
        value
        for record in records
        for each in dicts(record, "telecom")
        if text(each, "system") in ("phone", "sms") and not text(each.get("period"), "end")
        for _, _, value in [contact(each).partition(":")]
        if value
    )
    if numbers:
        found["phone"] = list(numbers)[:3]
    return found


def _address(each: Json) -> str:
    parts = [*texts(each, "line"), text(each, "city"), text(each, "postalCode")]
    said = ", ".join(part for part in parts if part)
    return said or text(each, "text")


def _spoken(records: Sequence[Json]) -> Json:
    """What language to speak, and whether an interpreter is needed."""
    found: Json = {}
    spoken = [each for record in records for each in dicts(record, "communication")]
    spoken.sort(key=lambda each: each.get("preferred") is not True)
    names = dict.fromkeys(filter(None, (_concept(each.get("language")) for each in spoken)))
    if names:
        found["languages"] = list(names)[:3]
    extensions = [each for record in records for each in dicts(record, "extension")]
    if any(text(each, "url") in _INTERPRETER and each.get("valueBoolean") is True for each in extensions):
        found["interpreter"] = True
    return found


def _concept(value: Any) -> str:
    codings = dicts(value, "coding")
    return text(value, "text") or next(filter(None, (text(each, "display") or text(each, "code") for each in codings)), "")


def _differing(records: Sequence[Json], numbers: Sequence[Json]) -> list[Json]:
    """What records that are taken for one person's do not agree in: whoever reads it is to make sure who this is."""
    found = []
    for what, values in (
        ("name", [_key(each) for each in records]),
        ("born", [text(each, "birthDate") for each in records]),
        ("gender", [text(each, "gender") for each in records]),
        ("deceased", [_living(each) for each in records]),
    ):
        distinct = list(dict.fromkeys(filter(None, values)))
        if len(distinct) > 1:
            found.append({"what": what, "values": distinct[:4]})
    if len(numbers) > 1:
        found.append({"what": "nhs", "values": [each["number"] for each in numbers][:4]})
    return found


def _key(patient: Json) -> str:
    """Family name and first given name: what tells people apart."""
    for use in _NAMES:
        for each in dicts(patient, "name"):
            if text(each, "use") == use and not text(each.get("period"), "end") and text(each, "family"):
                return f"{text(each, 'family').upper()}, {(texts(each, 'given') or [''])[0].title()}".rstrip(", ")
    return ""
