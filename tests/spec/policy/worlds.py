"""Generated records: persons whose Patients are linked, consents, relationships, labels, several organisations; who asks; and the
same record without what one of them may not see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Final

from interop.clock import instant
from interop.policy.access import access_rows
from interop.policy.asker import Asker
from interop.policy.decide import Question, decide
from interop.policy.facts import Agreement, Facts
from interop.policy.scopes import read_scopes
from interop.record.fold import content, render
from interop.record.indexing import indexed
from interop.store.decision import Decision
from interop.store.plan import ReadVersion
from interop.store.seam import Store
from interop.store.values import Change, Committed, Link, Put, Stored
from tests.spec.api.people import NHS, T0

Resource = dict[str, Any]
HOUR: Final = 3_600_000_000
ODS: Final = "https://fhir.nhs.uk/Id/ods-organization-code"
ORGANISATIONS: Final = ("RA1", "RB2", "RC3")
LOCAL: Final = "https://example.org/local"
CODES: Final = "https://example.org/codes"
CODED: Final = ("red", "green", "blue")
WORDS: Final = ("amber", "birch", "cedar", "dover", "elder")
SECURITY: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
CONFIDENTIALITY: Final = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
LABELS: Final = ((SECURITY, "HIV"), (SECURITY, "PSY"), (CONFIDENTIALITY, "V"), (CONFIDENTIALITY, "R"), (CONFIDENTIALITY, "N"))
CLINICAL: Final = (
    "Observation", "Condition", "Encounter", "CarePlan", "Appointment", "DocumentReference", "Composition", "Flag", "Task", "List",
    "MedicationRequest", "Provenance", "RelatedPerson", "Coverage", "Binary", "Group",
)  # fmt: skip
TYPES: Final = ("Patient", "CareTeam", "Consent", "Organization", "Practitioner", "Location", "ValueSet", *CLINICAL)
ABSENT: Final = "nothere"
PERSONS: Final = 4


@dataclass
class Made:
    """A resource of the record: its versions, oldest first (None = a deletion), whose it is, who contributed."""

    type: str
    id: str
    versions: list[Resource | None]
    owner: str
    source: str


@dataclass
class World:
    """A record with the links between its Patients, what decisions know, and who asks, by name."""

    made: list[Made]
    links: dict[str, str]
    facts: Facts
    askers: dict[str, Asker]
    patients: list[str] = field(default_factory=list)

    @property
    def ids(self) -> list[tuple[str, str]]:
        return [(each.type, each.id) for each in self.made]


def world(seed: int) -> World:
    """A record of some persons; the same for the same seed."""
    random = Random(seed)
    made: list[Made] = [
        _directory(random, kind, number) for kind in ("Organization", "Practitioner", "Location") for number in range(3)
    ]
    made.append(Made("ValueSet", "colours", [_value_set()], "api", ""))
    links: dict[str, str] = {}
    people: list[list[str]] = []
    for person in range(PERSONS):
        own = [f"p{person}{letter}" for letter in "abc"[: random.choice((1, 2, 3))]]
        people.append(own)
        if len(own) > 1:
            links |= dict.fromkeys(own, f"person{person}")
        made += [_made(random, "Patient", id_, _patient(random, person, id_)) for id_ in own]
    made.append(Made("Patient", "alone", [_patient(random, PERSONS, "alone")], "pas", "RC3"))
    everyone = [id_ for own in people for id_ in own]
    number = 0
    for own in people:
        made += _said(random, own)
        for _ in range(random.randrange(8, 14)):
            kind, patient = random.choice(CLINICAL), random.choice(own)
            number += 1
            made.append(_made(random, kind, f"r{number}", _about(random, kind, f"r{number}", patient, everyone, made)))
    return World(made, links, _facts(random), _askers(people), everyone)


def _directory(random: Random, kind: str, number: int) -> Made:
    name = random.choice(WORDS)
    said: Resource = {"resourceType": kind, "id": f"{kind[:3].lower()}{number}", "meta": {"tag": [_coding(random)]}}
    if kind == "Organization":
        said |= {"identifier": [{"system": ODS, "value": ORGANISATIONS[number]}], "name": name}
    elif kind == "Practitioner":
        said |= {"name": [{"family": name, "given": [random.choice(WORDS)]}]}
    else:
        said |= {"name": name, "managingOrganization": {"reference": "Organization/org0"}}
        said |= {"partOf": {"reference": f"Location/loc{number - 1}"}} if number else {}
    return Made(kind, said["id"], [said], random.choice(("api", "pas")), "")


def _value_set() -> Resource:
    include = {"system": CODES, "concept": [{"code": each} for each in CODED[:2]]}
    url = "https://example.org/colours"
    return {"resourceType": "ValueSet", "id": "colours", "url": url, "status": "active", "compose": {"include": [include]}}


def _made(random: Random, kind: str, id: str, first: Resource) -> Made:
    versions: list[Resource | None] = [first]
    if kind != "Patient" and random.random() < 0.3:
        versions.append({**first, "language": random.choice(("en", "cy"))})
        if random.random() < 0.3:
            versions.append(None)
    source = ",".join(sorted(random.sample(ORGANISATIONS, random.choice((1, 1, 1, 1, 2)))))
    return Made(kind, id, versions, random.choice(("api", "pas")), source)


def _patient(random: Random, person: int, id: str) -> Resource:
    identifiers = [{"system": NHS, "value": f"999000{person:04d}"}, {"system": LOCAL, "value": f"L{id}"}]
    name = {"family": WORDS[person % len(WORDS)], "given": [random.choice(WORDS)]}
    said: Resource = {"resourceType": "Patient", "id": id, "identifier": identifiers, "name": [name]}
    said |= {"birthDate": f"19{50 + person}-0{1 + person}-11", "gender": random.choice(("male", "female"))}
    said["address"] = [{"postalCode": f"LS{person} 1AA", "city": random.choice(WORDS)}]
    if random.random() < 0.4:
        said["generalPractitioner"] = [_organisation(random.choice(ORGANISATIONS))]
    if random.random() < 0.15:
        said["meta"] = {"security": [_label(random)]}
    return said


def _said(random: Random, own: list[str]) -> list[Made]:
    """What is said about access to a person's record: care teams and consents."""
    found: list[Made] = []
    for place in range(random.choice((2, 3, 3, 4))):
        id_ = f"team-{own[0]}-{place}"
        team: Resource = {
            "resourceType": "CareTeam",
            "id": id_,
            "status": random.choice(("active", "active", "active", "inactive")),
        }
        team |= {"subject": _to("Patient", random.choice(own)), "name": random.choice(WORDS)}
        team["participant"] = [{"member": _organisation(random.choice(ORGANISATIONS))}]
        found.append(Made("CareTeam", id_, [team], "api", random.choice(ORGANISATIONS)))
    for place, kind in enumerate(random.choice((("permit",), ("permit",), ("permit",), ("permit", "deny"), (), ("permit", "HIV")))):
        found.append(_consent(random, f"consent-{own[0]}-{place}", random.choice(own), kind))
    if random.random() < 0.3:
        found.append(_emergency(f"btg-{own[0]}", random.choice(own)))
    return found


