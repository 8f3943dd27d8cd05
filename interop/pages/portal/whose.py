"""Whose record the portal shows: the person's own, or that of somebody who has named the carer; and what every page of it says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from fastapi.responses import HTMLResponse, RedirectResponse

from interop.api.inside import NotGiven
from interop.fhir.shapes import Json, dicts, text
from interop.ids.national import NHS_NUMBER
from interop.pages.portal.words import ROLE, Absent, absences, plainly
from interop.pages.record.asking import Known, known, search
from interop.pages.visiting import Visit
from interop.screen.words import proper

BASE: Final = "/my"
PATIENT: Final = "patient"
"""The role of who sees their own record."""
RECORDS: Final = "200"
"""Patients that are looked at to find out whom a carer may see."""
AT_ONCE = 20
"""People whom a page asks for: each is a question."""
FROM: Final = "from"
"""In an address: the Patient with which the next people begin."""
PAGES: Final = (
    ("plan", "Plan", "What matters, what will happen, and what to do if something goes wrong"),
    ("appointments", "Appointments", "When, where and with whom"),
    ("medicines", "Medicines", "What is taken now and what a stay in hospital changed"),
    ("problems", "Health problems", "Allergies, illnesses and vaccinations"),
    ("results", "Test results", "Blood tests, measurements and reports"),
    ("letters", "Letters", "From hospitals, clinics and NHS 111"),
    ("notes", "Visits and notes", "What was written down at each visit, call or stay"),
    ("choices", "Choices", "Who may see the record, who may act for you, how you are told of news"),
    ("looked", "Who looked", "Who has looked at the record, when and why"),
)
"""Name, title and what is found there."""


@dataclass(slots=True)
class Whose:
    """One person's record for who visits. ``own``: it is theirs. ``lacking`` grows with what the parts of a page find to be
    absent."""

    here: Visit
    id: str
    patients: list[Json]
    own: bool
    lacking: list[Absent] = field(default_factory=list)

    @property
    def base(self) -> str:
        return BASE if self.own else f"{BASE}/of/{self.id}"

    @property
    def name(self) -> str:
        return called(self.patients)

    @property
    def your(self) -> str:
        """Whose, in a sentence."""
        return "your" if self.own else f"{self.name}’s"

    @property
    def you(self) -> str:
        return "you" if self.own else self.name

    def titled(self, of: str) -> str:
        """A heading about the person: Your plan, Susan Haldane’s plan."""
        return f"{self.your[:1].upper()}{self.your[1:]} {of}"

    async def known(self, resources: Iterable[Json], codes: Iterable[str] = ()) -> Known:
        """Whom and where these refer to, and the practice and the organisations that the absences name."""
        named = sorted({*codes, *(each.organisation for each in self.lacking if each.state != ROLE)} - {""})
        found: list[Json] = []
        if named:  # a source may be known by the code of a site as well
            criteria = [("identifier", ",".join(each for each in named if each.isalnum())), ("_count", "50")]
            found = (await search(self.here.api, "Organization", criteria)).matches
        return await known(self.here.api, [*self.patients, *resources, *found])

    def page(self, template: str, title: str, names: Known, *, status: int = 200, **values: Any) -> HTMLResponse:
        """A page about the person."""
        codes = {each.organisation for each in self.lacking}
        absent = plainly(self.lacking, {code: names.organisation(code) for code in codes})
        said = {
            "tab": self.apart(title),
            "whose": self,
            "absent": absent,
            "practice": practice(self.patients, names),
            "menu": PAGES,
            "names": names,
        }
        return self.here.page(f"portal/{template}", title, status=status, **{**said, **values})

    def apart(self, title: str) -> str:
        """A title that may stay behind in a browser's history: it names nobody."""
        told = title if self.own else title.replace(f"{self.name}’s", "their")
        return f"{told[:1].upper()}{told[1:]}"

    @property
    def born(self) -> str:
        return next((said for each in self.patients if (said := text(each, "birthDate"))), "")

    @property
    def number(self) -> str:
        return next((said for each in self.patients if (said := nhs_number(each))), "")


