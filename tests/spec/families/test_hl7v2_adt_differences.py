"""Each ADT sample against another converter's output, fact by fact: what differs is explained in docs/mapping-differences.md."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from interop.formats.json import load_json
from tests.spec.families.maps import Made, make

Body = dict[str, Any]

ONLY_HERE = {
    "the chosen person": r"Patient\.(name|birthDate|gender|address|telecom|identifier)=.* A40",
    "numbers of telephones": r"Patient\.telecom=phone:78788788",
    "arrival": r"Encounter\.status=arrived",
    "places": r"Encounter\.location=.*",
    "roles": r"Encounter\.participant=PP:.*",
    "what a visit is for": r"Encounter\.(type=(Health Checkup|Inpatient)|reason=vehicle acident)",
    "onset of an allergy": r"Allergy=P active .* 2021-08-24",
    "values of observations": r"Observation=8867-4 .*",
    "death and disability": r"Observation=(Cause of death I21|Disability True)",
    "times of procedures": r"Procedure=76164006 .*",
    "states of referrals": r"ServiceRequest=.*",
    "next of kin": r"RelatedPerson=ADAM Evan|RelatedPerson=Dr. ADAM A Evan|RelatedPerson=.*Bing.*|RelatedPerson=",
}
"""What only our output says, by the line of the page that explains it."""
ONLY_THERE = {
    "the chosen person": r"Linkage",
    "billing": r"Account|Coverage|contact=EHS GENERIC EMPLOYER|contact=(Charles Ben|Jonas Rebecca)",
    "who pays as the patient": r"Patient\.(address=53703/MADISON|name=.*(RADIANT|Jack)|telecom=.*(8484|021212|717171))"
    r"|Patient\.identifier=(1516|55121|DB123|G-SSN-12|MCN-008|MI-12345|Medicare-12345|PNM1234)",
    "who pays": r"RelatedPerson=(LUCY RADIANT|Mrs. Rosallie John Doe)",
    "episodes": r"EpisodeOfCare",
    "numbers of telephones": r"Patient\.telecom=phone:2222",
    "arrival": r"Encounter\.status=in-progress",
    "times that the message lacks": r"Encounter\.period\.(start|end)=.*",
    "places": r"Encounter\.location=.*",
    "roles": r"Encounter\.participant=:.*",
    "what a visit is for": r"Observation=injury-incident .*",
    "onset of an allergy": r"Allergy=P active .* ",
    "values of observations": r"Observation=8867-4 .*",
    "death and disability": r"Condition=I21|Observation=(autopsy|coroner|death-certificate) .*"
    r"|Procedure=(autopsy-performed|death-certification) .*",
    "times of procedures": r"Procedure=76164006 .*",
    "other procedures": r"Procedure= ",
    "states of referrals": r"ServiceRequest=.*",
    "next of kin": r"contact=.*",
}
"""What only the other output says, by the line of the page that explains it."""


def _instant(said: str) -> str:
    """A time in UTC; what is shorter as it is."""
    return said if len(said) < 11 else datetime.fromisoformat(said).astimezone(UTC).isoformat()


def _code(concept: Body | None) -> str:
    """The first code of a CodeableConcept, else its text."""
    concept = concept or {}
    return next((one["code"] for one in concept.get("coding", []) if one.get("code")), " ".join(concept.get("text", "").split()))


def _name(name: Body) -> str:
    return " ".join([*name.get("prefix", []), *name.get("given", []), name.get("family", "")]).strip()


def facts(resources: list[Body]) -> Iterator[str]:
    """What a clinician would compare."""
    known = {f"{one['resourceType']}/{one['id']}": one for one in resources}

    def who(reference: Body | None) -> str:
        one = known.get((reference or {}).get("reference", ""), {})
        one = known.get(one.get("practitioner", {}).get("reference", ""), one)
        return _name(one["name"][0]) if isinstance(one.get("name"), list) else str(one.get("name", ""))

    for one in resources:
        kind = one["resourceType"]
        if kind == "Patient":
            yield from _person(one)
            yield from (f"Patient.gp={who(gp)}" for gp in one.get("generalPractitioner", []))
        elif kind == "Encounter":
            yield from _visit(one)
            for taking in one.get("participant", []):
                yield f"Encounter.participant={_code((taking.get('type') or [{}])[0])}:{who(taking.get('individual'))}"
        elif kind == "RelatedPerson":
            yield f"RelatedPerson={_name(one.get('name', [{}])[0])}"
        elif kind == "AllergyIntolerance":
            reactions = [_code(sign) for reaction in one.get("reaction", []) for sign in reaction["manifestation"]]
            yield f"Allergy={_code(one['code'])} {_code(one.get('clinicalStatus'))} {reactions} {one.get('onsetDateTime', '')[:10]}"
        elif kind == "Condition" and "code" in one:
            yield f"Condition={_code(one['code'])}"
        elif kind == "Procedure":
            yield f"Procedure={_code(one.get('code'))} {_instant(one.get('performedDateTime', ''))}"
        elif kind == "Observation":
            value = one.get("valueQuantity", {}).get("value", one.get("valueBoolean", one.get("valueString", "")))
            yield f"Observation={_code(one.get('code'))} {_code(one.get('valueCodeableConcept')) or value}"
        elif kind == "ServiceRequest":
            yield f"ServiceRequest={one.get('status')} {one.get('priority')} {_code(one.get('code'))}"
        elif kind in ("Account", "Coverage", "EpisodeOfCare", "Linkage"):
            yield kind


def _person(one: Body) -> Iterator[str]:
    yield from (f"Patient.identifier={number.get('value')}" for number in one.get("identifier", []))
    yield from (f"Patient.name={_name(name)}" for name in one.get("name", []))
    yield from (f"contact={_name(contact.get('name', {}))}" for contact in one.get("contact", []))
    yield from (f"Patient.{part}={one[part]}" for part in ("birthDate", "gender", "multipleBirthInteger") if part in one)
    yield from (f"Patient.address={home.get('postalCode')}/{home.get('city', '').strip()}" for home in one.get("address", []))
    yield from (f"Patient.telecom={line.get('system')}:{line.get('value')}" for line in one.get("telecom", []))
    yield from (f"Patient.language={_code(spoken['language'])}" for spoken in one.get("communication", []))
    yield from (f"Patient.{part}={_code(one[part])}" for part in ("maritalStatus",) if part in one)
    yield from (f"Patient.{part}={_instant(one[part])}" for part in ("deceasedDateTime",) if part in one)


def _visit(one: Body) -> Iterator[str]:
    yield f"Encounter.status={one.get('status')}"
    yield f"Encounter.class={one.get('class', {}).get('code')}"
    yield f"Encounter.length={one.get('length', {}).get('value')}"
    yield from (f"Encounter.period.{end}={_instant(said)}" for end, said in one.get("period", {}).items())
    yield from (f"Encounter.{part}={_code(each)}" for part, name in REPEATING.items() for each in one.get(name, []))
    yield from (f"Encounter.{part}={_code(one[part])}" for part in ("serviceType", "priority") if part in one)
    stay = one.get("hospitalization", {})
    yield from (f"Encounter.{part}={_code(stay[part])}" for part in ("admitSource", "reAdmission") if part in stay)
    yield from (f"Encounter.identifier={number.get('value')}" for number in one.get("identifier", []))
    yield from (f"Encounter.location={place.get('status')}" for place in one.get("location", []))


REPEATING = {"type": "type", "reason": "reasonCode"}


def ours(made: Made) -> list[Body]:
    """The resources that a message makes, without what it only cancels."""
    names = dict.fromkeys(one.name for one in made.contributions if one.effect == "upsert")
    return [body for name in names for body in made.all(name)]


def test_every_difference_is_explained(shared: Callable[[str], Path]) -> None:
    """And no line explains what does not differ."""
    used: set[str] = set()
    for path in sorted(shared("samples/acute/hl7v2/input").glob("ADT-*.hl7")):
        expected = load_json(shared(f"samples/acute/hl7v2/expected-r4/{path.stem}-expected.json").read_bytes())
        theirs = [entry["resource"] for entry in expected["entry"] if entry.get("resource", {}).get("id")]
        here, there = set(facts(ours(make("hl7v2", path.read_bytes())))), set(facts(theirs))
        event = path.name[4:7]
        if event != "A40":
            assert len(here & there) > 40, path.name
        for only, reasons in ((here - there, ONLY_HERE), (there - here, ONLY_THERE)):
            for fact in only:
                said = (fact, f"{fact} {event}")
                why = [line for line, pattern in reasons.items() if any(re.fullmatch(pattern, one) for one in said)]
                assert why, (path.name, fact, "here" if reasons is ONLY_HERE else "there")
                used.add(why[0])
    assert used == ONLY_HERE.keys() | ONLY_THERE.keys()


def test_the_page_explains_each() -> None:
    page = (Path(__file__).parents[3] / "docs" / "mapping-differences.md").read_text("utf-8")
    section = page.partition("## Acute HL7 v2: ADT")[2].partition("\n## ")[0]
    assert [line for line in ONLY_HERE | ONLY_THERE if f"| {line} |" not in section] == []