def _consent(random: Random, id: str, patient: str, kind: str) -> Made:
    said: Resource = {"resourceType": "Consent", "id": id, "status": "active", "patient": _to("Patient", patient)}
    said["scope"] = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]}
    said["category"] = [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}]
    said["dateTime"] = "2025-06-01"
    said["policyRule"] = {"text": "OPTIN"}
    said["provision"] = {"type": "deny" if kind == "deny" else "permit"}
    if kind == "HIV":
        said["provision"]["securityLabel"] = [{"system": SECURITY, "code": "HIV"}]
        said["meta"] = {"security": [{"system": SECURITY, "code": "HIV"}]}
    return Made("Consent", id, [said], "api", random.choice(ORGANISATIONS))


def _emergency(id: str, patient: str) -> Made:
    declared = _consent(Random(0), id, patient, "permit").versions[0]
    assert declared is not None
    declared["category"] = [{"coding": [{"system": "urn:interop:codes:access", "code": "break-glass"}]}]
    actor = {"role": {"text": "user"}, "reference": {"identifier": {"system": "urn:interop:user", "value": "https://id.test|crew"}}}
    declared["provision"] = {
        "type": "permit",
        "period": {"start": instant(T0 - HOUR), "end": instant(T0 + 3 * HOUR)},
        "actor": [actor],
        "purpose": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "BTG"}],
    }
    return Made("Consent", id, [declared], "api", "RC3")