async def whose(here: Visit, patient: str) -> Whose | HTMLResponse | RedirectResponse:
    """Whose record a page is about; ``patient`` as the address names it, '' for none. A page of its own, or another address, where
    that is nobody, or a carer has to choose. Raises Problem, NotGiven."""
    here.enter("my")
    if here.asker.role == PATIENT:
        if patient and patient != here.asker.patient:
            return here.page("portal/nobody.html", "You cannot see that record", status=404, carer=False)
        found = await _one(here, here.asker.patient, own=True)
        for each in [] if found is not None else (await people(here))[0]:  # whose own source shares no more
            found = found or await _one(here, each.id, own=True)
        return found or here.page("portal/nobody.html", "We cannot find your record", status=404, carer=False)
    if patient:
        found = await _one(here, patient, own=False)
        return found or here.page("portal/nobody.html", "You cannot see that record", status=404, carer=True)
    begin = here.request.query_params.get(FROM, "")
    listed, rest = await people(here, begin)
    if len(listed) == 1 and not rest and not begin and here.request.query_params.get("view") != "people":
        return here.lead(f"{BASE}/of/{listed[0].id}")
    more = f"{BASE}?view=people&{FROM}={rest}" if rest else ""
    values: dict[str, Any] = {"people": listed, "more": more, "some": bool(listed or begin or rest), "user": here.asker.user}
    return here.page("portal/people.html", "Whose record do you want to see?", **values)


async def _one(here: Visit, patient: str, *, own: bool) -> Whose | None:
    """The record by a Patient of the person; None where that is not given."""
    try:
        said = await here.api.get(f"/fhir/Patient/{patient}/$everything", _type="Patient", _count="50")
    except NotGiven as refused:
        if refused.status not in (400, 403, 404, 410):
            raise
        return None
    resources = [each["resource"] for each in said.get("entry", ())]
    patients = [each for each in resources if text(each, "resourceType") == "Patient"]
    outcomes = [each for each in resources if text(each, "resourceType") == "OperationOutcome"]
    patients.sort(key=lambda each: text(each, "id") != patient)
    return Whose(here, patient, patients, own, absences(outcomes))


async def people(here: Visit, begin: str = "") -> tuple[list[Whose], str]:
    """Whom who visits may see, each once, ``AT_ONCE`` at most: those who are found from the Patient ``begin`` on, ''
    for the first; and the Patient with which the others begin, '' where there is nobody else."""
    found = (await search(here.api, "Patient", [("_count", RECORDS)])).matches
    ids = [text(each, "id") for each in found if text(each, "resourceType") == "Patient"]
    at = ids.index(begin) if begin in ids else 0
    listed: list[Whose] = []
    known: set[str] = set()
    rest, asked = "", 0
    for each in ids[at:]:
        if each in known:
            continue
        if asked == AT_ONCE:
            rest = each
            break
        asked += 1
        one = await _one(here, each, own=False)
        same = {text(patient, "id") for patient in one.patients} if one is not None else set()
        known |= same
        if one is not None and same.isdisjoint(ids[:at]):  # by another Patient they stood among those before
            listed.append(one)
    return sorted(listed, key=lambda each: each.name), rest


def nhs_number(patient: Json) -> str:
    """Its NHS number, '' for none."""
    return next((text(each, "value") for each in dicts(patient, "identifier") if text(each, "system") == NHS_NUMBER), "")


def named(patients: Iterable[Json]) -> Json:
    """The Patient that says best what the person is called."""
    rank = {"official": 0, "usual": 1, "": 2}

    def judged(patient: Json) -> tuple[int, int]:
        names = [each for each in dicts(patient, "name") if text(each, "family") or text(each, "text")]
        return min((rank.get(text(each, "use"), 3) for each in names), default=9), -len(text(patient, "birthDate"))

    return min(patients, key=judged, default={})


def called(patients: Iterable[Json]) -> str:
    """What the person is called, as on an envelope: Laura Margaret Ormsgill."""
    names = dicts(named(patients), "name")
    ranked = sorted(names, key=lambda each: {"official": 0, "usual": 1}.get(text(each, "use"), 2 if text(each, "family") else 3))
    for each in ranked:
        given = [str(one) for one in each.get("given", ()) if one] if isinstance(each.get("given"), list) else []
        said = " ".join([*given, text(each, "family")]).strip() or text(each, "text")
        if said:
            return " ".join(proper(part) for part in said.split())
    return "Name not known"


def practice(patients: Iterable[Json], names: Known) -> Json:
    """The practice with which the person is registered, as far as a source says so: name and telephone, '' where not known."""
    general = [each for patient in patients for each in dicts(patient, "generalPractitioner")]
    for reference in (each for each in general if text(each, "reference").startswith("Organization/")):
        target = names.at(reference)
        if target is not None and text(target, "name"):
            phones = [text(each, "value") for each in dicts(target, "telecom") if text(each, "system") == "phone"]
            return {"name": text(target, "name"), "phone": next(iter(phones), "")}
    return {"name": "", "phone": ""}