def _about(random: Random, kind: str, id: str, patient: str, everyone: list[str], made: list[Made]) -> Resource:
    """Something about a Patient, with values that searches of every kind find."""
    subject = _to("Patient", patient)
    said: Resource = {"resourceType": kind, "id": id, "meta": {"tag": [_coding(random)]}}
    if random.random() < 0.25:
        said["meta"]["security"] = [_label(random)]
    if random.random() < 0.5:
        said["text"] = {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{random.choice(WORDS)}</div>'}
    before = [each for each in made if each.type in CLINICAL]
    other = random.choice(before) if before else None
    concept = {"coding": [_coding(random)], "text": random.choice(WORDS)}
    day = f"2025-0{random.randrange(1, 10)}-1{random.randrange(10)}"
    encounter = [each for each in before if each.type == "Encounter"]
    linked = {"encounter": _to("Encounter", random.choice(encounter).id)} if encounter and random.random() < 0.6 else {}
    identified = {"identifier": [{"system": LOCAL, "value": random.choice((id, "shared"))}]}
    match kind:
        case "Observation":
            value = {"value": random.randrange(5), "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}
            said |= identified | linked | {"status": "final", "code": concept, "subject": subject, "effectiveDateTime": day}
            said |= {"valueQuantity": value, "performer": [_to("Practitioner", "pra0"), _to("Patient", random.choice(everyone))]}
        case "Condition":
            said |= identified | linked | {"code": concept, "subject": subject, "recordedDate": day}
        case "Encounter":
            said |= identified | {"status": "finished", "class": _coding(random), "subject": subject, "period": {"start": day}}
            said["location"] = [{"location": _to("Location", "loc1")}]
        case "CarePlan":
            said |= identified | linked | {"status": "active", "intent": "plan", "title": random.choice(WORDS), "subject": subject}
            said |= {"partOf": [_to("CarePlan", each.id) for each in before if each.type == "CarePlan"][:1]}
        case "Appointment":
            actors = [patient, random.choice(everyone)] if random.random() < 0.3 else [patient]
            said |= {"status": "noshow", "start": f"{day}T09:00:00Z", "end": f"{day}T09:30:00Z"}
            said["participant"] = [{"actor": _to("Patient", each), "status": "accepted"} for each in dict.fromkeys(actors)]
        case "DocumentReference":
            binaries = [each.id for each in before if each.type == "Binary"]
            attachment = {"contentType": "text/plain", "url": f"Binary/{binaries[0] if binaries else ABSENT}"}
            said |= {"status": "current", "type": concept, "subject": subject, "content": [{"attachment": attachment}]}
        case "Composition":
            sections = [_to(each.type, each.id) for each in random.sample(before, min(len(before), 3))]
            said |= {"status": "final", "type": concept, "subject": subject, "date": day, "title": random.choice(WORDS)}
            said |= {"author": [_to("Practitioner", "pra1")], "section": [{"title": "All", "entry": sections}]}
        case "Flag":
            said |= linked | {"status": "active", "code": concept, "subject": subject, "category": [concept]}
        case "Task":
            said |= identified | {"status": "requested", "intent": "order", "for": subject, "code": concept}
            said |= {"focus": _to(other.type, other.id)} if other else {}
        case "List":
            items = [{"item": _to(each.type, each.id)} for each in random.sample(before, min(len(before), 3))]
            said |= {"status": "current", "mode": "working", "code": concept, "subject": subject, "entry": items}
        case "MedicationRequest":
            said |= (
                identified
                | linked
                | {"status": "active", "intent": "order", "subject": subject, "medicationCodeableConcept": concept}
            )
        case "Provenance":
            said |= {"recorded": f"{day}T10:00:00Z", "agent": [{"who": _to("Practitioner", "pra2")}]}
            said["target"] = [_to(other.type, other.id), subject] if other else [subject]
        case "RelatedPerson":
            said |= {"patient": subject, "name": [{"family": random.choice(WORDS)}]}
        case "Coverage":
            said |= {"status": "active", "beneficiary": subject, "payor": [_to("Organization", "org0")]}
        case "Binary":
            said = {"resourceType": "Binary", "id": id, "contentType": "text/plain", "data": "aGVsbG8=", "securityContext": subject}
        case "Group":
            members = [{"entity": _to("Patient", each)} for each in random.sample(everyone, min(len(everyone), 2))]
            said |= {"type": "person", "actual": True, "code": concept, "member": members}
    return {name: value for name, value in said.items() if value != []}


def _facts(random: Random) -> Facts:
    statuses = ("active", "active", "active", "active", "pending", "withdrawn")
    agreed = tuple(
        Agreement(f"{source}-{partner}", source, partner, (), T0 - HOUR, T0 + 1_000 * HOUR, random.choice(statuses))
        for source in ORGANISATIONS
        for partner in ORGANISATIONS
        if source != partner
    )
    return Facts(agreed, random.choice(("explicit", "implied")), ORGANISATIONS)


def _askers(people: list[list[str]]) -> dict[str, Asker]:
    first, second = people[0][0], people[1][0]
    scoped = read_scopes("patient/Observation.rs patient/Patient.rs patient/Condition.cruds")
    known: dict[str, Asker] = {
        "gp": Asker("https://id.test|gp", "gp", "RA1", "desk", scopes=None),
        "ward": Asker("https://id.test|ward", "hospital-clinician", "RB2", "ward", scopes=None),
        "crew": Asker("https://id.test|crew", "ambulance-clinician", "RC3", "epcr", scopes=None),
        "desk": Asker("https://id.test|co", "coordinator", "RA1", "desk", scopes=None),
        "program": Asker("", "system", "RB2", "engine", scopes=None),
        "patient": Asker("https://id.test|p", "patient", "", "app", patient=first, fhir_user=f"Patient/{first}", scopes=None),
        "app": replace(Asker("https://id.test|ward", "hospital-clinician", "RB2", "app", patient=second), scopes=scoped),
        "analyst": Asker("https://id.test|a", "analyst", "RA1", "bi", scopes=None),
    }
    return known


def _to(kind: str, id: str) -> Resource:
    return {"reference": f"{kind}/{id}"}


def _organisation(code: str) -> Resource:
    return {"identifier": {"system": ODS, "value": code}}


def _coding(random: Random) -> Resource:
    return {"system": CODES, "code": random.choice(CODED)}


def _label(random: Random) -> Resource:
    system, code = random.choice(LABELS)
    return {"system": system, "code": code}


def consented(patient: str) -> Made:
    """A consent of a Patient that gives the whole record."""
    return _consent(Random(0), f"consent-{patient}", patient, "permit")


def team(patient: str, organisation: str) -> Made:
    """A care team by which an organisation has to do with a Patient."""
    said: Resource = {"resourceType": "CareTeam", "id": f"team-{patient}-{organisation}", "status": "active"}
    said |= {"subject": _to("Patient", patient), "participant": [{"member": _organisation(organisation)}]}
    return Made("CareTeam", said["id"], [said], "api", organisation)


def observed(id: str, patient: str, organisation: str, **more: Any) -> Made:
    """An observation of a Patient that an organisation has contributed."""
    said: Resource = {"resourceType": "Observation", "id": id, "status": "final", "code": {"text": "seen"}}
    return Made("Observation", id, [{**said, "subject": _to("Patient", patient), **more}], "api", organisation)


async def keep(store: Store, kept: Iterable[Made], links: dict[str, str]) -> None:
    """Put resources into a store, version by version, all of them at times that do not depend on what else there is."""
    for place, each in enumerate(kept):
        for number, resource in enumerate(each.versions, 1):
            at = T0 - HOUR + (hash_of(each.id) % 1_000) * 1_000_000 + number
            body = (
                b"" if resource is None else render(content(each.type, each.id, dict(resource)), number, instant(at), each.owner, 1)
            )
            stored = Stored(each.type, each.id, number, at, body, resource is None, each.owner, source=each.source)
            index = [] if resource is None else indexed(resource, declared=each.owner == "api")
            assert isinstance(await store.commit(Change(puts=[Put(stored, index)])), Committed), place
    linked = [Link(patient, person, "") for patient, person in links.items()]
    assert isinstance(await store.commit(Change(links=linked)), Committed)


def hash_of(text: str) -> int:
    return sum(ord(letter) * (place + 7) for place, letter in enumerate(text))


async def without(store: Store, full: World, asker: Asker, now: int) -> tuple[list[Made], int]:
    """The record without what this asker may see no version of, and how many resources that are. What is said about access stands
    in another resource's stead: with other content, and the same effect."""
    decision = decide(Question("search-system", "", "", asker), full.facts, now)
    if decision.refusal:
        decision = Decision("nothing", decide(Question("search-type", "Organization", "", asker), full.facts, now).predicate)
    kept: list[Made] = []
    hidden = 0
    for each in full.made:
        plans = [ReadVersion(decision, each.type, each.id, number) for number, _ in enumerate(each.versions, 1)]
        seen = [bool(await store.query(plan)) for plan in plans]
        if any(seen):
            kept.append(each)
            continue
        hidden += 1
        said = any(version is not None and access_rows(version) for version in each.versions)
        if said or each.type == "Patient":
            kept.append(replace_made(each))
    return kept, hidden


def replace_made(each: Made) -> Made:
    """Other content with the same effect on access."""
    return Made(each.type, each.id, [version and other(version) for version in each.versions], each.owner, each.source)


def other(resource: Resource) -> Resource:
    """A resource with the same labels, references and access rows, and otherwise as different as may be."""
    said = {
        **resource,
        "language": "fr",
        "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">zz</div>'},
    }
    if resource["resourceType"] == "Patient":
        said |= {"identifier": [{"system": LOCAL, "value": f"Z{resource['id']}"}], "name": [{"family": "zzz"}]}
        said |= {"birthDate": "1901-01-01", "gender": "unknown", "address": [{"city": "zz", "postalCode": "ZZ1 1ZZ"}]}
    elif resource["resourceType"] == "CareTeam":
        said["name"] = "zzz"
    assert access_rows(said) == access_rows(resource)
    return said
